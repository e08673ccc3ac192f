#!/usr/bin/env python3
"""signer as people and CI use it: every verb, its files, its words and its exit status."""
import hashlib
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNER = str(pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve() / "signer" / "signer")
KEYS = ROOT / "tests" / "vectors" / "keys"
IMGTOOL = ROOT / "tests" / "vectors" / "imgtool"
ROOTS = [a for i in (1, 2, 3) for a in ("--root", str(KEYS / f"root{i}.pub"))]
DONE, FAILED, USAGE, NOT_AUTHENTIC = 0, 1, 2, 3


def run(*args, status=DONE, **kwargs):
    """Run signer, assert its exit status, give back the process."""
    r = subprocess.run([SIGNER, *map(str, args)], capture_output=True, text=True, timeout=60, **kwargs)
    assert r.returncode == status, f"{args}: exit {r.returncode}, expected {status}\n{r.stdout}{r.stderr}"
    return r


def run_json(*args, status=DONE, **kwargs):
    out = json.loads(run(*args, "--json", status=status, **kwargs).stdout)
    assert out["ok"] == (status == DONE)
    return out


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)
        self.app = self.dir / "app.bin"
        self.app.write_bytes(bytes(range(256)) * 20)

    def sign(self, name="app.img", key="image", version="1.2.3", *options, status=DONE):
        run("sign", "-k", KEYS / f"{key}.pem", "-v", version, "-H", 64, "--pad-header", "--class", "mps2-an386", *options,
            self.app, self.dir / name, status=status)
        return self.dir / name

    def verify(self, path, *options, status=DONE):
        return run("verify", "--manifest", KEYS / "mps2-an386.manifest", *ROOTS, *options, path, status=status)


