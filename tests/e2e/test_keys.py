"""Image keys rotate in the field: a new manifest reaches devices through their polls, takes effect with the first image that
confirms under it, and what an old key signed is refused from then on, by the daemon and by the bootloader."""
import unittest

from devices import PLATFORM, Devices
from harness import wait_until
from lab import factory


class KeyCase(Devices):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.stack.keys.extra("image-2")

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


class Rotation(KeyCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.first = cls.stack.publish(PLATFORM, "1.0.0", 1, cls.host_app())

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


class Sha512(KeyCase):
    def test_sha512_in_the_emulator(self):
        """An image whose digest is SHA-512 goes all the way: daemon, agent, bootloader, and back through the record."""
        board = self.board("sha512", self.stack.image(PLATFORM, "1.0.0", 1, self.app(), name="board-1.0.0.bin"))
        board.start()
        wait_until("the device to reach the server with 1.0.0", lambda: self.known("sha512", "1.0.0"))
        image = self.folder / "sha512.bin"
        factory.signer("sign", "--sha", "512", "--key", self.stack.keys.secret("image-2"), "--version", "1.1.0", "--security-counter", 2,
                       "--vid", factory.VENDOR, "--class", PLATFORM, "--header-size", factory.HEADER_BYTES, "--pad-header",
                       self.app("1.1.0"), image)
        refused = self.publish_as_it_is("1.1.0", image, check=False)
        self.assertIn("unknown-key", refused.stdout + refused.stderr, "its key counts, whatever its digest")
        self.import_manifest(self.manifest(2, "image", "image-2"))
        self.publish_as_it_is("1.1.0", image)
        self.stack.assign("sha512", "1.1.0")
        self.stack.wait_version("sha512", "1.1.0")
        wait_until("the device to have confirmed", lambda: board.slots()["state"]["phase"] == "idle")
        self.assertEqual(self.in_force(board), 2)
        artifact = self.admin.get(f"/platforms/{PLATFORM}/releases/1.1.0")["artifacts"][0]
        keys = self.admin.get(f"/platforms/{PLATFORM}")["key_manifest"]["keys"]
        self.assertIn(artifact["key_hash"], [k["key_hash"] for k in keys], "named by the same hash as in the manifest")

    def publish_as_it_is(self, version, image, check=True):
        s = self.stack
        return factory.publish(s.keys, s.otad.url, s.ca.cert, s.ci_key(PLATFORM), PLATFORM, version, [image], check=check)


if __name__ == "__main__":
    unittest.main()
