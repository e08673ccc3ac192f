"""Devices that hold a root of their platform's repository (SPEC 10): they take what its managers signed, through new roots,
and nothing that only the server says."""
import json
import unittest

from devices import PLATFORM, Devices
from harness import wait_until
from lab.factory import keep_secret, signer

MANAGERS = ("root-a", "root-b", "targets-a", "platform-a", "platform-b")


class Repository:
    """The managers of a platform, each with a key, and the folder they pass around."""

    def __init__(self, stack, folder):
        self.stack, self.folder = stack, folder
        folder.mkdir()
        for name in MANAGERS:
            self.key(name)
        answer = folder / "online.json"
        answer.write_text(json.dumps(stack.admin.get(f"/platforms/{PLATFORM}/tuf")))
        signer("repo", "init", "-d", self.dir, "--platform", PLATFORM, "--class", PLATFORM, "--online", answer,
               *(a for n in MANAGERS for a in (f"--{n.split('-')[0]}-key", self.public(n))))
        self.api_key = folder / "api-key"
        keep_secret(self.api_key, stack.ci_key(scopes=("release.read", "release.manage", "platform.manage")) + "\n")

    @property
    def dir(self):
        return self.folder / "repo"

    def key(self, name):
        signer("keygen", "-t", "ed25519", "-o", self.folder / f"{name}.pem")

    def public(self, name):
        return self.folder / f"{name}.pub"

    def cosign(self, *names):
        for name in names:
            signer("repo", "cosign", "-d", self.dir, "-k", self.folder / f"{name}.pem", "--yes")

    def publish(self):
        signer("repo", "publish", "-d", self.dir, "--server", self.stack.otad.url, "--ca", self.stack.ca.cert, "--api-key-file",
               self.api_key)

    def add(self, image, version):
        signer("repo", "add-release", "-d", self.dir, "--version", version, image)
        self.cosign("platform-a", "platform-b")
        self.publish()

    @property
    def root(self):
        return self.dir / "1.root.json"


class Trust(Devices):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.repo = Repository(cls.stack, cls.stack.folder / "managers")
        cls.old = cls.upload("1.0.0", 1, cls.app())
        cls.repo.cosign("root-a", "root-b", "targets-a")
        cls.repo.add(cls.old, "1.0.0")

    @classmethod
    def upload(cls, version, counter, payload):
        """A draft: what the server may do with it is for the repository to say."""
        image = cls.stack.image(PLATFORM, version, counter, payload)
        signer("publish", "--server", cls.stack.otad.url, "--ca", cls.stack.ca.cert, "--platform", PLATFORM, "--version", version,
               "--release-key", cls.stack.keys.secret("release"), image, env={"OTAD_API_KEY": cls.stack.ci_key(PLATFORM)})
        return image

    def release(self, version, counter, payload):
        image = self.upload(version, counter, payload)
        self.repo.add(image, version)
        self.admin.post(f"/platforms/{PLATFORM}/releases/{version}/release", {"channel": "stable"})

    def updates_through_a_new_root(self, device, version, counter, app, manager):
        """A root officer is replaced, then a release: the device takes both."""
        device.start()
        wait_until("the device to reach the server", lambda: self.known(device.name, "1.0.0"))
        self.repo.key(manager)
        signer("repo", "rotate", "-d", self.repo.dir, "--role", "root", "--add", self.repo.public(manager))
        self.repo.cosign("root-a", "root-b")
        self.repo.publish()
        self.release(version, counter, app)
        self.stack.assign(device.name, version)
        self.stack.wait_version(device.name, version)
        self.assertIn("vouched for by its platform's role", device.said_ever())
        self.assertNotIn("refused", device.said_ever())
        trust = device.slots()["trust"]
        self.assertEqual(trust["root_of"], "platform")
        return trust

    def test_emulated_board(self):
        board = self.board("trusting-board", self.old, root=self.repo.root)
        self.assertGreater(self.updates_through_a_new_root(board, "1.1.0", 2, self.app("1.1.0"), "root-c")["role"], 1)

    def test_host_device(self):
        device = self.host_device("trusting-host", self.old, root=self.repo.root)
        self.assertGreater(self.updates_through_a_new_root(device, "1.2.0", 2, self.host_app(), "root-d")["root"], 1)


if __name__ == "__main__":
    unittest.main()
