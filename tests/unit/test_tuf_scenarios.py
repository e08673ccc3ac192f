#!/usr/bin/env python3
"""tuf-client through the scenarios that the tuf-conformance suite (2.x) asks of a client, on repositories of our own making.  Where
another test here has the same one already, it is not repeated: tests/tuf/README.md says which is where."""
import hashlib
import json
import sys
import unittest

import test_tuf_client as client_tests
from tuf_maker import LONG_AGO, Key, KeyP256, KeyRsa, Repo

TOP = ("root", "snapshot", "targets", "timestamp")
FW = "1.0.0/fw.bin"


def bare(repo):
    """Nothing that lists a file says its length or digest."""
    for name in ("snapshot", "targets", repo.platform):
        repo.relist[name] = lambda entry: [entry.pop("hashes"), entry.pop("length")]
    return repo


class Scenario(client_tests.World):
    def trusted(self, c):
        """Versions of what the client trusts."""
        return {name.removesuffix(".json"): json.loads(data)["signed"]["version"] for name, data in c.files().items()}

    def refused(self, said):
        self.assertEqual(said[0], 1)


class Basics(Scenario):
    def test_download_refreshes_first(self):
        repo = Repo()
        c = self.client(repo)
        self.assertEqual(c.download("1.0.0/none")[1], "no-target")
        self.assertEqual(self.asked()[:4], ["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json"])
        self.assertEqual({n: v for n, v in self.trusted(c).items() if n in TOP}, dict.fromkeys(TOP, 1))

    def test_nothing_is_asked_after_a_first_root_that_is_wrong(self):
        def without_version(e):
            del e["signed"]["version"]

        def signed_otherwise(e):
            for s in e["signatures"]:
                s["sig"] = "00" * 64
        for n, spoil in enumerate((without_version, signed_otherwise)):
            repo = Repo()
            self.serve(repo)
            envelope = json.loads(repo.files["metadata/1.root.json"])
            spoil(envelope)
            c = client_tests.Client(self.base / f"c{n}", self.server, "r")
            self.refused(c.init(json.dumps(envelope).encode()))
            self.refused(c.refresh())
            self.assertEqual((self.asked(), c.files()), ([], {}))

    def test_what_precedes_an_unsigned_file_is_kept(self):
        for role, trusted in (("root", {"root": 1}), ("timestamp", {"root": 2}), ("snapshot", {"root": 2, "timestamp": 2}),
                              ("targets", {"root": 2, "timestamp": 2, "snapshot": 2})):
            repo = Repo()
            repo.publish().bump(*TOP).signers[role] = []
            c = self.client(repo, name=role)
            self.refused(c.refresh())
            self.assertEqual(self.trusted(c), trusted)

    def test_a_version_that_is_not_the_urls(self):
        for role, trusted in (("root", {"root": 1}), ("snapshot", {"root": 2, "timestamp": 2}), ("targets", {"root": 2, "timestamp": 2, "snapshot": 2})):
            repo = bare(Repo())
            repo.publish().bump(*TOP).edit[role] = lambda s: s.update(version=3)
            c = self.client(repo, name=role)
            self.assertEqual(c.refresh()[1], "version")
            self.assertEqual(self.trusted(c), trusted)

    def test_a_timestamp_of_the_same_version_changes_nothing(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        before = c.files()
        repo.relist["snapshot"] = lambda entry: entry.update(version=100)
        self.serve(repo)
        self.good(c.refresh())
        self.assertEqual((c.files(), self.asked()[-1]), (before, "metadata/timestamp.json"))

    def test_what_is_kept_is_what_was_served(self):
        repo = Repo()
        repo.raw["timestamp"] = lambda data: b" \n" + data + b" "
        c = self.client(repo)
        self.good(c.refresh())
        self.assertEqual(c.files()["timestamp.json"], repo.files["metadata/timestamp.json"])

    def test_a_wrong_digest_of_metadata(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        repo.bump("targets", "snapshot", "timestamp").relist["targets"] = lambda entry: entry["hashes"].update(sha256="00" * 32)
        self.serve(repo)
        self.assertEqual(c.refresh()[1:], ("hash", "2.targets.json"))
        self.assertEqual((self.trusted(c)["snapshot"], self.trusted(c)["targets"]), (2, 1))

    def test_members_of_our_own_everywhere(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        extra = Key("extra")
        extra.object["x-more"] = {"a": 1, "b": [2]}
        repo.bump("root").keys["root"] = repo.keys["root"] + [extra]

        def change(signed):
            signed["x-member"] = "value"
            signed["roles"]["root"]["x-another"] = "value"
        repo.edit["root"] = change
        self.serve(repo)
        self.good(c.refresh())
        self.assertEqual(self.trusted(c)["root"], 2)

    def test_files_that_are_missing(self):
        for role, trusted, last in (("timestamp", {}, "timestamp.json"), ("snapshot", {"timestamp": 2}, "2.snapshot.json"),
                                    ("targets", {"timestamp": 2, "snapshot": 2}, "2.targets.json")):
            repo = Repo()
            c = self.client(repo, name=role)
            self.good(c.refresh())
            self.serve(repo.bump("targets", "snapshot", "timestamp"))
            del self.server.trees["r"]["metadata/" + last]
            self.assertEqual(c.refresh()[1:], ("absent", last))
            self.assertEqual(self.asked()[-1], "metadata/" + last)
            self.assertEqual(self.trusted(c), {**dict.fromkeys(TOP, 1), **trusted})

    def test_a_snapshot_in_the_timestamps_place(self):
        """By a key that may sign both, and with all that a timestamp needs but the type."""
        repo = Repo()
        repo.keys["snapshot"] = repo.keys["snapshot"] + repo.keys["timestamp"]
        repo.edit["timestamp"] = lambda s: s.update(_type="snapshot")
        c = self.client(repo)
        self.assertEqual(c.refresh()[1:], ("type", "timestamp.json"))
        self.assertEqual(self.trusted(c), {"root": 1})


class Expiry(Scenario):
    def test_a_root_that_is_expired_is_kept_and_ends_it(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        repo.bump("root", "timestamp").expires["root"] = LONG_AGO
        self.serve(repo)
        self.assertEqual(c.refresh()[1], "expired")
        self.assertEqual(self.trusted(c), {**dict.fromkeys(TOP, 1), "root": 2})

    def test_what_is_expired_is_not_kept(self):
        for role, trusted in (("timestamp", {}), ("snapshot", {"timestamp": 2}), ("targets", {"timestamp": 2, "snapshot": 2}),
                              ("nrf52840", {"timestamp": 2, "snapshot": 2, "targets": 2})):
            repo = Repo()
            c = self.client(repo, name=role)
            self.good(c.download(FW))
            repo.bump("targets", "snapshot", "timestamp", repo.platform).expires[role] = LONG_AGO
            self.serve(repo)
            (c.got / "1.0.0%2Ffw.bin").unlink()
            self.assertEqual(c.download(FW)[1], "expired")
            self.assertEqual(self.trusted(c), {**dict.fromkeys((*TOP, "nrf52840"), 1), **trusted})
            self.assertEqual(list(c.got.iterdir()), [])

    def test_a_kept_role_expires(self):
        """It is not used any more, and does not stand in the way of its successor."""
        repo = Repo()
        c = self.client(repo)
        repo.expires[repo.platform] = LONG_AGO
        old = repo.publish().files["metadata/1.nrf52840.json"]
        self.serve(repo)
        (c.trusted / "nrf52840.json").write_bytes(old)
        self.assertEqual(c.download(FW)[1:], ("expired", "1.nrf52840.json"))
        del repo.expires[repo.platform]
        self.serve(repo.bump(repo.platform, "snapshot", "timestamp"))
        self.good(c.download(FW))
        self.assertEqual(self.trusted(c)["nrf52840"], 2)


class Keys(Scenario):
    def test_a_threshold_that_was_met_and_is_no_more(self):
        repo = Repo()
        repo.keys["snapshot"], repo.threshold["snapshot"] = [Key(f"s{n}") for n in range(3)], 3
        c = self.client(repo)
        self.good(c.refresh())
        repo.bump("snapshot", "timestamp").signers["snapshot"] = repo.keys["snapshot"][:2]
        self.serve(repo)
        self.assertEqual(c.refresh()[1], "threshold")
        self.assertEqual(self.trusted(c)["snapshot"], 1)

    def test_more_signatures_wanted_than_there_are_keys(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        repo.keys["snapshot"], repo.threshold["snapshot"] = [Key(f"s{n}") for n in range(5)], 6
        self.serve(repo.bump("root", "snapshot", "timestamp"))
        self.assertEqual(c.refresh()[1], "threshold")
        self.assertEqual((self.trusted(c)["root"], "snapshot" in self.trusted(c)), (2, False))

    def test_one_signature_nine_times(self):
        repo = Repo()
        repo.threshold["snapshot"] = 6
        repo.touch["snapshot"] = lambda e: e["signatures"].extend(e["signatures"] * 8)
        c = self.client(repo)
        self.assertEqual(c.refresh()[1:], ("twice", "1.snapshot.json"))

    def test_each_kind_of_key_is_wanted_and_wrong(self):
        """A root needs a key of that kind too; then the same with a signature that looks like one."""
        for n, (kind, wrong) in enumerate(((Key, "00" * 64), (KeyP256, "3006020101020101"), (KeyRsa, "5a" * 256))):
            repo, key = Repo(), kind(f"kind {n}")
            repo.indent = 1
            c = self.client(repo, name=f"kind-{n}")
            repo.bump("root").keys["root"] = repo.keys["root"] + [key]
            repo.threshold["root"] = 4
            self.serve(repo)
            self.good(c.refresh())
            repo.bump("root").touch["root"] = lambda e, i=key.id, s=wrong: next(x for x in e["signatures"] if x["keyid"] == i).update(sig=s)
            self.serve(repo)
            self.refused(c.refresh())
            self.assertEqual(self.trusted(c)["root"], 2)

    def test_a_wrong_signature_beside_enough_good_ones(self):
        """Of plausible form, of no form at all, empty, or a member that is none."""
        repo = Repo()
        good, other = Key("timestamp"), KeyP256("other")
        repo.indent = 1
        repo.keys["timestamp"] = [other, good]
        c = self.client(repo)
        for n, wrong in enumerate((other.sign(b"another message"), "", "zz", "0", "30" * 100)):
            repo.bump("timestamp").touch["timestamp"] = lambda e, w=wrong: e["signatures"][0].update(sig=w)
            self.serve(repo)
            self.good(c.refresh())
            self.assertEqual(self.trusted(c)["timestamp"], 2 + n)


class Rotations(Scenario):
    """Keys are numbers: (keys, threshold, signers) of each root; the last is refused where so said."""

    ROOTS = {
        "one key for another": [([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])],
        "with signatures of strangers": [([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])],
        "other three of five": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 2, 3, 4], 3, [0, 4, 1]), ([0, 1, 2, 3, 4], 3, [0, 1, 3])],
        "one of five rotated": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])],
        "one of five rotated by its successor": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4, 5]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])],
        "all of five rotated": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]), ([5, 6, 7, 8, 9], 3, [5, 6, 7])],
        "threshold raised": [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])],
        "threshold lowered": [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])],
        "threshold raised with a key": [([1], 1, [1]), ([1, 2], 2, [1, 2])],
        "old-threshold: not by the old key": [([1], 1, [1]), ([2], 1, [2, 3, 4])],
        "threshold: not by the new key": [([1], 1, [1]), ([2], 1, [1, 3, 4])],
        "threshold: not by three new ones": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])],
        "old-threshold: not by three old ones": [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])],
        "threshold: raised, and not reached": [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])],
        "old-threshold: lowered, and the old not reached": [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])],
    }
    ROLES = {"one key": ([2], 1, [2], True), "signatures of strangers": ([1], 1, [3, 1, 4], True), "the old key": ([2], 1, [1, 3, 4], False),
             "two of three and a stranger": ([0, 1, 3, 4, 5], 3, [0, 2, 4], False), "two of three": ([0, 1, 3, 4, 5], 3, [0, 4], False),
             **{f"{a}{b}{c} of five": ([0, 1, 2, 3, 4], 3, [a, b, c], True) for a, b, c in ((0, 2, 4), (0, 4, 1), (0, 1, 3), (1, 2, 3), (2, 3, 4))}}

    def key(self, n):
        return Key(f"rotation {n}")

    def test_roots(self):
        for n, (name, roots) in enumerate(self.ROOTS.items()):
            with self.subTest(name):
                repo = Repo()
                for version, (keys, threshold, signers) in enumerate(roots, 1):
                    repo.version["root"], repo.threshold["root"] = version, threshold
                    repo.keys["root"], repo.signers["root"] = [self.key(k) for k in keys], [self.key(k) for k in signers]
                    repo.publish()
                why = name.partition(": ")[0] if ": " in name else None
                c = self.client(repo, name=f"r{n}")
                self.assertEqual(c.refresh()[1], why)
                self.assertEqual(c.files()["root.json"], repo.files[f"metadata/{len(roots) - (why is not None)}.root.json"])

    def test_other_roles(self):
        for role in ("timestamp", "snapshot", "targets"):
            for n, (name, (keys, threshold, signers, accepted)) in enumerate(self.ROLES.items()):
                with self.subTest(name, role=role):
                    repo = Repo()
                    c = self.client(repo, name=f"{role}{n}")
                    repo.keys[role], repo.threshold[role] = [self.key(k) for k in keys], threshold
                    repo.signers[role] = [self.key(k) for k in signers]
                    self.serve(repo.bump("root"))
                    self.assertEqual(c.refresh()[1], None if accepted else "threshold")
                    self.assertEqual(f"{role}.json" in c.files(), accepted)


