"""The whole loop in the emulator: from a build to a confirmed update, and what refuses what must be refused."""
import unittest

from devices import PLATFORM, Devices
from harness import wait_until


class Loop(Devices):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM, follow=True)
        cls.old = cls.stack.publish(PLATFORM, "1.0.0", 1, cls.app())

    def test_1_0_0_to_1_1_0_confirmed_known_and_in_the_journal_after_a_cold_start(self):
        board = self.board("loop", self.old)
        board.start()
        wait_until("the device to reach the server with 1.0.0", lambda: self.known("loop", "1.0.0"))
        new = self.stack.publish(PLATFORM, "1.1.0", 2, self.app("1.1.0"))
        self.stack.wait_version("loop", "1.1.0")
        wait_until("the journal to say confirmed", lambda: board.slots()["state"]["phase"] == "idle")

        update = self.stack.updates("loop")[0]
        self.assertEqual((update["from_version"], update["version"], update["state"], update["reason"]),
                         ("1.0.0", "1.1.0", "succeeded", None))
        self.assertEqual([e["execution"] for e in update["events"]].count("closed"), 1)

        board.kill()
        state = board.slots()
        self.assertEqual(state["a"]["version"], "1.1.0")
        self.assertEqual(state["b"]["version"], "1.0.0")
        self.assertEqual((state["state"]["phase"], state["state"]["security_floor"]), ("idle", 2))
        self.assertEqual(board.slot_bytes("a", new.stat().st_size), new.read_bytes())
        self.assertEqual(board.slot_bytes("b", self.old.stat().st_size), self.old.read_bytes())

        board.start()  # cold: RAM is gone, the flash file is what it was
        board.wait_said("1.1.0")
        heard = self.stack.device("loop")["last_seen_at"]
        wait_until("the device to poll again", lambda: self.stack.device("loop")["last_seen_at"] != heard)
        self.assertEqual(self.stack.device("loop")["version"], "1.1.0")
        self.assertEqual(len(self.stack.updates("loop")), 1, "nothing is offered again")


if __name__ == "__main__":
    unittest.main()
