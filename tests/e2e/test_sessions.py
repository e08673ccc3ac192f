"""Update sessions of both doors: told by clients, gathered from ESP clients that never report, counted, filtered, exported."""
import base64
import csv
import io
import json
import unittest

from harness import EndToEnd, wait_until
from lab import factory
from lab.client import Problem
from lab.factory import VENDOR, signer
from test_esp import esp32, esp8266
from test_idle import REQUESTS, STATEMENT

PLATFORM = "plain-esp32"
MAC = {esp8266: "5C:CF:7F:16:40:EF", esp32: "24:0A:C4:00:01:10"}


def prepare(stack):
    """A platform of plain files with two releases, and a key that reads them."""
    manifest = stack.folder / "plain.manifest"
    signer("keymanifest", "new", "--vid", VENDOR, "--class", PLATFORM, "--sequence", 1, "--release-key", stack.keys.public("release"),
           "--out", manifest)
    for r in (0, 2):
        signer("keymanifest", "cosign", "--key", stack.keys.secret(stack.keys.ROOTS[r]), *stack.keys._root_options(), manifest)
    stack.platform(PLATFORM, manifest=manifest, aliases=["plain"])
    for version in ("1.0.0", "1.1.0"):
        path = stack.folder / version / "app.ota.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no image at all " * 9000 + version.encode())
        factory.publish(stack.keys, stack.otad.url, stack.ca.cert, stack.ci_key(PLATFORM), PLATFORM, version, [path], counter=1)
    return stack.ci_key(PLATFORM, ("release.read",))


