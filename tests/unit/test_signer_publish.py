#!/usr/bin/env python3
"""signer publish against a server of our own: what it sends, what it refuses, and how it lives with failures."""
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNER = str(pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve() / "signer" / "signer")
KEYS = ROOT / "tests" / "vectors" / "keys"
DONE, FAILED, USAGE, NOT_AUTHENTIC = 0, 1, 2, 3
BASE = "/api/v1/platforms/mps2-an386/releases/1.2.3"
API_KEY = "otad_1_a-secret-of-the-test"


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def certificate(folder, name, host):
    """A CA of its own and a server certificate for host."""
    ca, key, csr, crt = (folder / f"{name}-{x}" for x in ("ca.pem", "key.pem", "csr.pem", "crt.pem"))
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "ca.key", "-out", ca,
            "-subj", f"/CN={name} CA", "-days", "2")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=x")
    (folder / "ext").write_text(f"subjectAltName={host}\n")
    openssl("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", folder / "ca.key", "-CAcreateserial", "-out", crt, "-days", "2",
            "-extfile", folder / "ext")
    return ca, crt, key


class Server(http.server.ThreadingHTTPServer):
    """SPEC 8.6, as far as publishing goes; `faults` are answered first, one a request."""
    daemon_threads = True

    def __init__(self, crt, key):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(crt, key)
        self.requests, self.faults = [], []
        self.release, self.artifacts = None, {}

    def finish_request(self, request, client_address):
        request.settimeout(30)
        try:
            with self.context.wrap_socket(request, server_side=True) as tls:
                super().finish_request(tls, client_address)
        except (OSError, ValueError):
            pass

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status, code, detail, **headers):
        self.answer(status, {"type": "about:blank", "title": "No", "status": status, "code": code, "detail": detail,
                             "request_id": "1"}, "application/problem+json", **headers)

    def handle_any(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.requests.append((self.command, self.path, dict(self.headers), body))
        if server.faults:
            fault = server.faults.pop(0)
            if fault is not None:
                return fault(self)
        if self.headers["Authorization"] != f"Bearer {API_KEY}":
            return self.problem(401, "bad-credentials", "unknown API key")
        if self.command == "PUT" and self.path == BASE:
            sent = json.loads(body)
            if server.release is None:
                server.release = {**sent, "state": "draft", "channel": None}
            elif server.release["sums"] != sent["sums"]:
                return self.problem(409, "release-differs", "version 1.2.3 exists with other files")
            return self.answer(200, self.shown())
        if self.command == "PUT" and self.path.startswith(BASE + "/artifacts/"):
            name = self.path.rsplit("/", 1)[1]
            digest = hashlib.sha256(body).hexdigest()
            if f"SHA256 ({name}) = {digest}\n" not in server.release["sums"]:
                return self.problem(422, "bad-digest", "not in the sums")
            server.artifacts[name] = body
            return self.answer(200, {"name": name, "size": len(body), "sha256": digest})
        if self.command == "POST" and self.path == BASE + "/release":
            if server.release["state"] == "released":
                return self.problem(409, "already-released", "promote it")
            server.release["state"], server.release["channel"] = "released", json.loads(body)["channel"]
            return self.answer(200, self.shown())
        if self.command == "POST" and self.path == BASE + "/promote" and server.release["state"] == "released":
            server.release["channel"] = json.loads(body)["channel"]
            return self.answer(200, self.shown())
        return self.problem(404, "not-found", "no such thing")

    do_PUT = do_POST = handle_any

    def shown(self):
        server = self.server
        return {"version": "1.2.3", "state": server.release["state"], "channel": server.release["channel"],
                "artifacts": [{"name": n, "size": len(b), "sha256": hashlib.sha256(b).hexdigest()}
                              for n, b in server.artifacts.items()]}


def status(code, **headers):
    return lambda h: h.answer(code, b"busy", "text/plain", **headers)


def hang_up(h):
    h.close_connection = True


class Publish(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.shared.cleanup)
        folder = pathlib.Path(cls.shared.name)
        cls.ca, cls.crt, cls.key = certificate(folder, "good", "IP:127.0.0.1")
        cls.other_ca, cls.other_crt, cls.other_key = certificate(folder, "other", "DNS:elsewhere.example")
        cls.image = folder / "app.img"
        (folder / "app.bin").write_bytes(b"firmware" * 5000)
        subprocess.run([SIGNER, "sign", "-k", KEYS / "image.pem", "-v", "1.2.3", "-H", "64", "--pad-header", "--class", "mps2-an386",
                        folder / "app.bin", cls.image], check=True, capture_output=True)
        cls.extra = folder / "Notes-1.2.3.txt"
        cls.extra.write_text("what is new\n")
        cls.api_key = folder / "api-key"
        cls.api_key.write_text(API_KEY + "\n")
        cls.api_key.chmod(0o600)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)
        self.server = self.serve(self.crt, self.key)

    def serve(self, crt, key):
        server = Server(crt, key)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def publish(self, *options, status=DONE, server=None, ca=None, key_file=True, files=None, **kwargs):
        argv = [SIGNER, "publish", "--platform", "mps2-an386", "--version", "1.2.3", "-k", KEYS / "release.pem", "--retry-wait", "1",
                "--server", server or self.server.url, "--ca", ca or self.ca, *options]
        argv += ["--api-key-file", self.api_key] if key_file else []
        r = subprocess.run([str(a) for a in argv + (files or [self.image, self.extra])], capture_output=True, text=True, timeout=100,
                           **kwargs)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        self.assertNotIn(API_KEY, r.stdout + r.stderr)
        return r

    def test_upload_and_release(self):
        out = json.loads(self.publish("--channel", "stable", "--notes", "Größer, schöner", "--json").stdout)
        self.assertEqual((out["state"], out["channel"], out["security_counter"]), ("released", "stable", 0x01020003))
        self.assertEqual(self.server.artifacts, {"app.img": self.image.read_bytes(), "Notes-1.2.3.txt": self.extra.read_bytes()})
        self.assertEqual(self.server.release["notes"], "Größer, schöner")
        self.assertEqual([(m, p) for m, p, _, _ in self.server.requests],
                         [("PUT", BASE), ("PUT", BASE + "/artifacts/Notes-1.2.3.txt"), ("PUT", BASE + "/artifacts/app.img"),
                          ("POST", BASE + "/release")])
        self.assertEqual([a["sent"] for a in out["artifacts"]], [True, True])

    def test_what_was_sent_verifies_with_stock_tools(self):
        self.publish()
        (self.dir / "SHA256SUMS").write_text(self.server.release["sums"])
        (self.dir / "SHA256SUMS.minisig").write_text(self.server.release["minisig"])
        for name, data in self.server.artifacts.items():
            (self.dir / name).write_bytes(data)
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=self.dir, check=True)
        r = subprocess.run(["minisign", "-V", "-Q", "-p", KEYS / "release.minisign.pub", "-m", "SHA256SUMS"], cwd=self.dir, check=True,
                           capture_output=True, text=True)
        self.assertEqual(r.stdout.strip(), "otad platform=mps2-an386 version=1.2.3 counter=16908291")

    def test_signify(self):
        out = self.dir / "out"
        self.publish("--out", out)
        for f in (self.image, self.extra):
            shutil.copy(f, out)
        subprocess.run(["signify-openbsd", "-C", "-q", "-p", KEYS / "release.minisign.pub", "-x", "SHA256SUMS.sig"], cwd=out, check=True)
        self.assertEqual((out / "SHA256SUMS").read_text(), self.server.release["sums"])

    def test_twice_changes_nothing(self):
        self.publish("--channel", "beta")
        before = (dict(self.server.release), dict(self.server.artifacts))
        self.server.requests.clear()
        out = json.loads(self.publish("--channel", "beta", "--json").stdout)
        self.assertEqual((dict(self.server.release), dict(self.server.artifacts)), before)
        self.assertEqual([(m, p) for m, p, _, _ in self.server.requests], [("PUT", BASE)])
        self.assertEqual([a["sent"] for a in out["artifacts"]], [False, False])

    def test_another_channel_promotes(self):
        self.publish("--channel", "beta")
        self.server.requests.clear()
        out = json.loads(self.publish("--channel", "stable", "--json").stdout)
        self.assertEqual((out["state"], out["channel"]), ("released", "stable"))
        self.assertEqual([(m, p) for m, p, _, _ in self.server.requests], [("PUT", BASE), ("POST", BASE + "/promote")])

    def test_sbom_is_a_file_of_the_release(self):
        for name in ("app.cdx.json", "app.spdx.json"):
            (self.dir / name).write_text("{}")
        self.publish("--sbom", self.dir / "app.cdx.json", f"--sbom={self.dir / 'app.spdx.json'}")
        digest = hashlib.sha256(b"{}").hexdigest()
        for name in ("app.cdx.json", "app.spdx.json"):
            self.assertIn(f"SHA256 ({name}) = {digest}\n", self.server.release["sums"])
            self.assertEqual(self.server.artifacts[name], b"{}")
        self.server.requests.clear()
        for name in ("sbom.json", "sbom.xml", "app.cdx.json.gz"):
            (self.dir / name).write_text("{}")
            self.assertIn("*.spdx.json", self.publish("--sbom", self.dir / name, status=USAGE).stderr)
        self.assertEqual(self.server.requests, [])

    def test_resumes_where_it_stopped(self):
        self.server.faults = [None, None, lambda h: h.problem(507, "no-space", "the disk is full")]
        r = self.publish("--retries", "0", status=FAILED)
        self.assertIn("the disk is full (no-space, 507)", r.stderr)
        self.server.requests.clear()
        self.publish()
        self.assertEqual([p for _, p, _, _ in self.server.requests], [BASE, BASE + "/artifacts/app.img"])

    def test_a_version_never_changes(self):
        self.publish()
        other = self.dir / "app.img"
        subprocess.run([SIGNER, "sign", "-k", KEYS / "image.pem", "-v", "1.2.3", "-H", "64", "--pad-header", "--class", "mps2-an386",
                        self.extra, other], check=True, capture_output=True)
        r = self.publish(files=[other], status=FAILED)
        self.assertIn("release-differs", r.stderr)
        self.assertIn("take a new one", r.stderr)

    def test_transient_failures(self):
        self.server.faults = [status(503), hang_up, status(500), None, status(429, Retry_After="0"), hang_up, None]
        r = self.publish("--channel", "stable")
        self.assertEqual(r.stderr.count("trying again"), 5)
        self.assertEqual(self.server.artifacts["app.img"], self.image.read_bytes())
        self.assertEqual(self.server.release["channel"], "stable")

    def test_gives_up_at_last(self):
        self.server.faults = [status(503)] * 10
        r = self.publish("--retries", "3", status=FAILED)
        self.assertEqual(len(self.server.requests), 4)
        self.assertIn("503", r.stderr)

    def test_nobody_there(self):
        port = self.serve(self.crt, self.key)
        url = port.url
        port.shutdown()
        port.server_close()
        r = self.publish("--retries", "2", server=url, status=FAILED)
        self.assertEqual(r.stderr.count("trying again"), 2)
        self.assertIn("hint", r.stderr)

    def test_wrong_ca_and_wrong_host(self):
        for server, ca in ((self.server, self.other_ca), (self.serve(self.other_crt, self.other_key), self.other_ca)):
            r = self.publish(server=server.url, ca=ca, status=FAILED)
            self.assertIn("not the server that it should be", r.stderr)
            self.assertEqual(server.requests, [])
        self.publish(ca=self.dir / "absent", status=FAILED)
        self.publish(ca=self.image, status=FAILED)

    def test_old_tls_is_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.crt, self.key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.server.context = context
        self.publish("--retries", "0", status=FAILED)
        self.assertEqual(self.server.requests, [])

    def test_redirects_are_not_followed(self):
        other = self.serve(self.crt, self.key)
        self.server.faults = [status(307, Location=other.url + BASE)]
        r = self.publish(status=FAILED)
        self.assertIn("307", r.stderr)
        self.assertEqual(other.requests, [])

    def test_strange_answers(self):
        for fault in (status(200), lambda h: h.answer(200, b"{" * 50000), lambda h: h.answer(200, [1]),
                      lambda h: h.answer(200, b"x" * (2 << 20)), lambda h: h.answer(418, b"\xff\xfe", "application/problem+json"),
                      lambda h: h.problem(400, "x\x1b[2J" + "y" * 5000, "\x07" * 1000), status(204)):
            self.server.faults = [fault]
            r = self.publish("--retries", "0", status=FAILED)
            self.assertNotIn("\x1b", r.stderr)
            self.assertNotIn("\x07", r.stderr)

    def test_api_key(self):
        self.publish(key_file=False, env={**os.environ, "OTAD_API_KEY": API_KEY})
        env = {k: v for k, v in os.environ.items() if k != "OTAD_API_KEY"}
        self.assertIn("--api-key-file", self.publish(key_file=False, env=env, status=FAILED).stderr)
        for bad in ("", "two words", "line\nline", "x" * 5000, "\x01"):
            (self.dir / "k").write_text(bad)
            (self.dir / "k").chmod(0o600)
            self.publish("--api-key-file", self.dir / "k", key_file=False, status=FAILED)
        self.server.requests.clear()
        (self.dir / "k").write_text("otad_9_wrong")
        r = self.publish("--api-key-file", self.dir / "k", key_file=False, status=FAILED)
        self.assertIn("revoked", r.stderr)
        self.assertEqual(len(self.server.requests), 1)

    def test_only_https(self):
        for url in ("http://127.0.0.1:1", "ftp://127.0.0.1", "127.0.0.1:8443", "https://"):
            self.publish(server=url, status=FAILED)

    def test_version_and_counter_must_agree(self):
        r = self.publish("--version", "1.2.4", status=FAILED)
        self.assertIn("is version 1.2.3, the release 1.2.4", r.stderr)
        self.assertIn("counter", self.publish("--counter", "5", status=FAILED).stderr)
        other = self.dir / "other.img"
        subprocess.run([SIGNER, "sign", "-k", KEYS / "image.pem", "-v", "1.2.3", "-s", "9", "-H", "64", "--pad-header", "--class", "x",
                        self.extra, other], check=True, capture_output=True)
        self.publish(files=[self.image, other], status=FAILED)
        self.assertEqual(self.server.requests, [])

    def test_what_otad_would_refuse_stays_here(self):
        data = bytearray(self.image.read_bytes())
        bad = self.dir / "app.img"
        data[200] ^= 1
        bad.write_bytes(data)
        self.publish(files=[bad], status=NOT_AUTHENTIC)
        bad.write_bytes(self.image.read_bytes()[:-1])
        self.publish(files=[bad], status=FAILED)
        subprocess.run([SIGNER, "sign", "--bare", "-k", KEYS / "image.pem", "-v", "1.2.3", "-H", "64", "--pad-header", self.extra, bad],
                       check=True, capture_output=True)
        self.publish(files=[bad], status=FAILED)
        for name in ("with space", "SHA256SUMS", ".hidden", "x" * 64):
            (self.dir / name).write_text("x")
            self.publish(files=[self.dir / name], status=FAILED)
        self.publish(files=[self.extra, self.extra], status=FAILED)
        self.publish(files=[self.dir / "absent"], status=FAILED)
        self.publish(files=[self.dir], status=FAILED)
        (self.dir / "empty").write_bytes(b"")
        self.publish(files=[self.dir / "empty"], status=FAILED)
        r = self.publish("-k", KEYS / "image-p256.pem", status=FAILED)
        self.assertIn("keygen --purpose release", r.stderr)
        self.publish("--platform", "Bad Name", status=FAILED)
        self.assertEqual(self.server.requests, [])

    def test_dry_run(self):
        out = json.loads(self.publish("--dry-run", "--out", self.dir / "out", "--json").stdout)
        self.assertTrue(out["dry_run"])
        self.assertFalse((self.dir / "out").exists())
        self.assertEqual(self.server.requests, [])

    def test_the_same_bytes_every_time(self):
        for name in ("a", "b"):
            self.publish("--out", self.dir / name)
        for f in ("SHA256SUMS", "SHA256SUMS.minisig", "SHA256SUMS.sig"):
            self.assertEqual((self.dir / "a" / f).read_bytes(), (self.dir / "b" / f).read_bytes())

    def test_no_secret_in_the_command_line(self):
        r = subprocess.run([SIGNER, "publish", "--api-key", "x"], capture_output=True, text=True)
        self.assertEqual(r.returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
