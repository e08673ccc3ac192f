"""What a firmware team has: keys, key manifests, signed images, published releases; all of it by `signer`."""
import base64
import fcntl
import os
import pathlib

from .proc import BUILD, run

VENDOR = "otad.example"  # SPEC 2.5
HEADER_BYTES = 0x200      # aligns the app's vector table


def signer(*argv, check=True, env=None):
    return run(BUILD / "signer" / "signer", *argv, check=check, env=env)


class Keys:
    """Three boot roots, an image key and a release key in a folder; made once, and roots.c for the bootloader's build."""

    ROOTS = ("root-1", "root-2", "root-3")

    def __init__(self, folder, kind="ed25519"):
        self.folder, self.kind = pathlib.Path(folder), kind

    def make(self):
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self.folder / ".lock", "w") as lock:  # tests run side by side
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in self.ROOTS:
                self.extra(name, "root")
            self.extra("image")
            self.extra("release", "release")
            if not self.roots_source.exists():
                signer("keymanifest", "roots", *self._root_options(), "--c-source", self.roots_source)
        return self

    @property
    def roots_source(self):
        return self.folder / "roots.c"

    def extra(self, name, purpose="image"):
        if not self.secret(name).exists():
            kind = "ed25519" if purpose == "release" else self.kind  # minisign knows nothing else
            signer("keygen", "--type", kind, "--purpose", purpose, "--out", self.secret(name))
        return self.secret(name)

    def secret(self, name):
        return self.folder / f"{name}.pem"

    def public(self, name):
        return self.folder / f"{name}.pub"

    def minisign_public(self):
        return self.folder / "release.minisign.pub"

    def _root_options(self):
        return [a for name in self.ROOTS for a in ("--root", self.public(name))]

    def roots_pem(self):
        return [self.public(n).read_text() for n in self.ROOTS]

    def manifest(self, class_name, sequence=1, out=None, image="image", release="release", roots=(0, 2)):
        """Drafted by the release team, then signed by two root managers, one after the other."""
        out = pathlib.Path(out or self.folder / f"{class_name}.{sequence}.manifest")
        out.unlink(missing_ok=True)
        signer("keymanifest", "new", "--vid", VENDOR, "--class", class_name, "--sequence", sequence,
               "--image-key", self.public(image), "--release-key", self.public(release), "--out", out)
        for r in roots:
            signer("keymanifest", "cosign", "--key", self.secret(self.ROOTS[r]), *self._root_options(), out)
        return out


def sign(keys, payload, out, version, counter, class_name, key="image"):
    out = pathlib.Path(out)
    out.unlink(missing_ok=True)
    signer("sign", "--key", keys.secret(key), "--version", version, "--security-counter", counter, "--vid", VENDOR, "--class",
           class_name, "--header-size", HEADER_BYTES, "--pad-header", payload, out)
    return out


def publish(keys, url, ca, api_key, platform, version, files, channel="stable", notes="", counter=None, check=True):
    """As CI does it: the secret comes from the environment.  counter: only for releases without an image."""
    return signer("publish", "--server", url, "--ca", ca, "--platform", platform, "--version", version, "--release-key",
                  keys.secret("release"), "--channel", channel, "--notes", notes,
                  *(["--counter", counter] if counter is not None else []), *files, check=check,
                  env={"OTAD_API_KEY": api_key})


def keep_secret(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)


def base64_of(path):
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()
