"""The owner of a server: what he tries, with its certificate, its online keys, its database and its files (lab/taken.py), and what
devices have to say to each of it.  For the host program and the emulated board alike."""
from devices import PLATFORM, Devices
from harness import wait_until
from lab.factory import HEADER_BYTES, VENDOR, Keys, sign, signer
from lab.repo import Managers
from lab.taken import Key, Taken, canonical

OTHER = "other-board"
STOLEN = "/stolen/image"


class TakenOver(Devices):
    """Devices run 1.1.0, counter 2.  1.2.0 is what otad assigns, so that they ask; the lie is in what they get then."""

    settings = {"poll_interval_s": 1, "poll_busy_interval_s": 1}

    @classmethod
    def payload(cls, version):
        raise NotImplementedError

    @classmethod
    def prepare(cls):
        s = cls.stack
        s.keys.extra("stranger")
        for platform in (PLATFORM, OTHER):
            s.platform(platform)
        cls.managers = m = Managers(s, s.folder / "managers", PLATFORM).init()
        cls.old = m.ship("1.0.0", 1, cls.payload("1.0.0"))
        cls.old_files = cls.published()
        cls.new = m.ship("1.1.0", 2, cls.payload("1.1.0"))
        cls.next = m.ship("1.2.0", 2, cls.payload("1.2.0"))
        cls.others = Managers(s, s.folder / "managers", OTHER).init()  # the same people
        cls.other = cls.others.ship("2.0.0", 9, cls.payload("2.0.0"))
        cls.strangers = s.image(PLATFORM, "9.9.9", 99, cls.payload("9.9.9"), key="stranger", name="stranger.bin")

    @classmethod
    def published(cls):
        """Timestamp, and what it leads to, as they stand now."""
        names = ["timestamp.json", *cls.managers.state()["files"]]
        client = cls.stack.otad.client()
        return {n: client.request("GET", f"/tuf/DEFAULT/{PLATFORM}/metadata/{n}").body for n in names if "root" not in n}

    @classmethod
    def role_version(cls):
        return next(r["version"] for r in cls.managers.state()["roles"] if r["role"] == PLATFORM)

    def taken(self):
        server = Taken(self.otad, PLATFORM)
        self.addCleanup(server.kill)
        return server

    @staticmethod
    def genuine(managers, version):
        """Path and entry of a listed release."""
        return next((t["path"], t["entry"]) for t in managers.state()["targets"] if t["path"].startswith(version + "/"))

    def entry(self, image, version, counter):
        """As the managers would list it."""
        custom = {**self.genuine(self.managers, "1.2.0")[1]["custom"], "counter": counter, "version": version}
        listing = Taken.listing(image, 1)
        return {"custom": custom, "hashes": listing["hashes"], "length": listing["length"]}

    def offer_own(self, server):
        image = self.strangers.read_bytes()
        server.offer(image, "9.9.9/own.bin", self.entry(image, "9.9.9", 99))

    def signed(self, version, counter, key="image", platform=PLATFORM):
        """By a key that counts, for instance from a CI machine; no manager has vouched for it."""
        out = self.folder / f"{version}-{counter}-{key}-{platform}.bin"
        return sign(self.stack.keys, self.payload(version), out, version, counter, platform, key=key).read_bytes()

    # -- (a) an image of his own; each lie says what the device answers

    def lie_own_image_that_nobody_lists(self, server):
        self.offer_own(server)
        return "tuf-no-target"

    def lie_own_image_listed_by_the_online_keys(self, server):
        self.offer_own(server)
        version = self.role_version() + 1
        role = server.read(f"{version - 1}.{PLATFORM}.json")
        role["version"], role["targets"] = version, {server.path: server.entry}
        server.republish({(PLATFORM, version): server.envelope(role, *server.keys.values())})
        return "tuf-threshold"

    def lie_own_image_under_a_root_of_his_own(self, server):
        self.offer_own(server)
        root, mine = server.read("1.root.json"), [Key("mine 1"), Key("mine 2")]
        root["version"] = 2
        root["keys"].update({k.id: k.object for k in mine})
        for role in ("root", "targets"):
            root["roles"][role] = {"keyids": [k.id for k in mine], "threshold": 2}
        server.files["2.root.json"] = server.envelope(root, *mine, *server.keys.values())
        return "tuf-old-threshold"

    def lie_own_image_without_signed_answers(self, server):
        self.offer_own(server)
        server.signed = False
        return "tuf-unsigned-server"

    def lie_own_image_under_a_listed_name(self, server):
        server.offer(self.strangers.read_bytes(), *self.genuine(self.managers, "1.2.0"))
        return "tuf-not-assigned"

    def lie_own_bytes_where_all_that_is_said_is_true(self, server):
        image = bytearray(self.next.read_bytes())
        image[len(image) // 2] ^= 1
        server.offer(bytes(image), *self.genuine(self.managers, "1.2.0"))
        server.sha256 = server.entry["hashes"]["sha256"]
        return "bad-hash"

    def lie_well_signed_image_that_no_manager_listed(self, server):
        image = self.signed("1.3.0", 3)
        server.offer(image, "1.3.0/draft.bin", self.entry(image, "1.3.0", 3))
        return "tuf-no-target"

    # -- (b) an old image that managers did sign

    def lie_old_image_that_is_still_listed(self, server):
        server.offer(self.old.read_bytes(), *self.genuine(self.managers, "1.0.0"))
        return "tuf-counter-too-low"

    def lie_old_image_with_the_list_of_its_time(self, server):
        """Signed anew with the online keys where they are asked."""
        server.offer(self.old.read_bytes(), *self.genuine(self.managers, "1.0.0"))
        name = next(n for n in self.old_files if n.endswith(f".{PLATFORM}.json"))
        server.republish({(PLATFORM, int(name.split(".")[0])): self.old_files[name]})
        return "tuf-rollback"

    def lie_old_image_with_all_files_of_its_time(self, server):
        server.offer(self.old.read_bytes(), *self.genuine(self.managers, "1.0.0"))
        server.files.update(self.old_files)
        return "tuf-rollback"

    # -- (c) another platform's

    def lie_other_platforms_image(self, server):
        server.offer(self.other.read_bytes(), *self.genuine(self.others, "2.0.0"))
        return "tuf-no-target"

    def lie_other_platforms_list_by_the_same_managers(self, server):
        """Their signatures are good, and the owner can put the file in place of ours; the list says whom it is for."""
        server.offer(self.other.read_bytes(), *self.genuine(self.others, "2.0.0"))
        listed = next(r for r in self.others.state()["roles"] if r["role"] == OTHER)["version"]
        for _ in range(listed + 1, self.role_version() + 1):
            self.others.renew(OTHER)
            self.others.cosign("p1", "p2")
        data = sorted(self.others.repo.glob(f"*.{OTHER}.json"), key=lambda p: int(p.name.split(".")[0]))[-1]
        server.republish({(PLATFORM, self.role_version()): data.read_bytes()})
        return "tuf-wrong-platform"

    def other_files(self):
        """Targets and role of the other platform as they are published: version and bytes by role."""
        client, files = self.otad.client(), {}
        for name in self.others.state()["files"]:
            version, _, role = name.removesuffix(".json").partition(".")
            if role in ("targets", OTHER):
                files[role, int(version)] = client.request("GET", f"/tuf/DEFAULT/{OTHER}/metadata/{name}").body
        return files

    def lie_other_platforms_targets_and_list(self, server):
        """All of it signed by managers who are the same people, and nothing of ours is missing."""
        server.offer(self.other.read_bytes(), *self.genuine(self.others, "2.0.0"))
        server.republish(self.other_files())
        return "tuf-no-target"

    def lie_other_platforms_whole_repository(self, server):
        server.offer(self.other.read_bytes(), *self.genuine(self.others, "2.0.0"))
        server.republish(self.other_files(), instead=True)
        return "tuf-vanished"

    # -- to a device that was given no root: what the image itself says is all it has

    def bare_own_image(self, server):
        self.offer_own(server)
        return "unknown-key"

    def bare_own_image_without_a_signature(self, server):
        out = self.folder / "unsigned.bin"
        signer("imgtool", "sign", "--version", "9.9.9", "--security-counter", "99", "--vid", VENDOR, "--cid", PLATFORM, "--header-size",
               str(HEADER_BYTES), "--pad-header", "--slot-size", "0x80000", "--align", "4", self.payload("9.9.9"), out)
        server.offer(out.read_bytes(), "9.9.9/own.bin", {})
        return "malformed"

    def bare_own_image_with_a_signature_of_another(self, server):
        image = bytearray(self.strangers.read_bytes())
        image[-64:] = self.next.read_bytes()[-64:]
        server.offer(bytes(image), "9.9.9/own.bin", {})
        return "unknown-key"

    def bare_own_image_by_keys_of_his_own(self, server):
        self.offer_own(server)
        keys = Keys(self.folder / "own-keys").make()
        keys.extra("stranger")
        server.key_manifest = keys.manifest(PLATFORM, 7, image="stranger").read_bytes()
        server.offer(sign(keys, self.payload("9.9.9"), self.folder / "own.bin", "9.9.9", 99, PLATFORM, "stranger").read_bytes(), "9.9.9/own.bin", {})
        return "unknown-key"

    def bare_old_image(self, server):
        server.offer(self.old.read_bytes(), "1.0.0/old.bin", {})
        return "below-floor"

    def bare_new_image_with_an_old_counter(self, server):
        server.offer(self.signed("1.4.0", 1), "1.4.0/old.bin", {})
        return "below-floor"

    def bare_old_image_with_a_new_counter(self, server):
        server.offer(self.signed("1.0.5", 2), "1.0.5/old.bin", {})
        return "version-too-low"

    def bare_other_platforms_image(self, server):
        server.offer(self.other.read_bytes(), "2.0.0/other.bin", {})
        return "wrong-class"

    # -- what is left of it

    def knows_all(self, device):
        """Has it seen the newest list?  Then what it refuses it refuses for the lie, and not as it knows too little."""
        wait_until(f"{device.name} to know the newest list", lambda: device.slots()["trust"].get("role") == self.role_version())

    def told(self, device, reason):
        """The update that the device was offered has failed for this reason, by its own word on its console."""
        update = wait_until(f"{device.name} to refuse", lambda: next(
            (u for u in self.stack.updates(device.name) if u["state"] in ("failed", "succeeded")), None))
        self.assertEqual((update["state"], update["reason"]), ("failed", reason), device.said())
        self.assertIn(f"update failed: {reason}", device.said())

    def unharmed(self, device, server, reason):
        self.assertTrue(device.running())
        state = device.slots()
        self.assertEqual(state["state"]["phase"], "idle")
        self.assertEqual((state["state"]["security_floor"], state["state"]["manifest_sequence"]), (2, 1))
        image = self.new.read_bytes()
        self.assertEqual(device.slot_bytes("a", len(image)), image)
        if state["trust"]["root_of"] == "platform":
            self.assertEqual(state["trust"]["root"], 1, "no root but the managers'")
        if reason.startswith("tuf-"):
            self.assertNotIn(STOLEN, server.asked, "refused before a byte of it was fetched")
            self.assertEqual(set(device.slot_bytes("b", 0x81000)), {0xFF}, "and before a byte was written")


LIES = sorted(n for n in vars(TakenOver) if n.startswith("lie_"))
BARE_LIES = sorted(n for n in vars(TakenOver) if n.startswith("bare_"))

__all__ = ["BARE_LIES", "LIES", "PLATFORM", "STOLEN", "TakenOver", "canonical"]