class Everything(Case):
    def test_help(self):
        self.assertIn("Usage: signer VERB", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^signer \d+\.\d+\.\d+\n$")
        for verb in ("keygen", "key", "sign", "verify", "inspect", "keymanifest", "publish"):
            text = run(verb, "--help").stdout
            self.assertTrue(text.startswith(f"Usage: signer {verb} "), text)
            for word in ("--json", "--help", "Exit status"):
                self.assertIn(word, text)

    def test_usage_errors(self):
        for args in ([], ["nonsense"], ["keygen"], ["keygen", "-o"], ["keygen", "-t", "rsa", "-o", "x"],
                     ["keygen", "--purpose", "release", "-t", "p256", "-o", "x"], ["sign"], ["sign", "--nonsense"],
                     ["sign", "-k", "x", "-v", "1.2.3", "-H", "64", "in", "out"],
                     ["sign", "-k", "x", "-v", "256.0.0", "-H", "64", "--class", "c", "in", "out"],
                     ["sign", "-k", "x", "-v", "1.2.3.4", "-H", "64", "--class", "c", "in", "out"],
                     ["sign", "-k", "x", "-v", "1.2.3", "-H", "9999", "--class", "c", "in", "out"],
                     ["sign", "-k", "x", "-v", "1.2.3", "-H", "64", "--class", "c", "-s", "4294967296", "in", "out"],
                     ["sign", "-k", "x", "-v", "1.2.3", "-H", "64", "--class", "c", "in", "out", "more"],
                     ["verify", "x"], ["verify", "-k", "a", "--manifest", "b", "x"], ["verify", "--manifest", "b", "x"],
                     ["verify", "-k", "a", "--pad-header=1", "x"], ["inspect"], ["inspect", "a", "b"],
                     ["keymanifest"], ["keymanifest", "dance"], ["keymanifest", "new"], ["keymanifest", "cosign", "x"],
                     ["keymanifest", "verify", "x"], ["keymanifest", "roots"], ["publish"],
                     ["publish", "--platform", "p", "--version", "1", "-k", "k", "file"],
                     ["publish", "--platform", "p", "--version", "1", "-k", "k", "--channel", "gold", "file"]):
            with self.subTest(args=args):
                said = run(*args, status=USAGE).stderr
                self.assertRegex(said, r"^(signer: .+\n  hint: .+|Usage: |signer: .+)")

    def test_errors_as_json(self):
        out = run_json("inspect", self.dir / "absent", status=FAILED)
        self.assertIn("absent", out["error"])
        self.assertEqual(out["exit"], FAILED)
        out = run_json("sign", status=USAGE)
        self.assertIn("--help", out["hint"])


class Keygen(Case):
    def test_key_files(self):
        for alg in ("ed25519", "p256"):
            path = self.dir / f"{alg}.pem"
            out = run_json("keygen", "-t", alg, "-o", path)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            public = self.dir / f"{alg}.pub"
            self.assertEqual(out["public_key"], str(public))
            der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True)
            again = subprocess.run(["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"], check=True, capture_output=True)
            self.assertEqual(der.stdout, again.stdout)
            self.assertIn("BEGIN PRIVATE KEY", path.read_text())
            self.assertEqual(out["key_hash"], hashlib.sha256(der.stdout).hexdigest())
            self.assertEqual(run_json("inspect", public)["key_hash"], out["key_hash"])

    def test_private_whatever_the_umask(self):
        for mask in (0, 0o777):
            path = self.dir / f"u{mask}.pem"
            run("keygen", "-o", path, preexec_fn=lambda m=mask: os.umask(m))
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & ~0o600, 0)

    def test_never_overwrites(self):
        path = self.dir / "k.pem"
        run("keygen", "-o", path)
        before = path.read_bytes()
        self.assertIn("exists", run("keygen", "-o", path, status=FAILED).stderr)
        path.rename(self.dir / "moved")
        self.assertIn("k.pub exists", run("keygen", "-o", path, status=FAILED).stderr)
        self.assertFalse(path.exists())
        (self.dir / "moved").rename(path)
        (self.dir / "k.pub").unlink()
        (self.dir / "link.pem").symlink_to(self.dir / "elsewhere")
        run("keygen", "-o", self.dir / "link.pem", status=FAILED)
        self.assertFalse((self.dir / "elsewhere").exists())
        self.assertEqual(path.read_bytes(), before)
        run("keygen", "--force", "-o", path)
        self.assertNotEqual(path.read_bytes(), before)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_release_key_is_minisigns(self):
        path = self.dir / "release.pem"
        out = run_json("keygen", "--purpose", "release", "-o", path)
        text = (self.dir / "release.minisign.pub").read_text()
        self.assertIn(out["minisign_number"], text.splitlines()[0])
        run("publish", "--platform", "p", "--version", "1.0.0", "-k", path, "--out", self.dir / "out", self.app)
        subprocess.run(["minisign", "-V", "-q", "-p", self.dir / "release.minisign.pub", "-m", self.dir / "out/SHA256SUMS"], check=True)

    def test_different_every_time(self):
        hashes = {run_json("keygen", "-o", self.dir / f"{i}.pem")["key_hash"] for i in range(4)}
        self.assertEqual(len(hashes), 4)


