"""Somebody owns the server: its certificate, its online keys, its database, its files (lab/taken.py).  Devices that hold a root
install nothing that their managers did not sign, nothing old and nothing of another platform.  The lies are in takeover.py; here the
host program hears them, in test_takeover_board.py the emulated board."""
import unittest

from takeover import LIES, TakenOver, canonical


class Takeover(TakenOver):
    @classmethod
    def payload(cls, version):
        return cls.host_app()

    def victim(self, server):
        name = self._testMethodName.replace("_", "-")[5:]
        return self.host_device(name, self.new, port=server.port, root=self.managers.first_root, floor=2)

    def refused(self, device, reason, offered="1.2.0"):
        if not device.running():
            device.start()
        self.stack.assign(device.name, offered)
        self.told(device, reason)

    def test_honest_answers_by_the_same_way(self):
        """So that it is the lies that are refused below."""
        device = self.victim(self.taken())
        device.start()
        self.stack.assign(device.name, "1.2.0")
        self.stack.wait_version(device.name, "1.2.0")

    def lied_to(self, lie):
        server = self.taken()
        device = self.victim(server)
        device.start()
        self.knows_all(device)
        reason = lie(server)
        self.refused(device, reason)
        self.unharmed(device, server, reason)

    def test_draft_that_the_database_lists(self):
        """A well signed image that no manager vouched for (a CI machine's, say), by the real otad over a database that lies to it."""
        image = self.managers.upload("1.3.0", 3, self.host_app())
        self.assertEqual(self.managers.release("1.3.0", check=False).status, 409)
        entry = self.entry(image.read_bytes(), "1.3.0", 3)
        self.stack.sql(f"INSERT INTO otad.tuf_target SELECT tenant_id, platform_id, '1.3.0/{image.name}', release_id, "
                       f"decode('{entry['hashes']['sha256']}', 'hex'), '{canonical(entry)}' FROM otad.release WHERE version = '1.3.0'")
        self.assertEqual(self.otad.stop(), 0)
        self.otad.start()  # it believes what stands there
        self.assertEqual(self.managers.release("1.3.0").status, 200)
        self.refused(self.victim(self.otad), "tuf-no-target", "1.3.0")


for name in LIES:
    setattr(Takeover, name.replace("lie_", "test_"), lambda self, name=name: self.lied_to(getattr(self, name)))

if __name__ == "__main__":
    unittest.main()
