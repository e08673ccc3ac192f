"""A server in the hands of somebody who has all that otad has: its certificate and key, its online keys, its database and files.

It stands before the real otad and passes on what it does not care about; what it does care about it answers itself."""
import base64
import ctypes
import hashlib
import http.client
import http.server
import json
import re
import ssl
import sys
import threading
import time

from .proc import ROOT

sys.path.insert(0, str(ROOT / "tests" / "lib"))
from tuf_maker import SODIUM, Key, canonical  # noqa: E402,F401


class StolenKey(Key):
    """One of otad's, from the file it keeps it in (PKCS#8: the seed is at its end)."""

    def __init__(self, path):  # pylint: disable=super-init-not-called
        der = base64.b64decode("".join(line for line in path.read_text().splitlines() if "-" not in line))
        public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        assert SODIUM.crypto_sign_seed_keypair(public, secret, der[-32:]) == 0
        self.secret = secret.raw
        self.object = {"keytype": "ed25519", "keyval": {"public": public.raw.hex()}, "scheme": "ed25519"}


def utc(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


class Taken:
    """Serves a platform's devices over TLS as the owner of the name.  offer(image, path, entry) lies about what is assigned;
    files[NAME] = bytes lies about the repository; sha256 about the image's digest; time_s lies about the time; quiet says nothing new;
    key_manifest offers keys."""

    def __init__(self, otad, platform):
        self.otad, self.platform = otad, platform
        state = otad.folder / "state"
        self.keys = {role: StolenKey(state / f"tuf-{role}.pem") for role in ("snapshot", "timestamp", "director")}
        self.repent()
        self.asked, self.told = [], []  # paths, and bodies of devices
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, data = outer.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PUT = do_GET

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Devices lose their power in the middle of an answer."""

        self.http = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, otad.certificate))
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def kill(self):
        self.http.shutdown()
        self.http.server_close()

    # -- what the lies are

    def repent(self):
        """From now on it is the real otad that answers."""
        self.image = self.path = self.entry = self.sha256 = self.time_s = None
        self.files, self.quiet, self.signed, self.key_manifest = {}, False, True, None

    def offer(self, image, path, entry):
        self.image, self.path, self.entry = image, path, entry
        self.sha256 = hashlib.sha256(image).hexdigest()

    def envelope(self, signed, *keys):
        message = canonical(signed).encode()
        return canonical({"signatures": sorted(({"keyid": k.id, "sig": k.sign(message)} for k in keys), key=lambda s: s["keyid"]),
                          "signed": signed}).encode()

    def read(self, name):
        """A file of the repository as the real otad has it."""
        status, _, data = self.honest("GET", self.where(name), {}, b"")
        assert status == 200, f"{name}: {status}"
        return json.loads(data)["signed"]

    def where(self, name):
        return f"/tuf/DEFAULT/{self.platform}/metadata/{name}"

    def republish(self, changed, instead=False):
        """New snapshot and timestamp, with the stolen keys, for role files {(role, version): bytes} beside or instead of the others."""
        timestamp = self.read("timestamp.json")
        snapshot = self.read(f"{timestamp['meta']['snapshot.json']['version']}.snapshot.json")
        if instead:
            snapshot["meta"] = {}
        for (role, version), data in changed.items():
            snapshot["meta"][f"{role}.json"] = self.listing(data, version)
            self.files[f"{version}.{role}.json"] = data
        snapshot["version"] += 1
        timestamp["version"] += 1
        data = self.envelope(snapshot, self.keys["snapshot"])
        self.files[f"{snapshot['version']}.snapshot.json"] = data
        timestamp["meta"]["snapshot.json"] = self.listing(data, snapshot["version"])
        self.files["timestamp.json"] = self.envelope(timestamp, self.keys["timestamp"])

    @staticmethod
    def listing(data, version):
        return {"hashes": {"sha256": hashlib.sha256(data).hexdigest()}, "length": len(data), "version": version}

    # -- answers

    def honest(self, method, path, headers, body):
        connection = http.client.HTTPSConnection(self.otad.name, self.otad.port, timeout=60,
                                                 context=ssl.create_default_context(cafile=str(self.otad.ca.cert)))
        headers = {k: v for k, v in headers.items() if k.lower() not in ("connection", "host", "range", "if-none-match")}
        try:
            connection.request(method, path, body or None, headers)
            r = connection.getresponse()
            return r.status, r.headers.get("Content-Type", "application/json"), r.read()
        finally:
            connection.close()

    def answer(self, method, path, headers, body):
        self.asked.append(path)
        if body:
            self.told.append(body)
        plain, _, query = path.partition("?")
        name = plain.rpartition("/")[2]
        if plain.startswith(f"/tuf/DEFAULT/{self.platform}/metadata/") and name in self.files:
            return 200, "application/json", self.files[name]
        if plain == "/stolen/keys":
            return 200, "application/octet-stream", self.key_manifest
        if plain == "/stolen/image":
            return 200, "application/octet-stream", self.image
        if plain.endswith("/director") and (self.image or self.quiet):
            return 200, "application/json", self.director(plain.split("/")[4], re.search(r"nonce=([0-9a-f]+)", query)[1])
        status, kind, data = self.honest(method, path, headers, body)
        if method == "GET" and status == 200 and "/controller/v1/" in plain and (self.image or self.quiet):
            data = self.twist(plain, data)
        return status, kind, data

    def director(self, device, nonce):
        now = int(self.time_s or time.time())
        return self.envelope({"_type": "targets", "device": device, "expires": utc(now + 60), "nonce": nonce, "spec_version": "1.0.34",
                              "targets": {self.path: self.entry} if self.image and not self.quiet else {}, "time": utc(now),
                              "version": now}, self.keys["director"])

    def twist(self, path, data):
        try:
            said = json.loads(data)
        except ValueError:
            return data
        if not self.signed:
            said.get("_links", {}).pop("director", None)
        if self.quiet:
            said.get("_links", {}).pop("deploymentBase", None)
        if self.key_manifest and path.count("/") == 4:
            said["_links"]["keyManifest"] = {"href": f"https://{self.otad.name}:{self.port}/stolen/keys"}
        if self.image and "/deploymentBase/" in path:
            for chunk in said["deployment"]["chunks"]:
                for a in chunk["artifacts"]:
                    a["size"] = len(self.image)
                    a["hashes"] = {"sha256": self.sha256}
                    for link in a["_links"].values():
                        link["href"] = f"https://{self.otad.name}:{self.port}/stolen/image"
        return json.dumps(said).encode()
