"""The HTTP API of SPEC 8: every route against bad input, who may what, and that nothing is ever half applied.

The list of routes is read out of docs/SPEC.md, so a route that is documented and not tested cannot exist.
"""
import concurrent.futures
import json
import re
import socket
import ssl
import threading
import unittest

from harness import PASSWORD, ROOT, TENANT, EndToEnd, Stack, wait_until

PLATFORM = "api-board"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN = {("GET", "/setup"), ("POST", "/setup"), ("POST", "/session"), ("POST", "/join/check"), ("POST", "/join")}
OWN = ("/setup", "/session", "/events", "/join", "/account")  # no right opens or closes these
RAW = {("PUT", "/platforms/{platform}/key-manifest"),
       ("PUT", "/platforms/{platform}/releases/{version}/artifacts/{name}")}
BODILESS = {("POST", "/devices/{id}/token"), ("POST", "/updates/{id}/cancel")}
FILL = {"platform": PLATFORM, "version": "9.9.9", "name": "app.bin", "id": "4711", "file": "root.json"}


def documented():
    """(method, path) of SPEC 8 below /api/v1, in its order."""
    text = (ROOT / "docs" / "SPEC.md").read_text()
    chapters = [text[text.index("### 8.4"):text.index("8.10 ")], text[text.index("### 8.13"):text.index("## 9.")]]
    found = re.findall(r"(GET|POST|PUT|PATCH|DELETE) `(/[^`?]*)", "".join(chapters))
    return [r for r in dict.fromkeys(found) if not r[1].startswith("/api/")]


ROUTES = documented()


def filled(path, **values):
    return "/api/v1" + re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], FILL[m[1]]), path)


