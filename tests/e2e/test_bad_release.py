"""Releases that are authentic and bad: one never confirms, one crashes at start.  Both are gone within three trial boots."""
import unittest

from devices import PLATFORM, Devices
from harness import wait_until

TRIALS = 3


class BadRelease:
    """For one kind of device: make(name, image) and bad(behaviour) are the kind's own."""

    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        cls.old = s.publish(PLATFORM, "1.0.0", 1, cls.good())
        s.publish(PLATFORM, "1.1.0", 2, cls.bad("never-confirms"))
        s.publish(PLATFORM, "1.2.0", 3, cls.bad("crashes"))

    def reverts(self, name, version, reason):
        device = self.make(name, self.old)
        device.start()
        wait_until("the device to reach the server with 1.0.0", lambda: self.known(name, "1.0.0"))
        self.stack.assign(name, version)
        update = wait_until("the update to be over", lambda: next(
            (u for u in self.stack.updates(name) if u["closed_at"]), None), timeout_s=300)
        self.assertEqual((update["state"], update["reason"]), ("failed", reason))
        self.assertEqual(self.stack.device(name)["version"], "1.0.0")
        device.kill()
        state = device.slots()
        self.assertEqual((state["a"]["version"], state["state"]["phase"], state["state"]["security_floor"]), ("1.0.0", "idle", 1))
        self.assertEqual(device.slot_bytes("a", self.old.stat().st_size), self.old.read_bytes())
        trials = device.boots().count(version)
        self.assertGreaterEqual(trials, 1)
        self.assertLessEqual(trials, TRIALS)

    def test_goes_back_from_a_release_that_never_confirms(self):
        self.reverts("silent", "1.1.0", "reverted-not-confirmed")

    def test_goes_back_from_a_release_that_crashes(self):
        self.reverts("crash", "1.2.0", "reverted-crashed")


class Emulated(BadRelease, Devices):
    @classmethod
    def good(cls):
        return cls.app()

    @classmethod
    def bad(cls, behaviour):
        return cls.app(behaviour)

    def make(self, name, image):
        return self.board(name, image)


class OnTheHost(BadRelease, Devices):
    @classmethod
    def good(cls):
        return cls.host_app()

    @classmethod
    def bad(cls, behaviour):
        return cls.host_app(behaviour)

    def make(self, name, image):
        return self.host_device(name, image)


if __name__ == "__main__":
    unittest.main()
