#!/usr/bin/env python3
"""signer repo pull against a server of our own: what it takes, and that a server that lies in any way changes nothing."""
import datetime
import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import test_signer_publish as publish
import test_signer_repo as repo
from test_signer_repo import DONE, FAILED, NOT_AUTHENTIC, USAGE, canonical

BASE = "/api/v1/platforms/board/tuf"
METADATA = "/tuf/DEFAULT/board/metadata/"


def soon(days=1):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Handler(publish.Handler):
    """otad's side of pull: SPEC 8.18 and 10.9.  `strange` answers a path in another way."""

    def do_GET(self):
        server = self.server
        server.requests.append(self.path)
        if server.faults:
            return server.faults.pop(0)(self)
        if self.path in server.strange:
            return server.strange[self.path](self)
        if self.path == BASE:
            if self.headers["Authorization"] != f"Bearer {publish.API_KEY}":
                return self.problem(401, "bad-credentials", "unknown API key")
            return self.answer(200, {"platform": "board", "metadata": METADATA, "pending": [w for w, _ in server.waiting.values()], **server.more})
        if self.path.startswith(BASE + "/pending/") and self.path.rsplit("/", 1)[1] in server.waiting:
            return self.answer(200, server.waiting[self.path.rsplit("/", 1)[1]][1])
        if self.path.startswith(METADATA) and self.path[len(METADATA):] in server.files:
            return self.answer(200, server.files[self.path[len(METADATA):]])
        return self.problem(404, "not-found", "there is nothing at this address")


def endless(h):
    h.send_response(200)
    h.end_headers()
    h.close_connection = True
    try:
        while True:
            h.wfile.write(b" " * 65536)
    except OSError:
        pass


def cut(h):
    h.send_response(200)
    h.send_header("Content-Length", "900")
    h.end_headers()
    h.wfile.write(b'{"signatures":[')
    h.close_connection = True


def silent(h):
    """One byte, and then nothing until the client has gone."""
    h.send_response(200)
    h.send_header("Content-Length", "900")
    h.end_headers()
    h.wfile.write(b"{")
    h.wfile.flush()
    h.close_connection = True
    h.rfile.read(1)


def text(what, status=200):
    return lambda h: h.answer(status, what)


class Pull(repo.Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.shared = pathlib.Path(folder.name)
        cls.ca, cls.crt, cls.key = publish.certificate(cls.shared, "good", "IP:127.0.0.1")
        cls.other_ca = publish.certificate(cls.shared, "other", "DNS:elsewhere.example")[0]
        cls.api_key = cls.shared / "api-key"
        cls.api_key.write_text(publish.API_KEY + "\n")
        cls.api_key.chmod(0o600)

    def setUp(self):
        """self.repo is ann's machine, self.bob another one; the server has what ann published."""
        super().setUp()
        self.bob = self.dir / "bob"
        self.server = publish.Server(self.crt, self.key)
        self.server.RequestHandlerClass = Handler
        self.server.strange, self.server.more, self.server.waiting, self.server.files = {}, {}, {}, {}
        self.online = 0
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.serve(self.repo)

    # -- what the server has

    def serve(self, folder, **more):
        """All that stands in folder, with a new snapshot and timestamp."""
        for path in folder.glob("*.json"):
            self.server.files[path.name] = path.read_bytes()
        newest = {n: max((p for p in folder.glob(f"*.{n}.json")), key=lambda p: int(p.name.split(".")[0])) for n in ("targets", "board")}
        self.put_online({f"{n}.json": int(p.name.split(".")[0]) for n, p in newest.items()}, **more)

    def put_online(self, listed, keys=("online", "online"), expires=None, version=None):
        self.online = version or self.online + 1
        common = {"expires": expires or soon(), "spec_version": "1.0.34", "version": self.online}
        snapshot = self.sign({**common, "_type": "snapshot", "meta": {n: {"version": v} for n, v in listed.items()}}, keys[0])
        self.server.files[f"{self.online}.snapshot.json"] = snapshot
        meta = {"hashes": {"sha256": hashlib.sha256(snapshot).hexdigest()}, "length": len(snapshot), "version": self.online}
        self.server.files["timestamp.json"] = self.sign({**common, "_type": "timestamp", "meta": {"snapshot.json": meta}}, keys[1])

    def wait_there(self, path, role="board", **more):
        """A file waits in the queue."""
        doc = json.loads(pathlib.Path(path).read_bytes())
        key = hashlib.sha256(canonical(doc["signed"])).hexdigest()
        version = doc["signed"]["version"]
        entry = {"id": key, "role": role, "file": f"{version}.{role}.json", "version": version, "submitted_by": "CI", **more}
        self.server.waiting[key] = (entry, canonical(doc))
        return key

    # -- bob

    def pull(self, *args, status=DONE, folder=None, ca=None, root=None):
        folder = folder or self.bob
        start = () if list(folder.glob("**/1.root.json")) else ("--root", root or self.repo / "1.root.json", "--platform", "board")
        r = subprocess.run([repo.SIGNER, "repo", "pull", "-d", folder, "--server", self.server.url, "--ca", ca or self.ca, "--api-key-file",
                            self.api_key, "--retries", "0", *map(str, (*start, *args))], capture_output=True, text=True, timeout=100,
                           stdin=subprocess.DEVNULL)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        self.assertNotIn(publish.API_KEY, r.stdout + r.stderr)
        return r

    def tree(self, folder=None):
        folder = folder or self.bob
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()} if folder.exists() else None

    def refused(self, why, status=NOT_AUTHENTIC, *args, **kwargs):
        before = self.tree(kwargs.get("folder"))
        said = self.pull(*args, status=status, **kwargs)
        self.assertIn(why, said.stderr)
        self.assertEqual(self.tree(kwargs.get("folder")), before, "nothing is written, not even half")
        return said

    def news(self, *args, **kwargs):
        return {n["file"]: n["state"] for n in json.loads(self.pull("--json", *args, **kwargs).stdout)["news"]}


