"""otad's side of SPEC 10, with metadata that none of our C has made: queue, thresholds, publication in one step, refusals,
renewal, replicas, the director.  What comes out is checked by openssl and Python's own hashes."""
import concurrent.futures
import hashlib
import http.client
import json
import os
import signal
import threading
import unittest

from harness import TENANT, EndToEnd, wait_until
from lab.client import Problem
from lab.factory import VENDOR, signer
from lab.proc import ROOT
from lab.server import Otad
from lab.tuf import Maker, canonical, keyid, later, verified


def shape(value):
    """Members in their order, and kinds; of a list the first one's."""
    if isinstance(value, dict):
        return [(name, shape(member)) for name, member in value.items()]
    return [shape(one) for one in value[:1]] if isinstance(value, list) else type(value).__name__


class Repository(EndToEnd):
    """A platform of its own for each test, as roots stay for ever."""

    def setUp(self):
        super().setUp()
        self.name = self._testMethodName[5:].replace("_", "-")[:40].strip("-")
        manifest = self.folder / "manifest"
        keys = self.stack.keys
        signer("keymanifest", "new", "--vid", VENDOR, "--class", self.name, "--sequence", 1, "--release-key", keys.public("release"), "--out", manifest)
        for r in (0, 2):
            signer("keymanifest", "cosign", "--key", keys.secret(keys.ROOTS[r]), *keys._root_options(), manifest)
        self.stack.platform(self.name, manifest=manifest)
        self.api = f"/platforms/{self.name}"
        self.hw_class = self.admin.get(self.api)["hardware_class"]
        self.maker = Maker(self.folder / "keys", self.name)

    # -- releases: one plain file each

    def complete(self, version, counter=1, names=None):
        """The release's one file; with names, all of them."""
        folder = self.folder / f"r{version}"
        folder.mkdir()
        images = [folder / name for name in names or [f"app-{version}.dat"]]
        for image in images:
            image.write_bytes(f"{self.name} {image.name} {version}".encode() * 50)
        signer("publish", "--platform", self.name, "--version", version, "--counter", counter, "--release-key", self.stack.keys.secret("release"),
               "--out", folder, *images)
        path = f"{self.api}/releases/{version}"
        self.admin.call("PUT", "/api/v1" + path, {"sums": (folder / "SHA256SUMS").read_text(), "minisig": (folder / "SHA256SUMS.minisig").read_text()})
        for image in images:
            self.admin.put_bytes(f"{path}/artifacts/{image.name}", image.read_bytes())
        return images if names else images[0]

    def target(self, version, image, **more):
        return self.maker.target(version, image, self.hw_class, **more)

    # -- the queue

    def tuf(self):
        return self.admin.get(self.api + "/tuf")

    def put(self, name, document, client=None):
        return (client or self.admin).call("PUT", f"/api/v1{self.api}/tuf/{name}", document)

    def put_role(self, document, **more):
        return self.put(f"{self.name}.json", document, **more)

    def refused(self, status, code, call, *args):
        with self.assertRaises(Problem) as e:
            call(*args)
        self.assertEqual((e.exception.status, e.exception.code), (status, code), e.exception)

    def begin(self, targets=(), managers=("ann",), threshold=1, by=None, root=None):
        """Root, targets and role; what the last one published."""
        self.assertEqual(self.put("root.json", self.maker.root(self.tuf()["online"], **(root or {})))["published"], ["1.root.json"])
        self.assertEqual(self.put("targets.json", self.maker.targets(managers=managers, threshold=threshold))["published"], [])
        return self.put_role(self.maker.platform_role(targets, by=by or managers[:threshold]))["published"]

    # -- what clients see

    def fetch(self, path, otad=None, **headers):
        return (otad or self.otad).client().request("GET", f"/tuf/{TENANT}/{self.name}/{path}", headers=headers)

    def meta(self, name, otad=None):
        answer = self.fetch("metadata/" + name, otad)
        self.assertEqual(answer.status, 200, name)
        self.assertEqual(canonical(answer.json()), answer.body, "canonical on the wire")
        return answer.json()

    def chain(self, otad=None):
        """A client's walk: everything that timestamp leads to, digests compared; the versions."""
        timestamp = self.meta("timestamp.json", otad)
        listed = timestamp["signed"]["meta"]["snapshot.json"]
        answer = self.fetch(f"metadata/{listed['version']}.snapshot.json", otad)
        self.assertEqual((hashlib.sha256(answer.body).hexdigest(), len(answer.body)), (listed["hashes"]["sha256"], listed["length"]))
        versions = {"timestamp": timestamp["signed"]["version"], "snapshot": listed["version"]}
        for name, entry in answer.json()["signed"]["meta"].items():
            file = self.fetch(f"metadata/{entry['version']}.{name}", otad)
            self.assertEqual((file.status, hashlib.sha256(file.body).hexdigest(), len(file.body)), (200, entry["hashes"]["sha256"], entry["length"]))
            versions[name.removesuffix(".json")] = entry["version"]
        return versions

    def signed_by_people(self):
        return {role: version for role, version in self.chain().items() if role not in ("snapshot", "timestamp")}

    def replica(self):
        """Another otad on the same database, with the same secrets."""
        first = self.otad
        other = Otad(self.folder / "replica", first.cluster, first.ca, database=first.database, settings={
            **self.stack.otad.settings, "state_dir": first.folder / "state", "artifacts_dir": first.folder / "artifacts"})
        other.start()
        self.addCleanup(other.stop)
        return other


class Strangers(Repository):
    def test_strangers_have_so_many_queries(self):
        """What memory can't answer is bounded for an address; what it can is not."""
        self.begin()
        answers = [self.fetch(f"metadata/{n}.snapshot.json") for n in range(1, 603)]
        self.assertEqual({a.status for a in answers[:600]}, {404})
        for n in range(603, 2000):  # one more each second
            last = self.fetch(f"metadata/{n}.snapshot.json")
            if last.status == 429:
                break
        self.assertEqual((last.status, last.json()["code"]), (429, "too-many-lookups"))
        self.assertGreater(int(last.headers["Retry-After"]), 0)
        for name in ("timestamp.json", "1.root.json", "1.targets.json"):
            self.assertEqual(self.fetch("metadata/" + name).status, 200, name)
        self.assertEqual(self.fetch("metadata/2.root.json").status, 404)