class Sign(Case):
    def test_byte_for_byte_imgtool(self):
        cases = [json.loads(line) for line in (IMGTOOL / "cases.jsonl").read_text().splitlines()]
        self.assertGreater(len(cases), 30)
        identical = 0
        for case in cases:
            args = [str(IMGTOOL / a) if a.startswith("keys/") else a for a in case["args"]]
            out = self.dir / case["id"]
            run("sign", "--bare", *args, IMGTOOL / "in" / f"{case['id']}.bin", out)
            if "ed25519" in str(args):
                self.assertEqual(hashlib.sha256(out.read_bytes()).hexdigest(), case["sha256"], case)
                identical += 1
            elif (IMGTOOL / "out" / f"{case['id']}.bin").exists():
                theirs = (IMGTOOL / "out" / f"{case['id']}.bin").read_bytes()
                ours = out.read_bytes()
                at = ours.index(b"\x07\x69", 32 + int(args[args.index("-H") + 1]) - 32)
                self.assertEqual(ours[:at], theirs[:at], case)
                self.assertEqual(ours[at + 4:at + 76], theirs[at + 4:at + 76], case)
        self.assertGreater(identical, 25)

    def test_defaults(self):
        out = run_json("inspect", self.sign(version="1.2.3+7"))
        self.assertEqual(out["version"], "1.2.3+7")
        self.assertEqual(out["security_counter"], 1 << 24 | 2 << 16 | 3)
        self.assertEqual(out["hardware_class"], "799b51d3-d606-584d-84fa-3fc2da966e2f")
        self.assertTrue(out["digest_matches"])
        self.verify(self.dir / "app.img")

    def test_p256(self):
        path = self.sign(key="image-p256")
        self.verify(path)
        run("verify", "-k", KEYS / "image-p256.pub", path)
        digest = run_json("inspect", path)["digest"]
        data = path.read_bytes()
        (self.dir / "sig").write_bytes(data[data.rindex(b"\x22\x00") + 4:])
        (self.dir / "digest").write_bytes(bytes.fromhex(digest))
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", KEYS / "image-p256.pub", "-sigfile", self.dir / "sig",
                        "-in", self.dir / "digest"], check=True, capture_output=True)

    def test_header_room(self):
        args = ["sign", "-k", KEYS / "image.pem", "-v", "1.0.0", "-H", "64", "--class", "c"]
        self.assertIn("--pad-header", run(*args, self.app, self.dir / "x", status=FAILED).stderr)
        roomy = self.dir / "roomy"
        roomy.write_bytes(bytes(64) + self.app.read_bytes())
        run(*args, roomy, self.dir / "a")
        run(*args, "--pad-header", "-R", 0, self.app, self.dir / "b")
        self.assertEqual((self.dir / "a").read_bytes(), (self.dir / "b").read_bytes())
        roomy.write_bytes(bytes(63))
        run(*args, roomy, self.dir / "c", status=FAILED)
        (self.dir / "empty").write_bytes(b"")
        run(*args, "--pad-header", self.dir / "empty", self.dir / "c", status=FAILED)
        self.assertFalse((self.dir / "c").exists())

    def test_slot_size(self):
        size = self.sign().stat().st_size
        self.sign("exact", "image", "1.2.3", "-S", size)
        self.sign("tight", "image", "1.2.3", "-S", size - 1, status=FAILED)
        self.assertFalse((self.dir / "tight").exists())

    def test_bad_keys(self):
        for name, text in {"garbage": "hello", "cut": (KEYS / "image.pem").read_text()[:60],
                           "public": (KEYS / "image.pub").read_text()}.items():
            (self.dir / name).write_text(text)
            (self.dir / name).chmod(0o600)
            r = run("sign", "-k", self.dir / name, "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app,
                    self.dir / "x", status=FAILED)
            self.assertIn(name, r.stderr)
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", self.dir / "rsa"], check=True, capture_output=True)
        (self.dir / "rsa").chmod(0o600)
        r = run("sign", "-k", self.dir / "rsa", "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app,
                self.dir / "x", status=FAILED)
        self.assertIn("neither Ed25519 nor P-256", r.stderr)
        subprocess.run(["openssl", "pkey", "-in", KEYS / "image.pem", "-aes256", "-passout", "pass:x", "-out", self.dir / "locked"],
                       check=True, capture_output=True)
        r = run("sign", "-k", self.dir / "locked", "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app,
                self.dir / "x", status=FAILED, start_new_session=True)
        self.assertIn("no terminal to ask on", r.stderr)

    def test_readable_key_is_warned_about(self):
        key = self.dir / "k.pem"
        key.write_bytes((KEYS / "image.pem").read_bytes())
        args = ["sign", "-k", key, "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app, self.dir / "x"]
        key.chmod(0o640)
        self.assertIn("chmod 600", run(*args).stderr)
        key.chmod(0o600)
        self.assertEqual(run(*args).stderr, "")

    def test_output_is_replaced_whole_or_not_at_all(self):
        path = self.sign()
        before = path.read_bytes()
        self.sign("app.img", "image", "1.2.3", "-S", 10, status=FAILED)
        self.assertEqual(path.read_bytes(), before)
        self.sign("app.img", "image", "1.2.4")
        self.assertNotEqual(path.read_bytes(), before)
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["app.bin", "app.img"])
        self.sign("no-such-folder/x", status=FAILED)


