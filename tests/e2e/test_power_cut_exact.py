"""The power is cut after exactly N stores to flash, N spread over a whole update of an unmodified board: request, swap, trial,
confirm.  It comes up on the old or the new version, bit for bit, and the update ends well.  --full: every N."""
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import MODE
from lab.bare import Bare, ended
from lab.board import DEVICE_BUILD, PLATFORM
from lab.build import profile_keys

PLUGIN_SOURCE = pathlib.Path(__file__).resolve().parent / "powercut_plugin.c"
FLASH = "base=0x21000000,size=0x1000000"
OLD, NEW = "1.0.0", "1.1.0"
CUT = 42
POINTS, POINTS_MIN = 232, 300
EDGE, EDGE_STEP = 120, 3   # the first and last stores are few, and say where an update begins and ends


class PowerCutExact(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-cut."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.plugin = self.folder / "powercut.so"
        subprocess.run(["cc", "-std=c11", "-O2", "-D_DEFAULT_SOURCE", "-shared", "-fPIC", "-o", self.plugin, PLUGIN_SOURCE], check=True)
        self.board = Bare(self.folder / "board", PLATFORM, DEVICE_BUILD, profile_keys("ed25519"))
        self.flash = self.board.make_flash(self.folder / "flash.img", self.board.images[NEW])

    def with_cut(self, cut):
        return "-plugin", f"{self.plugin},{FLASH},cut={cut}"

    def copy(self, name):
        path = self.folder / f"{name}.img"
        shutil.copyfile(self.flash, path)
        return path

    def stores(self):
        flash = self.copy("whole")
        sayings, _, errors = self.board.run(flash, self.folder / "whole.log", ended, *self.with_cut(0), end=signal.SIGTERM)
        self.assertEqual(sayings, [(OLD, "requested"), (NEW, "confirmed")])
        return int(re.search(r"flash stores: (\d+)", errors)[1])

    def point(self, cut):
        """The phase that the cut met; raises what is wrong."""
        uart, flash = self.folder / f"{cut}.log", self.copy(str(cut))
        _, status, errors = self.board.run(flash, uart, lambda _: False, *self.with_cut(cut))
        self.assertEqual(status, CUT, f"cut {cut}: {errors}")
        phase = self.board.journal(flash)["phase"]
        sayings, _, _ = self.board.run(flash, uart, ended, "-no-reboot")
        self.assertTrue(sayings, f"cut {cut} in {phase}: no app came up")
        self.assertTrue(self.board.slot_a(flash, sayings[-1][0]), f"cut {cut} in {phase}: slot A is not {sayings[-1]}")
        if not ended(sayings):
            sayings, _, _ = self.board.run(flash, uart, ended)
        self.assertEqual(sayings[-1][0], NEW, f"cut {cut} in {phase}: {sayings}")
        self.assertTrue(self.board.slot_a(flash, NEW), f"cut {cut} in {phase}: slot A is not {NEW}")
        self.assertEqual(self.board.journal(flash)["phase"], "idle", f"cut {cut} in {phase}")
        flash.unlink()
        uart.unlink()
        return phase

    def test_cut_after_exactly_n_stores(self):
        total = self.stores()
        points = set(range(1, total + 1))
        if MODE != "full":
            points = {1 + (total - 1) * n // (POINTS - 1) for n in range(POINTS)}
            points |= set(range(1, EDGE, EDGE_STEP)) | set(range(total - EDGE, total + 1, EDGE_STEP))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            phases = collections.Counter(pool.map(self.point, sorted(points)))
        print(f"        {len(points)} of {total} stores: {dict(phases)}", flush=True)
        self.assertGreaterEqual(len(points), POINTS_MIN)
        self.assertEqual(set(phases), {"idle", "requested", "swapping", "trial"})


if __name__ == "__main__":
    unittest.main()
