#!/usr/bin/env python3
"""tuf-client against tampered repositories over loopback HTTP: what is refused, and with which reason.

Every case begins with a client that trusts the good repository, and is served to the host's profile and to the device's.
Nothing that is refused may reach the trusted files.
"""
import concurrent.futures
import hashlib
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from tuf_client import DEVICE, HOST, Client  # noqa: E402
from tuf_maker import LONG_AGO, Key, Repo, Server, canonical  # noqa: E402

PATH = "1.1.0/fw.bin"


# ---------------------------------------------------------------- tampered repositories

CASES = {}


def case(reason, file):
    """The function changes the next release of a good repository, which trusted clients know."""
    def add(function):
        CASES[function.__name__] = (function, reason, file)
        return function
    return add


def put_in(member, value):
    def change(d):
        d[member] = value
    return change


def flip(data):
    """Another byte in the middle of a signature: still JSON."""
    at = data.index(b'"sig":"') + 20
    return data[:at] + (b"0" if data[at:at + 1] != b"0" else b"1") + data[at + 1:]


# --- root

@case("old-threshold", "3.root.json")
def root_by_strangers(r):
    r.rotate("root", "s1", "s2", "s3")
    r.signers["root"] = r.keys["root"]

@case("old-threshold", "3.root.json")
def root_by_one_old_key(r):
    old = r.keys["root"]
    r.rotate("root", "s1", "s2", "s3")
    r.signers["root"] = r.keys["root"] + old[:1]

@case("threshold", "3.root.json")
def root_without_its_new_keys(r):
    old = r.keys["root"]
    r.rotate("root", "s1", "s2", "s3").signers["root"] = old

@case("version", "3.root.json")
def root_version_skipped(r):
    r.bump("root").edit["root"] = put_in("version", 4)

@case("version", "3.root.json")
def root_version_back(r):
    r.bump("root").edit["root"] = put_in("version", 1)

@case("version", "3.root.json")
def root_version_again(r):
    r.bump("root").edit["root"] = lambda s: s.update({"version": 2, "x-note": "not the one of then"})

@case("old-threshold", "3.root.json")
def root_by_the_targets_managers(r):
    r.bump("root").signers["root"] = r.keys["targets"]

@case("expired", "4.root.json")  # said when there is no newer one
def root_expired(r):
    r.bump("root").expires["root"] = LONG_AGO

@case("type", "3.root.json")
def root_is_targets(r):
    r.bump("root").edit["root"] = put_in("_type", "targets")

@case("member", "3.root.json")
def root_without_a_role(r):
    r.bump("root").edit["root"] = lambda s: s["roles"].pop("snapshot")

@case("member", "3.root.json")
def root_threshold_zero(r):
    r.bump("root").edit["root"] = lambda s: s["roles"]["timestamp"].update(threshold=0)

@case("member", "3.root.json")
def root_threshold_negative(r):
    r.bump("root").edit["root"] = lambda s: s["roles"]["timestamp"].update(threshold=-1)

@case("member", "3.root.json")
def root_threshold_in_words(r):
    r.bump("root").edit["root"] = lambda s: s["roles"]["timestamp"].update(threshold="1")

@case("threshold", "3.root.json")
def root_threshold_above_its_keys(r):
    r.bump("root").edit["root"] = lambda s: s["roles"]["root"].update(threshold=4)

@case("old-threshold", "3.root.json")
def root_lowers_the_threshold_alone(r):
    r.bump("root").edit["root"] = lambda s: s["roles"]["root"].update(threshold=1)
    r.signers["root"] = r.keys["root"][:1]

@case("keyid", "3.root.json")
def root_keyid_of_another_key(r):
    def change(s):
        s["keys"][r.keys["timestamp"][0].id] = Key("mallory").object
    r.bump("root").edit["root"] = change

@case("twice", "3.root.json")
def root_role_names_a_key_twice(r):
    r.bump("root").edit["root"] = lambda s: s["roles"]["root"]["keyids"].append(s["roles"]["root"]["keyids"][0])

@case("length", "3.root.json")
def root_endless(r):
    r.bump("root").raw["root"] = lambda data: lambda: b" " * 4096

