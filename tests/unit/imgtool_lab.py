"""What the tests of signer imgtool share: running it, Intel HEX, images taken apart."""
import os
import pathlib
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
