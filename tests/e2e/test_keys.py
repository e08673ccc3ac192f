"""Image keys rotate in the field: a new manifest reaches devices through their polls, takes effect with the first image that
confirms under it, and what an old key signed is refused from then on, by the daemon and by the bootloader."""
import unittest

from devices import PLATFORM, Devices
from harness import wait_until
from lab import factory


class Keys(Devices):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        s.keys.extra("image-2")
        cls.first = s.publish(PLATFORM, "1.0.0", 1, cls.host_app())

    def manifest(self, sequence, *image_keys):
        keys, out = self.stack.keys, self.folder / f"{sequence}.manifest"
        factory.signer("keymanifest", "new", "--vid", factory.VENDOR, "--class", PLATFORM, "--sequence", sequence,
                       *[a for k in image_keys for a in ("--image-key", keys.public(k))], "--release-key", keys.public("release"),
                       "--out", out)
        roots = [a for name in keys.ROOTS for a in ("--root", keys.public(name))]
        for name in keys.ROOTS[:2]:
            factory.signer("keymanifest", "cosign", "--key", keys.secret(name), *roots, out)
        return out

    def import_manifest(self, path, status=200):
        answer = self.admin.request("PUT", f"/api/v1/platforms/{PLATFORM}/key-manifest", path.read_bytes())
        self.assertEqual(answer.status, status, answer.body)

    def in_force(self, device):
        return device.slots()["state"]["manifest_sequence"]

    def wait_pending(self, device, times):
        wait_until("the new keys to reach the device", lambda: device.said_ever().count("new keys are pending") == times)

    def install(self, device, version, counter, key):
        self.stack.publish(PLATFORM, version, counter, self.host_app(), key=key)
        self.stack.assign(device.name, version)
        self.stack.wait_version(device.name, version)
        wait_until("the device to have confirmed", lambda: device.slots()["state"]["phase"] == "idle")

    def test_rotation(self):
        device = self.host_device("rotated", self.first)
        device.start()
        wait_until("the device to reach the server with 1.0.0", lambda: self.known("rotated", "1.0.0"))

        self.import_manifest(self.manifest(2, "image", "image-2"))
        self.wait_pending(device, 1)
        self.assertEqual(self.in_force(device), 1)
        self.install(device, "2.0.0", 2, "image-2")
        self.assertEqual(self.in_force(device), 2)

        self.import_manifest(self.manifest(3, "image-2"))
        self.import_manifest(self.manifest(2, "image"), status=409)
        self.wait_pending(device, 2)
        refused = self.stack.publish(PLATFORM, "3.0.0", 3, self.host_app(), check=False, key="image")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("unknown-key", refused.stdout + refused.stderr)
        self.assertEqual(self.in_force(device), 2, "nothing valid under it has been confirmed yet")
        self.install(device, "3.0.1", 3, "image-2")
        self.assertEqual(self.in_force(device), 3)

        device.kill()  # now past the agent: the revoked key's image straight into the staging place
        device.force_stage(self.stack.image(PLATFORM, "4.0.0", 4, self.host_app(), key="image", name="revoked.bin"))
        device.start()
        self.assertEqual(device.wait_booted(), "3.0.1")
        state = device.slots()
        self.assertEqual((state["state"]["phase"], state["a"]["version"], self.in_force(device)), ("idle", "3.0.1", 3))
        self.assertEqual((state["state"]["last_decision"], state["state"]["last_why"]), ("refused", "unknown-key"))
        self.assertEqual(device.said_ever().count("new keys are pending"), 2, "nothing is fetched twice")
        heard = self.stack.device("rotated")["last_seen_at"]
        wait_until("the device to poll again", lambda: self.stack.device("rotated")["last_seen_at"] != heard)


if __name__ == "__main__":
    unittest.main()
