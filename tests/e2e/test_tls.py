"""A device talks to nobody but its own server: wrong CA, wrong host name, expired certificate.  It refuses, keeps running
what it runs, and takes the real server up again when it is back."""
import unittest

from devices import PLATFORM, Devices
from harness import Otad, shared, wait_until
from lab.pki import Ca
from lab.wire import BadServer


class Tls(Devices):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.image = cls.stack.publish(PLATFORM, "1.0.0", 1, cls.app())

    def refuses(self, make, certificate, name):
        bad = BadServer(certificate)
        self.addCleanup(bad.kill)
        device = make(name, self.image, port=bad.port)
        device.start()
        wait_until("the device to try and refuse twice", lambda: len(bad.refused) >= 2)
        self.assertTrue(device.running(), device.said()[-2000:])
        self.assertEqual(bad.data, b"", "the device spoke to a server that it must not trust")
        bad.kill()
        # the real server comes up at the same place: the same device, never restarted, reaches it
        real = Otad(self.folder / "real", shared().cluster, shared().ca, port=bad.port, database=self.otad.database,
                    settings={**self.otad.settings, "state_dir": self.otad.folder / "state",
                              "artifacts_dir": self.otad.folder / "artifacts"})
        self.otad.stop()
        try:
            real.start()
            self.addCleanup(real.kill)
            client = real.client()
            client.headers = dict(self.admin.headers)
            wait_until("the device to reach its real server", lambda: any(
                d["id"] == name and d["version"] == "1.0.0" for d in client.get("/devices")["items"]))
            self.assertEqual(device.starts, 1)
            real.stop()
        finally:
            self.otad.start()

    def certificates(self):
        stranger = Ca(self.folder / "stranger", "somebody else's CA").make()
        yield "wrong-ca", stranger.issue("server", ["localhost"])
        yield "wrong-name", shared().ca.issue("other", ["ota.other.example"], addresses=("10.9.9.9",))
        yield "expired", shared().ca.issue("expired", ["localhost"], expired=True)

    def test_emulated_board_refuses(self):
        for what, certificate in self.certificates():
            with self.subTest(what):
                self.refuses(self.board, certificate, f"board-{what}")

    def test_host_device_refuses(self):
        for what, certificate in self.certificates():
            with self.subTest(what):
                self.refuses(self.host_device, certificate, f"host-{what}")


if __name__ == "__main__":
    unittest.main()
