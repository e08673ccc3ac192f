"""The life of a release (SPEC 8.17): each step with its own right, history and audit entry; a minimum version that every door
honours; and what its files are, checked when they are uploaded."""
import base64
import hashlib
import json
import unittest
import urllib.parse

from harness import TENANT, EndToEnd
from lab import formats as make
from lab.client import Problem
from lab.factory import VENDOR, signer

HASHED = "SHA256 ({}) = {}\n"


class Life(EndToEnd):
    @classmethod
    def platform(cls, name, follow=False):
        """For files of every kind: its key manifest has no image key, so that .bin need not be an MCUboot image."""
        s = cls.stack
        manifest = s.folder / f"{name}.manifest"
        signer("keymanifest", "new", "--vid", VENDOR, "--class", name, "--sequence", 1, "--release-key", s.keys.public("release"), "--out", manifest)
        for r in (0, 2):
            signer("keymanifest", "cosign", "--key", s.keys.secret(s.keys.ROOTS[r]), *s.keys._root_options(), manifest)
        s.platform(name, follow, manifest=manifest)
        return name

    @classmethod
    def draft(cls, platform, version, files, notes=""):
        """The signed list alone; (path below /api/v1, files)."""
        s = cls.stack
        folder = s.folder / f"lists-{platform}-{version}"
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        signer("publish", "--platform", platform, "--version", version, "--counter", 1, "--release-key", s.keys.secret("release"), "--out", folder,
               *(folder / n for n in files))
        path = f"/platforms/{platform}/releases/{version}"
        s.admin.call("PUT", "/api/v1" + path, {"sums": (folder / "SHA256SUMS").read_text(), "minisig": (folder / "SHA256SUMS.minisig").read_text(),
                                               "notes": notes})
        return path

    @classmethod
    def complete(cls, platform, version, files=None, **more):
        files = files or {"notes.txt": f"{platform} {version}".encode()}
        path = cls.draft(platform, version, files, **more)
        for name, data in files.items():
            cls.stack.admin.put_bytes(f"{path}/artifacts/{name}", data)
        return path

    @classmethod
    def released(cls, platform, version, files=None, channel="stable"):
        path = cls.complete(platform, version, files)
        cls.stack.admin.post(path + "/release", {"channel": channel})
        return path

    def refused(self, status, code, call, *args):
        with self.assertRaises(Problem) as e:
            call(*args)
        self.assertEqual((e.exception.status, e.exception.code), (status, code), e.exception)
        return e.exception.document

    def steps(self, path):
        return [(h["step"], h["by"], h["detail"]) for h in self.admin.get(path)["history"]]

    def audited(self, platform, version):
        """Actions on this release, oldest first."""
        return [e["action"] for e in reversed(self.admin.every(f"/audit?platform={platform}")) if e["object"].startswith(f"{platform} {version}")]


