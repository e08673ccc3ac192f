#!/usr/bin/env python3
"""Run every fuzz target: first its corpus, each file as a test, then new inputs for a while.

    tests/fuzz/run.py BUILD_FOLDER [--seconds N]      targets: BUILD_FOLDER/tests/fuzz/fuzz_X, corpus: tests/fuzz/corpus/X
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]


def run(target, seconds, scratch):
    name = target.name.removeprefix("fuzz_")
    corpus = HERE / "corpus" / name
    found, seeds = scratch / name, sorted(corpus.glob("*")) if corpus.is_dir() else []
    found.mkdir()
    argv = [str(target), *LIMITS, f"-artifact_prefix={found}/"]
    outputs = []
    for extra in ([str(s) for s in seeds], [f"-max_total_time={seconds}", str(found), *([str(corpus)] if seeds else [])]):
        if not extra:
            continue
        r = subprocess.run(argv + extra, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        outputs.append(r.stdout)
        if r.returncode != 0:
            return name, len(seeds), False, r.stdout[-4000:]
    runs = [line.split()[-1] for line in outputs[-1].splitlines() if "number_of_executed_units" in line]
    return name, len(seeds), bool(seeds), f"{len(seeds)} of the corpus, then {runs[0] if runs else '?'} inputs" if seeds else "no corpus"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=15)
    args = parser.parse_args()
    targets = sorted(p for p in (args.build / "tests" / "fuzz").glob("fuzz_*") if p.is_file() and os.access(p, os.X_OK))
    if not targets:
        sys.exit(f"no fuzz targets in {args.build}: cmake --preset fuzz && cmake --build --preset fuzz")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="otad-fuzz."))
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, seeds, good, text in pool.map(lambda t: run(t, args.seconds, scratch), targets):
            passed, failed = passed + good, failed + (not good)
            print(f"{'ok    ' if good else 'FAILED'}  {name}: {text}", flush=True)
    if failed:
        print(f"inputs that fail are kept in {scratch}")
    else:
        shutil.rmtree(scratch)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
