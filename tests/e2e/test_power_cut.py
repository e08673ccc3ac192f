"""The emulator is killed at fifty seeded moments, many of them within the swap.  Each time the device comes up on the old
or the new version, bit for bit, and the update ends well all the same."""
import collections
import random
import time
import unittest

from devices import PLATFORM, Devices
from harness import MODE, wait_until
from lab.board import STEP, SWAP

SEED = 7
CUTS = 250 if MODE == "full" else 50
CUTS_IN_SWAP_MIN = CUTS // 5
UPDATES_MAX = 2 * CUTS  # on a machine too slow to hit a swap it ends all the same
TAIL_BYTES = 120_000
SWAP_RECORDS = 30    # fewer than a swap of the app and its tail writes
TRIAL_CUTS_MAX = 1  # each costs one of three trial boots
IN_SWAP = (SWAP, STEP)


class PowerCut(Devices):
    settings = {"poll_interval_s": 1, "poll_busy_interval_s": 1}

    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.images = {}
        cls.publish_next(0)

    @classmethod
    def payload(cls, version, number):
        """The app and a tail of noise, so that every sector of a swap is different and none is skipped."""
        path = cls.stack.folder / f"payload-{version}"
        path.write_bytes(cls.app().read_bytes() + random.Random(number).randbytes(TAIL_BYTES))
        return path

    @classmethod
    def publish_next(cls, number):
        version = f"1.{number}.0"
        cls.images[version] = cls.stack.publish(PLATFORM, version, 1 + number, cls.payload(version, number))
        return version

    def cut_in_swap(self, board, rng):
        """Kill when the journal holds so and so many records of a swap in progress."""
        begun = board.wait_swap(lambda: self.over("cut"))
        if begun is None:
            return False
        board.wait_swap_beyond(begun + rng.randrange(0, SWAP_RECORDS))
        board.kill()
        return True

    def cut_while_swap_goes_on(self, board, rng):
        """Only behind a cut in a swap: kill again before the device has come up."""
        sequence, kind, _ = board.newest_record()
        if kind not in IN_SWAP:
            return False
        board.start()
        board.wait_swap_beyond(sequence + rng.randrange(1, SWAP_RECORDS))
        board.kill()
        return True

    def cut_at_some_time(self, board, rng):
        time.sleep(rng.uniform(0, 0.8))
        board.kill()
        return True

    def over(self, name):
        now = time.monotonic()
        if now - self.asked > 0.25:
            self.asked = now
            self.was_over = self.stack.device(name)["update"] is None or self.stack.updates(name)[0]["closed_at"] is not None
        return self.was_over

    def comes_up(self, board, old, new):
        board.start()
        found = board.wait_booted()
        self.assertIn(found, (old, new))
        size = self.images[found].stat().st_size
        self.assertEqual(board.slot_bytes("a", size), self.images[found].read_bytes(), f"slot A is not {found}")

    def test_fifty_cuts(self):
        rng, phases = random.Random(SEED), collections.Counter()
        board = self.board("cut", self.images["1.0.0"])
        board.start()
        wait_until("the device to reach the server", lambda: self.known("cut", "1.0.0"))
        number, old = 0, "1.0.0"
        while number < UPDATES_MAX and (sum(phases.values()) < CUTS or phases["swapping"] < CUTS_IN_SWAP_MIN):
            number += 1
            new = self.publish_next(number)
            self.asked, self.was_over, trial_cuts = 0, False, 0
            self.stack.assign("cut", new)
            for plan in (self.cut_at_some_time, self.cut_in_swap, self.cut_while_swap_goes_on, self.cut_at_some_time):
                if trial_cuts >= TRIAL_CUTS_MAX or not plan(board, rng):
                    continue
                phase = board.slots()["state"]["phase"]
                phases[phase] += 1
                trial_cuts += phase == "trial"
                if plan != self.cut_in_swap:
                    self.comes_up(board, old, new)
            if not board.running():
                self.comes_up(board, old, new)
            self.stack.wait_version("cut", new)
            self.assertEqual(board.slot_bytes("a", self.images[new].stat().st_size), self.images[new].read_bytes())
            old = new
        print(f"        power cuts: {dict(phases)}, {number} updates", flush=True)
        self.assertGreaterEqual(sum(phases.values()), CUTS)
        self.assertGreaterEqual(phases["swapping"], CUTS_IN_SWAP_MIN)
        self.assertTrue(all(u["state"] == "succeeded" for u in self.stack.updates("cut")))


if __name__ == "__main__":
    unittest.main()
