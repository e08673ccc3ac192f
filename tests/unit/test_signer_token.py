#!/usr/bin/env python3
"""signer with keys in a token: SoftHSM2 through PKCS#11, what it signs verified by ourselves, minisign and OpenSSL."""
import os
import pathlib
import re
import subprocess
import unittest

from test_signer import FAILED, KEYS, SIGNER, Case, run, run_json
from test_signer_keys import Terminal, secret

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
FAKE = pathlib.Path(SIGNER).parents[1] / "tests" / "unit" / "libfake_token.so"
PIN, WRONG_PIN, SO_PIN = "123456", "654321", "87654321"


class Token(Case):
    def setUp(self):
        super().setUp()
        (self.dir / "tokens").mkdir()
        (self.dir / "softhsm.conf").write_text(f"directories.tokendir = {self.dir}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        # SoftHSM 2.6.1 leaks an ASN.1 string for each curve that it decodes
        (self.dir / "leaks").write_text("leak:libsofthsm2.so\n")
        self.env = {**os.environ, "SOFTHSM2_CONF": str(self.dir / "softhsm.conf"),
                    "ASAN_OPTIONS": "fast_unwind_on_malloc=0", "LSAN_OPTIONS": f"suppressions={self.dir}/leaks:print_suppressions=0"}
        self.init("one")
        self.pin = ["--pin-file", secret(self.dir / "pin", PIN + "\n")]

    def init(self, label):
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN], check=True,
                       capture_output=True, env=self.env)

    def others(self, *args):
        return subprocess.run(["pkcs11-tool", "--module", MODULE, "--login", "--pin", PIN, *args], check=True, capture_output=True,
                              env=self.env, text=True).stdout

    def uri(self, path="object=key", query=""):
        return f"pkcs11:{path}?module-path={MODULE}{query}"

    def signer(self, *args, **kwargs):
        return run(*args, env=self.env, start_new_session=True, **kwargs)

    def signer_json(self, *args, **kwargs):
        return run_json(*args, env=self.env, start_new_session=True, **kwargs)

    def keygen(self, alg="ed25519", name="key"):
        return self.signer_json("keygen", "-t", alg, "-k", self.uri(f"token=one;object={name}"), *self.pin, "-o", self.dir / name)

    def sign_with(self, key, *options, **kwargs):
        return self.signer("sign", "-k", key, *options, "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app, self.dir / "x",
                           **kwargs)

    def signature(self):
        """Digest and signature of the image, for other people's tools."""
        (self.dir / "digest").write_bytes(bytes.fromhex(run_json("inspect", self.dir / "x")["digest"]))
        data = (self.dir / "x").read_bytes()
        at = max(data.rfind(b"\x22\x00"), data.rfind(b"\x24\x00\x40\x00"))
        (self.dir / "sig").write_bytes(data[at + 4:])

    def openssl_verify(self, public, *options):
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, *options, "-sigfile", self.dir / "sig", "-in",
                        self.dir / "digest"], check=True, capture_output=True)


