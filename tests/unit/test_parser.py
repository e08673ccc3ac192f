#!/usr/bin/env python3
"""Two readers of images, written apart from each other, say the same of every image: tests/vectors/parser.py from the
specification, firmware/image in C.  Over imgtool's images, ours, forged ones, and 40,000 that were changed at random."""
import hashlib
import os
import pathlib
import random
import struct
import subprocess
import sys
import unittest
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
TOOL = pathlib.Path(os.environ["OTAD_BUILD"]) / "tests" / "unit" / "verdicts"
sys.path.insert(0, str(VECTORS))
import parser as second  # noqa: E402

MUTANTS, SEED, SMALL = 40_000, 20240611, 9000
TYPES = [0x01, 0x02, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x30, 0x33, 0x34, 0x40, 0x50, 0x60, 0x70, 0x73, 0x74, 0x75, 0xa0,
         0x00a5, 0xffff]
LENGTHS = [0, 1, 4, 7, 8, 16, 31, 32, 33, 48, 63, 64, 65, 70, 72, 73, 0xffff]


def in_c(images):
    feed = b"".join(struct.pack("<I", len(i)) + i for i in images)
    out = subprocess.run([TOOL], input=feed, stdout=subprocess.PIPE, check=True).stdout.decode().split()
    assert len(out) == len(images)
    return out


class Pieces:
    """An image taken apart: header and payload, then the entries of both areas."""

    def __init__(self, data):
        header, protect, payload = struct.unpack_from("<8xHHI", data)
        at = header + payload
        self.head = bytearray(data[:at])
        self.areas = []
        if protect:
            self.areas.append([0x6908, self.read(data, at)])
            at += protect
        self.areas.append([0x6907, self.read(data, at)])
        self.behind = data[at + struct.unpack_from("<H", data, at + 2)[0]:][:64]

    @staticmethod
    def read(data, at):
        end, found = at + struct.unpack_from("<H", data, at + 2)[0], []
        at += 4
        while at < end:
            kind, length = struct.unpack_from("<HH", data, at)
            found.append([kind, bytes(data[at + 4:at + 4 + length]), length])
            at += 4 + length
        return found

    @staticmethod
    def area(magic, entries, adjust=0):
        body = b"".join(struct.pack("<HH", kind, length) + value for kind, value, length in entries)
        return struct.pack("<HH", magic, (len(body) + 4 + adjust) & 0xffff) + body

    def data(self, adjust=0, honest=True):
        head = bytearray(self.head)
        first = self.area(*self.areas[0]) if len(self.areas) > 1 else b""
        struct.pack_into("<H", head, 10, (len(first) if honest else len(first) + 1) & 0xffff)
        return bytes(head) + first + self.area(*self.areas[-1], adjust) + self.behind

    def digest_again(self, honest=True):
        signed = self.data(honest=honest)[:len(self.head)]
        if len(self.areas) > 1:
            signed += self.area(*self.areas[0])
        for entry in self.areas[-1][1]:
            if entry[0] == 0x10 and len(entry[1]) == 32:
                entry[1] = hashlib.sha256(signed).digest()
            if entry[0] == 0x12 and len(entry[1]) == 64:
                entry[1] = hashlib.sha512(signed).digest()


def change_entries(p, r):
    entries = r.choice(p.areas)[1]
    kind = r.randrange(7)
    if kind == 0 or not entries:
        n = r.choice(LENGTHS[:-1])
        entries.insert(r.randrange(len(entries) + 1), [r.choice(TYPES), r.randbytes(n), n])
    elif kind == 1:
        entries.pop(r.randrange(len(entries)))
    elif kind == 2:
        entries.append(list(r.choice(entries)))
    elif kind == 3:
        r.choice(entries)[0] = r.choice(TYPES)
    elif kind == 4:
        r.choice(entries)[2] = r.choice(LENGTHS)
    elif kind == 5:
        e = r.choice(entries)
        e[2] = r.choice(LENGTHS[:-1])
        e[1] = (e[1] + bytes(80))[:e[2]]
    else:
        r.shuffle(entries)


def change_header(p, r):
    field, size = r.choice([(0, 4), (4, 4), (8, 2), (12, 4), (16, 4), (20, 8), (28, 4)])
    old = int.from_bytes(p.head[field:field + size], "little")
    new = r.choice([old ^ 1 << r.randrange(8 * size), old + 1, old - 1, 0, 32, 4096, 4097, r.getrandbits(8 * size)]) % (1 << 8 * size)
    p.head[field:field + size] = new.to_bytes(size, "little")


def mutant(data, r):
    kind = r.randrange(10)
    if kind == 0:
        return data[:r.randrange(len(data) + 1)]
    if kind == 1:
        changed = bytearray(data)
        for _ in range(r.randrange(1, 4)):
            changed[r.randrange(len(changed))] ^= 1 << r.randrange(8)
        return bytes(changed)
    p = Pieces(data)
    if kind in (2, 3):
        change_header(p, r)
    for _ in range(r.choice([0, 1, 1, 2])):
        change_entries(p, r)
    honest = r.random() < 0.95
    if r.random() < 0.8:
        p.digest_again(honest)
    return p.data(r.choice([0] * 12 + [1, -1, 4, -4, 3]), honest)


class Parser(unittest.TestCase):
    def compare(self, images):
        theirs, ours = in_c(images), [second.verdict(i) for i in images]
        for n, (c, python) in enumerate(zip(theirs, ours)):
            self.assertEqual(c, python, f"image {n} of {len(images)} bytes {images[n][:40].hex()}")
        return ours

    def test_imgtool(self):
        lines = [line.split() for line in (VECTORS / "imgtool" / "expected.txt").read_text().splitlines()]
        images = [line for line in lines if line[0] == "image"]
        said = self.compare([(VECTORS / "imgtool" / "out" / line[1]).read_bytes() for line in images])
        self.assertEqual(said, [line[2] for line in images])
        self.assertGreater(len(images), 150)

    def test_golden_and_forged(self):
        lines = [line.split() for line in (VECTORS / "images" / "expected.txt").read_text().splitlines() if line[0] != "#"]
        said = self.compare([(VECTORS / "images" / name).read_bytes() for name, _ in lines])
        beyond = {"below-floor", "wrong-class", "no-policy-tlv", "unknown-key", "bad-signature"}
        for (name, expected), verdict in zip(lines, said):
            self.assertEqual(verdict, "good" if expected in beyond else expected, name)

    def test_mutants(self):
        r = random.Random(SEED)
        seeds = [p.read_bytes() for folder in ("images", "imgtool/out") for p in sorted((VECTORS / folder).iterdir())
                 if p.suffix in (".img", ".bin")]
        seeds = [s for s in seeds if len(s) < SMALL and second.verdict(s) == "good"]
        self.assertGreater(len(seeds), 30)
        said = Counter(self.compare([mutant(r.choice(seeds), r) for _ in range(MUTANTS)]))
        for verdict in ("good", "bad-digest", "malformed", "too-large", "blank", "encrypted", "compressed", "pure-signature",
                        "unsupported"):
            self.assertGreater(said[verdict], 20, said)
        print(dict(said))


if __name__ == "__main__":
    unittest.main(verbosity=1)
