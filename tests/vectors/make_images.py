#!/usr/bin/env python3
"""Write tests/vectors/images: golden and forged images for the test key manifest, and expected.txt with the verdict on each.

Independent of signer and of our parser; needs openssl(1) only.  P-256 signatures are random: running it again changes those bytes.
"""
import hashlib
import pathlib
import struct
import subprocess
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
KEYS, OUT = HERE / "keys", HERE / "images"
CLASS = uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, "otad.example"), "mps2-an386").bytes
FLOOR = 5
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def openssl(*args):
    return subprocess.run(["openssl", *map(str, args)], stdout=subprocess.PIPE, check=True).stdout


def sign(key, digest):
    with tempfile.NamedTemporaryFile() as f:
        f.write(digest)
        f.flush()
        raw = [] if key == "image-p256" else ["-rawin"]
        return openssl("pkeyutl", "-sign", *raw, "-inkey", KEYS / f"{key}.pem", "-in", f.name)


def key_hash(key):
    return hashlib.sha256(openssl("pkey", "-pubin", "-in", KEYS / f"{key}.pub", "-outform", "DER")).digest()


def tlv(kind, value):
    return struct.pack("<HH", kind, len(value)) + value


def area(magic, entries):
    return struct.pack("<HH", magic, 4 + len(entries)) + entries


def signed_part(counter=7, hardware_class=CLASS, flags=0, version=(1, 2, 3, 4), more=b"", payload=b"payload " * 40):
    entries = (tlv(0x50, struct.pack("<I", counter)) if counter is not None else b"") \
        + (tlv(0x75, hardware_class) if hardware_class else b"") + more
    protected = area(0x6908, entries) if entries else b""
    header = struct.pack("<IIHHIIBBHII", 0x96f3b83d, 0, 64, len(protected), len(payload), flags, *version, 0) + bytes(32)
    return header + payload + protected


def unsigned_part(digest, keyhash, kind, signature):
    return area(0x6907, tlv(0x10, digest) + tlv(0x01, keyhash) + tlv(kind, signature))


def image(key="image", change=lambda s: s, claim=None, **how):
    """A signed image; change alters its signature, claim is the key it says signed it."""
    part = signed_part(**how)
    digest = hashlib.sha256(part).digest()
    kind = 0x22 if key == "image-p256" else 0x24
    return part + unsigned_part(digest, key_hash(claim or key), kind, change(sign(key, digest)))


def der_numbers(sig):
    r_len = sig[3]
    return sig[4:4 + r_len], sig[6 + r_len:]


def der(r, s):
    body = b"\x02" + bytes([len(r)]) + r + b"\x02" + bytes([len(s)]) + s
    return b"\x30" + bytes([len(body)]) + body


def number(value):
    data = value.to_bytes(33, "big").lstrip(b"\0")
    return b"\0" + data if not data or data[0] & 0x80 else data


def p256(change, unlike=None):
    """A P-256 image whose signature was changed; unlike(r, s) says which signatures do not show the point."""
    while True:
        kept = []

        def alter(sig):
            kept.append(der_numbers(sig))
            return change(*kept[0])
        data = image("image-p256", alter)
        if unlike is None or not unlike(*kept[0]):
            return data


def plus_order(sig):
    s = int.from_bytes(sig[32:], "little") + ED25519_ORDER
    return sig[:32] + s.to_bytes(32, "little")


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def with_padding(r, s):
    """r with a needless zero in front: not DER."""
    return der(b"\0" + r, s)


