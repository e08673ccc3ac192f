"""An image key is stolen and used.  Its revocation reaches devices as a key manifest, with the power cut again and again while
they change: afterwards no device boots what the thief signs, and none is bricked."""
import random
import time
import unittest

from devices import PLATFORM
from harness import wait_until
from lab.board import STEP, SWAP
from test_keys import KeyCase

BOARDS = 3
TAIL_BYTES = 120_000  # so that a swap is long enough to be cut
SWAP_RECORDS = 30


class Drill(KeyCase):
    settings = {"poll_interval_s": 1, "poll_busy_interval_s": 1}

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.old = cls.stack.publish(PLATFORM, "1.0.0", 1, cls.payload("1.0.0", 1))

    @classmethod
    def payload(cls, version, seed):
        path = cls.stack.folder / f"payload-{version}"
        path.write_bytes(cls.app("1.1.0" if version == "1.1.0" else "1.0.0").read_bytes() + random.Random(seed).randbytes(TAIL_BYTES))
        return path

    def thiefs(self, version, counter):
        """Newer than all there is, and signed well, by a key that was trusted."""
        return self.stack.image(PLATFORM, version, counter, self.payload(version, counter), name=f"thief-{version}.bin")

    def stands(self, board, image):
        return board.slot_bytes("a", image.stat().st_size) == image.read_bytes()

    def comes_up(self, board, *images):
        if not board.running():
            board.start()
        board.wait_booted()
        self.assertTrue(any(self.stands(board, i) for i in images), "slot A is neither the old nor the new image")

    # -- when the power is cut; False: there was nothing to cut

    def at_some_time(self, board, rng):
        time.sleep(rng.uniform(0, 0.8))
        board.kill()
        return True

    def in_swap(self, board, rng):
        begun = board.wait_swap(lambda: self.stack.updates(board.name)[0]["closed_at"] is not None)
        if begun is not None:
            board.wait_swap_beyond(begun + rng.randrange(0, SWAP_RECORDS))
            board.kill()
        return begun is not None

    def while_swap_goes_on(self, board, rng):
        """Again, before the device has come up."""
        sequence, kind, _ = board.newest_record()
        if board.running() or kind not in (SWAP, STEP):
            return False
        board.start()
        board.wait_swap_beyond(sequence + rng.randrange(1, SWAP_RECORDS))
        board.kill()
        return True

    def updates_with_cuts(self, board, rng, new):
        """Phases in which the power was cut; one trial boot at most is spent on it."""
        phases = []
        for plan in (self.at_some_time, self.at_some_time, self.in_swap, self.while_swap_goes_on, self.while_swap_goes_on,
                     self.at_some_time):
            if "trial" in phases or not plan(board, rng):
                continue
            phases.append(board.slots()["state"]["phase"])
            if plan == self.at_some_time:
                self.comes_up(board, self.old, new)
        self.comes_up(board, self.old, new)
        self.stack.wait_version(board.name, "1.1.0")
        wait_until("the device to have confirmed", lambda: board.slots()["state"]["phase"] == "idle")
        return phases

    def test_stolen_used_revoked(self):
        boards = [self.board(f"drill-{n}", self.old) for n in range(BOARDS)]
        for board in boards:
            board.start()
        for board in boards:
            wait_until("the device to reach the server with 1.0.0", lambda b=board: self.known(b.name, "1.0.0"))

        used = self.board("robbed", self.old)  # what the key is worth, as long as it counts
        used.force_stage(self.thiefs("6.6.6", 1))
        used.start()
        wait_until("the thief's image to be booted", lambda: "6.6.6" in used.boots())
        used.kill()

        self.import_manifest(self.manifest(2, "image-2"))
        new = self.stack.publish(PLATFORM, "1.1.0", 2, self.payload("1.1.0", 2), key="image-2")
        phases = []
        for n, board in enumerate(boards):
            self.stack.assign(board.name, "1.1.0")
            phases += self.updates_with_cuts(board, random.Random(n), new)
        print(f"        power cuts while keys change: {phases}", flush=True)
        self.assertGreaterEqual(len(phases), BOARDS)

        for n, board in enumerate(boards):
            self.assertEqual(self.in_force(board), 2)
            self.assertTrue(self.stands(board, new))
            board.kill()
            board.force_stage(self.thiefs("7.7.7", 7))
            board.start()
            rng = random.Random(100 + n)
            time.sleep(rng.uniform(0, 0.1))
            board.kill()  # nor does a power cut while it is looked at let it in
            board.start()
            self.assertEqual(board.wait_booted(), "1.1.0")
            self.assertTrue(self.stands(board, new))
            state = board.slots()["state"]
            self.assertEqual((state["phase"], state["last_decision"], state["last_why"]), ("idle", "refused", "unknown-key"))
            self.assertNotIn("7.7.7", board.boots())
            heard = self.stack.device(board.name)["last_seen_at"]
            wait_until("the device to poll again", lambda b=board, h=heard: self.stack.device(b.name)["last_seen_at"] != h)

        refused = self.stack.publish(PLATFORM, "8.8.8", 8, self.payload("8.8.8", 8), check=False)
        self.assertIn("unknown-key", refused.stdout + refused.stderr)


if __name__ == "__main__":
    unittest.main()