class Steps(Life):
    def test_from_draft_to_withdrawn(self):
        self.platform("life")
        files = {"app.bin": b"not much", "readme.txt": b"read me"}
        path = self.draft("life", "1.0.0", files, notes="first")
        self.assertEqual(self.admin.get(path)["state"], "draft")
        self.refused(409, "incomplete", self.admin.post, path + "/release", {"channel": "beta"})
        self.refused(409, "incomplete", self.admin.post, path + "/promote", {"channel": "beta"})
        for name, data in files.items():
            self.admin.put_bytes(f"{path}/artifacts/{name}", data)
        self.assertEqual(self.admin.get(path)["state"], "complete")
        self.refused(409, "not-released", self.admin.post, path + "/promote", {"channel": "stable"})
        for _ in range(2):  # a second time changes nothing
            self.assertEqual(self.admin.post(path + "/release", {"channel": "beta"})["channel"], "beta")
        self.refused(409, "already-released", self.admin.post, path + "/release", {"channel": "stable"})
        for _ in range(2):
            self.assertEqual(self.admin.post(path + "/promote", {"channel": "stable"})["channel"], "stable")
        self.refused(409, "already-released", self.admin.post, path + "/promote", {"channel": "beta"})
        for body in ({}, {"channel": "alpha"}, {"channel": None}, {"channel": "stable", "x": 1}, [], None):
            self.assertIn(self.admin.request("POST", f"/api/v1{path}/promote", json.dumps(body).encode(), {"Content-Type": "application/json"}).status,
                          (400, 415))
        self.refused(404, "not-found", self.admin.post, "/platforms/life/releases/9.9.9/promote", {"channel": "stable"})
        for _ in range(2):
            r = self.admin.post(path + "/withdraw", {"reason": "burns"})
            self.assertEqual((r["state"], r["withdrawn_reason"]), ("withdrawn", "burns"))
        for call, body in (("/promote", {"channel": "stable"}), ("/release", {"channel": "stable"})):
            self.refused(409, "withdrawn", self.admin.post, path + call, body)
        self.assertEqual(self.steps(path), [("created", "admin", ""), ("complete", "admin", ""), ("released", "admin", "beta"),
                                            ("promoted", "admin", "stable"), ("withdrawn", "admin", "burns")])
        self.assertEqual(self.audited("life", "1.0.0"), ["release.create", "release.artifact", "release.artifact", "release.complete", "release.release",
                                                         "release.promote", "release.withdraw"])
        self.assertNotIn("history", self.admin.every("/releases?platform=life")[0])

    def test_what_may_be_changed(self):
        self.platform("changing")
        path = self.complete("changing", "1.3.0", notes="old")
        self.assertEqual(self.admin.patch(path, {})["notes"], "old")
        r = self.admin.patch(path, {"notes": "new\nlines", "minimum_version": "1.2.0"})
        self.assertEqual((r["notes"], r["minimum_version"]), ("new\nlines", "1.2.0"))
        self.assertEqual(self.admin.patch(path, {"notes": ""})["minimum_version"], "1.2.0")
        self.assertEqual(self.admin.patch(path, {"minimum_version": "1.3.0-rc.1"})["minimum_version"], "1.3.0-rc.1")
        self.assertIsNone(self.admin.patch(path, {"minimum_version": None})["minimum_version"])
        self.assertEqual([d for s, _, d in self.steps(path) if s == "changed"],
                         ["notes, minimum version 1.2.0", "notes", "minimum version 1.3.0-rc.1", "minimum version none"])
        self.assertEqual(self.audited("changing", "1.3.0").count("release.change"), 4)
        for bad in ("1.3.0", "1.3.0+5", "2.0.0", "1.2", "", "v1.0.0", 5, ["1.0.0"], "1" * 200):
            self.assertEqual(self.refused(400, None, lambda b: self.patch_code(path, b), {"minimum_version": bad}).get("pointer"), "/minimum_version", bad)
        for bad in ({"version": "2.0.0"}, {"notes": 1}, {"notes": "x" * 20000}, {"channel": "stable"}, {"state": "released"}):
            self.assertEqual(self.admin.request("PATCH", "/api/v1" + path, json.dumps(bad).encode(), {"Content-Type": "application/json"}).status, 400, bad)
        self.refused(404, "not-found", self.admin.patch, "/platforms/changing/releases/9.0.0", {"notes": ""})
        self.admin.post(path + "/withdraw", {"reason": "x"})
        self.refused(409, "withdrawn", self.admin.patch, path, {"notes": "late"})

    def patch_code(self, path, body):
        """The code of a 400 says too little to compare: only that it is one."""
        try:
            self.admin.patch(path, body)
        except Problem as e:
            e.code = None if e.status == 400 else e.code
            raise

    def test_each_step_needs_its_own_right(self):
        self.platform("rights")
        scopes = ("release.read", "release.upload", "release.manage", "release.promote", "release.withdraw", "device.write")
        clients = {s: self.otad.client().use_key(self.admin.post("/api-keys", {"name": s, "scopes": [s], "platforms": ["rights"]})["secret"]) for s in scopes}
        for c in clients.values():
            self.addCleanup(c.close)
        path = self.complete("rights", "1.0.0")
        todo = [("release.manage", "PATCH", "", {"notes": "x"}), ("release.manage", "POST", "/release", {"channel": "beta"}),
                ("release.promote", "POST", "/promote", {"channel": "stable"}), ("release.withdraw", "POST", "/withdraw", {"reason": "x"})]
        for needs, method, what, body in todo:
            for scope, client in clients.items():
                if scope != needs:
                    self.refused(403, "forbidden", client.call, method, f"/api/v1{path}{what}", body)
            clients[needs].call(method, f"/api/v1{path}{what}", body)
        self.assertEqual([by for _, by, _ in self.steps(path)][2:], ["key:release.manage", "key:release.manage", "key:release.promote", "key:release.withdraw"])

    def test_whoever_may_only_read_sees_the_history(self):
        self.platform("seen")
        path = self.complete("seen", "1.0.0")
        reader = self.otad.client().use_key(self.stack.ci_key("seen", ("release.read",)))
        self.addCleanup(reader.close)
        self.assertEqual([h["step"] for h in reader.get(path)["history"]], ["created", "complete"])


