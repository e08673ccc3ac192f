#!/usr/bin/env python3
"""signer repo: several managers, each with a folder of their own, make a repository that devices believe (SPEC 10)."""
import base64
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve()
SIGNER = str(BUILD / "signer" / "signer")
KEYS = ROOT / "tests" / "vectors" / "keys"
DONE, FAILED, USAGE, NOT_AUTHENTIC = 0, 1, 2, 3
NAMES = ("r1", "r2", "r3", "t1", "t2", "t3", "p1", "p2", "p3", "online", "image", "stranger")
P256 = ("p3", "t3")
shared = None


def run(*args, status=DONE, **kwargs):
    r = subprocess.run([SIGNER, *map(str, args)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **kwargs)
    assert r.returncode == status, f"{args}: exit {r.returncode}, expected {status}\n{r.stdout}{r.stderr}"
    return r


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def setUpModule():
    """Keys, images and a finished repository, made once; every test works on copies."""
    global shared
    shared = tempfile.TemporaryDirectory()
    top = pathlib.Path(shared.name)
    for name in NAMES:
        run("keygen", "-t", "p256" if name in P256 else "ed25519", "-o", top / f"{name}.pem")
    app = top / "app.bin"
    app.write_bytes(bytes(range(256)) * 8)
    for version, counter in (("1.0.0", 1), ("1.1.0", 1), ("1.2.0", 2), ("1.3.0", 2), ("1.4.0", 2), ("2.0.0", 1), ("0.9.0", 5)):
        (top / version).mkdir()
        run("sign", "-k", top / "image.pem", "-v", version, "-s", counter, "-H", 64, "--pad-header", "--class", "board", app,
            top / version / "app.img")
    run("repo", "init", "-d", top / "repo", "--platform", "board", "--class", "board",
        *(a for n in ("r1", "r2", "r3") for a in ("--root-key", top / f"{n}.pub")),
        *(a for n in ("t1", "t2", "t3") for a in ("--targets-key", top / f"{n}.pub")),
        *(a for n in ("p1", "p2", "p3") for a in ("--platform-key", top / f"{n}.pub")), "--online-key", top / "online.pub")
    run("repo", "add-release", "-d", top / "repo", top / "1.0.0")
    for name in ("r1", "r2", "t1", "t3", "p1", "p2"):
        run("repo", "cosign", "-d", top / "repo", "-k", top / f"{name}.pem", "--yes")


def tearDownModule():
    shared.cleanup()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir, self.top = pathlib.Path(folder.name), pathlib.Path(shared.name)
        self.repo = self.dir / "repo"
        shutil.copytree(self.top / "repo", self.repo)

    def pem(self, name):
        return self.top / f"{name}.pem"

    def pub(self, name):
        return self.top / f"{name}.pub"

    def signer(self, verb, *args, status=DONE, repo=None):
        return run("repo", verb, "-d", repo or self.repo, *args, status=status)

    def cosign(self, *names, status=DONE, repo=None):
        for name in names:
            said = self.signer("cosign", "-k", self.pem(name), "--yes", status=status, repo=repo)
        return said

    def add(self, version, *args, status=DONE):
        return self.signer("add-release", *args, self.top / version, status=status)

    def status(self, *args):
        out = json.loads(self.signer("status", "--json", *args).stdout)
        return {r["role"]: r for r in out["roles"]}

    def verify(self, *args, status=DONE):
        return run("repo", "verify", *(args or (self.repo,)), status=status)

    def read(self, name):
        return json.loads((self.repo / name).read_text())

    def keyid(self, name):
        raw = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.pub(name), "-outform", "DER"], check=True, capture_output=True).stdout
        if name in P256:
            key = {"keytype": "ecdsa", "keyval": {"public": raw[-65:].hex()}, "scheme": "ecdsa-sha2-nistp256"}
        else:
            key = {"keytype": "ed25519", "keyval": {"public": raw[-32:].hex()}, "scheme": "ed25519"}
        return hashlib.sha256(canonical(key)).hexdigest()

    def sign(self, signed, *names):
        """A file signed with openssl, rules or no rules."""
        signatures = []
        for name in names:
            message = self.dir / "message"
            message.write_bytes(canonical(signed))
            args = [] if name in P256 else ["-rawin"]
            if name in P256:
                message.write_bytes(hashlib.sha256(canonical(signed)).digest())
            sig = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.pem(name), *args, "-in", message], check=True,
                                 capture_output=True).stdout
            signatures.append({"keyid": self.keyid(name), "sig": sig.hex()})
        return canonical({"signatures": sorted(signatures, key=lambda s: s["keyid"]), "signed": signed})

    def forge(self, name, change, *names):
        """The newest `name` changed by a function and signed by openssl, as version + 1 in a file of its own."""
        signed = self.read(name)["signed"]
        signed["version"] += 1
        change(signed)
        path = self.dir / f"{signed['version']}.{name.split('.', 1)[1]}"
        path.write_bytes(self.sign(signed, *names))
        return path


