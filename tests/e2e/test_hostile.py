"""What a stranger would try: text that no database takes, numbers and versions at their limits, secrets in logs, a database that
does not answer, links used twice, sessions brought along, and crowds of wrong requests.
"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import unittest
import urllib.parse

from harness import PASSWORD, TENANT, EndToEnd, wait_until
from lab.postgres import program

PLATFORM = "hostile-board"
NAME = "victim"
BASE = f"/{TENANT}/controller/v1/{NAME}"
# As they stand in JSON: escaped and raw, whole and torn.
TEXTS = (rb"\u0000", rb"a\u0000b", rb"\u0001", rb"\u001f", rb"\u007f", rb"\u0085", rb"\u009f", rb"\u2028", rb"\ufffe", rb"\uffff", rb"\ud800",
         rb"\udc00\ud800", rb"\ud83d\ude00", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xe2\x82", b"\xe2\x80\xae",
         rb"\r\nSet-Cookie: a=b", rb"\"quoted\" \\ 'single' --;", b"%s%n%x", b"x" * 128, b"\xc3\xa4" * 128, b"\xf0\x9f\x98\x80" * 64, b"x" * 60000)


class Hostile(EndToEnd):
    with_admin = False  # made here: its link is a secret, too
    settings = {"log_level": "debug", "device_late_s": 3, "device_offline_s": 14}

    @classmethod
    def prepare(cls):
        s = cls.stack
        cls.link = s.otad.setup_link().split("#", 1)[1]
        s.admin = s.otad.first_admin("admin", PASSWORD)
        s.platform(PLATFORM, aliases=["hostile-alias"])
        payload = s.folder / "payload"
        payload.write_bytes(bytes(range(256)) * 400)
        cls.image = s.publish(PLATFORM, "1.0.0", 1, payload)
        cls.token = s.admin.post("/devices", {"id": NAME, "platform": PLATFORM})["token"]

    def tearDown(self):
        self.assertTrue(self.otad.process.running(), "otad is gone")
        self.assertNotIn("level=bug", self.otad.log_text())

    def send(self, method, path, body, who=None, kind="application/json"):
        return (who or self.admin).request(method, path, body, {"Content-Type": kind})

    def device(self):
        c = self.otad.client().use_device(self.token)
        self.addCleanup(c.close)
        return c

    # -- text and numbers

    def test_no_text_is_our_bug(self):
        places = (("POST", "/devices", b'{"id":"t","platform":"%s","name":"@"}' % PLATFORM.encode()),
                  ("POST", "/devices", b'{"id":"@","platform":"%s"}' % PLATFORM.encode()),
                  ("POST", "/devices", b'{"id":"u","platform":"@"}'), ("PATCH", f"/devices/{NAME}", b'{"name":"@"}'),
                  ("PATCH", f"/devices/{NAME}", b'{"channel":"@"}'), ("POST", f"/devices/{NAME}/updates", b'{"version":"@"}'),
                  ("PATCH", f"/platforms/{PLATFORM}", b'{"title":"@"}'), ("PATCH", f"/platforms/{PLATFORM}", b'{"aliases":["@"]}'),
                  ("POST", "/platforms", b'{"name":"@","title":"x"}'), ("POST", "/session", b'{"name":"@","password":"@"}'),
                  ("POST", "/setup", b'{"token":"@","name":"@","password":"@ and more"}'),
                  ("PUT", f"/platforms/{PLATFORM}/releases/7.0.0", b'{"sums":"@","minisig":"@","notes":"@"}'),
                  ("POST", f"/platforms/{PLATFORM}/releases/1.0.0/release", b'{"channel":"@"}'),
                  ("POST", f"/platforms/{PLATFORM}/releases/6.6.6/withdraw", b'{"reason":"@"}'),
                  ("POST", "/api-keys", b'{"name":"@","scopes":["release.read"],"platforms":["*"]}'),
                  ("POST", "/api-keys", b'{"name":"k","scopes":["@"],"platforms":["@"]}'),
                  ("POST", "/gateway-tokens", b'{"name":"@"}'), ("POST", "/gateway-tokens", b'{"name":"g","platform":"@"}'))
        for method, path, body in places:
            for text in TEXTS:
                answer = self.send(method, "/api/v1" + path, body.replace(b"@", text))
                self.assertLess(answer.status, 500, f"{method} {path} {text[:40]!r}: {answer.body[:300]!r}")
                if answer.status >= 400:
                    self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
                else:
                    json.loads(answer.body)
        self.send("PATCH", f"/api/v1/devices/{NAME}", b'{"name":""}')

    def test_devices_say_anything(self):
        d = self.device()
        update = self.stack.assign(NAME, "1.0.0")["id"]
        places = (("PUT", "/configData", b'{"data":{"version":"@"}}'), ("PUT", "/configData", b'{"data":{"@":"@"}}'),
                  ("PUT", "/configData", b'{"data":{"platform":"@","hw_class":"@"}}'), ("PUT", "/configData", b'{"mode":"@","data":{"a":"b"}}'),
                  ("PUT", "/configData", b'{"mode":"remove","data":{"@":""}}'),
                  ("POST", "/heartbeat", b'{"version":"@","slot":"@","reset_cause":"@","address":"@","app":"@"}'),
                  ("POST", f"/deploymentBase/{update}/feedback",
                   b'{"status":{"execution":"proceeding","result":{"finished":"none"},"details":["@","@"]}}'),
                  ("POST", f"/deploymentBase/{update}/feedback", b'{"status":{"execution":"@","result":{"finished":"@"}}}'))
        for method, path, body in places:
            for text in TEXTS:
                answer = self.send(method, BASE + path, body.replace(b"@", text), d)
                self.assertLess(answer.status, 500, f"{method} {path} {text[:40]!r}: {answer.body[:300]!r}")
        for text in (b"1e999", b"99999999999999999999999", b"-9223372036854775809", b"9223372036854775807", b"0.5", b"-1"):
            for method, path, body in (("POST", "/heartbeat", b'{"uptime_s":@,"free_bytes":@}'),
                                       ("POST", f"/deploymentBase/{update}/feedback",
                                        b'{"status":{"execution":"proceeding","result":{"finished":"none","progress":{"cnt":@,"of":@}}}}'),
                                       ("POST", f"/deploymentBase/{update}/feedback",
                                        b'{"status":{"execution":"proceeding","result":{"finished":"none","progress":{"cnt":@,"of":1}}}}')):
                answer = self.send(method, BASE + path, body.replace(b"@", text), d)
                self.assertIn(answer.status, (200, 400), f"{path} {text!r}: {answer.body[:300]!r}")
        # What was taken comes back as JSON, and what is written behind does not stop the writing.
        json.dumps(self.admin.get(f"/devices/{NAME}"))
        self.send("POST", BASE + "/heartbeat", b'{"slot":"last"}', d)
        wait_until("the last heartbeat to be written", lambda: self.stack.sql("SELECT slot FROM otad.device_heartbeat") == [["last"]])
        self.admin.post(f"/updates/{update}/cancel")
        self.send("POST", f"{BASE}/cancelAction/{update}/feedback", b'{"status":{"execution":"closed","result":{"finished":"success"}}}', d)

    def test_versions_at_their_limits(self):
        d = self.device()
        for version in ("4294967295.4294967295.4294967295", "4294967296.0.0", "99999999999999999999.0.0", "255.255.65535+4294967295", "01.0.0",
                        "1.0", "1.0.0.0", "1.0.0-", "1.0.0+", "1.0.0-" + "a" * 110, "1." + "0" * 100 + ".1", "v1.0.0", "-1.0.0", "1.0.0 ", "\t"):
            told = self.send("PUT", BASE + "/configData", json.dumps({"data": {"version": version}}).encode(), d)
            self.assertIn(told.status, (200, 400), version)
            self.assertLess(self.send("POST", f"/api/v1/devices/{NAME}/updates", json.dumps({"version": version}).encode()).status, 500)
            where = f"/api/v1/platforms/{PLATFORM}/releases/" + urllib.parse.quote(version, safe="")
            self.assertIn(self.admin.request("GET", where).status, (400, 404), version)
            self.assertEqual(d.request("GET", BASE).status, 200)

    def test_names_and_aliases_meet_once(self):
        make = [("hostile-a", ["shared-name"]), ("hostile-b", ["shared-name"]), ("shared-name", []), ("hostile-c", ["hostile-alias"]),
                ("hostile-alias", []), ("hostile-d", [PLATFORM]), ("hostile-e", ["twice", "twice"])]

        def create(named):
            c = self.otad.client()
            c.headers = dict(self.admin.headers)
            try:
                return self.send("POST", "/api/v1/platforms", json.dumps({"name": named[0], "title": "t", "aliases": named[1]}).encode(), c).status
            finally:
                c.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(create, make * 3))
        self.assertLessEqual(set(statuses), {200, 400, 409}, statuses)
        self.assertEqual(self.stack.sql("SELECT count(*) FROM otad.platform_alias WHERE name = 'shared-name'"), [["1"]])
        names = [n for p in self.admin.every("/platforms") for n in {p["name"], *p["aliases"]}]
        self.assertEqual(sorted(names), sorted(set(names)))
        self.assertEqual(self.admin.get("/platforms/hostile-alias")["name"], PLATFORM)

    def test_a_report_is_never_half_a_header(self):
        """Names that come from outside reach headers only where they cannot end a line."""
        for path in (f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/{self.image.name}", f"/api/firmware/{PLATFORM}?file=a%0d%0aX:%20y",
                     f"/api/firmware/{PLATFORM}?version=%0d%0aX-Evil:%20y", "/api/v1/devices?q=%0d%0aX-Evil:%20y"):
            answer = self.admin.request("GET", path)
            self.assertNotIn("X-Evil", answer.headers)
            self.assertNotIn("\n", answer.headers.get("Content-Disposition", ""))
        self.assertEqual(self.admin.request("GET", f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/{self.image.name}")
                         .headers["Content-Disposition"], f'attachment; filename="{self.image.name}"')

    # -- who

    def test_a_session_brought_along_is_not_taken_over(self):
        planted = "0123456789abcdef" * 4
        c = self.otad.client()
        self.addCleanup(c.close)
        c.headers = {"Cookie": f"__Host-otad={planted}"}
        first = self.send("POST", "/api/v1/session", json.dumps({"name": "admin", "password": PASSWORD}).encode(), c)
        self.assertEqual(first.status, 200, first.body)
        mine = first.headers["Set-Cookie"].split(";")[0].split("=")[1]
        self.assertNotEqual(mine, planted)
        self.assertEqual(c.request("GET", "/api/v1/session").status, 401)
        c.headers = {"Cookie": f"__Host-otad={mine}"}
        self.assertEqual(c.request("GET", "/api/v1/session").status, 200)
        second = self.send("POST", "/api/v1/session", json.dumps({"name": "admin", "password": PASSWORD}).encode(), c)
        self.assertNotEqual(second.headers["Set-Cookie"].split(";")[0].split("=")[1], mine)
        self.assertNotEqual(second.json()["csrf_token"], first.json()["csrf_token"])
        self.assertEqual(c.request("GET", "/api/v1/session").status, 401, "the session before is over")

    def test_devices_fall_silent_in_view(self):
        self.admin.post("/devices", {"id": "quiet", "platform": PLATFORM})
        token = self.admin.post("/devices/quiet/token")["token"]
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        headers = "".join(f"{k}: {v}\r\n" for k, v in self.admin.headers.items())
        plain = socket.create_connection(("127.0.0.1", self.otad.port), 60)
        stream = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(stream.close)
        stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        stream.recv(1000)
        device = self.otad.client().use_device(token)
        self.addCleanup(device.close)
        self.assertEqual(device.request("GET", f"/{TENANT}/controller/v1/quiet").status, 200)
        seen, data = [], ""
        while seen[-1:] != ["offline"]:
            piece = stream.recv(65536)
            self.assertTrue(piece, f"the stream ended after {seen}")
            data += piece.decode()
            states = re.findall(r'"id":"quiet"[^\n]*?"state":"(\w+)"', data)
            seen = [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]
        self.assertEqual([s for s in seen if s != "never"], ["online", "late", "offline"])

    # -- crowds

    def test_z_a_crowd_of_wrong_requests_leaves_nothing(self):
        """Descriptors come back, and threads are used again: a second crowd adds nothing."""
        process = pathlib.Path(f"/proc/{self.otad.process.popen.pid}")
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        requests = [b"\x16\x03\x01" + b"x" * 500, b"GET / HTTP/1.1\r\n\r\n", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n{",
                    b"GET " + b"/x" * 3000 + b" HTTP/1.1\r\n", b"G\x00T", b"PUT /api/v1/platforms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]

        def wrong(i):
            with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain:
                try:
                    if i % 3 == 0:  # not even TLS
                        plain.sendall(requests[i % len(requests)])
                        return
                    with context.wrap_socket(plain, server_hostname="localhost") as s:
                        s.sendall(requests[i % len(requests)])
                        s.settimeout(0.05)
                        s.recv(100)
                except (OSError, ssl.SSLError):
                    pass

        def sockets():
            count = 0
            for name in os.listdir(process / "fd"):
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    count += os.readlink(process / "fd" / name).startswith("socket:")
            return count

        def crowd(connections):
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                list(pool.map(wrong, range(connections)))
            # One thread and one descriptor a lane stay; what was open while the crowd was there does not.
            wait_until("sockets to be closed", lambda: sockets() <= before + 10)
            return {k: len(os.listdir(process / k)) for k in ("fd", "task")}

        before = sockets()
        first, second = crowd(600), crowd(600)
        for k, n in first.items():
            self.assertLessEqual(second[k], n + 10)
        self.assertEqual(self.admin.request("GET", "/api/v1/session").status, 200)

    def test_zz_no_secret_is_in_any_log(self):
        """Runs last: everything that the tests before, and this one, have shown to the server."""
        key = self.admin.post("/api-keys", {"name": "k", "scopes": ["release.read"], "platforms": ["*"]})["secret"]
        gateway = self.stack.gateway(PLATFORM)
        self.otad.client().use_key(key).get("/releases")
        new = self.otad.client().use_device(gateway, "GatewayToken")
        self.assertEqual(new.request("GET", f"/{TENANT}/controller/v1/by-gateway").status, 200)
        self.assertEqual(self.otad.client().use_device("wrong-" + self.token).request("GET", BASE).status, 401)
        self.send("POST", "/api/v1/session", b'{"name":"admin","password":"a wrong password, never to be seen"}', self.otad.client())
        self.send("POST", "/api/v1/session", b'{"name":"admin","password":"broken never to be seen', self.otad.client())
        self.admin.request("GET", f"/api/v1/devices?q=x&token={key}")
        session = self.admin.headers["Cookie"].split("=", 1)[1]
        log = self.otad.log_text()
        self.assertIn("path=/api/v1", log.replace('"', ""))
        database = (self.stack.cluster.folder / "postgres.log").read_text(errors="replace")
        pepper = (self.otad.folder / "state" / "pepper").read_bytes()
        for what, secret in (("API key", key.split("_")[-1]), ("gateway token", gateway), ("device token", self.token), ("session", session),
                             ("CSRF token", self.admin.headers["X-CSRF-Token"]), ("password", PASSWORD), ("wrong password", "never to be seen"),
                             ("set-up token", self.link), ("pepper", pepper.hex()), ("password hash", "$argon2id$")):
            self.assertGreater(len(secret), 7, what)
            self.assertNotIn(secret, log, f"{what} in otad's log")
            self.assertNotIn(secret, database, f"{what} in PostgreSQL's log")
        for line in log.splitlines():
            self.assertNotRegex(line, r"[\x00-\x08\x0b-\x1f\x7f]", "a line of the log with control characters")


class FirstAdmin(EndToEnd):
    with_admin = False

    def test_one_link_makes_one_admin(self):
        token = self.otad.setup_link().split("#", 1)[1]
        mode = (self.otad.folder / "state" / "setup-link").stat().st_mode & 0o777
        self.assertEqual(mode, 0o600)

        def use(i, name="admin-{}"):
            c = self.otad.client()
            try:
                body = {"token": token, "name": name.format(i), "password": PASSWORD}
                return c.request("POST", "/api/v1/setup", json.dumps(body).encode(), {"Content-Type": "application/json"}).status
            finally:
                c.close()
        self.assertEqual([use(0, name) for name in ("otad", "key:ci", "a/b", "..")], [400] * 4)  # nobody is called like a machine
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            statuses = sorted(pool.map(use, range(5)))
        self.assertEqual(statuses.count(200), 1, statuses)
        self.assertLessEqual(set(statuses), {200, 401, 409, 429})
        self.assertEqual(self.stack.sql("SELECT count(*) FROM otad.account"), [["1"]])
        self.assertFalse((self.otad.folder / "state" / "setup-link").exists())


class PoolExhausted(EndToEnd):
    """Every connection of the pool waits for a lock: whoever needs one is told to come back, the rest goes on."""

    settings = {"database_pool": 2, "database_timeout_ms": 20000}

    def test_busy_is_said_and_passes(self):
        s = self.stack
        s.platform(PLATFORM)
        token = self.admin.post("/devices", {"id": NAME, "platform": PLATFORM})["token"]
        device = self.otad.client().use_device(token)
        self.addCleanup(device.close)
        self.assertEqual(device.request("GET", BASE).status, 200)
        holder = subprocess.Popen([program("psql"), "-X", "-q", s.cluster.conninfo(self.otad.database)], stdin=subprocess.PIPE, text=True)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdin.close)
        holder.stdin.write("BEGIN; LOCK TABLE otad.platform;\n")
        holder.stdin.flush()
        wait_until("the lock to be held", lambda: s.sql("SELECT count(*) FROM pg_locks WHERE relation = 'otad.platform'::regclass AND granted "
                                                        "AND mode = 'AccessExclusiveLock'") == [["1"]])

        def ask(_):
            c = self.otad.client()
            c.headers = dict(self.admin.headers)
            try:
                answer = c.request("GET", "/api/v1/platforms")
                return answer.status, answer.headers.get("Retry-After")
            finally:
                c.close()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            asked = [pool.submit(ask, i) for i in range(12)]
            wait_until("some to be told to come back", lambda: any(a.done() for a in asked))
            for _ in range(20):  # polls need no connection
                self.assertEqual(device.request("GET", BASE).status, 200)
                self.assertEqual(device.request("POST", BASE + "/heartbeat", b"{}").status, 200)
            used = int(s.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'otad_app' AND datname = current_database()")[0][0])
            self.assertLessEqual(used, 2, "more connections than the pool has")
            holder.stdin.write("ROLLBACK;\n")
            holder.stdin.flush()
            answers = [a.result() for a in asked]
        self.assertLessEqual({status for status, _ in answers}, {200, 503}, answers)
        self.assertGreaterEqual(sum(status == 503 for status, _ in answers), 8, answers)
        self.assertTrue(all(int(retry) > 0 for status, retry in answers if status == 503))
        wait_until("everything to answer again", lambda: self.admin.request("GET", "/api/v1/platforms").status == 200)


if __name__ == "__main__":
    unittest.main()
