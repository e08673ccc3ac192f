"""How a device's newest update ended: told in lists, and to the device as installedBase (SPEC 6.1, 8.7)."""
import json
import unittest

from harness import TENANT, EndToEnd

PLATFORM = "ended-board"


class LastUpdate(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        payload = cls.stack.folder / "payload"
        payload.write_bytes(bytes(range(256)) * 40)
        cls.stack.publish(PLATFORM, "1.0.0", 1, payload)

    def test_how_the_last_update_ended_is_told_in_lists_and_to_the_device(self):
        token = self.admin.post("/devices", {"id": "ends", "platform": PLATFORM})["token"]
        device = self.otad.client().use_device(token)
        self.addCleanup(device.close)
        base = f"/{TENANT}/controller/v1/ends"

        def listed():
            return next(d for d in self.admin.every("/devices?q=ends") if d["id"] == "ends")

        def update(finished, *details):
            made = self.stack.assign("ends", "1.0.0")["id"]
            self.assertEqual((listed()["update"]["id"], listed()["last_update"]), (made, None))
            body = {"status": {"execution": "closed", "result": {"finished": finished}, "details": list(details)}}
            self.assertEqual(device.request("POST", f"{base}/deploymentBase/{made}/feedback", json.dumps(body).encode()).status, 200)
            return made

        def links():
            return device.request("GET", base).json()["_links"]
        self.assertEqual((listed()["last_update"], links().get("installedBase")), (None, None))
        update("failure", "reverted-crashed")
        ended = listed()["last_update"]
        self.assertEqual((ended["state"], ended["version"], ended["reason"]), ("failed", "1.0.0", "reverted-crashed"))
        self.assertNotIn("installedBase", links())
        done = update("success")
        ended = listed()["last_update"]
        self.assertEqual((ended["state"], ended["reason"]), ("succeeded", None))
        self.assertRegex(ended["closed_at"], r"^\d{4}-.*Z$")
        self.assertEqual(self.admin.get("/devices/ends")["last_update"], ended)
        href = links()["installedBase"]["href"]
        self.assertEqual(href, f"{self.otad.url}{base}/installedBase/{done}")
        installed = device.request("GET", href[len(self.otad.url):])
        self.assertEqual((installed.status, installed.json()["id"]), (200, str(done)))
        self.assertEqual(self.admin.request("DELETE", "/api/v1/devices/ends").status, 204)
        self.assertEqual(device.request("GET", base).status, 401)


if __name__ == "__main__":
    unittest.main()
