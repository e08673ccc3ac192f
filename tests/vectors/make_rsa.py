#!/usr/bin/env python3
"""Writes crypto/rsa.txt: RSA public keys as TUF has them and RSASSA-PSS signatures, good and bad ones.  A line is one of

    key NAME ok|format|limit PEM               what reading it says; PEM in hexadecimal
    sig KEY good|bad MESSAGE SIGNATURE NAME    hexadecimal

Keys come from names.  EMSA-PSS is written out (RFC 8017, 9.1), so that each of its parts can be made wrong.
"""
import base64
import hashlib
import pathlib
import random

OUT = pathlib.Path(__file__).resolve().parent / "crypto" / "rsa.txt"
E, HASH_BYTES = 65537, 32
MESSAGE = b"a message of some repository"
RSA_OID, PSS_OID = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01010a")
SMALL = [p for p in range(3, 2000, 2) if all(p % q for q in range(3, int(p**0.5) + 1, 2))]


def is_prime(n, rng):
    if any(n % p == 0 for p in SMALL):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(8):
        x = pow(rng.randrange(2, n - 1), odd, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


class Private:
    def __init__(self, name, bits):
        rng = random.Random(name)

        def prime(bits):
            while True:
                p = rng.getrandbits(bits) | 3 << bits - 2 | 1
                if p % E != 1 and is_prime(p, rng):
                    return p
        while True:
            p, q = prime((bits + 1) // 2), prime(bits // 2)
            self.n, self.bits = p * q, bits
            if self.n.bit_length() == bits:
                break
        self.bytes = (bits + 7) // 8
        self.d = pow(E, -1, (p - 1) * (q - 1))

    def raw(self, em):
        return pow(int.from_bytes(em, "big"), self.d, self.n).to_bytes(self.bytes, "big")


def mask(seed, length):
    return b"".join(hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in range(length // HASH_BYTES + 1))[:length]


def pss(bits, message=MESSAGE, salt=bytes(range(32)), trailer=0xbc, separator=1, top=0, mgf=mask, padding=0, spoil=b""):
    """The encoded message; every parameter but the salt has one right value."""
    length = (bits - 1 + 7) // 8
    digest = hashlib.sha256(bytes(8) + hashlib.sha256(message).digest() + salt).digest()
    db = bytes([padding]) * (length - len(salt) - HASH_BYTES - 2) + bytes([separator]) + salt
    masked = bytearray(a ^ b for a, b in zip(db, mgf(digest, len(db))))
    masked[0] = masked[0] & 0xff >> 8 * length - (bits - 1) | top
    return bytes(masked) + (spoil or digest) + bytes([trailer])


def tlv(tag, data):
    n = len(data)
    length = bytes([n]) if n < 0x80 else bytes([0x81, n]) if n < 0x100 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + length + data


def integer(v):
    return tlv(2, v.to_bytes(v.bit_length() // 8 + 1, "big"))


def spki(numbers, oid=RSA_OID, null=b"\x05\x00", unused=b"\0"):
    return tlv(0x30, tlv(0x30, oid + null) + tlv(3, unused + numbers))


def pem(der, label="PUBLIC KEY", line=64, end="\n"):
    text = base64.b64encode(der).decode()
    lines = [f"-----BEGIN {label}-----", *(text[i:i + line] for i in range(0, len(text), line)), f"-----END {label}-----"]
    return (end.join(lines) + end).encode()


def public(n, e=E):
    return tlv(0x30, integer(n) + integer(e))


def odd(name, bits):
    return random.Random(name).getrandbits(bits) | 1 << bits - 1 | 1


def keys(private):
    for name, key in private.items():
        yield name, "ok", pem(spki(public(key.n)))
    n = private["rsa-2048"].n
    good = spki(public(n))
    raw = n.to_bytes(256, "big")
    for name, bits in (("512", 512), ("1024", 1024), ("2040", 2040), ("2047", 2047), ("4097", 4097), ("4104", 4104), ("8192", 8192)):
        yield f"bits-{name}", "limit", pem(spki(public(odd(name, bits))))
    for name, e, verdict in (("1", 1, "limit"), ("3", 3, "limit"), ("17", 17, "limit"), ("65535", 65535, "limit"), ("65538", 65538, "format"),
                             ("largest", 2**32 - 1, "ok"), ("5-bytes", 2**32 + 1, "limit"), ("as-long-as-n", n - 2, "limit"), ("0", 0, "format")):
        yield f"exponent-{name}", verdict, pem(spki(public(n, e)))
    for name, der in (
            ("modulus-even", spki(public(n + 1))), ("modulus-negative", spki(tlv(0x30, tlv(2, raw) + integer(E)))),
            ("modulus-padded", spki(tlv(0x30, tlv(2, b"\0\0" + raw) + integer(E)))), ("modulus-empty", spki(tlv(0x30, tlv(2, b"") + integer(E)))),
            ("modulus-alone", spki(tlv(0x30, integer(n)))), ("three-numbers", spki(tlv(0x30, integer(n) + integer(E) + integer(1)))),
            ("exponent-negative", spki(tlv(0x30, integer(n) + b"\x02\x03\xff\xff\xff"))), ("modulus-octets", spki(tlv(0x30, tlv(4, b"\0" + raw) + integer(E)))),
            ("trailing-byte", good + b"\0"), ("trailing-byte-in-numbers", spki(public(n) + b"\0")), ("cut", good[:-1]),
            ("pss-algorithm", spki(public(n), PSS_OID)), ("without-null", spki(public(n), null=b"")), ("null-with-contents", spki(public(n), null=b"\x05\x01\0")),
            ("unused-bits", spki(public(n), unused=b"\1")), ("no-unused-bits", spki(public(n), unused=b"")), ("pkcs1", public(n)),
            ("length-in-three-bytes", b"\x30\x83\x00" + good[2:]), ("length-indefinite", b"\x30\x80" + good[4:] + b"\0\0"),
            ("length-of-zero-bytes", b"\x30\x84\0\0" + good[2:]), ("set", b"\x31" + good[1:]), ("nothing", b""), ("one-byte", b"\x30"),
            ("p256", bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + b"\4" + bytes(64))):
        yield name, "format", pem(der)
    text = pem(good)
    yield "longer-than-any-key", "limit", pem(good + bytes(600))
    yield "without-last-line-end", "ok", text[:-1]
    yield "one-long-line", "ok", pem(good, line=10000)
    body = text.index(b"\n") + 1
    for name, data in (("crlf", pem(good, end="\r\n")), ("label-of-pkcs1", pem(public(n), "RSA PUBLIC KEY")), ("certificate", pem(good, "CERTIFICATE")),
                       ("text-before", b"key:\n" + text), ("text-behind", text + b"x"), ("space-in-a-line", text[:body + 5] + b" " + text[body + 5:]),
                       ("sign-in-the-middle", text[:body + 4] + b"=" + text[body + 5:]), ("digit-missing", text[:body] + text[body + 1:]),
                       ("url-base64", text.replace(b"+", b"-").replace(b"/", b"_")), ("no-foot", text[:text.index(b"-----END")]), ("empty", b"-"[:0])):
        yield name, "format", data


def signatures(private):
    for name, key in private.items():
        for salt in (0, 20, 32, (key.bits - 1 + 7) // 8 - HASH_BYTES - 2):
            yield name, "good", MESSAGE, key.raw(pss(key.bits, salt=bytes(i % 251 for i in range(salt)))), f"salt-of-{salt}"
        yield name, "bad", MESSAGE + b"!", key.raw(pss(key.bits)), "longer-message"
    name, key = "rsa-2048", private["rsa-2048"]
    other = private["rsa-2049"]
    good = key.raw(pss(2048))
    yield name, "good", b"", key.raw(pss(2048, b"")), "empty-message"
    for what, em in (
            ("trailer", pss(2048, trailer=0xcc)), ("trailer-zero", pss(2048, trailer=0)), ("separator", pss(2048, separator=2)), ("no-separator", pss(2048, separator=0)),
            ("top-bit", pss(2048, top=0x80)), ("padding", pss(2048, padding=1)), ("hash", pss(2048, spoil=bytes(32))), ("mask-none", pss(2048, mgf=lambda s, n: bytes(n))),
            ("mask-by-sha1", pss(2048, mgf=lambda s, n: b"".join(hashlib.sha1(s + i.to_bytes(4, "big")).digest() for i in range(n // 20 + 1))[:n])),
            ("pkcs1-v15", b"\0\1" + b"\xff" * 202 + b"\0" + bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(MESSAGE).digest()),
            ("digest-alone", bytes(224) + hashlib.sha256(MESSAGE).digest()), ("zero", bytes(256))):
        yield name, "bad", MESSAGE, key.raw(em) if int.from_bytes(em, "big") < key.n else em, f"encoding-{what}"
    as_number = int.from_bytes(good, "big")
    for what, sig in (("zero", bytes(256)), ("one", bytes(255) + b"\1"), ("ones", b"\xff" * 256), ("is-modulus", key.n.to_bytes(256, "big")),
                      ("modulus-less-one", (key.n - 1).to_bytes(256, "big")), ("negative", (key.n - as_number).to_bytes(256, "big")),
                      ("plus-modulus", (as_number + key.n).to_bytes(257, "big")), ("shorter", good[:-1]), ("longer", good + b"\0"), ("zero-in-front", b"\0" + good),
                      ("empty", b""), ("reversed", good[::-1]), ("of-another-key", other.raw(pss(2049)))):
        yield name, "bad", MESSAGE, sig, f"signature-{what}"
    yield "rsa-2049", "bad", MESSAGE, good, "signature-of-a-shorter-key"
    for bit in range(0, 2048, 97):
        sig = bytearray(good)
        sig[bit // 8] ^= 1 << bit % 8
        yield name, "bad", MESSAGE, bytes(sig), f"signature-bit-{bit}"


def main():
    private = {f"rsa-{bits}": Private(f"otad test rsa {bits}", bits) for bits in (2048, 2049, 3072, 4096)}
    rows = [("key", name, verdict, data.hex() or "-") for name, verdict, data in keys(private)]
    rows += [("sig", key, verdict, message.hex() or "-", sig.hex() or "-", name) for key, verdict, message, sig, name in signatures(private)]
    OUT.write_text("".join(" ".join(row) + "\n" for row in rows))
    print(f"{OUT.name}: {sum(r[0] == 'key' for r in rows)} keys, {sum(r[2] == 'ok' for r in rows)} ok; {sum(r[0] == 'sig' for r in rows)} signatures, "
          f"{sum(r[2] == 'good' for r in rows)} good")


main()
