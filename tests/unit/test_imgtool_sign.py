#!/usr/bin/env python3
"""signer imgtool sign, verify and dumpinfo: words, refusals, what is stricter than imgtool."""
import base64
import hashlib
import json
import subprocess
import unittest

from imgtool_lab import DONE, FAILED, KEYHASH, KEYS, NOT_AUTHENTIC, TYPES, USAGE, ECDSA, Case, hex_bytes, parts_of, raw


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

    def test_full_area(self):
        """Up to its last bytes, an entry is refused and not half written."""
        (self.dir / "half").write_bytes(bytes(32768))
        for n in range(32746, 32760):  # 4 + 32768 + 4 + n of 65531 bytes are taken
            (self.dir / "rest").write_bytes(bytes(n))
            fits = n <= 32751  # another empty entry needs four
            self.sign("full.bin", "-S", 0x40000, "--custom-tlv-file", "0xa0", "half", "--custom-tlv-file", "0xa1", "rest", "--custom-tlv", "0xa2",
                      "0x", status=DONE if fits else USAGE)

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
        for at in range(0, len(good), 7):
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


if __name__ == "__main__":
    unittest.main()
