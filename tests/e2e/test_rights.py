"""Every route x who x platform x organisation against the hand-written tests/rights/matrix.py: once as otad is, once with
otad's own check replaced by one that says yes to everything, so that row-level security alone must hold.
"""
import hashlib
import http.client
import json
import socket
import subprocess
import sys
import threading

from harness import BUILD, PASSWORD, ROOT, TENANT, EndToEnd, Otad, Stack, wait_until
from lab.postgres import program
from lab.tuf import Maker, canonical
from test_metrics import parse

sys.path.insert(0, str(ROOT / "tests" / "rights"))
import matrix  # noqa: E402

PLATFORMS = ("alpha", "beta")
SEED = (ROOT / "tests" / "rights" / "seed.sql").read_text()


class Sql:
    """One psql for thousands of questions."""

    def __init__(self, cluster, database):
        self.psql = subprocess.Popen([program("psql"), "-X", "-q", "-A", "-t", "-h", cluster.folder, "-U", cluster.user, "-d",
                                      database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self("SET search_path = otad")

    def __call__(self, text):
        self.psql.stdin.write(f"BEGIN;\n{text};\nCOMMIT;\n\\echo @@\n")
        self.psql.stdin.flush()
        lines = []
        while (line := self.psql.stdout.readline()) != "@@\n":
            if line == "" or "ERROR" in line:
                raise AssertionError(f"{text[:300]}\n{line}{''.join(lines)}")
            lines.append(line)
        return "".join(lines).strip()

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()


class World(Stack):
    """Two organisations with everything by the same names, and everybody of the matrix."""

    def __init__(self, name, **more):
        super().__init__(name, **more)
        self.files, self.docs, self.manifests, self.keys_of, self.roots = {}, {}, {}, {}, {}
        for platform in PLATFORMS:
            self.fill(platform)
        self.people()
        self.ask = Sql(self.cluster, self.otad.database)
        self.ids = self.seed()
        self.otad.stop()
        self.otad.start()
        self.clients = {who: self.client_of(who) for who in matrix.WHO}

    def fill(self, platform):
        """Signed releases by the usual way; which of their files are there seed.sql decides."""
        self.platform(platform)
        self.manifests[platform] = self.keys.manifest(platform, 2, out=self.folder / f"{platform}.2").read_bytes()
        for number, version in enumerate(("1.0.0", "9.0.0", "9.1.0"), 1):
            path = self.folder / f"{platform}-{version}.txt"
            path.write_bytes(f"{platform} {version}".encode() * 50)
            self.publish_file(platform, version, number, path)
            self.files[platform, version] = path
        base = f"/api/v1/platforms/{platform}/releases/9.0.0/artifacts/SHA256SUMS"
        sums, minisig = (self.admin.request("GET", base + end).body.decode() for end in ("", ".minisig"))
        self.docs[platform] = {"sums": sums, "minisig": minisig}
        maker = Maker(self.folder / f"officers-{platform}", platform)
        online = self.admin.get(f"/platforms/{platform}/tuf")["online"]
        self.roots[platform] = canonical(maker.root(online, officers=("una", "duo"), threshold=2, by=("una",)))  # waits for duo

    def people(self):
        a = self.admin
        for name, grants in matrix.ROLES.items():
            a.call("PUT", f"/api/v1/roles/{name}", {"title": "T1", "grants": [{"platform": p, "permissions": what} for p, what in grants]})
        a.call("PUT", "/api/v1/roles/spare", {"title": "T1", "grants": []})
        for name, roles in {**matrix.PEOPLE, "victim": ["viewer"]}.items():
            made = a.post("/users", {"name": name, "roles": roles or ["viewer"]})
            self.otad.client().post("/join", {"token": made["link"].split("#")[1], "password": PASSWORD})
            if not roles:
                a.patch(f"/users/{name}", {"roles": []})
        for name, (scopes, platforms) in {**matrix.KEYS, "victim": (["release.read"], ["*"])}.items():
            made = a.post("/api-keys", {"name": name, "scopes": scopes, "platforms": platforms})
            self.keys_of[name] = made["secret"]
        a.post("/gateway-tokens", {"name": "victim", "platform": "alpha"})

    def seed(self):
        """Organisation 2 and the rest of both; the numbers of what rows of the matrix name by number."""
        self.ask(SEED)
        ids = {"key": self.ask("SELECT api_key_id FROM api_key WHERE tenant_id = 1 AND name = 'victim'"),
               "gateway": self.ask("SELECT gateway_token_id FROM gateway_token WHERE tenant_id = 1 AND name = 'victim'"),
               "sign_in": self.ask("SELECT session_id FROM session JOIN account USING (tenant_id, account_id) "
                                   "WHERE tenant_id = 1 AND name = 'victim'"),
               "waiting": hashlib.sha256(b"waits").hexdigest(),
               "nobody": "999999999999"}
        of = {}
        for p in PLATFORMS:
            update = "SELECT u.update_id FROM device_update u JOIN device d USING (tenant_id, device_no) " \
                     "WHERE u.tenant_id = 1 AND d.device_id = "
            of[p] = {**ids, "p": p, "update": self.ask(f"{update} 'dev-{p}'"), "cancel": self.ask(f"{update} 'can-{p}'"),
                     "link": self.ask("SELECT l.link_id FROM download_link l JOIN platform USING (tenant_id, platform_id) "
                                      f"WHERE l.tenant_id = 1 AND name = '{p}'"),
                     "file": self.files[p, "1.0.0"].name, "file9": self.files[p, "9.1.0"].name}
        return of

    def client_of(self, who):
        client = self.otad.client()
        if who in matrix.KEYS:
            return client.use_key(self.keys_of[who])
        client.sign_in(who, PASSWORD)
        return client

    def end(self):
        self.ask.close()
        super().end()


class Matrix(EndToEnd):
    """As otad is."""

    binary = None
    alone = False  # row-level security

    @classmethod
    def setUpClass(cls):
        cls.stack = World(cls.__name__, binary=cls.binary)
        cls.addClassCleanup(cls.stack.end)

    # -- one question

    def ask(self, row, who, platform):
        """(status, body) of one request, whether it changed something, and what it is called in messages."""
        stack, client = self.stack, self.stack.clients[who]
        t = 2 if who == "oth" else 1
        names = {**stack.ids[platform], "t": t, "tenant": "second" if t == 2 else TENANT,
                 "key_text": stack.keys_of.get(who, "nobody")}
        headers, body = {}, row.body
        if row.body == "manifest":
            headers, body = {"Content-Type": "application/octet-stream"}, stack.manifests[platform]
        elif row.body == "file":
            headers, body = {"Content-Type": "application/octet-stream"}, stack.files[platform, "9.1.0"].read_bytes()
        elif row.body == "root":
            headers, body = {"Content-Type": "application/json"}, stack.roots[platform]
        elif row.body == "sums":
            headers, body = {"Content-Type": "application/json"}, json.dumps(stack.docs[platform]).encode()
        elif row.body is not None:
            headers, body = {"Content-Type": "application/json"}, json.dumps(row.body).replace("{p}", platform).encode()
        before = stack.ask(row.probe.format(**names)) if row.probe else None
        answer = client.request(row.method, row.path.format(**names), body, headers)
        changed = row.probe is not None and stack.ask(row.probe.format(**names)) != before
        if changed and row.undo:
            stack.ask(row.undo.format(**names))
        self.assertNotIn(b'"T1"' if t == 2 else b'"T2"', answer.body, f"{who}: another organisation's, at {row.path}")
        return answer, changed, f"{row.method} {row.path} as {who} at {platform}: {answer.status} {answer.body[:300]!r}"

    def judge(self, row, who, platform, cell):
        answer, changed, say = self.ask(row, who, platform)
        good = 200 <= answer.status < 300
        self.assertLess(answer.status, 500, say)
        if row.kind == "public":
            self.assertNotEqual(answer.status, 403, say)
        elif cell == "k":
            self.assertEqual(answer.status, 401, say)
        elif row.kind in ("own", "door"):
            self.judge_admission(row, answer, cell, say)
        elif cell == "y":
            self.assertTrue(good, say)
            self.assertTrue(changed or row.probe is None, "nothing has changed: " + say)
            self.assertTrue(row.kind != "show" or self.shows_something(who, answer), "empty: " + say)
        elif not self.alone:
            self.assertIn(answer.status, {"n": (403,), "N": (403,), "h": (404, 400), "H": (404, 400)}[cell], say)
            self.assertFalse(changed, say)
        elif cell in "NH":
            self.assertTrue(good, say)
        else:
            self.assertFalse(changed, say)
            self.assertFalse(row.kind == "show" and good and self.shows_something(who, answer), say)

    def judge_admission(self, row, answer, cell, say):
        """What is there for whoever is let in, is not the matter here."""
        if cell == "y":
            self.assertNotEqual(answer.status, 401, say)
            if row.kind == "own":
                self.assertNotEqual(answer.status, 403, say)
        elif not self.alone:
            self.assertEqual(answer.status, 403, say)

    @staticmethod
    def shows_something(who, answer):
        """Not an empty list; one's own name and what is built in are no secrets."""
        if not answer.headers["Content-Type"].startswith("application/json") or "items" not in (value := answer.json()):
            return True
        return any(item.get("name") != who and not item.get("builtin") for item in value["items"])

    def judge_list(self, row, who, cell):
        """Whose things are in it?"""
        wanted, _, more = cell.partition("/")
        answer, _, say = self.ask(row, who, "alpha")
        if not self.alone and wanted == "n":
            self.assertEqual(answer.status, 403, say)
            return
        if self.alone and wanted == "n" and not more and answer.status in (403, 404):
            return
        self.assertEqual(answer.status, 200, say)
        if row.kind == "whole":
            items = [json.loads(line) for line in answer.body.splitlines()]
        else:
            items = answer.json().get("items", answer.json().get("releases"))
        name = "name" if row.path.endswith("/platforms") else "platform"
        seen = {i[name] for i in items} - {None, "gamma"}  # which some have made on the way
        wanted = (more or wanted) if self.alone else wanted
        self.assertEqual("".join(p[0] for p in PLATFORMS if p in seen), wanted.strip("n0"), say)
        self.assertLessEqual(seen, set(PLATFORMS), say)

    def stream(self, who):
        """The head of an answer that does not end."""
        client = self.stack.clients[who]
        c = http.client.HTTPSConnection(client.host, client.port, timeout=client.timeout_s, context=client.context)
        try:
            c.request("GET", "/api/v1/events", headers=client.headers)
            return c.getresponse().status
        finally:
            c.close()

    # -- all of them

    def test_1_every_route_is_in_the_matrix(self):
        text = self.otad.client().request("GET", "/metrics").body.decode()
        rows = (dict(labels) for labels in parse(text)["otad_http_requests_total"][2])
        routes = {(r["method"], r["route"]) for r in rows if r["route"] != "none"}
        self.assertGreater(len(routes), 90)
        missing = {r for r in routes if not any(self.is_of(row, *r) for row in matrix.ROWS)}
        self.assertEqual(missing, set(), "routes without a row in tests/rights/matrix.py")

    @staticmethod
    def is_of(row, method, pattern):
        ours, theirs = row.path.split("/"), pattern.split("/")
        return row.method == method and len(ours) == len(theirs) and all(
            t.startswith("{") or t == o for o, t in zip(ours, theirs, strict=True))

    def test_2_everybody_at_every_route(self):
        for row in matrix.ROWS:
            with self.subTest(route=f"{row.method} {row.path}"):
                for who in matrix.WHO:
                    self.judge_cell(row, who, row.cells[who])

    def judge_cell(self, row, who, cell):
        if row.kind in ("list", "whole"):
            self.judge_list(row, who, cell)
        elif row.kind == "stream":
            if not self.alone:  # from memory
                self.assertEqual(self.stream(who), {"y": 200, "n": 403}[cell], f"events as {who}")
        elif len(cell) == 2:
            for platform, letter in zip(PLATFORMS, cell, strict=True):
                self.judge(row, who, platform, letter)
        else:
            self.judge(row, who, "alpha", cell)


class RowLevelSecurityAlone(Matrix):
    """The same with a check that says yes to everything."""

    binary = BUILD / "tests" / "rights" / "otad_permissive"
    alone = True


class Stream:
    """What /events tells somebody, line by line."""

    def __init__(self, client):
        self.lines = []
        self.connection = http.client.HTTPSConnection(client.host, client.port, timeout=client.timeout_s, context=client.context)
        self.connection.request("GET", "/api/v1/events", headers=client.headers)
        self.answer = self.connection.getresponse()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while line := self.answer.readline():
                self.lines.append(line.decode().rstrip())
        except (OSError, ValueError, http.client.HTTPException):
            pass

    def told(self, *words):
        return any(all(w in line for w in words) for line in list(self.lines))

    def close(self):
        if self.connection.sock:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(30)
        self.connection.close()


class Roles(EndToEnd):
    """Roles of one's own: made, refused, and in force at once."""

    @classmethod
    def prepare(cls):
        for p in PLATFORMS:
            cls.stack.admin.post("/platforms", {"name": p, "title": p, "aliases": [f"{p}-alias"]})
            cls.stack.admin.post("/devices", {"id": f"{p}-1", "platform": p})
        cls.people = 0

    def role(self, name, *grants, title="A role"):
        return self.admin.call("PUT", f"/api/v1/roles/{name}", {
            "title": title, "grants": [{"platform": p, "permissions": list(what)} for p, what in grants]})

    def person(self, *roles):
        """Signed in, with these roles."""
        type(self).people += 1
        name = f"person-{self.people}"
        made = self.admin.post("/users", {"name": name, "roles": list(roles)})
        client = self.otad.client()
        session = client._session("/api/v1/join", {"token": made["link"].split("#")[1], "password": PASSWORD})
        self.assertEqual(session["user"], {"name": name, "roles": sorted(roles)})
        client.name = name
        return client

    def put(self, name, body, who=None):
        answer = (who or self.admin).request("PUT", f"/api/v1/roles/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        return answer.status, answer.json().get("code"), answer.json().get("pointer")

    def devices(self, client):
        answer = client.request("GET", "/api/v1/devices")
        return {d["id"] for d in answer.json()["items"] if d["id"].endswith("-1")} if answer.status == 200 else answer.status

    def test_a_role_as_it_was_made(self):
        made = self.role("esp-team", ("beta-alias", ["device.write", "device.read"]), ("*", ["release.read"]), title="ESP \u2713")
        self.assertEqual(made, {"name": "esp-team", "title": "ESP \u2713", "builtin": False, "user_count": 0, "grants": [
            {"platform": "*", "permissions": ["release.read"]}, {"platform": "beta", "permissions": ["device.read", "device.write"]}]})
        self.assertEqual(self.admin.get("/roles/esp-team"), made)
        self.assertIn(made, self.admin.every("/roles?limit=2"))
        builtin = {r["name"]: r for r in self.admin.every("/roles") if r["builtin"]}
        self.assertEqual(set(builtin), {"admin", "manager", "operator", "viewer"})
        self.assertEqual(builtin["viewer"]["grants"], [{"platform": "*", "permissions": ["device.read", "release.read"]}])
        self.assertEqual(self.role("esp-team")["grants"], [])
        self.admin.delete("/roles/esp-team")
        self.assertEqual(self.admin.request("GET", "/api/v1/roles/esp-team").status, 404)

    def test_what_is_refused(self):
        good = {"title": "", "grants": [{"platform": "alpha", "permissions": ["device.read"]}]}

        def grant(**change):
            return {**good, "grants": [{**good["grants"][0], **change}]}
        for body, pointer in (
                ({"grants": []}, "/title"), ({"title": ""}, "/grants"), ({**good, "more": 1}, "/more"), ({**good, "title": 7}, "/title"),
                ({**good, "title": "x" * 201}, "/title"), ({**good, "grants": {}}, "/grants"), ({**good, "grants": ["*"]}, "/grants"),
                ({**good, "grants": good["grants"] * 66}, "/grants"), (grant(platform="gamma"), "/grants/0/platform"),
                (grant(platform=7), "/grants/0/platform"), (grant(platform=""), "/grants/0/platform"),
                (grant(permissions=[]), "/grants/0/permissions"), (grant(permissions=["root"]), "/grants/0/permissions"),
                (grant(permissions=["device.read", "device.read"]), "/grants/0/permissions"),
                (grant(permissions=["user.manage"]), "/grants/0/permissions"), (grant(permissions=["key.manage"]), "/grants/0/permissions"),
                (grant(more=1), "/grants/0/more"), ({**good, "grants": [*good["grants"], {"platform": "beta"}]}, "/grants/1/permissions"),
                ({**good, "grants": good["grants"] * 2}, "/grants/1/platform"),
                ({**good, "grants": [*good["grants"], {"platform": "alpha-alias", "permissions": ["device.read"]}]}, "/grants/1/platform"),
        ):
            with self.subTest(body=body):
                status, _, at = self.put("bad", body)
                self.assertEqual((status, at), (400, pointer))
        for name in ("none", "A", "-x", "x" * 64, "%2e%2e", "a%20b"):
            self.assertIn(self.put(name, good)[0], (400, 404), name)
        for name in ("admin", "viewer"):
            self.assertEqual(self.put(name, good)[:2], (409, "built-in"))
            self.assertEqual(self.admin.request("DELETE", f"/api/v1/roles/{name}").json()["code"], "built-in")
        self.assertEqual(self.admin.request("GET", "/api/v1/roles/bad").status, 404)
        self.role("used", ("alpha", ["device.read"]))
        self.person("used")
        self.assertEqual(self.admin.request("DELETE", "/api/v1/roles/used").json()["code"], "in-use")

    def test_nobody_makes_a_role_that_is_more_than_they_are(self):
        self.role("people", ("*", ["user.manage"]), ("alpha", ["device.read"]))
        manager = self.person("people")
        self.assertEqual(self.put("mine", {"title": "", "grants": [{"platform": "alpha", "permissions": ["device.read"]}]}, manager)[0], 200)
        for grants, want in (([{"platform": "alpha", "permissions": ["device.write"]}], (403, "forbidden", None)),
                             ([{"platform": "*", "permissions": ["device.read"]}], (403, "forbidden", None)),
                             ([{"platform": "*", "permissions": ["user.manage", "key.manage"]}], (403, "forbidden", None))):
            self.assertEqual(self.put("mine", {"title": "", "grants": grants}, manager), want)
        grants = self.admin.get("/roles/mine")["grants"]
        self.assertEqual(grants, [{"platform": "alpha", "permissions": ["device.read"]}])

    def test_rights_count_at_once_here_and_within_moments_elsewhere(self):
        self.role("shift", ("alpha", ["device.read"]))
        other = Otad(self.folder / "replica", self.stack.cluster, self.stack.ca, database=self.otad.database,
                     settings={**self.otad.settings, "state_dir": self.otad.folder / "state", "artifacts_dir": self.otad.folder / "artifacts"})
        other.folder.mkdir()
        self.addCleanup(other.stop)
        other.start()
        here = self.person("shift")
        there = other.client()
        there.headers = dict(here.headers)
        wanted = {"alpha": {"alpha-1"}, "beta": {"beta-1"}, None: 403}
        self.assertEqual(self.devices(there), wanted["alpha"], "who was made a moment ago is known")
        for platform in ("beta", None, "alpha"):
            self.role("shift", *([(platform, ["device.read"])] if platform else []))
            self.assertEqual(self.devices(here), wanted[platform])
            wait_until("the other otad to follow", lambda p=platform: self.devices(there) == wanted[p], every_s=0.05)
        self.admin.patch(f"/users/{here.name}", {"roles": []})
        self.assertEqual(self.devices(here), 403)
        session = here.get("/session")
        self.assertEqual((session["permissions"], session["grants"], session["user"]["roles"]), ([], [], []))
        wait_until("the other otad to follow", lambda: self.devices(there) == 403, every_s=0.05)

    def test_events_reach_whom_they_concern(self):
        self.role("alpha-only", ("alpha", ["device.read"]))
        self.role("moving", ("alpha", ["device.read"]), ("beta", ["device.read"]))
        narrow, moving = Stream(self.person("alpha-only")), Stream(self.person("moving"))
        self.addCleanup(narrow.close)
        self.addCleanup(moving.close)
        self.assertEqual((narrow.answer.status, moving.answer.status), (200, 200))
        for name, platform in (("eve-beta", "beta"), ("eve-alpha", "alpha")):
            self.admin.post("/devices", {"id": name, "platform": platform})
        wait_until("both to hear of alpha", lambda: narrow.told('"eve-alpha"') and moving.told('"eve-alpha"'))
        self.assertTrue(moving.told('"eve-beta"'))
        self.assertFalse(narrow.told('"eve-beta"'))  # which came before
        self.role("moving", ("beta", ["device.read"]))  # from now on
        self.admin.patch("/devices/eve-alpha", {"name": "now hidden"})
        self.admin.patch("/devices/eve-beta", {"name": "now seen"})
        wait_until("who may to hear", lambda: narrow.told("now hidden") and moving.told("now seen"))
        self.assertFalse(moving.told("now hidden"))
        self.admin.patch("/devices/eve-alpha", {"platform": "beta"})
        wait_until("the leaving to be told", lambda: narrow.told('{"id":"eve-alpha"}') and moving.told('"eve-alpha"', '"platform":"beta"'))
        self.admin.delete("/devices/eve-beta")
        wait_until("the end to be told", lambda: moving.told('{"id":"eve-beta"}'))
        self.assertFalse(narrow.told("eve-beta"))
