#!/usr/bin/env python3
"""tuf-js, the npm reference client, against the repositories that tests/unit/test_tuf_tampered.py serves to tuf-client.

Every tampered one has to be refused by both.  Where tuf-js is known to take what we refuse, it is named here with the reason;
if it ever refuses that too, the test says so.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "unit")]
import test_tuf_tampered as tampered  # noqa: E402
from tuf_client import Client  # noqa: E402
from tuf_maker import Server  # noqa: E402

TAKES = {
    "root_key_too_short": "keys are looked at when they are used; another key of the role signs",
    "timestamp_expires_in_words": "30 February is 2 March to JavaScript",
    "timestamp_member_twice": "JSON.parse takes the last of the two, the one that was signed",
    "timestamp_version_is_a_float": "1.0 is 1 to JavaScript, and is canonicalised as 1",
    "timestamp_too_deep": "there is no limit but the file's length",
    "platform_two_keyids_one_key": "signers are told apart by keyid, not by key",
}


def main():
    server, passed, failed = Server(), 0, []
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        start_repo = tampered.good_start()
        server.trees["start"] = start_repo.files
        start = Client(base / "start", server, "start")
        start.init(start_repo.files["metadata/1.root.json"])
        assert start.download("1.0.0/fw.bin")[0] == 0
        trees = {name: tampered.tampered(case[0]).files for name, case in tampered.CASES.items()}
        trees["good"] = tampered.tampered(lambda r: None).files
        jobs = []
        for name, files in trees.items():
            server.trees[name] = files
            client = Client(base / name, server, name)
            shutil.rmtree(client.trusted)
            shutil.copytree(start.trusted, client.trusted)
            jobs.append({"name": name, "trusted": str(client.trusted), "got": str(client.got), "path": tampered.PATH,
                         "metadata": f"{server.url}/{name}/metadata", "targets": f"{server.url}/{name}/targets"})
        said = subprocess.run(["node", str(HERE / "judge.mjs")], input="".join(json.dumps(j) + "\n" for j in jobs), text=True,
                              stdout=subprocess.PIPE, timeout=300, check=True, cwd=HERE, env=os.environ).stdout
    for line in said.splitlines():
        verdict = json.loads(line)
        name, refused = verdict["name"], verdict["refused"]
        good = (refused is None) == (name == "good" or name in TAKES)
        passed += good
        if not good:
            failed.append(name)
        ours = "good" if name == "good" else tampered.CASES[name][1]
        print(f"{'ok    ' if good else 'FAILED'}  {name}: tuf-client {ours}; tuf-js {refused}")
    server.close()
    missing = len(trees) - passed - len(failed)
    print(f"{passed} passed, {len(failed) + missing} failed")
    sys.exit(len(failed) + missing != 0)


main()
