#!/usr/bin/env python3
"""Lines and branches of the core that no simulator and no unit test reaches.  Fails on any that coverage_excluded.txt
does not name with a reason, and on exclusions that are reached.

coverage.py SOURCE-TREE COMPILER [--show]
"""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT, CC = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
CORE = [f"firmware/slot/{f}.c" for f in ("log", "journal", "slot", "slot_manifest", "boot_record", "crc32")]
CORE += [f"bootloader/{f}.c" for f in ("boot", "run", "swap")]
IMAGE = [f"firmware/image/{f}.c" for f in ("err", "reader", "image", "manifest")]
SIM = [f"tests/sim/{f}.c" for f in ("flash_sim", "crypto_sim", "images_sim")]
# program: sources beside the core, arguments
PROGRAMS = {"sim_swap": (SIM, ["2"]), "sim_log": (SIM, ["4"]), "sim_life": (SIM, ["4"]), "sim_manifest": (SIM, ["2"]),
            "sim_fault": (SIM, []), "sim_edges": (SIM, []), "test_boot": (["firmware/boards/host/crypto.c"], []),
            "test_slot": (["firmware/boards/host/crypto.c"], [])}
FLAGS = ["-std=c11", "-w", "-D_DEFAULT_SOURCE", "-D_POSIX_C_SOURCE=200809L", "-I", str(ROOT)]


def exclusions():
    """(file, text of the line) -> reason; a line of the list is FILE | TEXT | REASON."""
    out = {}
    for line in (ROOT / "tests/sim/coverage_excluded.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            file, text, reason = (part.strip() for part in line.split(" | "))
            out[file, text] = reason
    return out


def build(work):
    def one(source):
        flags = ["-O0", "-g", "--coverage"] if source in CORE else ["-O2"]
        out = work / (source.replace("/", "_")[:-2] + ".o")
        subprocess.run([CC, *FLAGS, *flags, "-c", str(ROOT / source), "-o", str(out)], check=True, cwd=work)
        return source, out
    sources = {*CORE, *IMAGE, *(s for extra, _ in PROGRAMS.values() for s in extra)}
    sources |= {f"tests/{'unit' if p.startswith('test') else 'sim'}/{p}.c" for p in PROGRAMS}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(pool.map(one, sorted(sources)))


def run(work, objects, name):
    extra, arguments = PROGRAMS[name]
    main = f"tests/{'unit' if name.startswith('test') else 'sim'}/{name}.c"
    parts = [str(objects[s]) for s in [main, *CORE, *IMAGE, *extra]]
    subprocess.run([CC, "--coverage", "-o", str(work / name), *parts, "-lsodium", "-lcrypto"], check=True, cwd=work)
    subprocess.run([str(work / name), *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def uncovered(work, objects, file):
    text = subprocess.run(["gcov", "--json-format", "--stdout", "-b", objects[file].with_suffix(".gcda").name],
                          check=True, capture_output=True, text=True, cwd=work).stdout
    source = (ROOT / file).read_text().splitlines()
    lines = branches = 0
    missed = {}
    for entry in json.loads(text)["files"]:
        if not entry["file"].endswith(file):
            continue
        for line in entry["lines"]:
            lines += 1
            branches += len(line["branches"])
            cold = sum(b["count"] == 0 for b in line["branches"])
            if line["count"] == 0 or cold:
                what = "never run" if line["count"] == 0 else f"{cold} of {len(line['branches'])} branches not taken"
                missed[line["line_number"]] = (source[line["line_number"] - 1].strip(), what)
    return lines, branches, missed


def main():
    excluded, used, bad, lines, branches = exclusions(), set(), [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        objects = build(work)
        for name in PROGRAMS: # one after the other: they write the same counters
            run(work, objects, name)
        for file in CORE:
            n, b, missed = uncovered(work, objects, file)
            lines, branches = lines + n, branches + b
            for number, (text, what) in sorted(missed.items()):
                key = (file, text)
                if key in excluded:
                    used.add(key)
                else:
                    bad.append(f"{file}:{number}: {what}: {text}")
    bad += [f"excluded, but reached or gone: {file} | {text}" for file, text in excluded if (file, text) not in used]
    for b in bad:
        print(b)
    print(f"{len(CORE)} files, {lines} lines, {branches} branches; {len(used)} lines excluded with a reason, {len(bad)} complaints")
    sys.exit(bool(bad))


main()