@case("spec-version", "3.root.json")
def root_of_tuf_two(r):
    r.bump("root").edit["root"] = put_in("spec_version", "2.0.0")

@case("key", "3.root.json")
def root_key_too_short(r):
    k = Key("short")
    k.object["keyval"]["public"] = k.object["keyval"]["public"][:62]
    r.bump("root").keys["timestamp"] = r.keys["timestamp"] + [k]

@case("fetch", "3.root.json")
def root_hidden_behind_an_error(r):
    r.bump("root").raw["root"] = lambda data: 500

@case("fetch", "3.root.json")
def root_hidden_behind_a_redirection(r):
    r.bump("root").raw["root"] = lambda data: 302

# --- timestamp

@case("threshold", "timestamp.json")
def timestamp_by_a_stranger(r):
    r.signers["timestamp"] = [Key("mallory")]

@case("threshold", "timestamp.json")
def timestamp_unsigned(r):
    r.signers["timestamp"] = []

@case("threshold", "timestamp.json")
def timestamp_signature_flipped(r):
    r.raw["timestamp"] = flip

@case("threshold", "timestamp.json")
def timestamp_changed_after_signing(r):
    r.touch["timestamp"] = lambda e: e["signed"].update(version=9)

@case("threshold", "timestamp.json")
def timestamp_by_the_snapshot_key(r):
    r.signers["timestamp"] = r.keys["snapshot"]

@case("threshold", "timestamp.json")
def timestamp_by_the_root_officers(r):
    r.signers["timestamp"] = r.keys["root"]

@case("member", "timestamp.json")
def timestamp_version_zero(r):
    r.edit["timestamp"] = put_in("version", 0)

@case("member", "timestamp.json")
def timestamp_version_negative(r):
    r.edit["timestamp"] = put_in("version", -3)

@case("not-canonical", "timestamp.json")
def timestamp_version_beyond_exact_numbers(r):
    r.edit["timestamp"] = put_in("version", 2**53)

@case("threshold", "timestamp.json")
def timestamp_by_a_key_under_anothers_keyid(r):
    r.touch["timestamp"] = lambda e: e.update(signatures=[{"keyid": r.keys["timestamp"][0].id,
                                                           "sig": Key("mallory").sign(canonical(e["signed"]).encode())}])

@case("rollback", "timestamp.json")
def timestamp_older(r):
    r.version["timestamp"] = 1

@case("rollback", "timestamp.json")
def timestamp_names_an_older_snapshot(r):
    r.relist["snapshot"] = put_in("version", 1)

@case("expired", "timestamp.json")
def timestamp_expired(r):
    r.expires["timestamp"] = LONG_AGO

@case("length", "timestamp.json")
def timestamp_endless(r):
    r.raw["timestamp"] = lambda data: lambda: b" " * 4096

@case("absent", "timestamp.json")
def timestamp_missing(r):
    r.hide = ["metadata/timestamp.json"]

@case("member", "timestamp.json")
def timestamp_names_more_files(r):
    r.edit["timestamp"] = lambda s: s["meta"].update({"targets.json": {"version": 1}})

@case("member", "timestamp.json")
def timestamp_expires_in_words(r):
    r.edit["timestamp"] = put_in("expires", "2099-02-30T00:00:00Z")

@case("member", "timestamp.json")
def timestamp_expires_in_another_zone(r):
    r.edit["timestamp"] = put_in("expires", "2099-01-01T00:00:00+12:00")

@case("length", "{snapshot}.snapshot.json")
def timestamp_promises_an_endless_snapshot(r):
    r.relist["snapshot"] = put_in("length", 3_000_000)
    r.raw["snapshot"] = lambda data: lambda: b" " * 65536

@case("not-canonical", "timestamp.json")
def timestamp_is_html(r):
    r.raw["timestamp"] = lambda data: b"<html>busy</html>"

@case("not-canonical", "timestamp.json")
def timestamp_cut_off(r):
    r.raw["timestamp"] = lambda data: data[:-1]

