"""An image key is stolen and used.  Its revocation reaches devices as a key manifest, with the power cut again and again while
they change: afterwards no device boots what the thief signs, and none is bricked, not even one that runs the thief's image."""
import random
import time
import unittest

from devices import PLATFORM
from harness import wait_until
from lab import factory
from lab.board import SLOT_AT, STEP, SWAP
from test_keys import KeyCase

BOARDS = 3
BEHIND = ("the-good-image", "nothing", "another-of-the-thiefs")  # in the slot that does not run
TAIL_BYTES = 120_000  # so that a swap is long enough to be cut
SWAP_RECORDS = 30


class Theft(KeyCase):
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
        return factory.sign(self.stack.keys, self.payload(version, counter), self.folder / f"thief-{version}.bin", version, counter, PLATFORM)

    def stands(self, board, image):
        return board.slot_bytes("a", image.stat().st_size) == image.read_bytes()

    def robbed(self, name, behind):
        """A board that runs and has confirmed what the thief signed, over what is in its other slot."""
        first = self.thiefs("5.5.5", 5) if behind != "the-good-image" else self.old
        board = self.board(name, first)
        if behind != "nothing":
            board.force_stage(self.thiefs("6.6.6", 6))
        board.start()
        runs = "5.5.5" if behind == "nothing" else "6.6.6"
        wait_until(f"{name} to be the thief's", lambda: self.known(name, runs) and board.slots()["state"]["phase"] == "idle")
        return board, self.folder / f"thief-{runs}.bin"

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

    def updates_with_cuts(self, board, rng, new, version="1.1.0", old=None):
        """Phases in which the power was cut; one trial boot at most is spent on it."""
        old, phases = old or self.old, []
        for plan in (self.at_some_time, self.at_some_time, self.in_swap, self.while_swap_goes_on, self.while_swap_goes_on,
                     self.at_some_time):
            if "trial" in phases or not plan(board, rng):
                continue
            phases.append(board.slots()["state"]["phase"])
            if plan == self.at_some_time:
                self.comes_up(board, old, new)
        self.comes_up(board, old, new)
        self.stack.wait_version(board.name, version)
        wait_until("the device to have confirmed", lambda: board.slots()["state"]["phase"] == "idle")
        return phases

    def refuses_the_thief(self, board, new, version, n):
        """By the bootloader, past every check of the agent."""
        board.kill()
        board.force_stage(self.thiefs("77.7.7", 77))
        board.start()
        rng = random.Random(100 + n)
        time.sleep(rng.uniform(0, 0.1))
        board.kill()  # nor does a power cut while it is looked at let it in
        board.start()
        self.assertEqual(board.wait_booted(), version)
        self.assertTrue(self.stands(board, new))
        state = board.slots()["state"]
        self.assertEqual((state["phase"], state["last_decision"], state["last_why"]), ("idle", "refused", "unknown-key"))
        self.assertNotIn("77.7.7", board.boots())
        heard = self.stack.device(board.name)["last_seen_at"]
        wait_until("the device to poll again", lambda b=board, h=heard: self.stack.device(b.name)["last_seen_at"] != h)


class Drill(Theft):
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
            self.refuses_the_thief(board, new, "1.1.0", n)

        refused = self.stack.publish(PLATFORM, "8.8.8", 8, self.payload("8.8.8", 8), check=False)
        self.assertIn("unknown-key", refused.stdout + refused.stderr)


class Robbed(Theft):
    """The thief's image is what devices run when the news comes: confirmed, over whatever is in the other slot, or on trial."""

    def on_trial(self):
        """It was started, on trial, where no server is; then the news comes."""
        board = self.board("on-trial", self.old)
        home = board.port
        board.move(1)  # nobody listens there
        board.force_stage(self.thiefs("6.6.6", 6))
        board.start()
        wait_until("the thief's image to be on trial", lambda: board.slots()["state"]["phase"] == "trial" and "6.6.6" in board.boots())
        board.kill()
        board.move(home)
        return board, self.folder / "thief-6.6.6.bin"

    def test_who_runs_the_thiefs_image_comes_back(self):
        boards = [self.robbed(f"over-{b}", b) for b in BEHIND]
        boards.append(self.on_trial())
        self.import_manifest(self.manifest(2, "image-2"))
        boards[-1][0].start()
        for board, _ in boards:
            wait_until(f"the new keys to reach {board.name}", lambda b=board: "new keys are pending" in b.said_ever())
            self.assertEqual(self.in_force(board), 1, "nothing that they accept has run yet: the board would have nothing left")
        new = self.stack.publish(PLATFORM, "9.0.0", 9, self.payload("9.0.0", 9), key="image-2")
        phases = []
        for n, (board, thiefs) in enumerate(boards):
            self.stack.assign(board.name, "9.0.0")
            phases += self.updates_with_cuts(board, random.Random(n), new, "9.0.0", old=thiefs)
            self.assertEqual(self.in_force(board), 2)
            self.assertTrue(self.stands(board, new))
        print(f"        power cuts while they come back: {phases}", flush=True)
        for n, (board, _) in enumerate(boards):
            self.starts_nothing_rather(board, new)
            self.refuses_the_thief(board, new, "9.0.0", n)

    def starts_nothing_rather(self, board, new):
        """What runs goes bad: the thief's image, whole in the other slot, is no way out.  Mended it runs again."""
        board.kill()
        self.write(board, new.stat().st_size // 2, bytes(64))
        before = board.boots()
        board.start()
        board.wait_said("otad boot: nothing boots, again in a minute")
        board.kill()
        self.assertEqual(board.boots(), before)
        self.write(board, 0, new.read_bytes())
        self.comes_up(board, new)

    @staticmethod
    def write(board, at, data):
        with open(board.flash, "r+b") as f:
            f.seek(SLOT_AT["a"] + at)
            f.write(data)


if __name__ == "__main__":
    unittest.main()
