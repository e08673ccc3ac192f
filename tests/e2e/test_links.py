"""Download links (SPEC 8.14): what a token grants, everything that refuses it, the byte budget, and the log of downloads."""
import base64
import csv
import hashlib
import http.client
import io
import json
import struct
import threading
import time
import unittest

from harness import PASSWORD, EndToEnd, Otad, wait_until
from lab.client import Problem

PLATFORM, OTHER = "link-board", "other-board"
SIZE = 4 << 20
NAME = "payload.dat"


class Links(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.bytes = bytes(i * 7 % 251 for i in range(4096)) * (SIZE // 4096)
        payload = cls.stack.folder / NAME
        payload.write_bytes(cls.bytes)
        for platform in (PLATFORM, OTHER):
            cls.stack.platform(platform)
            cls.stack.publish_file(platform, "1.0.0", 1, payload)

    # ---- helpers

    def make(self, client=None, platform=PLATFORM, version="1.0.0", **more):
        made = (client or self.admin).post(f"/platforms/{platform}/releases/{version}/artifacts/{NAME}/links", more)
        self.assertEqual(made["url"][:len(self.otad.url)], self.otad.url)
        return made["link"], made["url"].removeprefix(self.otad.url)

    def fetch(self, path, otad=None, method="GET", **headers):
        return (otad or self.otad).client().request(method, path, None, headers)

    def refused(self, path, status, code=None, otad=None, method="GET", **headers):
        answer = self.fetch(path, otad, method, **headers)
        self.assertEqual(answer.status, status, answer.body[:300])
        if code:
            self.assertEqual(answer.json()["code"], code)

    def link(self, number):
        return next(x for x in self.admin.every("/links") if x["id"] == number)

    def wait_used(self, number, want):
        wait_until(f"link {number} to have used {want} bytes", lambda: self.link(number)["bytes_used"] == want)
        return self.link(number)

    def log_of(self, number, count):
        """Its entries in the download log, newest first, once there are so many."""
        def there():
            rows = [r for r in self.admin.every("/downloads?via=link") if r["link_id"] == number]
            return rows if len(rows) >= count else None
        return wait_until(f"{count} downloads by link {number} to be in the log", there)

    def person(self, name, roles):
        link = self.admin.post("/users", {"name": name, "roles": roles})["link"]
        client = self.otad.client()
        client._session("/api/v1/join", {"token": link.split("#", 1)[1], "password": PASSWORD})
        return client

    def open_and_read(self, path, count):
        """A download of which so many bytes were taken, and no more are: its connection and answer."""
        c = self.otad.client()
        connection = http.client.HTTPSConnection(c.host, c.port, timeout=60, context=c.context)
        connection.request("GET", path)
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.read(count), self.bytes[:count])
        return connection, answer

    # ---- what a link gives

    def test_a_link_gives_its_file_to_whoever_has_it_and_the_log_tells(self):
        link, path = self.make()
        self.assertEqual({k: link[k] for k in ("platform", "version", "artifact", "created_by", "byte_budget", "bytes_used", "uses",
                                               "revoked_at", "state")},
                         {"platform": PLATFORM, "version": "1.0.0", "artifact": NAME, "created_by": "admin", "byte_budget": 4 * SIZE,
                          "bytes_used": 0, "uses": 0, "revoked_at": None, "state": "active"})
        answer = self.fetch(path)
        self.assertEqual((answer.status, answer.body), (200, self.bytes))
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("no-store", answer.headers["Cache-Control"])
        part = self.fetch(path, Range="bytes=100-199")
        self.assertEqual((part.status, part.body), (206, self.bytes[100:200]))
        head = self.fetch(path, method="HEAD")
        self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, str(SIZE), b""))
        self.assertEqual(self.fetch(path, If_None_Match="x").status, 200)  # no header of that name
        self.assertEqual(self.fetch(path, **{"If-None-Match": answer.headers["ETag"]}).status, 304)
        self.assertEqual(self.fetch(path, Range=f"bytes={SIZE}-").status, 416)

        used = self.wait_used(link["id"], 2 * SIZE + 100)
        self.assertEqual((used["uses"], used["state"]), (3, "active"))
        rows = self.log_of(link["id"], 6)
        self.assertEqual([(r["status"], r["bytes"]) for r in reversed(rows)],
                         [(200, SIZE), (206, 100), (200, 0), (200, SIZE), (304, 0), (416, 0)])
        for r in rows:
            self.assertEqual((r["via"], r["who"], r["platform"], r["version"], r["artifact"], r["address"]),
                             ("link", "admin", PLATFORM, "1.0.0", NAME, "127.0.0.1"))
        self.assertGreaterEqual(rows[0]["duration_ms"], 0)

        log = self.otad.log_text()
        token = path.split("/")[2]
        self.assertNotIn(token, log)
        self.assertNotIn(token[:40], log)
        self.assertIn("path=/d/{token}/{name}", log)

    def test_a_cut_download_resumes_and_costs_what_was_sent(self):
        link, path = self.make(byte_budget=2 * SIZE)
        connection, answer = self.open_and_read(path, 1000)
        wait_until("the whole answer to be reserved", lambda: self.link(link["id"])["bytes_used"] == SIZE)
        etag = answer.headers["ETag"]
        connection.close()
        answer.close()
        cut = self.log_of(link["id"], 1)[0]
        self.assertEqual(cut["status"], 200)
        self.assertGreaterEqual(cut["bytes"], 1000)
        self.assertLessEqual(cut["bytes"], SIZE)
        rest = self.fetch(path, Range="bytes=1000-", **{"If-Range": etag})
        self.assertEqual((rest.status, rest.body), (206, self.bytes[1000:]))
        self.wait_used(link["id"], cut["bytes"] + SIZE - 1000)

    # ---- what refuses it

    def test_tokens_that_are_none_of_ours(self):
        link, path = self.make()
        token = path.split("/")[2]
        raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        for at in range(0, len(raw), 7):
            raw[at] ^= 1
            forged = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
            raw[at] ^= 1
            self.refused(f"/d/{forged}/{NAME}", 404)
        raw[4] ^= 1  # the tenant
        self.refused(f"/d/{base64.urlsafe_b64encode(bytes(raw)).decode().rstrip('=')}/{NAME}", 404)
        for other in (token[:-1], token + "A", token + "%3D", token.swapcase(), "A" * len(token), "A", "x" * 3000, "%F0%9F%98%80"):
            self.refused(f"/d/{other}/{NAME}", 404)
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        twin = last[last.index(token[-1]) ^ 1]  # the same bytes, written otherwise
        self.refused(f"/d/{token[:-1]}{twin}/{NAME}", 404)
        self.refused(f"/d/{token}/other.dat", 404)
        self.refused(f"/d/{token}/SHA256SUMS", 404)
        self.refused(path, 405, method="POST")
        self.assertEqual(self.fetch(path + "?x=1").status, 200)
        log = self.log_of(link["id"], 1)
        self.assertEqual(len(log), 1, "only what was believed is in the log")

    def test_a_link_of_another_installation(self):
        """The same tenant, platform, release and numbers, another pepper."""
        stranger = Otad(self.folder / "stranger", self.stack.cluster, self.stack.ca, database=self.otad.database,
                        settings=self.stack.otad.settings)
        self.started(stranger.start().process)
        _, path = self.make()
        self.refused(path, 404, otad=stranger)
        self.assertEqual(self.fetch(path).status, 200)

    def sign(self, path, otad=None, **change):
        """The link's token anew, by the words of SPEC 8.14.1, with some fields changed and rightly signed."""
        pepper = ((otad or self.otad).folder / "state" / "pepper").read_bytes()
        key = hashlib.blake2b(b"", digest_size=32, key=pepper, salt=struct.pack("<QQ", 1, 0), person=b"otadlink".ljust(16, b"\0")).digest()
        token = path.split("/")[2]
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        names = ("format", "maker", "methods", "zero", "tenant", "link", "maker_id", "release", "made_at", "expires_at", "budget", "sha256")
        claim = dict(zip(names, struct.unpack("<4B7Q32s", raw[:92]), strict=True)) | change
        payload = struct.pack("<4B7Q32s", *(claim[n] for n in names))
        mac = hashlib.blake2b(payload, digest_size=32, key=key).digest()
        if not change:
            self.assertEqual(mac, raw[92:])
        return f"/d/{base64.urlsafe_b64encode(payload + mac).decode().rstrip('=')}/{NAME}"

    def test_what_a_token_says_is_what_counts(self):
        link, path = self.make()
        now = int(time.time())
        self.assertEqual(self.sign(path), path, "the specification is enough to make one")
        self.refused(self.sign(path, expires_at=now - 1), 410, "link-expired")
        self.refused(self.sign(path, link=link["id"] + 1_000_000), 410, "link-revoked")
        self.refused(self.sign(path, link=link["id"] + 1_000_000, made_at=now - 60), 410, "link-revoked")
        for change in ({"format": 2}, {"maker": 3}, {"maker": 0}, {"maker": 2}, {"maker_id": 999}, {"methods": 2}, {"methods": 0},
                       {"tenant": 2}, {"tenant": 2 ** 63}, {"release": 999}, {"sha256": bytes(32)}):
            self.refused(self.sign(path, **change), 404)
        head_only = self.sign(path, methods=2)
        self.assertEqual(self.fetch(head_only, method="HEAD").status, 200)
        get_only = self.sign(path, methods=1)
        self.refused(get_only, 404, method="HEAD")
        self.assertEqual(self.fetch(get_only, Range="bytes=0-9").status, 206)
        rows = self.log_of(link["id"], 5)
        self.assertEqual(sorted((r["status"], r["bytes"]) for r in rows), [(200, 0), (206, 10), (404, 0), (404, 0), (410, 0)])

    def test_revoked_on_every_replica(self):
        replica = self.replica()
        link, path = self.make()
        self.assertEqual(self.fetch(path, otad=replica, Range="bytes=0-9").status, 206, "made here, counts there at once")
        self.admin.delete(f"/links/{link['id']}")
        self.refused(path, 410, "link-revoked")
        wait_until("the replica to know", lambda: self.fetch(path, otad=replica, Range="bytes=0-9").status == 410)
        self.refused(path, 410, "link-revoked", otad=replica)
        self.admin.delete(f"/links/{link['id']}")  # again is no error
        self.assertEqual(self.link(link["id"])["state"], "revoked")
        with self.assertRaises(Problem) as refused:
            self.admin.delete("/links/999999")
        self.assertEqual(refused.exception.status, 404)

    def test_a_maker_who_lost_the_right(self):
        ann = self.person("ann", ["operator"])
        link, path = self.make(ann)
        self.assertEqual(link["created_by"], "ann")
        some = {"Range": "bytes=0-9"}
        self.assertEqual(self.fetch(path, **some).status, 206)
        self.admin.patch("/users/ann", {"roles": ["viewer"]})
        self.refused(path, 404, **some)
        self.admin.patch("/users/ann", {"roles": ["operator"]})
        self.assertEqual(self.fetch(path, **some).status, 206, "it is asked anew each time")
        self.admin.patch("/users/ann", {"disabled": True})
        self.refused(path, 404, **some)
        self.admin.patch("/users/ann", {"disabled": False})
        self.assertEqual(self.fetch(path, **some).status, 206)
        self.admin.delete("/users/ann")
        self.refused(path, 404, **some)
        self.assertEqual([r["status"] for r in self.log_of(link["id"], 6)], [404, 206, 404, 206, 404, 206])
        self.assertEqual(self.link(link["id"])["created_by"], "ann")

    def test_a_key_that_was_revoked(self):
        key = self.admin.post("/api-keys", {"name": "maker", "scopes": ["link.create", "release.read"], "platforms": [PLATFORM]})
        client = self.otad.client().use_key(key["secret"])
        link, path = self.make(client)
        self.assertEqual(link["created_by"], "key:maker")
        self.assertEqual(self.fetch(path, Range="bytes=0-9").status, 206)
        with self.assertRaises(Problem) as foreign:
            self.make(client, platform=OTHER)
        self.assertEqual(foreign.exception.status, 404)
        self.admin.delete(f"/api-keys/{key['key']['id']}")
        self.refused(path, 404, Range="bytes=0-9")

    def test_who_may_make_see_and_end_them(self):
        mine, _ = self.make()
        viewer = self.person("vera", ["viewer"])
        for call in (lambda: self.make(viewer), lambda: viewer.get("/links"), lambda: viewer.delete(f"/links/{mine['id']}"),
                     lambda: viewer.get("/downloads")):
            with self.assertRaises(Problem) as refused:
                call()
            self.assertEqual((refused.exception.status, refused.exception.code), (403, "forbidden"))
        key = self.admin.post("/api-keys", {"name": "other", "scopes": ["link.create", "release.read", "audit.read"],
                                            "platforms": [OTHER]})["secret"]
        other = self.otad.client().use_key(key)
        theirs, path = self.make(other, platform=OTHER)
        self.assertEqual(self.fetch(path, Range="bytes=0-9").status, 206)
        self.log_of(theirs["id"], 1)
        self.assertEqual({x["platform"] for x in other.every("/links")}, {OTHER})
        self.assertEqual({x["platform"] for x in other.every("/downloads")}, {OTHER})
        with self.assertRaises(Problem) as refused:
            other.delete(f"/links/{mine['id']}")
        self.assertEqual(refused.exception.status, 404)
        only_link = self.admin.post("/api-keys", {"name": "blind", "scopes": ["link.create"], "platforms": ["*"]})["secret"]
        with self.assertRaises(Problem) as refused:
            self.make(self.otad.client().use_key(only_link))
        self.assertEqual(refused.exception.status, 404)

    def test_releases_that_are_not_to_be_had(self):
        self.stack.publish_file(PLATFORM, "1.1.0", 1, self.stack.folder / NAME)
        link, path = self.make(version="1.1.0")
        self.admin.post(f"/platforms/{PLATFORM}/releases/1.1.0/withdraw", {"reason": "to show it"})
        self.refused(path, 410, "withdrawn", Range="bytes=0-9")
        for version, code in (("1.1.0", "withdrawn"), ("9.9.9", None)):
            with self.assertRaises(Problem) as refused:
                self.make(version=version)
            self.assertEqual((refused.exception.status, refused.exception.code if code else None), (409 if code else 404, code))

    def test_bad_bodies(self):
        for body, pointer in (({"expires_in_s": 59}, "/expires_in_s"), ({"expires_in_s": 604801}, "/expires_in_s"),
                              ({"byte_budget": 0}, "/byte_budget"), ({"byte_budget": 2 ** 53 + 1}, "/byte_budget"),
                              ({"byte_budget": "4"}, "/byte_budget"), ({"more": 1}, "/more")):
            with self.assertRaises(Problem) as refused:
                self.make(**body)
            self.assertEqual((refused.exception.status, refused.exception.document["pointer"]), (400, pointer))
        for query in ("links?state=lost", "downloads?via=post", "downloads?from=yesterday", "downloads?format=xml", "links?after=-1",
                      "downloads?limit=0"):
            with self.assertRaises(Problem) as refused:
                self.admin.get("/" + query)
            self.assertEqual(refused.exception.status, 400, query)
        for query in ("links?platform=none", "downloads?platform=none"):
            with self.assertRaises(Problem) as refused:
                self.admin.get("/" + query)
            self.assertEqual(refused.exception.status, 404, query)

    # ---- the budget

    def test_the_budget_holds_at_the_same_time(self):
        """Two downloads that together want more than there is: while one is under way, the other is refused."""
        link, path = self.make(byte_budget=SIZE + 500)
        connection, answer = self.open_and_read(path, 10)
        self.refused(path, 410, "link-used-up")
        self.refused(path, 410, "link-used-up", Range="bytes=0-500")
        self.assertEqual(self.fetch(path, Range="bytes=0-499").status, 206)
        self.refused(path, 410, "link-used-up", Range="bytes=0-0")
        self.assertEqual(answer.read(), self.bytes[10:])
        connection.close()
        self.assertEqual(self.wait_used(link["id"], SIZE + 500)["state"], "used-up")
        self.refused(path, 410, method="HEAD")

    def test_many_at_once_never_exceed_it(self):
        """Sixteen threads take pieces until nothing is left: exactly the budget goes out."""
        piece, budget = 5_000, 203_000
        link, path = self.make(byte_budget=budget)
        total, others = [], []

        def take():
            client = self.otad.client()
            while True:
                answer = client.request("GET", path, None, {"Range": f"bytes=0-{piece - 1}"})
                if answer.status != 206:
                    others.append(answer.status)
                    return
                total.append(len(answer.body))
        threads = [threading.Thread(target=take) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(set(others), {410})
        self.assertEqual(sum(total), budget // piece * piece)
        used = self.wait_used(link["id"], sum(total))
        self.assertEqual(used["uses"], len(total))

    def test_replicas_learn_of_each_other(self):
        replica = self.replica()
        link, path = self.make(byte_budget=SIZE)
        self.assertEqual(self.fetch(path, Range="bytes=0-9", otad=replica).status, 206)
        self.wait_used(link["id"], 10)
        self.assertEqual(self.fetch(path, Range=f"bytes=10-{SIZE - 1}").status, 206)
        for otad in (self.otad, replica):  # each adds what the other has sent; to ask by HEAD costs nothing
            wait_until("it to know the sum", lambda o=otad: self.fetch(path, o, "HEAD").status == 410)
            self.refused(path, 410, "link-used-up", otad=otad, Range="bytes=0-0")
        used = self.wait_used(link["id"], SIZE)
        self.assertEqual((used["state"], used["uses"]), ("used-up", 2))

    def test_use_survives_a_restart(self):
        link, path = self.make(byte_budget=SIZE)
        self.assertEqual(self.fetch(path).status, 200)
        self.assertEqual(self.otad.stop(), 0)
        self.otad.start()
        self.refused(path, 410, "link-used-up", Range="bytes=0-0")
        self.assertEqual(self.link(link["id"])["uses"], 1)

    # ---- the log

    def test_every_door_is_in_the_log_and_exports_agree(self):
        key = self.admin.post("/api-keys", {"name": "=door", "scopes": ["release.read"], "platforms": [PLATFORM]})["secret"]
        door = self.otad.client().use_key(key)
        base = f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts"
        self.assertEqual(self.admin.request("GET", f"{base}/{NAME}", None, {"Range": "bytes=0-9"}).status, 206)
        self.assertEqual(door.request("GET", f"{base}/{NAME}", None, {"Range": "bytes=0-19"}).status, 206)
        self.assertEqual(door.request("GET", f"/api/firmware/{PLATFORM}", None, {"Range": "bytes=0-29"}).status, 206)
        self.assertEqual(door.request("GET", f"/api/esp/{PLATFORM}/files/{NAME}", None, {"Range": "bytes=0-39"}).status, 206)
        latest = door.request("GET", f"/repos/DEFAULT/{PLATFORM}/releases/latest").json()
        asset = latest["assets"][0]["url"].removeprefix(self.otad.url)
        self.assertEqual(door.request("GET", asset, None, {"Range": "bytes=0-49"}).status, 206)
        self.assertEqual(door.request("GET", f"/api/firmware/{PLATFORM}?version=1.0.0").status, 304)
        self.assertEqual(door.request("HEAD", f"/api/firmware/{PLATFORM}").status, 200)

        def rows():
            found = self.admin.every("/downloads?user=key:%3Ddoor")
            return found if len(found) >= 4 else None
        found = wait_until("four downloads to be in the log", rows)
        self.assertEqual([(r["via"], r["bytes"], r["link_id"]) for r in reversed(found)],
                         [("key", 20, None), ("plain", 30, None), ("esp", 40, None), ("github", 50, None)])
        session = self.admin.every(f"/downloads?via=session&platform={PLATFORM}&version=1.0.0&from=2026-01-01&to=2100-01-01")
        self.assertEqual([(r["who"], r["bytes"]) for r in session], [("admin", 10)])
        self.assertEqual(self.admin.every("/downloads?user=key:%3Ddoor&to=2026-01-01"), [])

        pages = self.admin.every("/downloads?user=key:%3Ddoor&limit=1")
        self.assertEqual(pages, found)
        lines = self.admin.request("GET", "/api/v1/downloads?user=key:%3Ddoor&format=jsonl")
        self.assertEqual(lines.headers["Content-Disposition"], 'attachment; filename="downloads.jsonl"')
        self.assertEqual([json.loads(x) for x in lines.body.decode().splitlines()], found)
        table = self.admin.request("GET", "/api/v1/downloads?user=key:%3Ddoor&format=csv")
        self.assertEqual(table.headers["Content-Disposition"], 'attachment; filename="downloads.csv"')
        self.assertEqual(table.body.count(b"\r\n"), 5)
        cells = list(csv.DictReader(io.StringIO(table.body.decode(), newline="")))
        self.assertEqual([c["who"] for c in cells], ["key:=door"] * 4)
        for cell, row in zip(cells, found, strict=True):
            self.assertEqual(cell, {k: "" if v is None else str(v) for k, v in row.items()})

    def test_a_long_log_leaves_in_pages(self):
        self.stack.sql("INSERT INTO otad.download (tenant_id, platform_id, at, via, who, platform, version, artifact, address, bytes,"
                       " status, duration_ms) SELECT 1, platform_id, now(), 'plain', CASE n % 2 WHEN 0 THEN '=1+2' ELSE E'a\"b,c\\nd' END,"
                       " name, '7.7.7', 'x', '', n, 200, 0 FROM otad.platform, generate_series(1, 1001) n"
                       f" WHERE name = '{PLATFORM}'")
        lines = self.admin.request("GET", "/api/v1/downloads?version=7.7.7&format=jsonl").body.decode().splitlines()
        self.assertEqual([json.loads(x)["bytes"] for x in lines], list(range(1001, 0, -1)))
        table = self.admin.request("GET", "/api/v1/downloads?version=7.7.7&format=csv").body.decode()
        cells = list(csv.DictReader(io.StringIO(table, newline="")))
        self.assertEqual([int(c["bytes"]) for c in cells], list(range(1001, 0, -1)))
        self.assertEqual({c["who"] for c in cells}, {"'=1+2", 'a"b,c\nd'})

    def test_metrics(self):
        self.make()
        text = self.otad.client().request("GET", "/metrics").body.decode()
        self.assertRegex(text, r"\notad_links [1-9]")
        self.assertRegex(text, r"\notad_download_log_lost_total 0\n")
        self.assertRegex(text, r"\notad_download_log_waiting \d+\n")

    def replica(self):
        other = Otad(self.folder / "replica", self.stack.cluster, self.stack.ca, database=self.otad.database, settings={
            "state_dir": self.otad.folder / "state", "artifacts_dir": self.otad.folder / "artifacts"})
        other.start()
        self.addCleanup(other.stop)
        return other


if __name__ == "__main__":
    unittest.main()
