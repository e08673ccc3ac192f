"""The audit log over the real server: an entry with the right before and after for each change, exports that signer proves,
one chain under several replicas, and reading by rights."""
import json
import subprocess
import threading
import unittest

import harness
from harness import PASSWORD, EndToEnd
from lab import audit
from lab.client import Problem
from lab.proc import BUILD
from lab.server import Otad

ENTRIES_LEFT_OUT = ("session.", "setup.")


class Audit(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.stack.platform("audited", follow=False)
        cls.stack.platform("elsewhere", follow=False)

    # -- what there is

    def head(self):
        return self.admin.get("/audit/head")

    def since(self, seq):
        """Entries after seq, oldest first, without sign-ins."""
        return [e for e in reversed(self.admin.every("/audit")) if e["seq"] > seq and not e["action"].startswith(ENTRIES_LEFT_OUT)]

    def change(self, do):
        """The entries that do() makes, as (action, object, platform, before, after)."""
        seq = self.head()["seq"]
        do()
        return [(e["action"], e["object"], e["platform"], e["before"], e["after"]) for e in self.since(seq)]

    def export(self, query=""):
        answer = self.admin.request("GET", "/api/v1/audit/export?format=jsonl" + query)
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def verify(self, text, *args, status=0):
        path = self.folder / "audit.jsonl"
        path.write_text(text)
        p = subprocess.run([str(BUILD / "signer" / "signer"), "audit", "verify", *args, str(path)], capture_output=True, text=True, timeout=60)
        self.assertEqual(p.returncode, status, p.stdout + p.stderr)
        return p.stderr

    def head_option(self):
        h = self.head()
        return f"--head={h['seq']}:{h['hash']}"

    def publish(self, platform, version, counter):
        payload = self.folder / "payload"
        payload.write_bytes(version.encode() * 100)
        self.stack.publish(platform, version, counter, payload)

    # -- before and after

    def test_platform(self):
        made = self.change(lambda: self.stack.platform("apart"))
        self.assertEqual([x[:4] for x in made], [("platform.create", "apart", "apart", None)])
        self.assertEqual({k: made[0][4][k] for k in ("title", "aliases", "follow_channel", "key_manifest_sequence")},
                         {"title": "Test board apart", "aliases": [], "follow_channel": False, "key_manifest_sequence": 1})
        self.assertEqual(self.change(lambda: self.admin.patch("/platforms/apart", {"title": "New", "aliases": ["a", "b"]})),
                         [("platform.change", "apart", "apart", {"title": "Test board apart", "aliases": []},
                           {"title": "New", "aliases": ["a", "b"]})])
        self.assertEqual(self.change(lambda: self.admin.patch("/platforms/apart", {"title": "New"})), [])

    def test_release(self):
        self.stack.platform("shipped")
        published = self.change(lambda: self.publish("shipped", "1.0.0", 1))
        self.assertEqual([x[0] for x in published], ["api-key.create", "release.create", "release.artifact", "release.complete",
                                                     "release.release"])
        created, artifact, complete, released = published[1:]
        self.assertEqual(created[1:4], ("shipped 1.0.0", "shipped", None))
        self.assertEqual((created[4]["state"], created[4]["channel"]), ("draft", None))
        self.assertEqual(artifact[1:4], ("shipped 1.0.0 shipped-1.0.0.bin", "shipped", None))
        self.assertEqual(set(artifact[4]), {"size", "kind", "sha256"})
        self.assertEqual(complete[3:], ({"state": "draft"}, {"state": "complete"}))
        self.assertEqual(released[3:], ({"state": "complete", "channel": None}, {"state": "released", "channel": "stable"}))
        self.assertEqual({e["actor"] for e in self.since(0) if e["object"].startswith("shipped 1.0.0")}, {"key:CI shipped"})
        withdraw = lambda: self.admin.post("/platforms/shipped/releases/1.0.0/withdraw", {"reason": "it \"burns\" \U0001f525"})  # noqa: E731
        self.assertEqual(self.change(withdraw),
                         [("release.withdraw", "shipped 1.0.0", "shipped", {"state": "released", "withdrawn_reason": None},
                           {"state": "withdrawn", "withdrawn_reason": "it \"burns\" \U0001f525"})])
        self.assertEqual(self.change(withdraw), [])

    def test_device_and_update(self):
        s = self.stack
        self.publish("audited", "2.0.0", 2)
        self.assertEqual(self.change(lambda: self.admin.post("/devices", {"id": "d-1", "platform": "audited", "name": "One"})),
                         [("device.create", "d-1", "audited", None, {"name": "One", "platform": "audited", "channel": "stable"})])
        self.assertEqual(self.change(lambda: self.admin.patch("/devices/d-1", {"name": "Two", "channel": "beta"})),
                         [("device.change", "d-1", "audited", {"name": "One", "channel": "stable"}, {"name": "Two", "channel": "beta"})])
        self.assertEqual(self.change(lambda: self.admin.post("/devices/d-1/token")), [("device.token", "d-1", "audited", None, None)])
        assigned = self.change(lambda: s.assign("d-1", "2.0.0"))
        update = self.device_update("d-1")
        self.assertEqual(assigned, [("update.create", "d-1", "audited", None,
                                     {"update": update, "version": "2.0.0", "from_version": None, "state": "pending"})])
        self.assertEqual(self.change(lambda: self.admin.post(f"/updates/{update}/cancel")),
                         [("update.cancel", "d-1", "audited", {"state": "pending"}, {"state": "cancelled"})])
        self.assertEqual(self.change(lambda: self.admin.delete("/devices/d-1")),
                         [("device.delete", "d-1", "audited", {"name": "Two", "platform": "audited", "channel": "beta"}, None)])

    def device_update(self, name):
        return self.stack.updates(name)[0]["id"]

    def test_keys(self):
        def made():
            self.key = self.admin.post("/api-keys", {"name": "K", "scopes": ["release.read"], "platforms": ["audited"]})
        entries = self.change(made)
        self.assertEqual(entries, [("api-key.create", "K", "audited", None,
                                    {"id": self.key["key"]["id"], "scopes": ["release.read"], "platforms": ["audited"],
                                     "expires_at": None, "revoked": False})])
        self.assertEqual(self.change(lambda: self.admin.delete(f"/api-keys/{self.key['key']['id']}")),
                         [("api-key.revoke", "K", "audited", {"revoked": False}, {"revoked": True})])
        g = self.change(lambda: setattr(self, "gateway", self.admin.post("/gateway-tokens", {"name": "G", "platform": "audited"})))
        gateway = self.gateway["gateway"]["id"]
        self.assertEqual(g, [("gateway.create", "G", "audited", None, {"id": gateway, "platform": "audited", "revoked": False})])
        self.assertEqual(self.change(lambda: self.admin.delete(f"/gateway-tokens/{gateway}")),
                         [("gateway.revoke", "G", "audited", {"revoked": False}, {"revoked": True})])
        everything = self.export()
        for secret in (self.key["secret"], self.gateway["secret"], PASSWORD):
            self.assertNotIn(secret, everything)

    def test_what_was_refused_is_no_change(self):
        def refused():
            for path, value in (("/platforms", {"name": "audited", "title": "again", "aliases": [], "follow_channel": False}),
                                ("/devices", {"id": "x y", "platform": "audited"}), ("/api-keys", {"name": "K"})):
                with self.assertRaises(Problem):
                    self.admin.post(path, value)
        self.assertEqual(self.change(refused), [])

    def test_sign_in_and_out(self):
        seq = self.head()["seq"]
        client = self.otad.client()
        self.addCleanup(client.close)
        for name in ("admin", "nobody-of-this-name"):
            with self.assertRaises(Problem):
                client.sign_in(name, "wrong horse battery staple")
        client.sign_in("admin", PASSWORD)
        client.delete("/session")
        told = [(e["action"], e["actor"], e["object"], e["address"]) for e in reversed(self.admin.every("/audit?action=session"))
                if e["seq"] > seq]
        self.assertEqual([t[0] for t in told], ["session.refused", "session.refused", "session.start", "session.end"])
        self.assertEqual([t[2] for t in told], ["admin", "unknown", "admin", "admin"])
        self.assertEqual([t[1] for t in told], ["nobody", "nobody", "admin", "admin"])
        self.assertEqual({t[3] for t in told}, {"127.0.0.1"})
        self.assertNotIn("nobody-of-this-name", self.export())

    def test_a_registered_device(self):
        secret = self.stack.gateway("audited")
        device = self.otad.client().use_device(secret, "GatewayToken")
        self.addCleanup(device.close)
        entries = self.change(lambda: device.request("GET", "/DEFAULT/controller/v1/by-itself"))
        self.assertEqual([x[:3] for x in entries], [("device.register", "by-itself", "audited")])
        entries = self.change(lambda: device.call("PUT", "/DEFAULT/controller/v1/by-itself/configData", {"data": {"version": "1.0.0"}}))
        self.assertEqual(entries, [])

    # -- the chain

    def test_export_is_proved(self):
        text = self.export()
        self.assertEqual(self.verify(text, self.head_option()), "")
        lines = text.splitlines(keepends=True)
        # The second implementation of the chain agrees, member by member.
        for line in lines:
            raw = json.loads(line)
            entry = {**raw, **{m: self.raw_member(line, m) for m in ("before", "after")}}
            self.assertEqual((audit.hash_of(entry), list(raw)), (raw["hash"], audit.MEMBERS))
        middle = len(lines) // 2
        refused = {
            "removed": lines[:middle] + lines[middle + 1:],
            "changed": lines[:middle] + [lines[middle].replace('"actor":"', '"actor":"x')] + lines[middle + 1:],
            "reordered": lines[:middle] + [lines[middle + 1], lines[middle]] + lines[middle + 2:],
            "inserted": lines[:middle] + [lines[middle]] + lines[middle:],
            "truncated": lines[:-1],
            "empty": [],
        }
        for what, touched in refused.items():
            with self.subTest(what):
                self.verify("".join(touched), self.head_option(), status=3)

    @staticmethod
    def raw_member(line, member):
        """The bytes of before or after as they stand, None for null."""
        start = line.index(f'"{member}":') + len(member) + 3
        if line.startswith("null", start):
            return None
        _, end = json.JSONDecoder().raw_decode(line, start)
        return line[start:end]

    def test_a_range(self):
        entries = [json.loads(x) for x in self.export("&from_seq=2&to_seq=4").splitlines()]
        self.assertEqual([e["seq"] for e in entries], [2, 3, 4])
        self.verify(self.export("&from_seq=2&to_seq=4"), f"--from-hash={entries[0]['prev_hash']}")
        self.assertEqual(self.verify(self.export("&from_seq=1&to_seq=1")).count("warning"), 1)

    def test_csv(self):
        answer = self.admin.request("GET", "/api/v1/audit/export?format=csv&to_seq=3")
        lines = answer.body.decode().split("\r\n")
        self.assertEqual(lines[0], "seq,at,actor,address,action,object,platform,before,after,prev_hash,hash")
        self.assertEqual(len(lines), 5)

    def test_filters(self):
        self.admin.post("/devices", {"id": "filtered", "platform": "elsewhere"})
        found = lambda query: [e["object"] for e in self.admin.every("/audit?" + query)]  # noqa: E731
        self.assertEqual(found("object=filtered"), ["filtered"])
        self.assertEqual(found("action=device.create&platform=elsewhere"), ["filtered"])
        self.assertIn("filtered", found("action=device"))
        self.assertEqual(found("action=devic"), [])
        self.assertIn("filtered", found("actor=admin&from=2020-01-01"))
        self.assertEqual(found("object=filtered&to=2020-01-01"), [])
        self.assertEqual(found("object=filtered&actor=eve"), [])
        first = self.admin.get("/audit?limit=1")
        self.assertEqual(self.admin.get(f"/audit?limit=1&after={first['next']}")["items"][0]["seq"], first["items"][0]["seq"] - 1)
        for query in ("from=yesterday", "to=2026-02-30", "limit=0", "after=x"):
            with self.assertRaises(Problem) as caught:
                self.admin.get("/audit?" + query)
            self.assertEqual(caught.exception.status, 400, query)
        for query in ("from_seq=0", "to_seq=x", "format=xml"):
            with self.assertRaises(Problem) as caught:
                self.admin.call("GET", "/api/v1/audit/export?" + query)
            self.assertEqual(caught.exception.status, 400, query)

    def test_reading_by_platform(self):
        self.admin.post("/devices", {"id": "here", "platform": "audited"})
        self.admin.post("/devices", {"id": "there", "platform": "elsewhere"})
        secret = self.admin.post("/api-keys", {"name": "reads one", "scopes": ["audit.read"], "platforms": ["elsewhere"]})["secret"]
        reader = self.otad.client().use_key(secret)
        self.addCleanup(reader.close)
        seen = reader.every("/audit")
        self.assertIn("there", [e["object"] for e in seen])
        self.assertEqual({e["platform"] for e in seen}, {"elsewhere"})
        for path in ("/audit/head", "/audit/export"):
            with self.assertRaises(Problem) as caught:
                reader.get(path)
            self.assertEqual((caught.exception.status, caught.exception.code), (403, "forbidden"), path)
        none = self.otad.client().use_key(self.stack.ci_key("audited", ("release.read",)))
        self.addCleanup(none.close)
        for path in ("/audit", "/audit/head", "/audit/export"):
            with self.assertRaises(Problem) as caught:
                none.get(path)
            self.assertEqual(caught.exception.status, 403, path)

    def test_two_replicas_append_one_chain(self):
        s = self.stack
        second = Otad(s.folder / "second", s.cluster, s.ca, database=self.otad.database,
                      settings={"state_dir": str(self.otad.folder / "state")})
        second.start()
        self.addCleanup(second.stop)
        secret = self.admin.post("/api-keys", {"name": "both", "scopes": ["device.read", "device.write"], "platforms": ["*"]})["secret"]
        clients = [o.client().use_key(secret) for o in (self.otad, second) for _ in range(2)]
        failed = []

        def work(n, client):
            try:
                for i in range(12):
                    client.post("/devices", {"id": f"r{n}-{i}", "platform": "audited"})
            except Exception as e:  # noqa: BLE001 - told below
                failed.append(e)
            finally:
                client.close()
        threads = [threading.Thread(target=work, args=x) for x in enumerate(clients)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failed, [])
        text = self.export()
        self.verify(text, self.head_option())
        made = [e["object"] for e in map(json.loads, text.splitlines()) if e["action"] == "device.create" and e["object"][0] == "r"]
        self.assertEqual(sorted(made), sorted(f"r{n}-{i}" for n in range(4) for i in range(12)))


if __name__ == "__main__":
    unittest.main()