class Usage(Case):
    def test_help(self):
        text = run("repo", "--help").stdout
        for verb in ("init", "add-release", "cosign", "rotate", "revoke", "renew", "status", "verify", "publish", "pull"):
            self.assertIn(f"  {verb} ", text)
            said = run("repo", verb, "--help").stdout
            self.assertTrue(said.startswith(f"Usage: signer repo {verb} "), said)
            self.assertIn("Exit status", said)

    def test_wrong_usage(self):
        for args in ([], ["dance"], ["init"], ["init", "--platform", "p"], ["init", "--root-threshold", "0"], ["init", "--root-threshold", "5"],
                     ["add-release"], ["cosign"], ["rotate"], ["rotate", "--add", "x"], ["revoke"], ["revoke", "a", "b"], ["status", "x"],
                     ["status", "--time", "now"], ["publish"], ["publish", "--server", "https://x"], ["verify", "--nonsense"],
                     ["add-release", "--manifest", "m", "x"]):
            with self.subTest(args=args):
                self.assertRegex(run("repo", *args, status=USAGE).stderr, r"^signer: ")

    def test_no_repository(self):
        self.assertIn("is no repository", run("repo", "status", "-d", self.dir / "absent", status=FAILED).stderr)
        self.assertIn("no root", self.verify(self.dir, status=FAILED).stderr)