class Sessions(EndToEnd):
    settings = {"session_silence_s": 60, "plain_devices_max": 40}

    @classmethod
    def prepare(cls):
        cls.key = prepare(cls.stack)
        cls.stack.platform("other")

    def setUp(self):
        super().setUp()
        self.client = self.otad.client().use_key(self.key)
        self.addCleanup(self.client.close)

    # -- what clients do

    def tell(self, device, state, version="1.1.0", platform=PLATFORM, **more):
        return self.client.call("POST", f"/api/firmware/{platform}/sessions",
                                {"device": device, "state": state, "version": version, **more})["id"]

    def refused(self, status, code, *args, **more):
        with self.assertRaises(Problem) as caught:
            self.tell(*args, **more)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code), caught.exception)

    def ask(self, headers, path=f"/api/esp/{PLATFORM}", method="GET"):
        basic = base64.b64encode(f"esp:{self.key}".encode()).decode()
        more = {"Authorization": "Basic " + basic} if path.startswith("/api/esp/") else {}
        return self.client.request(method, path, None, {**headers, **more}).status

    # -- what the server knows

    def sessions(self, device, **query):
        return self.admin.every(f"/updates?device={device}" + "".join(f"&{k}={v}" for k, v in query.items()))

    def wait_sessions(self, device, states, poll=None):
        """poll: what the client goes on asking; memory may learn of what was written a moment later."""
        def there():
            if poll:
                poll()
            found = self.sessions(device)
            return [x["state"] for x in found] == states and found
        return wait_until(f"sessions of {device}: {states}", there)

    def idle(self, *args):
        return lambda: self.assertEqual(self.ask(*args), 304)

    # -- told

    def test_told_to_the_end(self):
        first = self.tell("told", "started", from_version="1.0.0")
        self.assertEqual(self.tell("told", "started", from_version="1.0.0"), first)
        u = self.sessions("told")[0]
        self.assertEqual((u["id"], u["source"], u["state"], u["from_version"], u["version"], u["platform"], u["created_by"]),
                         (first, "plain", "retrieved", "1.0.0", "1.1.0", PLATFORM, f"key:CI {PLATFORM}"))
        self.assertEqual((u["started_at"], u["closed_at"], u["duration_s"]), (u["created_at"], None, None))
        self.assertEqual(self.tell("told", "downloading", progress_percent=40), first)
        self.assertEqual(self.sessions("told")[0]["progress_percent"], 40)
        self.assertEqual(self.tell("told", "installing", id=first), first)
        self.assertEqual(self.sessions("told")[0]["state"], "installing")
        self.assertEqual(self.tell("told", "succeeded", id=first), first)
        self.assertEqual(self.tell("told", "succeeded", id=first), first)  # once more
        u = self.admin.get(f"/updates/{first}")
        self.assertEqual((u["state"], u["progress_percent"]), ("succeeded", 100))
        self.assertGreaterEqual(u["duration_s"], 0)
        self.assertEqual([e["execution"] for e in u["events"]], ["created", "download", "downloaded", "proceeding", "closed"])
        self.assertEqual(self.stack.device("told")["version"], "1.1.0")
        self.refused(409, "closed", "told", "failed", id=first)
        self.refused(404, "not-found", "told", "downloading")

    def test_told_to_fail(self):
        first = self.tell("fails", "started")
        self.tell("fails", "failed", reason="flash-failed")
        u = self.sessions("fails")[0]
        self.assertEqual((u["id"], u["state"], u["reason"]), (first, "failed", "flash-failed"))
        second = self.tell("fails", "started")
        self.assertNotEqual(second, first)
        third = self.tell("fails", "started", version="1.0.0")
        self.assertEqual([(x["id"], x["state"], x["reason"]) for x in self.sessions("fails")],
                         [(third, "retrieved", None), (second, "failed", "superseded"), (first, "failed", "flash-failed")])

    def test_cancelled_by_a_person(self):
        first = self.tell("stopped", "started")
        self.assertEqual(self.admin.post(f"/updates/{first}/cancel")["state"], "cancelled")
        self.refused(409, "closed", "stopped", "succeeded", id=first)
        self.assertNotEqual(self.tell("stopped", "started"), first)

    def test_what_is_refused(self):
        self.refused(404, "not-found", "nobody", "succeeded")
        self.refused(404, "not-found", "nobody", "started", version="9.9.9")
        self.refused(400, "bad-json", "no id", "started")
        self.refused(400, "bad-json", "nobody", "finished")
        self.refused(400, "bad-json", "nobody", "started", progress_percent=101)
        self.refused(400, "bad-json", "nobody", "started", more=1)
        self.refused(404, "not-found", "nobody", "started", platform="other")
        self.refused(404, "not-found", "nobody", "started", platform="none-such")
        self.admin.post("/devices", {"id": "ddi-1", "platform": PLATFORM})
        self.refused(409, "other-door", "ddi-1", "started")
        first = self.tell("foreign", "started")
        self.tell("mine", "started")
        self.refused(404, "not-found", "mine", "succeeded", id=first)
        self.refused(404, "not-found", "foreign", "succeeded", version="1.0.0")
        with self.assertRaises(Problem) as caught:  # nobody assigns what the other door fetches by itself
            self.stack.assign("foreign", "1.1.0")
        self.assertEqual((caught.exception.status, caught.exception.code), (409, "other-door"))
        for headers in ({}, {"Authorization": "Bearer otad_1_x"}):
            answer = self.otad.client().request("POST", f"/api/firmware/{PLATFORM}/sessions", b"{}", headers)
            self.assertEqual(answer.status, 401)
        for body in (b"", b"[]", b"{", b'{"device":1}', b"\xff" * 10, b'{"device":"a","device":"b"}'):
            answer = self.client.request("POST", f"/api/firmware/{PLATFORM}/sessions", body)
            self.assertEqual(answer.status, 400, body)
        self.assertEqual(self.client.request("POST", f"/api/firmware/{PLATFORM}/sessions", b"x" * 5000).status, 413)

    # -- gathered

    def test_esp_clients_that_never_report(self):
        for kind in (esp8266, esp32):
            device = MAC[kind]
            self.assertEqual(self.ask(kind(version="1.0.0")), 200)
            u = self.wait_sessions(device, ["retrieved"])[0]
            self.assertEqual((u["source"], u["from_version"], u["version"]), ("plain", "1.0.0", "1.1.0"))
            self.assertEqual(self.ask(kind(version="1.0.0")), 200)  # again, before it has installed it
            closed = self.wait_sessions(device, ["succeeded"], self.idle(kind(version="1.1.0")))[0]
            self.assertEqual((closed["id"], self.stack.device(device)["version"]), (u["id"], "1.1.0"))
            self.assertEqual(self.stack.device(device)["state"], "online")

    def test_by_the_sketch_and_by_name(self):
        md5 = self.client.request("GET", f"/api/esp/{PLATFORM}", None, esp8266(mode="version")).headers["x-MD5"]
        self.assertEqual(self.ask(esp8266(), f"/api/esp/{PLATFORM}?device=sketch-1"), 200)
        self.wait_sessions("sketch-1", ["retrieved"])
        self.wait_sessions("sketch-1", ["succeeded"], self.idle(esp8266(md5=md5), f"/api/esp/{PLATFORM}?device=sketch-1"))
        self.assertEqual(self.ask({"X-Device-Id": "plain-1"}, f"/api/firmware/{PLATFORM}?version=1.0.0"), 200)
        self.wait_sessions("plain-1", ["retrieved"])
        self.wait_sessions("plain-1", ["succeeded"], self.idle({"X-Device-Id": "plain-1"}, f"/api/firmware/{PLATFORM}?version=1.1.0"))

    def test_what_begins_nothing(self):
        for device, headers, path in (("head-1", {}, ""), ("piece-1", {"Range": "bytes=100-"}, ""), ("fs-1", {"x-ESP32-mode": "version"}, ""),
                                      ("named-1", {}, "&file=app.ota.bin")):
            method = "HEAD" if device == "head-1" else "GET"
            self.ask({**esp32(version="1.0.0"), **headers}, f"/api/esp/{PLATFORM}?device={device}{path}", method)
        self.ask(esp32(version="1.0.0"), f"/api/esp/{PLATFORM}?device=no%20id")
        self.admin.post("/devices", {"id": "ddi-2", "platform": PLATFORM})
        self.ask(esp32(version="1.0.0"), f"/api/esp/{PLATFORM}?device=ddi-2")
        self.ask(esp32(version="1.0.0"), f"/api/esp/{PLATFORM}?device=last-1")  # what was queued before it is written by then
        self.wait_sessions("last-1", ["retrieved"])
        for device in ("head-1", "piece-1", "fs-1", "named-1", "ddi-2"):
            self.assertEqual(self.sessions(device), [], device)

    def test_pieces_are_one_session(self):
        for piece in ("bytes=0-4095", "bytes=4096-8191", "bytes=8192-"):
            self.assertEqual(self.ask({"Range": piece, "X-Device-Id": "pieces"}, f"/api/firmware/{PLATFORM}?version=1.0.0"), 206)
        self.wait_sessions("pieces", ["retrieved"])

    def test_an_idle_poll_asks_no_database(self):
        self.tell("idle", "started", from_version="1.0.0")
        self.tell("idle", "succeeded")
        cluster = self.stack.cluster
        cluster.sql("ALTER SYSTEM SET log_statement = 'all'")
        self.addCleanup(cluster.sql, "SELECT pg_reload_conf()")
        self.addCleanup(cluster.sql, "ALTER SYSTEM RESET log_statement")
        cluster.sql("SELECT pg_reload_conf()")
        start = cluster.log_size()
        wait_until("the statement log to be on", lambda: self.admin.get("/devices") and self.requests(start))
        start = cluster.log_size()
        for _ in range(50):
            self.assertEqual(self.ask(esp32(version="1.1.0"), f"/api/esp/{PLATFORM}?device=idle"), 304)
            self.assertEqual(self.ask(esp32(version="1.1.0"), f"/api/esp/{PLATFORM}?device=unheard-of"), 304)
        self.assertEqual(self.requests(start), [])
        self.assertEqual(self.sessions("unheard-of"), [])

    def requests(self, since):
        """Statements that requests made."""
        return [m[2] for m in STATEMENT.finditer(self.stack.cluster.log_since(since)) if m[1] == REQUESTS]

    # -- silence and bounds

    def test_silence_fails(self):
        first = self.tell("silent", "started")
        self.stack.sql(f"UPDATE otad.device_update SET created_at = created_at - interval '2 min', "
                       f"started_at = started_at - interval '2 min', updated_at = updated_at - interval '2 min' "
                       f"WHERE update_id = {first}")
        u = self.wait_sessions("silent", ["failed"])[0]
        self.assertEqual((u["reason"], u["duration_s"] >= 120), ("no-answer", True))

    # -- counted

    def test_statistics(self):
        before = self.admin.get(f"/statistics?platform={PLATFORM}&version=1.0.0")
        days = {"s-1": 10, "s-2": 20, "s-3": 30, "s-4": 40}
        for device, seconds in days.items():
            i = self.tell(device, "started", version="1.0.0")
            self.stack.sql(f"UPDATE otad.device_update SET created_at = created_at - interval '{seconds} s', "
                           f"started_at = started_at - interval '{seconds} s' WHERE update_id = {i}")
            self.tell(device, "succeeded", version="1.0.0")
        self.tell("s-5", "started", version="1.0.0")
        self.tell("s-5", "failed", version="1.0.0", reason="x")
        self.tell("s-6", "started", version="1.0.0")
        s = self.admin.get(f"/statistics?platform={PLATFORM}&version=1.0.0")
        new = {k: s[k] - before[k] for k in ("total", "succeeded", "failed", "cancelled", "in_progress")}
        self.assertEqual(new, {"total": 6, "succeeded": 4, "failed": 1, "cancelled": 0, "in_progress": 1})
        self.assertAlmostEqual(s["success_rate"], s["succeeded"] / (s["succeeded"] + s["failed"]), 3)
        if before["duration_s"] is None:
            self.assertLess(abs(s["duration_s"]["mean"] - 25), 5)
            self.assertIn(round(s["duration_s"]["p95"]) // 5, (8, 9))
        self.assertEqual([(r["platform"], r["version"], r["total"]) for r in s["releases"]], [(PLATFORM, "1.0.0", s["total"])])
        self.assertEqual((sum(d["succeeded"] for d in s["days"]), sum(d["failed"] for d in s["days"])), (s["succeeded"], s["failed"]))
        alias = self.admin.get("/statistics?platform=plain&version=1.0.0")
        self.assertEqual(alias, s)
        whole = self.admin.get("/statistics")
        self.assertEqual(whole["total"], sum(r["total"] for r in whole["releases"]))
        day = s["days"][-1]["day"]
        self.assertEqual(self.admin.get(f"/statistics?version=1.0.0&from={day}")["succeeded"], s["succeeded"])
        none = self.admin.get("/statistics?version=1.0.0&to=2020-01-01")
        self.assertEqual((none["succeeded"], none["failed"], none["days"], none["duration_s"], none["success_rate"]), (0, 0, [], None, None))
        for bad, status in (("platform=none-such", 404), ("from=x", 400), ("to=2026-13-01", 400)):
            with self.assertRaises(Problem) as caught:
                self.admin.get("/statistics?" + bad)
            self.assertEqual(caught.exception.status, status)

    def test_rights(self):
        self.tell("seen-not", "started")
        other = self.otad.client().use_key(self.stack.ci_key("other", ("device.read",)))
        self.addCleanup(other.close)
        self.assertEqual(other.get("/statistics")["total"], 0)
        self.assertEqual(other.every("/updates"), [])
        self.assertEqual(other.request("GET", "/api/v1/updates?format=jsonl").body, b"")
        with self.assertRaises(Problem) as caught:
            other.get(f"/statistics?platform={PLATFORM}")
        self.assertEqual(caught.exception.status, 404)
        with self.assertRaises(Problem) as caught:
            self.client.get("/statistics")  # reads releases only
        self.assertEqual(caught.exception.status, 403)

    # -- listed

    def test_filters_and_files(self):
        self.tell("listed", "started")
        self.tell("listed", "failed", reason="=1+1")
        found = lambda **q: [x["device"] for x in self.admin.every("/updates?" + "&".join(f"{k}={v}" for k, v in q.items()))]  # noqa: E731
        self.assertEqual(found(device="listed", state="failed", version="1.1.0", platform="plain"), ["listed"])
        for none in ({"state": "succeeded"}, {"version": "1.0.0"}, {"open": "true"}, {"platform": "other"}, {"to": "2020-01-01"}):
            self.assertEqual(found(device="listed", **none), [], none)
        self.assertEqual(found(device="listed", **{"from": "2020-01-01"}), ["listed"])
        rows = [json.loads(x) for x in self.file("jsonl").splitlines()]
        self.assertEqual([r["device"] for r in rows], ["listed"])
        self.assertEqual(rows, self.sessions("listed"))
        table = list(csv.DictReader(io.StringIO(self.file("csv"))))
        self.assertEqual((table[0]["device"], table[0]["state"], table[0]["reason"]), ("listed", "failed", "'=1+1"))
        for bad in ("state=done", "open=yes", "from=x", "format=pdf"):
            with self.assertRaises(Problem) as caught:
                self.admin.get("/updates?" + bad)
            self.assertEqual(caught.exception.status, 400, bad)

    def file(self, kind):
        answer = self.admin.request("GET", f"/api/v1/updates?device=listed&format={kind}")
        self.assertEqual(answer.status, 200)
        return answer.body.decode()


class Bounds(EndToEnd):
    settings = {"plain_devices_max": 2}

    @classmethod
    def prepare(cls):
        cls.key = prepare(cls.stack)

    def test_no_more_devices_than_allowed(self):
        client = self.otad.client().use_key(self.key)
        self.addCleanup(client.close)
        start = lambda device: client.call("POST", f"/api/firmware/{PLATFORM}/sessions",  # noqa: E731
                                           {"device": device, "state": "started", "version": "1.1.0"})
        start("one"), start("two")
        with self.assertRaises(Problem) as caught:
            start("three")
        self.assertEqual((caught.exception.status, caught.exception.code), (409, "too-many"))
        start("two")
        self.assertEqual([d["id"] for d in self.admin.every("/devices")], ["one", "two"])


if __name__ == "__main__":
    unittest.main()
