#!/usr/bin/env python3
"""The daemon's command line: what it prints, what it refuses, with which exit status."""
import os
import pathlib
import subprocess
import tempfile

OTAD = pathlib.Path(os.environ["OTAD_BUILD"]) / "otad" / "otad"


def otad(*arguments):
    p = subprocess.run([OTAD, *arguments], capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


def make_pair(folder, name):
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "2", "-subj", "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
    return f"tls_cert = {cert}\n", f"tls_key = {key}\n"


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="test-cli-"))
    path = folder / "otad.conf"

    def check(text):
        path.write_text(text)
        return otad("--config", path, "--check-config")

    status, out, _ = otad("--help")
    assert status == 0 and "--check-config" in out
    status, out, _ = otad("--version")
    assert status == 0 and out.startswith("otad ")
    for wrong in ((), ("--nonsense",), ("--config",), ("--check-config",)):
        status, _, err = otad(*wrong)
        assert status == 2 and "--config FILE" in err, wrong

    status, printed, _ = otad("--print-config")
    assert status == 0
    assert check(printed)[0] == 0, "the printed defaults are no configuration"
    keys = [line.removeprefix("# ").split(" =")[0] for line in printed.splitlines() if " =" in line and not line.startswith("# C")]
    assert {"listen", "public_url", "database", "tls_cert", "log_level"} <= set(keys), keys

    status, _, err = check("\nlisten = 127.0.0.1:1\ndatabse = x\n")
    assert status == 2 and f"{path}:3: unknown key 'databse'" in err, err
    status, _, err = otad("--config", folder / "none.conf")
    assert status == 2 and "cannot open" in err, err

    cert, key = make_pair(folder, "one")
    _, other = make_pair(folder, "two")
    assert check(cert + key)[0] == 0
    status, _, err = check(cert + other)
    assert status == 2 and "do not belong together" in err, err
    status, _, err = check(cert + key + "tls_priorities = NONSENSE\n")
    assert status == 2 and "tls_priorities" in err, err

    # A start that cannot succeed ends by itself, and says which part failed.
    path.write_text(f"state_dir = {folder}/state\nartifacts_dir = {folder}/none/artifacts\n")
    status, _, err = otad("--config", path)
    assert status == 1 and "part=artifacts" in err, err
    path.write_text(f"state_dir = {folder}/state\nartifacts_dir = {folder}/artifacts\ndatabase = host={folder} dbname=none\n")
    status, _, err = otad("--config", path)
    assert status == 1 and "part=database" in err, err
    assert (folder / "state").stat().st_mode & 0o777 == 0o700
    subprocess.run(["rm", "-r", folder], check=True)


main()