@case("not-canonical", "timestamp.json")
def timestamp_member_twice(r):
    r.raw["timestamp"] = lambda data: data.replace(b'"_type":', b'"_type":"timestamp","_type":')

@case("not-canonical", "timestamp.json")
def timestamp_version_is_a_float(r):
    r.raw["timestamp"] = lambda data: re.sub(rb'"version":(\d+)}}$', rb'"version":\1.0}}', data)

@case("not-canonical", "timestamp.json")
def timestamp_with_trailing_bytes(r):
    r.raw["timestamp"] = lambda data: data + b"{}"

@case("limit", "timestamp.json")
def timestamp_too_deep(r):
    r.raw["timestamp"] = lambda data: data.replace(b'{"signatures"', b'{"a":' + b"[" * 16 + b"1" + b"]" * 16 + b',"signatures"')

@case("twice", "timestamp.json")
def timestamp_one_keyid_twice(r):
    r.touch["timestamp"] = lambda e: e["signatures"].append(dict(e["signatures"][0]))

# --- snapshot

@case("hash", "{snapshot}.snapshot.json")
def snapshot_changed(r):
    r.raw["snapshot"] = flip

@case("length", "{snapshot}.snapshot.json")
def snapshot_longer_than_listed(r):
    r.raw["snapshot"] = lambda data: data + b" "

@case("length", "{snapshot}.snapshot.json")
def snapshot_shorter_than_listed(r):
    r.raw["snapshot"] = lambda data: data[:-1]

@case("length", "{snapshot}.snapshot.json")
def snapshot_endless(r):
    r.raw["snapshot"] = lambda data: lambda: b" " * 4096

@case("threshold", "{snapshot}.snapshot.json")
def snapshot_by_a_stranger(r):
    r.signers["snapshot"] = [Key("mallory")]

@case("threshold", "{snapshot}.snapshot.json")
def snapshot_by_the_timestamp_key(r):
    r.signers["snapshot"] = r.keys["timestamp"]

@case("version", "{snapshot}.snapshot.json")
def snapshot_mixed_with_another_timestamp(r):
    r.edit["snapshot"] = put_in("version", 9)

@case("vanished", "{snapshot}.snapshot.json")
def snapshot_drops_the_platform(r):
    r.edit["snapshot"] = lambda s: s["meta"].pop(r.platform + ".json")

@case("rollback", "{snapshot}.snapshot.json")
def snapshot_names_older_targets(r):
    r.relist["targets"] = put_in("version", 1)

@case("rollback", "{snapshot}.snapshot.json")
def snapshot_names_an_older_platform(r):
    r.relist[r.platform] = put_in("version", 1)

@case("expired", "{snapshot}.snapshot.json")
def snapshot_expired(r):
    r.expires["snapshot"] = LONG_AGO

@case("type", "{snapshot}.snapshot.json")
def snapshot_is_a_timestamp(r):
    r.edit["snapshot"] = put_in("_type", "timestamp")

@case("absent", "{snapshot}.snapshot.json")
def snapshot_missing(r):
    r.hide = ["metadata/{snapshot}.snapshot.json"]

@case("unlisted", "{snapshot}.snapshot.json")
def snapshot_without_targets(r):
    r.edit["snapshot"] = lambda s: s["meta"].pop("targets.json")

# --- targets and the platform's role

@case("threshold", "{targets}.targets.json")
def targets_by_one_manager(r):
    r.bump("targets").signers["targets"] = r.keys["targets"][:1]

@case("threshold", "{targets}.targets.json")
def targets_by_the_online_keys(r):
    r.bump("targets").signers["targets"] = r.keys["snapshot"] + r.keys["timestamp"] + r.keys["director"]

@case("threshold", "{targets}.targets.json")
def targets_by_one_key_and_a_copy_of_its_signature(r):
    def change(e):
        e["signatures"] = [e["signatures"][0], {**e["signatures"][0], "keyid": r.keys["targets"][1].id}]
    r.bump("targets").touch["targets"] = change

@case("version", "{targets}.targets.json")
def targets_mixed_with_another_snapshot(r):
    r.bump("targets").edit["targets"] = put_in("version", 9)

