#!/usr/bin/env python3
"""tuf-client through the life of good repositories: what it asks for, what it keeps, and what it takes of whom."""
import hashlib
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from tuf_client import DEVICE, HOST, Client  # noqa: E402
from tuf_maker import LONG_AGO, Key, KeyP256, KeyP256Point, KeyRsa, Repo, Server  # noqa: E402

PATH = "1.1.0/fw.bin"



def put_in(member, value):
    def change(d):
        d[member] = value
    return change


class World(unittest.TestCase):
    """One server, one client, and a repository that lives."""

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = pathlib.Path(folder.name)

    def client(self, repo, *options, name="client"):
        """A client that was given the repository's first root."""
        c = Client(self.base / name, self.server, "r", options)
        self.serve(repo)
        self.assertEqual(c.init(repo.files["metadata/1.root.json"]), (0, None, None))
        return c

    def serve(self, repo):
        self.server.trees["r"] = repo.publish().files
        self.server.asked.clear()

    def asked(self):
        return [a.removeprefix("/r/") for a in self.server.asked]

    def good(self, said):
        self.assertEqual(said, (0, None, None))


class Workflow(World):
    def test_first_update_and_the_next_that_finds_nothing_new(self):
        for options in (HOST, DEVICE):
            repo = Repo()
            c = self.client(repo, *options, name="c" + "".join(options))
            self.good(c.download("1.0.0/fw.bin"))
            target = next(n for n in repo.files if n.startswith("targets/"))
            self.assertEqual(self.asked(), ["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json",
                                            "metadata/1.targets.json", "metadata/1.nrf52840.json", target])
            self.assertEqual({p.name: p.read_bytes() for p in c.got.iterdir()}, {"1.0.0%2Ffw.bin": repo.files[target]})
            self.assertEqual(c.files(), {"root.json": repo.files["metadata/1.root.json"],
                                         "timestamp.json": repo.files["metadata/timestamp.json"],
                                         "snapshot.json": repo.files["metadata/1.snapshot.json"],
                                         "targets.json": repo.files["metadata/1.targets.json"],
                                         "nrf52840.json": repo.files["metadata/1.nrf52840.json"]})
            self.server.asked.clear()
            self.good(c.download("1.0.0/fw.bin"))
            self.assertEqual(self.asked(), ["metadata/2.root.json", "metadata/timestamp.json"])

    def test_refresh_alone_and_a_target_that_nobody_has(self):
        c = self.client(Repo())
        self.good(c.refresh())
        self.assertNotIn("nrf52840.json", c.files())
        self.assertEqual(c.download("1.0.0/none.bin"), (1, "no-target", "1.0.0/none.bin"))

    def test_without_consistent_snapshots(self):
        repo = Repo()
        repo.consistent = False
        c = self.client(repo)
        self.good(c.download("1.0.0/fw.bin"))
        self.assertEqual(self.asked()[1:], ["metadata/timestamp.json", "metadata/snapshot.json", "metadata/targets.json",
                                            "metadata/nrf52840.json", "targets/1.0.0/fw.bin"])

    def test_every_key_is_rotated(self):
        for options in (HOST, DEVICE):
            repo = Repo()
            c = self.client(repo, *options, name="c" + "".join(options))
            self.good(c.download("1.0.0/fw.bin"))
            for n in range(3):
                for role in ("root", "targets", "snapshot", "timestamp"):
                    repo.rotate(role, *[f"{role}{n}{i}" for i in range(len(repo.keys[role]))]).bump("targets").new_release(f"1.{n}.0/{role}")
                    self.serve(repo)
                self.good(c.download(f"1.{n}.0/timestamp"))
            self.assertEqual(c.files()["root.json"], repo.files["metadata/13.root.json"])

    def test_one_root_cannot_be_left_out(self):
        repo = Repo()
        c = self.client(repo)
        for n in range(2):
            repo.rotate("root", f"x{n}", f"y{n}", f"z{n}")
            self.serve(repo)
        repo.roots["metadata/2.root.json"] = repo.roots["metadata/3.root.json"]
        self.serve(repo)
        self.assertEqual(c.refresh()[1:], ("old-threshold", "2.root.json"))

    def test_a_cycle_takes_so_many_roots(self):
        """SPEC 10.4: a device 32; the next cycle goes on from there."""
        repo = Repo()
        c = self.client(repo, *DEVICE)
        for _ in range(39):
            repo.bump("root").publish()
        self.serve(repo)
        for version in (33, 40):
            self.good(c.refresh())
            self.assertEqual(json.loads(c.files()["root.json"])["signed"]["version"], version)

    def test_what_a_device_counts_for_a_role(self):
        """SPEC 10.4: eight keys, four signatures."""
        for keys, threshold, reason in ((8, 4, None), (9, 2, "limit"), (5, 5, "limit")):
            repo = Repo()
            repo.keys[repo.platform] = [Key(f"p{n}") for n in range(keys)]
            repo.signers[repo.platform] = repo.keys[repo.platform][:threshold]
            repo.threshold[repo.platform] = threshold
            for options in (HOST, DEVICE):
                c = self.client(repo, *options, name=f"{keys}-{threshold}" + "".join(options))
                self.assertEqual(c.download("1.0.0/fw.bin")[1], reason if options == DEVICE else None)

    def test_no_more_signatures_are_looked_at_than_keys_can_be(self):
        for strangers, reason in ((63, None), (64, "limit")):
            repo = Repo()
            repo.touch["timestamp"] = lambda e, n=strangers: e["signatures"].extend(
                {"keyid": Key(f"stranger {i}").id, "sig": "00" * 64} for i in range(n))
            self.assertEqual(self.client(repo, name=str(strangers)).refresh()[1], reason)

    def test_fast_forward_is_recovered_by_new_keys(self):
        """New keys for either of the two are enough, though what the other signed still verifies."""
        for n, rotated in enumerate((("timestamp",), ("snapshot",), ("timestamp", "snapshot"))):
            repo = Repo()
            c = self.client(repo, *(DEVICE if n == 2 else HOST), name=str(n))
            good = repo.copy()
            for role in ("timestamp", "snapshot", "targets"):
                repo.version[role] = 9007199254740991
            self.serve(repo)
            self.good(c.refresh())
            self.serve(good.bump("timestamp", "snapshot"))
            self.assertEqual(c.refresh()[1], "rollback")
            for role in rotated:
                good.rotate(role, role + "-new")
            good.version["root"] = 2
            self.serve(good)
            self.good(c.refresh())
            self.assertEqual(c.files()["targets.json"], good.files["metadata/1.targets.json"])

    def test_local_files_that_expired_are_still_the_reference(self):
        repo = Repo()
        c = self.client(repo)
        for role in ("timestamp", "snapshot"):
            repo.version[role] = 5
        self.serve(repo)
        self.good(c.refresh())
        repo.expires["timestamp"] = LONG_AGO
        repo.bump("timestamp").publish()
        (c.trusted / "timestamp.json").write_bytes(repo.files["metadata/timestamp.json"])
        repo.expires["timestamp"] = "2099-01-01T00:00:00Z"
        repo.version["timestamp"] = 5
        self.serve(repo)
        self.assertEqual(c.refresh()[1:], ("rollback", "timestamp.json"))
        repo.version["timestamp"] = 7
        self.serve(repo)
        self.good(c.refresh())

    def test_the_same_timestamp_for_ever(self):
        """Nothing new is an answer until what we have expires."""
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        repo.expires["timestamp"] = LONG_AGO
        self.serve(repo.bump("timestamp"))
        (c.trusted / "timestamp.json").write_bytes(repo.files["metadata/timestamp.json"])
        self.assertEqual(c.refresh(), (1, "expired", "timestamp.json"))

    def test_one_version_of_a_snapshot_twice(self):
        """What the timestamp lists counts, not that we have a snapshot of this number."""
        repo = Repo()
        c = self.client(repo)
        self.good(c.refresh())
        repo.expires["snapshot"] = "2098-01-01T00:00:00Z"
        self.serve(repo.bump("timestamp"))
        self.good(c.refresh())
        self.assertEqual(c.files()["snapshot.json"], repo.files["metadata/1.snapshot.json"])

    def test_a_cached_role_is_verified_against_its_delegator_of_today(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.download("1.0.0/fw.bin"))
        served = repo.files["metadata/1.nrf52840.json"]
        repo.keys[repo.platform] = [Key("p1"), Key("p9")]
        repo.bump("targets", "snapshot", "timestamp").raw[repo.platform] = lambda data: served
        repo.relist[repo.platform] = lambda entry: [entry.pop("hashes"), entry.pop("length")]
        self.serve(repo)
        self.assertEqual(c.download("1.0.0/fw.bin")[1:], ("threshold", "1.nrf52840.json"))

    def test_broken_local_files_are_fetched_again(self):
        repo = Repo()
        c = self.client(repo)
        self.good(c.download("1.0.0/fw.bin"))
        want = c.files()
        for name in ("timestamp.json", "snapshot.json", "targets.json", "nrf52840.json"):
            (c.trusted / name).write_bytes(want[name][:-9])
            self.good(c.download("1.0.0/fw.bin"))
            self.assertEqual(c.files(), want)
        (c.got / "1.0.0%2Ffw.bin").write_bytes(b"other")
        self.good(c.download("1.0.0/fw.bin"))
        self.assertEqual((c.got / "1.0.0%2Ffw.bin").read_bytes(), repo.content["1.0.0/fw.bin"])

    def test_a_first_root_has_to_sign_itself(self):
        repo = Repo()
        c = self.client(repo)
        repo.signers["root"] = repo.keys["root"][:1]
        self.assertEqual(c.init(repo.publish().files["metadata/1.root.json"]), (1, "threshold", "root.json"))
        del repo.signers["root"]
        repo.expires["root"] = LONG_AGO
        self.good(c.init(repo.publish().files["metadata/1.root.json"]))
        self.assertEqual(c.refresh()[1], "expired")

    def test_thresholds_of_one_platform(self):
        """One manager alone can't, two can, a third does no harm, a wrong third neither."""
        repo = Repo()
        p = [Key("p1"), Key("p2"), Key("p3")]
        repo.keys[repo.platform] = p
        c = self.client(repo)
        for n, (signers, verdict) in enumerate([(p[:1], 1), (p[1:], 0), (p, 0), (p[:1] + [Key("x")], 1), ([Key("x")] + p[:2], 0)]):
            path = f"1.{n}.0/fw"
            repo.signers[repo.platform] = signers
            self.serve(repo.new_release(path))
            self.assertEqual(c.download(path)[0], verdict, n)


