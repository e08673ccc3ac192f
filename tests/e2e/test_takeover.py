"""Somebody owns the server: its certificate, its online keys, its database, its files (lab/taken.py).  Devices that hold a root
install nothing that their managers did not sign, nothing old and nothing of another platform, and notice when they are kept
from news."""
import json
import time
import unittest

from devices import PLATFORM, Devices
from harness import wait_until
from lab.board import HostDevice
from lab.repo import Managers
from lab.taken import Key, Taken, canonical, utc

OTHER, FROZEN = "other-board", "frozen-board"
FRESH_S = 60  # the frozen device has so long for its first look


def entry_of(data, platform, version, counter, hardware_class):
    return {"custom": {"channel": "stable", "counter": counter, "hwClass": hardware_class, "platform": platform, "version": version},
            "hashes": {"sha256": Taken.listing(data, 1)["hashes"]["sha256"]}, "length": len(data)}


class Takeover(Devices):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.keys.extra("stranger")
        for platform in (FROZEN, PLATFORM, OTHER):
            s.platform(platform)
        cls.freeze()
        cls.managers = m = Managers(s, s.folder / "managers", PLATFORM).init()
        cls.old = m.ship("1.0.0", 1, cls.host_app())
        cls.old_role = (m.repo / f"{cls.role_version()}.{PLATFORM}.json").read_bytes()
        cls.new = m.ship("1.1.0", 2, cls.host_app())
        m.ship("1.2.0", 2, cls.host_app())  # what the owner pretends to assign: the lie is in what it does then
        cls.others = Managers(s, s.folder / "managers", OTHER).init()  # the same people
        cls.other = cls.others.ship("2.0.0", 9, cls.host_app())

    @classmethod
    def role_version(cls):
        return next(r["version"] for r in cls.managers.state()["roles"] if r["role"] == PLATFORM)

    @classmethod
    def freeze(cls):
        """A device of a platform whose managers' word is short: it starts, and time goes on while the others are tried."""
        s = cls.stack
        m = Managers(s, s.folder / "frozen-managers", FROZEN).init()
        image = m.ship("1.0.0", 1, cls.host_app(), "--expires", utc(time.time() + FRESH_S))
        cls.frozen_server = Taken(s.otad, FROZEN)
        cls.addClassCleanup(cls.frozen_server.kill)
        cls.frozen_server.quiet, cls.frozen_server.time_s = True, time.time()
        token = s.admin.post("/devices", {"id": "frozen", "platform": FROZEN})["token"]
        cls.frozen = HostDevice(s.folder / "frozen", "frozen", s.keys, s.ca.cert, cls.frozen_server.port, image,
                                s.folder / f"{FROZEN}.manifest", token=token, platform=FROZEN, root=m.first_root)
        cls.addClassCleanup(cls.frozen.kill)
        cls.frozen.start()

    # -- the owner

    def taken(self):
        server = Taken(self.otad, PLATFORM)
        self.addCleanup(server.kill)
        return server

    def victim(self, server, kind="host_device", image=None, floor=2):
        name = self._testMethodName.replace("_", "-")[5:]
        device = getattr(self, kind)(name, image or self.new, port=server.port, root=self.managers.first_root, floor=floor)
        self.before = device.slot_bytes("a", (image or self.new).stat().st_size)
        return device

    def genuine(self, version):
        """Path and entry of a listed release."""
        return next((t["path"], t["entry"]) for t in self.managers.state()["targets"] if t["path"].startswith(version + "/"))

    def own_image(self):
        """By a key of the owner's own, which the key manifest does not name, and how the owner would list it."""
        image = self.stack.image(PLATFORM, "9.9.9", 99, self.host_app(), key="stranger", name=f"{self._testMethodName}.bin").read_bytes()
        return image, "9.9.9/own.bin", entry_of(image, PLATFORM, "9.9.9", 99, self.genuine("1.2.0")[1]["custom"]["hwClass"])

    def refused(self, device, reason, offered="1.2.0"):
        """The device is offered what the owner has, says why not, and runs what it ran."""
        if not device.running():
            device.start()
        self.stack.assign(device.name, offered)
        update = wait_until(f"{device.name} to refuse", lambda: next(
            (u for u in self.stack.updates(device.name) if u["state"] in ("failed", "succeeded")), None))
        self.assertEqual(update["state"], "failed")
        self.assertEqual(update["reason"], reason, device.said())
        self.assertTrue(device.running())
        state = device.slots()
        self.assertEqual(state["state"]["phase"], "idle")
        self.assertEqual(device.slot_bytes("a", len(self.before)), self.before)
        self.assertLess(state["trust"]["root"], 2, "no root but the managers'")

    def test_honest_answers_by_the_same_way(self):
        """So that it is the lies that are refused below."""
        server = self.taken()
        device = self.victim(server)
        device.start()
        self.stack.assign(device.name, "1.2.0")
        self.stack.wait_version(device.name, "1.2.0")

    # -- (a) an image of its own

    def test_own_image_that_nobody_lists(self):
        server = self.taken()
        server.offer(*self.own_image())
        self.refused(self.victim(server), "tuf-no-target")
        self.assertNotIn("/stolen/image", server.asked, "refused before a byte of it was fetched")

    def test_own_image_listed_by_the_online_keys(self):
        server = self.taken()
        server.offer(*self.own_image())
        version = self.role_version() + 1
        role = server.read(f"{version - 1}.{PLATFORM}.json")
        role["version"], role["targets"] = version, {server.path: server.entry}
        server.republish({(PLATFORM, version): server.envelope(role, *server.keys.values())})
        self.refused(self.victim(server), "tuf-threshold")
        self.assertNotIn("/stolen/image", server.asked)

    def test_own_image_under_a_root_of_its_own(self):
        server = self.taken()
        server.offer(*self.own_image())
        root, mine = server.read("1.root.json"), [Key("mine 1"), Key("mine 2")]
        root["version"] = 2
        root["keys"].update({k.id: k.object for k in mine})
        for role in ("root", "targets"):
            root["roles"][role] = {"keyids": [k.id for k in mine], "threshold": 2}
        server.files["2.root.json"] = server.envelope(root, *mine, *server.keys.values())
        self.refused(self.victim(server), "tuf-old-threshold")
        self.assertNotIn("/stolen/image", server.asked)

    def test_own_image_without_signed_answers(self):
        server = self.taken()
        server.offer(*self.own_image())
        server.signed = False
        self.refused(self.victim(server), "tuf-unsigned-server")
        self.assertNotIn("/stolen/image", server.asked)

    def test_own_bytes_under_a_listed_name(self):
        server = self.taken()
        image, _, _ = self.own_image()
        server.offer(image, *self.genuine("1.2.0"))
        self.refused(self.victim(server), "tuf-not-assigned")
        self.assertNotIn("/stolen/image", server.asked)

    def test_own_bytes_where_all_that_is_said_is_true(self):
        server = self.taken()
        path, entry = self.genuine("1.2.0")
        image = bytearray((self.stack.folder / f"{PLATFORM}-1.2.0.bin").read_bytes())
        image[len(image) // 2] ^= 1
        server.offer(bytes(image), path, entry)
        server.sha256 = entry["hashes"]["sha256"]
        self.refused(self.victim(server), "bad-hash")

    def test_draft_that_the_database_lists(self):
        """A well signed image that no manager vouched for (a CI machine's, say), by the real otad over a database that lies to it."""
        image = self.managers.upload("1.3.0", 3, self.host_app())
        self.assertEqual(self.managers.release("1.3.0", check=False).status, 409)
        entry = entry_of(image.read_bytes(), PLATFORM, "1.3.0", 3, self.genuine("1.2.0")[1]["custom"]["hwClass"])
        self.stack.sql(f"INSERT INTO otad.tuf_target SELECT tenant_id, platform_id, '1.3.0/{image.name}', release_id, "
                       f"decode('{entry['hashes']['sha256']}', 'hex'), '{canonical(entry)}' FROM otad.release WHERE version = '1.3.0'")
        self.assertEqual(self.otad.stop(), 0)
        self.otad.start()  # it believes what stands there
        self.assertEqual(self.managers.release("1.3.0").status, 200)
        self.refused(self.victim(self.otad), "tuf-no-target", "1.3.0")

    # -- (b) an old image that managers did sign

    def test_old_image_that_is_still_listed(self):
        server = self.taken()
        server.offer(self.old.read_bytes(), *self.genuine("1.0.0"))
        self.refused(self.victim(server), "tuf-counter-too-low")

    def test_old_image_with_the_list_of_its_time(self):
        """The whole old repository, signed anew with the online keys where they are asked: the device has seen the newer one."""
        server = self.taken()
        device = self.victim(server)
        device.start()
        wait_until("the device to know the newest list", lambda: device.slots()["trust"]["role"] == self.role_version())
        server.offer(self.old.read_bytes(), *self.genuine("1.0.0"))
        server.republish({(PLATFORM, json.loads(self.old_role)["signed"]["version"]): self.old_role})
        self.refused(device, "tuf-rollback")
        self.assertNotIn("/stolen/image", server.asked)

    # -- (c) another platform's

    def test_other_platforms_image(self):
        server = self.taken()
        target = self.others.state()["targets"][0]
        server.offer(self.other.read_bytes(), target["path"], target["entry"])
        self.refused(self.victim(server), "tuf-no-target")

    def test_other_platforms_list_by_the_same_managers(self):
        """Their signatures are good, and the owner can put the file in place of ours; the list says whom it is for."""
        server = self.taken()
        target = self.others.state()["targets"][0]
        server.offer(self.other.read_bytes(), target["path"], target["entry"])
        listed = next(r for r in self.others.state()["roles"] if r["role"] == OTHER)
        for _ in range(listed["version"] + 1, self.role_version() + 1):
            self.others.renew(OTHER)
            self.others.cosign("p1", "p2")
        data = (self.others.repo / f"{self.role_version()}.{OTHER}.json").read_bytes()
        server.republish({(PLATFORM, self.role_version()): data})
        self.refused(self.victim(server), "tuf-wrong-platform")
        self.assertNotIn("/stolen/image", server.asked)

    def test_own_image_and_the_emulated_board(self):
        server = self.taken()
        server.offer(*self.own_image())
        app = self.stack.image(PLATFORM, "1.1.0", 2, self.app("1.1.0"), name="board.bin")
        self.refused(self.victim(server, "board", app), "tuf-no-target")
        self.assertNotIn("/stolen/image", server.asked)

    # -- (d) nothing new, for ever

    def test_z_nothing_new_for_ever(self):
        """The owner says that time stands still; the managers' word is over by the device's own reckoning."""
        device, server = self.frozen, self.frozen_server
        self.assertGreater(wait_until("the first look", lambda: device.slots()["trust"]["role"]), 1)
        wait_until("the device to say that it is stale", lambda: "stale: what vouches for updates has expired" in device.said(),
                   timeout_s=4 * FRESH_S)
        self.assertTrue(device.running())
        wait_until("the server to be told", lambda: any(b'"stale":true' in body for body in server.told))


if __name__ == "__main__":
    unittest.main()