class Minimum(Life):
    @classmethod
    def prepare(cls):
        cls.platform("steps", follow=True)
        for version in ("1.0.0", "1.1.0"):
            cls.released("steps", version, {"app.bin": b"steps " + version.encode()})
        path = cls.complete("steps", "2.0.0", {"app.bin": b"steps 2.0.0"})
        cls.stack.admin.patch(path, {"minimum_version": "1.1.0"})
        cls.stack.admin.post(path + "/release", {"channel": "stable"})
        cls.gateway_token = cls.stack.gateway("steps")
        cls.key = cls.stack.ci_key("steps", ("release.read",))

    def device(self, name, version):
        client = self.otad.client().use_device(self.gateway_token, "GatewayToken")
        self.addCleanup(client.close)
        base = f"/{TENANT}/controller/v1/{name}"
        client.call("GET", base)
        data = {"platform": "steps", **({"version": version} if version else {})}
        client.call("PUT", base + "/configData", {"mode": "merge", "data": data})
        return client, base

    def offered(self, name, version):
        """The version that a poll offers, or None."""
        client, base = self.device(name, version)
        href = client.call("GET", base)["_links"].get("deploymentBase", {}).get("href")
        if href is None:
            return None
        return client.call("GET", urllib.parse.urlsplit(href).path)["deployment"]["chunks"][0]["version"]

    def test_polls_are_offered_the_stepping_stone(self):
        for version, want in (("1.0.0", "1.1.0"), ("1.0.9", "1.1.0"), ("1.1.0", "2.0.0"), ("1.9.0", "2.0.0"), ("2.0.0", None), (None, None)):
            self.assertEqual(self.offered(f"poll-{version}", version), want, version)

    def test_assigning_by_hand(self):
        self.device("by-hand", "2.0.0")
        self.admin.post("/devices", {"id": "manual", "platform": "steps"})
        # Nothing is known of what it runs, and a person says so: taken.
        update = self.stack.assign("manual", "2.0.0")
        self.admin.post(f"/updates/{update['id']}/cancel")
        client, base = self.device("old-one", "1.0.0")
        self.refused(409, "version-below-minimum", self.stack.assign, "old-one", "2.0.0")
        self.assertEqual(self.stack.assign("old-one", "1.1.0")["version"], "1.1.0")

    def door(self, path, **headers):
        client = self.otad.client()
        self.addCleanup(client.close)
        return client.request("GET", path, None, {"X-API-Key": self.key, **headers})

    def test_the_doors_give_the_stepping_stone(self):
        for version, want in (("1.0.0", "1.1.0"), ("1.1.0", "2.0.0"), ("1.5.0", "2.0.0"), ("2.0.0", None), (None, "2.0.0"), ("unknown", "2.0.0")):
            query = f"?version={version}" if version else ""
            plain = self.door("/api/firmware/steps" + query)
            esp = self.door("/api/esp/steps" + query, **{"x-ESP32-mode": "sketch"})
            if want is None:
                self.assertEqual((plain.status, esp.status), (304, 304))
                self.assertEqual(plain.headers["X-Firmware-Version"], "2.0.0")
                continue
            self.assertEqual((plain.status, plain.headers["X-Firmware-Version"], plain.body), (200, want, b"steps " + want.encode()), version)
            self.assertEqual((esp.status, esp.headers["x-version"], esp.body), (200, want, b"steps " + want.encode()), version)

    def test_nothing_between_means_nothing_to_take(self):
        self.platform("gap", follow=True)
        path = self.complete("gap", "2.0.0", {"app.bin": b"gap"})
        self.admin.patch(path, {"minimum_version": "1.5.0"})
        self.admin.post(path + "/release", {"channel": "stable"})
        key = self.stack.ci_key("gap", ("release.read",))
        client = self.otad.client()
        self.addCleanup(client.close)
        for version, status in (("1.0.0", 304), ("1.5.0", 200)):
            self.assertEqual(client.request("GET", f"/api/firmware/gap?version={version}", None, {"X-API-Key": key}).status, status)
        self.admin.patch(path, {"minimum_version": None})  # and it acts at once
        self.assertEqual(client.request("GET", "/api/firmware/gap?version=1.0.0", None, {"X-API-Key": key}).status, 200)

    def test_a_withdrawn_release_is_offered_to_nobody(self):
        self.platform("pulled", follow=True)
        self.released("pulled", "1.0.0", {"app.bin": b"one"})
        path = self.released("pulled", "1.1.0", {"app.bin": b"two"})
        self.admin.post("/devices", {"id": "pulled-1", "platform": "pulled"})
        update = self.stack.assign("pulled-1", "1.1.0")
        self.admin.post(path + "/withdraw", {"reason": "smoke"})
        closed = self.admin.get(f"/updates/{update['id']}")
        self.assertEqual((closed["state"], self.admin.get("/devices/pulled-1")["update"]), ("cancelled", None))
        self.refused(409, "withdrawn", self.stack.assign, "pulled-1", "1.1.0")
        key = self.stack.ci_key("pulled", ("release.read",))
        client = self.otad.client()
        self.addCleanup(client.close)
        answer = client.request("GET", "/api/firmware/pulled?version=0.9.0", None, {"X-API-Key": key})
        self.assertEqual((answer.status, answer.headers["X-Firmware-Version"]), (200, "1.0.0"))