class Verify(Case):
    def test_refusals(self):
        good = self.sign()
        self.verify(good, "--class", "mps2-an386", "--floor", 1)
        for options, why in ((["--floor", 0x01020304], "below-floor"), (["--class", "other"], "wrong-class")):
            self.assertIn(why, self.verify(good, *options, status=NOT_AUTHENTIC).stderr)
            r = run("verify", "-k", KEYS / "image.pub", *options, good, status=NOT_AUTHENTIC)
            self.assertIn(why, r.stderr)
        self.assertIn("unknown-key", self.verify(self.sign("s", "stranger"), status=NOT_AUTHENTIC).stderr)
        self.assertIn("unknown-key", self.verify(self.sign("r", "release"), status=NOT_AUTHENTIC).stderr)
        run("verify", "-k", KEYS / "stranger.pub", good, status=NOT_AUTHENTIC)
        run("sign", "--bare", "-k", KEYS / "image.pem", "-v", "1.0.0", "-H", 64, "--pad-header", self.app, self.dir / "bare")
        self.assertIn("no-policy-tlv", self.verify(self.dir / "bare", status=NOT_AUTHENTIC).stderr)
        run("verify", "-k", KEYS / "image.pub", self.dir / "bare")
        run("verify", "-k", KEYS / "image.pub", "--floor", 0, self.dir / "bare", status=NOT_AUTHENTIC)

    def test_damage(self):
        data = self.sign().read_bytes()
        damaged = self.dir / "damaged"
        for at, why in ((0, "blank"), (70, "bad-digest"), (len(data) - 1, "bad-signature"), (len(data) - 80, "unknown-key")):
            damaged.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            self.assertIn(why, self.verify(damaged, status=NOT_AUTHENTIC).stderr)
        damaged.write_bytes(data[:-1])
        self.assertIn("too-large", self.verify(damaged, status=NOT_AUTHENTIC).stderr)
        damaged.write_bytes(b"")
        self.verify(damaged, status=NOT_AUTHENTIC)
        damaged.write_bytes(data + b"more")
        self.assertIn("last 4 bytes", self.verify(damaged).stderr)

    def test_manifest_must_be_good(self):
        good = self.sign()
        cut = self.dir / "m"
        cut.write_bytes((KEYS / "mps2-an386.manifest").read_bytes()[:-1])
        run("verify", "--manifest", cut, *ROOTS, good, status=FAILED)
        other = ROOTS[:4] + ["--root", str(KEYS / "stranger.pub")]
        run("verify", "--manifest", KEYS / "mps2-an386.manifest", *other, good, status=NOT_AUTHENTIC)
        same = ROOTS[:2] * 3
        run("verify", "--manifest", KEYS / "mps2-an386.manifest", *same, good, status=FAILED)


