"""Two hundred devices, each its own process with its own flash, update at once: each exactly once."""
import re
import unittest

from devices import PLATFORM, Devices
from harness import wait_until

FLEET = 200


class Fleet(Devices):
    settings = {"poll_interval_s": 2, "poll_busy_interval_s": 2}

    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        cls.old = s.publish(PLATFORM, "1.0.0", 1, cls.host_app(size=20_000))
        cls.gateway_token = s.gateway(PLATFORM)

    def test_two_hundred_devices_update_once_each(self):
        names = [f"fleet-{n:03d}" for n in range(FLEET)]
        devices = [self.host_device(name, self.old, gateway=self.gateway_token) for name in names]
        for d in devices:
            d.start()

        def versions():
            return {d["id"]: d["version"] for d in self.admin.every("/devices?limit=200") if d["id"] in set(names)}
        wait_until("all devices to have reached the server", lambda: versions() == {n: "1.0.0" for n in names}, every_s=1)
        new = self.stack.publish(PLATFORM, "1.1.0", 2, self.host_app(size=20_000))
        self.admin.patch(f"/platforms/{PLATFORM}", {"follow_channel": True})  # now, all at once
        wait_until("all devices to run 1.1.0", lambda: versions() == {n: "1.1.0" for n in names}, timeout_s=600, every_s=1)
        wait_until("all updates to be closed", lambda: not self.admin.every(f"/updates?open=true&platform={PLATFORM}"))

        for d in devices:
            self.assertTrue(d.running(), d.said()[-1000:])
            d.kill()
        for d in devices:
            state = d.slots()
            self.assertEqual((state["a"]["version"], state["state"]["phase"]), ("1.1.0", "idle"), d.name)
            self.assertEqual(d.slot_bytes("a", new.stat().st_size), new.read_bytes(), d.name)
            self.assertEqual(d.boots().count("1.1.0"), 1, d.name)
        for name in names:
            updates = self.stack.updates(name)
            self.assertEqual([(u["version"], u["state"]) for u in updates], [("1.1.0", "succeeded")], name)
            closed = [e for e in updates[0]["events"] if e["execution"] == "closed"]
            self.assertEqual(len(closed), 1, name)
        fetched = re.findall(r"path=\S*/controller/v1/(fleet-\d+)/softwaremodules/\S*.*? status=20[06]", self.otad.log_text())
        self.assertEqual(sorted(set(fetched)), names, "each device fetched the image")


if __name__ == "__main__":
    unittest.main()
