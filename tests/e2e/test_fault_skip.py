"""One instruction does nothing: the linked bootloader in an emulated processor, with an image that must not start.  Whichever
instruction it is, of all that decide and are executed, the image does not start.  Arithmetic of hashes and curves is left
out: a wrong number is a wrong digest.  A sample of the instructions; --full: all."""
import collections
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import MODE, ROOT
from lab import build
from lab.bare import Bare
from lab.board import TOOLS
from lab.factory import HEADER_BYTES, Keys, sign
from lab.proc import run

BOARD, PROFILE = "mps2-an386", "ed25519"
SLOW = ("_crypto_sign_ed25519_verify_detached",)
ARITHMETIC = ("fe25519", "ge25519", "slide", "br_", "sha2", "small_sha", "divrem", "board_put", "say_", "crc32")
SAMPLE, OCCURRENCES = 60, 2   # instructions of each image; executions of each
A = Bare.SLOT_A_AT


def altered(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    return path


class FaultSkip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-skip."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.keys = build.profile_keys(PROFILE)
        cls.made = build.device(BOARD, PROFILE, cls.keys, "bootloader", "confirms")
        cls.board = Bare(cls.folder / "board", BOARD, cls.made, cls.keys)
        cls.strangers = Keys(cls.folder / "strangers", PROFILE).make()

    def flash(self, name, image=None, manifest=None):
        path = self.folder / f"{name}.img"
        run(TOOLS / "ota-flash", "make", "--out", path, "--board", BOARD, "--manifest", manifest or self.board.manifest,
            "--image", image or self.board.images["1.0.0"], "--floor", 1)
        return path

    def signed(self, keys, name, class_name=BOARD):
        return sign(keys, self.board.folder / "confirms-1.0.0.bin", self.folder / name, "1.0.0", 1, class_name)

    def scenes(self):
        size = self.board.images["1.0.0"].stat().st_size
        yield "contents", altered(self.flash("contents"), A + HEADER_BYTES + 0x700)
        yield "signature", altered(self.flash("signature"), A + size - 32)
        yield "class", self.flash("class", self.signed(self.keys, "class.bin", "other-board"))
        yield "key", self.flash("key", self.signed(self.strangers, "key.bin"))
        yield "manifest", self.flash("manifest", self.signed(self.strangers, "manifest.bin"),
                                     self.strangers.manifest(BOARD, 1, out=self.folder / "strangers.manifest"))

    def campaign(self, name, flash):
        """In a process of its own, since Unicorn is not meant for threads."""
        out = subprocess.run([sys.executable, __file__, name, self.made / "bootloader" / "bootloader.elf", flash, MODE], capture_output=True,
                             text=True, env={**os.environ, "PYTHONPATH": f"{ROOT}/tests/lib"})
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)
        if out.stdout:
            print(f"        {out.stdout.strip()}", flush=True)

    def test_no_instruction_is_decisive(self):
        self.campaign("nothing wrong", self.flash("good"))
        for name, flash in self.scenes():
            self.campaign(name, flash)


def main(name, elf, flash, mode):
    from lab.cortex import Cortex

    cortex, outcomes = Cortex(elf, flash, SLOW), collections.Counter()
    outcome, times = cortex.trace()
    if name == "nothing wrong":
        sys.exit(None if outcome == cortex.boot() == "boots" else "a good image does not start here")
    if outcome != "stops":
        sys.exit(f"{name}: it {outcome} without any fault")
    sites = [a for a in sorted(times) if not cortex.listing.function(a).startswith(ARITHMETIC if mode == "full" else ARITHMETIC + SLOW)]
    for site in sites if mode == "full" else sorted(random.Random(name).sample(sites, SAMPLE)):
        for n in range(1, min(times[site], OCCURRENCES) + 1):
            outcome = cortex.boot_without(site, n)
            if outcome == "boots":
                sys.exit(f"{name}: it starts without {site:#x} <{cortex.listing.function(site)}> {cortex.listing.at[site][1]}, execution {n}")
            outcomes[outcome.split()[0]] += 1
    print(f"{name}: {sum(outcomes.values())} faults in {len(sites)} instructions: {dict(outcomes)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
