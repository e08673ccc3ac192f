"""Runs tuf-js (tests/tuf/client.mjs), for tests."""
import json
import os
import pathlib
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "tuf"


class TufJs:
    """One node process; each call is a job of client.mjs."""

    def __init__(self, ca=None):
        env = {**os.environ, **({"NODE_EXTRA_CA_CERTS": str(ca)} if ca else {})}
        self.node = subprocess.Popen(["node", "client.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def __call__(self, **job):
        """The answer: {"ok": true, "paths"} or {"ok": false, "error", "cause"}."""
        self.node.stdin.write(json.dumps(job, default=str) + "\n")
        self.node.stdin.flush()
        line = self.node.stdout.readline()
        assert line, f"node ended with {self.node.wait()}"
        return json.loads(line)

    def close(self):
        self.node.stdin.close()
        self.node.stdout.close()
        return self.node.wait(60)