class Rollback(Scenario):
    """With digests in what lists files, and without."""

    def repos(self):
        for n, make in enumerate((lambda r: r, bare)):
            repo = make(Repo())
            for role in ("targets", "snapshot", "timestamp"):
                repo.version[role] = 2
            c = self.client(repo, name=f"r{n}")
            self.good(c.refresh())
            yield repo, c

    def test_snapshot_goes_back(self):
        for repo, c in self.repos():
            repo.version.update(snapshot=1, timestamp=3)
            self.serve(repo)
            self.assertEqual(c.refresh()[1:], ("rollback", "timestamp.json"))
            self.assertEqual((self.trusted(c)["timestamp"], self.trusted(c)["snapshot"]), (2, 2))
            self.assertEqual(self.asked()[-1], "metadata/timestamp.json")

    def test_snapshot_goes_back_unseen(self):
        """Not where the timestamp would say so: the one that is kept goes on."""
        for repo, c in self.repos():
            data = repo.files["metadata/timestamp.json"]
            repo.version["snapshot"] = 1
            repo.raw["timestamp"] = lambda _, data=data: data
            self.serve(repo)
            self.good(c.refresh())
            self.assertEqual((self.trusted(c)["snapshot"], self.asked()[-1]), (2, "metadata/timestamp.json"))

    def test_targets_go_back(self):
        for repo, c in self.repos():
            repo.version.update(targets=1, snapshot=3, timestamp=3)
            self.serve(repo)
            self.assertEqual(c.refresh()[1:], ("rollback", "3.snapshot.json"))
            self.assertEqual((self.trusted(c)["snapshot"], self.trusted(c)["targets"]), (2, 2))

    def test_timestamp_goes_back(self):
        for repo, c in self.repos():
            repo.version["timestamp"] = 1
            self.serve(repo)
            self.assertEqual(c.refresh()[1:], ("rollback", "timestamp.json"))
            self.assertEqual(self.trusted(c)["timestamp"], 2)