def main():
    good = image()
    digest_at = good.index(area(0x6907, bytes(140))[:4], 64 + 320) + 8
    cases = {
        "good-ed25519": ("good", good),
        "good-p256": ("good", image("image-p256")),
        "good-at-the-floor": ("good", image(counter=FLOOR)),
        "good-highest-counter": ("good", image(counter=0xffffffff)),
        "good-rom-fixed": ("good", image(flags=0x100)),
        "good-more-protected": ("good", image(more=tlv(0x40, bytes(12)) + tlv(0xa0, b"note"))),
        "good-bytes-behind": ("good", good + b"\xff" * 100),
        "below-the-floor": ("below-floor", image(counter=FLOOR - 1)),
        "other-class": ("wrong-class", image(hardware_class=bytes(16))),
        "no-counter": ("no-policy-tlv", image(counter=None)),
        "no-class": ("no-policy-tlv", image(hardware_class=None)),
        "no-policy-at-all": ("no-policy-tlv", image(counter=None, hardware_class=None)),
        "stranger": ("unknown-key", image("stranger")),
        "release-key": ("unknown-key", image("release")),
        "boot-root": ("unknown-key", image("root1")),
        "stranger-claims-image-key": ("bad-signature", image("stranger", claim="image")),
        "ed25519-claims-p256-key": ("bad-signature", image("image", claim="image-p256")),
        "p256-claims-ed25519-key": ("bad-signature", image("image-p256", claim="image")),
        "signature-of-other-image": ("bad-signature", good[:-64] + image(counter=8)[-64:]),
        "signature-zero": ("bad-signature", image(change=lambda s: bytes(64))),
        "signature-plus-order": ("bad-signature", image(change=plus_order)),
        "payload-changed": ("bad-digest", flip(good, 100)),
        "header-padding-changed": ("bad-digest", flip(good, 40)),
        "version-changed": ("bad-digest", flip(good, 22)),
        "counter-raised": ("bad-digest", good.replace(struct.pack("<HHI", 0x50, 4, 7), struct.pack("<HHI", 0x50, 4, 700))),
        "digest-changed": ("bad-digest", flip(good, digest_at)),
        "digest-and-payload-changed": ("bad-signature", None),
        "cut": ("too-large", good[:-1]),
        "erased": ("blank", b"\xff" * 512),
        "zeros": ("blank", bytes(512)),
        "encrypted-flag": ("encrypted", image(flags=4)),
        "ram-load-flag": ("unsupported", image(flags=0x20)),
        "non-bootable-flag": ("unsupported", image(flags=0x10)),
        "compressed": ("compressed", image(more=tlv(0x70, bytes(4)))),
        "digest-in-protected-area": ("malformed", image(more=tlv(0x10, bytes(32)))),
        "counter-twice": ("malformed", image(more=tlv(0x50, struct.pack("<I", 9)))),
        "p256-high-s": ("good", p256(lambda r, s: der(r, number(P256_ORDER - int.from_bytes(s, "big"))))),
        "p256-zero": ("bad-signature", p256(lambda r, s: der(b"\0", b"\0"))),
        "p256-r-is-order": ("bad-signature", p256(lambda r, s: der(number(P256_ORDER), s))),
        "p256-padded-r": ("bad-signature", p256(with_padding, lambda r, s: len(r) + len(s) > 65)),
        "p256-long-form-length": ("bad-signature", p256(lambda r, s: b"\x30\x81" + der(r, s)[1:], lambda r, s: len(r) + len(s) > 65)),
        "p256-trailing-byte": ("bad-signature", p256(lambda r, s: der(r, s) + b"\0", lambda r, s: len(r) + len(s) > 65)),
        "p256-negative-r": ("bad-signature", p256(lambda r, s: der(r[1:], s), lambda r, s: r[0] != 0)),
    }
    part = bytearray(signed_part())
    part[100] ^= 1
    cases["digest-and-payload-changed"] = ("bad-signature", bytes(part) + unsigned_part(
        hashlib.sha256(part).digest(), key_hash("image"), 0x24, good[-64:]))
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.img"):
        old.unlink()
    for name, (_, data) in cases.items():
        (OUT / f"{name}.img").write_bytes(data)
    (OUT / "expected.txt").write_text(f"# security floor {FLOOR}; key manifest ../keys/mps2-an386.manifest; file, verdict\n"
                                      + "".join(f"{n}.img {v}\n" for n, (v, _) in cases.items()))
    print(len(cases), "images")


main()