@case("expired", "{targets}.targets.json")
def targets_expired(r):
    r.bump("targets").expires["targets"] = LONG_AGO

@case("type", "{targets}.targets.json")
def targets_is_a_snapshot(r):
    r.bump("targets").edit["targets"] = put_in("_type", "snapshot")

@case("length", "{targets}.targets.json")
def targets_endless(r):
    r.bump("targets").raw["targets"] = lambda data: lambda: b" " * 4096

@case("threshold", "{targets}.targets.json")
def targets_by_the_platforms_managers(r):
    r.bump("targets").signers["targets"] = r.keys[r.platform]

@case("member", "{targets}.targets.json")
def targets_delegate_with_threshold_zero(r):
    r.bump("targets").edit["targets"] = lambda s: s["delegations"]["roles"][0].update(threshold=0)

@case("twice", "{targets}.targets.json")
def targets_delegate_to_a_key_twice(r):
    def change(s):
        ids = s["delegations"]["roles"][0]["keyids"]
        ids.append(ids[0])
    r.bump("targets").edit["targets"] = change

@case("role-name", "{targets}.targets.json")
def targets_delegate_to_root(r):
    r.bump("targets").edit["targets"] = lambda s: s["delegations"]["roles"][0].update(name="root")

@case("twice", "{targets}.targets.json")
def targets_delegate_twice_to_one_name(r):
    r.bump("targets").edit["targets"] = lambda s: s["delegations"]["roles"].append(dict(s["delegations"]["roles"][0]))

@case("member", "{targets}.targets.json")
def targets_delegate_paths_and_prefixes(r):
    r.bump("targets").edit["targets"] = lambda s: s["delegations"]["roles"][0].update(path_hash_prefixes=["00"])

@case("hash", "{nrf52840}.nrf52840.json")
def platform_of_last_time(r):
    r.raw[r.platform] = lambda data: flip(data)

@case("threshold", "{nrf52840}.nrf52840.json")
def platform_by_one_manager(r):
    r.signers[r.platform] = r.keys[r.platform][:1]

@case("threshold", "{nrf52840}.nrf52840.json")
def platform_by_another_platforms_managers(r):
    r.signers[r.platform] = [Key("q1"), Key("q2")]

@case("threshold", "{nrf52840}.nrf52840.json")
def platform_by_the_online_keys(r):
    r.signers[r.platform] = r.keys["snapshot"] + r.keys["timestamp"] + r.keys["director"]

@case("threshold", "{nrf52840}.nrf52840.json")
def platform_by_the_targets_managers(r):
    r.signers[r.platform] = r.keys["targets"]

@case("version", "{nrf52840}.nrf52840.json")
def platform_mixed_with_another_snapshot(r):
    r.edit[r.platform] = put_in("version", 9)

@case("length", "{nrf52840}.nrf52840.json")
def platform_endless(r):
    r.raw[r.platform] = lambda data: lambda: b" " * 4096

@case("type", "{nrf52840}.nrf52840.json")
def platform_is_a_root(r):
    r.edit[r.platform] = put_in("_type", "root")

@case("threshold", "{nrf52840}.nrf52840.json")
def platform_by_a_removed_manager(r):
    old = r.keys[r.platform]
    r.keys[r.platform] = [old[0], Key("p3")]
    r.bump("targets").signers[r.platform] = old

@case("threshold", "{nrf52840}.nrf52840.json")
def platform_two_keyids_one_key(r):
    twin = Key("p1")
    twin.object = {**twin.object, "x-note": "again"}
    r.keys[r.platform] = [r.keys[r.platform][0], twin]
    r.bump("targets")

@case("expired", "{nrf52840}.nrf52840.json")
def platform_expired(r):
    r.expires[r.platform] = LONG_AGO

@case("member", "{nrf52840}.nrf52840.json")
def platform_target_without_digest(r):
    r.edit[r.platform] = lambda s: s["targets"][PATH].update(hashes={"md5": "00"})

@case("no-target", PATH)
def platform_outside_its_delegation(r):
    r.delegations[0]["paths"] = ["2.*/*"]
    r.bump("targets")

