#!/usr/bin/env python3
"""Writes crypto/messages.txt: signatures over messages, good and bad ones, for every crypto port (SPEC 10.1).  A line:

    ALGORITHM good|bad KEY MESSAGE SIGNATURE NAME          hexadecimal, "-" for nothing

Known answers are RFC 8032's and RFC 6979's.  The other P-256 ones are made by choosing the nonce and from it the private key
that brings a verification to its edges; the arithmetic here is for that, slow and readable.
"""
import hashlib
import pathlib

OUT = pathlib.Path(__file__).resolve().parent / "crypto" / "messages.txt"

# -- Ed25519

ORDER = 2**252 + 27742317777372353535851937790883648493
RFC8032 = [
    ("rfc8032-test-1", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("rfc8032-test-2", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("rfc8032-test-3", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("rfc8032-test-sha-abc", "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", hashlib.sha512(b"abc").hexdigest(),
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]
SMALL_ORDER = {  # public keys under which anything can be signed, also in encodings that are not the shortest number
    "identity": "01" + "00" * 31, "order-4": "00" * 32, "order-4-negative": "00" * 31 + "80", "order-2": "ec" + "ff" * 30 + "7f",
    "order-8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "order-8-other": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "zero-as-p": "ed" + "ff" * 30 + "7f", "identity-as-p-plus-1": "ee" + "ff" * 30 + "7f",
}


def ed25519():
    for name, key, message, sig in RFC8032:
        yield "good", key, message, sig, name
        s = int.from_bytes(bytes.fromhex(sig[64:]), "little") + ORDER
        if s < 2**256:
            yield "bad", key, message, sig[:64] + s.to_bytes(32, "little").hex(), f"{name}-s-plus-order"
        yield "bad", key, message + "00", sig, f"{name}-longer-message"
        yield "bad", key, message, sig[64:] + sig[:64], f"{name}-halves-swapped"
        yield "bad", key, message, sig[:64] + "00" * 32, f"{name}-s-zero"
        yield "bad", key, message, "00" * 64, f"{name}-zero"
        yield "bad", key, message, "ff" * 64, f"{name}-ones"
    for name, key in SMALL_ORDER.items():
        for r in ("01" + "00" * 31, key):
            yield "bad", key, "af82", r + "00" * 32, f"small-order-{name}"
    good = RFC8032[2]
    yield "bad", RFC8032[1][1], good[2], good[3], "key-of-another"
    yield "bad", "02" + "00" * 31, good[2], good[3], "key-no-point"
    yield "bad", "ff" * 32, good[2], good[3], "key-ones"


# -- P-256

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
MESSAGE = b"a message that managers sign"


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = (3 * a[0] ** 2 - 3) * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope**2 - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(k, point):
    out = None
    for bit in bin(k % N)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, point)
    return out


def hexkey(point):
    return "".join(c.to_bytes(32, "big").hex() for c in point)


def integer(v):
    raw = v.to_bytes(v.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(raw)]) + raw


def der(r, s):
    body = integer(r) + integer(s)
    return (b"\x30" + bytes([len(body)]) + body).hex()


def edges():
    """Good signatures that bring a verifier to its edges: nonce k, then the private key d that makes s what it shall be."""
    e, k = int.from_bytes(hashlib.sha256(MESSAGE).digest(), "big"), 0x123456789abcdef
    r = times(k, G)[0] % N
    for name, d in (("s-is-1", (k - e) * pow(r, -1, N)), ("s-is-n-minus-1", (-k - e) * pow(r, -1, N)),
                    ("s-is-r", (r * k - e) * pow(r, -1, N)), ("both-summands-equal", e * pow(r, -1, N)),
                    ("key-is-the-base-point", 1), ("key-is-minus-the-base-point", N - 1)):
        d %= N
        yield name, times(d, G), r, (e + r * d) * pow(k, -1, N) % N
    yield "nonce-1", times(5, G), G[0] % N, (e + G[0] % N * 5) % N


def p256():
    message, sample, test = MESSAGE.hex(), b"sample".hex(), b"test".hex()
    rfc = ("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
           "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")  # RFC 6979, A.2.5
    r, s = (0xefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716,
            0xf7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8)
    r2, s2 = (0xf1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367,
              0x019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083)
    yield "good", rfc, sample, der(r, s), "rfc6979-sample-high-s"
    yield "good", rfc, sample, der(r, N - s), "rfc6979-sample-low-s"
    yield "good", rfc, test, der(r2, s2), "rfc6979-test-low-s"
    yield "good", rfc, test, der(r2, N - s2), "rfc6979-test-high-s"
    for name, point, er, es in edges():
        yield "good", hexkey(point), message, der(er, es), name
        yield "bad", hexkey((point[0], P - point[1])), message, der(er, es), f"{name}-of-the-negative-key"
    e = int.from_bytes(hashlib.sha256(MESSAGE).digest(), "big")
    for name, es in (("1", 1), ("7", 7), ("n-minus-1", N - 1)):  # u1 G = -u2 Q: no point is left to compare r with
        yield "bad", hexkey(times(-e * pow(r, -1, N), G)), message, der(r, es), f"sum-at-infinity-s-{name}"
    for name, ar, as_ in (("r-zero", 0, s), ("s-zero", r, 0), ("both-zero", 0, 0), ("r-is-n", N, s), ("s-is-n", r, N), ("both-n", N, N),
                          ("r-plus-n", r + N, s), ("s-plus-n", r, s + N), ("r-is-p", P, s), ("r-is-1", 1, s), ("s-is-1", r, 1),
                          ("both-1", 1, 1), ("r-n-minus-1", N - 1, s), ("r-all-ones", 2**256 - 1, s), ("s-all-ones", r, 2**256 - 1),
                          ("s-longer-than-any", r, 2**264), ("swapped", s, r)):
        yield "bad", rfc, sample, der(ar, as_), name
    x, y = (int(rfc[i:i + 64], 16) for i in (0, 64))
    for name, point in (("not-on-curve", (x, y + 1)), ("zero", (0, 0)), ("coordinates-swapped", (y, x)), ("negative", (x, P - y)),
                        ("x-zero", (0, y)), ("x-is-p", (P, y)), ("all-ones", (2**256 - 1, 2**256 - 1)),
                        ("on-the-twist", (1, 1))):
        yield "bad", hexkey(point), sample, der(r, s), f"key-{name}"
    yield from ((verdict, rfc, sample, sig, name) for verdict, sig, name in malformed(r, s))


def malformed(r, s):
    """The right numbers, encoded in ways that DER forbids."""
    good, a, b = bytes.fromhex(der(r, s)), integer(r), integer(s)
    body = a + b

    def sequence(inner):
        return b"\x30" + bytes([len(inner)]) + inner
    for name, data in (
            ("empty", b""), ("one-byte", b"\x30"), ("header-alone", b"\x30\x00"), ("trailing-byte", good + b"\0"),
            ("trailing-byte-counted", sequence(body + b"\0")), ("length-of-two-bytes", b"\x30\x81" + bytes([len(body)]) + body),
            ("length-indefinite", b"\x30\x80" + body + b"\0\0"), ("length-one-less", b"\x30" + bytes([len(body) - 1]) + body),
            ("length-one-more", b"\x30" + bytes([len(body) + 1]) + body), ("set-not-sequence", b"\x31" + good[1:]),
            ("r-negative", sequence(b"\x02\x20" + a[3:] + b)), ("s-negative", sequence(a + b"\x02\x20" + b[3:])),
            ("r-padded", sequence(b"\x02\x22\0" + a[2:] + b)), ("s-padded", sequence(a + b"\x02\x22\0" + b[2:])),
            ("r-empty", sequence(b"\x02\x00" + b)), ("s-empty", sequence(a + b"\x02\x00")), ("r-alone", sequence(a)),
            ("three-numbers", sequence(body + b"\x02\x01\x01")), ("r-octet-string", sequence(b"\x04" + a[1:] + b)),
            ("r-longer-than-all", sequence(b"\x02\x7f" + a[2:] + b)), ("r-length-of-two-bytes", sequence(b"\x02\x81" + a[1:] + b)),
            ("raw-r-and-s", a[3:] + b[3:])):
        yield "bad", data.hex(), f"der-{name}"
    for n in range(1, len(good)):
        if n % 7 == 0 or n == len(good) - 1:
            yield "bad", good[:n].hex(), f"der-cut-to-{n}"


def main():
    rows = [(alg, *row) for alg, make in (("ed25519", ed25519), ("p256", p256)) for row in make()]
    OUT.write_text("".join(" ".join(field or "-" for field in row) + "\n" for row in rows))
    print(f"{OUT.name}: {len(rows)} signatures, {sum(r[1] == 'good' for r in rows)} good")


main()