class Files(Case):
    def test_canonical_and_verified_by_openssl(self):
        for name, signers in (("1.root.json", ("r1", "r2")), ("1.targets.json", ("t1", "t3")), ("1.board.json", ("p1", "p2"))):
            raw = (self.repo / name).read_bytes()
            doc = json.loads(raw)
            self.assertEqual(raw, canonical(doc))
            self.assertLessEqual(len(raw), 4096)
            self.assertEqual({s["keyid"] for s in doc["signatures"]}, {self.keyid(n) for n in signers})
            for n in signers:
                sig, message = self.dir / "sig", self.dir / "message"
                sig.write_bytes(bytes.fromhex(next(s["sig"] for s in doc["signatures"] if s["keyid"] == self.keyid(n))))
                message.write_bytes(canonical(doc["signed"]))
                if n in P256:
                    subprocess.run(["openssl", "dgst", "-sha256", "-verify", self.pub(n), "-signature", sig, message], check=True,
                                   capture_output=True)
                else:
                    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.pub(n), "-rawin", "-in", message, "-sigfile",
                                    sig], check=True, capture_output=True)

    def test_contents(self):
        root, targets, role = (self.read(f"1.{n}.json")["signed"] for n in ("root", "targets", "board"))
        self.assertEqual(root["x-otad-director"], {"keyids": [self.keyid("online")], "threshold": 1})
        self.assertEqual(root["x-otad-platform"], "board")
        self.assertEqual(set(root["roles"]), {"root", "targets", "snapshot", "timestamp"})
        self.assertEqual(root["roles"]["root"]["threshold"], 2)
        self.assertIs(root["consistent_snapshot"], True)
        self.assertEqual(targets["targets"], {})
        self.assertEqual([(r["name"], r["paths"], r["terminating"], r["threshold"]) for r in targets["delegations"]["roles"]],
                         [("board", ["*/*"], True, 2)])
        image = (self.top / "1.0.0" / "app.img").read_bytes()
        self.assertEqual(role["targets"], {"1.0.0/app.img": {
            "custom": {"channel": "stable", "counter": 1, "hwClass": targets["x-otad-class"], "platform": "board", "version": "1.0.0"},
            "hashes": {"sha256": hashlib.sha256(image).hexdigest()}, "length": len(image)}})

    def test_verify_offline(self):
        out = json.loads(self.verify(self.repo, "--json").stdout)
        self.assertEqual((out["verdict"], out["platform"], out["root"], out["role"]), ("good", "board", 1, 1))
        self.assertEqual([i["path"] for i in out["images"]], ["1.0.0/app.img"])
        self.verify(*(self.repo / f"1.{n}.json" for n in ("root", "targets", "board")))
        self.verify(self.repo, "--root", self.repo / "1.root.json")

    def test_verify_refuses(self):
        for name, change, why in (
                ("1.root.json", lambda s: s["roles"]["root"].update(threshold=1), "threshold"),
                ("1.targets.json", lambda s: s["delegations"]["roles"][0].update(threshold=1), "threshold"),
                ("1.board.json", lambda s: s["targets"]["1.0.0/app.img"].update(length=1), "threshold")):
            doc = self.read(name)
            change(doc["signed"])
            was = (self.repo / name).read_bytes()
            (self.repo / name).write_bytes(canonical(doc))
            self.assertIn(why, self.verify(status=NOT_AUTHENTIC).stderr)
            (self.repo / name).write_bytes(was + b"\n")
            self.assertIn("not-canonical", self.verify(status=NOT_AUTHENTIC).stderr)
            (self.repo / name).unlink()
            self.verify(status=FAILED)
            (self.repo / name).write_bytes(was)
        self.assertIn("expired", self.verify(self.repo, "--time", "2099-01-01T00:00:00Z", status=NOT_AUTHENTIC).stderr)
        other = self.dir / "other.root.json"
        signed = self.read("1.root.json")["signed"]
        other.write_bytes(self.sign(signed, "stranger", "r1"))
        self.assertIn("threshold", self.verify(self.repo, "--root", other, status=NOT_AUTHENTIC).stderr)

    def test_verify_with_snapshot_and_timestamp(self):
        tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        common = {"expires": tomorrow, "spec_version": "1.0.34", "version": 1}
        listed = {n: {"hashes": {"sha256": hashlib.sha256((self.repo / f"1.{n}").read_bytes()).hexdigest()},
                      "length": (self.repo / f"1.{n}").stat().st_size, "version": 1} for n in ("targets.json", "board.json")}
        snapshot = self.sign({"_type": "snapshot", "meta": listed, **common}, "online")
        (self.repo / "1.snapshot.json").write_bytes(snapshot)
        (self.repo / "timestamp.json").write_bytes(self.sign({"_type": "timestamp", "meta": {"snapshot.json": {
            "hashes": {"sha256": hashlib.sha256(snapshot).hexdigest()}, "length": len(snapshot), "version": 1}}, **common}, "online"))
        self.assertEqual(json.loads(self.verify(self.repo, "--json").stdout)["snapshot"], 1)
        (self.repo / "1.snapshot.json").write_bytes(self.sign({"_type": "snapshot", "meta": {}, **common}, "online"))
        self.assertRegex(self.verify(status=NOT_AUTHENTIC).stderr, "length|hash")