@case("no-target", PATH)
def platform_path_deeper_than_its_pattern(r):
    r.delegations[0]["paths"] = ["*"]
    r.bump("targets")

@case("no-target", PATH)
def platform_outside_its_hash_prefixes(r):
    del r.delegations[0]["paths"]
    first = hashlib.sha256(PATH.encode()).hexdigest()[0]
    r.delegations[0]["path_hash_prefixes"] = [d for d in "0123456789abcdef" if d != first]
    r.bump("targets")

@case("no-target", PATH)
def platform_delegates_what_it_was_not_given(r):
    r.keys["other"], r.version["other"] = [Key("other")], 1
    r.delegations[0]["paths"] = ["1.0.*/*"]
    r.extra[r.platform] = [{"name": "other", "paths": ["*/*"], "terminating": True}]
    r.listed = {"other": [PATH]}
    r.bump("targets")

@case("no-target", PATH)
def target_behind_a_terminating_role(r):
    r.keys["wall"] = [Key("wall")]
    r.version["wall"] = 1
    r.delegations.insert(0, {"name": "wall", "paths": ["1.1.*/*"], "terminating": True})
    r.bump("targets")

# --- the target itself

@case("hash", PATH)
def target_changed(r):
    r.spoil = lambda data: b"X" + data[1:]

@case("hash", PATH)
def target_of_last_time(r):
    r.content[PATH] = b"firmware " * 40 + b"!"  # as long as what it is replaced by
    r.spoil = lambda data: b"firmware " * 40 + b"?"

@case("hash", PATH)
def target_with_one_wrong_digest_of_two(r):
    r.edit[r.platform] = lambda s: s["targets"][PATH]["hashes"].update(sha512="00" * 64)

@case("length", PATH)
def target_longer(r):
    r.spoil = lambda data: data + b"X"

@case("length", PATH)
def target_shorter(r):
    r.spoil = lambda data: data[:-1]

@case("length", PATH)
def target_endless(r):
    r.spoil = lambda data: lambda: b" " * 4096

@case("absent", PATH)
def target_missing(r):
    r.spoil = lambda data: None


def good_start():
    """Root 2, targets 2, the rest 2: everything has something older to fall back to."""
    r = Repo().publish()
    return r.bump("root", "targets", "snapshot", "timestamp", r.platform).publish()


def tampered(function):
    r = good_start().copy()
    r.hide, r.spoil = [], None
    r.new_release(PATH)
    function(r)
    r.publish()
    for name in r.hide:
        del r.files[name.format(**r.version)]
    if r.spoil is not None:
        name = next(n for n in r.files if n.startswith("targets/1.1.0/"))
        r.files[name] = r.spoil(r.files[name])
    return r


class Tampered(unittest.TestCase):
    def test_each_is_refused_by_name(self):
        server = Server()
        self.addCleanup(server.close)
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            server.trees["good"] = good_start().files
            start = Client(base / "start", server, "good")
            self.assertEqual(start.init(server.trees["good"]["metadata/1.root.json"]), (0, None, None))
            self.assertEqual(start.download("1.0.0/fw.bin"), (0, None, None))

            def one(item):
                name, profile = item
                function, reason, file = CASES[name]
                r = tampered(function)
                tree = name + "-".join(profile)
                server.trees[tree] = r.files
                client = Client(base / tree, server, tree, profile)
                shutil.rmtree(client.trusted)
                shutil.copytree(start.trusted, client.trusted)
                said = client.download(PATH)
                return name, profile, said, (1, reason, file.format(**r.version)), client.files(), list(client.got.iterdir()), r.files

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                for name, profile, said, want, kept, got, served in pool.map(one, [(n, p) for n in CASES for p in (HOST, DEVICE)]):
                    with self.subTest(name, profile=profile):
                        self.assertEqual(said, want)
                        self.assertEqual(got, [])
                        refused = served.get("metadata/" + want[2])
                        if want[1] not in ("expired", "fetch", "no-target") and want[2] != PATH:
                            self.assertFalse(refused is not None and refused in kept.values(), "it was kept")
        self.assertGreaterEqual(len(CASES), 40)


if __name__ == "__main__":
    unittest.main()
