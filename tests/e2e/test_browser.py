"""A real browser against the real server and a real device: set up, sign in, see a device change its version without a
reload, assign a release, make and revoke an API key, a download link, save and prove the audit log, write an ESP over USB, let
somebody in who sees one platform, managers sign with the review page between them; every page by axe."""
import hashlib
import os
import shutil
import subprocess
import unittest

from devices import PLATFORM, Devices
from harness import PASSWORD, ROOT, Failed, shared
from lab import formats as make
from lab.factory import VENDOR, signer
from lab.proc import Process
from lab.repo import Managers

STEPS = ROOT / "tests" / "browser" / "real.mjs"
DEVICE = "seen-in-browser"
OTHER = "another-board"
ESP = "lamp-esp32-c3"
SIGNED = "signed-board"


class Browser(Devices):
    with_admin = False  # the first admin is made in the browser, through the one-time link
    settings = {"poll_interval_s": 2, "poll_busy_interval_s": 1}

    @classmethod
    def prepare(cls):
        cls.shots = ROOT / "var" / "shots"
        shutil.rmtree(cls.shots, ignore_errors=True)
        cls.shots.mkdir(parents=True)
        cls.env = {"OTAD_URL": cls.stack.otad.url, "OTAD_SETUP_LINK": cls.stack.otad.setup_link(), "OTAD_ADMIN": "admin",
                   "OTAD_PASSWORD": PASSWORD, "OTAD_BROWSER_STATE": str(cls.stack.folder / "state.json"),
                   "OTAD_BROWSER_SHOTS": str(cls.shots), "OTAD_CA": str(shared().ca.cert)}

    def step(self, *arguments):
        r = subprocess.run(["node", str(STEPS), *arguments], env={**os.environ, **self.env}, text=True, capture_output=True, timeout=300)
        if r.returncode != 0 or not r.stdout.rstrip().endswith("OK"):
            raise Failed(f"real.mjs {' '.join(arguments)}: exit {r.returncode}, screenshots in {self.shots}\n{r.stdout}{r.stderr}")
        return r.stdout

    def test_a_day_in_the_life_of_an_admin(self):
        self.step("setup")
        self.assertFalse((self.otad.folder / "state" / "setup-link").exists(), "the link works once")
        self.stack.admin = self.otad.client()
        self.admin.sign_in("admin", PASSWORD)

        self.stack.platform(PLATFORM)
        old = self.stack.publish(PLATFORM, "1.0.0", 1, self.host_app())
        for version, counter in (("1.1.0", 2), ("1.2.0", 3)):
            self.stack.publish(PLATFORM, version, counter, self.host_app())
        self.host_device(DEVICE, old).start()
        self.stack.wait_version(DEVICE, "1.0.0")

        watch = self.started(Process("watch", ["node", STEPS, "watch", DEVICE, "1.0.0", "1.1.0"], self.folder / "watch.log", env=self.env))
        watch.wait_output("READY")
        self.stack.assign(DEVICE, "1.1.0")
        self.assertEqual(watch.wait(), 0, watch.output())
        self.stack.wait_version(DEVICE, "1.1.0")

        self.step("assign", DEVICE, "1.2.0")
        self.stack.wait_version(DEVICE, "1.2.0")

        said = self.step("key", "made in the browser", PLATFORM)
        secret = next(line.split()[1] for line in said.splitlines() if line.startswith("KEY "))
        path = f"/api/firmware/{PLATFORM}"
        self.assertIn(self.otad.client().use_key(secret).request("GET", path).status, (200, 304))
        self.step("revoke", "made in the browser")
        self.assertEqual(self.otad.client().use_key(secret).request("GET", path).status, 401)

        self.step("link", PLATFORM, "1.2.0")
        self.audit_log_proves_itself()
        self.writes_an_esp()
        self.managers_sign()

        self.stack.platform(OTHER)
        self.admin.post("/devices", {"id": "of-another-platform", "platform": OTHER})
        self.step("people", "berta", PLATFORM)
        self.assertEqual(self.admin.get("/users/berta")["totp"], True)
        self.step("tour")

    def audit_log_proves_itself(self):
        saved = self.folder / "audit.jsonl"
        head = next(line.split()[1] for line in self.step("audit", str(saved)).splitlines() if line.startswith("HEAD "))
        signer("audit", "verify", "--head", head, saved)
        lines = saved.read_bytes().splitlines(keepends=True)
        saved.write_bytes(b"".join(lines[:3] + lines[4:]))
        self.assertEqual(signer("audit", "verify", "--head", head, saved, check=False).returncode, 3, "an entry is missing")

    def managers_sign(self):
        """Two managers on machines of their own, with the review page between them; a third person who may only look."""
        s, m = self.stack, Managers(self.stack, self.folder / "managers", SIGNED)
        s.platform(SIGNED)
        m.init()
        m.add("1.0.0", m.upload("1.0.0", 1, self.host_app()))
        other = shutil.copytree(m.repo, self.folder / "other")
        m.cosign("p1")
        first, saved = f"2.{SIGNED}.json", self.folder / "saved.json"
        self.step("send", SIGNED, str(m.repo / "pending" / first), first, str(saved))
        self.assertEqual([(w["file"], w["missing"]) for w in m.state()["pending"]], [(first, 1)])

        signer("repo", "cosign", "-d", other, "-k", m.secret("p2"), "--yes", saved)
        shutil.copy(other / first, m.repo)
        (m.repo / "pending" / first).unlink()
        second = f"3.{SIGNED}.json"
        m.add("1.1.0", m.upload("1.1.0", 2, self.host_app()))
        m.cosign("p1")
        self.step("publish", SIGNED, str(other / first), "2", str(m.repo / "pending" / second), second)
        self.assertEqual([t["path"].split("/")[0] for t in m.state()["targets"]], ["1.0.0"])

        self.admin.call("PUT", "/api/v1/roles/onlooker", {
            "title": "Onlooker", "grants": [{"platform": SIGNED, "permissions": ["device.read", "release.read"]}]})
        made = self.admin.post("/users", {"name": "olga", "roles": ["onlooker"]})
        self.otad.client().join(made["link"].split("#")[1], PASSWORD)
        self.step("outsider", SIGNED, second, "olga", PASSWORD)
        self.assertEqual([w["file"] for w in m.state()["pending"]], [second])

        self.step("drop", SIGNED, second)
        state = m.state()
        self.assertEqual((state["pending"], state["public_targets"]), ([], True))

    def writes_an_esp(self):
        s, image = self.stack, make.esp32("ESP32-C3")
        manifest = s.folder / "esp.manifest"  # no image key: the chip's own format is not MCUboot's
        signer("keymanifest", "new", "--vid", VENDOR, "--class", ESP, "--sequence", 1, "--release-key", s.keys.public("release"),
               "--out", manifest)
        for r in (0, 2):
            signer("keymanifest", "cosign", "--key", s.keys.secret(s.keys.ROOTS[r]), *s.keys._root_options(), manifest)
        s.platform(ESP, manifest=manifest)
        file = s.folder / "app.bin"
        file.write_bytes(image)
        s.publish_file(ESP, "1.0.0", 1, file)
        padded = image + b"\xff" * (-len(image) % 4)
        said = next(line.split()[1:] for line in self.step("flash", ESP, "ESP32-C3").splitlines() if line.startswith("FLASHED "))
        self.assertEqual(said, ["65536", hashlib.sha256(padded).hexdigest()])


if __name__ == "__main__":
    unittest.main()