class Takes(Pull):
    def test_two_managers_on_two_machines(self):
        self.assertEqual(self.news(), {"1.root.json": "trusted", "1.targets.json": "published", "1.board.json": "published"})
        for name in ("1.root.json", "1.targets.json", "1.board.json"):
            self.assertEqual((self.bob / name).read_bytes(), (self.repo / name).read_bytes())
        self.verify(self.bob)
        self.assertEqual(self.news(), {}, "twice changes nothing")

        self.add("1.2.0")
        self.cosign("p1")
        self.wait_there(self.repo / "pending" / "2.board.json")
        said = self.pull().stdout
        digest = hashlib.sha256((self.top / "1.2.0" / "app.img").read_bytes()).hexdigest()
        self.assertIn(f"+ image 1.2.0/app.img: stable, counter 2, ", said)
        self.assertIn(digest, said)
        self.assertIn(f"signer repo cosign -d {self.bob}", said)
        self.assertEqual((self.bob / "pending" / "2.board.json").read_bytes(), (self.repo / "pending" / "2.board.json").read_bytes())
        self.cosign("p2", repo=self.bob)
        self.verify(self.bob)
        self.assertEqual(self.news(), {"2.board.json": "not on the server yet"})

        self.server.waiting = {}
        self.serve(self.bob)
        self.assertEqual(self.news(folder=self.repo), {"2.board.json": "published"})
        self.assertFalse((self.repo / "pending" / "2.board.json").exists(), "ann's has become what stands")
        self.verify(self.repo)

    def test_signatures_meet(self):
        """Each has signed the same file on their own machine; a pull brings both together."""
        self.pull()
        self.add("1.2.0")
        self.cosign("p1")
        pending = self.repo / "pending" / "2.board.json"
        alone = self.sign(json.loads(pending.read_bytes())["signed"], "p3")
        theirs = self.dir / "theirs.json"
        theirs.write_bytes(alone)
        self.wait_there(theirs)
        self.assertEqual(self.news(folder=self.repo), {"2.board.json": "has its signatures"})
        self.signer("cosign", "-k", self.pem("p2"), "--yes")
        self.assertTrue((self.repo / "2.board.json").exists())

    def test_the_first_root_waits(self):
        """Nothing stands yet: the first root comes by hand, targets and role from the queue."""
        for f in self.repo.glob("*.json"):
            f.unlink()
        self.server.files.clear()
        shutil.rmtree(self.repo)
        keys = [a for role, names in (("root", ("r1", "r2")), ("targets", ("t1", "t2")), ("platform", ("p1", "p2"))) for n in names
                for a in (f"--{role}-key", self.pub(n))]
        self.signer("init", "--platform", "board", "--class", "board", *keys, "--online-key", self.pub("online"))
        self.cosign("r1", "t1", "p1")
        root = shutil.copy(self.repo / "pending" / "1.root.json", self.dir)
        for role in ("root", "targets", "board"):
            self.wait_there(self.repo / "pending" / f"1.{role}.json", role)
        self.assertEqual(self.news(root=root), {f"1.{n}.json": "waits for signatures" for n in ("root", "targets", "board")})
        self.cosign("r2", "t2", "p2", repo=self.bob)
        self.verify(self.bob)
        self.server.waiting.clear()
        self.serve(self.bob)
        cy = self.dir / "cy"  # with the root as it was when one had signed it
        self.assertEqual(self.news(root=root, folder=cy), {"1.root.json": "trusted", "1.targets.json": "published", "1.board.json": "published"})
        self.verify(cy)
        self.assertEqual(self.news(folder=self.repo)["1.root.json"], "trusted", "ann's own was pending until now")
        self.assertEqual(list((self.repo / "pending").iterdir()), [])
        self.server.files["1.root.json"] = self.sign(json.loads(pathlib.Path(root).read_bytes())["signed"] | {"expires": "2098-01-01T00:00:00Z"}, "r1", "r2")
        self.refused("is not the root that is pending", FAILED, folder=self.dir / "dan", root=root)

    def test_new_roots_and_new_keys(self):
        self.pull()
        for _ in range(2):
            self.signer("renew", "root")
            self.cosign("r1", "r2")
        self.signer("rotate", "--role", "root", "--online-key", self.pub("stranger"), "--add", self.pub("t3"))
        self.cosign("r1", "r2", "t3")
        self.assertTrue((self.repo / "4.root.json").exists())
        self.online = 0  # other online keys: their versions begin anew
        self.serve(self.repo, keys=("stranger", "stranger"))
        self.pull()
        self.assertEqual(sorted(p.name for p in self.bob.glob("*.root.json")), [f"{n}.root.json" for n in (1, 2, 3, 4)])
        self.verify(self.bob)

    def test_more_roots_than_a_device_takes_at_once(self):
        root = json.loads((self.repo / "1.root.json").read_bytes())["signed"]
        for version in range(2, 36):
            (self.repo / f"{version}.root.json").write_bytes(self.sign({**root, "version": version}, "r1", "r2"))
        self.serve(self.repo)
        self.pull()
        self.assertEqual((self.bob / "35.root.json").read_bytes(), (self.repo / "35.root.json").read_bytes())
        self.verify(self.bob)

    def test_overtaken(self):
        """What bob had proposed was not what was published: it is put aside, and the new state goes on."""
        self.pull()
        self.signer("add-release", self.top / "1.1.0", repo=self.bob)
        self.cosign("p3", repo=self.bob)
        mine = (self.bob / "pending" / "2.board.json").read_bytes()
        self.add("1.2.0")
        self.cosign("p1", "p2")
        self.serve(self.repo)
        self.assertEqual(self.news()["2.board.json"], "overtaken: another one was published")
        self.assertEqual((self.bob / "overtaken" / "2.board.json").read_bytes(), mine)
        self.assertEqual((self.bob / "2.board.json").read_bytes(), (self.repo / "2.board.json").read_bytes())
        self.signer("status", repo=self.bob)

    def test_what_has_expired_can_be_taken_to_be_renewed(self):
        self.serve(self.repo, expires="2099-12-31T00:00:00Z")
        said = self.pull("--time", "2099-01-01T00:00:00Z")
        self.assertIn("signer repo renew board", said.stderr)
        self.signer("renew", "board", "--time", "2099-01-01T00:00:00Z", "--expires", "2099-02-01T00:00:00Z", repo=self.bob)

    def test_dry_run(self):
        self.assertIn("published", self.pull("--dry-run").stdout)
        self.assertIsNone(self.tree())

    def test_several_wait(self):
        self.pull()
        ids = []
        for version, key in (("1.1.0", "p1"), ("1.2.0", "p2")):
            other = self.dir / version
            shutil.copytree(self.repo, other)
            self.signer("add-release", self.top / version, repo=other)
            self.cosign(key, repo=other)
            ids.append(self.wait_there(other / "pending" / "2.board.json", submitted_by=key))
        said = self.refused("several files wait", FAILED).stderr
        for part in (ids[0][:12], ids[1][:12], "+ image 1.1.0/app.img", "+ image 1.2.0/app.img", "sent by p2"):
            self.assertIn(part, said)
        self.pull("--id", ids[1][:10])
        self.assertIn(b"1.2.0/app.img", (self.bob / "pending" / "2.board.json").read_bytes())
        self.pull()  # the one that is here is the one
        self.refused("is not the board that is pending", FAILED, "--id", ids[0])


