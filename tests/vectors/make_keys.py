#!/usr/bin/env python3
"""Write tests/vectors/keys: deterministic TEST keys and a key manifest.  Needs openssl(1) only."""
import base64
import hashlib
import pathlib
import struct
import subprocess
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent / "keys"
VENDOR, CLASS = "otad.example", "mps2-an386"
ED25519 = ["root1", "root2", "root3", "image", "release", "stranger"]
ED25519_PRIVATE = bytes.fromhex("302e020100300506032b657004220420")
ED25519_PUBLIC = bytes.fromhex("302a300506032b6570032100")
P256_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def seed(name):
    return hashlib.sha256(f"otad public test key {name}".encode()).digest()


def pem(label, der):
    body = base64.b64encode(der).decode()
    lines = [body[i:i + 64] for i in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE, check=True).stdout


def p256_private():
    """PKCS#8 from the bare number: openssl computes the public half when it reads the SEC 1 form."""
    d = seed("image-p256")
    sec1 = bytes.fromhex("30310201010420") + d + bytes.fromhex("a00a06082a8648ce3d030107")
    return openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=pem("EC PRIVATE KEY", sec1).encode())


def public_der(private_pem):
    return openssl("pkey", "-pubout", "-outform", "DER", data=private_pem.encode())


def sign(private_pem, message):
    with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as text:
        key.write(private_pem.encode()), key.flush()
        text.write(message), text.flush()
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", key.name, "-in", text.name)


def manifest(private, public, sequence):
    """SPEC 3."""
    hardware_class = uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, VENDOR), CLASS).bytes
    listed = [(1, 1, public["image"]), (2, 1, public["image-p256"]), (1, 2, public["release"])]
    keys = b"".join(struct.pack("<BBH", alg, purpose, len(k)) + k for alg, purpose, k in listed)
    body = b"OTADKEYS" + struct.pack("<HHI16sBBH", 1, 36 + len(keys), sequence, hardware_class, len(listed), 0, 0) + keys
    digest = hashlib.sha256(body).digest()
    signatures = b"".join(struct.pack("<BBH", i, 1, 64) + sign(private[f"root{i + 1}"], digest) for i in (0, 2))
    return body + b"SIGS" + bytes([2, 0, 0, 0]) + signatures


def c_array(data, indent="    "):
    rows = [", ".join(f"0x{b:02x}" for b in data[i:i + 12]) for i in range(0, len(data), 12)]
    return "{" + (",\n" + indent).join(rows) + "}"


def c_header(public, made):
    out = ["/* Made by make_keys.py: public TEST keys, see README.md.  Never for a product. */",
           "#ifndef OTA_TEST_KEYS_H", "#define OTA_TEST_KEYS_H", "", "#include <stdint.h>", "",
           '#include "../../../firmware/image/manifest.h"', "",
           "/* clang-format off */",
           "static const struct manifest_root test_roots[MANIFEST_ROOTS] = {"]
    for i in (1, 2, 3):
        out.append(f"    {{CRYPTO_ED25519, 32, {c_array(public[f'root{i}'], '     ')}}},")
    out.append("};")
    for name in ED25519 + ["image-p256"]:
        c = name.replace("-", "_")
        out.append(f"static const uint8_t test_{c}_seed[32] =\n    {c_array(seed(name))};")
        out.append(f"static const uint8_t test_{c}_key[{len(public[name])}] =\n    {c_array(public[name])};")
    out.append(f"static const uint8_t test_manifest[{len(made)}] =\n    {c_array(made)};")
    return "\n".join(out + ["/* clang-format on */", "", "#endif", ""])


def main():
    private = {n: pem("PRIVATE KEY", ED25519_PRIVATE + seed(n)) for n in ED25519}
    private["image-p256"] = pem("PRIVATE KEY", p256_private())
    der = {n: public_der(p) for n, p in private.items()}
    public = {n: d.removeprefix(ED25519_PUBLIC).removeprefix(P256_PUBLIC) for n, d in der.items()}
    for name, text in private.items():
        (HERE / f"{name}.pem").write_text(text)
        (HERE / f"{name}.pub").write_text(pem("PUBLIC KEY", der[name]))
    number = hashlib.sha256(public["release"]).digest()[:8]
    (HERE / "release.minisign.pub").write_text(
        f"untrusted comment: minisign public key {number[::-1].hex().upper()}\n"
        + base64.b64encode(b"Ed" + number + public["release"]).decode() + "\n")
    made = manifest(private, public, 1)
    (HERE / f"{CLASS}.manifest").write_bytes(made)
    (HERE / "test_keys.h").write_text(c_header(public, made))


main()
