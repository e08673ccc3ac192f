"""What the bootloader takes, of both signature profiles: flash, RAM, instructions.  Printed beside the best peers' figures
and compared with bootloader/budget.txt.  And the same image, byte for byte, from two builds in different folders."""
import hashlib
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import ROOT, run
from lab import build
from lab.bare import Bare, ended
from lab.factory import sign
from lab.stack import Program

BUDGET = ROOT / "bootloader" / "budget.txt"
PLUGIN_SOURCE = pathlib.Path(__file__).resolve().parent / "instructions_plugin.c"
BOARD, UART = "mps2-an386", 0x40004000
IMAGE_BYTES = 256 * 1024
BOOTS = re.compile(rb"^(?:otad boot: boot|b \d+) ", re.M)          # words or codes (bootloader/say.h)
INSTALLS = re.compile(rb"^(?:otad boot: install|d 6 )", re.M)
APP = re.compile(rb"^confirms ", re.M)
PHASES = {"sector_check", "judge", "image_contents", "second_opinion"}
PEERS = {  # published by the projects themselves, for configurations as near as there are
    "flash ed25519": "MCUboot 33,000-42,000 (P-256); wolfBoot 12,200 without journal and key manifest",
    "flash p256": "wolfBoot 13,952-18,920; MCUboot 33,000-42,000",
    "ram ed25519": "wolfBoot 5,000; MCUboot 22,000",
    "ram p256": "wolfBoot 5,000; MCUboot 22,000",
    "boot ed25519": "libsodium as it is, SHA-512: 24,300,000",
    "boot p256": "three verifications by TinyCrypt: 73,000,000",
}


def budgets():
    lines = [x.split() for x in BUDGET.read_text().splitlines() if x and not x.startswith("#")]
    return {f"{kind} {profile}": int(n) for kind, profile, n in lines}


class BootBudget(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-budget."))
        self.addCleanup(shutil.rmtree, self.folder)

    def sizes(self, elf):
        """Flash and static RAM; what survives resets counts too."""
        found = {m[1]: int(m[2]) for m in re.finditer(r"^(\.\w+)\s+(\d+)", run("arm-none-eabi-size", "-A", elf).stdout, re.M)}
        return found[".text"] + found[".data"], found[".data"] + found[".bss"] + found[".handover"]

    @staticmethod
    def addresses(elf):
        """Of the functions where the phases of a boot begin; none of them is ever inlined."""
        found = re.findall(r"^([0-9a-f]+) t (\w+)", run("arm-none-eabi-nm", elf).stdout, re.M)
        return {name: int(at, 16) & ~1 for at, name in found if name in PHASES}

    def instructions(self, profile, made, keys):
        """Of the first boot, by phase and from reset to the app's first character; and from the decision to install to the
        next start."""
        plugin = self.folder / "instructions.so"
        subprocess.run(["cc", "-std=c11", "-O2", "-shared", "-fPIC", "-o", plugin, PLUGIN_SOURCE], check=True)
        board = Bare(self.folder / profile, BOARD, made, keys)
        for counter, version in enumerate(("1.0.0", "1.1.0"), 1):
            payload = self.folder / "payload"
            code = (made / "firmware" / "apps" / "confirms.bin").read_bytes()
            payload.write_bytes(code + random.Random(version).randbytes(IMAGE_BYTES - len(code)))
            board.images[version] = sign(keys, payload, self.folder / f"{profile}-{version}.img", version, counter, BOARD)
        flash, uart = board.make_flash(self.folder / f"{profile}.flash", board.images["1.1.0"]), self.folder / f"{profile}.uart"
        places = self.addresses(made / "bootloader" / "bootloader.elf")
        at = "".join(f",at={a:#x}" for a in places.values())
        _, _, errors = board.run(flash, uart, ended, "-plugin", f"{plugin},uart={UART}{at}")
        counts = [int(n) for n in re.findall(r"^(\d+)$", errors, re.M)]
        first = {name: int(re.search(rf"^{a:x} (\d+)$", errors, re.M)[1]) for name, a in places.items()}
        text = uart.read_bytes()
        install = INSTALLS.search(text).start()
        boots = [m.start() for m in BOOTS.finditer(text)]
        self.assertEqual(len(boots), 2)
        return {"boot": counts[APP.search(text).start()], "install": counts[boots[1]] - counts[install],
                "manifest": first["judge"] - first["sector_check"], "image": first["second_opinion"] - first["image_contents"]}

    def test_budget(self):
        budget, rows, over = budgets(), [], []
        for profile in ("ed25519", "p256"):
            keys = build.profile_keys(profile)
            made = build.device(BOARD, profile, keys, "bootloader", "confirms")
            elf = made / "bootloader" / "bootloader.elf"
            flash, static = self.sizes(elf)
            stack, chain = Program(elf).worst()
            of = self.instructions(profile, made, keys)
            rows += [(f"flash {profile}", flash, "bytes"), (f"ram {profile}", static + stack, f"bytes: {static} static, {stack} stack"),
                     (f"image {profile}", of["image"], "instructions: hash of 256 KiB and the image's signature"),
                     (f"manifest {profile}", of["manifest"], "instructions: the key manifest and its two signatures"),
                     (f"boot {profile}", of["boot"], "instructions from reset to app, both of these and the rest"),
                     (f"install {profile}", of["install"], "instructions, swap of 256 KiB and verification")]
            print(f"        deepest stack, {profile}: {' > '.join(chain)}")
        print(f"        {'':16}{'is':>12}{'budget':>13}  what; best peers")
        for name, value, what in rows:
            limit = budget.get(name)
            print(f"        {name:16}{value:>12,}{limit or 0:>13,}  {what}; {PEERS.get(name, '-')}", flush=True)
            if limit is not None and value > limit:
                over.append(f"{name}: {value} > {limit}")
        self.assertEqual(over, [])
        self.assertEqual(set(budget) - {r[0] for r in rows}, set(), "every budget is measured")

    def test_reproducible(self):
        keys, hashes = build.profile_keys("ed25519"), []
        for folder in (self.folder / "a", self.folder / "some" / "where" / "else"):
            made = build.device(BOARD, "ed25519", keys, "bootloader", folder=folder)
            hashes.append(hashlib.sha256((made / "bootloader" / "bootloader.bin").read_bytes()).hexdigest())
        print(f"        bootloader.bin {hashes[0]}", flush=True)
        self.assertEqual(hashes[0], hashes[1])


if __name__ == "__main__":
    unittest.main()
