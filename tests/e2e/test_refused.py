"""What must be refused: by the daemon at upload, and by the bootloader when it stands in the slot all the same."""
import unittest

from devices import PLATFORM, Devices
from harness import wait_until


class Refused(Devices):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        s.keys.extra("stranger")
        cls.image = s.publish(PLATFORM, "2.0.0", 5, cls.app())

    def refused_by_otad(self, version, counter, status, code, **more):
        result = self.stack.publish(PLATFORM, version, counter, self.app(), check=False, **more)
        self.assertNotEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(code, result.stdout + result.stderr)
        kept = [r for r in self.admin.every(f"/releases?platform={PLATFORM}") if r["version"] == version]
        self.assertTrue(all(r["state"] not in ("released", "complete") for r in kept), kept)

    def test_wrong_key_at_upload(self):
        self.refused_by_otad("2.1.0", 6, 422, "unknown-key", key="stranger")

    def test_lower_version_at_release(self):
        self.refused_by_otad("1.9.0", 6, 409, "version-too-low")

    def test_lower_counter_at_release(self):
        self.refused_by_otad("2.2.0", 4, 409, "counter-too-low")

    def boots_old(self, name, image, why):
        """image is put into the staging slot and asked for by force, with the power off."""
        board = self.board(name, self.image, floor=5)
        board.force_stage(image)
        board.start()
        wait_until("the device to come up on 2.0.0", lambda: self.known(name, "2.0.0"))
        board.kill()
        state = board.slots()
        self.assertEqual(state["a"]["version"], "2.0.0")
        self.assertEqual(state["state"]["phase"], "idle")
        self.assertEqual(board.slot_bytes("a", self.image.stat().st_size), self.image.read_bytes())
        self.assertIn(why, board.said_ever())

    def test_wrong_key_in_the_slot(self):
        image = self.stack.image(PLATFORM, "2.1.0", 6, self.app(), key="stranger", name="stranger.bin")
        self.boots_old("forced-key", image, "unknown-key")

    def test_altered_image_in_the_slot(self):
        data = bytearray(self.stack.image(PLATFORM, "2.1.0", 6, self.app(), name="altered.bin").read_bytes())
        data[len(data) // 2] ^= 1
        path = self.folder / "altered.bin"
        path.write_bytes(data)
        self.boots_old("forced-altered", path, "bad-digest")

    def test_lower_counter_in_the_slot(self):
        image = self.stack.image(PLATFORM, "2.1.0", 4, self.app(), name="low-counter.bin")
        self.boots_old("forced-counter", image, "below-floor")

    def test_other_hardware_in_the_slot(self):
        other = "other-board"
        image = self.stack.image(other, "2.1.0", 6, self.app(), name="other-class.bin")
        self.boots_old("forced-class", image, "wrong-class")


if __name__ == "__main__":
    unittest.main()
