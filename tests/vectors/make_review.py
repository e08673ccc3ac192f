#!/usr/bin/env python3
"""Makes the seeds of tests/fuzz/fuzz_review.c: what managers send to the review queue, in order; a file is a story.

    tests/vectors/make_review.py      everything is made from names, so a second run changes nothing
"""
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from tuf_maker import NEVER, Key, canonical  # noqa: E402

CORPUS = ROOT / "tests" / "fuzz" / "corpus" / "review"
PLATFORM = "nrf52840"
SIGNERS = ("officer", "second-officer", "head", "second-head", "ann", "bob", "cid", "stranger")
KEYS = {n: Key(n) for n in (*SIGNERS, "snapshot", "timestamp", "director", *(f"k{i}" for i in range(9)))}


def line(letter, by, body):
    """As the fuzzer reads it: role, who signs, the part to be signed."""
    mask = sum(1 << SIGNERS.index(n) for n in by)
    return f"{letter}{mask:02x}{canonical(body)}"


def entry(names, threshold=1):
    return {"keyids": [KEYS[n].id for n in names], "threshold": threshold}


def head(kind, version, **more):
    return {"_type": kind, "expires": NEVER, "spec_version": "1.0.34", "version": version, **more}


def root(version=1, officers=("officer",), heads=("head",), threshold=1, by=None, more=(), **changes):
    names = (*officers, *heads, "snapshot", "timestamp", "director", *more)
    body = head("root", version, consistent_snapshot=True, keys={KEYS[n].id: KEYS[n].object for n in names},
                roles={"root": entry(officers, threshold), "targets": entry((*heads, *more)), "snapshot": entry(["snapshot"]),
                       "timestamp": entry(["timestamp"])}, **{"x-otad-director": entry(["director"])})
    return line("r", by or officers, {**body, **changes})


def targets(version=1, managers=("ann",), threshold=1, by=("head",), delegation=(), **changes):
    role = {**entry(managers, threshold), "name": PLATFORM, "paths": ["*/*"], "terminating": True, **dict(delegation)}
    body = head("targets", version, targets={}, delegations={"keys": {KEYS[n].id: KEYS[n].object for n in managers}, "roles": [role]})
    return line("t", by, {**body, **changes})


def target(minor, channel="stable", **changes):
    version = f"1.{minor}.0"
    custom = {"channel": channel, "counter": minor, "hwClass": "01000000-0000-0000-0000-000000000000", "platform": PLATFORM, "version": version}
    return f"{version}/app.dat", {"custom": {**custom, **changes}, "hashes": {"sha256": "00" * 32}, "length": 100}


def role(version=1, listed=(), by=("ann",), **changes):
    return line("p", by, {**head("targets", version, targets=dict(listed)), **changes})


def main():
    begin = [root(), targets(), role(listed=[target(1)])]
    two = [root(officers=("officer", "second-officer"), threshold=2, by=("officer",)),
           root(officers=("officer", "second-officer"), threshold=2, by=("second-officer",)),
           targets(managers=("ann", "bob"), threshold=2), role(by=("ann",)), role(by=("bob",))]
    stories = {
        "begin": begin,
        "releases": [*begin, role(2, [target(2), target(3, "beta")]), role(3, [target(3)]), role(4, []), role(5, [target(2)])],
        "thresholds": two,
        "root-rotates": [*begin, root(2, officers=("second-officer",), by=("officer", "second-officer")), root(3, officers=("officer",), by=("officer",))],
        "head-rotates": [*begin, root(2, heads=("second-head",), by=("officer",)), targets(2, by=("second-head",))],
        "manager-leaves": [*begin, targets(2, managers=("bob",)), role(2, by=("bob",)), role(3, by=("ann",))],
        "all-at-once": [*begin, targets(2, managers=("bob",), by=("second-head",)), role(2, by=("bob",)),
                        root(2, heads=("second-head",), by=("officer",)), targets(2, managers=("bob",), by=("second-head",)), role(2, by=("bob",))],
        "wrong-order": [role(), targets(), root(), targets(), role()],
        "many-wait": [root(), targets(managers=("ann", "bob"), threshold=2), *(role(1, by=("ann",), **{"x-n": n}) for n in range(10))],
        "gaps": [root(2), root(), targets(3), role(7), role(9), root(3, by=("officer",))],
        "what-is-listed": [root(), targets(), role(1, [target(8)]), role(1, [target(9)]), role(1, [target(0, platform="other")]),
                           role(1, [("1.1.0/other", target(1)[1])]), role(1, [("app.dat", target(1)[1])]), role(1, [target(n) for n in range(6)]),
                           role(1, [target(2, counter=1)]), role(1, [target(2, hwClass="x")]), role(1, [target(2, "gamma")]), role(1, [target(2), target(4, "beta")])],
        "delegations": [root(), targets(delegation={"paths": ["*"]}), targets(delegation={"terminating": False}),
                        targets(delegation={"name": "other"}), targets(targets=dict([target(1)])), targets()],
        "strange-roots": [root(consistent_snapshot=False), root(expires="2020-01-01T00:00:00Z"), root(roles={}),
                          root(**{"x-otad-director": entry(["ann"])}), root(spec_version="2.0.0"), root(_type="targets")],
        "more-keys-than-a-device-has-room-for": [root(more=tuple(f"k{i}" for i in range(7))), targets(), role()],
        "as-it-is": ['{"signatures":[],"signed":{}}', "r", "t[]", "p{", "\"", "{}" * 3, "r01[1,2", "pff{\"a\":{\"a\":1}}"],
        "strangers": [*begin, role(2, by=("stranger",)), targets(2, by=("stranger", "ann")), root(2, by=("stranger",))],
    }
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, lines in stories.items():
        (CORPUS / name).write_text("\n".join(lines) + "\n")
    print(f"{len(stories)} stories, {hashlib.sha256(b''.join(p.read_bytes() for p in sorted(CORPUS.iterdir()))).hexdigest()[:16]}")


if __name__ == "__main__":
    main()