class Signing(Token):
    def test_images(self):
        for alg, options in (("ed25519", ["-rawin"]), ("p256", [])):
            made = self.keygen(alg, alg)
            public = self.dir / f"{alg}.pub"
            self.assertEqual(made["public_key"], str(public))
            self.assertEqual(made["alg"], alg)
            for i in range(4 if alg == "p256" else 1):  # r and s with and without a leading zero
                self.sign_with(self.uri(f"object={alg}"), *self.pin)
                run("verify", "-k", public, self.dir / "x")
                self.signer("verify", "-k", self.uri(f"object={alg}"), self.dir / "x")  # no PIN for what is public
                self.signature()
                self.openssl_verify(public, *options)
            out = self.signer_json("key", "public", "-k", self.uri(f"token=one;object={alg}"), "-o", self.dir / f"{alg}2")
            self.assertEqual(out["key_hash"], made["key_hash"])
            self.assertEqual((self.dir / f"{alg}2").read_bytes(), public.read_bytes())

    def test_sha512(self):
        self.keygen()
        self.sign_with(self.uri(), *self.pin, "--sha", "512")
        run("verify", "-k", self.dir / "key.pub", self.dir / "x")

    def test_release(self):
        made = self.signer_json("keygen", "--purpose", "release", "-k", self.uri(), *self.pin, "-o", self.dir / "rel.pub")
        self.signer("publish", "--platform", "p", "--version", "1.0.0", "-k", self.uri(), *self.pin, "--out", self.dir / "out", self.app)
        self.assertIn(made["minisign_number"], (self.dir / "rel.minisign.pub").read_text())
        for command in (["minisign", "-V", "-q", "-p", self.dir / "rel.minisign.pub", "-m", "out/SHA256SUMS"],
                        ["signify-openbsd", "-V", "-p", self.dir / "rel.minisign.pub", "-m", "out/SHA256SUMS", "-x", "out/SHA256SUMS.sig"]):
            subprocess.run(command, check=True, cwd=self.dir, capture_output=True)
        self.keygen("p256", "p256")
        self.assertIn("P-256", self.signer("publish", "--platform", "p", "--version", "1.0.0", "-k", self.uri("object=p256"), *self.pin,
                                        "--out", self.dir / "out2", self.app, status=FAILED).stderr)

    def test_key_manifest(self):
        """Two boot roots in the token, of either kind; the third is a file."""
        self.keygen("ed25519", "root1")
        self.keygen("p256", "root2")
        roots = ["--root", self.dir / "root1.pub", "--root", self.uri("object=root2"), "--root", KEYS / "root3.pub"]
        self.signer("keymanifest", "new", "--class", "c", "--sequence", 1, "--image-key", KEYS / "image.pub", "--release-key",
                 KEYS / "release.pub", "-o", self.dir / "m")
        self.signer("keymanifest", "verify", *roots, self.dir / "m", status=3)
        for name in ("root1", "root2"):
            self.signer("keymanifest", "cosign", "-k", self.uri(f"object={name}"), *self.pin, *roots, self.dir / "m")
        self.signer("keymanifest", "verify", *roots, self.dir / "m")
        run("sign", "-k", KEYS / "image.pem", "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app, self.dir / "x")
        self.signer("verify", "--manifest", self.dir / "m", *roots, self.dir / "x")

    def test_keys_that_others_made(self):
        """OpenSC names Ed25519 by its name instead of its OID; and both keys have one id."""
        for curve, name in (("EC:edwards25519", "theirs-ed"), ("EC:prime256v1", "theirs-p256")):
            self.others("--keypairgen", "--key-type", curve, "--label", name, "--id", "0a0b")
            self.signer("key", "public", "-k", self.uri(f"object={name}"), "-o", self.dir / f"{name}.pub")
            self.sign_with(self.uri(f"object={name}"), *self.pin)
            run("verify", "-k", self.dir / f"{name}.pub", self.dir / "x")

    def test_made_to_stay(self):
        self.keygen()
        listed = self.others("--list-objects", "--type", "privkey")
        self.assertRegex(listed, "Access: .*sensitive.*never extractable")
        ids = re.findall(r"ID:\s+([0-9a-f]{32})\b", self.others("--list-objects"))
        self.assertEqual(len(ids), 2)
        self.assertEqual(ids[0], ids[1])
        by_id = "id=" + "".join(f"%{ids[0][i:i + 2]}" for i in range(0, 32, 2))
        self.sign_with(self.uri(by_id), *self.pin)
        run("verify", "-k", self.dir / "key.pub", self.dir / "x")
        self.signer("key", "encrypt", "-k", self.uri(), *self.pin, status=2)


class Pins(Token):
    def setUp(self):
        super().setUp()
        self.keygen()

    def test_every_source(self):
        self.sign_with(self.uri(query=f"&pin-source=file:{self.dir}/pin"))
        self.sign_with(self.uri(query=f"&pin-source={self.dir}/pin"))
        secret(self.dir / "signer.pin", PIN)
        run("sign", "-k", self.uri(), "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app, self.dir / "x",
            env={**self.env, "CREDENTIALS_DIRECTORY": str(self.dir)}, start_new_session=True)
        read, write = os.pipe()
        os.write(write, PIN.encode())
        os.close(write)
        self.sign_with(self.uri(), "--pin-fd", read, pass_fds=[read])
        os.close(read)

    def test_asked(self):
        os.environ.update(self.env)
        self.addCleanup(lambda: [os.environ.pop(k) for k in ("SOFTHSM2_CONF", "ASAN_OPTIONS", "LSAN_OPTIONS")])
        t = Terminal("sign", "-k", self.uri(), "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app, self.dir / "x")
        t.answer("PIN of the token 'one': ", PIN)
        self.assertEqual(t.end(), 0)
        self.assertNotIn(PIN.encode(), t.seen)

    def test_wrong_or_none(self):
        wrong = secret(self.dir / "wrong", WRONG_PIN)
        self.assertIn("the PIN is wrong", self.sign_with(self.uri(), "--pin-file", wrong, status=FAILED).stderr)
        said = self.sign_with(self.uri(), status=FAILED).stderr
        self.assertIn("no terminal to ask on", said)
        self.assertIn("--pin-file", said)
        self.assertFalse((self.dir / "x").exists())

    def test_never_in_the_uri(self):
        said = self.sign_with(self.uri(query=f"&pin-value={PIN}"), status=FAILED).stderr
        self.assertIn("does not belong into a URI", said)
        self.assertIn("--pin-file", said)
        self.assertNotIn(PIN, said)


class Names(Token):
    def test_tokens(self):
        self.keygen()
        self.assertIn("there are the tokens 'one'", self.sign_with(self.uri("token=two;object=key"), *self.pin, status=FAILED).stderr)
        self.init("two")
        said = self.sign_with(self.uri(), *self.pin, status=FAILED).stderr
        self.assertIn("2 tokens are meant", said)
        self.assertIn("'two'", said)
        self.sign_with(self.uri("token=one;object=key"), *self.pin)
        self.assertIn("no such private key: key", self.sign_with(self.uri("token=two;object=key"), *self.pin, status=FAILED).stderr)
        slots = subprocess.run(["softhsm2-util", "--show-slots"], check=True, capture_output=True, text=True, env=self.env).stdout
        serial = {label: number for number, label in re.findall(r"Serial number:\s+(\S+).*?Label:\s+(\S+)", slots, re.S)}["one"]
        self.sign_with(self.uri(f"serial={serial};object=key"), *self.pin)
        self.sign_with(self.uri(f"serial={serial[::-1]}0;object=key"), *self.pin, status=FAILED)

    def test_objects(self):
        self.keygen()
        self.sign_with(self.uri("token=one"), *self.pin)  # the only key needs no name
        self.keygen("p256", "other")
        said = self.sign_with(self.uri("token=one"), *self.pin, status=FAILED).stderr
        self.assertIn("several private keys", said)
        self.assertIn("object=", said)
        self.assertIn("several public keys", self.signer("key", "public", "-k", self.uri("token=one"), status=FAILED).stderr)
        said = self.signer("key", "public", "-k", self.uri("object=nobody"), status=FAILED).stderr
        self.assertIn("no such public key: nobody", said)
        self.assertIn("hide it until there is a PIN", said)

    def test_nothing_is_made_twice(self):
        first = self.keygen()
        self.assertIn("has a key of this name", self.signer("keygen", "-k", self.uri(), *self.pin, status=FAILED).stderr)
        self.assertIn("needs a name", self.signer("keygen", "-k", self.uri("token=one"), *self.pin, status=FAILED).stderr)
        self.assertIn("exists", self.signer("keygen", "-k", self.uri("object=new"), *self.pin, "-o", self.dir / "key", status=FAILED).stderr)
        self.signer("key", "public", "-k", self.uri("object=new"), status=FAILED)
        self.assertEqual(self.signer_json("key", "public", "-k", self.uri("token=one"))["key_hash"], first["key_hash"])

    def test_other_kinds_of_keys(self):
        self.others("--keypairgen", "--key-type", "EC:secp384r1", "--label", "p384")
        self.assertIn("neither Ed25519 nor P-256", self.sign_with(self.uri("object=p384"), *self.pin, status=FAILED).stderr)

    def test_modules(self):
        no_module = next(pathlib.Path("/usr/lib").glob("*/libsodium.so.23"))
        for path, word in (("/nowhere/module.so", "cannot be loaded"), (KEYS / "image.pem", "cannot be loaded"),
                           (no_module, "no PKCS#11 module")):
            self.assertIn(word, self.sign_with(f"pkcs11:object=key?module-path={path}", *self.pin, status=FAILED).stderr)
        self.assertIn("cannot be used", self.sign_with("pkcs11:objekt=key", *self.pin, status=FAILED).stderr)
        self.env["SOFTHSM2_CONF"] = str(self.dir / "absent")
        self.sign_with(self.uri(), *self.pin, status=FAILED)


class Repository(Token):
    """A repository whose root is two keys in tokens, each with a PIN of its own, and an encrypted file."""

    def setUp(self):
        super().setUp()
        self.repo = self.dir / "repo"
        other = "two words"
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "two", "--pin", other, "--so-pin", SO_PIN], check=True,
                       capture_output=True, env=self.env)
        self.pins = {"ann": PIN, "bob": other}
        self.uris = {"ann": self.uri("token=one;object=ann"), "bob": self.uri("token=two;object=bob")}
        for name, alg in (("ann", "ed25519"), ("bob", "p256")):
            self.signer("keygen", "-t", alg, "-k", self.uris[name], "--pin-file", secret(self.dir / f"{name}.pin", self.pins[name]), "-o", self.dir / name)
        self.passphrase = secret(self.dir / "passphrase", "of eight bytes and more\n")
        self.signer("keygen", "-o", self.dir / "cy.pem", "--encrypt", "--strength", "interactive", "--passphrase-file", self.passphrase)
        for name in ("targets", "manager", "online"):
            self.signer("keygen", "-o", self.dir / f"{name}.pem")

    def hide(self, name, token):
        """The public half is shown only to who has logged in, as some tokens have it."""
        pin = ["--module", MODULE, "--token-label", token, "--login", "--pin", self.pins[name]]
        subprocess.run(["openssl", "pkey", "-pubin", "-in", self.dir / f"{name}.pub", "-outform", "DER", "-out", self.dir / "der"], check=True)
        listed = subprocess.run(["pkcs11-tool", *pin, "--list-objects", "--type", "pubkey"], check=True, capture_output=True, env=self.env, text=True)
        number = re.search(rf"label:\s+{name}\n\s+ID:\s+([0-9a-f]+)", listed.stdout)[1]
        for args in (["--delete-object", "--type", "pubkey", "--label", name],
                     ["--write-object", self.dir / "der", "--type", "pubkey", "--label", name, "--id", number, "--private"]):
            subprocess.run(["pkcs11-tool", *pin, *args], check=True, capture_output=True, env=self.env)

    def make(self, verb, *args, keys, **kwargs):
        roots = [a for k in keys for a in ("--root-key", k)]
        return self.signer("repo", verb, "-d", self.repo, "--platform", "p", "--class", "p", *roots, "--targets-key", self.dir / "targets.pub",
                           "--platform-key", self.dir / "manager.pub", "--online-key", self.dir / "online.pub", *args, **kwargs)

    def lines(self, *texts):
        read, write = os.pipe()
        os.write(write, "".join(f"{t}\n" for t in texts).encode())
        os.close(write)
        self.addCleanup(os.close, read)
        return read

    def cosign(self, key, *source, **kwargs):
        return self.signer("repo", "cosign", "-d", self.repo, "-k", key, "--yes", *source, **kwargs)

    def test_init_cosign_and_rotate(self):
        self.make("init", keys=(self.uris["ann"], self.uris["bob"], self.dir / "cy.pem"), status=0)
        self.cosign(self.uris["ann"], "--pin-file", self.dir / "ann.pin")
        fd = self.lines("of eight bytes and more")
        self.cosign(self.dir / "cy.pem", "--passphrase-fd", fd, pass_fds=[fd])
        for name in ("targets", "manager"):
            self.cosign(self.dir / f"{name}.pem")
        run("repo", "verify", self.repo)
        self.signer("repo", "rotate", "-d", self.repo, "--role", "root", "--remove", self.uris["ann"], "--add", self.dir / "manager.pub")
        fd = self.lines(self.pins["bob"])
        self.cosign(self.uris["bob"], "--pin-fd", fd, pass_fds=[fd])
        self.cosign(self.dir / "cy.pem", "--passphrase-file", self.passphrase)
        run("repo", "verify", self.repo)
        self.assertTrue((self.repo / "2.root.json").exists())

    def test_two_hidden_keys_with_a_pin_each(self):
        self.signer("keygen", "-t", "p256", "-k", self.uri("token=one;object=dan"), *self.pin, "-o", self.dir / "dan")
        self.pins["dan"] = PIN
        self.hide("dan", "one")
        self.hide("bob", "two")
        hidden = (self.uri("token=one;object=dan"), self.uris["bob"])
        said = self.make("init", keys=hidden, status=FAILED).stderr
        self.assertIn("--pin-file", said)
        os.environ.update(self.env)
        self.addCleanup(lambda: [os.environ.pop(k) for k in ("SOFTHSM2_CONF", "ASAN_OPTIONS", "LSAN_OPTIONS")])
        t = Terminal("repo", "init", "-d", self.dir / "asked", "--platform", "p", "--class", "p", "--root-key", hidden[0], "--root-key", hidden[1],
                     "--targets-key", self.dir / "targets.pub", "--platform-key", self.dir / "manager.pub", "--online-key", self.dir / "online.pub")
        t.answer("PIN of the token 'one': ", PIN)
        t.answer("PIN of the token 'two': ", self.pins["bob"])
        self.assertEqual(t.end(), 0, t.seen)
        self.assertNotIn(self.pins["bob"].encode(), t.seen)
        fd = self.lines(PIN, self.pins["bob"])
        self.make("init", "--pin-fd", fd, keys=hidden, status=0, pass_fds=[fd])
        sources = [self.uri("token=one;object=dan", f"&pin-source={self.dir}/ann.pin"), self.uri("token=two;object=bob", f"&pin-source={self.dir}/bob.pin")]
        for source in sources:
            self.cosign(source)
        for name in ("targets", "manager"):
            self.cosign(self.dir / f"{name}.pem")
        run("repo", "verify", self.repo)
        self.signer("repo", "rotate", "-d", self.repo, "--role", "root", "--remove", sources[0], "--threshold", 1)
        self.signer("repo", "rotate", "-d", self.repo, "--role", "targets", "--add", self.uri("token=one;object=dan"), "--pin-file", self.dir / "ann.pin")

    def test_a_pin_is_no_operand_and_no_value(self):
        """Whoever types a PIN where others can see it is told where it belongs; no verb takes it."""
        for verb in ("init", "rotate", "revoke", "cosign", "add-release"):
            said = self.signer("repo", verb, "-d", self.repo, "--pin", PIN, status=2).stderr
            self.assertIn("no option --pin", said)
            self.assertNotIn(PIN, said)
            said = self.signer("repo", verb, "--help").stdout
            for option in ("--pin-file", "--pin-fd", "--passphrase-file", "--passphrase-fd"):
                self.assertIn(option, said)


