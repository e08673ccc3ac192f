#!/usr/bin/env python3
"""tuf-client and repositories whose roles are signed by keys of three kinds, Ed25519, P-256 and RSA: two of three have to sign.
First what is good, then what is not, and with which reason (as in test_tuf_tampered.py; tests/tuf has tuf-js judge the same)."""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from tuf_client import Client  # noqa: E402
from tuf_maker import Key, KeyP256, KeyRsa, Repo, Server, canonical  # noqa: E402

PATH = "1.1.0/fw.bin"
PKCS1 = ("-sigopt", "rsa_padding_mode:pkcs1")
PSS_SHA1_MASK = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-sigopt", "rsa_mgf1_md:sha1")
CASES = {}


def case(reason, file):
    """The function changes the next release of a good repository, which trusted clients know."""
    def add(function):
        CASES[function.__name__] = (function, reason, file)
        return function
    return add


def three(name):
    return [Key(name), KeyP256(name), KeyRsa(name)]


def start():
    """Root 2, targets 2, the rest 2, signed by Ed25519 and RSA; the timestamp by RSA alone."""
    r = Repo()
    r.keys.update({"root": three("r"), "targets": three("t"), r.platform: three("p"), "timestamp": [KeyRsa("timestamp")]})
    for role in ("root", "targets", r.platform):
        r.signers[role] = r.keys[role][::2]
    r.indent = 1  # PEM has newlines: canonical bytes are no JSON
    return r.publish().bump("root", "targets", "snapshot", "timestamp", r.platform).publish()


def signed_so(r, *signatures):
    """The platform's role gets these signatures: (keyid, hexadecimal, or a function of the message)."""
    def change(e):
        message = canonical(e["signed"]).encode()
        e["signatures"] = [{"keyid": i, "sig": s(message) if callable(s) else s} for i, s in signatures]
    r.touch[r.platform] = change


def one_of_three(r, sig):
    """Ed25519 signs well, and RSA so."""
    ed, _, rsa = r.keys[r.platform]
    signed_so(r, (ed.id, ed.sign), (rsa.id, sig(rsa)))


# --- RSA

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_alone(r):
    r.signers[r.platform] = r.keys[r.platform][2:]

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_flipped(r):
    one_of_three(r, lambda k: lambda m: (s := k.sign(m))[:200] + f"{int(s[200], 16) ^ 1:x}" + s[201:])

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_with_a_zero_in_front(r):
    one_of_three(r, lambda k: lambda m: "00" + k.sign(m))

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_cut_off(r):
    one_of_three(r, lambda k: lambda m: k.sign(m)[:-2])

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_padded_as_of_old(r):
    one_of_three(r, lambda k: lambda m: k.sign(m, PKCS1))

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_with_another_mask(r):
    one_of_three(r, lambda k: lambda m: k.sign(m, PSS_SHA1_MASK))

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_of_another_message(r):
    one_of_three(r, lambda k: lambda m: k.sign(m + b" "))

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_signature_by_a_stranger(r):
    one_of_three(r, lambda k: KeyRsa("mallory").sign)

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_one_key_under_two_keyids(r):
    rsa, twin = r.keys[r.platform][2], KeyRsa("twin", bits=512)
    twin.pem, twin.object = rsa.pem, {**rsa.object, "x-note": "again"}
    r.keys[r.platform] = r.signers[r.platform] = [rsa, twin]
    r.bump("targets")

@case("threshold", "{nrf52840}.nrf52840.json")
def rsa_one_key_written_in_two_ways(r):
    rsa, twin = r.keys[r.platform][2], KeyRsa("twin", bits=512)
    lines = rsa.object["keyval"]["public"].split("\n")
    text = "\n".join([lines[0], "".join(lines[1:-2]), *lines[-2:]])
    twin.pem, twin.object = rsa.pem, {**rsa.object, "keyval": {"public": text}}
    r.keys[r.platform] = r.signers[r.platform] = [rsa, twin]
    r.bump("targets")

@case("threshold", "timestamp.json")
def rsa_timestamp_by_its_old_key(r):
    old = r.keys["timestamp"]
    r.rotate("timestamp").keys["timestamp"] = [KeyRsa("new")]
    r.signers["timestamp"] = old

def with_a_key(r, object_):
    """The platform's role gets a fourth key, which nobody needs."""
    k = Key("fourth")
    k.object = object_
    r.keys[r.platform] = r.keys[r.platform] + [k]
    r.bump("targets")