class Api(EndToEnd):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM, aliases=["api-alias"])
        cls.payload = s.folder / "payload"
        cls.payload.write_bytes(bytes(range(256)) * 40)
        cls.image = s.publish(PLATFORM, "1.0.0", 1, cls.payload)

    def tearDown(self):
        self.assertTrue(self.otad.process.running(), "otad is gone")
        self.assertNotIn("level=bug", self.otad.log_text())

    def client(self):
        c = self.otad.client()
        self.addCleanup(c.close)
        return c

    def ask(self, method, path, body=None, who=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return (who or self.admin).request(method, path, body, headers)

    def problem(self, answer, status, code=None):
        """It is a problem document of RFC 9457 with this status; the document."""
        self.assertEqual(answer.status, status, answer.body[:300])
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        doc = answer.json()
        self.assertEqual(doc["status"], status)
        self.assertGreaterEqual(set(doc), {"type", "title", "status", "code", "detail", "request_id"})
        if code:
            self.assertEqual(doc["code"], code, doc)
        return doc

    def rows(self):
        """How much there is of everything that a request could leave behind."""
        return self.stack.sql("SELECT string_agg(t || '=' || n, ' ' ORDER BY t) FROM (SELECT relname t, (xpath('/row/c/text()', "
                              "query_to_xml('SELECT count(*) c FROM ' || relid::regclass, false, true, '')))[1]::text n FROM pg_stat_user_tables "
                              "WHERE relname NOT LIKE '%session%' AND relname NOT LIKE '%change%') x")

    def files(self):
        return sorted(str(p) for p in (self.otad.folder / "artifacts").rglob("*") if p.is_file())

    def raw(self, data, read=True, close_early=False):
        """Bytes on a TLS connection of their own; what came back."""
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain, \
                context.wrap_socket(plain, server_hostname="localhost") as s:
            got = b""
            try:
                s.sendall(data)
                if close_early:
                    return b""
                s.settimeout(30)
                while read and (piece := s.recv(65536)):
                    got += piece
                    if b"\r\n\r\n" in got:
                        head, body = got.split(b"\r\n\r\n", 1)
                        length = re.search(rb"(?im)^content-length: (\d+)", head)
                        if length and len(body) >= int(length[1]):
                            break
            except (ConnectionError, ssl.SSLError, socket.timeout):
                pass
            return got

    def head(self, method, path, *more):
        session = "".join(f"{k}: {v}\r\n" for k, v in self.admin.headers.items())
        return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{session}" + "".join(f"{x}\r\n" for x in more)).encode() + b"\r\n"

    # -- every route

    def test_the_list_of_routes_is_the_specifications(self):
        self.assertGreater(len(ROUTES), 30)
        table = (ROOT / "otad" / "api" / "routes.c").read_text()
        rows = len(re.findall(r"^    (?:GET|DELETE|ACT|JSON|\{\.method)", table, re.M)) - len(re.findall(r'\.pattern = "/', table))
        self.assertEqual(len(ROUTES), rows, "a route that SPEC 8 does not name, or the reverse")

    def test_every_route_refuses_other_methods_and_says_which_it_takes(self):
        for path in {p for _, p in ROUTES}:
            takes = {m for m, p in ROUTES if p == path}
            for method in METHODS:
                if method in takes:
                    continue
                answer = self.ask(method, filled(path))
                self.problem(answer, 405)
                allow = {m.strip() for m in answer.headers["Allow"].split(",")}
                self.assertEqual(allow - {"HEAD", "OPTIONS"}, takes, path)

    def test_nobody_gets_401_and_says_so_before_reading_a_body(self):
        nobody = self.client()
        for method, path in ROUTES:
            if (method, path) in OPEN:
                continue
            answer = self.ask(method, filled(path), who=nobody)
            self.problem(answer, 401, "not-signed-in")
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
        got = self.raw(b"PUT " + filled("/platforms/{platform}/releases/1.0.0/artifacts/app.bin").encode() +
                       b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 401 "), got[:200])  # and not one byte of the body was sent

    def test_wrong_credentials_of_every_kind(self):
        good = self.admin.post("/api-keys", {"name": "x", "scopes": ["release.read"], "platforms": ["*"]})["secret"]
        for value in ("Bearer", "Bearer ", "Bearer x", "Bearer otad_1_" + "0" * 64, "Basic YTpi", "Bearer " + good[:-1],
                      "Bearer " + good + "0", "Bearer " + good.replace("otad_", "otad_9"), "TargetToken " + good, "x" * 4000):
            nobody = self.client()
            nobody.headers = {"Authorization": value}
            self.problem(self.ask("GET", "/api/v1/releases", who=nobody), 401, "not-signed-in")
        for cookie in ("", "__Host-otad=", "__Host-otad=" + "0" * 64, "__Host-otad=" + "z" * 5000, "a=b; __Host-otad=\"x\""):
            nobody = self.client()
            nobody.headers = {"Cookie": cookie}
            self.assertIn(self.ask("GET", "/api/v1/session", who=nobody).status, (400, 401, 431))

    def test_cookies_alone_change_nothing(self):
        before = self.rows()
        cookie = self.client()
        cookie.headers = {"Cookie": self.admin.headers["Cookie"]}
        for method, path in ROUTES:
            if method == "GET" or (method, path) in OPEN:
                continue
            self.problem(self.ask(method, filled(path), who=cookie), 403, "cross-site")
            for bad in ({"X_CSRF_Token": "0" * 64}, {**self.token(), "Origin": "https://evil.example"},
                        {**self.token(), "Origin": "null"}, {**self.token(), "Sec_Fetch_Site": "cross-site"},
                        {**self.token(), "Sec_Fetch_Site": "same-site"}):
                self.problem(self.ask(method, filled(path), who=cookie, **bad), 403, "cross-site")
        good = self.ask("POST", "/api/v1/updates/4711/cancel", who=cookie, **self.token(), Origin=self.otad.url,
                        Sec_Fetch_Site="same-origin")
        self.problem(good, 404)
        self.assertEqual(self.rows(), before)
        login = {"name": "admin", "password": "whatever it may be"}
        self.problem(self.ask("POST", "/api/v1/session", login, who=self.client(), Origin="https://evil.example"), 403, "cross-site")

    def token(self):
        return {"X_CSRF_Token": self.admin.headers["X-CSRF-Token"]}

    BROKEN = (b"", b"{", b"}", b"[]", b"null", b"5", b'"x"', b"\x00", b"{\x00}", b"\xff\xfe{}", b'{"a":1}', b'{"name":"a","name":"a"}',
              b'{"name":1e999}', b'{"version":"\xc3\x28"}', b"[" * 5000, b'{"a":' * 5000, b'{"name":"\\ud800"}', b"{}{}", b"{} x",
              b'{"name":"' + b"x" * 200000 + b'"}', b'{"platform":null,"id":null,"token":[],"sums":{},"channel":7,"reason":false}')

    def test_broken_json_is_a_clear_4xx_on_every_route(self):
        before, files = self.rows(), self.files()
        for method, path in ROUTES:
            if method in ("GET", "DELETE") or (method, path) in RAW | BODILESS:
                continue
            for body in self.BROKEN:
                answer = self.ask(method, filled(path), body)
                self.assertIn(answer.status, (400, 404, 409, 413), f"{method} {path} {body[:40]!r}: {answer.body[:200]!r}")
                self.problem(answer, answer.status)
            self.problem(self.ask(method, filled(path), b"a=b", Content_Type="application/x-www-form-urlencoded"), 415)
        self.assertEqual(self.rows(), before)
        self.assertEqual(self.files(), files)

    def test_a_problem_points_at_the_member(self):
        for body, pointer in (({"name": "x"}, "/title"), ({"name": "UPPER", "title": "t"}, "/name"),
                              ({"name": "ok", "title": "t", "surprise": 1}, "/surprise"),
                              ({"name": "ok", "title": "t", "boot_roots": ["x", "y", "z"]}, "/boot_roots"),
                              ({"name": "ok", "title": "t", "aliases": ["../.."]}, "/aliases"),
                              ({"name": "ok", "title": "t", "key_manifest": "AAAA"}, "/boot_roots")):
            doc = self.problem(self.ask("POST", "/api/v1/platforms", body), 400)
            self.assertEqual(doc["pointer"], pointer, doc)

    def test_bodies_where_none_or_less_is_due(self):
        for method, path in ROUTES:
            if (method, path) in BODILESS or method == "DELETE":
                self.assertIn(self.ask(method, filled(path), b"{}").status, (400, 404, 411, 413), path)
        big = b'{"name":"' + b"x" * (8 * 1024 * 1024) + b'"}'
        for method, path in ROUTES:
            if method in ("GET", "DELETE") or (method, path) in RAW:
                continue
            got = self.raw(self.head(method, filled(path), "Content-Type: application/json", f"Content-Length: {len(big)}"))
            self.assertTrue(got.startswith(b"HTTP/1.1 413 "), (path, got[:200]))
        self.problem(self.ask("PUT", filled("/platforms/{platform}/key-manifest"), b"x" * 1025), 413)

    def test_strange_bytes_in_paths_and_queries(self):
        for path in ("/api/v1/../../../etc/passwd", "/api/v1/platforms/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd",
                     "/assets/..%5c..%5cetc%5cpasswd", "/api/v1/platforms/%00", "/api/v1/platforms/a%00b", "/api/v1//platforms",
                     f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/..", "/api/v1/platforms/" + "x" * 3000,
                     f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/..%2f..%2fstate%2fpepper", "/api/v1/platforms/%zz",
                     "/api/v1/platforms/%", "/api/v1/devices/%ff%fe", "//etc/passwd", "/api/v1/devices/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r",
                     f"/{TENANT}/controller/v1/..%2f..%2fx", f"/{TENANT}/controller/v1/%0d%0aX: y"):
            got = self.raw(self.head("GET", path))
            self.assertRegex(got[:13], rb"^HTTP/1\.1 4\d\d $", path)
            self.assertNotIn(b"root:", got)
        for query in ("limit=0", "limit=201", "limit=-1", "limit=x", "limit=99999999999999999999", "limit=", "state=sleepy", "after=%ff"):
            where = "/api/v1/devices?" + query
            answer = self.ask("GET", where)
            self.assertIn(answer.status, (200, 400) if query.startswith("after") else (400,), query)
        for where in ("/api/v1/releases?after=x", "/api/v1/updates?after=-1", "/api/v1/updates?open=maybe", "/api/v1/api-keys?limit=1e3"):
            self.problem(self.ask("GET", where), 400, "bad-query")
        self.problem(self.ask("GET", "/api/v1/releases?platform=nothing"), 404)

    def test_floods_of_headers(self):
        many = [f"X-Flood-{i}: {'y' * 100}" for i in range(2000)]
        for headers in (many, ["X-Long: " + "z" * 200000], ["Cookie: " + "a=b; " * 20000], ["Authorization: Bearer " + "q" * 60000]):
            got = self.raw(self.head("GET", "/api/v1/session", *headers))
            self.assertTrue(got == b"" or re.match(rb"HTTP/1\.1 4\d\d ", got), got[:100])
        for framing in (("Content-Length: 5", "Content-Length: 6"), ("Content-Length: 5", "Transfer-Encoding: chunked"),
                        ("Content-Length: -1",), ("Content-Length: 5x",), ("Transfer-Encoding: xchunked",)):
            got = self.raw(self.head("POST", "/api/v1/session", *framing) + b"hello")
            self.assertTrue(got == b"" or re.match(rb"HTTP/1\.1 (4\d\d|501) ", got), (framing, got[:100]))
        self.assertEqual(self.ask("GET", "/api/v1/session").status, 200)

    # -- who may what

    def key(self, scopes, platforms):
        return self.client().use_key(self.admin.post("/api-keys", {"name": "t", "scopes": scopes, "platforms": platforms})["secret"])

    NEEDS = {  # route -> permission, where it is another than the noun's read
        "POST /platforms": "platform.manage", "PATCH /platforms/{platform}": "platform.manage",
        "PUT /platforms/{platform}/key-manifest": "platform.manage",
        "PUT /platforms/{platform}/releases/{version}": "release.upload",
        "PUT /platforms/{platform}/releases/{version}/artifacts/{name}": "release.upload",
        "POST /platforms/{platform}/releases/{version}/release": "release.manage",
        "POST /platforms/{platform}/releases/{version}/withdraw": "release.withdraw",
        "POST /platforms/{platform}/releases/{version}/promote": "release.promote",
        "PATCH /platforms/{platform}/releases/{version}": "release.manage",
        "POST /platforms/{platform}/releases/{version}/artifacts/{name}/links": "link.create",
        "PATCH /platforms/{platform}/tuf": "platform.manage", "PUT /platforms/{platform}/tuf/{file}": "release.manage",
        "DELETE /platforms/{platform}/tuf/pending/{id}": "release.manage",
        "POST /devices": "device.write", "PATCH /devices/{id}": "device.write", "DELETE /devices/{id}": "device.write",
        "POST /devices/{id}/token": "device.write", "POST /devices/{id}/updates": "device.write",
        "POST /updates/{id}/cancel": "device.write",
        "GET /api-keys": "key.manage", "POST /api-keys": "key.manage", "DELETE /api-keys/{id}": "key.manage",
        "GET /gateway-tokens": "key.manage", "POST /gateway-tokens": "key.manage", "DELETE /gateway-tokens/{id}": "key.manage",
    }
    NOUNS = {"/devices": "device.read", "/updates": "device.read", "/statistics": "device.read", "/users": "user.manage",
             "/roles": "user.manage", "/links": "link.create", "/downloads": "audit.read", "/audit": "audit.read"}
    ALL = ("device.read", "device.write", "release.read", "release.upload", "release.manage", "release.promote", "release.withdraw",
           "link.create", "audit.read", "platform.manage", "key.manage", "user.manage")

    def needs(self, method, path):
        other = next((right for noun, right in self.NOUNS.items() if path.startswith(noun)), "release.read")
        return self.NEEDS.get(f"{method} {path}", other)

    def test_each_scope_opens_its_routes_and_no_others(self):
        for scope in self.ALL:
            key = self.key([scope], ["*"])
            for method, path in ROUTES:
                if path.startswith(OWN):
                    continue
                answer = self.ask(method, filled(path), who=key)
                if self.needs(method, path) == scope:
                    self.assertNotIn(answer.status, (401, 403), f"{scope} {method} {path}")
                else:
                    self.problem(answer, 403, "forbidden")

    RIGHTS = {"viewer": {"device.read", "release.read"},
              "operator": {"device.read", "device.write", "release.read", "link.create"},
              "manager": {"device.read", "device.write", "release.read", "release.upload", "release.manage", "release.promote",
                          "release.withdraw", "link.create", "audit.read"}}

    def test_each_role_opens_its_routes_and_no_others(self):
        for role, rights in self.RIGHTS.items():
            link = self.admin.post("/users", {"name": f"{role}-1", "roles": [role]})["link"]
            person = self.client()
            session = person.join(link.split("#")[1], PASSWORD)
            self.assertEqual(set(session["permissions"]), rights)
            for method, path in ROUTES:
                if path.startswith(OWN):
                    continue
                answer = self.ask(method, filled(path), who=person)
                if self.needs(method, path) in rights:
                    self.assertNotIn(answer.status, (401, 403), f"{role} {method} {path}")
                else:
                    self.problem(answer, 403, "forbidden")
            self.admin.patch(f"/users/{role}-1", {"disabled": True})
            self.problem(self.ask("GET", "/api/v1/session", who=person), 401)
            again = self.ask("POST", "/api/v1/session", {"name": f"{role}-1", "password": PASSWORD}, who=self.client())
            self.problem(again, 401, "bad-credentials")

    def test_a_key_sees_its_own_platforms_only(self):
        self.stack.platform("elsewhere")
        self.admin.post("/devices", {"id": "theirs", "platform": "elsewhere"})
        self.admin.post("/devices", {"id": "ours", "platform": "api-alias"})
        key = self.key([s for s in self.ALL if s != "user.manage"], [PLATFORM])
        self.assertEqual([p["name"] for p in key.every("/platforms")], [PLATFORM])
        self.assertNotIn("theirs", [d["id"] for d in key.every("/devices")])
        self.assertEqual(key.get("/devices/ours")["platform"], PLATFORM)
        for method, path, body in (("GET", "/devices/theirs", None), ("PATCH", "/devices/theirs", {"name": "x"}),
                                   ("DELETE", "/devices/theirs", None), ("POST", "/devices/theirs/token", None),
                                   ("GET", "/devices/theirs/updates", None), ("POST", "/devices/theirs/updates", {"version": "1.0.0"})):
            self.problem(self.ask(method, "/api/v1" + path, body, who=key), 404)
        for method, path, body in (("POST", "/platforms", {"name": "mine", "title": "x"}), ("GET", "/api-keys", None)):
            self.problem(self.ask(method, "/api/v1" + path, body, who=key), 403, "forbidden")
        for name in ("elsewhere", "unknown"):  # the same, so that nobody learns which exist
            for method, path, body in (("GET", "", None), ("PATCH", "", {"title": "x"}), ("GET", "/releases/1.0.0", None)):
                self.problem(self.ask(method, f"/api/v1/platforms/{name}{path}", body, who=key), 404)
            for method, path, body in (("POST", "/devices", {"id": "new"}), ("PATCH", "/devices/ours", {})):
                doc = self.problem(self.ask(method, "/api/v1" + path, {**body, "platform": name}, who=key), 400)
                self.assertEqual(doc["pointer"], "/platform")
        self.assertEqual(self.ask("GET", "/api/v1/platforms/api-alias", who=key).status, 200)

    def test_nobody_hands_out_what_they_lack(self):
        maker = self.key(["key.manage", "release.read"], ["*"])
        made = maker.post("/api-keys", {"name": "child", "scopes": ["release.read"], "platforms": [PLATFORM]})
        self.assertEqual(made["key"]["platforms"], [PLATFORM])
        for scopes in (["release.upload"], ["release.read", "user.manage"]):
            self.problem(self.ask("POST", "/api/v1/api-keys", {"name": "n", "scopes": scopes, "platforms": [PLATFORM]}, who=maker),
                         403, "forbidden")
        for body in ({"scopes": ["everything"]}, {"scopes": []}, {"platforms": []}, {"platforms": ["*", PLATFORM]}, {"platforms": ["nope"]},
                     {"scopes": ["release.read"] * 2}, {"expires_in_days": 0}, {"expires_in_days": "7"}):
            base = {"name": "n", "scopes": ["release.read"], "platforms": [PLATFORM]}
            self.problem(self.ask("POST", "/api/v1/api-keys", {**base, **body}), 400)

    def test_a_revoked_key_and_a_replaced_token_stop_at_once(self):
        made = self.admin.post("/api-keys", {"name": "short", "scopes": ["release.read"], "platforms": ["*"]})
        key = self.client().use_key(made["secret"])
        self.assertEqual(self.ask("GET", "/api/v1/releases", who=key).status, 200)
        self.admin.delete(f"/api-keys/{made['key']['id']}")
        self.assertEqual(self.ask("GET", "/api/v1/releases", who=key).status, 401)
        old = self.admin.post("/devices", {"id": "tok", "platform": PLATFORM})["token"]
        new = self.admin.post("/devices/tok/token")["token"]
        base = f"/{TENANT}/controller/v1/tok"
        self.assertEqual(self.ask("GET", base, who=self.client().use_device(old)).status, 401)
        self.assertEqual(self.ask("GET", base, who=self.client().use_device(new)).status, 200)
        self.admin.delete("/devices/tok")
        self.assertEqual(self.ask("GET", base, who=self.client().use_device(new)).status, 401)

    # -- people

    def test_signing_in_and_out(self):
        person = self.client()
        session = person.sign_in("admin", "correct horse battery staple")
        self.assertEqual(session["user"], {"name": "admin", "roles": ["admin"]})
        self.assertEqual(set(session["permissions"]), set(self.ALL))
        self.assertEqual([(g["platform"], set(g["permissions"])) for g in session["grants"]], [("*", set(self.ALL))])
        self.assertEqual(person.get("/session")["csrf_token"], session["csrf_token"])
        self.assertEqual(self.ask("DELETE", "/api/v1/session", who=person).status, 204)
        self.problem(self.ask("GET", "/api/v1/session", who=person), 401)
        again = self.ask("POST", "/api/v1/session", {"name": "admin", "password": "correct horse battery staple"}, who=self.client())
        cookie = again.headers["Set-Cookie"]
        for word in ("__Host-otad=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        self.assertNotIn("Domain", cookie)

    def test_guessing_is_slowed_down(self):
        statuses, last = [], None
        for i in range(8):
            last = self.ask("POST", "/api/v1/session", {"name": "nobody-here", "password": f"wrong password {i}"}, who=self.client())
            statuses.append(last.status)
        self.assertEqual(statuses, [401] * 5 + [429] * 3)
        self.assertGreater(int(last.headers["Retry-After"]), 0)
        self.problem(last, 429, "too-many-attempts")

    def test_set_up_happens_once(self):
        self.assertEqual(self.ask("GET", "/api/v1/setup", who=self.client()).json(), {"needed": False})
        self.assertFalse((self.otad.folder / "state" / "setup-link").exists())
        body = {"token": "0" * 64, "name": "mallory", "password": "long enough for this"}
        self.problem(self.ask("POST", "/api/v1/setup", body, who=self.client()), 409, "already-set-up")
        self.assertNotIn("setup#", self.otad.log_text())

    # -- conditional requests and events

    def test_json_has_a_tag(self):
        first = self.ask("GET", "/api/v1/platforms")
        again = self.ask("GET", "/api/v1/platforms", If_None_Match=first.headers["ETag"])
        self.assertEqual((again.status, again.body), (304, b""))

    def test_changes_are_told_while_they_happen(self):
        lines, connected = [], threading.Event()
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        plain = socket.create_connection(("127.0.0.1", self.otad.port), 30)
        stream = context.wrap_socket(plain, server_hostname="localhost")
        stream.sendall(self.head("GET", "/api/v1/events"))

        def listen():
            data = b""
            try:
                while piece := stream.recv(65536):
                    data += piece
                    connected.set()
                    lines[:] = data.decode(errors="replace").splitlines()
            except (OSError, ValueError):
                pass
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()

        def hang_up():  # its descriptor is somebody else's as soon as it is closed, so nobody may still be reading
            stream.shutdown(socket.SHUT_RDWR)
            thread.join(60)
            stream.close()
        self.addCleanup(hang_up)
        self.assertTrue(connected.wait(30))
        self.admin.post("/devices", {"id": "watched", "platform": PLATFORM, "name": "Watch me"})

        def told():
            return any(x.startswith("data: ") and '"id":"watched"' in x for x in lines)
        wait_until("the new device to be told", told)
        data = next(x for x in lines if x.startswith("data: ") and '"id":"watched"' in x)
        device = json.loads(data[6:])
        self.assertEqual(device["name"], "Watch me")
        self.assertNotIn("attributes", device)
        self.admin.delete("/devices/watched")
        wait_until("its end to be told", lambda: any(x == "event: device-gone" for x in lines))


class Uploads(EndToEnd):
    """Releases and artifacts: the second server signs and publishes, so that this one can be given the parts one by one."""

    settings = {"artifact_bytes_max": 1048576}

    @classmethod
    def prepare(cls):
        cls.donor = Stack("donor")
        cls.addClassCleanup(cls.donor.end)
        payload = cls.stack.folder / "payload"
        payload.write_bytes(bytes(range(256)) * 200)
        cls.parts = {}
        cls.manifest = cls.donor.platform(PLATFORM)
        cls.donor.platform("other-board")
        for version, counter in (("1.0.0", 5), ("1.1.0", 6), ("1.2.0", 7), ("1.3.0", 8), ("1.4.0", 9), ("1.5.0", 4)):
            if version == "1.5.0":  # a lower counter is refused by the donor as well
                cls.donor = Stack("donor2")
                cls.addClassCleanup(cls.donor.end)
                cls.donor.platform(PLATFORM)
            image = cls.donor.publish(PLATFORM, version, counter, payload)
            cls.keep(version, image)
        cls.stack.platform(PLATFORM)
        cls.stack.platform("other-board")

    @classmethod
    def keep(cls, version, image):
        base = f"/api/v1/platforms/{PLATFORM}/releases/{version}/artifacts/"
        texts = [cls.donor.admin.request("GET", base + n).body.decode() for n in ("SHA256SUMS", "SHA256SUMS.minisig")]
        cls.parts[version] = ({"sums": texts[0], "minisig": texts[1]}, image)

    def where(self, version, name=None, platform=PLATFORM):
        return f"/api/v1/platforms/{platform}/releases/{version}" + (f"/artifacts/{name}" if name else "")

    def put(self, path, body, who=None):
        raw = isinstance(body, bytes)
        return (who or self.admin).request("PUT", path, body if raw else json.dumps(body).encode(),
                                           {"Content-Type": "application/octet-stream" if raw else "application/json"})

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.json()["code"]), (status, code), answer.body)

    def files(self):
        return sorted(p.name for p in (self.otad.folder / "artifacts").rglob("*") if p.is_file())

    def test_1_forged_sums_never_become_a_release(self):
        good, _ = self.parts["1.0.0"]
        flipped = good["sums"].replace("= ", "= 0", 1)
        other = next(c for c in "0123456789abcdef" if c != good["sums"][-2])
        for body, code in (({**good, "sums": flipped}, "bad-sums"), ({**good, "sums": good["sums"][:-2] + other + "\n"}, "bad-signature"),
                           ({**good, "sums": "x"}, "bad-sums"), ({**good, "minisig": "x"}, "bad-minisig"),
                           ({**good, "minisig": self.parts["1.1.0"][0]["minisig"]}, "bad-signature"),
                           ({**good, "minisig": good["minisig"].replace("version=1.0.0", "version=1.0.1")}, "bad-signature")):
            answer = self.put(self.where("1.0.0"), body)
            self.assertEqual(answer.json()["code"], code, answer.body)
            self.assertIn(answer.status, (400, 422))
        self.refused(self.put(self.where("1.0.1"), good), 422, "version-mismatch")
        self.refused(self.put(self.where("one"), good), 400, "bad-version")
        self.refused(self.put(self.where("1.0.0", platform="other-board"), good), 422, "platform-mismatch")
        self.assertEqual(self.put(self.where("1.0.0", platform="nothing"), good).status, 404)
        self.assertEqual(self.admin.every("/releases"), [])

    def test_2_uploads_are_whole_and_right_or_leave_nothing(self):
        good, image = self.parts["1.0.0"]
        data, where = image.read_bytes(), self.where("1.0.0", image.name)
        self.refused(self.put(where, data), 404, "not-found")
        first = self.put(self.where("1.0.0"), good)
        self.assertEqual((first.status, first.json()["state"]), (200, "draft"))
        self.assertEqual(self.put(self.where("1.0.0"), good).json(), first.json())
        self.refused(self.admin.request("POST", self.where("1.0.0") + "/release", b'{"channel":"stable"}',
                                        {"Content-Type": "application/json"}), 409, "incomplete")
        for bad in (data[:-1], data + b"\0", b"", data[:100] + b"x" + data[101:]):
            self.refused(self.put(where, bad), 422, "digest-not-in-sums")
        self.refused(self.put(self.where("1.0.0", "other.bin"), data), 422, "not-in-sums")
        self.assertEqual(self.put(where, bytes(1048577)).status, 413)
        for sent in (0, 1, len(data) // 2, len(data) - 1):
            self.cut(where, data[:sent], len(data))
        wait_until("the cut uploads to be forgotten", lambda: self.files() == [])
        self.assertEqual(self.admin.get("/releases")["items"][0]["artifacts"], [])

        kept = self.put(where, data)
        self.assertEqual(kept.status, 200, kept.body)
        self.assertEqual(self.put(where, data).json(), kept.json())
        release = self.admin.get(f"/platforms/{PLATFORM}/releases/1.0.0")
        self.assertEqual((release["state"], release["artifacts"]), ("complete", [kept.json()]))
        self.assertEqual(len(self.files()), 1)
        self.refused(self.put(where, data[:-1]), 422, "digest-not-in-sums")
        self.assertEqual(self.admin.request("GET", where).body, data)

    def cut(self, path, body, announced):
        """A client that leaves in the middle."""
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        headers = "".join(f"{k}: {v}\r\n" for k, v in self.admin.headers.items())
        with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain:
            s = context.wrap_socket(plain, server_hostname="localhost")
            s.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {announced}\r\n\r\n".encode() + body)
            s.close()

    def release(self, version, channel="stable"):
        return self.admin.request("POST", self.where(version) + "/release", json.dumps({"channel": channel}).encode(),
                                  {"Content-Type": "application/json"})

    def upload(self, version):
        good, image = self.parts[version]
        self.assertEqual(self.put(self.where(version), good).status, 200)
        self.assertEqual(self.put(self.where(version, image.name), image.read_bytes()).status, 200)

    def test_3_versions_and_counters_only_rise(self):
        for version in ("1.1.0", "1.2.0"):
            self.upload(version)
        self.assertEqual(self.release("1.2.0").status, 200)
        self.assertEqual(self.release("1.2.0").json()["state"], "released")
        self.refused(self.release("1.1.0"), 409, "version-too-low")
        self.refused(self.put(self.where("1.5.0"), self.parts["1.5.0"][0]), 409, "counter-too-low")
        self.assertEqual(self.release("1.2.0", "nightly").json()["pointer"], "/channel")
        self.assertEqual(self.release("7.7.7").status, 404)

    def test_4_a_withdrawn_release_takes_no_more_files(self):
        good, image = self.parts["1.3.0"]
        self.assertEqual(self.put(self.where("1.3.0"), good).status, 200)
        withdrawn = self.admin.post(f"/platforms/{PLATFORM}/releases/1.3.0/withdraw", {"reason": "test"})
        self.assertEqual((withdrawn["state"], withdrawn["withdrawn_reason"]), ("withdrawn", "test"))
        before = self.files()
        self.refused(self.put(self.where("1.3.0", image.name), image.read_bytes()), 409, "withdrawn")
        self.refused(self.release("1.3.0"), 409, "withdrawn")
        self.assertEqual(self.files(), before)

    def admin_put(self, client, body, name):
        return client.request("PUT", self.where("1.4.0", name), body).status

    def test_7_many_at_once_make_one(self):
        good, image = self.parts["1.4.0"]
        data, before = image.read_bytes(), len(self.files())

        def send(i):
            mine = self.otad.client()
            mine.headers = dict(self.admin.headers)
            try:
                made = self.put(self.where("1.4.0"), good, who=mine)
                status = 503
                while status == 503:  # more than uploads_max are told to come back
                    pieces = (data[at:at + 5000] for at in range(0, len(data), 5000))  # chunked, without an announced length
                    status = self.admin_put(mine, data if i % 2 else pieces, image.name)
                return made.status, status
            finally:
                mine.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(send, range(16))), {(200, 200)})
        self.assertEqual(len([r for r in self.admin.every("/releases") if r["version"] == "1.4.0"]), 1)
        self.assertEqual(len(self.files()), before + 1)
        self.assertEqual(self.admin.request("GET", self.where("1.4.0", image.name)).body, data)

    def test_5_key_manifests(self):
        where = f"/api/v1/platforms/{PLATFORM}/key-manifest"
        same = self.put(where, self.manifest.read_bytes())
        self.assertIn(same.status, (200, 409), same.body)
        newer = self.stack.keys.manifest(PLATFORM, sequence=2, out=self.folder / "2")
        self.assertEqual(self.put(where, newer.read_bytes()).json()["key_manifest"]["sequence"], 2)
        self.refused(self.put(where, self.manifest.read_bytes()), 409, "sequence-too-low")
        alone = self.stack.keys.manifest(PLATFORM, sequence=3, out=self.folder / "3", roots=(1,))
        answer = self.put(where, alone.read_bytes())
        self.assertIn((answer.status, answer.json()["code"]), ((422, "bad-signature"), (400, "bad-key-manifest")))
        elsewhere = self.stack.keys.manifest("another-class", sequence=9, out=self.folder / "9")
        self.refused(self.put(where, elsewhere.read_bytes()), 409, "wrong-class")
        for bad in (b"", b"x" * 100, newer.read_bytes()[:-1], newer.read_bytes() + b"\0"):
            self.refused(self.put(where, bad), 400, "bad-key-manifest")
        forged = bytearray(newer.read_bytes())
        forged[12] ^= 8  # its sequence number
        self.refused(self.put(where, bytes(forged)), 422, "bad-signature")
        self.assertEqual(self.admin.get(f"/platforms/{PLATFORM}")["key_manifest"]["sequence"], 2)

    def test_6_a_platform_without_a_manifest_takes_no_release(self):
        self.admin.post("/platforms", {"name": "bare", "title": "Bare"})
        self.refused(self.put(self.where("1.0.0", platform="bare"), self.parts["1.0.0"][0]), 409, "no-key-manifest")


if __name__ == "__main__":
    unittest.main()