class Tuf(Repository):
    settings = {"log_level": "debug"}

    def test_publish(self):
        before = self.tuf()
        self.assertEqual((before["protected"], before["roles"], before["files"]), (False, [], []))
        image = self.complete("1.0.0")
        published = self.begin([self.target("1.0.0", image)])
        snapshot = published[2]
        self.assertEqual(published, ["1.targets.json", f"1.{self.name}.json", snapshot, "timestamp.json"])
        self.assertEqual(self.signed_by_people(), {"targets": 1, self.name: 1})
        now = self.tuf()
        self.assertTrue(now["protected"])
        self.assertEqual([t["path"] for t in now["targets"]], [f"1.0.0/{image.name}"])
        self.assertEqual(now["pending"], [])
        self.assertTrue(all(k["used"] for k in now["online_keys"]))
        for role in ("snapshot", "timestamp"):
            name = snapshot if role == "snapshot" else "timestamp.json"
            document = self.meta(name)
            (one,) = document["signatures"]
            self.assertEqual(one["keyid"], keyid(now["online"][role]))
            self.assertTrue(verified(now["online"][role], document["signed"], one["sig"], self.folder), role)
        for role in ("snapshot", "timestamp", "director"):
            file = self.otad.folder / "state" / f"tuf-{role}.pem"
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        actions = [e["action"] for e in self.admin.get(f"/audit?platform={self.name}&limit=20")["items"]]
        self.assertEqual(actions[:5], ["tuf.publish", "tuf.submit", "tuf.submit", "tuf.publish", "tuf.submit"])

    def test_caching_and_names(self):
        self.begin()
        answer = self.fetch("metadata/1.root.json")
        self.assertIn("immutable", answer.headers["Cache-Control"])
        fresh = self.fetch("metadata/timestamp.json")
        self.assertEqual(fresh.headers["Cache-Control"], "no-cache")
        self.assertEqual(self.fetch("metadata/timestamp.json", **{"If-None-Match": fresh.headers["ETag"]}).status, 304)
        for name in ("2.root.json", "root.json", "1.timestamp.json", "01.root.json", "1.other.json", "snapshot.json", "0.root.json",
                     "99999999999999999999.root.json", "..", "1.root.json.bak"):
            self.assertIn(self.fetch("metadata/" + name).status, (400, 404), name)
        self.assertEqual(self.otad.client().request("GET", f"/tuf/{TENANT}/nowhere/metadata/1.root.json").status, 404)
        self.assertEqual(self.otad.client().request("GET", f"/tuf/nobody/{self.name}/metadata/1.root.json").status, 404)

    def test_files_need_credentials_unless_public(self):
        image = self.complete("1.0.0")
        self.begin([self.target("1.0.0", image)])
        digest = hashlib.sha256(image.read_bytes()).hexdigest()
        path = f"targets/1.0.0/{digest}.{image.name}"
        self.assertEqual(self.fetch(path).status, 401)
        key = self.stack.ci_key(self.name, ("release.read",))
        answer = self.fetch(path, Authorization=f"Bearer {key}")
        self.assertEqual((answer.status, answer.body), (200, image.read_bytes()))
        self.assertIn("private", answer.headers["Cache-Control"])
        for wrong in (f"targets/1.0.0/{'0' * 64}.{image.name}", f"targets/1.0.1/{digest}.{image.name}", f"targets/1.0.0/{image.name}",
                      f"targets/1.0.0/{digest}.other"):
            self.assertEqual(self.fetch(wrong, Authorization=f"Bearer {key}").status, 404, wrong)
        self.admin.patch(self.api + "/tuf", {"public_targets": True})
        answer = self.fetch(path)
        self.assertEqual((answer.status, answer.body), (200, image.read_bytes()))
        self.assertIn("public", answer.headers["Cache-Control"])
        unlisted = self.complete("1.1.0")
        other = hashlib.sha256(unlisted.read_bytes()).hexdigest()
        self.assertEqual(self.fetch(f"targets/1.1.0/{other}.{unlisted.name}").status, 401, "public is what is listed")

    def device(self, name, platform=None):
        made = self.admin.post("/devices", {"id": name, "platform": platform or self.name})
        return {"Authorization": f"TargetToken {made['token']}", "X-Device-Id": name}

    def test_devices_fetch_what_their_platform_lists(self):
        image, unlisted = self.complete("1.0.0"), self.complete("1.1.0")
        self.begin([self.target("1.0.0", image)])

        def path(version, file):
            return f"targets/{version}/{hashlib.sha256(file.read_bytes()).hexdigest()}.{file.name}"
        good, mine = path("1.0.0", image), self.device(f"{self.name}-1")
        answer = self.fetch(good, **mine)
        self.assertEqual((answer.status, answer.body), (200, image.read_bytes()))
        self.assertIn("private", answer.headers["Cache-Control"])
        self.assertEqual(self.fetch(good, **mine, Range="bytes=5-9").body, image.read_bytes()[5:10])
        self.assertEqual(self.fetch(f"{good}?device={mine['X-Device-Id']}", Authorization=mine["Authorization"]).status, 200)
        gateway = {"Authorization": f"GatewayToken {self.stack.gateway(self.name)}"}
        self.assertEqual(self.fetch(good, **gateway, **{"X-Device-Id": mine["X-Device-Id"]}).status, 200)
        self.assertIsNotNone(self.admin.get(f"/devices/{mine['X-Device-Id']}")["last_seen_at"])
        # what is not theirs is not there
        self.assertEqual(self.fetch(path("1.1.0", unlisted), **mine).status, 404)
        self.assertEqual(self.fetch(good, **gateway, **{"X-Device-Id": "nobody"}).status, 404)
        self.assertEqual(self.fetch(f"targets/1.0.0/{'0' * 64}.{image.name}", **mine).status, 404)
        self.stack.platform("elsewhere")
        self.assertEqual(self.fetch(good, **self.device(f"{self.name}-2", "elsewhere")).status, 404, "of another platform")
        # who they are must be said and true
        for wrong in ({"X-Device-Id": "nobody"}, {"X-Device-Id": f"{self.name}-2"}, {"Authorization": "TargetToken x"}, {"X-Device-Id": "a b"}):
            refused = self.fetch(good, **{**mine, **wrong})
            self.assertEqual((refused.status, refused.json()["code"]), (401, "not-signed-in"), wrong)
        self.assertEqual(self.fetch(good, Authorization=mine["Authorization"]).status, 401)

    def test_the_channel_that_was_signed(self):
        image = self.complete("1.0.0")
        stable, beta = (self.admin.post("/devices", {"id": f"{self.name}-{c}", "platform": self.name, "channel": c})["device"]["id"]
                        for c in ("stable", "beta"))
        path, release = f"{self.api}/releases/1.0.0", {"channel": "stable"}
        self.begin([self.target("1.0.0", image, channel="beta")])
        self.refused(409, "other-channel", self.admin.post, path + "/release", release)
        self.refused(409, "other-channel", self.stack.assign, stable, "1.0.0")
        self.assertEqual(self.stack.assign(beta, "1.0.0")["state"], "pending")
        self.admin.post(path + "/release", {"channel": "beta"})
        self.refused(409, "other-channel", self.admin.post, path + "/promote", release)
        self.put_role(self.maker.platform_role([self.target("1.0.0", image)], version=2))
        self.assertEqual(self.admin.post(path + "/promote", release)["channel"], "stable")
        key = self.stack.ci_key(self.name, ("release.read",))

        def door(channel):
            return self.otad.client().use_key(key).request("GET", f"/api/firmware/{self.name}?channel={channel}").status
        self.assertEqual((door("stable"), door("beta")), (200, 200))
        # whatever otad's tables say of it, what is listed for beta again goes to beta alone
        self.put_role(self.maker.platform_role([self.target("1.0.0", image, channel="beta")], version=3))
        self.assertEqual((door("stable"), door("beta")), (404, 200))
        self.assertEqual(self.stack.assign(self.admin.post("/devices", {"id": f"{self.name}-b2", "platform": self.name, "channel": "beta"})["device"]["id"],
                                           "1.0.0")["state"], "pending")

    def test_threshold_of_managers(self):
        image = self.complete("1.0.0")
        self.begin(managers=("ann", "bob", "cid"), threshold=2)
        role = self.maker.platform_role([self.target("1.0.0", image)], version=2, by=("ann",))
        answer = self.put_role(role)
        self.assertEqual(answer["published"], [], "one alone releases nothing")
        (waits,) = answer["pending"]
        self.assertEqual((waits["missing"], waits["threshold"], waits["complete"], waits["waits_for"]), (1, 2, False, "signatures"))
        self.assertEqual(waits["signed_by"], [self.maker.key("ann").id])
        self.assertEqual(set(waits["keys"]), {self.maker.key(n).id for n in ("ann", "bob", "cid")})
        document = self.admin.call("GET", f"/api/v1{self.api}/tuf/pending/{waits['id']}")
        self.assertEqual(document, role)
        self.assertEqual(self.put_role(role)["published"], [], "the same signature twice is one")
        signed = role["signed"]
        bob = self.put_role({"signatures": [self.maker.key("bob").sign(signed)], "signed": signed})
        self.assertEqual(bob["published"][0], f"2.{self.name}.json")
        self.assertEqual(bob["published"][2:], ["timestamp.json"])
        cid = self.put_role({"signatures": [self.maker.key("cid").sign(signed)], "signed": signed})
        self.assertEqual(cid, {"published": [], "pending": []}, "a third is harmless")
        self.assertEqual(len(self.meta(f"2.{self.name}.json")["signatures"]), 2)
        self.assertEqual(self.chain()[self.name], 2)

    def test_the_shape_that_pages_are_tested_with(self):
        targets = [self.target("1.0.0", self.complete("1.0.0"))]
        self.begin(targets, managers=("ann", "bob"), threshold=2)
        self.put_role(self.maker.platform_role(targets, version=2, by=("ann",)))
        golden = json.loads((ROOT / "tests/vectors/api/tuf.json").read_text())
        self.assertEqual(shape(self.tuf()), shape(golden))

    def test_what_waits_can_be_taken_back(self):
        self.begin(managers=("ann", "bob"), threshold=2)
        (waits,) = self.put_role(self.maker.platform_role([], version=2, by=("ann",)))["pending"]
        path = f"{self.api}/tuf/pending/{waits['id']}"
        for wrong in ("0" * 64, waits["id"].upper(), waits["id"][:-1], "x" * 64):
            self.refused(404, "not-found", self.admin.delete, f"{self.api}/tuf/pending/{wrong}")
        self.admin.delete(path)
        self.refused(404, "not-found", self.admin.delete, path)
        self.refused(404, "not-found", self.admin.get, path)
        self.assertEqual(self.admin.get(f"{self.api}/tuf/pending"), {"pending": []})
        for public in (True, True, False):
            self.assertEqual(self.admin.patch(f"{self.api}/tuf", {"public_targets": public})["public_targets"], public)
        for wrong in ({}, {"public_targets": "yes"}, {"public_targets": None}, {"public_targets": True, "more": 1}):
            self.refused(400, "bad-json", self.admin.patch, f"{self.api}/tuf", wrong)
        told = self.admin.get(f"/audit?platform={self.name}&limit=3")["items"]
        self.assertEqual([e["action"] for e in told], ["tuf.change", "tuf.change", "tuf.remove"], "what changes nothing is no entry")
        self.assertEqual((told[1]["before"], told[1]["after"]), ({"public_targets": False}, {"public_targets": True}))
        self.assertEqual(told[2]["after"], {"files": f"2.{self.name}.json", "signed_sha256": waits["id"]})

    def test_wrong_signatures_do_not_count(self):
        self.begin(managers=("ann", "bob"), threshold=2)
        body = self.maker.platform_role([], version=2, by=())["signed"]
        ann = self.maker.key("ann").sign(body)
        wrong = {"keyid": self.maker.key("bob").id, "sig": ann["sig"]}
        stranger = self.maker.key("eve").sign(body)
        for only in ([wrong], [stranger], []):
            self.refused(422, "bad-signature", self.put_role, {"signatures": only, "signed": body})
        answer = self.put_role({"signatures": [wrong, ann, stranger], "signed": body})
        self.assertEqual((answer["published"], answer["pending"][0]["missing"]), ([], 1))
        kept = self.admin.call("GET", f"/api/v1{self.api}/tuf/pending/{answer['pending'][0]['id']}")
        self.assertEqual(kept["signatures"], [ann], "what is wrong or of a stranger is not kept")
        self.admin.delete(f"{self.api}/tuf/pending/{answer['pending'][0]['id']}")
        self.assertEqual(self.tuf()["pending"], [])
        self.assertEqual(self.put_role(self.maker.platform_role([], version=2, by=("bob",)))["published"], [])

    def test_one_key_under_two_names_is_one_signer(self):
        root = self.maker.root(self.tuf()["online"])
        self.put("root.json", root)
        ann = self.maker.key("ann")
        twin = {**ann.public, "x-note": "again"}
        double = self.maker.targets(managers=("ann",), threshold=2, by=())["signed"]
        double["delegations"]["keys"][keyid(twin)] = twin
        double["delegations"]["roles"][0]["keyids"].append(keyid(twin))
        self.put("targets.json", {"signatures": [self.maker.key("head").sign(double)], "signed": double})
        body = self.maker.platform_role([], by=())["signed"]
        one = ann.sign(body)
        answer = self.put_role({"signatures": [one, {"keyid": keyid(twin), "sig": one["sig"]}], "signed": body})
        self.assertEqual(answer["published"], [])

    def test_removed_manager(self):
        image = self.complete("1.0.0")
        self.begin(managers=("ann", "bob"), threshold=1)
        # bob goes: the role, signed by bob before, must be signed anew with it
        bobs = self.maker.platform_role([self.target("1.0.0", image)], version=2, by=("bob",))
        self.assertEqual(self.put_role(bobs)["published"][0], f"2.{self.name}.json")
        answer = self.put("targets.json", self.maker.targets(version=2, managers=("ann",)))
        self.assertEqual(answer["published"], [], "the standing role is bob's alone")
        self.assertEqual([(p["role"], p["waits_for"]) for p in answer["pending"]], [("targets", "role")])
        ann = self.put_role(self.maker.platform_role([self.target("1.0.0", image)], version=3, by=("ann",)))
        self.assertEqual(ann["published"][:2], ["2.targets.json", f"3.{self.name}.json"])
        self.refused(422, "bad-signature", self.put_role, self.maker.platform_role([], version=4, by=("bob",)))
        self.assertEqual(self.signed_by_people(), {"targets": 2, self.name: 3})

    def test_versions(self):
        self.begin()
        self.refused(409, "version-gap", self.put_role, self.maker.platform_role([], version=3))
        self.refused(409, "lower-version", self.put_role, self.maker.platform_role([], version=1, expires=later(7)))
        self.refused(400, "other-version", self.put, f"3.{self.name}.json", self.maker.platform_role([], version=2))
        self.refused(409, "version-gap", self.put, "root.json", self.maker.root(self.tuf()["online"], version=3))
        second = self.maker.platform_role([], version=2)
        self.put(f"2.{self.name}.json", second)
        self.put_role(self.maker.platform_role([], version=3))
        self.assertEqual(self.put_role(second), {"published": [], "pending": []}, "what stood before is no news")
        self.refused(422, "expired", self.put_role, self.maker.platform_role([], version=4, expires=later(-1)))
        self.refused(409, "made-ahead", self.put_role, self.maker.platform_role([], version=4, **{"x-otad-signed": later(2)}))
        self.assertEqual(self.put_role(self.maker.platform_role([], version=4, **{"x-otad-signed": later(0)}))["published"][0], f"4.{self.name}.json")

    def test_releases_never_go_back(self):
        one, two = self.complete("1.0.0"), self.complete("1.1.0", counter=2)
        self.begin([self.target("1.1.0", two, counter=2)])
        self.refused(409, "version-too-low", self.put_role, self.maker.platform_role([self.target("1.0.0", one)], version=2))
        self.put_role(self.maker.platform_role([], version=2))  # nothing on the channel is no way round
        self.refused(409, "version-too-low", self.put_role, self.maker.platform_role([self.target("1.0.0", one)], version=3))
        beta = self.maker.platform_role([self.target("1.0.0", one, channel="beta"), self.target("1.1.0", two, counter=2)], version=3)
        self.assertEqual(self.put_role(beta)["published"][0], f"3.{self.name}.json")

    def test_targets_are_what_is_stored(self):
        image = self.complete("1.0.0")
        self.begin()
        path, good = self.target("1.0.0", image)

        def refused(code, entry, where=path):
            self.refused(409, code, self.put_role, self.maker.platform_role([(where, entry)], version=2))
        refused("wrong-length", {**good, "length": good["length"] + 1})
        refused("wrong-hash", {**good, "hashes": {"sha256": "0" * 64}})
        refused("not-stored", good, f"1.0.1/{image.name}")
        refused("not-stored", good, "1.0.0/other.bin")
        refused("bad-path", good, image.name)
        refused("bad-path", good, f"1.0.0/deep/{image.name}")
        refused("bad-path", good, f"../{image.name}")
        refused("wrong-platform", {**good, "custom": {**good["custom"], "platform": "other"}})
        refused("wrong-version", {**good, "custom": {**good["custom"], "version": "1.0.1"}})
        refused("wrong-counter", {**good, "custom": {**good["custom"], "counter": 2}})
        refused("wrong-class", {**good, "custom": {**good["custom"], "hwClass": "00000000-0000-0000-0000-000000000000"}})
        refused("bad-custom", {**good, "custom": {**good["custom"], "channel": "gamma"}})
        refused("bad-custom", {k: v for k, v in good.items() if k != "custom"})
        self.admin.post(f"{self.api}/releases/1.0.0/withdraw", {"reason": "test"})
        refused("withdrawn", good)
        self.assertEqual(self.tuf()["pending"], [])

    def test_what_targets_may_delegate(self):
        self.put("root.json", self.maker.root(self.tuf()["online"]))
        for delegation in ({"paths": ["*"]}, {"paths": ["*/*", "a/b"]}, {"terminating": False}, {"name": "other"}):
            self.refused(409, "bad-delegation", self.put, "targets.json", self.maker.targets(delegation=delegation))
        self.refused(409, "bad-delegation", self.put, "targets.json", self.maker.targets(targets={"1.0.0/a": {"hashes": {"sha256": "0" * 64}, "length": 1}}))
        self.refused(409, "no-delegation", self.put_role, self.maker.platform_role([]))
        self.put("targets.json", self.maker.targets())
        further = self.maker.targets()["signed"]["delegations"]
        self.refused(409, "bad-delegation", self.put_role, self.maker.platform_role([], delegations=further))

    def test_roots(self):
        online = self.tuf()["online"]
        self.refused(409, "no-delegation", self.put, "targets.json", self.maker.targets())
        stranger = {**online, "timestamp": self.maker.key("eve").public}
        self.refused(409, "online-keys", self.put, "root.json", self.maker.root(stranger))
        self.refused(409, "not-consistent", self.put, "root.json", self.maker.root(online, consistent_snapshot=False))
        self.refused(409, "version-gap", self.put, "root.json", self.maker.root(online, version=2))
        self.refused(409, "too-many-keys", self.put, "root.json", self.maker.root(online, heads=[f"head{n}" for n in range(7)], by=("officer",)))
        self.refused(409, "wrong-platform", self.put, "root.json", self.maker.root(online, **{"x-otad-platform": "another"}))
        own = {"x-otad-platform": self.name}
        self.begin(root={"officers": ("una", "duo"), "threshold": 2, **own})
        nobodys = self.maker.root(online, version=2, officers=("una", "duo"), threshold=2)
        self.refused(409, "wrong-platform", self.put, "root.json", nobodys)
        new = self.maker.root(online, version=2, officers=("duo", "tri"), threshold=2, by=(), **own)["signed"]
        signed = {n: self.maker.key(n).sign(new) for n in ("una", "duo", "tri")}
        self.refused(422, "bad-signature", self.put, "root.json", {"signatures": [signed["tri"]], "signed": new})
        self.assertEqual(self.put("root.json", {"signatures": [signed["duo"], signed["tri"]], "signed": new})["published"], [],
                         "the old root's threshold counts too")
        self.assertEqual(self.put("root.json", {"signatures": [signed["una"]], "signed": new})["published"], ["2.root.json"])
        self.assertEqual(len(self.meta("2.root.json")["signatures"]), 3)
        self.assertEqual(self.meta("1.root.json")["signed"]["version"], 1, "old roots stay")
        # una alone is nobody now
        third = self.maker.root(online, version=3, officers=("una",), by=("una",))
        self.refused(422, "bad-signature", self.put, "root.json", third)
        # a root that takes targets' key away waits for targets signed by the new one
        fourth = self.maker.root(online, version=3, officers=("duo", "tri"), threshold=2, heads=("chief",), **own)
        self.assertEqual(self.put("root.json", fourth)["published"], [])
        self.assertEqual([(p["role"], p["complete"], p["waits_for"]) for p in self.tuf()["pending"]], [("root", True, "targets")])
        self.assertEqual(self.put("targets.json", self.maker.targets(version=2, by=("chief",)))["published"][:2], ["3.root.json", "2.targets.json"])

    def test_who_gives_the_first_root(self):
        """It says whom the platform trusts for ever."""
        online, ci, founder = self.tuf()["online"], *(self.otad.client().use_key(self.stack.ci_key(self.name, scopes)) for scopes in (
            ("release.upload", "release.manage"), ("release.manage", "platform.manage")))
        root = self.maker.root(online)
        self.refused(403, "forbidden", self.put, "root.json", root, ci)
        self.assertEqual(self.tuf()["pending"], [])
        self.assertEqual(self.put("root.json", root, founder)["published"], ["1.root.json"])
        self.assertEqual(self.put("root.json", self.maker.root(online, version=2), ci)["published"], ["2.root.json"])
        self.assertEqual(self.put("root.json", root, ci)["published"], [], "again is harmless")

    def test_a_root_needs_its_own_threshold(self):
        """The first one, and one whose officers are new: those before them are not enough."""
        online = self.tuf()["online"]
        first = self.maker.root(online, officers=("una", "duo"), threshold=2, by=("una",))
        (waits,) = self.put("root.json", first)["pending"]
        self.assertEqual((waits["complete"], waits["missing"]), (False, 1))
        duo = {"signatures": [self.maker.key("duo").sign(first["signed"])], "signed": first["signed"]}
        self.assertEqual(self.put("root.json", duo)["published"], ["1.root.json"])
        second = self.maker.root(online, version=2, officers=("tri", "qua"), threshold=2, by=("una", "duo", "tri"))
        (waits,) = self.put("root.json", second)["pending"]
        self.assertFalse(waits["complete"], "the old ones' two, and one of the new ones' two")
        qua = {"signatures": [self.maker.key("qua").sign(second["signed"])], "signed": second["signed"]}
        self.assertEqual(self.put("root.json", qua)["published"], ["2.root.json"])

    def test_what_expired_while_it_waited(self):
        self.begin()
        self.assertEqual(self.put("targets.json", self.maker.targets(version=2, managers=("bob",)))["published"], [])
        self.stack.sql("UPDATE otad.tuf_pending SET expires_at = now() - interval '1 day' WHERE platform_id = "
                       f"(SELECT platform_id FROM otad.platform WHERE name = '{self.name}')")
        self.assertEqual(self.put_role(self.maker.platform_role([], version=2, by=("bob",)))["published"], [])

    def test_what_was_withdrawn_while_it_waited(self):
        """A role is looked at again when what it waited for comes."""
        image = self.complete("1.0.0")
        body = self.maker.root(self.tuf()["online"], heads=("head", "chief"))["signed"]
        body["roles"]["targets"]["threshold"] = 2
        self.put("root.json", self.maker.signed(body, ("officer",)))
        self.put("targets.json", self.maker.targets(by=("head", "chief")))
        self.put_role(self.maker.platform_role([]))
        second = self.maker.targets(version=2, managers=("bob",), by=())["signed"]
        self.put("targets.json", self.maker.signed(second, ("head",)))
        (_, waits) = self.put_role(self.maker.platform_role([self.target("1.0.0", image)], version=2, by=("bob",)))["pending"]
        self.assertEqual((waits["complete"], waits["waits_for"]), (True, "targets"))
        self.admin.post(f"{self.api}/releases/1.0.0/withdraw", {"reason": "test"})
        answer = self.put("targets.json", self.maker.signed(second, ("chief",)))
        self.assertEqual((answer["published"], [p["complete"] for p in answer["pending"]]), ([], [True, True]))
        self.assertEqual(self.put_role(self.maker.platform_role([], version=2, by=("bob",)))["published"][:2], ["2.targets.json", f"2.{self.name}.json"])

    def test_our_own_keys_release_nothing(self):
        online = self.tuf()["online"]
        mine = keyid(online["timestamp"])
        for role in ("root", "targets"):
            body = self.maker.root(online)["signed"]
            body["roles"][role]["keyids"].append(mine)
            self.refused(409, "own-key", self.put, "root.json", self.maker.signed(body, ("officer",)))
        self.begin()
        body = self.maker.targets(version=2)["signed"]
        body["delegations"]["keys"][mine] = online["timestamp"]
        body["delegations"]["roles"][0]["keyids"].append(mine)
        self.refused(409, "own-key", self.put, "targets.json", self.maker.signed(body, ("head",)))

    def test_a_database_from_a_backup(self):
        """What otad signs goes on above what clients have seen."""
        self.begin()
        seen = self.chain()
        self.stack.sql(f"""UPDATE otad.tuf_file SET version = 1 WHERE role IN ('snapshot', 'timestamp')
            AND platform_id = (SELECT platform_id FROM otad.platform WHERE name = '{self.name}')""")
        self.put_role(self.maker.platform_role([], version=2))
        now = self.chain()
        self.assertGreater(now["snapshot"], 10 ** 9, "the time")
        for role in ("snapshot", "timestamp"):
            self.assertGreaterEqual(now[role], seen[role])

    def test_a_clock_that_was_ahead(self):
        """What counts for too long is made anew."""
        self.begin()
        self.stack.sql(f"""UPDATE otad.tuf_file SET expires_at = now() + '400 days' WHERE role IN ('snapshot', 'timestamp')
            AND platform_id = (SELECT platform_id FROM otad.platform WHERE name = '{self.name}')""")
        self.admin.patch(self.api + "/tuf", {"public_targets": False})  # so that memory reads it

        def lives():
            return {r["role"]: r["expires"] for r in self.tuf()["roles"]}
        wait_until("timestamp and snapshot to be made anew", lambda: lives()["timestamp"] <= later(2) and lives()["snapshot"] <= later(8))
        self.chain()

    def test_what_another_otad_has_just_published(self):
        self.begin()
        above = {role: version + 1 for role, version in self.chain().items() if role != "timestamp"}
        self.stack.sql("INSERT INTO otad.tuf_file (tenant_id, platform_id, role, version, body, expires_at, published_by) SELECT f.tenant_id, platform_id, "
                       "role, f.version + 1, f.body, f.expires_at, f.published_by FROM otad.tuf_file f JOIN otad.platform p USING (platform_id) "
                       f"WHERE p.name = '{self.name}' AND role <> 'timestamp'")
        for role, version in above.items():
            self.assertEqual(self.fetch(f"metadata/{version}.{role}.json").status, 200, role)
            self.assertEqual(self.fetch(f"metadata/{version + 1}.{role}.json").status, 404, role)
        self.assertEqual(self.fetch("metadata/2.root.json").status, 404, "which everybody asks for; memory answers")

    def test_hostile_bodies(self):
        self.begin()
        good = self.maker.platform_role([], version=2)
        path = f"/api/v1{self.api}/tuf/{self.name}.json"

        def status(body):
            answer = self.admin.request("PUT", path, body, {"Content-Type": "application/json"})
            return answer.status, answer.json()["code"]
        twice = canonical(good).replace(b'"version":2', b'"version":2,"version":2')
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", twice, b"[" * 400, canonical(good) + b"{}", canonical(good).replace(b'"version":2', b'"version":2.0')):
            self.assertEqual(status(body)[0], 400, body[:40])
        self.assertEqual(status(canonical({**good, "signed": {**good["signed"], "x-pad": "x" * 5000}}))[1], "too-long")
        for change in ({"_type": "root"}, {"spec_version": "2.0"}, {"version": 0}, {"version": -1}, {"expires": "tomorrow"}, {"targets": []}):
            self.assertEqual(status(canonical(self.maker.signed({**good["signed"], **change}, ("ann",))))[0], 400, change)
        for name in ("snapshot.json", "timestamp.json", "other.json", "root", "1.json"):
            self.refused(404, "not-found", self.put, name, good)
        self.assertEqual(self.tuf()["pending"], [])
        self.assertEqual(self.put_role(json.loads(json.dumps(good, indent=2)))["published"][0], f"2.{self.name}.json", "order and blanks do not matter")

    def test_the_queue_is_bounded(self):
        self.begin(managers=("ann", "bob"), threshold=2)
        for n in range(10):
            last = self.maker.platform_role([], version=2, by=("ann",), **{"x-n": n})
            answer = self.put_role(last)
        self.assertEqual(len(answer["pending"]), 8)
        bobs = {"signatures": [self.maker.key("bob").sign(last["signed"])], "signed": last["signed"]}
        self.assertEqual(self.put_role(bobs)["published"][0], f"2.{self.name}.json")
        self.assertEqual(self.tuf()["pending"], [], "what can no longer be published is gone")

    def test_only_what_is_listed_goes_out(self):
        one, two = self.complete("1.0.0"), self.complete("1.1.0")
        releases = f"{self.api}/releases"
        self.admin.post("/devices", {"id": self.name, "platform": self.name})
        self.begin([self.target("1.0.0", one)])
        self.admin.post(f"{releases}/1.0.0/release", {"channel": "stable"})
        self.refused(409, "not-in-targets", self.admin.post, f"{releases}/1.1.0/release", {"channel": "stable"})
        self.refused(409, "not-in-targets", self.stack.assign, self.name, "1.1.0")
        self.put_role(self.maker.platform_role([self.target("1.1.0", two)], version=2))
        self.admin.post(f"{releases}/1.1.0/release", {"channel": "stable"})
        self.refused(409, "not-in-targets", self.stack.assign, self.name, "1.0.0")
        self.assertEqual(self.stack.assign(self.name, "1.1.0")["state"], "pending")

    def test_what_was_released_before_is_kept_back(self):
        self.complete("1.0.0")
        self.admin.post(f"{self.api}/releases/1.0.0/release", {"channel": "stable"})
        self.admin.patch(self.api, {"follow_channel": True})
        made = self.admin.post("/devices", {"id": self.name, "platform": self.name})
        client = self.otad.client()
        client.headers = {"Authorization": f"TargetToken {made['token']}"}
        client.call("PUT", self.otad.device_url(self.name) + "/configData", {"mode": "merge", "data": {"fwVersion": "0.9.0"}})
        self.begin()
        self.assertNotIn("deploymentBase", client.call("GET", self.otad.device_url(self.name))["_links"])


class Stale(Repository):
    """What a device says of itself is shown with the reason, found, counted and told, until it says otherwise."""

    def beat(self, **body):
        self.client.call("POST", self.otad.device_url(self.name) + "/heartbeat", body)

    def shown(self):
        return self.admin.get(f"/devices/{self.name}")["stale"]

    def events(self):
        """A stream that has begun."""
        c = self.otad.client()
        s = http.client.HTTPSConnection(c.host, c.port, timeout=60, context=c.context)
        self.addCleanup(s.close)
        s.request("GET", "/api/v1/events", headers={"Authorization": "Bearer " + self.stack.ci_key(self.name, ("device.read",))})
        answer = s.getresponse()
        answer.readline()
        return answer

    def found(self, stale):
        return self.name in [d["id"] for d in self.admin.every(f"/devices?platform={self.name}&stale={stale}")]

    def counts(self):
        metric = [line for line in self.otad.client().request("GET", "/metrics").body.decode().splitlines() if line.startswith("otad_devices_stale ")]
        return self.admin.get(self.api)["stale_count"], self.admin.get(f"/statistics?platform={self.name}")["stale"], metric

    def test_stale(self):
        made = self.admin.post("/devices", {"id": self.name, "platform": self.name})
        self.client = self.otad.client().use_device(made["token"])
        self.assertIsNone(made["device"]["stale"])
        self.beat(slot="A")
        self.assertIsNone(self.shown())
        stream = self.events()
        self.beat(slot="A", stale=True)
        first = self.shown()
        self.assertEqual((first["why"], first["role"], first["expired_at"]), ("no-repository", None, None))
        told = next(line for line in iter(stream.readline, b"") if line.startswith(b"data: ") and b'"stale":{' in line)
        self.assertEqual(json.loads(told[6:])["stale"], first)
        self.begin()
        self.beat(stale=True)
        self.assertEqual(self.shown(), {**first, "why": "not-followed"})
        wait_until("the database to know", lambda: self.found("true"))
        self.assertFalse(self.found("false"))
        self.assertEqual(self.counts(), (1, 1, ["otad_devices_stale 1"]))
        blind = self.otad.client().use_key(self.stack.ci_key(self.name, ("release.read",)))
        self.assertEqual(blind.get(self.api)["stale_count"], 0, "for who may not see devices")
        # years later
        self.stack.sql(f"UPDATE otad.tuf_file SET expires_at = '2020-01-02' WHERE role = 'targets' AND "
                       f"platform_id = (SELECT platform_id FROM otad.platform WHERE name = '{self.name}')")
        self.admin.patch(self.api + "/tuf", {"public_targets": True})  # so that memory reads it
        self.assertEqual(self.shown(), {**first, "why": "metadata-expired", "role": "targets", "expired_at": "2020-01-02T00:00:00Z"})
        self.otad.stop()
        self.otad.start()
        self.assertEqual(self.shown()["since"], first["since"], "kept over a restart")
        self.client = self.otad.client().use_device(made["token"])
        self.beat(stale=True)
        self.assertEqual(self.shown()["since"], first["since"])
        self.beat(slot="A")
        self.assertIsNone(self.shown())
        wait_until("the database to know", lambda: self.found("false"))
        self.assertFalse(self.found("true"))
        self.assertEqual(self.counts(), (0, 0, ["otad_devices_stale 0"]))
        self.refused(400, "bad-query", self.admin.get, "/devices?stale=1")


class Director(Repository):
    NONCE = "00112233445566778899aabbccddeeff"

    def device(self):
        made = self.admin.post("/devices", {"id": self.name, "platform": self.name})
        client = self.otad.client()
        client.headers = {"Authorization": f"TargetToken {made['token']}"}
        return client

    def ask(self, client, nonce=NONCE):
        return client.request("GET", f"{self.otad.device_url(self.name)}/director?nonce={nonce}")

    def test_answer(self):
        client, url = self.device(), self.otad.device_url(self.name)
        self.assertNotIn("director", client.call("GET", url)["_links"])
        self.assertEqual(self.ask(client).status, 404, "no repository, no director")
        image = self.complete("1.0.0")
        self.begin([self.target("1.0.0", image)])
        self.assertEqual(client.call("GET", url)["_links"]["director"]["href"], f"{self.otad.url}{url}/director")
        answer = self.ask(client)
        self.assertLessEqual(len(answer.body), 640)
        self.assertEqual(canonical(answer.json()), answer.body)
        signed, (one,) = answer.json()["signed"], answer.json()["signatures"]
        self.assertEqual((signed["nonce"], signed["device"], signed["targets"], signed["_type"]), (self.NONCE, self.name, {}, "targets"))
        root = self.meta("1.root.json")["signed"]
        self.assertEqual(root["x-otad-director"]["keyids"], [one["keyid"]])
        self.assertTrue(verified(root["keys"][one["keyid"]], signed, one["sig"], self.folder))
        self.stack.assign(self.name, "1.0.0")
        assigned = self.ask(client)
        self.assertLessEqual(len(assigned.body), 1024)
        path, entry = self.target("1.0.0", image)
        self.assertEqual(assigned.json()["signed"]["targets"], {path: entry})
        self.assertGreaterEqual(assigned.json()["signed"]["version"], signed["version"])
        for nonce in ("", "0" * 31, "0" * 33, "G" * 32, "A" * 32):
            self.assertEqual(self.ask(client, nonce).status, 400, nonce)
        self.assertEqual(self.ask(self.otad.client()).status, 401)

    def test_of_several_files_the_one_that_the_agent_takes(self):
        client = self.device()
        names = ("a-notes.txt", "b-loader.img", "fw.bin", "z.bin")
        files = self.complete("1.0.0", names=names)
        self.begin([self.target("1.0.0", f) for f in files])
        self.stack.assign(self.name, "1.0.0")
        path, entry = self.target("1.0.0", files[names.index("fw.bin")])
        self.assertEqual(self.ask(client).json()["signed"]["targets"], {path: entry})
        base = self.otad.device_url(self.name)
        link = client.call("GET", base)["_links"]["deploymentBase"]["href"].removeprefix(self.otad.url)
        offered = [a["filename"] for a in client.call("GET", link)["deployment"]["chunks"][0]["artifacts"]]
        self.assertEqual(next(n for n in offered if n.endswith(".bin")), "fw.bin")
        # one that managers do not vouch for is not named, whatever else of the release they list
        self.put_role(self.maker.platform_role([self.target("1.0.0", files[0])], version=2))
        self.assertEqual(list(self.ask(client).json()["signed"]["targets"]), ["1.0.0/a-notes.txt"])

    def test_keys_are_rotated_without_a_stop(self):
        self.begin()
        client = self.device()
        state = self.otad.folder / "state"
        old = self.tuf()["online"]
        for role in old:
            fresh = self.maker.key(f"new-{role}")
            with open(os.open(state / f"tuf-{role}.next.pem", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(fresh.file.read_text())
        self.addCleanup(lambda: [(state / f"tuf-{role}.next.pem").unlink() for role in old] and self.reload(3))
        self.reload(6)
        online = self.tuf()["online"]
        self.assertEqual(online, {role: self.maker.key(f"new-{role}").public for role in old})
        self.assertEqual(self.ask(client).json()["signatures"][0]["keyid"], keyid(old["director"]), "until root names the new one")
        self.assertEqual(self.put("root.json", self.maker.root(online, version=2))["published"][0], "2.root.json")
        self.assertEqual(self.ask(client).json()["signatures"][0]["keyid"], keyid(online["director"]))
        self.assertEqual(self.meta("timestamp.json")["signatures"][0]["keyid"], keyid(online["timestamp"]))
        self.assertEqual(self.meta(f"{self.chain()['snapshot']}.snapshot.json")["signatures"][0]["keyid"], keyid(online["snapshot"]))
        self.chain()

    def reload(self, keys):
        self.otad.process.popen.send_signal(signal.SIGHUP)
        wait_until("otad to have read its keys again", lambda: len(self.tuf()["online_keys"]) == keys)


class Renewal(Repository):
    """Lives of seconds, so that renewals come while we look."""

    settings = {"tuf_timestamp_s": 4, "tuf_snapshot_s": 8}

    def test_timestamp_and_snapshot_are_renewed_once_with_replicas(self):
        self.begin([self.target("1.0.0", self.complete("1.0.0"))])
        replica = self.replica()
        seen = set()

        def renewed():
            for otad in (self.otad, replica):
                seen.add(self.chain(otad)["snapshot"])
            return len(seen) >= 3
        wait_until("two new snapshots", renewed, every_s=0.2)
        rows = self.stack.sql("SELECT count(*), max(version) FROM otad.tuf_file f JOIN otad.platform p USING (platform_id) "
                              f"WHERE p.name = '{self.name}' AND role = 'timestamp'")
        self.assertEqual(rows[0][0], "1", "the newest timestamp alone is kept")
        (old,) = self.stack.sql(f"""WITH f AS (SELECT f.* FROM otad.tuf_file f JOIN otad.platform p USING (platform_id) WHERE p.name = '{self.name}')
            SELECT count(*) FROM f, (SELECT published_at FROM f WHERE role = 'timestamp') last
             WHERE role = 'snapshot' AND expires_at < last.published_at AND version < (SELECT max(version) FROM f WHERE role = 'snapshot')""")
        self.assertEqual(old, ["0"], "of snapshots those that readers may be on their way through")
        for otad in (self.otad, replica):
            self.assertNotIn("metadata-not-renewed", otad.log_text())

    def test_readers_see_the_old_or_the_new_one(self):
        images = {v: self.complete(v) for v in ("1.0.0", "1.1.0", "1.2.0", "1.3.0")}
        versions = list(images)
        self.begin([self.target(versions[0], images[versions[0]])])
        stop = threading.Event()

        def read():
            walks = []
            while not stop.is_set():
                walks.append(self.chain()[self.name])
            return walks
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read) for _ in range(3)]
            try:
                for n, v in enumerate(versions[1:], 2):
                    self.put_role(self.maker.platform_role([self.target(v, images[v])], version=n))
            finally:
                stop.set()
            for r in readers:
                walks = r.result()
                self.assertEqual(walks, sorted(walks), "never back")
        self.assertEqual(self.chain()[self.name], 4)


if __name__ == "__main__":
    unittest.main()
