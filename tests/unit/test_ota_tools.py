#!/usr/bin/env python3
"""The programs that make and run host devices: what they take, what they refuse, how they end."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(os.environ.get("OTAD_BUILD", "build/host")).resolve() / "firmware" / "boards" / "host"
KEYS = pathlib.Path("tests/vectors/keys").resolve()
USAGE, FAILED = 2, 1


def tool(name, *argv):
    return subprocess.run([str(TOOLS / name), *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, check=False)


class Settings(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="otad-tools.")
        self.addCleanup(self.scratch.cleanup)
        self.folder = pathlib.Path(self.scratch.name)
        self.out = self.folder / "settings.bin"
        self.token = self.folder / "token"
        self.token.write_text("0123456789abcdef\n")
        self.ca = self.folder / "ca.pem"
        self.ca.write_text("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n")  # any DER will do here
        self.good = {"--host": "10.0.2.2", "--port": 8443, "--name": "ota.example.test", "--ca": self.ca, "--tenant": "DEFAULT",
                     "--device-id": "dev:1", "--token-file": self.token, "--platform": "mps2-an386", "--out": self.out}

    def make(self, **changed):
        options = {**self.good, **{"--" + k.replace("_", "-"): v for k, v in changed.items()}}
        return tool("ota-settings", *(x for k, v in options.items() if v is not None for x in (k, v)))

    def test_makes_a_sector(self):
        r = self.make(poll=60, heartbeat=5)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        data = self.out.read_bytes()
        self.assertTrue(data.startswith(b"OTADSETT\x01\x00"))
        self.assertEqual(int.from_bytes(data[10:12], "little"), len(data))
        self.assertIn(b"0123456789abcdef", data)
        self.assertNotIn(b"\n", data.partition(b"0123456789abcdef")[2][:1])

    def test_same_input_same_bytes(self):
        self.make()
        first = self.out.read_bytes()
        self.make()
        self.assertEqual(self.out.read_bytes(), first)

    def test_refuses(self):
        self.ca.with_suffix(".txt").write_text("nothing")
        for changed in ({"host": None}, {"host": "a b"}, {"port": 0}, {"port": 65536}, {"port": "x"}, {"tenant": "a/b"},
                        {"device_id": "a" * 129}, {"platform": 'x"'}, {"ca": self.folder / "none"},
                        {"ca": self.ca.with_suffix(".txt")}, {"token_file": self.folder / "none"}, {"poll": "-1"}, {"out": None}):
            with self.subTest(changed):
                r = self.make(**changed)
                self.assertEqual(r.returncode, USAGE)
                self.assertNotEqual(r.stderr, "")
                self.assertFalse(self.out.exists())

    def test_unwritable_place(self):
        self.assertEqual(self.make(out=self.folder / "no" / "such").returncode, FAILED)


class Device(unittest.TestCase):
    ROOTS = [x for n in (1, 2, 3) for x in ("--boot-root", KEYS / f"root{n}.pub")]

    def test_help(self):
        r = tool("ota-device", "--help")
        self.assertEqual((r.returncode, r.stderr), (0, ""))

    def test_refuses(self):
        with tempfile.NamedTemporaryFile() as empty:
            for argv, status in (([], USAGE), (["--flash", empty.name], USAGE), (["--flash", empty.name, *self.ROOTS[:4]], USAGE),
                                 (["--flash", empty.name, *self.ROOTS, "--boot-root", KEYS / "root1.pub"], USAGE),
                                 (["--flash", empty.name, "--boot-root", KEYS / "README.md"], USAGE),
                                 (["--flash", empty.name, *self.ROOTS], FAILED),
                                 (["--flash", "/no/such/file", *self.ROOTS], FAILED),
                                 (["--flash", empty.name, *self.ROOTS, "--max-seconds", "x"], USAGE)):
                with self.subTest(argv):
                    r = tool("ota-device", *argv)
                    self.assertEqual(r.returncode, status, r.stderr)
                    self.assertNotEqual(r.stderr, "")


class TrustedRoot(unittest.TestCase):
    """ota-flash make --root: what a device will trust is in its flash, and nothing else gets there."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="otad-tools.")
        self.addCleanup(self.scratch.cleanup)
        self.folder = pathlib.Path(self.scratch.name)

    def signer(self, *argv):
        r = subprocess.run([TOOLS.parents[2] / "signer" / "signer", *map(str, argv)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(r.returncode, 0, r.stderr)

    def root(self, sign=True):
        keys = {name: self.folder / f"{name}.pem" for name in ("r", "t", "p", "online")}
        for path in keys.values():
            self.signer("keygen", "-t", "ed25519", "-o", path)
        public = {name: path.with_suffix(".pub") for name, path in keys.items()}
        self.signer("repo", "init", "-d", self.folder / "repo", "--platform", "board", "--class", "board", "--root-key", public["r"],
                    "--targets-key", public["t"], "--platform-key", public["p"], "--online-key", public["online"])
        if sign:
            self.signer("repo", "cosign", "-d", self.folder / "repo", "-k", keys["r"], "--yes")
        return next(p for p in sorted((self.folder / "repo").rglob("*root*.json")))

    def make(self, *more, board="host"):
        return tool("ota-flash", "make", "--board", board, "--out", self.folder / "flash", "--manifest", KEYS / "mps2-an386.manifest", *more)

    def shown(self):
        r = tool("ota-flash", "show", "--json", "--board", "host", self.folder / "flash")
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)["trust"]

    def test_without_one(self):
        self.assertEqual(self.make().returncode, 0)
        self.assertEqual(self.shown(), {"root_of": "nobody"})

    def test_a_good_one(self):
        root = self.root()
        for board in ("emcraft-sf2", "mps2-an386", "host"):
            r = self.make("--root", root, board=board)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
        self.assertEqual(self.shown()["root_of"], "platform")
        self.assertEqual(self.shown()["root_bytes"], root.stat().st_size)
        self.assertIn(root.read_bytes(), (self.folder / "flash").read_bytes())

    def test_refused(self):
        root = self.root(sign=False)
        wrong = self.folder / "wrong.json"
        for text in (root.read_bytes(), b"{}", b"\x00" * 100, root.read_bytes() + b"\n", b" " * 5000):
            wrong.write_bytes(text)
            with self.subTest(text[:20]):
                r = self.make("--root", wrong)
                self.assertEqual(r.returncode, FAILED)
                self.assertNotEqual(r.stderr, "")


if __name__ == "__main__":
    unittest.main()