class Forms(World):
    def test_json_of_any_form_is_for_hosts_alone(self):
        repo = Repo()
        repo.indent = 1
        self.good(self.client(repo, name="host").download("1.0.0/fw.bin"))
        c = Client(self.base / "device", self.server, "r", DEVICE)
        self.assertEqual(c.init(repo.files["metadata/1.root.json"]), (1, "not-canonical", "root.json"))

    def test_members_in_any_order_and_escapes(self):
        repo = Repo()
        repo.raw["timestamp"] = lambda data: (lambda e: ('{"signed" :' + json.dumps(dict(reversed(e["signed"].items()))).replace("t", "\\u0074")
                                                         .replace("\\u0074rue", "true") + ',\r\n\t"signatures":'
                                                         + json.dumps(e["signatures"]) + "}").encode())(json.loads(data))
        self.good(self.client(repo).refresh())

    def test_beyond_ascii_is_refused(self):
        for n, text in enumerate(("\u00e4", "\u0000", "\U0001f600")):
            repo = Repo()
            repo.indent = 0
            repo.edit["timestamp"] = put_in("x-note", text)
            self.assertEqual(self.client(repo, name=str(n)).refresh()[1:], ("not-canonical", "timestamp.json"))

    def test_p256(self):
        repo = Repo(new_key=KeyP256)
        repo.indent = 1  # PEM has newlines: canonical bytes are no JSON
        c = self.client(repo)
        self.good(c.download("1.0.0/fw.bin"))
        repo.new_release().signers[repo.platform] = repo.keys[repo.platform][:1]
        self.serve(repo)
        self.assertEqual(c.download(PATH)[1], "threshold")

    def test_p256_as_a_point_for_devices(self):
        repo = Repo(new_key=KeyP256Point)
        for name in ("root", "targets"):
            repo.keys[name] = repo.keys[name][:2]  # DER is longer: with three, root is no 4,096 bytes
        c = self.client(repo, *DEVICE)
        self.good(c.download("1.0.0/fw.bin"))
        repo.new_release().signers[repo.platform] = repo.keys[repo.platform][:1]
        self.serve(repo)
        self.assertEqual(c.download(PATH)[1], "threshold")

    def test_keyids_that_are_names(self):
        class Named(Key):
            id = property(lambda self: "key-" + self.object["keyval"]["public"][:8])
        repo = Repo(new_key=Named)
        c = Client(self.base / "c", self.server, "r", ("--opaque-keyids",))
        self.serve(repo)
        self.good(c.init(repo.files["metadata/1.root.json"]))
        self.good(c.download("1.0.0/fw.bin"))
        strict = Client(self.base / "strict", self.server, "r")
        self.assertEqual(strict.init(repo.files["metadata/1.root.json"])[1], "keyid")

    def test_a_key_with_members_of_its_own_keeps_its_keyid(self):
        repo = Repo()
        repo.keys["timestamp"][0].object["keyid_hash_algorithms"] = ["sha256", "sha512"]
        self.good(self.client(repo).refresh())

    def test_keys_of_other_kinds_sign_nothing_and_do_no_harm(self):
        repo = Repo()
        other = Key("other")
        other.object = {"keytype": "sphincs", "keyval": {"public": "00"}, "scheme": "sphincs-shake-128s"}
        repo.keys["timestamp"].append(other)
        self.good(self.client(repo).refresh())
        repo.threshold["timestamp"] = 2
        self.serve(repo.bump("root", "timestamp"))
        self.assertEqual(Client(self.base / "client", self.server, "r").refresh()[1], "threshold")

    def test_rsa_counts_for_hosts_alone(self):
        """A role of three keys of three kinds and a threshold of two: one is RSA, and no device counts it."""
        repo = Repo()
        rsa = KeyRsa("rsa")
        three = repo.keys["targets"] = [Key("t1"), KeyP256Point("t2"), rsa]
        repo.keys["root"] = repo.keys["root"][:2]  # a device's root has 4,096 bytes
        repo.indent = 1
        c = self.client(repo)
        for n, (signers, verdict) in enumerate([(three, None), ([three[0], rsa], None), ([rsa], "threshold"),
                                                ([rsa, KeyRsa("x")], "threshold"), (three[1:], None)]):
            repo.signers["targets"] = signers
            self.serve(repo.bump("targets", "snapshot", "timestamp"))
            self.assertEqual(c.refresh()[1], verdict, n)
        repo.indent = None
        rsa.object["keyval"]["public"] = rsa.object["keyval"]["public"].replace("\n", " ")  # canonical: no line ends
        device = Client(self.base / "device", self.server, "r", DEVICE)
        repo.signers["targets"] = three[:2]
        self.serve(repo)
        self.good(device.init(repo.files["metadata/1.root.json"]))
        self.good(device.refresh())
        repo.signers["targets"] = three[1:]
        self.serve(repo.bump("targets", "snapshot", "timestamp"))
        self.assertEqual(device.refresh()[1:], ("threshold", f"{repo.version['targets']}.targets.json"))


