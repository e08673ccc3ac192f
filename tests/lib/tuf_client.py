"""Runs tuf-client, for tests."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve()
CLIENT = str(BUILD / "firmware" / "tuf" / "host" / "tuf-client")
HOST, DEVICE = (), ("--device",)


def run(folder, *args):
    """(exit status, reason of the refusal, its file)"""
    r = subprocess.run([CLIENT, "--metadata-dir", str(folder), *map(str, args)], capture_output=True, text=True, timeout=100)
    m = re.search(r"^refused: (\S+): (.*)$", r.stderr, re.M)
    assert r.returncode in (0, 1) and (r.returncode == 1) == (m is not None), f"{args}: {r.returncode}\n{r.stderr}"
    return r.returncode, m and m[1], m and m[2]


class Client:
    """A folder of trusted files and one of targets."""

    def __init__(self, base, server, tree, options=()):
        self.base, self.server, self.tree, self.options = pathlib.Path(base), server, tree, options
        self.trusted, self.got = self.base / "trusted", self.base / "got"
        self.trusted.mkdir(parents=True, exist_ok=True)
        self.got.mkdir(exist_ok=True)

    def init(self, root):
        (self.base / "first.json").write_bytes(root)
        return run(self.trusted, *self.options, "init", self.base / "first.json")

    def refresh(self):
        return run(self.trusted, *self.options, "--metadata-url", f"{self.server.url}/{self.tree}/metadata", "refresh")

    def download(self, *paths):
        names = [a for p in paths for a in ("--target-name", p)]
        return run(self.trusted, *self.options, "--metadata-url", f"{self.server.url}/{self.tree}/metadata", *names, "--target-dir",
                   self.got, "--target-base-url", f"{self.server.url}/{self.tree}/targets", "download")

    def files(self):
        return {p.name: p.read_bytes() for p in self.trusted.iterdir()}
