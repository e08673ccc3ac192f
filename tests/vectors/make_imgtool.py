#!/usr/bin/env python3
"""Write tests/vectors/imgtool from a folder of images that imgtool 2.4.0 made (cases.jsonl, in, out, keys).

Usage: make_imgtool.py FOLDER

expected.txt says for each image what our parser must say, derived from imgtool's arguments alone:
  key NAME ALG HEX                         a public key
  image FILE VERDICT KEY VERSION COUNTER CLASS PADDED
cases.jsonl keeps the cases whose arguments `signer sign` knows and whose bytes (by SHA-256) it must repeat, all.jsonl
all of them, for `signer imgtool`.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import uuid

HERE = pathlib.Path(__file__).resolve().parent / "imgtool"
FLAGS = {"--pad-header", "--pad", "--confirm", "--test", "--overwrite-only", "--pure", "--non-bootable"}
OURS = {"-H", "-S", "-v", "-k", "--align", "--pad-header", "--vid", "--cid", "-s", "-F", "-R", "--sha"}
# They change the trailer (which we never write) or nothing.
NEUTRAL = {"-M", "--max-align", "--overwrite-only"}


def arguments(words):
    """imgtool's command line as a dictionary and the two files."""
    options, files, at = {}, [], 1
    while at < len(words):
        word = words[at]
        if word in FLAGS:
            options[word] = True
        elif word == "--custom-tlv":
            options[word] = words[at + 1:at + 3]
            at += 2
        elif word.startswith("-"):
            options[word] = words[at + 1]
            at += 1
        else:
            files.append(word)
        at += 1
    return options, files


def verdict(o):
    if o.get("-e") == "big":
        return "blank"
    if "-L" in o or "--non-bootable" in o:
        return "unsupported"
    if "--pure" in o:
        return "pure-signature"
    if "-k" in o and o.get("--public-key-format") == "full":
        return "unsupported"
    return "good" if "-k" in o else "malformed"


def version(text):
    main, _, build = text.partition("+")
    major, minor, revision = (main.split(".") + ["0", "0"])[:3]
    return [int(major), int(minor), int(revision), int(build or 0)]


def counter(o):
    if "-s" not in o:
        return "-"
    v = version(o["-v"])
    return str(v[0] << 24 | v[1] << 16 | v[2]) if o["-s"] == "auto" else str(int(o["-s"], 0))


def as_uuid(text, space):
    return uuid.UUID(text) if re.fullmatch(r"[0-9a-f-]{36}", text) else uuid.uuid5(space, text)


def hardware_class(o):
    vendor = as_uuid(o["--vid"], uuid.NAMESPACE_DNS) if "--vid" in o else None
    return as_uuid(o["--cid"], vendor).hex if "--cid" in o else "-"


def public_key(path):
    der = subprocess.run(["openssl", "pkey", "-in", str(path), "-pubout", "-outform", "DER"],
                         stdout=subprocess.PIPE, check=True).stdout
    return ("ed25519", der[12:]) if len(der) == 44 else ("p256", der[27:])


def main():
    source = pathlib.Path(sys.argv[1])
    for folder in ("in", "out", "keys"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
        (HERE / folder).mkdir(parents=True)
    lines, cases = [], []
    for path in sorted((source / "keys").glob("*.pem")):
        if not path.name.endswith(".pub.pem"):
            alg, raw = public_key(path)
            lines.append(f"key {path.stem} {alg} {raw.hex()}")
            shutil.copyfile(path, HERE / "keys" / path.name)
    for line in (source / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        o, files = arguments(case["args"])
        shutil.copyfile(source / files[0], HERE / files[0])
        if not case["identical"]:  # randomised signatures: to be compared but for them
            shutil.copyfile(source / files[1], HERE / files[1])
        if case["rc"] != 0 or not files[1].endswith(".bin") or "--vector-to-sign" in o:  # those are no images
            continue
        name = pathlib.Path(files[1]).name
        padded = any(x in o for x in ("--pad", "--confirm", "--test"))
        key = pathlib.Path(o["-k"]).stem if "-k" in o else "-"
        v = version(o["-v"])
        if (source / "out" / name).exists():
            lines.append(f"image {name} {verdict(o)} {key} {v[0]}.{v[1]}.{v[2]}+{v[3]} {counter(o)} "
                         f"{hardware_class(o)} {'padded' if padded else 'exact'}")
            shutil.copyfile(source / "out" / name, HERE / "out" / name)
        plain = not o.get("--pure") and o.get("--public-key-format", "hash") == "hash" \
            and o.get("-e", "little") == "little"
        if "-k" in o and plain and set(o) - NEUTRAL - {"--public-key-format", "-e"} <= OURS:
            args = [a for name, value in o.items() if name in OURS for a in ([name] if value is True else [name, value])]
            cases.append({"id": case["id"], "args": args, "sha256": case["outputs"][files[1]]})
    shutil.copyfile(source / "cases.jsonl", HERE / "all.jsonl")
    (HERE / "expected.txt").write_text("\n".join(lines) + "\n")
    (HERE / "cases.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cases))
    print(f"{len(lines)} lines, {len(cases)} cases to repeat")


main()
