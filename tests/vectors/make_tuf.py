#!/usr/bin/env python3
"""Makes tests/vectors/tuf (what the C unit tests read) and the seeds of the fuzzers of repository metadata.

    tests/vectors/make_tuf.py      everything is made from names, so a second run changes nothing
"""
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from tuf_maker import Key, Repo, canonical  # noqa: E402

TUF, CORPUS = ROOT / "tests" / "vectors" / "tuf", ROOT / "tests" / "fuzz" / "corpus"
NONCE = bytes(range(16)).hex()
DEVICE = "8f3c1d2e-0000-4000-8000-00000000beef"


def save(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def director(repo, key=None, **changes):
    """A director's answer (SPEC 10.5)."""
    signed = {"_type": "targets", "device": DEVICE, "expires": "2026-11-20T14:01:00Z", "nonce": NONCE, "spec_version": "1.0.34",
              "targets": {"1.0.0/fw.bin": repo.target("1.0.0/fw.bin")}, "time": "2026-11-20T14:00:00Z", "version": 1795183200}
    signed.update(changes)
    key = key or repo.keys["director"][0]
    return canonical({"signatures": [{"keyid": key.id, "sig": key.sign(canonical(signed).encode())}], "signed": signed}).encode()


def main():
    repo = Repo().publish()
    files = {n.removeprefix("metadata/"): d for n, d in repo.files.items() if n.startswith("metadata/")}
    answers = {
        "good": director(repo),
        "idle": director(repo, targets={}),
        "device": director(repo, device="someone-else"),
        "nonce": director(repo, nonce=bytes(16).hex()),
        "version": director(repo, version=1795183201),
        "rollback": director(repo, time="2026-11-20T13:59:59Z", version=1795183199),
        "expired": director(repo, expires="2026-11-20T13:59:59Z"),
        "threshold": director(repo, Key("mallory")),
        "threshold-timestamp": director(repo, repo.keys["timestamp"][0]),
        "type": director(repo, _type="snapshot"),
        "spec-version": director(repo, spec_version="2.0.0"),
        "member-two-targets": director(repo, targets={p: repo.target("1.0.0/fw.bin") for p in ("1/a", "1/b")}),
        "member-no-time": director(repo, time="soon"),
        "not-canonical": director(repo) + b"\n",
        "limit": director(repo, x="x" * 400),
    }
    for name, data in answers.items():
        save(TUF / "director", name + ".json", data)
    for name, data in files.items():
        save(TUF, name, data)
        save(CORPUS / "tuf", "r" + name if name[0].isdigit() else name, data)
    repo.new_release().rotate("timestamp", "another").publish()
    save(TUF, "2.root.json", repo.files["metadata/2.root.json"])
    for name in ("good", "idle"):
        save(CORPUS / "tuf", f"director-{name}.json", answers[name])
    texts = {"empty": b"{}", "deep": b"[" * 16 + b"]" * 16, "deeper": b"[" * 17 + b"]" * 17, "escapes": b'{"a\\"":"\\\\","b":"\\u0041\\n\\/"}',
             "spaces": b' { "b" : [ 1 , -2 , true ] , "a" : null }\r\n', "twice": b'{"a":1,"a":2}', "order": b'{"b":{"d":1,"c":2},"a":[{"z":0,"y":1}]}',
             "big": b"[9007199254740991,9007199254740992]", "float": b"[1.0]", "zeros": b"[-0,007]", "utf8": '["ä"]'.encode(),
             "many": canonical({hashlib.sha256(bytes([i])).hexdigest()[:6]: i for i in range(40)}).encode()[::-1][::-1]}
    for name, data in texts.items():
        save(CORPUS / "canonical", name, data)
    save(CORPUS / "canonical", "root", files["1.root.json"])


main()
