"""A second reader of firmware images, written from SPEC 2 alone, to hold the C one against.

verdict(data) is what parsing and hashing say of an image, by the names of SPEC 2.2.1; signatures, key and policy are not
looked at.  parse(data) gives the fields, or raises Refused.
"""
import hashlib
import struct
import sys
from collections import Counter, namedtuple

ROM_FIXED, ENCRYPTED, COMPRESSED = 0x100, 0x0c, 0xe00
PAYLOAD_MAX = 64 << 20
SIGNATURES = {0x24: range(64, 65), 0x22: range(8, 73)}
DIGESTS = {0x10: 32, 0x12: 64}
KEYHASH, SIG_PURE, COUNTER, CLASS = 0x01, 0x25, 0x50, 0x75

Image = namedtuple("Image", "version flags signed total digest key_hash signature_type signature counter hardware_class")


class Refused(Exception):
    """args[0] is the verdict's name."""


def need(condition, verdict="malformed"):
    if not condition:
        raise Refused(verdict)


def area(data, at, magic):
    """The entries of a TLV area, lazily, in the order they stand there; last comes the offset behind it."""
    need(at + 4 <= len(data), "too-large")
    found, total = struct.unpack_from("<HH", data, at)
    need(found == magic and total >= 4)
    need(at + total <= len(data), "too-large")
    return at + total


def entries(data, at, end):
    while at != end:
        need(end - at >= 4)
        kind, length = struct.unpack_from("<HH", data, at)
        at += 4
        need(length <= end - at)
        yield kind, data[at:at + length]
        at += length


def protected(data, at, end):
    once = {}
    for kind, value in entries(data, at, end):
        if kind in (COUNTER, CLASS):
            need(kind not in once and len(value) == (4 if kind == COUNTER else 16))
            once[kind] = value
        elif 0x30 <= kind <= 0x34:
            raise Refused("encrypted")
        elif 0x70 <= kind <= 0x73:
            raise Refused("compressed")
        else:
            need(kind > SIG_PURE)
    return once


def unprotected(data, at, end):
    seen, parts = Counter(), {}
    for kind, value in entries(data, at, end):
        if kind in DIGESTS:
            role, good = "digest", len(value) == DIGESTS[kind]
        elif kind == KEYHASH:
            role, good = "key hash", len(value) in DIGESTS.values()
        elif kind in SIGNATURES:
            role, good = "signature", len(value) in SIGNATURES[kind]
        else:
            need(kind != SIG_PURE, "pure-signature")
            need(not 0x30 <= kind <= 0x34, "encrypted")
            need(kind not in (0x02, 0x11, 0x20, 0x21, 0x23), "unsupported")
            raise Refused("malformed")
        seen[role] += 1
        need(good and seen[role] == 1)
        parts[role] = (kind, value)
    need(len(parts) == 3 and len(parts["digest"][1]) == len(parts["key hash"][1]))
    need(len(parts["digest"][1]) == 32 or parts["signature"][0] == 0x24, "unsupported")
    return parts


def parse(data):
    need(len(data) >= 32, "blank")
    magic, _, header, protect, payload, flags, major, minor, revision, build, zero = struct.unpack_from("<IIHHIIBBHII", data)
    need(magic == 0x96f3b83d, "blank")
    need(zero == 0 and 32 <= header <= 4096)
    need(not flags & ENCRYPTED, "encrypted")
    need(not flags & COMPRESSED, "compressed")
    need(not flags & ~ROM_FIXED, "unsupported")
    need(payload <= PAYLOAD_MAX, "too-large")
    at, once = header + payload, {}
    if protect:
        end = area(data, at, 0x6908)
        need(end - at == protect)
        once = protected(data, at + 4, end)
        at = end
    end = area(data, at, 0x6907)
    parts = unprotected(data, at + 4, end)
    return Image((major, minor, revision, build), flags, at, end, parts["digest"][1], parts["key hash"][1], *parts["signature"],
                 once.get(COUNTER), once.get(CLASS))


def verdict(data):
    try:
        image = parse(data)
    except Refused as refused:
        return refused.args[0]
    made = hashlib.sha256 if len(image.digest) == 32 else hashlib.sha512
    return "good" if made(data[:image.signed]).digest() == image.digest else "bad-digest"


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, "rb") as f:
            print(path, verdict(f.read()))
