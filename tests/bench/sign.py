#!/usr/bin/env python3
"""What signing costs: CPU time of `signer imgtool sign` of 256 KiB beyond that of a process that signs nothing.
Prints it with the budget beside; asserts nothing.  Needs the optimised build in build/host (or OTAD_BUILD).
"""
import os
import pathlib
import resource
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNER = pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve() / "signer" / "signer"
KEYS = ROOT / "tests" / "vectors" / "imgtool" / "keys"
ROUNDS, KIB = 100, 256


def cpu_ms(*args):
    """Of one run, in the mean."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(ROUNDS):
        subprocess.run([str(SIGNER), "imgtool", *map(str, args)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / ROUNDS * 1e3


def main():
    with tempfile.TemporaryDirectory() as folder:
        app, out = pathlib.Path(folder) / "app.bin", pathlib.Path(folder) / "app.img"
        app.write_bytes(os.urandom(KIB * 1024))
        start = cpu_ms("version")
        for key in ("ed25519-a", "p256-a"):
            spent = cpu_ms("sign", "-k", KEYS / f"{key}.pem", "-v", "1.0.0", "-H", 512, "--pad-header", "-S", 0x80000, app, out) - start
            print(f"sign {KIB} KiB, {key.split('-')[0]}: {spent:.1f} ms beyond the start of a process ({start:.1f} ms); budget 5 ms")
    print(f"program: {SIGNER.stat().st_size / 2**20:.2f} MiB; budget 2 MiB")


main()
