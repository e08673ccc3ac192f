#!/usr/bin/env python3
"""signer imgtool against what imgtool 2.4.0 did: 260 recorded cases."""
import base64
import concurrent.futures
import hashlib
import json
import os
import subprocess
import unittest

from imgtool_lab import DONE, ECDSA, NOT_AUTHENTIC, ROOT, SIGNER, USAGE, VECTORS, Case, hex_bytes, parts_of, raw


class Recorded(Case):
    """Every case: exit status, and each output by its SHA-256, or but for the random signature."""

    def setUp(self):
        super().setUp()
        (self.dir / "out").mkdir()
        for name in ("in", "keys"):
            (self.dir / name).symlink_to(VECTORS / name)

    def same_but_for_signature(self, case):
        name = case["args"][-1]
        ours, theirs = self.dir / name, VECTORS / name
        key = case["args"][case["args"].index("-k") + 1]
        if "--vector-to-sign" in case["args"]:
            self.assertEqual(ours.read_bytes(), theirs.read_bytes(), case["id"])
            return
        self.assertEqual(parts_of(ours).but_for_ecdsa(), parts_of(theirs).but_for_ecdsa(), case["id"])
        if "--pad" in case["args"] or "--confirm" in case["args"] or "--test" in case["args"]:
            if theirs.suffix == ".hex":
                self.assertEqual(max(hex_bytes(ours.read_text())), max(hex_bytes(theirs.read_text())))
            else:
                self.assertEqual(len(ours.read_bytes()), len(theirs.read_bytes()))
        for path in (ours, theirs):
            self.imgtool("verify", "-k", key, path)
        for sig in (f for f in case["outputs"] if f.endswith(".sig")):
            self.assertEqual(base64.b64decode((self.dir / sig).read_bytes()), dict(parts_of(ours).entries)[ECDSA])

    def one(self, case):
        r = raw("imgtool", *case["args"], cwd=self.dir)
        self.assertEqual(r.returncode, case["rc"], f"{case['id']}: {r.stderr}")
        if not case["identical"]:
            self.same_but_for_signature(case)
            return
        for name, sha256 in case["outputs"].items():
            self.assertEqual(hashlib.sha256((self.dir / name).read_bytes()).hexdigest(), sha256, f"{case['id']}: {name}")
        if case["rc"] == 0 and "--vector-to-sign" not in case["args"] and int(case["id"]) % 8 == 0:
            self.accepted(case)

    def accepted(self, case):
        if "-k" in case["args"]:
            self.imgtool("verify", "-k", case["args"][case["args"].index("-k") + 1], case["args"][-1])
        self.imgtool("verify", case["args"][-1], status=NOT_AUTHENTIC)

    def test_all(self):
        cases = [json.loads(line) for line in (VECTORS / "all.jsonl").read_text().splitlines()]
        self.assertEqual(len(cases), 260)
        self.assertEqual(sum(not c["identical"] for c in cases), 15)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            self.assertEqual(len(list(pool.map(self.one, cases))), 260)


class Named(Case):
    def test_by_its_name(self):
        link = self.dir / "imgtool"
        link.symlink_to(SIGNER)
        r = subprocess.run([str(link), "version"], capture_output=True, text=True, timeout=60)
        self.assertEqual((r.returncode, r.stdout), (DONE, "2.4.0\n"))
        self.assertEqual(subprocess.run([str(link), "publish"], capture_output=True, timeout=60).returncode, USAGE)

    def test_shim(self):
        shim = ROOT / "signer" / "contrib" / "imgtool.py"
        env = {**os.environ, "OTAD_SIGNER": SIGNER}
        for args, status in ((["version"], DONE), (["sign"], USAGE)):
            r = subprocess.run(["python3", str(shim), *args], capture_output=True, text=True, timeout=60, env=env)
            self.assertEqual(r.returncode, status, r.stderr)
        env["OTAD_SIGNER"] = str(self.dir / "absent")
        r = subprocess.run(["python3", str(shim), "version"], capture_output=True, text=True, timeout=60, env=env)
        self.assertNotEqual(r.returncode, DONE)
        self.assertIn("absent", r.stderr)

    def test_usage(self):
        self.assertIn(b"Commands:", self.imgtool().stdout)
        for verb in ("create", "dumpinfo", "getpriv", "getpub", "getpubhash", "keygen", "keyinfo", "sign", "verify"):
            self.assertIn(b"Usage: ", self.imgtool(verb, "--help").stdout)
            self.imgtool(verb, "--nonsense", status=USAGE)
            self.imgtool(verb, status=USAGE)
        self.imgtool("nonsense", status=USAGE)
        self.imgtool("version", "x", status=USAGE)


if __name__ == "__main__":
    unittest.main()