class Files(Scenario):
    def test_what_is_there_is_not_fetched_again(self):
        c = self.client(Repo())
        self.good(c.download(FW))
        self.server.asked.clear()
        self.good(c.download(FW))
        self.assertFalse([a for a in self.asked() if a.startswith("targets/")])

    def test_a_file_changes_again_and_again(self):
        """Each new one takes the place of the last; what the server has instead of it never does."""
        repo = Repo()
        c = self.client(repo)
        for n in range(6):
            repo.content[FW] = b"as of %d" % n
            self.serve(repo.bump(repo.platform, "snapshot", "timestamp"))
            if n % 2 == 0:
                self.good(c.download(FW))
                self.assertEqual([p.read_bytes() for p in c.got.iterdir()], [b"as of %d" % n])
                repo.content[FW] = b"as of %d, better" % n
                self.serve(repo.bump(repo.platform, "snapshot", "timestamp"))
                name = next(a for a in repo.files if a.startswith("targets/") and hashlib.sha256(repo.content[FW]).hexdigest() in a)
                repo.files[name] = b"as of %d, by him" % n
                self.refused(c.download(FW))
                self.assertEqual([p.read_bytes() for p in c.got.iterdir()], [b"as of %d" % n])

    def test_digests(self):
        algorithms = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
        for n, (names, accepted) in enumerate(((["sha256"], True), (["sha512"], True), (["sha256", "sha512"], True), (["sha999"], False),
                                               (["sha256", "sha999"], True))):
            repo = Repo()
            data = repo.content[FW]
            digests = {name: algorithms.get(name, hashlib.sha512)(data).hexdigest() for name in names}
            repo.edit[repo.platform] = lambda s, d=digests: s["targets"][FW].update(hashes=d)
            c = self.client(repo, name=f"d{n}")
            for digest in digests.values():
                self.server.trees["r"][f"targets/1.0.0/{digest}.fw.bin"] = data
            self.assertEqual(c.download(FW)[0], 0 if accepted else 1, names)
            self.assertEqual([p.read_bytes() for p in c.got.iterdir()], [data] if accepted else [])


