"""Every board and every signature profile: bootloader and smallest app are built, then install, confirm, revert and refuse, in
the emulator, over flash files that ota-flash made."""
import pathlib
import shutil
import tempfile
import unittest

import harness  # noqa: F401 (where lab is)
from lab import build
from lab.bare import Bare, SerialFlash, ended, said
from lab.proc import wait_until

OLD, NEW, BROKEN = "1.0.0", "1.1.0", "1.2.0"
TRIES = 3
WAIT_S = 240  # of which the bootloader waits 60


class Boards(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-boards."))
        self.addCleanup(shutil.rmtree, self.folder)

    def updated(self, board, image, name):
        """The journal, and what the app said, of a board that was asked to install image."""
        flash = board.make_flash(self.folder / f"{name}.img", image, request=True)
        uart = self.folder / f"{name}.log"
        sayings, _, _ = board.run(flash, uart, ended)
        self.assertTrue(board.slot_a(flash, sayings[-1][0]))
        return board.journal(flash), sayings, uart.read_text(errors="replace")

    def check(self, machine, profile, kind=Bare):
        keys = build.profile_keys(profile)
        made = build.device(machine, profile, keys, "bootloader", "confirms", "crashes")
        board = kind(self.folder / "board", machine, made, keys)
        journal, sayings, _ = self.updated(board, board.images[NEW], "good")
        self.assertEqual(sayings, [(NEW, "confirmed")])
        self.assertEqual((journal["phase"], journal["security_floor"]), ("idle", 2))

        journal, sayings, text = self.updated(board, board.image("crashes", BROKEN, 3), "broken")
        self.assertEqual(sayings, [(OLD, "idle")])
        self.assertEqual(text.count("crashes: now"), TRIES)
        self.assertEqual((journal["last_decision"], journal["security_floor"]), ("reverted", 1))

        other = kind(self.folder / "stranger", machine, board.build, keys, image_key="stranger")
        journal, sayings, _ = self.updated(board, other.images[NEW], "stranger")
        self.assertEqual(sayings, [(OLD, "idle")])
        self.assertEqual((journal["last_decision"], journal["last_why"]), ("refused", "unknown-key"))

    def test_cortex_m3(self):
        self.check("mps2-an385", "ed25519")

    def test_cortex_m7(self):
        self.check("mps2-an500", "ed25519")

    def test_serial_flash(self):
        self.check("emcraft-sf2", "ed25519", SerialFlash)

    def test_looks_again_in_a_minute(self):
        """Flash that holds nothing good, and then does: nobody is there to press a button."""
        keys = build.profile_keys("ed25519")
        board = Bare(self.folder / "board", "mps2-an385", build.device("mps2-an385", "ed25519", keys, "bootloader", "confirms"), keys)
        flash, uart = board.make_flash(self.folder / "flash.img", board.images[OLD]), self.folder / "uart.log"
        good = flash.read_bytes()
        with open(flash, "r+b") as f:
            f.write(good[:Bare.SLOT_A_AT] + bytes(Bare.USED_BYTES - Bare.SLOT_A_AT))
        qemu = board.start(flash, uart)
        try:
            wait_until("the bootloader to give up for now", lambda: uart.exists() and "again in a minute" in uart.read_text(errors="replace"), WAIT_S)
            with open(flash, "r+b") as f:
                f.write(good[:Bare.USED_BYTES])
            wait_until("it to look again", lambda: ended(said(uart)), WAIT_S)
        finally:
            qemu.kill()
            qemu.communicate()
        self.assertEqual(said(uart), [(OLD, "idle")])
        self.assertEqual(uart.read_text(errors="replace").count("nothing boots"), 1)

    def test_cortex_m4_p256(self):
        self.check("mps2-an386", "p256")


if __name__ == "__main__":
    unittest.main()
