#!/usr/bin/env python3
"""What signer leaves in its memory: no private key, no passphrase and no PIN, whatever becomes of the run."""
import base64
import os
import pathlib
import subprocess
import unittest

from test_signer import DONE, FAILED, SIGNER, Case
from test_signer_keys import secret
from test_signer_token import FAKE, PIN

LOOK = pathlib.Path(SIGNER).parents[1] / "tests" / "unit" / "libleft_in_memory.so"
PASSPHRASE = "a passphrase that is nowhere else"


class Wiped(Case):
    def left(self, what, *args, status=DONE, **env):
        """The places where signer, at its end, still has it."""
        found = self.dir / "found"
        found.write_text("")
        (self.dir / "secret").write_bytes(bytes(b ^ 0xff for b in what))
        r = subprocess.run([SIGNER, *map(str, args)], capture_output=True, text=True, timeout=100, start_new_session=True, cwd=self.dir,
                           env={**os.environ, "LD_PRELOAD": str(LOOK), "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0",
                                "LEFT_SECRET": str(self.dir / "secret"), "LEFT_FOUND": str(found), **env})
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        lines = found.read_text().splitlines()
        self.assertEqual(lines[-1:], ["looked"], r.stderr)
        return lines[:-1]

    def make(self, name, alg="ed25519"):
        self.run_quietly("keygen", "-t", alg, "-o", f"{name}.pem")
        pem = (self.dir / f"{name}.pem").read_text()
        der = base64.b64decode("".join(pem.splitlines()[1:-1]))
        number = der[-32:] if alg == "ed25519" else der[der.index(b"\x04\x20") + 2:][:32]
        return number, pem.splitlines()[1].encode()

    def run_quietly(self, *args):
        subprocess.run([SIGNER, *args], check=True, capture_output=True, cwd=self.dir)

    def sign(self, key="key.pem"):
        return ("sign", "-k", key, "-v", "1.0.0", "-H", "64", "--pad-header", "--class", "c", self.app, "out.img")

    def test_the_test_can_see(self):
        """What is not secret is found: here the path of a file, as an argument."""
        self.make("key")
        self.assertNotEqual(self.left(b"is-to-be-found.pem", "inspect", "this-is-to-be-found.pem", status=FAILED), [])

    def test_plain_keys(self):
        for alg in ("ed25519", "p256"):
            with self.subTest(alg):
                number, text = self.make(alg, alg)
                for what in (number, text):
                    self.assertEqual(self.left(what, *self.sign(f"{alg}.pem")), [])
                    self.assertEqual(self.left(what, "key", "public", "-k", f"{alg}.pem"), [])
                    self.assertEqual(self.left(what, "inspect", f"{alg}.pem"), [])
        self.assertEqual(self.left(number, *self.sign("p256.pem")[:-2], "absent.bin", "x", status=FAILED), [], "a run that fails wipes, too")

    def test_encrypted_keys(self):
        number, text = self.make("key")
        given = secret(self.dir / "passphrase", PASSPHRASE + "\n")
        wrong = secret(self.dir / "wrong", PASSPHRASE[::-1] + "\n")
        for what in (number, text, PASSPHRASE.encode()):
            path = self.dir / "locked.pem"
            path.write_bytes((self.dir / "key.pem").read_bytes())
            path.chmod(0o600)
            self.assertEqual(self.left(what, "key", "encrypt", "-k", path, "--strength", "interactive", "--passphrase-file", given), [])
            self.assertEqual(self.left(what, *self.sign(path), "--passphrase-file", given), [])
            self.assertEqual(self.left(what[::-1] if what == PASSPHRASE.encode() else what, *self.sign(path), "--passphrase-file", wrong, status=FAILED), [])

    def test_others_encrypted_keys(self):
        number, _ = self.make("key")
        given = secret(self.dir / "passphrase", PASSPHRASE)
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", "key.pem", "-out", "theirs.pem", "-passout", f"file:{given}"], check=True,
                       cwd=self.dir, capture_output=True)
        for what in (number, PASSPHRASE.encode()):
            self.assertEqual(self.left(what, *self.sign("theirs.pem"), "--passphrase-file", given), [])

    def test_pins(self):
        pin = secret(self.dir / "pin", PIN + "\n")
        long_pin = secret(self.dir / "wrong", "a PIN that no token has\n")
        token = f"pkcs11:token=fake;object=k?module-path={FAKE}"
        self.assertEqual(self.left(b"a PIN that no token has", *self.sign(token), "--pin-file", long_pin, status=FAILED, FAKE_TOKEN="", FAKE_LOG=os.devnull), [])
        self.assertEqual(self.sign_ok(token, pin), DONE)

    def sign_ok(self, token, pin):
        return subprocess.run([SIGNER, *map(str, self.sign(token)), "--pin-file", pin], capture_output=True, cwd=self.dir,
                              env={**os.environ, "FAKE_TOKEN": "", "FAKE_LOG": os.devnull}).returncode


if __name__ == "__main__":
    unittest.main()