class Graphs(Scenario):
    """Delegations as (delegator, name, terminating, paths), and who is asked, in order, for a path that nobody has."""

    GRAPHS = {
        "one": ("missing", "targets>A", "A"),
        "two": ("missing", "targets>A targets>B", "AB"),
        "two levels": ("missing", "targets>A targets>B B>C", "ABC"),
        "depth first": ("missing", "targets>A targets>B A>C A>D", "ACDB"),
        "three levels": ("missing", "targets>A targets>B A>C C>D", "ACDB"),
        "terminating": ("missing", "targets>A targets>B A>C! A>D", "AC"),
        "below a terminating one": ("missing", "targets>A targets>B A>C! C>D", "ACD"),
        "other paths": ("missing", "targets>A:*.py targets>B A>C", "B"),
        "other paths below": ("missing", "targets>A targets>B A>C:*.py C>D", "AB"),
        "a circle": ("missing", "targets>A targets>B B>C C>D D>B", "ABCD"),
        "two to one": ("missing", "targets>A targets>B B>C A>C", "ACB"),
        "two to one, by other paths": ("missing", "targets>A targets>B B>C A>C:*.py", "ABC"),
        "to itself": ("missing", "targets>A A>A", "A"),
        "not by all in the chain": ("releases/z/z1.zip", "targets>A:*.doc,*.md targets>B:releases/*/* B>C:releases/x/* B>D:releases/y/*.zip", "B"),
    }
    FOUND = {"README.md": "A", "releases/x/x1": "BC", "releases/y/y1.zip": "BD"}

    def graph(self, text):
        repo = Repo()
        repo.delegations, repo.listed, repo.content = [], {}, {}
        for edge in text.split():
            delegator, _, name = edge.partition(">")
            name, _, paths = name.partition(":")
            entry = {"name": name.rstrip("!"), "paths": (paths or "*").split(","), "terminating": name.endswith("!")}
            (repo.delegations if delegator == "targets" else repo.extra.setdefault(delegator, [])).append(entry)
            repo.keys.setdefault(entry["name"], [Key(entry["name"])])
            repo.version.setdefault(entry["name"], 1)
        return repo

    def asked_roles(self):
        return "".join(a.split(".")[1] for a in self.asked()[4:] if a.startswith("metadata/"))

    def test_who_is_asked_for_what_nobody_has(self):
        for n, (name, (path, edges, order)) in enumerate(self.GRAPHS.items()):
            with self.subTest(name):
                c = self.client(self.graph(edges), name=f"g{n}")
                self.assertEqual(c.download(path)[1], "no-target")
                self.assertEqual(self.asked_roles(), order)

    def test_who_has_it(self):
        for path, order in self.FOUND.items():
            repo = self.graph(self.GRAPHS["not by all in the chain"][1])
            repo.content = {p: b"by " + p.encode() for p in (*self.FOUND, "releases/z/z1.zip")}
            repo.listed = {"A": ["README.md"], "C": ["releases/x/x1"], "D": ["releases/y/y1.zip", "releases/z/z1.zip"]}
            c = self.client(repo, name=path.replace("/", "-"))
            self.good(c.download(path))
            self.assertEqual(self.asked_roles(), order)
            self.assertEqual([p.read_bytes() for p in c.got.iterdir()], [repo.content[path]])

    def test_two_delegators_want_two_keys(self):
        """A role that one of them vouched for is looked at again under the other's key."""
        repo = self.graph("targets>A!:a/* targets>B!:b/* A>C:a/* B>C:b/*")
        repo.content = {"a/fw": b"a", "b/fw": b"b"}
        repo.listed = {"C": list(repo.content)}

        def name_another(signed):
            key = Key("another")
            signed["delegations"]["keys"] = {key.id: key.object}
            signed["delegations"]["roles"][0]["keyids"] = [key.id]
        repo.edit["B"] = name_another
        c = self.client(repo)
        self.good(c.download("a/fw"))
        self.assertEqual(c.download("b/fw")[1:], ("threshold", "1.C.json"))


if __name__ == "__main__":
    sys.exit(unittest.main())