class Managers(Case):
    """One alone cannot release; two can; the third is harmless; one who was removed does not count."""

    def stands(self, version=2):
        return (self.repo / f"{version}.board.json").exists()

    def test_one_cannot_two_can_three_are_harmless(self):
        self.add("1.1.0")
        self.cosign("p1")
        self.assertFalse(self.stands())
        self.assertEqual(self.status()["board"]["pending"]["missing"], 1)
        said = self.cosign("p1")  # twice is not two
        self.assertIn("has signed all", said.stderr)
        self.assertFalse(self.stands())
        self.assertIn("1.0.0/app.img", self.verify().stdout)
        self.assertNotIn("1.1.0", self.verify().stdout)
        self.cosign("p3")
        self.assertTrue(self.stands())
        self.assertIn("1.1.0/app.img", self.verify().stdout)
        before = (self.repo / "2.board.json").read_bytes()
        self.assertIn("nothing is pending", self.cosign("p2").stderr)
        self.assertEqual(before, (self.repo / "2.board.json").read_bytes())

    def test_each_on_their_own_machine(self):
        other = self.dir / "other"
        shutil.copytree(self.repo, other)
        self.add("1.1.0")
        self.signer("cosign", "-k", self.pem("p1"), "--yes", "-o", self.dir / "mail")
        self.assertFalse(self.stands())
        partial = self.dir / "mail" / "2.board.json"
        said = run("repo", "cosign", "-d", other, "-k", self.pem("p2"), "--yes", "-o", self.dir / "back", partial)
        self.assertIn("+ image 1.1.0/app.img: stable, counter 1", said.stderr)
        self.assertTrue((other / "2.board.json").exists())
        self.signer("cosign", self.dir / "back" / "2.board.json")  # without a key: signatures only
        self.assertEqual((other / "2.board.json").read_bytes(), (self.repo / "2.board.json").read_bytes())
        self.assertIn("stands already", self.signer("cosign", partial).stderr)

    def test_signatures_made_at_the_same_time_join(self):
        self.add("1.1.0")
        for name in ("p1", "p2", "p3"):
            copy = self.dir / name
            shutil.copytree(self.repo, copy)
            self.signer("cosign", "-k", self.pem(name), "--yes", "-o", self.dir / f"from-{name}", repo=copy)
        self.signer("cosign", *(self.dir / f"from-{n}" / "2.board.json" for n in ("p1", "p2", "p3")))
        self.assertEqual(len(self.read("2.board.json")["signatures"]), 3)
        self.verify()

    def test_a_removed_manager_counts_no_more(self):
        self.add("1.1.0")
        self.cosign("p1", "p2")
        self.signer("revoke", self.pub("p2"))
        state = self.status()
        self.assertIn(f"- key of board: {self.keyid('p2')} ed25519", state["targets"]["pending"]["changes"])
        self.assertEqual(state["board"]["pending"]["version"], 3)  # what p2 signed has too few now
        self.cosign("t1", "t2")
        self.assertIn("may sign nothing", self.cosign("p2", status=NOT_AUTHENTIC).stderr)
        self.cosign("p1")
        self.assertFalse(self.stands(3))
        self.assertIn("threshold", self.verify(status=NOT_AUTHENTIC).stderr)
        late = self.dir / "late.board.json"
        late.write_bytes(self.sign(self.read("pending/3.board.json")["signed"], "p2"))
        self.assertIn("may not sign", self.signer("cosign", late, status=NOT_AUTHENTIC).stderr)
        self.cosign("p3")
        self.assertTrue(self.stands(3))
        self.verify()

    def test_files_in_any_order(self):
        run("keygen", "-o", self.dir / "p4.pem")
        other = self.dir / "other"
        shutil.copytree(self.repo, other)
        self.signer("revoke", self.pub("p2"), "--add", self.dir / "p4.pub")
        self.cosign("t1", "p1")
        self.signer("cosign", "-k", self.dir / "p4.pem", "--yes")
        pending = self.repo / "pending"
        self.signer("cosign", "-k", self.pem("t2"), "--yes", pending / "2.board.json", pending / "2.targets.json", repo=other)
        self.verify(other)

    def test_stopped_after_it_began_to_stand(self):
        shutil.copy(self.repo / "1.board.json", self.repo / "pending" / "1.board.json")
        self.assertNotIn("pending", self.status()["board"])
        self.add("1.1.0")
        self.cosign("p1", "p2")
        self.verify()

    def test_a_revoked_key_that_was_not_needed(self):
        self.signer("revoke", self.keyid("p3")[:8])
        self.cosign("t1", "t2")
        self.assertTrue((self.repo / "2.targets.json").exists())
        self.assertNotIn("pending", self.status()["board"])
        self.verify()

    def test_root_is_rotated_by_old_and_new(self):
        run("keygen", "-o", self.dir / "r4.pem")
        self.signer("rotate", "--role", "root", "--add", self.dir / "r4.pub", "--remove", self.pub("r1"))
        self.cosign("r2")
        self.assertFalse((self.repo / "2.root.json").exists())
        self.signer("cosign", "-k", self.dir / "r4.pem", "--yes")  # new threshold met, old one not
        self.assertEqual(self.status()["root"]["pending"]["missing"], 0)
        self.assertEqual(self.status()["root"]["pending"]["by_the_root_before"]["missing"], 1)
        self.assertFalse((self.repo / "2.root.json").exists())
        self.cosign("r1")  # leaves, and says so
        self.assertTrue((self.repo / "2.root.json").exists())
        self.assertEqual(json.loads(self.verify(self.repo, "--json").stdout)["root"], 2)
        (self.repo / "1.root.json").unlink()
        self.verify()
        self.add("1.1.0")
        self.assertIn("may sign nothing", self.cosign("r1", status=NOT_AUTHENTIC).stderr)

    def test_online_keys_and_thresholds(self):
        run("keygen", "-o", self.dir / "next.pem")
        raw = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.dir / "next.pub", "-outform", "DER"], check=True, capture_output=True)
        key = {"keytype": "ed25519", "keyval": {"public": raw.stdout[-32:].hex()}, "scheme": "ed25519"}
        answer = self.dir / "answer.json"
        answer.write_text(json.dumps({"platform": "board", "online": {"snapshot": key, "timestamp": key, "director": key}}))
        self.signer("rotate", "--online", answer)
        self.signer("rotate", "--role", "targets", "--threshold", "3")  # no signature yet: the same root
        self.cosign("r1", "r3")
        root = self.read("2.root.json")["signed"]
        self.assertEqual(root["roles"]["targets"]["threshold"], 3)
        self.assertNotIn(self.keyid("online"), root["keys"])
        self.assertEqual(len(root["keys"]), 7)
        self.assertEqual(self.status()["targets"]["pending"]["missing"], 3)
        self.cosign("t1", "t2", "t3")
        self.verify()
        for text, why in (("{}", 'no "online"'), ('{"online":{"snapshot":{}}}', "neither ed25519"), ('{"online":{}}', "no online key")):
            answer.write_text(text)
            self.assertIn(why, self.signer("rotate", "--online", answer, status=FAILED).stderr)


