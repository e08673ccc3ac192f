"""Publishing as CI does it, and what people and simple devices get: other people's tools verify it, the plain door serves it."""
import hashlib
import pathlib
import unittest

from harness import EndToEnd, factory, run
from lab.client import Problem
from lab.pki import Ca

PLATFORM = "esp8266"


class Publish(EndToEnd):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM, follow=True, aliases=["esp-12f", "wemos-d1-mini"])
        payload = s.folder / "payload"
        payload.write_bytes(b"firmware" * 5000)
        cls.payload = payload
        cls.image = s.publish(PLATFORM, "1.0.0", 1, payload)

    def release(self, version="1.0.0"):
        return self.admin.get(f"/platforms/{PLATFORM}/releases/{version}")

    def publish(self, image, version, ca=None, key=None):
        return factory.publish(self.stack.keys, self.otad.url, ca or self.stack.ca.cert, key or self.stack.ci_key(PLATFORM), PLATFORM,
                               version, [image], check=False)

    def test_publishing_again_changes_nothing(self):
        before = self.release()
        again = self.publish(self.image, "1.0.0")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertEqual(self.release(), before)
        self.assertEqual(len([r for r in self.admin.every(f"/releases?platform={PLATFORM}") if r["version"] == "1.0.0"]), 1)

    def test_other_content_under_the_same_version_is_refused(self):
        other = self.folder / "payload"
        other.write_bytes(b"different" * 5000)
        image = self.stack.image(PLATFORM, "1.0.0", 1, other, name="other.bin")
        before = self.release()
        self.assertNotEqual(self.publish(image, "1.0.0").returncode, 0)
        self.assertEqual(self.release(), before)

    def test_a_server_of_another_ca_gets_nothing(self):
        stranger = Ca(self.folder / "ca", "stranger").make()
        result = self.publish(self.stack.image(PLATFORM, "1.5.0", 2, self.payload), "1.5.0", ca=stranger.cert)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual([r for r in self.admin.every("/releases") if r["version"] == "1.5.0"], [])

    def test_a_key_for_another_platform_and_a_revoked_one_are_refused(self):
        self.stack.platform("other-one")
        image = self.stack.image(PLATFORM, "1.6.0", 2, self.payload)
        elsewhere = self.admin.post("/api-keys", {"name": "elsewhere", "scopes": ["release.upload"], "platforms": ["other-one"]})
        gone = self.admin.post("/api-keys", {"name": "gone", "scopes": ["release.upload"], "platforms": [PLATFORM]})
        self.admin.delete(f"/api-keys/{gone['key']['id']}")
        for made in (elsewhere, gone):
            self.assertNotEqual(self.publish(image, "1.6.0", key=made["secret"]).returncode, 0)
        self.assertEqual([r for r in self.admin.every("/releases") if r["version"] == "1.6.0"], [])

    def test_the_release_verifies_with_other_peoples_tools(self):
        base = f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/"
        for name in ("SHA256SUMS", "SHA256SUMS.minisig", self.image.name):
            answer = self.admin.request("GET", base + name)
            self.assertEqual(answer.status, 200, name)
            (self.folder / name).write_bytes(answer.body)
        public = self.stack.keys.minisign_public()
        run("sha256sum", "-c", "SHA256SUMS", cwd=self.folder)
        run("minisign", "-V", "-p", public, "-m", "SHA256SUMS", cwd=self.folder)
        (self.folder / "SHA256SUMS").write_text((self.folder / "SHA256SUMS").read_text().replace("a", "b", 1))
        self.assertNotEqual(run("minisign", "-V", "-p", public, "-m", "SHA256SUMS", cwd=self.folder, check=False).returncode, 0)

    # -- the plain door (SPEC 7)

    def door(self, platform=PLATFORM, key=None, query="", **headers):
        client = self.otad.client().use_key(key or self.stack.ci_key(PLATFORM, ("release.read",)))
        self.addCleanup(client.close)
        return client.request("GET", f"/api/firmware/{platform}{query}", headers={k.replace("_", "-"): v for k, v in headers.items()})

    def test_plain_door_serves_the_newest_or_says_304(self):
        data = self.image.read_bytes()
        for platform in (PLATFORM, "esp-12f", "wemos-d1-mini"):
            got = self.door(platform, query="?version=0.9.0")
            self.assertEqual((got.status, got.body), (200, data))
            self.assertEqual(got.headers["X-Firmware-Version"], "1.0.0")
            self.assertEqual(got.headers["X-Firmware-SHA256"], hashlib.sha256(data).hexdigest())
            self.assertEqual(got.headers["ETag"], f'"{hashlib.sha256(data).hexdigest()}"')
        self.assertEqual(self.door(query="?version=1.0.0").status, 304)
        self.assertEqual(self.door(X_Firmware_Version="1.0.0").status, 304)
        self.assertEqual(self.door(If_None_Match=got.headers["ETag"]).status, 304)
        part = self.door(Range="bytes=100-199")
        self.assertEqual((part.status, part.body), (206, data[100:200]))
        self.assertEqual(self.door("no-such-board", key=self.stack.ci_key("*", ("release.read",))).status, 404)
        self.assertEqual(self.door(query="?channel=beta").headers["X-Firmware-Version"], "1.0.0")  # beta sees stable too
        self.assertEqual(self.door(query="?channel=nightly").status, 400)

    def test_plain_door_wants_a_key_for_this_platform(self):
        self.assertEqual(self.otad.client().request("GET", f"/api/firmware/{PLATFORM}").status, 401)
        self.assertEqual(self.otad.client().use_key("otad_1_nonsense").request("GET", f"/api/firmware/{PLATFORM}").status, 401)
        self.stack.platform("not-yours")
        self.assertIn(self.door("not-yours").status, (403, 404))

    def test_a_withdrawn_release_is_offered_no_more(self):
        self.stack.publish(PLATFORM, "1.7.0", 3, self.payload)
        self.assertEqual(self.door(query="?version=1.0.0").headers["X-Firmware-Version"], "1.7.0")
        self.admin.post(f"/platforms/{PLATFORM}/releases/1.7.0/withdraw", {"reason": "test"})
        self.assertEqual(self.door(query="?version=1.0.0").status, 304)
        self.assertEqual(self.release("1.7.0")["state"], "withdrawn")

    def test_half_an_upload_leaves_nothing(self):
        with self.assertRaises(Problem) as refused:
            self.admin.put_bytes(f"/platforms/{PLATFORM}/releases/1.0.0/artifacts/{self.image.name}", self.image.read_bytes()[:-1])
        self.assertIn(refused.exception.status, range(400, 500))
        left = [p for p in pathlib.Path(self.otad.folder / "artifacts").rglob("*") if p.is_file()
                and p.stat().st_size == self.image.stat().st_size - 1]
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
