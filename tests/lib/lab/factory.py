"""What a firmware team has: keys, key manifests, signed images, published releases; all of it by `signer`."""
import json
import os
import pathlib

from .proc import BUILD, run

VENDOR = "otad.example"  # SPEC 2.5


def signer(*argv, check=True, env=None):
    return run(BUILD / "signer" / "signer", *argv, check=check, env=env)


class Keys:
    """Three boot roots, an image key and a release key in a folder; made once."""

    ROOTS = ("root-0", "root-1", "root-2")

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def make(self):
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (*self.ROOTS, "image", "release"):
            if not self.secret(name).exists():
                signer("keygen", "--type", "ed25519", "--out", self.secret(name), "--public", self.public(name))
        return self

    def secret(self, name):
        return self.folder / f"{name}.key"

    def public(self, name):
        return self.folder / f"{name}.pem"

    def roots_pem(self):
        return [self.public(n).read_text() for n in self.ROOTS]

    def manifest(self, class_name, sequence=1, out=None, image="image", release="release", roots=(0, 1)):
        out = pathlib.Path(out or self.folder / f"{class_name}.{sequence}.manifest")
        out.unlink(missing_ok=True)
        signer("keymanifest", "make", "--vendor", VENDOR, "--class", class_name, "--sequence", sequence,
               "--image-key", self.public(image), "--release-key", self.public(release),
               *(a for r in roots for a in ("--root", f"{r}:{self.secret(self.ROOTS[r])}")), "--out", out)
        return out


def sign(keys, payload, out, version, counter, class_name, key="image"):
    out = pathlib.Path(out)
    out.unlink(missing_ok=True)
    signer("sign", "--key", keys.secret(key), "--version", version, "--security-counter", counter, "--vendor", VENDOR,
           "--class", class_name, "--in", payload, "--out", out)
    return out


def publish(keys, url, ca, api_key, platform, version, counter, files, channel="stable", notes="", check=True):
    """As CI does it: the secret comes from the environment."""
    return signer("publish", "--url", url, "--ca", ca, "--platform", platform, "--version", version, "--security-counter", counter,
                  "--release-key", keys.secret("release"), "--channel", channel, "--notes", notes, *files, check=check,
                  env={"OTAD_API_KEY": api_key})


def keep_secret(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)


def load(path):
    return json.loads(pathlib.Path(path).read_text())