class Delegations(World):
    def chain(self, repo, role, *below):
        """role delegates to others: (name, paths, terminating)."""
        entries = [{"name": n, "paths": p, "terminating": t} for n, p, t in below]
        if role == "targets":
            repo.delegations = entries
        else:
            repo.extra[role] = entries
        for name, _, _ in below:
            repo.keys.setdefault(name, [Key(name)])
            repo.version.setdefault(name, 1)

    def looked_at(self):
        return [a.split(".", 1)[1].removesuffix(".json") for a in self.asked()[4:] if a.startswith("metadata/")]

    def test_order_is_depth_first(self):
        repo = Repo()
        self.chain(repo, "targets", ("a", ["*"], False), ("b", ["*"], False))
        self.chain(repo, "a", ("a1", ["*"], False), ("a2", ["x*"], False), ("a3", ["*"], False))
        self.chain(repo, "a1", ("a", ["*"], False), ("b", ["*"], False))
        c = self.client(repo)
        self.assertEqual(c.download("fw")[1], "no-target")
        self.assertEqual(self.looked_at(), ["a", "a1", "b", "a3"])

    def test_terminating_asks_nobody_else(self):
        repo = Repo()
        self.chain(repo, "targets", ("a", ["*"], False), ("z", ["*"], False))
        self.chain(repo, "a", ("a1", ["*"], True), ("a2", ["*"], False))
        self.chain(repo, "a1", ("deep", ["*"], False))
        c = self.client(repo)
        self.assertEqual(c.download("fw")[1], "no-target")
        self.assertEqual(self.looked_at(), ["a", "a1", "deep"])

    def test_a_role_signs_for_its_own_paths_only(self):
        """b lists a target that only a may list."""
        repo = Repo()
        self.chain(repo, "targets", ("a", ["a/*"], False), ("b", ["b/*"], False))
        repo.content["a/fw"] = b"by b"
        repo.listed = {"b": ["a/fw"]}
        c = self.client(repo)
        self.assertEqual(c.download("a/fw")[1], "no-target")
        self.assertEqual(self.looked_at(), ["a"])

    def test_patterns(self):
        repo = Repo()
        repo.content = {p: p.encode() for p in ("a/b", "a/b/c", "ab.bin", "abc")}
        repo.listed = {n: list(repo.content) for n in ("r",)}
        for pattern, matches in {"*": {"ab.bin", "abc"}, "*/*": {"a/b"}, "a?b": set()}.items():  # more in test_tuf_meta.c
            self.chain(repo, "targets", ("r", [pattern], True))
            c = self.client(repo, name=pattern.encode().hex() or "none")
            self.assertEqual({p for p in repo.content if c.download(p)[0] == 0}, matches, pattern)
            repo.bump("targets", "snapshot", "timestamp")

    def test_path_hash_prefixes(self):
        repo = Repo()
        self.chain(repo, "targets", ("even", [], True), ("odd", [], True))
        for entry, digits in zip(repo.delegations, ("02468ace", "13579bdf")):
            del entry["paths"]
            entry["path_hash_prefixes"] = list(digits)
        repo.content = {f"fw{n}": b"%d" % n for n in range(6)}
        repo.listed = {"even": list(repo.content)}
        c = self.client(repo)
        even = {p for p in repo.content if hashlib.sha256(p.encode()).hexdigest()[0] in "02468ace"}
        self.assertEqual({p for p in repo.content if c.download(p)[0] == 0}, even)
        self.assertTrue(even and even != set(repo.content))

    def test_names_of_every_kind_stay_in_the_folder(self):
        for n, name in enumerate(("?", "#", "/role", "../role", "..", ".", "a b", "%2F", "x" * 200)):
            repo = Repo()
            self.chain(repo, "targets", (name, ["*/*"], True))
            repo.listed = {name: ["1.0.0/fw.bin"]}
            c = self.client(repo, name=str(n))
            # http.server unquotes nothing: what is asked for is the encoded name
            self.good(c.download("1.0.0/fw.bin"))
            self.assertEqual({p.name for p in c.base.iterdir()}, {"trusted", "got", "first.json"})
            self.assertEqual(len(c.files()), 5)

    def test_no_more_than_32_roles_are_looked_at(self):
        repo = Repo()
        names = [f"d{n:02}" for n in range(40)]
        for above, name in zip(["targets", *names], names):
            self.chain(repo, above, (name, ["*"], False))
        c = self.client(repo)
        self.assertEqual(c.download("fw")[1], "no-target")
        self.assertEqual(self.looked_at(), names[:32])


if __name__ == "__main__":
    unittest.main()