class Fake(Case):
    """What SoftHSM never says: fake_token.c does."""

    def sign(self, like, pin=PIN, query="", **kwargs):
        (self.dir / "log").write_text("")
        secret(self.dir / "pin", pin)
        return run("sign", "-k", f"pkcs11:token=fake;object=k?module-path={FAKE}{query}", "--pin-file", self.dir / "pin", "-v", "1.0.0", "-H", 64,
                   "--pad-header", "--class", "c", self.app, self.dir / "x", start_new_session=True,
                   env={**os.environ, "FAKE_TOKEN": like, "FAKE_LOG": str(self.dir / "log")}, **kwargs)

    def log(self):
        return (self.dir / "log").read_text().splitlines()

    def test_as_it_should_be(self):
        self.assertEqual(self.sign("").stderr, "")
        self.assertEqual(self.log(), ["open ro", "login user", "close"])

    def test_no_login_when_not_needed(self):
        self.sign("open")
        self.assertEqual(self.log(), ["open ro", "close"])

    def test_pin_before_each_signature(self):
        self.sign("each")
        self.assertEqual(self.log(), ["open ro", "login user", "login again", "close"])

    def test_pin_pad(self):
        self.assertIn("on its reader", self.sign("pinpad each").stderr)
        self.assertEqual(self.log(), ["open ro", "login user pad", "login again pad", "close"])

    def test_public_halves(self):
        for like in ("bare", "alone", "alone bare"):
            self.sign(like)
        run("key", "public", "-k", f"pkcs11:?module-path={FAKE}", "-o", self.dir / "k.pub")
        run("verify", "-k", self.dir / "k.pub", self.dir / "x")

    def test_a_wrong_pin_is_tried_once(self):
        self.assertIn("the PIN is wrong", self.sign("", pin="999999", status=FAILED).stderr)
        self.assertEqual(self.log(), ["open ro", "login user", "close"])
        self.assertIn("one more wrong PIN locks", self.sign("final").stderr)
        self.assertIn("no user PIN yet", self.sign("nopin", status=FAILED).stderr)
        self.assertEqual(self.log(), ["open ro", "close"])

    def test_answers(self):
        for like, words in {"login=0xa4": "locked after too many", "login=0xa3": "expired", "login=0xa2": "too short or too long",
                            "login=0xe0": "not plugged in", "sign=0x32": "pulled out", "sign=0x30": "device failed", "sign=0x68": "may not sign",
                            "sign=0x21": "does not take messages", "sign=0x200": "refused on the token", "sign=0x7777": "0x7777", "init=0x5": "no reason",
                            "short": "wrong length", "wrong": "does not verify"}.items():
            with self.subTest(like=like):
                self.assertIn(words, self.sign(like, status=FAILED).stderr)
                self.assertFalse((self.dir / "x").exists())


if __name__ == "__main__":
    unittest.main()