class Inspect(Case):
    def test_metadata_and_keyids(self):
        said = json.loads(run("inspect", "--json", self.repo / "1.root.json").stdout)
        self.assertEqual((said["kind"], said["type"], said["version"]), ("repository-metadata", "root", 1))
        self.assertEqual(set(said["signatures_of"]), {self.keyid("r1"), self.keyid("r2")})
        self.assertIn(f"+ key of root: {self.keyid('r3')} ed25519", said["changes"])
        self.assertIn("+ threshold of root: 2 of 3", said["changes"])
        self.assertIn("+ image 1.0.0/app.img: stable, counter 1", run("inspect", self.repo / "1.board.json").stdout)
        for name in ("p1", "p3"):
            self.assertEqual(json.loads(run("inspect", "--json", self.pub(name)).stdout)["keyid"], self.keyid(name))
        broken = self.dir / "broken.json"
        broken.write_text("{}")
        self.assertIn("no repository metadata", run("inspect", broken, status=FAILED).stderr)
        broken.write_text("?")
        self.assertIn("N.root.json", run("inspect", broken, status=FAILED).stderr)


class Releases(Case):
    def heads(self):
        newest = max(self.repo.glob("**/*.board.json"), key=lambda p: int(p.name.split(".")[0]))
        return {p: t["custom"]["channel"] for p, t in json.loads(newest.read_text())["signed"]["targets"].items()}

    def release(self, version, *args):
        self.add(version, *args)
        self.cosign("p1", "p2")

    def test_four_are_kept_heads_first(self):
        self.release("1.1.0", "--channel", "beta")
        for version in ("1.2.0", "1.3.0", "1.4.0"):
            self.release(version)
        self.assertEqual(self.heads(), {"1.1.0/app.img": "beta", "1.2.0/app.img": "stable", "1.3.0/app.img": "stable",
                                        "1.4.0/app.img": "stable"})
        self.verify()

    def test_beta_becomes_stable(self):
        self.release("1.1.0", "--channel", "beta")
        self.release("1.1.0", "--channel", "stable")
        self.assertEqual(self.heads(), {"1.0.0/app.img": "stable", "1.1.0/app.img": "stable"})

    def test_more_before_the_first_signature(self):
        self.add("1.1.0")
        self.add("1.2.0", "--channel", "beta")
        self.assertEqual(len(self.heads()), 3)
        self.cosign("p1")
        said = self.add("1.3.0", status=FAILED)  # p1 signed something else
        self.assertIn("not overwritten", said.stderr)

    def test_refusals(self):
        self.release("1.2.0")
        self.assertIn("lower", self.add("1.1.0", status=NOT_AUTHENTIC).stderr)
        self.assertIn("app.img has security counter 1, 1.2.0/app.img 2", self.add("2.0.0", status=NOT_AUTHENTIC).stderr)
        self.assertIn("lower", self.add("0.9.0", status=NOT_AUTHENTIC).stderr)
        self.assertIn("channel", self.add("1.3.0", "--channel", "gold", status=FAILED).stderr)
        self.assertIn("version", self.add("1.3.0", "--version", "1.4.0", status=FAILED).stderr)
        self.assertIn("passed", self.add("1.3.0", "--expires", "2020-01-01T00:00:00Z", status=FAILED).stderr)
        self.assertIn("expiry", self.add("1.3.0", "--expires", "soon", status=FAILED).stderr)
        plain = self.dir / "plain"
        plain.mkdir()
        self.assertIn("no signed image", self.signer("add-release", plain, status=FAILED).stderr)
        self.assertEqual(list((self.repo / "pending").iterdir()), [])

    def test_another_class_or_other_contents(self):
        for name, args, status, why in (("class", ("--class", "other"), FAILED, "hardware class"),
                                        ("again", ("--class", "board", "--vid", "otad.example"), FAILED, "other contents")):
            folder = self.dir / name
            folder.mkdir()
            (self.dir / "app.bin").write_bytes(b"changed" * 100)
            run("sign", "-k", self.pem("image"), "-v", "1.0.0", "-s", 1, "-H", 64, "--pad-header", *args, self.dir / "app.bin", folder / "app.img")
            self.assertIn(why, self.signer("add-release", folder, status=status).stderr)

    def test_sums_and_release_key(self):
        folder = self.dir / "release"
        shutil.copytree(self.top / "1.1.0", folder)
        run("publish", "--platform", "board", "--version", "1.1.0", "-k", self.pem("image"), "--out", folder, folder / "app.img")
        self.assertIn("not signed by", self.signer("add-release", "--release-key", self.pub("stranger"), folder, status=NOT_AUTHENTIC).stderr)
        sums = folder / "SHA256SUMS"
        good = sums.read_text()
        sums.write_text(good.replace(good.split("= ")[1][:8], "0" * 8))
        self.assertIn("not as", self.signer("add-release", folder, status=NOT_AUTHENTIC).stderr)
        sums.write_text(good)
        self.signer("add-release", "--release-key", self.pub("image"), folder)

    def test_images_must_be_good_under_a_key_manifest(self):
        roots = [a for n in ("r1", "r2", "r3") for a in ("--root", self.pub(n))]
        boots = [a for n in ("r1", "r2", "r3") for a in ("--boot-root", self.pub(n))]
        for key, status in (("stranger", NOT_AUTHENTIC), ("image", DONE)):
            manifest = self.dir / f"{key}.manifest"
            run("keymanifest", "new", "--class", "board", "--sequence", 1, "--image-key", self.pub(key), "-o", manifest)
            for n in ("r1", "r2"):
                run("keymanifest", "cosign", "-k", self.pem(n), *roots, manifest)
            self.add("1.1.0", "--manifest", manifest, *boots, status=status)

    def test_too_large_for_a_device(self):
        folder = self.dir / "many"
        folder.mkdir()
        for i in range(14):
            shutil.copy(self.top / "1.1.0" / "app.img", folder / f"app{i}.img")
        self.assertIn("a device reads 4096", self.signer("add-release", folder, status=FAILED).stderr)


