#!/usr/bin/env python3
"""signer imgtool against what imgtool 2.4.0 did: 260 recorded cases, and every command's words; signer resign."""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import stat
import struct
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNER = str(pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve() / "signer" / "signer")
VECTORS = ROOT / "tests" / "vectors" / "imgtool"
KEYS = VECTORS / "keys"
DONE, FAILED, USAGE, NOT_AUTHENTIC = 0, 1, 2, 3
TYPES = ("rsa-2048", "rsa-3072", "ecdsa-p256", "ecdsa-p384", "ed25519", "x25519")
ECDSA, KEYHASH = 0x22, 0x01


def raw(*args, cwd=None, **kwargs):
    return subprocess.run([SIGNER, *map(str, args)], capture_output=True, timeout=60, cwd=cwd, **kwargs)


def hex_bytes(text):
    """Intel HEX as {address: byte}."""
    out, base = {}, 0
    for line in text.split():
        record = bytes.fromhex(line[1:])
        assert sum(record) & 0xff == 0 and record[0] == len(record) - 5
        if record[3] == 4:
            base = int.from_bytes(record[4:6], "big") << 16
        for i, b in enumerate(record[4:-1] if record[3] == 0 else b""):
            out[base + (record[1] << 8 | record[2]) + i] = b
    return out


class Parts:
    """An image taken apart: what is hashed, the plain entries, what stands behind, and what of it is set."""

    def __init__(self, data):
        e = "<" if data[:4] == bytes.fromhex("3db8f396") else ">"
        head, protected, payload = struct.unpack(e + "HHI", data[8:16])
        at = head + payload + protected
        magic, total = struct.unpack(e + "HH", data[at:at + 4])
        assert magic == 0x6907
        self.hashed, self.entries, self.behind, self.start = data[:at], [], data[at + total:], at
        end, at = at + total, at + 4
        while at < end:
            kind, n = data[at] or data[at + 1] << 8, struct.unpack(e + "H", data[at + 2:at + 4])[0]
            self.entries.append((kind, data[at + 4:at + 4 + n]))
            at += 4 + n
        assert at == end

    def but_for_ecdsa(self):
        return self.hashed, [(k, None if k == ECDSA else v) for k, v in self.entries], self.behind.lstrip(b"\0\xff")


def parts_of(path):
    if path.suffix != ".hex":
        return Parts(path.read_bytes())
    data = hex_bytes(path.read_text())
    first = min(data)
    return Parts(bytes(data.get(a, 0xff) for a in range(first, max(data) + 1)))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.app = self.dir / "app.bin"
        self.app.write_bytes(bytes(range(256)) * 4)

    def run_it(self, *args, status=DONE, **kwargs):
        r = raw(*args, cwd=self.dir, **kwargs)
        self.assertEqual(r.returncode, status, f"{args}: {r.stdout}{r.stderr}")
        self.assertNotIn(b"Traceback", r.stderr)
        if status != DONE:  # verify says its verdict on stdout, as imgtool does
            self.assertTrue(b"signer: " in r.stderr or "verify" in args and r.stdout, args)
        return r

    def imgtool(self, *args, status=DONE, **kwargs):
        return self.run_it("imgtool", *args, status=status, **kwargs)

    def sign(self, out, *options, key="ed25519-a", status=DONE, source=None):
        keys = () if key is None else ("-k", KEYS / f"{key}.pem")
        self.imgtool("sign", "-v", "1.2.3+4", "-H", 64, "-S", 0x4000, "--pad-header", *keys, *options, source or self.app,
                     self.dir / out, status=status)
        return self.dir / out

    def key(self, kind):
        path = self.dir / f"{kind}.pem"
        self.imgtool("keygen", "-t", kind, "-k", path)
        return path


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
        if case["rc"] == 0 and "--vector-to-sign" not in case["args"] and int(case["id"]) % 4 == 0:
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