def pem_of(*options):
    pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", *options], check=True, capture_output=True).stdout
    return subprocess.run(["openssl", "pkey", "-pubout"], input=pem, check=True, capture_output=True).stdout.decode()

def rsa_object(public):
    return {"keytype": "rsa", "keyval": {"public": public}, "scheme": "rsassa-pss-sha256"}

@case("key", "{targets}.targets.json")
def rsa_key_of_1024_bits(r):
    with_a_key(r, rsa_object(pem_of("-pkeyopt", "rsa_keygen_bits:1024")))

@case("key", "{targets}.targets.json")
def rsa_key_with_exponent_three(r):
    with_a_key(r, rsa_object(pem_of("-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3")))

@case("key", "{targets}.targets.json")
def rsa_key_is_a_p256_key(r):
    with_a_key(r, rsa_object(KeyP256("p").object["keyval"]["public"]))

@case("key", "{targets}.targets.json")
def rsa_key_is_no_pem(r):
    with_a_key(r, rsa_object("00"))

# --- P-256

@case("threshold", "{nrf52840}.nrf52840.json")
def p256_signature_flipped(r):
    ed, p256, _ = r.keys[r.platform]
    signed_so(r, (ed.id, ed.sign), (p256.id, lambda m: (s := p256.sign(m))[:-1] + f"{int(s[-1], 16) ^ 1:x}"))

@case("threshold", "{nrf52840}.nrf52840.json")
def p256_signature_with_bytes_behind(r):
    ed, p256, _ = r.keys[r.platform]
    signed_so(r, (ed.id, ed.sign), (p256.id, lambda m: p256.sign(m) + "00"))

@case("threshold", "{nrf52840}.nrf52840.json")
def p256_signature_of_zeros(r):
    ed, p256, _ = r.keys[r.platform]
    signed_so(r, (ed.id, ed.sign), (p256.id, "3006020100020100"))

@case("key", "{targets}.targets.json")
def p256_key_is_an_rsa_key(r):
    with_a_key(r, {"keytype": "ecdsa", "keyval": {"public": r.keys[r.platform][2].object["keyval"]["public"]},
                   "scheme": "ecdsa-sha2-nistp256"})

# --- one kind for another

@case("threshold", "{nrf52840}.nrf52840.json")
def signatures_of_two_kinds_swapped(r):
    ed, p256, rsa = r.keys[r.platform]
    signed_so(r, (p256.id, rsa.sign), (rsa.id, p256.sign), (ed.id, ed.sign))


def tampered(good, function):
    r = good.copy()
    r.new_release(PATH)
    function(r)
    return r.publish()


class Kinds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.good = Server(), start()
        cls.addClassCleanup(cls.server.close)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.base = pathlib.Path(folder.name)

    def client(self, name, r, *options):
        self.server.trees[name] = self.good.files
        c = Client(self.base / name, self.server, name, options)
        self.assertEqual(c.init(self.good.files["metadata/1.root.json"]), (0, None, None))
        self.assertEqual(c.download("1.0.0/fw.bin"), (0, None, None))
        self.server.trees[name] = r.files
        return c

    def test_any_two_of_three(self):
        for n, pick in enumerate(((0, 1), (0, 2), (1, 2), (0, 1, 2))):
            r = self.good.copy().new_release(PATH)
            r.rotate("root")
            r.keys["root"] = r.old_root_keys[:2] + [KeyRsa("next")]
            for role in ("root", "targets", r.platform):
                r.signers[role] = [r.keys[role][i] for i in pick]
            r.signers["root"] = r.signers["root"] + r.old_root_keys[:2]
            r.bump("targets").publish()
            c = self.client(f"two-{n}", r)
            self.assertEqual(c.download(PATH), (0, None, None), pick)

    def test_keys_of_all_lengths(self):
        for bits in (3072, 4096):
            r = self.good.copy().new_release(PATH)
            r.rotate("timestamp").keys["timestamp"] = [KeyRsa("long", bits)]
            r.publish()
            self.assertEqual(self.client(f"bits-{bits}", r).download(PATH), (0, None, None), bits)

    def test_each_is_refused_by_name(self):
        def one(name):
            function, reason, file = CASES[name]
            r = tampered(self.good, function)
            c = self.client(name, r)
            return name, c.download(PATH), (1, reason, file.format(**r.version)), sorted(p.name for p in c.got.iterdir())
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for name, said, want, got in pool.map(one, CASES):
                with self.subTest(name):
                    self.assertEqual(said, want)
                    self.assertEqual(got, ["1.0.0%2Ffw.bin"])


if __name__ == "__main__":
    unittest.main()
