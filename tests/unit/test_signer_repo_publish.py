#!/usr/bin/env python3
"""signer repo publish against a server of our own: what it sends, in which order, and what it leaves alone."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import test_signer_publish as publish
import test_signer_repo as repo

BASE = "/api/v1/platforms/board/tuf"


class Handler(publish.Handler):
    """SPEC 10.8, as far as a client sees it."""

    def handle_any(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.requests.append((self.command, self.path, dict(self.headers), body))
        if server.faults:
            return server.faults.pop(0)(self)
        if self.headers["Authorization"] != f"Bearer {publish.API_KEY}":
            return self.problem(401, "bad-credentials", "unknown API key")
        if self.command == "PUT":
            server.stored[json.loads(body)["signed"]["_type"] + self.path] = body
            return self.answer(200, {"published": [], "pending": []})
        key = {"keytype": "ed25519", "keyval": {"public": server.online}, "scheme": "ed25519"}
        return self.answer(200, {"platform": "board", "roles": server.roles, "pending": [],
                                 "online": {"director": key, "snapshot": key, "timestamp": key}})

    do_GET = do_PUT = handle_any


class Publish(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        repo.setUpModule()
        cls.addClassCleanup(repo.tearDownModule)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.shared = pathlib.Path(folder.name)
        cls.ca, cls.crt, cls.key = publish.certificate(cls.shared, "good", "IP:127.0.0.1")
        cls.api_key = cls.shared / "api-key"
        cls.api_key.write_text(publish.API_KEY + "\n")
        cls.api_key.chmod(0o600)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repo = pathlib.Path(folder.name) / "repo"
        self.top = pathlib.Path(repo.shared.name)
        shutil.copytree(self.top / "repo", self.repo)
        self.server = publish.Server(self.crt, self.key)
        self.server.RequestHandlerClass = Handler
        self.server.roles, self.server.stored, self.server.online = [], {}, "00" * 32
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def publish(self, *args, status=repo.DONE):
        r = subprocess.run([repo.SIGNER, "repo", "publish", "-d", self.repo, "--server", self.server.url, "--ca", self.ca, "--api-key-file",
                            self.api_key, *args], capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        self.assertNotIn(publish.API_KEY, r.stdout + r.stderr)
        return r

    def sent(self):
        return [(p.removeprefix(BASE), json.loads(b)["signed"]["version"]) for c, p, _, b in self.server.requests if c == "PUT"]

    def signer(self, verb, *args):
        return repo.run("repo", verb, "-d", self.repo, *args)

    def test_root_first_and_byte_for_byte(self):
        out = json.loads(self.publish("--json").stdout)
        self.assertEqual(self.sent(), [("/root.json", 1), ("/targets.json", 1), ("/board.json", 1)])
        self.assertEqual([f["file"] for f in out["files"]], ["1.root.json", "1.targets.json", "1.board.json"])
        for (_, path, _, body), name in zip(self.server.requests[1:], ("1.root.json", "1.targets.json", "1.board.json")):
            self.assertEqual(body, (self.repo / name).read_bytes(), path)

    def test_only_what_the_server_lacks(self):
        self.signer("rotate", "--role", "root", "--remove", self.top / "r3.pub")
        for name in ("r1", "r2"):
            self.signer("cosign", "-k", self.top / f"{name}.pem", "--yes")
        self.signer("renew")
        self.server.roles = [{"role": n, "version": 1, "file": f"1.{n}.json"} for n in ("root", "targets", "board")]
        self.publish()
        self.assertEqual(self.sent(), [("/root.json", 2)])  # nobody has signed the renewed role
        self.signer("cosign", "-k", self.top / "p1.pem", "--yes")
        self.publish()
        self.assertEqual(self.sent()[-1], ("/board.json", 2))  # waits there for the second manager

    def test_online_keys_from_the_server(self):
        server = ("--server", self.server.url, "--ca", self.ca, "--api-key-file", self.api_key)
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.top / "stranger.pub", "-outform", "DER"], check=True, capture_output=True)
        self.server.online = der.stdout[-32:].hex()
        self.signer("rotate", *server)
        root = json.loads((self.repo / "pending" / "2.root.json").read_text())["signed"]
        named = root["roles"]["snapshot"]["keyids"]
        self.assertEqual([root["keys"][k]["keyval"]["public"] for k in named], [self.server.online])
        self.assertEqual((root["roles"]["timestamp"]["keyids"], root["x-otad-director"]["keyids"]), (named, named))
        repo.run("repo", "rotate", "-d", self.repo, *server[:2], status=repo.USAGE)
        repo.run("repo", "rotate", "-d", self.repo, *server, "--online", "x", status=repo.USAGE)

    def test_dry_run_sends_nothing(self):
        self.assertIn("would be sent", self.publish("--dry-run").stdout)
        self.assertEqual(self.server.requests, [])

    def test_refusals(self):
        self.server.faults = [lambda h: h.answer(200, {"roles": []}),
                              lambda h: h.problem(422, "counter-too-low", "security counter 1 is below 2")]
        self.assertIn("security counter 1 is below 2 (counter-too-low, 422)", self.publish(status=repo.FAILED).stderr)
        self.server.faults = [lambda h: h.answer(200, {"roles": []}), lambda h: h.problem(403, "forbidden", "not allowed")]
        self.assertIn("platform.manage", self.publish(status=repo.FAILED).stderr)
        self.server.faults = [lambda h: h.answer(200, b"<html>", "text/html")]
        self.assertIn("no JSON", self.publish(status=repo.FAILED).stderr)
        self.server.roles = [{"role": "board", "version": 7}]
        self.assertIn("nothing goes back", self.publish(status=repo.NOT_AUTHENTIC).stderr)
        before = len(self.server.requests)
        self.assertIn("expired", self.publish("--time", "2099-01-01T00:00:00Z", status=repo.NOT_AUTHENTIC).stderr)
        self.assertEqual(len(self.server.requests), before)


if __name__ == "__main__":
    unittest.main()