class Sign(Case):
    def refused(self, *options, key="ed25519-a", source=None):
        self.sign("refused.bin", *options, key=key, status=USAGE, source=source)
        self.assertFalse((self.dir / "refused.bin").exists())

    def test_usage(self):
        for bad in (["-v", "256.0.0"], ["-v", "1.2+3"], ["-v", "01.2.3"], ["-v", "1.2.3.4"], ["-v", ""], ["-H", "31"], ["-H", "x"],
                    ["-H", "070"], ["-S", "0x"], ["--align", "3"], ["--max-align", "4"], ["-R", "1"], ["-e", "middle"],
                    ["-L", "1", "-F", "1"], ["-s", "4294967296"], ["-s", "-1"], ["-d", "1, 2"], ["-d", "(256, 1.0.0)"],
                    ["-d", "(1, 1.0.0"], ["--boot-record", "thirteen-char"], ["--custom-tlv", "0x9f", "x"],
                    ["--custom-tlv", "0xffff", "x"], ["--custom-tlv", "0xa0", "0x123"], ["--custom-tlv", "0xa0", "0xgg"],
                    ["--custom-tlv", "0xa0", "a", "--custom-tlv", "0xa0", "b"], ["--custom-tlv-file", "0xa0", "absent"],
                    ["--cid", "name"], ["--sha", "384"], ["--sha", "256", "--pure"], ["-k", "absent"], ["-S", "0x80"],
                    ["--fix-sig", "x"], ["--vector-to-sign", "digest", "--sig-out", "s"], ["-x"], ["--public-key-format", "half"]):
            with self.subTest(bad=bad):
                self.refused(*bad)
        self.refused("--pure", key="p256-a")
        self.refused("--sha", "512", key="p256-a")
        self.refused("--sig-out", "s", key=None)
        self.refused(source=self.dir / "absent")

    def test_encryption_and_compression_are_refused_in_words(self):
        for options in (["-E", KEYS / "p256-a.pem"], ["--compression", "lzma2"]):
            r = raw("imgtool", "sign", "-v", "1.0.0", "-H", 32, "-S", 0x4000, "--pad-header", *options, self.app, self.dir / "o")
            self.assertEqual(r.returncode, USAGE)
            self.assertIn(b"not supported", r.stderr)
        plain, with_words = self.sign("a.bin"), self.sign("b.bin", "--compression", "disabled", "--encrypt-keylen", "256",
                                                           "--hmac-sha", "auto", "--save-enctlv", "-c")
        self.assertEqual(plain.read_bytes(), with_words.read_bytes())

    def test_header_room(self):
        self.imgtool("sign", "-v", "1", "-H", 32, "-S", 0x4000, self.app, "o", status=USAGE)
        self.app.write_bytes(bytes(16))
        self.imgtool("sign", "-v", "1", "-H", 32, "-S", 0x4000, self.app, "o", status=USAGE)

    def test_create_and_equals_signs(self):
        args = ["--version=1.2.3+4", "-H64", "--slot-size=0x4000", "--pad-header", f"--key={KEYS / 'ed25519-a.pem'}", self.app]
        self.imgtool("create", *args, "created.bin")
        self.assertEqual((self.dir / "created.bin").read_bytes(), self.sign("signed.bin").read_bytes())

    def test_hex_in_and_out(self):
        plain = self.sign("a.bin").read_bytes()
        self.sign("a.hex", "-x", "0x8000")
        data = hex_bytes((self.dir / "a.hex").read_text())
        self.assertEqual((min(data), bytes(data[a] for a in sorted(data))), (0x8000, plain))
        for name in ("a.hex", "a.bin"):
            self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", name)
        # A program in HEX: the header goes before its first address.
        lines = [f":10{i:04X}00{self.app.read_bytes()[i:i + 16].hex().upper()}" for i in range(0, 1024, 16)]
        lines = [line + f"{-sum(bytes.fromhex(line[1:])) & 0xff:02X}" for line in lines]
        source = self.dir / "app.hex"
        source.write_text(":020000040801F1\n" + "\n".join(lines) + "\n:00000001FF\n")
        self.sign("b.hex", source=source)
        data = hex_bytes((self.dir / "b.hex").read_text())
        self.assertEqual((min(data), bytes(data[a] for a in sorted(data))), (0x08010000 - 64, plain))
        self.assertEqual(self.sign("b.bin", source=source).read_bytes(), plain)
        source.write_text(":020000040801F1\n" + "\n".join(lines) + "\n")
        self.refused(source=source)

    def test_custom_tlv_file(self):
        (self.dir / "value").write_bytes(b"\0\1\2")
        a = self.sign("a.bin", "--custom-tlv-file", "0xb0", "value").read_bytes()
        self.assertEqual(a, self.sign("b.bin", "--custom-tlv", "0xb0", "0x000102").read_bytes())

    def test_signed_elsewhere(self):
        """The digest goes out, the signature comes back; a wrong one is not written."""
        self.sign("digest", "--vector-to-sign", "digest", key=None)
        public = self.dir / "public.pem"
        self.imgtool("getpub", "-k", KEYS / "ed25519-a.pem", "-e", "pem", "-o", public)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", KEYS / "ed25519-a.pem", "-in", self.dir / "digest"],
                                   check=True, capture_output=True).stdout
        want = self.sign("want.bin").read_bytes()
        (self.dir / "sig").write_bytes(base64.encodebytes(signature))
        for options in (["--fix-sig", "sig", "--fix-sig-pubkey", public], ["--fix-sig", "sig", "-k", public]):
            self.assertEqual(self.sign("fixed.bin", *options, key=None).read_bytes(), want)
        self.sign("both.bin", "--fix-sig", "sig", "--fix-sig-pubkey", public, status=USAGE)
        self.sign("private.bin", "--fix-sig", "sig", status=USAGE)
        for wrong in (bytes(64), signature[:-1], b""):
            (self.dir / "sig").write_bytes(base64.b64encode(wrong))
            r = raw("imgtool", "sign", "-v", "1.2.3+4", "-H", 64, "-S", 0x4000, "--pad-header", "--fix-sig", "sig", "--fix-sig-pubkey",
                    public, self.app, "wrong.bin", cwd=self.dir)
            self.assertIn(r.returncode, (USAGE, NOT_AUTHENTIC))
            self.assertFalse((self.dir / "wrong.bin").exists())
        self.sign("vector", "--vector-to-sign", "payload", "-k", public, key=None)
        self.sign("unsigned", "-k", public, key=None, status=USAGE)

    def test_every_kind_of_key(self):
        for kind in TYPES:
            key = self.key(kind)
            if kind == "x25519":
                self.sign("x.bin", "-k", key, key=None, status=USAGE)
                continue
            for order in ("little", "big"):
                path = self.sign(f"{kind}-{order}.bin", "-k", key, "-e", order, key=None)
                self.imgtool("verify", "-k", key, path)
                self.imgtool("verify", "-k", KEYS / "ed25519-b.pem", path, status=FAILED)
                parts = parts_of(path)
                kind_of_hash, digest = parts.entries[0]
                self.assertEqual(digest, hashlib.new({0x10: "sha256", 0x11: "sha384"}[kind_of_hash], parts.hashed).digest())

    def test_openssl_agrees(self):
        for kind, options in (("rsa-2048", ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32", "-pkeyopt", "digest:sha256"]),
                              ("ecdsa-p384", [])):
            parts = parts_of(self.sign("a.bin", "-k", self.key(kind), key=None))
            (self.dir / "sig").write_bytes(parts.entries[-1][1])
            (self.dir / "digest").write_bytes(parts.entries[0][1])
            subprocess.run(["openssl", "pkeyutl", "-verify", "-inkey", f"{kind}.pem", "-sigfile", "sig", "-in", "digest", *options],
                           check=True, capture_output=True, cwd=self.dir)

    def test_padded_ecdsa(self):
        path = self.sign("a.bin", "--pad-sig", key="p256-a")
        self.assertEqual(len(dict(parts_of(path).entries)[ECDSA]), 72)
        self.imgtool("verify", "-k", KEYS / "p256-a.pem", path)


class Verify(Case):
    def test_words(self):
        path = self.sign("a.bin")
        out = self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", path).stdout.decode()
        digest = parts_of(path).entries[0][1].hex()
        self.assertEqual(out, f"Image was correctly validated\nImage version: 1.2.3+4\nImage digest: {digest}\n")

    def test_nobody_vouches(self):
        for path in (self.sign("signed.bin"), self.sign("unsigned.bin", key=None)):
            self.assertIn(b"NOT authenticated", self.imgtool("verify", path, status=NOT_AUTHENTIC).stdout)
            self.assertIn(b"correctly validated", self.imgtool("verify", "--compat", path).stdout)
        self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", "unsigned.bin", status=FAILED)

    def test_other_keyhash(self):
        path = self.sign("a.bin")
        data = bytearray(path.read_bytes())
        hashed = dict(parts_of(path).entries)[KEYHASH]
        data[data.index(hashed)] ^= 1
        path.write_bytes(data)
        self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", path, status=FAILED)
        self.imgtool("verify", "--compat", "-k", KEYS / "ed25519-a.pem", path)

    def test_garbage_behind(self):
        path = self.sign("a.bin")
        path.write_bytes(path.read_bytes() + b"\xff" * 9)
        self.assertEqual(self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", path).stderr, b"")
        path.write_bytes(path.read_bytes() + b"garbage")
        self.assertIn(b"16 bytes behind", self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", path).stderr)
        self.assertEqual(self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", self.sign("p.bin", "--confirm")).stderr, b"")

    def test_every_byte_counts(self):
        self.app.write_bytes(b"tiny")
        good = self.sign("a.bin", "-s", "auto", "--cid", "00112233-4455-6677-8899-aabbccddeeff").read_bytes()
        for at in range(0, len(good), 3):
            path = self.dir / "bad.bin"
            path.write_bytes(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1:])
            self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", path, status=FAILED)

    def test_cut_short(self):
        good = self.sign("a.bin", "-s", "1").read_bytes()
        for n in (0, 1, 31, 32, 63, len(good) - 150, len(good) - 100, len(good) - 1):
            (self.dir / "cut.bin").write_bytes(good[:n])
            for verb in ("verify", "dumpinfo"):
                r = raw("imgtool", verb, "cut.bin", cwd=self.dir)
                self.assertIn(r.returncode, (FAILED, USAGE))
                self.assertTrue(r.stdout + r.stderr)
        self.imgtool("verify", "absent", status=USAGE)


class Keys(Case):
    def test_keygen(self):
        for kind in TYPES:
            path = self.dir / f"{kind}.pem"
            self.imgtool("keygen", "-t", kind, "-k", path, preexec_fn=lambda: os.umask(0o022))
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"], check=True, capture_output=True, text=True).stdout
            self.assertIn({"rsa-2048": "2048 bit", "rsa-3072": "3072 bit", "ecdsa-p256": "P-256", "ecdsa-p384": "P-384",
                           "ed25519": "ED25519", "x25519": "X25519"}[kind], text)
        self.imgtool("keygen", "-t", "dsa", "-k", "x", status=USAGE)
        self.imgtool("keygen", "-k", "x", status=USAGE)

    def test_keygen_replaces_nothing_unasked(self):
        path = self.key("ed25519")
        before = path.read_bytes()
        self.imgtool("keygen", "-t", "ed25519", "-k", path, status=FAILED)
        self.imgtool("keygen", "--force", "-t", "ed25519", "-k", path, status=FAILED, input=b"no\n")
        self.imgtool("keygen", "--force", "-t", "ed25519", "-k", path, status=FAILED, stdin=subprocess.DEVNULL)
        self.assertEqual(path.read_bytes(), before)
        self.imgtool("keygen", "--force", "-t", "ed25519", "-k", path, input=b"yes\n")
        asked = path.read_bytes()
        self.imgtool("keygen", "--compat", "-t", "ed25519", "-k", path)
        self.assertEqual(len({before, asked, path.read_bytes()}), 3)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_passphrase(self):
        (self.dir / "word").write_text("correct horse\n")
        (self.dir / "wrong").write_text("incorrect horse\n")
        for name in ("word", "wrong"):
            (self.dir / name).chmod(0o600)
        for kind in ("ed25519", "rsa-2048"):
            self.imgtool("keygen", "-p", "-t", kind, "-k", f"{kind}.pem", "--passphrase-file", "word")
            text = (self.dir / f"{kind}.pem").read_text()
            self.assertIn("BEGIN ENCRYPTED PRIVATE KEY", text)
            shown = subprocess.run(["openssl", "asn1parse", "-in", self.dir / f"{kind}.pem"], check=True, capture_output=True, text=True).stdout
            self.assertIn("aes-256-cbc", shown)
            self.assertIn(":0927C0", shown)  # 600,000 rounds
            self.sign("a.bin", "-k", f"{kind}.pem", "--passphrase-file", "word", key=None)
            self.imgtool("verify", "-k", f"{kind}.pem", "--passphrase-file", "word", "a.bin")
            self.imgtool("keyinfo", "-k", f"{kind}.pem", "--passphrase-file", "wrong", status=FAILED)

    def test_getpub(self):
        der = subprocess.run(["openssl", "pkey", "-in", KEYS / "ed25519-a.pem", "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        rows = [" ".join(f"0x{b:02x}," for b in der[i:i + 8]) for i in range(0, 44, 8)]
        body = "".join(f"    {row}\n" for row in rows)
        c = ("/* Autogenerated by imgtool.py, do not edit. */\nconst unsigned char ed25519_pub_key[] = {\n" + body +
             "};\nconst unsigned int ed25519_pub_key_len = 44;\n")
        key = ("-k", KEYS / "ed25519-a.pem")
        for options in ([], ["-e", "lang-c"], ["-l", "c"]):
            self.assertEqual(self.imgtool("getpub", *key, *options).stdout.decode(), c)
        rust = "/* Autogenerated by imgtool.py, do not edit. */\nstatic ED25519_PUB_KEY: &[u8] = &[\n" + body + "];\n"
        for options in (["-e", "lang-rust"], ["-l", "rust"]):
            self.assertEqual(self.imgtool("getpub", *key, *options).stdout.decode(), rust)
        self.assertEqual(self.imgtool("getpub", *key, "-e", "raw").stdout, der)
        self.imgtool("getpub", *key, "-e", "pem", "-o", "pub.pem")
        self.assertEqual(self.imgtool("getpub", "-k", "pub.pem").stdout.decode(), c)
        named = self.imgtool("getpub", *key, "--name-suffix", "_1").stdout.decode()
        self.assertIn("ed25519_pub_key_1[]", named)
        self.assertIn("ed25519_pub_key_len_1 = 44", named)
        self.imgtool("getpub", *key, "--name-suffix", "; x", status=USAGE)
        self.imgtool("getpub", *key, "-e", "raw", "-l", "c", status=USAGE)

    def test_getpub_of_rsa_is_pkcs1(self):
        path = self.key("rsa-2048")
        want = subprocess.run(["openssl", "rsa", "-in", path, "-RSAPublicKey_out", "-outform", "DER"], check=True, capture_output=True)
        self.assertEqual(self.imgtool("getpub", "-k", path, "-e", "raw").stdout, want.stdout)
        self.assertIn(b"rsa_pub_key_len = 270", self.imgtool("getpub", "-k", path).stdout)

    def test_getpubhash(self):
        key = ("-k", KEYS / "p256-a.pem")
        der = self.imgtool("getpub", *key, "-e", "raw").stdout
        self.assertEqual(self.imgtool("getpubhash", *key, "-e", "raw").stdout, hashlib.sha256(der).digest())
        text = self.imgtool("getpubhash", *key).stdout.decode()
        self.assertIn("const unsigned char ecdsa_pub_key_hash[] = {", text)
        self.assertIn("const unsigned int ecdsa_pub_key_hash_len = 32;", text)
        self.imgtool("getpubhash", *key, "-e", "pem", status=USAGE)

    def array(self, *args):
        text = self.imgtool("getpriv", *args).stdout.decode()
        data = bytes(int(b, 16) for b in re.findall(r"0x([0-9a-f]{2}),", text))
        self.assertIn(f"const unsigned int enc_priv_key_len = {len(data)};", text)
        return data

    def test_getpriv(self):
        def openssl(*args, data=None):
            return subprocess.run(["openssl", *args], check=True, capture_output=True, input=data).stdout
        rsa, ec, x = self.key("rsa-2048"), self.key("ecdsa-p256"), self.key("x25519")
        self.assertEqual(self.array("-k", rsa), openssl("rsa", "-in", rsa, "-traditional", "-outform", "DER"))
        self.assertEqual(self.array("-k", ec), openssl("pkcs8", "-topk8", "-nocrypt", "-in", ec, "-outform", "DER"))
        self.assertEqual(self.array("-k", ec, "-f", "openssl"), openssl("ec", "-in", ec, "-outform", "DER"))
        self.assertEqual(self.array("-k", x), openssl("pkey", "-in", x, "-outform", "DER"))
        small = self.array("-k", rsa, "--minimal")
        self.assertEqual(openssl("asn1parse", "-inform", "DER", data=small).count(b"INTEGER"), 6)
        small = self.array("-k", ec, "--minimal")
        self.assertEqual(len(small), 67)
        self.assertEqual(openssl("pkey", "-inform", "DER", "-pubout", data=small), openssl("pkey", "-in", ec, "-pubout"))
        self.imgtool("getpriv", "-k", self.key("ed25519"), status=USAGE)
        self.imgtool("getpriv", "-k", rsa, "-f", "pkcs8", status=USAGE)
        self.imgtool("getpriv", "-k", x, "-f", "openssl", status=USAGE)

    def test_keyinfo(self):
        self.imgtool("getpub", "-k", KEYS / "p256-a.pem", "-e", "pem", "-o", "pub.pem")
        for path, word in ((KEYS / "p256-a.pem", "private"), ("pub.pem", "public")):
            self.assertEqual(self.imgtool("keyinfo", "-k", path, "--require", word).stdout.decode(), word + "\n")
        self.imgtool("keyinfo", "-k", "pub.pem", "--require", "private", status=FAILED)
        self.imgtool("keyinfo", "-k", self.app, status=USAGE)
        self.imgtool("keyinfo", "-k", "absent", status=USAGE)


class Dumpinfo(Case):
    def test_json(self):
        path = self.sign("a.bin", "-s", "5", "--custom-tlv", "0xb0", "hi", "--confirm", "--non-bootable")
        out = json.loads(self.imgtool("dumpinfo", "-f", "json", path).stdout)
        self.assertEqual(out["filename"], "a.bin")
        self.assertEqual(out["header"], {"magic": 0x96f3b83d, "load_addr": 0, "hdr_size": 64, "protected_tlv_size": 18, "img_size": 1024,
                                         "flags": 16, "version": "1.2.3+4"})
        self.assertEqual(out["tlv_area"]["tlv_hdr_prot"], {"magic": 0x6908, "tlv_tot": 18})
        self.assertEqual([(t["type"], t["type_name"], t["len"], t["data"]) for t in out["tlv_area"]["tlvs_prot"]],
                         [(0x50, "SEC_CNT", 4, "05000000"), (0xb0, "UNKNOWN", 2, "6869")])
        self.assertEqual([(t["type"], bytes.fromhex(t["data"])) for t in out["tlv_area"]["tlvs"]], parts_of(path).entries)
        self.assertEqual(out["trailer"], {"magic": "77c295f360d2ef7f3552500f2cb67980", "image_ok": 1, "copy_done": 255, "swap_info": 255,
                                          "swap_size": 0xffffffff})

    def test_yaml(self):
        path = self.sign("a.bin", key=None)
        self.imgtool("dumpinfo", "-o", "info", path)
        digest = base64.b64encode(parts_of(path).entries[0][1]).decode()
        self.assertEqual((self.dir / "info").read_text(), f"""filename: a.bin
header:
  magic: 2532554813
  load_addr: 0
  hdr_size: 64
  protected_tlv_size: 0
  img_size: 1024
  flags: 0
  version: 1.2.3+4
tlv_area:
  tlv_hdr_prot: {{}}
  tlvs_prot: []
  tlv_hdr:
    magic: 26887
    tlv_tot: 40
  tlvs:
  - type: 16
    type_name: SHA256
    len: 32
    data: !!binary |
      {digest}
trailer: {{}}
""")

    def test_human(self):
        path = self.sign("a.bin", "-L", "0x20000000", "--pad")
        lines = self.imgtool("dumpinfo", path).stdout.decode().splitlines()
        for line in ("Printing content of signed image: a.bin ", "#### Image header (offset: 0x0) ############################",
                     "load_addr:          0x20000000", "flags:              RAM_LOAD (0x20)", "version:            1.2.3+4",
                     "#### TLV area (offset: 0x440) ##############################", "        type: ED25519 (0x24)", "        len:  0x40",
                     "|               FW image (size: 0x400 Bytes)               |", "image_ok:    INVALID (0xff)"):
            self.assertIn(line, lines)

    def test_not_images(self):
        self.imgtool("dumpinfo", self.app, status=USAGE)
        self.imgtool("dumpinfo", "absent", status=USAGE)
        self.imgtool("dumpinfo", "-f", "xml", self.sign("a.bin"), status=USAGE)


class Resign(Case):
    def resign(self, path, key, *options, out="resigned.bin", status=DONE):
        self.run_it("resign", "-k", key, *options, path, self.dir / out, status=status)
        return self.dir / out

    def test_as_if_made_so(self):
        """By another key of the same kind, the bytes are those of signing the program with it."""
        for options in ([], ["-s", "auto", "--vid", "v", "--cid", "c", "--custom-tlv", "0xb0", "x"], ["--sha", "512"], ["--pure"],
                        ["-e", "big"], ["--confirm", "--align", "16"], ["--public-key-format", "full"]):
            a, b = self.sign("a.bin", *options), self.sign("b.bin", *options, key="ed25519-b")
            again = self.resign(a, KEYS / "ed25519-b.pem", "--was", KEYS / "ed25519-a.pem")
            self.assertEqual(again.read_bytes(), b.read_bytes(), options)

    def test_unsigned_and_hex(self):
        want = self.sign("want.hex", "-x", "0x8000").read_bytes()
        unsigned = self.sign("a.hex", "-x", "0x8000", key=None)
        self.assertEqual(self.resign(unsigned, KEYS / "ed25519-a.pem", out="r.hex").read_bytes(), want)
        self.resign(self.sign("a.bin"), KEYS / "ed25519-a.pem", out="b.hex", status=FAILED)

    def test_between_kinds(self):
        for kind in TYPES[:-1]:
            for padded in ([], ["--pad"]):
                path = self.sign("a.bin", *padded)
                again = self.resign(path, self.key(f"{kind}") if not (self.dir / f"{kind}.pem").exists() else self.dir / f"{kind}.pem")
                self.imgtool("verify", "-k", self.dir / f"{kind}.pem", again)
                self.imgtool("verify", "-k", KEYS / "ed25519-a.pem", again, status=FAILED)
                self.assertEqual(parts_of(again).hashed, parts_of(path).hashed)
                if padded:
                    self.assertEqual(len(again.read_bytes()), len(path.read_bytes()))
                    self.assertEqual(again.read_bytes()[-16:], path.read_bytes()[-16:])

    def test_refusals(self):
        good = self.sign("a.bin")
        self.resign(good, KEYS / "ed25519-b.pem", "--was", KEYS / "ed25519-b.pem", status=NOT_AUTHENTIC)
        data = bytearray(good.read_bytes())
        data[100] ^= 1
        (self.dir / "bad.bin").write_bytes(data)
        self.resign(self.dir / "bad.bin", KEYS / "ed25519-b.pem", status=NOT_AUTHENTIC)
        self.resign(self.app, KEYS / "ed25519-b.pem", status=FAILED)
        self.resign(self.sign("p.bin", "--pure"), KEYS / "p256-a.pem", status=FAILED)
        (self.dir / "tail.bin").write_bytes(good.read_bytes() + b"tail")
        self.resign(self.dir / "tail.bin", self.key("rsa-2048"), status=FAILED)
        for args in (["-k", KEYS / "ed25519-b.pem", good], [good, "out"], ["-k", KEYS / "ed25519-b.pem", good, "out", "more"]):
            self.run_it("resign", *args, status=USAGE)
        self.assertFalse((self.dir / "resigned.bin").exists())


if __name__ == "__main__":
    unittest.main()
