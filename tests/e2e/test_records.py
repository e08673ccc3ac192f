"""A client that negotiated TLS records of 4 KiB gets none that is larger, on every route that a device uses."""
import hashlib
import re
import unittest
import urllib.parse

from harness import TENANT, EndToEnd, run
from lab.board import TOOLS

PLATFORM = "record-board"
RECORD_MAX = 4096


class Records(EndToEnd):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        payload = s.folder / "payload"
        payload.write_bytes(hashlib.sha256(b"records").digest() * 8192)
        for version, counter in (("1.0.0", 1), ("1.1.0", 2)):
            cls.image = s.publish(PLATFORM, version, counter, payload)
        cls.token = s.admin.post("/devices", {"id": "records", "platform": PLATFORM})["token"]
        cls.base = f"/{TENANT}/controller/v1/records"

    def probe(self, path, header, *more):
        r = run(TOOLS / "ota-tls-probe", "127.0.0.1", self.otad.port, self.otad.ca.cert, "localhost", path, "--header", header, *more)
        largest = int(re.search(r"largest record (\d+)", r.stdout)[1])
        self.assertLessEqual(largest, RECORD_MAX, r.stdout)
        self.assertRegex(r.stdout, r"\b20[06]\b")
        return r.stdout

    def test_artifact_and_json_of_a_device(self):
        device = self.otad.client().use_device(self.token)
        device.request("GET", self.base)
        self.stack.assign("records", "1.1.0")
        deployment = device.call("GET", self.base)["_links"]["deploymentBase"]["href"]
        u = urllib.parse.urlsplit(deployment)
        path = u.path + ("?" + u.query if u.query else "")
        artifact = device.call("GET", path)["deployment"]["chunks"][0]["artifacts"][0]
        header = f"Authorization: TargetToken {self.token}"
        said = self.probe(urllib.parse.urlsplit(artifact["_links"]["download"]["href"]).path, header)
        self.assertIn(str(self.image.stat().st_size), said)
        self.probe(self.base, header)
        self.probe(path, header)

    def test_plain_door(self):
        key = self.stack.ci_key(PLATFORM, ("release.read",))
        said = self.probe(f"/api/firmware/{PLATFORM}", f"Authorization: Bearer {key}")
        self.assertIn(str(self.image.stat().st_size), said)


if __name__ == "__main__":
    unittest.main()
