#!/usr/bin/env python3
"""signer's keys at rest: passphrases and where they come from, encrypted files, published sample keys."""
import base64
import os
import pathlib
import pty
import select
import signal
import stat
import subprocess
import termios
import unittest

from test_signer import DONE, FAILED, KEYS, SIGNER, USAGE, Case, run, run_json

BOX = KEYS.parent / "keybox"
CHEAP = ["--strength", "interactive"]
PASS = "correct horse battery"


def secret(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def alone(*args, **kwargs):
    """Without a terminal to ask on."""
    return run(*args, start_new_session=True, **kwargs)


class Terminal:
    """signer on a terminal of its own, as a person has it."""

    def __init__(self, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(SIGNER, [SIGNER, *map(str, args)])
        self.seen = b""

    def until(self, text):
        while text.encode() not in self.seen:
            assert self.more(), f"ended before {text!r}: {self.seen}"

    def more(self):
        assert select.select([self.fd], [], [], 60)[0], f"nothing for a minute: {self.seen}"
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # Linux's way to say that the other side is closed
            return False
        self.seen += data
        return bool(data)

    def type(self, text):
        os.write(self.fd, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def answer(self, question, text):
        self.until(question)
        assert not self.echoes()
        self.seen = b""
        self.type(text + "\n")

    def end(self):
        while self.more():
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return status


class Keys(Case):
    def setUp(self):
        super().setUp()
        self.key = self.dir / "k.pem"
        self.passphrase = secret(self.dir / "pass", PASS + "\n")

    def keygen(self, *options):
        return run_json("keygen", "-e", *CHEAP, "--passphrase-file", self.passphrase, "-o", self.key, *options)

    def sign_args(self, key=None):
        return ["sign", "-k", key or self.key, "-v", "1.0.0", "-H", 64, "--pad-header", "--class", "c", self.app, self.dir / "x"]


class Encrypted(Keys):
    def test_made_used_and_private(self):
        for alg in ("ed25519", "p256"):
            self.key = self.dir / f"{alg}.pem"
            made = self.keygen("-t", alg)
            text = self.key.read_text()
            self.assertTrue(text.startswith("-----BEGIN OTAD ENCRYPTED KEY-----\n"))
            self.assertNotIn("PRIVATE", text)
            self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
            self.assertEqual(alone(*self.sign_args(), "--passphrase-file", self.passphrase).stderr, "")
            run("verify", "-k", self.dir / f"{alg}.pub", self.dir / "x")
            shown = alone("inspect", self.key, "--json")  # the public half is no secret
            self.assertIn(made["key_hash"], shown.stdout)
            out = run_json("key", "public", "-k", self.key, "-o", self.dir / f"{alg}.again")
            self.assertEqual(out["key_hash"], made["key_hash"])
            self.assertEqual((self.dir / f"{alg}.again").read_text(), (self.dir / f"{alg}.pub").read_text())

    def test_default_cost_is_moderate(self):
        self.keygen("--strength", "moderate")
        raw = base64.b64decode("".join(self.key.read_text().splitlines()[1:-1]))
        self.assertEqual((int.from_bytes(raw[12:16], "little"), int.from_bytes(raw[16:20], "little")), (3, 256 * 1024))
        other = self.dir / "other.pem"
        run("keygen", "-e", "--passphrase-file", self.passphrase, "-o", other)
        self.assertEqual(base64.b64decode("".join(other.read_text().splitlines()[1:-1]))[:20], raw[:20])
        self.assertIn("--strength", run("keygen", "-e", "--strength", "none", "-o", self.dir / "y", status=USAGE).stderr)

    def test_files_of_earlier_versions_open(self):
        for name in ("image", "image-p256"):
            box = secret(self.dir / f"{name}.pem", (BOX / f"{name}.pem").read_text())
            run("key", "decrypt", "-k", box, "-o", self.dir / f"{name}.plain", "--passphrase-file",
                secret(self.dir / "p", (BOX / "passphrase").read_text()))
            for form in ("-pubout", "-text"):
                self.assertEqual(*(subprocess.run(["openssl", "pkey", form, "-in", k], check=True, capture_output=True).stdout
                                   for k in (self.dir / f"{name}.plain", KEYS / f"{name}.pem")))

    def test_wrong_or_no_passphrase(self):
        self.keygen()
        wrong = secret(self.dir / "wrong", PASS + "x")
        self.assertIn("wrong passphrase", alone(*self.sign_args(), "--passphrase-file", wrong, status=FAILED).stderr)
        said = alone(*self.sign_args(), status=FAILED).stderr
        self.assertIn("no terminal", said)
        self.assertIn("--passphrase-file", said)
        secret(self.dir / "empty", "\n" + PASS)
        self.assertIn("first line", alone(*self.sign_args(), "--passphrase-file", self.dir / "empty", status=FAILED).stderr)
        self.assertIn("cannot open", alone(*self.sign_args(), "--passphrase-file", self.dir / "absent", status=FAILED).stderr)
        secret(self.dir / "long", "x" * 2000)
        alone(*self.sign_args(), "--passphrase-file", self.dir / "long", status=FAILED)
        self.assertFalse((self.dir / "x").exists())

    def test_altered(self):
        self.keygen()
        lines = self.key.read_text().splitlines()
        raw = base64.b64decode("".join(lines[1:-1]))

        def put(data):
            text = base64.b64encode(data).decode()
            self.key.write_text("\n".join([lines[0], *(text[i:i + 64] for i in range(0, len(text), 64)), lines[-1], ""]))
            return alone(*self.sign_args(), "--passphrase-file", self.passphrase, status=FAILED).stderr

        self.assertIn("altered", put(raw[:60] + bytes([raw[60] ^ 1]) + raw[61:]))
        self.assertIn("altered", put(raw[:-1] + bytes([raw[-1] ^ 1])))
        self.assertIn("too weak or wants too much", put(raw[:16] + b"\x08\0\0\0" + raw[20:]))
        self.assertIn("too weak or wants too much", put(raw[:12] + b"\xff\xff\xff\xff" + raw[16:]))
        self.assertIn("damaged", put(raw[:50]))

    def test_every_source(self):
        self.keygen()
        for text in (PASS, PASS + "\n", PASS + "\r\n", PASS + "\nsecond line\n"):
            secret(self.passphrase, text)
            alone(*self.sign_args(), "--passphrase-file", self.passphrase)
            read, write = os.pipe()
            os.write(write, text.encode())
            os.close(write)
            alone(*self.sign_args(), f"--passphrase-fd={read}", pass_fds=[read])
            os.close(read)
        secret(self.dir / "signer.passphrase", PASS)
        alone(*self.sign_args(), env={**os.environ, "CREDENTIALS_DIRECTORY": str(self.dir)})
        for bad in ("nine", "-1", "99", ""):
            self.assertIn("descriptor", alone(*self.sign_args(), f"--passphrase-fd={bad}", status=USAGE).stderr)

    def test_never_from_argv_or_environment(self):
        self.keygen()
        for option in ("--passphrase", "--pin"):
            run(*self.sign_args(), option, PASS, status=USAGE)
        names = ("PASSPHRASE", "SIGNER_PASSPHRASE", "OTAD_PASSPHRASE", "PIN")
        alone(*self.sign_args(), status=FAILED, env={**os.environ, **{n: PASS for n in names}})

    def test_readable_passphrase_is_warned_about(self):
        self.keygen()
        self.passphrase.chmod(0o644)
        self.assertIn("chmod 600", alone(*self.sign_args(), "--passphrase-file", self.passphrase).stderr)

    def test_short_passphrase_is_refused(self):
        secret(self.passphrase, "1234567")
        self.assertIn("at least 8", run("keygen", "-e", "--passphrase-file", self.passphrase, "-o", self.key, status=FAILED).stderr)
        self.assertEqual(list(self.dir.glob("k.*")), [])

    def test_never_overwrites(self):
        self.keygen()
        before = self.key.read_bytes()
        run("keygen", "-e", *CHEAP, "--passphrase-file", self.passphrase, "-o", self.key, status=FAILED)
        run("key", "decrypt", "-k", self.key, "-o", self.key, "--passphrase-file", self.passphrase, status=FAILED)
        run("key", "public", "-k", self.key, "-o", self.key, status=FAILED)
        self.assertEqual(self.key.read_bytes(), before)


class Changing(Keys):
    def setUp(self):
        super().setUp()
        secret(self.key, (KEYS / "image.pem").read_text())
        self.hash = run_json("inspect", KEYS / "image.pub")["key_hash"]

    def test_encrypt_passwd_decrypt(self):
        with_pass = ["--passphrase-file", self.passphrase]
        self.assertEqual(run_json("key", "encrypt", "-k", self.key, *CHEAP, *with_pass)["key_hash"], self.hash)
        self.assertIn("passwd", run("key", "encrypt", "-k", self.key, *with_pass, status=FAILED).stderr)
        new = secret(self.dir / "new", "another one entirely")
        run("key", "passwd", "-k", self.key, *CHEAP, *with_pass, "--new-passphrase-file", new)
        self.assertIn("wrong passphrase", alone(*self.sign_args(), *with_pass, status=FAILED).stderr)
        alone(*self.sign_args(), "--passphrase-file", new)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        run("key", "decrypt", "-k", self.key, "-o", self.dir / "plain", "--passphrase-file", new)
        self.assertEqual(stat.S_IMODE((self.dir / "plain").stat().st_mode), 0o600)
        self.assertEqual(run_json("inspect", self.dir / "plain")["key_hash"], self.hash)
        for action in ("passwd", "decrypt"):
            self.assertIn("has no passphrase", run("key", action, "-k", self.dir / "plain", "-o" if action == "decrypt" else "--strength",
                                                   self.dir / "y" if action == "decrypt" else "interactive", status=FAILED).stderr)

    def test_both_passphrases_from_one_descriptor(self):
        run("key", "encrypt", "-k", self.key, *CHEAP, "--passphrase-file", self.passphrase)
        read, write = os.pipe()
        os.write(write, f"{PASS}\nthe new passphrase\n".encode())
        os.close(write)
        alone("key", "passwd", "-k", self.key, *CHEAP, "--passphrase-fd", read, "--new-passphrase-fd", read, pass_fds=[read])
        os.close(read)
        alone(*self.sign_args(), "--passphrase-file", secret(self.dir / "new", "the new passphrase"))

    def test_wrong_passphrase_changes_nothing(self):
        run("key", "encrypt", "-k", self.key, *CHEAP, "--passphrase-file", self.passphrase)
        before = self.key.read_bytes()
        wrong = secret(self.dir / "wrong", "something else")
        alone("key", "passwd", "-k", self.key, "--passphrase-file", wrong, "--new-passphrase-file", wrong, status=FAILED)
        self.assertEqual(self.key.read_bytes(), before)

    def test_other_peoples_encrypted_keys(self):
        for name, command in {"pbes2": ["openssl", "pkey", "-aes256"], "scrypt": ["openssl", "pkcs8", "-topk8", "-scrypt"],
                              "aes128": ["openssl", "pkcs8", "-topk8", "-v2", "aes-128-cbc", "-iter", "100000"]}.items():
            for source in ("image", "image-p256"):
                key = self.dir / f"{name}-{source}"
                subprocess.run([*command, "-in", KEYS / f"{source}.pem", "-passout", f"pass:{PASS}", "-out", key], check=True,
                               capture_output=True)
                key.chmod(0o600)
                self.assertIn("ENCRYPTED PRIVATE KEY", key.read_text())
                alone(*self.sign_args(key), "--passphrase-file", self.passphrase)
                run("verify", "-k", KEYS / f"{source}.pub", self.dir / "x")
        alone(*self.sign_args(key), "--passphrase-file", secret(self.dir / "wrong", "wrong wrong"), status=FAILED)
        run("key", "passwd", "-k", key, *CHEAP, "--passphrase-file", self.passphrase, "--new-passphrase-file", self.passphrase)
        self.assertIn("OTAD ENCRYPTED KEY", key.read_text())

    def test_usage(self):
        for args in (["key"], ["key", "dance", "-k", "x"], ["key", "public"], ["key", "public", "encrypt", "-k", "x"],
                     ["key", "decrypt", "-k", "x"], ["key", "encrypt", "-k", "x", "-o", "y"], ["key", "passwd", "-k", "pkcs11:object=x"],
                     ["key", "encrypt", "-k", "x", "--strength", "huge"], ["keygen", "-e", "-k", "pkcs11:object=x"],
                     ["keygen", "-k", "file.pem"], ["keygen", "--purpose", "release", "-k", "pkcs11:object=x"],
                     ["audit", "verify", "--passphrase-file", "x", "y"]):
            with self.subTest(args=args):
                self.assertNotEqual(run(*args, status=USAGE).stderr, "")


class Asked(Keys):
    def test_asked_twice_and_not_echoed(self):
        t = Terminal("keygen", "-e", *CHEAP, "-o", self.key)
        t.answer(f"new passphrase for {self.key}: ", PASS)
        t.answer("the same again", PASS)
        self.assertEqual(t.end(), 0)
        self.assertNotIn(PASS.encode(), t.seen)
        t = Terminal(*self.sign_args())
        t.answer(f"passphrase of {self.key}: ", PASS)
        self.assertEqual(t.end(), 0)
        alone(*self.sign_args(), "--passphrase-file", self.passphrase)

    def test_different_answers(self):
        t = Terminal("keygen", "-e", *CHEAP, "-o", self.key)
        t.answer("new passphrase for", PASS)
        t.answer("the same again", PASS + "x")
        self.assertEqual(os.waitstatus_to_exitcode(t.end()), FAILED)
        self.assertIn(b"differ", t.seen)
        self.assertEqual(list(self.dir.glob("k.*")), [])

    def test_interrupted(self):
        t = Terminal("keygen", "-e", "-o", self.key)
        t.until("new passphrase for")
        self.assertFalse(t.echoes())
        t.type("half a passph\x03")
        self.assertEqual(os.waitstatus_to_exitcode(t.end()), -signal.SIGINT)
        self.assertEqual(list(self.dir.glob("k.*")), [])


# RFC 8032, 7.1, test 1: a key that everybody can look up
SAMPLE_SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
MCUBOOT_ED25519 = "d4b31ba49a3add3f825d10ca7f31b50b0de87f37ccc49f1a403a5c1320ffb4e0"


def pem(kind, der):
    return f"-----BEGIN {kind} KEY-----\n{base64.b64encode(bytes.fromhex(der)).decode()}\n-----END {kind} KEY-----\n"


class Samples(Keys):
    def test_signing(self):
        secret(self.key, pem("PRIVATE", "302e020100300506032b657004220420" + SAMPLE_SEED))
        said = alone(*self.sign_args(), status=FAILED).stderr
        self.assertIn("RFC 8032", said)
        self.assertIn("--allow-sample-key", said)
        self.assertFalse((self.dir / "x").exists())
        run("publish", "--platform", "p", "--version", "1.0.0", "-k", self.key, "--out", self.dir / "out", self.app, status=FAILED)
        self.assertFalse((self.dir / "out").exists())
        alone(*self.sign_args(), "--allow-sample-key")
        run("verify", "-k", self.key, self.dir / "x")
        run("key", "encrypt", "-k", self.key, "--passphrase-file", self.passphrase, status=FAILED)

    def test_trusting(self):
        sample = self.dir / "root-ed25519.pub"
        sample.write_text(pem("PUBLIC", "302a300506032b6570032100" + MCUBOOT_ED25519))
        new = ["keymanifest", "new", "--class", "c", "--sequence", 1, "--release-key", KEYS / "release.pub", "-o", self.dir / "m"]
        self.assertIn("MCUboot", run(*new, "--image-key", sample, status=FAILED).stderr)
        roots = ["keymanifest", "roots", "--c-source", self.dir / "roots.c"]
        for root in (KEYS / "root1.pub", sample, KEYS / "root3.pub"):
            roots += ["--root", root]
        self.assertIn("MCUboot", run(*roots, status=FAILED).stderr)
        run(*new, "--image-key", sample, "--allow-sample-key", status=DONE)


if __name__ == "__main__":
    unittest.main()