class Files(Life):
    GOOD = {"app-esp32c3.bin": (make.esp32(), "esp", {"chip": "ESP32-C3", "image": "app", "project": "blinky"}),
            "app-esp8266.bin": (make.arduino8266(), "esp", {"chip": "ESP8266", "image": "app", "hashed": False}),
            "boot-esp32c6.bin": (make.bootloader("ESP32-C6"), "esp", {"image": "bootloader"}),
            "x-esp32s3.factory.bin": (make.merged("ESP32-S3"), "esp", {"image": "merged", "app_offset": 65536}),
            "partitions.bin": (make.partitions(), "esp", {"image": "partition-table", "partitions": 3}),
            "blink.uf2": (make.uf2(), "uf2", {"blocks": 4}),
            "stm32.cortex-m.bin": (make.cortexm(), "cortex-m", {"entry": "0x08000200"}),
            "lamp.cdx.json": (make.cyclonedx(), "cyclonedx", {"spec": "1.5", "components": 2}),
            "lamp.spdx.json": (make.spdx(), "spdx", {"spec": "2.3"}),
            "whatever.bin": (bytes(range(200)), "file", None)}
    BAD = {"torn-esp32c3.bin": ("esp-truncated", make.esp32()[:-10]),
           "no-esp32c3.bin": ("esp-not-an-image", b"hello"),
           "hash-esp32c3.bin": ("esp-bad-hash", make.esp32()[:-1] + b"\0"),
           "chip-esp32s3.bin": ("esp-wrong-chip", make.esp32()),
           "table.bin": ("esp-bad-partition-table", make.partitions(extra=make.partition(0, 0, 0x9000, 0x1000, "x"), md5=False)),
           "torn.uf2": ("uf2-bad-length", make.uf2()[:-1]),
           "gap.uf2": ("uf2-bad-numbering", make.uf2()[512:]),
           "elf.cortex-m.bin": ("cortex-m-bad-stack", b"\x7fELF" + bytes(400)),
           "xml.cdx.json": ("sbom-not-json", b"<bom/>"),
           "empty.spdx.json": ("sbom-bad-member", b"{}"),
           "swapped.cdx.json": ("sbom-other-format", make.spdx())}

    def test_each_kind_is_recognised_and_shown(self):
        self.platform("kinds")
        files = {n: d for n, (d, _, _) in self.GOOD.items()}
        path = self.draft("kinds", "1.0.0", files)
        for name, (data, kind, details) in self.GOOD.items():
            a = self.admin.put_bytes(f"{path}/artifacts/{name}", data)
            self.assertEqual((a["kind"], a["size"], a["sha256"]), (kind, len(data), hashlib.sha256(data).hexdigest()), name)
            self.assertLessEqual((details or {}).items(), (a["details"] or {}).items(), name)
        r = self.admin.get(path)
        self.assertEqual((r["state"], {a["name"]: a["kind"] for a in r["artifacts"]}), ("complete", {n: k for n, (_, k, _) in self.GOOD.items()}))
        self.assertEqual(r["sbom"], {"name": "lamp.cdx.json", "format": "cyclonedx", "size": len(files["lamp.cdx.json"]),
                                     "sha256": hashlib.sha256(files["lamp.cdx.json"]).hexdigest()})
        sums = self.admin.request("GET", f"/api/v1{path}/artifacts/SHA256SUMS").body.decode()
        self.assertIn(HASHED.format("lamp.cdx.json", r["sbom"]["sha256"]), sums, "bound to the release by the signed list")
        listed = self.admin.every("/releases?platform=kinds")[0]
        self.assertEqual(listed["artifacts"], r["artifacts"])

    def test_each_broken_one_is_refused_and_not_kept(self):
        self.platform("broken")
        path = self.draft("broken", "1.0.0", {n: d for n, (_, d) in self.BAD.items()})
        for name, (code, data) in self.BAD.items():
            document = self.refused(422, code, self.admin.put_bytes, f"{path}/artifacts/{name}", data)
            self.assertRegex(document["detail"], r"^[A-Z]")
        r = self.admin.get(path)
        self.assertEqual((r["state"], r["artifacts"]), ("draft", []))
        key = self.otad.client().use_key(self.stack.ci_key("broken", ("release.upload",)))
        self.addCleanup(key.close)
        self.refused(422, "uf2-bad-length", key.put_bytes, f"{path}/artifacts/torn.uf2", self.BAD["torn.uf2"][1])

    def test_chips_of_a_platform_agree(self):
        self.platform("chips")
        c3, c6 = make.esp32("ESP32-C3"), make.esp32("ESP32-C6")
        path = self.draft("chips", "1.0.0", {"a.bin": c3, "b.bin": c6, "b-esp32c6.bin": c6 + b"\xff"})
        self.admin.put_bytes(path + "/artifacts/a.bin", c3)
        self.assertIn("'a.bin'", self.refused(422, "esp-wrong-chip", self.admin.put_bytes, path + "/artifacts/b.bin", c6)["detail"])
        self.admin.put_bytes(path + "/artifacts/b-esp32c6.bin", c6 + b"\xff")
        self.released("chips", "1.1.0", {"app.bin": c3 + b"\xff\xff"})
        path = self.draft("chips", "1.2.0", {"app.bin": c6 + b"\xff\xff"})
        self.refused(422, "esp-wrong-chip", self.admin.put_bytes, path + "/artifacts/app.bin", c6 + b"\xff\xff")
        self.platform("lamp-esp32s3")
        path = self.draft("lamp-esp32s3", "1.0.0", {"app.bin": c3})
        self.assertIn("ESP32-S3", self.refused(422, "esp-wrong-chip", self.admin.put_bytes, path + "/artifacts/app.bin", c3)["detail"])

    def test_the_manifest_names_the_chip_of_the_image(self):
        self.platform("nameless")
        app = make.esp32("ESP32-C6")
        self.released("nameless", "1.0.0", {"app.bin": app, "about.bin": b"some data", "app.cdx.json": make.cyclonedx()})
        key = self.stack.ci_key("nameless", ("release.read",))
        client = self.otad.client()
        self.addCleanup(client.close)
        build = client.request("GET", "/api/esp/nameless/manifest.json", None, {"X-API-Key": key}).json()["builds"]
        self.assertEqual([(b["chipFamily"], b["parts"][0]["path"], b["parts"][0]["offset"]) for b in build], [("ESP32-C6", "files/app.bin", 65536)])
        for door in ("/api/esp/nameless", "/api/firmware/nameless"):
            self.assertEqual(client.request("GET", door, None, {"X-API-Key": key}).body, app, "the image, not what comes before it by name")

    def test_signer_publishes_the_sbom(self):
        s = self.stack
        self.platform("bom", follow=True)
        app, bom = self.folder / "lamp.uf2", self.folder / "lamp.spdx.json"
        app.write_bytes(make.uf2(3))
        bom.write_bytes(make.spdx())
        options = ("publish", "--server", self.otad.url, "--ca", s.ca.cert, "--platform", "bom", "--counter", 1,
                   "--release-key", s.keys.secret("release"), "--sbom", bom)
        key = {"OTAD_API_KEY": s.ci_key("bom", ("release.upload", "release.manage", "release.promote"))}
        signer(*options, "--version", "1.0.0", "--channel", "beta", app, env=key)
        signer(*options, "--version", "1.0.0", "--channel", "stable", app, env=key)
        r = self.admin.get("/platforms/bom/releases/1.0.0")
        self.assertEqual((r["channel"], r["sbom"]["name"], r["sbom"]["format"]), ("stable", "lamp.spdx.json", "spdx"))
        self.assertEqual([h["step"] for h in r["history"]], ["created", "complete", "released", "promoted"])
        # Devices are not given it.
        self.admin.post("/devices", {"id": "bom-1", "platform": "bom"})
        token = self.admin.post("/devices/bom-1/token")["token"]
        device = self.otad.client().use_device(token)
        self.addCleanup(device.close)
        self.stack.assign("bom-1", "1.0.0")
        href = device.call("GET", f"/{TENANT}/controller/v1/bom-1")["_links"]["deploymentBase"]["href"]
        chunk = device.call("GET", urllib.parse.urlsplit(href).path)["deployment"]["chunks"][0]
        self.assertEqual([a["filename"] for a in chunk["artifacts"]], ["lamp.uf2"])
        basic = base64.b64encode(f"x:{s.ci_key('bom', ('release.read',))}".encode()).decode()
        client = self.otad.client()
        self.addCleanup(client.close)
        self.assertEqual(client.request("GET", "/api/firmware/bom?file=lamp.spdx.json", None, {"Authorization": "Basic " + basic}).status, 401)
        answer = client.request("GET", "/api/firmware/bom?file=lamp.spdx.json", None, {"X-API-Key": s.ci_key("bom", ("release.read",))})
        self.assertEqual(answer.body, bom.read_bytes(), "who asks for it gets it")
        bom.write_bytes(b"{}")
        result = signer(*options, "--version", "1.1.0", app, env=key, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("sbom-bad-member", result.stderr)


if __name__ == "__main__":
    unittest.main()