class KeyManifest(Case):
    def new(self, *options, status=DONE):
        return run("keymanifest", "new", "--class", "mps2-an386", "--sequence", 1, "--image-key", KEYS / "image.pub", "--image-key",
                   KEYS / "image-p256.pub", "--release-key", KEYS / "release.pub", *options, "-o", self.dir / "m", status=status)

    def cosign(self, i, *options, status=DONE, name="m"):
        return run("keymanifest", "cosign", "-k", KEYS / f"root{i}.pem", *(options or ROOTS), self.dir / name, status=status)

    def test_two_of_three(self):
        self.new()
        run("keymanifest", "verify", *ROOTS, self.dir / "m", status=NOT_AUTHENTIC)
        self.cosign(3)
        run("keymanifest", "verify", *ROOTS, self.dir / "m", status=NOT_AUTHENTIC)
        self.assertFalse(run_json("inspect", self.dir / "m")["complete"])
        self.cosign(1, "--root-index", "1")
        self.assertEqual((self.dir / "m").read_bytes(), (KEYS / "mps2-an386.manifest").read_bytes())
        out = run_json("keymanifest", "verify", *ROOTS, self.dir / "m")
        self.assertEqual(out["sequence"], 1)
        self.assertEqual([k["purpose"] for k in out["keys"]], ["image", "image", "release"])
        self.cosign(2)
        run("keymanifest", "verify", *ROOTS, self.dir / "m")
        self.assertIn("already", self.cosign(2, status=FAILED).stderr)

    def test_merge(self):
        self.new()
        draft = (self.dir / "m").read_bytes()
        self.cosign(3)
        (self.dir / "n").write_bytes(draft)
        self.cosign(1, name="n")
        run("keymanifest", "merge", self.dir / "m", self.dir / "n", "-o", self.dir / "both")
        self.assertEqual((self.dir / "both").read_bytes(), (KEYS / "mps2-an386.manifest").read_bytes())
        run("keymanifest", "new", "--class", "c", "--sequence", 2, "--image-key", KEYS / "image.pub", "-o", self.dir / "other")
        run("keymanifest", "merge", self.dir / "m", self.dir / "other", "-o", self.dir / "no", status=FAILED)
        self.assertFalse((self.dir / "no").exists())

    def test_refusals(self):
        self.new("--image-key", KEYS / "image.pub", status=FAILED)
        run("keymanifest", "new", "--class", "c", "--sequence", 1, "--release-key", KEYS / "image-p256.pub", "-o", self.dir / "m",
            status=FAILED)
        self.assertFalse((self.dir / "m").exists())
        self.new()
        before = (self.dir / "m").read_bytes()
        r = run("keymanifest", "cosign", "-k", KEYS / "stranger.pem", *ROOTS, self.dir / "m", status=FAILED)
        self.assertIn("none of these boot roots", r.stderr)
        self.assertEqual((self.dir / "m").read_bytes(), before)
        run("keymanifest", "verify", *ROOTS, self.app, status=FAILED)

    def test_roots_for_the_bootloader(self):
        run("keymanifest", "roots", *ROOTS, "--c-source", self.dir / "roots.c")
        (self.dir / "roots.h").write_text('#include "firmware/image/manifest.h"\n'
                                          "extern const struct manifest_root boot_roots[MANIFEST_ROOTS];\n")
        (self.dir / "main.c").write_text(
            '#include <string.h>\n#include "roots.h"\n#include "tests/vectors/keys/test_keys.h"\n'
            "int main(void)\n{\n    for (int i = 0; i < MANIFEST_ROOTS; i++)\n"
            "        if (memcmp(boot_roots[i].key, test_roots[i].key, 64) != 0 || boot_roots[i].key_bytes != 32 ||\n"
            "            boot_roots[i].alg != CRYPTO_ED25519)\n            return 1;\n    return 0;\n}\n")
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}", f"-I{self.dir}", self.dir / "roots.c",
                        self.dir / "main.c", "-o", self.dir / "t"], check=True)
        subprocess.run([self.dir / "t"], check=True)


class Inspect(Case):
    def test_kinds(self):
        run("publish", "--platform", "p", "--version", "1.0.0", "-k", KEYS / "release.pem", "--out", self.dir / "out", self.app)
        kinds = {KEYS / "mps2-an386.manifest": "key-manifest", KEYS / "image.pem": "private-key", KEYS / "image-p256.pub": "public-key",
                 KEYS / "release.minisign.pub": "minisign-public-key", self.dir / "out/SHA256SUMS": "sums",
                 self.dir / "out/SHA256SUMS.minisig": "minisign-signature", self.sign(): "image"}
        for path, kind in kinds.items():
            self.assertEqual(run_json("inspect", path)["kind"], kind)
            self.assertIn(kind, run("inspect", path).stdout)
        run("inspect", self.app, status=FAILED)

    def test_never_shows_a_secret(self):
        import base64
        pem = (KEYS / "image.pem").read_text()
        seed = base64.b64decode("".join(pem.splitlines()[1:-1]))[-32:]
        shown = run("inspect", KEYS / "image.pem").stdout + run("inspect", "--json", KEYS / "image.pem").stdout
        self.assertNotIn(seed.hex(), shown)


if __name__ == "__main__":
    unittest.main()
