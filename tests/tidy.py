#!/usr/bin/env python3
"""clang-tidy over our sources in a compile database, two at a time; a file that passed is not looked at again until it,
a header of ours that it includes, the flags or the rules change.

    tests/tidy.py BUILD_FOLDER [FILE...]
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / "var" / "cache" / "tidy"
GCC_ONLY = re.compile(r"\s-fno-tree-loop-distribute-patterns\b")  # clang-tidy knows clang's flags
OURS = ("firmware", "bootloader", "keys", "signer", "otad", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def database(build):
    """A compile database that clang understands."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for e in entries:
        e["command"] = GCC_ONLY.sub("", e["command"])
    (CACHE / "compile_commands.json").write_text(json.dumps(entries))
    return entries


def sources(entries, wanted):
    for e in entries:
        path = pathlib.Path(e["directory"], e["file"]).resolve()
        if ROOT in path.parents and path.relative_to(ROOT).parts[0] in OURS:
            if not wanted or path in wanted:
                yield path, e["command"]


def with_headers(path, seen):
    """path and every header of ours that it reaches."""
    if path in seen:
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_text()):
        for base in (path.parent, ROOT, ROOT / "firmware", ROOT / "otad"):
            if (base / name).is_file():
                with_headers((base / name).resolve(), seen)
                break


def key(path, command):
    h = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + command.encode())
    seen = set()
    with_headers(path, seen)
    for p in sorted(seen):
        h.update(str(p.relative_to(ROOT)).encode() + p.read_bytes())
    return CACHE / h.hexdigest()


def look(path, command):
    stamp = key(path, command)
    if stamp.exists():
        return path, 0, ""
    r = subprocess.run(["clang-tidy", "-p", str(CACHE), "--quiet", str(path)], capture_output=True, text=True)
    if r.returncode == 0 and "warning: " not in r.stdout:
        stamp.touch()
    return path, int(r.returncode != 0), r.stdout


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = {pathlib.Path(f).resolve() for f in sys.argv[2:]}
    CACHE.mkdir(parents=True, exist_ok=True)
    todo = dict(sources(database(build), wanted))
    if not todo:
        sys.exit("nothing to look at: is " + str(build) + " configured?")
    failed, notes = 0, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, bad, text in pool.map(lambda item: look(*item), sorted(todo.items())):
            failed += bad
            if bad:
                print(path.relative_to(ROOT), text, sep="\n", flush=True)
            else:
                notes += [line.replace(f"{ROOT}/", "") for line in text.splitlines() if "warning: " in line]
    print(*notes, sep="\n")  # guidance, for a reviewer: nothing fails
    print(f"{len(todo)} files, {failed} with complaints")
    sys.exit(failed != 0)


main()
