"""TUF metadata made without any of our C: canonical JSON by json.dumps, signatures by openssl.  For tests of otad alone."""
import datetime
import hashlib
import json
import pathlib
import tempfile

from .proc import run

SPEC = "1.0.34"


def canonical(value):
    """OLPC canonical JSON, for what is printable ASCII without escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def later(days=30, seconds=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Key:
    def __init__(self, folder, name):
        self.file = pathlib.Path(folder) / f"{name}.pem"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.file)
        der = self.file.with_suffix(".der")
        run("openssl", "pkey", "-in", self.file, "-pubout", "-outform", "DER", "-out", der)
        self.public = {"keytype": "ed25519", "keyval": {"public": der.read_bytes()[-32:].hex()}, "scheme": "ed25519"}
        self.id = keyid(self.public)

    def sign(self, body):
        with tempfile.TemporaryDirectory(dir=self.file.parent) as folder:
            message, out = pathlib.Path(folder) / "m", pathlib.Path(folder) / "s"
            message.write_bytes(canonical(body))
            run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", message, "-out", out)
            return {"keyid": self.id, "sig": out.read_bytes().hex()}


def keyid(public):
    return hashlib.sha256(canonical(public)).hexdigest()


def verified(public, signed, sig, folder):
    """Is it a signature of this key, by openssl's word?"""
    folder = pathlib.Path(folder)
    der = bytes.fromhex("302a300506032b6570032100") + bytes.fromhex(public["keyval"]["public"])
    for name, data in (("v.der", der), ("v.m", canonical(signed)), ("v.s", bytes.fromhex(sig))):
        (folder / name).write_bytes(data)
    return run("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", folder / "v.der",
               "-in", folder / "v.m", "-sigfile", folder / "v.s", check=False).returncode == 0


class Maker:
    """Officers and managers of one platform."""

    def __init__(self, folder, platform):
        self.folder, self.platform = pathlib.Path(folder), platform
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys = {}

    def key(self, name):
        if name not in self.keys:
            self.keys[name] = Key(self.folder, name)
        return self.keys[name]

    def signed(self, body, by):
        return {"signatures": [self.key(n).sign(body) for n in by], "signed": body}

    @staticmethod
    def role(keys, threshold):
        return {"keyids": [k if isinstance(k, str) else k.id for k in keys], "threshold": threshold}

    def root(self, online, version=1, officers=("officer",), heads=("head",), threshold=1, by=None, **more):
        """online: GET tuf's "online".  Signed by all officers unless said otherwise."""
        officer_keys, head_keys = [self.key(n) for n in officers], [self.key(n) for n in heads]
        keys = {k.id: k.public for k in officer_keys + head_keys}
        ids = {role: keyid(public) for role, public in online.items()}
        keys.update({ids[role]: public for role, public in online.items()})
        body = {"_type": "root", "consistent_snapshot": True, "expires": later(365), "keys": keys,
                "roles": {"root": self.role(officer_keys, threshold), "targets": self.role(head_keys, 1),
                          "snapshot": self.role([ids["snapshot"]], 1), "timestamp": self.role([ids["timestamp"]], 1)},
                "spec_version": SPEC, "version": version, "x-otad-director": self.role([ids["director"]], 1), **more}
        return self.signed(body, officers if by is None else by)

    def targets(self, version=1, managers=("ann",), threshold=1, by=("head",), delegation=None, **more):
        keys = [self.key(n) for n in managers]
        role = {**self.role(keys, threshold), "name": self.platform, "paths": ["*/*"], "terminating": True, **(delegation or {})}
        body = {"_type": "targets", "delegations": {"keys": {k.id: k.public for k in keys}, "roles": [role]}, "expires": later(30),
                "spec_version": SPEC, "targets": {}, "version": version, **more}
        return self.signed(body, by)

    def target(self, release, image, hw_class, channel="stable", counter=1, **custom):
        """(path, entry) of an image file."""
        data = image.read_bytes()
        return f"{release}/{image.name}", {
            "custom": {"channel": channel, "counter": counter, "hwClass": hw_class, "platform": self.platform, "version": release, **custom},
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()}, "length": len(data)}

    def platform_role(self, targets, version=1, by=("ann",), **more):
        body = {"_type": "targets", "expires": later(30), "spec_version": SPEC, "targets": dict(targets), "version": version, **more}
        return self.signed(body, by)
