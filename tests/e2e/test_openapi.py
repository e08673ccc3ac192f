"""docs/openapi.json and otad say the same, in both directions: routes, methods, parameters, bodies and answers.

harness.API holds every answer of every end-to-end test against the document; here is shown that nothing is left out.
"""
import http.client
import json
import re
import unittest

from harness import API, PASSWORD, ROOT, TENANT, EndToEnd
from lab.openapi import Document, Mismatch
from lab.tuf import Maker
from test_metrics import parse
from test_people import totp

PLATFORM = "open-board"


class OpenApi(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.payload = cls.stack.folder / "payload"
        cls.payload.write_bytes(bytes(3000))
        cls.stack.publish(PLATFORM, "1.0.0", 1, cls.payload)

    def otads_routes(self):
        """Its own tables, as /metrics names every row of them."""
        text = self.otad.client().request("GET", "/metrics").body.decode()
        rows = (dict(labels) for labels in parse(text)["otad_http_requests_total"][2])
        return {(r["method"], r["route"]) for r in rows if r["route"] != "none"}

    def test_1_routes_and_methods_are_the_same_in_both_directions(self):
        ours, documented = self.otads_routes(), set(API.operations)
        self.assertGreater(len(ours), 50)
        self.assertEqual(ours - documented, set(), "not documented")
        self.assertEqual(documented - ours, set(), "documented, and not there")

    def test_2_parameters(self):
        sources = "".join(p.read_text() for f in ("api", "device", "http") for p in (ROOT / "otad" / f).glob("*.c"))
        asked = set(re.findall(r'(?:query(?:_int)?|number)\(rq, (?:rs, )?"(\w+)"', sources))
        told = {p["name"] for op in API.operations.values() for p in op.get("parameters", []) if p["in"] == "query"}
        self.assertEqual(asked, told)
        for (method, path), op in API.operations.items():
            in_path = [p["name"] for p in op.get("parameters", []) if p["in"] == "path"]
            self.assertEqual(in_path, re.findall(r"\{(\w+)\}", path), path)
            schema = op["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
            is_list = set(schema.get("properties", {})) == {"items", "next"}
            names = {p["name"] for p in op.get("parameters", [])}
            self.assertEqual(is_list, {"limit", "after"} <= names, f"{method} {path}")

    def test_3_rights_are_those_of_the_table(self):
        table = (ROOT / "otad" / "api" / "routes.c").read_text()
        for (method, path), op in API.operations.items():
            if not path.startswith("/api/v1/") or "x-permission" not in op:
                continue
            self.assertIn("PERM_" + op["x-permission"].upper().replace(".", "_"), table)
        own = "release.withdraw"  # on the platform, so that what it lacks is told with 403 and not hidden with 404
        narrow = self.admin.post("/api-keys", {"name": "narrow", "scopes": [own], "platforms": [PLATFORM]})["secret"]
        client = self.otad.client().use_key(narrow)
        for (method, path), op in API.operations.items():
            if not path.startswith("/api/v1/"):
                continue
            status = client.request(method, re.sub(r"\{platform\}", PLATFORM, path)).status
            self.assertEqual(status == 403, op.get("x-permission", own) != own, f"{method} {path}: {status}")
            anyone = self.otad.client().request(method, path).status
            self.assertEqual(anyone == 401, [] != op["security"], f"{method} {path}: {anyone}")

    def test_4_the_document_is_well_formed_openapi_3_1(self):
        doc = API.doc
        self.assertEqual(doc["openapi"], "3.1.0")
        self.assertEqual({"openapi", "info", "servers", "tags", "paths", "components"}, set(doc))
        ids = [op["operationId"] for op in API.operations.values()]
        self.assertEqual(len(ids), len(set(ids)))
        used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(doc)))
        self.assertEqual(used, set(doc["components"]["schemas"]), "each schema is used, each one used exists")
        schemes = {name for op in API.operations.values() for s in op["security"] for name in s}
        self.assertEqual(schemes, set(doc["components"]["securitySchemes"]))
        for op in API.operations.values():
            self.assertIn(op["tags"][0], [t["name"] for t in doc["tags"]])
            self.assertRegex(op["summary"], r"\w")
            for status in op["responses"]:
                self.assertRegex(status, r"^([1-5]XX|[1-5]\d\d)$")

    def test_5_it_is_served_with_a_page_without_scripts(self):
        client = self.otad.client()
        answer = client.request("GET", "/api/v1/openapi.json")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(answer.json(), API.doc)
        page = client.request("GET", "/api/v1/docs")
        text = page.body.decode()
        policy = page.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("script", policy + text.replace("without scripts", ""))
        self.assertNotRegex(text, r'(?:src|href)="(?:https?:)?//')
        for (method, path), op in API.operations.items():
            self.assertIn(f'id="{op["operationId"]}"', text)
        targets = set(re.findall(r'href="#([^"]+)"', text))
        self.assertLessEqual(targets, set(re.findall(r'id="([^"]+)"', text)))

    def test_6_the_validator_notices(self):
        d = Document()
        release = json.loads((ROOT / "tests" / "vectors" / "api" / "release.json").read_text())
        d.check(release, {"$ref": "#/components/schemas/Release"})
        for change in ({"id": "7"}, {"state": "lost"}, {"channel": "alpha"}, {"created_at": "yesterday"}, {"more": 1}, {"signed_by": ["x"]},
                       {"artifacts": [{}]}, {"running_on": -1}, {"id": True}):
            with self.assertRaises(Mismatch, msg=change):
                d.check({**release, **change}, {"$ref": "#/components/schemas/Release"})
        with self.assertRaises(Mismatch):
            d.check({k: v for k, v in release.items() if k != "notes"}, {"$ref": "#/components/schemas/Release"})

    def test_7_every_operation_has_answered_as_documented(self):
        """One real success for each; the watch in harness compares what came with what is written."""
        self.session_and_keys()
        self.people()
        self.roles()
        self.releases()
        self.links()
        self.devices()
        self.device_protocol()
        self.repositories()
        self.records()
        self.service()
        silent = [k for k in API.operations if not any(API.seen[(*k, status)] for status in ("200", "204"))]
        self.assertEqual(silent, [], "without a single real answer")

    def session_and_keys(self):
        a = self.admin
        a.get("/setup")
        a.get("/session")
        other = self.otad.client()
        other.sign_in("admin", "correct horse battery staple")
        other.delete("/session")
        key = a.post("/api-keys", {"name": "k", "scopes": ["release.read"], "platforms": ["*"], "expires_in_days": 3})
        a.get("/api-keys?limit=1")
        a.delete(f"/api-keys/{key['key']['id']}")
        gateway = a.post("/gateway-tokens", {"name": "g", "platform": PLATFORM})
        a.get("/gateway-tokens")
        a.delete(f"/gateway-tokens/{gateway['gateway']['id']}")

    def people(self):
        a, person = self.admin, self.otad.client()
        token = a.post("/users", {"name": "open-person", "roles": ["viewer"]})["link"].split("#")[1]
        person.post("/join/check", {"token": token})
        person.join(token, PASSWORD)
        a.get("/users?limit=1")
        a.get("/users/open-person")
        a.patch("/users/open-person", {"roles": ["operator"], "disabled": False})
        secret = person.post("/account/totp", {"password": PASSWORD})["secret"]
        codes = person.post("/account/totp/confirm", {"code": totp(secret)})["recovery_codes"]
        codes = person.post("/account/recovery-codes", {"code": codes[0]})["recovery_codes"]
        person.get("/account")
        person.call("POST", "/api/v1/account/totp/disable", {"password": PASSWORD, "code": codes[0]})
        body = json.dumps({"current": PASSWORD, "new": PASSWORD[::-1]}).encode()
        person.keep_session(person.request("POST", "/api/v1/account/password", body, {"Content-Type": "application/json"}))
        for whose in ("/account", "/users/open-person"):
            other = self.otad.client()
            other.sign_in("open-person", PASSWORD[::-1])
            newest = (a if whose != "/account" else person).get(whose + "/sign-ins?limit=1")["items"][0]
            (a if whose != "/account" else person).delete(f"{whose}/sign-ins/{newest['id']}")
        person.delete("/account/sign-ins")
        a.post("/users/open-person/reset", {"totp": True})
        a.delete("/users/open-person")

    def roles(self):
        self.admin.call("PUT", "/api/v1/roles/open-role", {"title": "Open", "grants": [{"platform": "*", "permissions": ["device.read"]}]})
        self.admin.get("/roles")
        self.admin.get("/roles/open-role")
        self.admin.delete("/roles/open-role")

    def records(self):
        a = self.admin
        a.get(f"/statistics?platform={PLATFORM}&version=1.0.0&from=2026-01-01&to=2100-01-01")
        a.get("/audit?actor=admin&object=open-person")
        a.get("/audit/head")
        for format in ("jsonl", "csv"):
            a.request("GET", f"/api/v1/audit/export?from_seq=1&to_seq=9&format={format}")
        key = a.post("/api-keys", {"name": "plain", "scopes": ["release.read"], "platforms": [PLATFORM]})["secret"]
        body = {"device": "open-plain", "state": "started", "version": "1.0.0"}
        self.otad.client().use_key(key).call("POST", f"/api/firmware/{PLATFORM}/sessions", body)

    def releases(self):
        a, base = self.admin, f"/platforms/{PLATFORM}/releases/1.0.0"
        a.get("/platforms")
        a.get(f"/platforms/{PLATFORM}")
        a.patch(f"/platforms/{PLATFORM}", {"title": "Open", "aliases": ["open-alias"], "follow_channel": False})
        newer = self.stack.keys.manifest(PLATFORM, sequence=2, out=self.folder / "newer.manifest")
        a.put_bytes(f"/platforms/{PLATFORM}/key-manifest", newer.read_bytes())
        a.get(f"/releases?platform={PLATFORM}")
        a.get(base)
        name = a.get(base)["artifacts"][0]["name"]
        a.request("GET", f"/api/v1{base}/artifacts/{name}", None, {"Range": "bytes=0-9"})
        a.request("GET", f"/api/v1{base}/artifacts/{name}")
        a.request("GET", f"/api/v1{base}/artifacts/SHA256SUMS")
        sums, minisig = (a.request("GET", f"/api/v1{base}/artifacts/SHA256SUMS{x}").body.decode() for x in ("", ".minisig"))
        a.call("PUT", f"/api/v1{base}", {"sums": sums, "minisig": minisig})  # all of it may be repeated
        a.put_bytes(f"{base}/artifacts/{name}", a.request("GET", f"/api/v1{base}/artifacts/{name}").body)
        self.stack.publish(PLATFORM, "1.0.1", 1, self.payload, channel="beta")
        a.patch(f"/platforms/{PLATFORM}/releases/1.0.1", {"notes": "changed"})
        a.post(f"/platforms/{PLATFORM}/releases/1.0.1/release", {"channel": "beta"})  # where it is
        a.post(f"/platforms/{PLATFORM}/releases/1.0.1/promote", {"channel": "stable"})
        a.post(f"/platforms/{PLATFORM}/releases/1.0.1/withdraw", {"reason": "to show it"})

    def links(self):
        a, base = self.admin, f"/platforms/{PLATFORM}/releases/1.0.0"
        name = a.get(base)["artifacts"][0]["name"]
        made = a.post(f"{base}/artifacts/{name}/links", {"expires_in_s": 600})
        path = made["url"].removeprefix(self.otad.url)
        self.otad.client().request("GET", path)
        self.otad.client().request("GET", path, None, {"Range": "bytes=0-9"})
        a.get(f"/links?platform={PLATFORM}&state=active")
        a.delete(f"/links/{made['link']['id']}")
        for format in ("json", "csv", "jsonl"):
            a.request("GET", f"/api/v1/downloads?platform={PLATFORM}&user=admin&version=1.0.0&via=link&from=2026-01-01&to=2100-01-01"
                             f"&format={format}")

    def devices(self):
        a = self.admin
        a.post("/devices", {"id": "open-1", "platform": PLATFORM, "name": "One", "channel": "beta"})
        a.get("/devices?state=never&q=open")
        a.patch("/devices/open-1", {"name": "Other", "channel": "stable"})
        self.token = a.post("/devices/open-1/token")["token"]
        self.update = self.stack.assign("open-1", "1.0.0")["id"]
        a.get("/devices/open-1")
        a.get("/devices/open-1/updates")
        a.get("/updates?open=true")
        a.get(f"/updates/{self.update}")
        a.post("/devices", {"id": "open-2", "platform": PLATFORM})
        a.delete("/devices/open-2")

    def device_protocol(self):
        d, base = self.otad.client().use_device(self.token), f"/{TENANT}/controller/v1/open-1"
        self.assertIn("keyManifest", d.call("GET", base + "?keys=1")["_links"])
        d.request("GET", base + "/keyManifest")
        d.call("PUT", f"{base}/configData", {"mode": "merge", "data": {"version": "0.9.0"}})
        d.call("POST", f"{base}/heartbeat", {"version": "0.9.0", "slot": "A", "uptime_s": 3})
        deployment = d.call("GET", f"{base}/deploymentBase/{self.update}?actionHistory=5")
        link = deployment["deployment"]["chunks"][0]["artifacts"][0]["_links"]
        path = link["download"]["href"].removeprefix(self.otad.url)
        d.call("GET", path.rsplit("/", 1)[0])
        d.request("GET", path)
        d.request("GET", path + ".MD5SUM")
        self.admin.post(f"/updates/{self.update}/cancel")
        d.call("GET", f"{base}/cancelAction/{self.update}")
        say = {"id": str(self.update), "status": {"execution": "closed", "result": {"finished": "success"}, "details": []}}
        d.call("POST", f"{base}/cancelAction/{self.update}/feedback", say)
        again = self.stack.assign("open-1", "1.0.0")["id"]
        d.call("GET", f"{base}/deploymentBase/{again}")
        d.call("POST", f"{base}/deploymentBase/{again}/feedback", {**say, "id": str(again)})
        d.call("GET", f"{base}/installedBase/{again}")

    def repositories(self):
        """Of another platform, so that this one's releases stay as they are."""
        self.stack.platform("signed-board")
        base, maker = "/platforms/signed-board/tuf", Maker(self.folder / "officers", "signed-board")
        files = f"/tuf/{TENANT}/signed-board"
        online = self.admin.get(base)["online"]
        self.admin.call("PUT", f"/api/v1{base}/root.json", maker.root(online))
        waits = self.admin.call("PUT", f"/api/v1{base}/targets.json", maker.targets())["pending"][0]["id"]
        self.admin.get(f"{base}/pending")
        self.admin.get(f"{base}/pending/{waits}")
        self.admin.delete(f"{base}/pending/{waits}")
        self.admin.call("PUT", f"/api/v1{base}/targets.json", maker.targets())
        image = self.stack.image("signed-board", "1.0.0", 1, self.payload)
        self.stack.publish("signed-board", "1.0.0", 1, self.payload, check=False)  # complete; released it is not, not being listed
        hw_class = self.admin.get("/platforms/signed-board")["hardware_class"]
        path, entry = maker.target("1.0.0", image, hw_class)
        self.admin.call("PUT", f"/api/v1{base}/signed-board.json", maker.platform_role([(path, entry)]))
        self.admin.get(base)
        self.admin.patch(base, {"public_targets": True})
        client = self.otad.client()
        self.assertEqual(client.request("GET", f"{files}/metadata/timestamp.json").status, 200)
        target = f"{files}/targets/1.0.0/{entry['hashes']['sha256']}.{image.name}"
        self.assertEqual(client.request("GET", target).body, image.read_bytes())
        made = self.admin.post("/devices", {"id": "signed-1", "platform": "signed-board"})
        device = self.otad.client().use_device(made["token"])
        device.call("GET", f"/{TENANT}/controller/v1/signed-1")
        device.call("GET", f"/{TENANT}/controller/v1/signed-1/director?nonce={'0' * 32}")

    def service(self):
        client = self.otad.client()
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/docs"):
            self.assertEqual(client.request("GET", path).status, 200)
        key = self.admin.post("/api-keys", {"name": "door", "scopes": ["release.read"], "platforms": [PLATFORM]})["secret"]
        door = self.otad.client().use_key(key)
        self.assertEqual(door.request("GET", f"/api/firmware/{PLATFORM}?version=0.1.0").status, 200)
        self.assertEqual(door.request("GET", f"/api/firmware/{PLATFORM}?version=1.0.0").status, 304)
        for base in (f"/api/esp/{PLATFORM}", f"/api/esp-key/{key}/{PLATFORM}"):
            name = door.request("GET", base + "/manifest.json?chip=esp32").json()["builds"][0]["parts"][0]["path"]
            for path in ("", "?version=0.1", "/" + name):
                self.assertEqual(door.request("GET", base + path).status, 200, base + path)
        latest = door.request("GET", f"/repos/{TENANT}/{PLATFORM}/releases/latest").json()
        self.assertEqual(door.request("GET", latest["assets"][0]["url"].removeprefix(self.otad.url)).status, 200)
        self.stream()

    def stream(self):
        """It has no end: the head of the answer is looked at, and counted by hand."""
        c = self.otad.client()
        s = http.client.HTTPSConnection(c.host, c.port, timeout=30, context=c.context)
        s.request("GET", "/api/v1/events", None, self.admin.headers)
        answer = s.getresponse()
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"))
        API.seen[("GET", "/api/v1/events", "200")] += 1
        s.close()


if __name__ == "__main__":
    unittest.main()
