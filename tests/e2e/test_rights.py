"""Every route x who x platform x organisation against the hand-written tests/rights/matrix.py: once as otad is, once with
otad's own check replaced by one that says yes to everything, so that row-level security alone must hold.
"""
import http.client
import json
import subprocess
import sys

from harness import BUILD, PASSWORD, ROOT, TENANT, EndToEnd, Stack
from lab.postgres import program
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
        self.files, self.docs, self.manifests, self.keys_of = {}, {}, {}, {}
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