class Refusals(Case):
    """What another manager, or a thief of one key, sends to be signed."""

    def refuse(self, path, why, status, *, key="p2"):
        said = self.signer("cosign", "-k", self.pem(key), "--yes", path, status=status)
        self.assertIn(why, said.stderr)
        pending = self.repo / "pending"
        self.assertEqual(list(pending.iterdir()) if pending.exists() else [], [])

    def test_contents(self):
        image = "1.0.0/app.img"

        def move(to):
            return lambda s: s["targets"].update({to: s["targets"].pop(image)})

        def custom(**members):
            return lambda s: s["targets"][image]["custom"].update(members)

        for change, why, status in (
                (move("etc/passwd"), "outside the delegation", FAILED),
                (move("1.0.0/../../x"), "outside the delegation", FAILED),
                (move("app.img"), "outside the delegation", FAILED),
                (custom(platform="other"), "for platform other", FAILED),
                (custom(hwClass="00000000-0000-0000-0000-000000000000"), "hardware class", FAILED),
                (custom(channel="gold"), "no channel", FAILED),
                (custom(counter=0), "back from security counter", NOT_AUTHENTIC),
                (custom(more="?"), "not described as it must be", FAILED),
                (lambda s: s["targets"][image].update(length=7), "other contents", FAILED),
                (lambda s: s["targets"][image]["hashes"].update(sha256="0" * 64), "other contents", FAILED),
                (lambda s: s.update(expires="2020-01-01T00:00:00Z"), "expired", NOT_AUTHENTIC),
                (lambda s: s.update(surprise=1), "do not know", FAILED),
                (lambda s: s.update(version=1, expires="2099-01-01T00:00:00Z"), "version 2 is next", NOT_AUTHENTIC),
                (lambda s: s.update(version=9), "version 2 is next", NOT_AUTHENTIC)):
            with self.subTest(why=why):
                self.refuse(self.forge("1.board.json", change, "p1"), why, status)

    def test_a_lower_release(self):
        self.add("1.2.0")
        self.cosign("p1", "p2")

        def back(signed):
            signed["targets"].pop("1.2.0/app.img")

        self.refuse(self.forge("2.board.json", back, "p1"), "back from version 1.2.0", NOT_AUTHENTIC, key="p3")

    def test_a_lower_release_by_way_of_none(self):
        self.add("1.2.0")
        self.cosign("p1", "p2")
        self.signer("cosign", "-k", self.pem("p2"), "--yes", self.forge("2.board.json", lambda s: s["targets"].clear(), "p1"))
        self.assertTrue((self.repo / "3.board.json").exists())
        self.assertIn("back from version 1.2.0", self.add("1.1.0", status=NOT_AUTHENTIC).stderr)
        self.add("1.3.0")

    def test_signatures(self):
        same = lambda s: s.update(expires="2030-01-01T00:00:00Z")  # noqa: E731
        self.refuse(self.forge("1.board.json", same, "stranger"), "may not sign", NOT_AUTHENTIC)
        path = self.forge("1.board.json", same, "p1")
        doc = json.loads(path.read_text())
        doc["signatures"][0]["sig"] = "00" * 64
        path.write_bytes(canonical(doc))
        self.refuse(path, "is wrong", NOT_AUTHENTIC)
        self.signer("renew")
        self.assertIn("may sign nothing", self.cosign("stranger", status=NOT_AUTHENTIC).stderr)

    def test_targets_and_root(self):
        for name, change, signer, why in (
                ("1.targets.json", lambda s: s["delegations"]["roles"][0].update(paths=["*"]), "t1", "terminating"),
                ("1.targets.json", lambda s: s["delegations"]["roles"][0].update(terminating=False), "t1", "terminating"),
                ("1.targets.json", lambda s: s["targets"].update({"a/b": {}}), "t1", "belong to the platform's"),
                ("1.targets.json", lambda s: s["delegations"]["roles"][0].update(threshold=4), "t1", "cannot sign"),
                ("1.targets.json", lambda s: s["delegations"]["roles"].append({}), "t1", "its roles are not"),
                ("1.root.json", lambda s: s["roles"]["root"].update(threshold=0), "r1", "cannot sign"),
                ("1.targets.json", lambda s: s["delegations"]["roles"].append(s["delegations"]["roles"][0]), "t1", "terminating"),
                ("1.root.json", lambda s: s["roles"].update(mirror=s["roles"]["root"]), "r1", "nothing else"),
                ("1.root.json", lambda s: s["roles"]["root"].update(more=1), "r1", "nothing else"),
                ("1.root.json", lambda s: s.update({"x-otad-platform": "plank"}), "r1", "another platform"),
                ("1.root.json", lambda s: s.pop("x-otad-platform"), "r1", "no longer says"),
                ("1.root.json", lambda s: s["roles"]["root"]["keyids"].insert(0, 7), "r1", "its roles are not"),
                ("1.root.json", lambda s: s["roles"].update(root=s["roles"]["snapshot"]), "r1", "the server's")):
            with self.subTest(name=name, why=why):
                self.refuse(self.forge(name, change, signer), why, FAILED, key="r2" if signer == "r1" else "t2")

    def test_two_keyids_of_one_key(self):
        def twice(signed):
            key = dict(signed["keys"][self.keyid("r1")])
            signed["keys"]["0" * 64] = key
            signed["roles"]["root"]["keyids"] = sorted([*signed["roles"]["root"]["keyids"], "0" * 64])

        self.refuse(self.forge("1.root.json", twice, "r1"), "not the digest", FAILED, key="r2")

    def test_files_that_are_none(self):
        path = self.dir / "2.board.json"
        good = self.forge("1.board.json", lambda s: None, "p1").read_text()
        for text in ("", "{", "[]", "{}", good.replace('"version":2', '"version":2.5'), good.replace("1.0.0/app", "1.0.0/\\u00e9"),
                     good.replace('"version":2', '"version":2,"version":3'), good.replace('"sig":"', '"sig":"X'),
                     good.replace('"expires":"2', '"expires":"x'), good[:-1], '{"signatures":[],"signed":{"_type":"targets"}}'):
            path.write_text(text)
            self.assertIn("no repository metadata", self.signer("cosign", path, status=FAILED).stderr)

    def test_expired_root(self):
        self.signer("renew")
        said = self.signer("cosign", "-k", self.pem("p1"), "--yes", "--time", "2099-01-01T00:00:00Z", status=NOT_AUTHENTIC)
        self.assertIn("expired", said.stderr)
        (self.repo / "pending" / "2.board.json").unlink()
        self.signer("renew", "--expires", "2100-01-01T00:00:00Z")
        said = self.signer("cosign", "-k", self.pem("p1"), "--yes", "--time", "2099-01-01T00:00:00Z", status=NOT_AUTHENTIC)
        self.assertIn("root 1 expired", said.stderr)

    def test_nobody_is_asked(self):
        self.add("1.1.0")
        said = self.signer("cosign", "-k", self.pem("p1"), status=FAILED)
        self.assertIn("+ image 1.1.0/app.img", said.stderr)
        self.assertIn("nobody is there", said.stderr)
        self.assertEqual(self.read("pending/2.board.json")["signatures"], [])

    def test_init(self):
        def init(*args, platform="p", status=FAILED, root="r1", **_):
            return run("repo", "init", "-d", self.dir / "new", "--platform", platform, "--class", "c", "--root-key", self.pub(root),
                       "--targets-key", self.pub("t1"), "--platform-key", self.pub("p1"), *args, status=status).stderr

        online = ("--online-key", self.pub("online"))
        self.assertIn("no name", init(*online, platform="a/b"))
        self.assertIn("no name", init(*online, platform="timestamp"))
        self.assertIn("cannot sign", init(*online, "--root-threshold", 2))
        self.assertIn("the server's", init("--online-key", self.pub("t1")))
        self.assertIn("the server's", init("--online-key", self.pub("p1")))
        self.assertIn("already", init(*online, "--root-key", self.pub("r1")))
        many = [a for n in ("r2", "r3", "t2", "t3", "p1") for a in ("--root-key", self.pub(n))] + ["--targets-key", self.pub("p2"), "--root-threshold", 1]
        ring = [a for n in ("online", "image", "stranger") for a in ("--online-key", self.pub(n))]
        self.assertIn("11 different keys: a device knows 10", init(*many, *ring))
        self.assertFalse((self.dir / "new").exists())
        init(*many, *ring[:4], status=DONE)
        shutil.rmtree(self.dir / "new")
        init(*online, status=DONE)
        self.assertIn("is a repository already", init(*online))

    def test_sample_keys(self):
        der = bytes.fromhex("302a300506032b6570032100") + bytes.fromhex(  # RFC 8032, 7.1, test 1
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        sample = self.dir / "sample.pub"
        sample.write_text("-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der).decode() + "\n-----END PUBLIC KEY-----\n")
        self.assertIn("RFC 8032", self.signer("rotate", "--role", "board", "--add", sample, status=FAILED).stderr)

        def plant(signed):
            key = {"keytype": "ed25519", "keyval": {"public": der[-32:].hex()}, "scheme": "ed25519"}
            keyid = hashlib.sha256(canonical(key)).hexdigest()
            signed["delegations"]["keys"][keyid] = key
            signed["delegations"]["roles"][0]["keyids"] = sorted([*signed["delegations"]["roles"][0]["keyids"], keyid])

        self.refuse(self.forge("1.targets.json", plant, "t1"), "RFC 8032", FAILED, key="t2")


class Status(Case):
    def test_who_what_when(self):
        self.signer("renew", "root", "targets", "board", "--root-expires", "400", "--expires", "60")
        self.cosign("r1", "p1")
        state = self.status()
        self.assertEqual({n: r["version"] for n, r in state.items()}, {"root": 1, "targets": 1, "board": 1})
        self.assertEqual({n: (r["pending"]["version"], r["pending"]["missing"]) for n, r in state.items()},
                         {"root": (2, 1), "targets": (2, 2), "board": (2, 1)})
        self.assertEqual(state["root"]["pending"]["signed_by"], [self.keyid("r1")])
        self.assertEqual(set(state["root"]["pending"]["not_signed_by"]), {self.keyid("r2"), self.keyid("r3")})
        self.assertIn(state["board"]["pending"]["days_left"], (59, 60))
        self.assertTrue(self.status("--time", "2099-01-01T00:00:00Z")["root"]["expired"])
        self.cosign("p2")  # complete, but what stands above it is pending
        self.assertTrue(self.status()["board"]["pending"]["complete"])
        self.assertFalse((self.repo / "2.board.json").exists())
        self.cosign("r2", "t1", "t2")
        self.assertTrue((self.repo / "2.board.json").exists())
        self.verify()


if __name__ == "__main__":
    unittest.main()
