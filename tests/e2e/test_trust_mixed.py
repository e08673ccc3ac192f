"""Managers with keys of both kinds, Ed25519 and P-256: two have to sign, one of each is enough, whatever the boards' bootloader
and images are signed with.  A P-256 signature that is wrong counts for nobody."""
import json
import unittest

from devices import PLATFORM, Devices
from harness import wait_until
from lab import build
from lab.board import EmulatedBoard
from lab.factory import signer
from lab.repo import Managers
from lab.taken import Taken, canonical

P256 = ("r2", "t2", "p2")


class MixedManagers(Managers):
    def secret(self, name):
        path = self.folder / f"{name}.pem"
        if not path.exists():
            signer("keygen", "--type", "p256" if name in P256 else "ed25519", "--out", path)
        return path


class BoardOf(EmulatedBoard):
    """The same board with another bootloader."""

    made = None

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.board.bootloader = self.made / "bootloader" / "bootloader.bin"


class OfProfile:
    """What the tests of both profiles share."""

    profile = None

    @classmethod
    def prepare(cls):
        s = cls.stack
        s.keys = build.profile_keys(cls.profile)
        s.platform(PLATFORM)
        cls.managers = MixedManagers(s, s.folder / "managers", PLATFORM).init()
        cls.old = cls.managers.ship("1.0.0", 1, cls.app())

    def wrong(self, name, keyid):
        """The file with one bit of that signature changed, in the last byte of s."""
        file = json.loads((self.managers.repo / name).read_bytes())
        entry = next(e for e in file["signatures"] if e["keyid"] == keyid)
        entry["sig"] = entry["sig"][:-1] + f"{int(entry['sig'][-1], 16) ^ 1:x}"
        return canonical(file).encode()

    def p256_keyid(self):
        """Of the platform's managers."""
        keys = self.server.read(f"{self.version('targets')}.targets.json")["delegations"]["keys"]
        return next(i for i, k in keys.items() if k["scheme"] == "ecdsa-sha2-nistp256")

    def version(self, role):
        return next(r["version"] for r in self.managers.state()["roles"] if r["role"] == role)

    def test_one_of_each_kind(self):
        self.server = Taken(self.otad, PLATFORM)
        self.addCleanup(self.server.kill)
        board = self.make_board(f"mixed-{self.profile}", self.old, port=self.server.port, root=self.managers.first_root)
        board.start()
        wait_until("the board to reach the server", lambda: self.known(board.name, "1.0.0"))

        self.managers.ship("1.1.0", 2, self.app("1.1.0"))  # signed by p1 and p2
        self.stack.assign(board.name, "1.1.0")
        self.stack.wait_version(board.name, "1.1.0")
        self.assertIn("vouched for by its platform's role", board.said_ever())
        self.assertNotIn("refused", board.said_ever())

        self.managers.ship("1.2.0", 3, self.app())
        version = self.version(PLATFORM)
        bad = self.wrong(f"{version}.{PLATFORM}.json", self.p256_keyid())
        self.server.republish({(PLATFORM, version): bad})
        self.stack.assign(board.name, "1.2.0")
        update = wait_until("the board to refuse", lambda: next(
            (u for u in self.stack.updates(board.name) if u["state"] == "failed"), None))
        self.assertEqual(update["reason"], "tuf-threshold", board.said())
        self.assertTrue(self.known(board.name, "1.1.0"))

    def make_board(self, *args, **more):
        return self.board(*args, **more)


class Ed25519Boot(OfProfile, Devices):
    profile = "ed25519"


class P256Boot(OfProfile, Devices):
    profile = "p256"

    @classmethod
    def prepare(cls):
        cls.made = build.device(PLATFORM, cls.profile, build.profile_keys(cls.profile), "bootloader", "status-1.0.0", "status-1.1.0")
        super().prepare()

    @classmethod
    def app(cls, which="1.0.0"):
        return cls.made / "firmware" / "apps" / f"status-{which}.bin"

    def make_board(self, *args, **more):
        return self._make(type("P256Board", (BoardOf,), {"made": self.made}), *args, **more)


if __name__ == "__main__":
    unittest.main()