class Refuses(Pull):
    """The server, or whoever stands before it, is the attacker."""

    def file(self, name, what, **kwargs):
        self.server.strange[METADATA + name] = what
        said = self.refused(*kwargs.pop("expect"), **kwargs)
        del self.server.strange[METADATA + name]
        return said

    def test_every_file_cut_endless_silent_or_no_metadata(self):
        for name in ("timestamp.json", "1.snapshot.json", "1.targets.json", "1.board.json", "2.root.json"):
            with self.subTest(name):
                self.assertIn(name, self.file(name, endless, expect=("more than the", FAILED)).stderr)
                self.assertIn(name, self.file(name, cut, expect=("nothing was taken", FAILED)).stderr)
                self.assertIn(name, self.file(name, text(b"{}"), expect=(f"the server's {name} is refused", NOT_AUTHENTIC)).stderr)
                self.file(name, text(b"<html>"), expect=(f"the server's {name} is refused",))
                self.file(name, text(b"no", 500), expect=(f"{name}: the server answers 500", FAILED))
        self.server.strange[METADATA + "1.board.json"] = silent
        self.refused("Timeout was reached", FAILED, "--timeout", "1")

    def test_the_list_itself(self):
        for what, why in ((endless, "more than the"), (cut, self.server.url), (text(b"<html>"), "no JSON"), (text(b"[]"), "where its metadata are"),
                          (text({"metadata": METADATA}), "no \"pending\""), (text({"metadata": "https://elsewhere/", "pending": []}), "where its metadata"),
                          (text({"metadata": "/tuf/../../x/", "pending": []}), "where its metadata are"),
                          (text({"metadata": METADATA, "pending": [{"role": "board"}]}), "not understood"),
                          (text({"metadata": METADATA, "pending": [{"role": "x", "id": "0" * 64, "version": 2}]}), "another role"),
                          (text({"metadata": METADATA, "pending": [{"role": "board", "id": "../" * 21 + "0", "version": 2}]}), "not understood"),
                          (text({"metadata": METADATA, "pending": [{"role": "board", "id": "0" * 64, "version": 2}] * 33}), "no longer there")):
            with self.subTest(why=why):
                self.server.strange = {BASE: what}
                self.refused(why, FAILED)

    def test_a_file_that_is_gone(self):
        for name in ("1.snapshot.json", "1.targets.json", "1.board.json"):
            kept = self.server.files.pop(name)
            self.refused("absent")
            self.server.files[name] = kept
        self.pull()
        del self.server.files["timestamp.json"]
        self.refused("timestamp.json is refused: it must be there and is not (absent)")  # it was there before: now it is hidden

    def test_signed_by_others(self):
        for name, by in (("timestamp.json", "stranger"), ("1.targets.json", "p1"), ("1.board.json", "p1"), ("1.board.json", "t1")):
            with self.subTest(name=name, by=by):
                signed = json.loads(self.server.files[name])["signed"]
                self.file(name, text(self.sign(signed, by)), expect=("threshold",))
        root = json.loads((self.repo / "1.root.json").read_bytes())["signed"]
        self.file("2.root.json", text(self.sign({**root, "version": 2}, "r1", "stranger")), expect=("old-threshold",))
        self.file("2.root.json", text(self.sign({**root, "version": 3}, "r1", "r2")), expect=("version",))

    def test_a_root_that_this_signer_has_no_words_for(self):
        root = json.loads((self.repo / "1.root.json").read_bytes())["signed"]
        self.server.files["2.root.json"] = self.sign({**root, "version": 2, "x-more": 1}, "r1", "r2")
        self.refused("'x-more' that we do not know", FAILED)

    def test_set_back(self):
        early = dict(self.server.files)
        self.add("1.2.0")
        self.cosign("p1", "p2")
        self.serve(self.repo)
        self.pull()
        self.server.files = early
        self.refused("timestamp.json is refused: it is older than what was seen before (rollback)")
        self.put_online({"targets.json": 1, "board.json": 1}, version=9)
        self.refused("9.snapshot.json is refused: it is older than what was seen before (rollback)")
        self.put_online({"targets.json": 1}, version=10)
        self.refused("vanished")

    def test_an_old_state_to_somebody_new(self):
        self.serve(self.repo, expires="2020-01-01T00:00:00Z")
        self.assertIn("clock", self.refused("timestamp.json expired").stderr)

    def test_mixed_up(self):
        self.add("1.2.0")
        self.cosign("p1", "p2")
        self.server.files["2.board.json"] = (self.repo / "1.board.json").read_bytes()
        self.put_online({"targets.json": 1, "board.json": 2})
        self.refused("2.board.json is refused: it is not the version that it must be (version)")

    def test_two_of_one_version(self):
        """Managers who signed twice: both lists have their signatures, and bob has the other one."""
        self.pull()
        self.add("1.2.0")
        self.cosign("p1", "p2")
        self.signer("add-release", self.top / "1.1.0", repo=self.bob)
        self.cosign("p2", "p3", repo=self.bob)
        self.serve(self.repo)
        self.refused("another one on the server")

    def test_a_release_taken_back_by_enough(self):
        self.add("1.2.0")
        self.cosign("p1", "p2")
        self.serve(self.repo)
        self.pull()
        signed = json.loads((self.repo / "1.board.json").read_bytes())["signed"]
        self.server.files["3.board.json"] = self.sign({**signed, "version": 3}, "p1", "p2")
        self.put_online({"targets.json": 1, "board.json": 3})
        self.refused("back from version 1.2.0")

    def test_the_queue(self):
        self.pull()
        self.add("1.2.0")
        self.cosign("p1")
        path = self.repo / "pending" / "2.board.json"
        doc = json.loads(path.read_bytes())
        key = self.wait_there(path)
        url = f"{BASE}/pending/{key}"

        def other(**members):
            return {**doc, "signed": {**doc["signed"], **members}}
        for what, why, status in ((endless, "more than the", FAILED), (cut, "the waiting board", FAILED), (silent, "Timeout was reached", FAILED),
                                  (text(b"{}"), "no repository metadata", FAILED), (text(canonical(other(version=3))), "not what the server says", 3),
                                  (text(canonical(other(expires="2098-01-01T00:00:00Z"))), "not what the server says", NOT_AUTHENTIC),
                                  (text((self.repo / "1.targets.json").read_bytes()), "not what the server says", NOT_AUTHENTIC),
                                  (text(b"gone", 404), "pull again", FAILED), (text(b"no", 403), "403", FAILED)):
            with self.subTest(why=why):
                self.server.strange = {url: what}
                self.refused(why, status, "--timeout", "1" if what is silent else "60")
        self.server.strange = {}
        wrong = {**doc, "signatures": [{**doc["signatures"][0], "sig": "00" * 64}]}
        self.server.waiting[key] = (self.server.waiting[key][0], canonical(wrong))
        self.refused("is wrong")
        self.server.waiting[key] = (self.server.waiting[key][0], self.sign(doc["signed"], "stranger"))
        self.refused("may not sign")
        self.server.waiting.clear()
        self.wait_there(self.forge("1.targets.json", lambda s: None, "t1"))  # as if it were the platform's role
        self.refused("not what the server says")
        self.server.waiting.clear()
        bad = self.forge("1.board.json", lambda s: s["targets"]["1.0.0/app.img"]["custom"].update(platform="other"), "p1")
        self.wait_there(bad)
        self.refused("for platform other", FAILED)

    def test_no_trust_no_pull(self):
        r = subprocess.run([repo.SIGNER, "repo", "pull", "-d", self.bob, "--platform", "board", "--server", self.server.url, "--ca", self.ca,
                            "--api-key-file", self.api_key], capture_output=True, text=True, timeout=100)
        self.assertEqual(r.returncode, FAILED)
        self.assertIn("--root FILE", r.stderr)
        self.assertEqual((self.server.requests, self.tree()), ([], None), "nobody is asked before there is a root")
        self.pull()
        other = self.dir / "other.json"
        other.write_bytes(self.sign(json.loads((self.repo / "1.root.json").read_bytes())["signed"] | {"expires": "2098-01-01T00:00:00Z"}, "r1", "r2"))
        self.refused("none of the roots", FAILED, "--root", other)
        self.pull("--root", self.repo / "1.root.json")
        self.refused("is of the platform board", FAILED, "--platform", "other")

    def test_tls_and_key(self):
        self.refused("is not the server that it should be", FAILED, ca=self.other_ca)
        self.assertEqual(self.server.requests, [])
        self.server.faults = [lambda h: h.problem(401, "bad-credentials", "unknown API key")]
        self.refused("is the API key right", FAILED)

    def test_usage(self):
        for args in ([], ["--server", "https://x"], ["--server", "https://x", "--ca", "x", "operand"], ["--timeout", "-1"], ["--retries", "101"]):
            repo.run("repo", "pull", *args, status=USAGE)


def setUpModule():
    repo.setUpModule()


def tearDownModule():
    repo.tearDownModule()


if __name__ == "__main__":
    unittest.main()
