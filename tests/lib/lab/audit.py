"""The audit log's chain (SPEC 8.16) a second time, as lines of an export; the truth that signer and otad are held to."""
import hashlib
import json

ZEROS = "00" * 32
MEMBERS = ["seq", "at", "actor", "address", "action", "object", "platform", "before", "after", "prev_hash", "hash"]


def part(text):
    return b"-," if text is None else b"%d:%s," % (len(text.encode()), text.encode())


def hash_of(entry):
    """before and after are JSON texts here."""
    body = b"".join(part(x) for x in [str(entry["seq"])] + [entry[m] for m in MEMBERS[1:9]])
    return hashlib.sha256(bytes.fromhex(entry["prev_hash"]) + body).hexdigest()


def line_of(entry):
    def text(m):
        if entry[m] is None:
            return "null"
        return entry[m] if m in ("before", "after") else json.dumps(entry[m], ensure_ascii=False)
    return "{" + ",".join(f'"{m}":{text(m)}' for m in MEMBERS) + "}\n"


def make(count, first=1, prev_hash=ZEROS):
    """count entries of one chain."""
    entries = []
    for seq in range(first, first + count):
        e = {"seq": seq, "at": f"2026-11-20T09:00:{seq % 60:02}Z", "actor": "ann" if seq % 3 else 'key:"ci" \\ Zoë \U0001f511',
             "address": None if seq % 4 == 0 else "192.0.2.7", "action": "release.withdraw", "object": f"m4 1.0.{seq}",
             "platform": "m4" if seq % 2 else None, "before": '{"state": "released", "n": [1, {"a": "}"}]}' if seq % 5 else None,
             "after": json.dumps({"state": "withdrawn", "reason": "because\n \"of\" that } ü"}, ensure_ascii=False),
             "prev_hash": prev_hash}
        e["hash"] = prev_hash = hash_of(e)
        entries.append(e)
    return entries
