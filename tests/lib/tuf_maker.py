"""Makes TUF repositories for tests, good and broken ones, written from TUF 1.0.34 and SPEC 10 and not from our C.

Ed25519 is libsodium's (ctypes), P-256 the openssl command's.  Keys come from names, so every run makes the same bytes.
"""
import copy
import ctypes
import ctypes.util
import hashlib
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium"))
NEVER, LONG_AGO = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
OFFLINE = ("root", "targets")


def canonical(value):
    """OLPC canonical JSON."""
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return json.dumps(value)


class Key:
    """An Ed25519 key."""

    def __init__(self, name):
        public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        assert SODIUM.crypto_sign_seed_keypair(public, secret, hashlib.sha256(name.encode()).digest()) == 0
        self.secret = secret.raw
        self.object = {"keytype": "ed25519", "keyval": {"public": public.raw.hex()}, "scheme": "ed25519"}

    @property
    def id(self):
        return hashlib.sha256(canonical(self.object).encode()).hexdigest()

    def sign(self, message):
        sig = ctypes.create_string_buffer(64)
        assert SODIUM.crypto_sign_detached(sig, None, message, ctypes.c_ulonglong(len(message)), self.secret) == 0
        return sig.raw.hex()


class KeyP256(Key):
    """An ECDSA key on P-256: PEM in the key, DER in the signature."""

    def __init__(self, name):  # pylint: disable=super-init-not-called
        del name
        new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self.pem = subprocess.run(new, check=True, capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=self.pem, check=True, capture_output=True).stdout.decode()
        self.object = {"keytype": "ecdsa", "keyval": {"public": public}, "scheme": "ecdsa-sha2-nistp256"}

    def sign(self, message):
        with tempfile.NamedTemporaryFile() as key:
            key.write(self.pem)
            key.flush()
            return subprocess.run(["openssl", "dgst", "-sha256", "-sign", key.name], input=message, check=True,
                                  capture_output=True).stdout.hex()


class KeyP256Point(KeyP256):
    """The same, its public half as the bare point, which canonical files can carry."""

    def __init__(self, name):
        super().__init__(name)
        der = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=self.pem, check=True, capture_output=True).stdout
        self.object["keyval"]["public"] = der[-65:].hex()


class KeyRsa(KeyP256):
    """RSA: PEM in the key, PSS in the signature, with a salt as long as the digest."""

    def __init__(self, name, bits=2048):  # pylint: disable=super-init-not-called
        del name
        new = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]
        self.pem = subprocess.run(new, check=True, capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=self.pem, check=True, capture_output=True).stdout.decode()
        self.object = {"keytype": "rsa", "keyval": {"public": public}, "scheme": "rsassa-pss-sha256"}

    def sign(self, message, padding=("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")):
        with tempfile.NamedTemporaryFile() as key:
            key.write(self.pem)
            key.flush()
            return subprocess.run(["openssl", "dgst", "-sha256", *padding, "-sign", key.name], input=message, check=True,
                                  capture_output=True).stdout.hex()


def wire(value, indent=None):
    """A file as it is served; canonical unless indented."""
    return json.dumps(value, indent=indent).encode() if indent is not None else canonical(value).encode()


class Repo:
    """One platform's repository (SPEC 10.2).  Change what you like, then publish(); `files` is what is served.

    edit[NAME](signed) works before signing, touch[NAME](envelope) after it, raw[NAME](bytes) on the bytes when everything
    that lists them is made already; relist[NAME](entry) on what snapshot or timestamp says of NAME.
    """

    def __init__(self, platform="nrf52840", new_key=Key):
        self.platform, self.new_key, self.indent = platform, new_key, None
        k = new_key
        self.keys = {"root": [k("r1"), k("r2"), k("r3")], "targets": [k("t1"), k("t2"), k("t3")], "snapshot": [k("snapshot")],
                     "timestamp": [k("timestamp")], "director": [k("director")], platform: [k("p1"), k("p2")]}
        self.threshold = {"root": 2, "targets": 2, platform: 2}
        self.signers = {}  # role -> other keys than its own
        self.old_root_keys = []
        self.version = dict.fromkeys(("root", "targets", "snapshot", "timestamp", platform), 1)
        self.expires = {}
        self.consistent = True
        self.delegations = [{"name": platform, "paths": ["*/*"], "terminating": True}]
        self.content = {"1.0.0/fw.bin": b"firmware " * 40}
        self.listed = {platform: ["1.0.0/fw.bin"]}  # role -> the paths it lists
        self.extra = {}  # role -> delegations of a delegated role: (list, keys)
        self.edit, self.touch, self.raw, self.relist = {}, {}, {}, {}
        self.files, self.roots = {}, {}

    def bump(self, *names):
        for name in names:
            self.version[name] += 1
        return self

    def new_release(self, path="1.1.0/fw.bin"):
        """A second release, and the versions that publishing it raises."""
        self.content[path] = b"firmware of " + path.encode()
        self.listed[self.platform] = [path]
        return self.bump(self.platform, "snapshot", "timestamp")

    def rotate(self, role, *names):
        """New keys for a role, in a new root."""
        if role == "root":
            self.old_root_keys = self.keys["root"]
        self.keys[role] = [self.new_key(n) for n in names]
        return self.bump("root")

    def role_entry(self, role):
        return {"keyids": [k.id for k in self.keys[role]], "threshold": self.threshold.get(role, 1)}

    def head(self, role, kind):
        return {"_type": kind, "expires": self.expires.get(role, NEVER), "spec_version": "1.0.34", "version": self.version[role]}

    def sign(self, role, signed):
        if role in self.edit:
            self.edit[role](signed)
        message = canonical(signed).encode()
        keys = self.signers.get(role)
        if keys is None:
            keys = self.keys[role] + (self.old_root_keys if role == "root" else [])
        unique = {k.id: k for k in keys}
        envelope = {"signatures": [{"keyid": i, "sig": k.sign(message)} for i, k in unique.items()], "signed": signed}
        if role in self.touch:
            self.touch[role](envelope)
        return wire(envelope, self.indent)

    def make_root(self):
        top = ("root", "targets", "snapshot", "timestamp")
        keys = {k.id: k.object for role in (*top, "director") for k in self.keys[role]}
        return self.sign("root", {**self.head("root", "root"), "consistent_snapshot": self.consistent, "keys": keys,
                                  "roles": {r: self.role_entry(r) for r in top}, "x-otad-director": self.role_entry("director")})

    def make_targets(self, role):
        signed = {**self.head(role, "targets"), "targets": {p: self.target(p) for p in self.listed.get(role, [])}}
        delegations = self.delegations if role == "targets" else self.extra.get(role, [])
        if delegations:
            signed["delegations"] = {
                "keys": {k.id: k.object for d in delegations for k in self.keys[d["name"]]},
                "roles": [{**d, **self.role_entry(d["name"])} for d in delegations]}
        return self.sign(role, signed)

    def target(self, path):
        data, version = self.content[path], path.split("/", maxsplit=1)[0]
        return {"custom": {"channel": "stable", "counter": 7, "hwClass": 3, "platform": self.platform, "version": version},
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()}, "length": len(data)}

    def listing(self, name, version, data):
        entry = {"hashes": {"sha256": hashlib.sha256(data).hexdigest()}, "length": len(data), "version": version}
        if name in self.relist:
            self.relist[name](entry)
        return entry

    def put(self, role, data, versioned=True):
        name = "".join(c if c.isalnum() or c in "-_.~" else f"%{ord(c):02X}" for c in role) + ".json"
        if versioned:
            name = f"{self.version[role]}.{name}"
        self.files["metadata/" + name] = self.raw[role](data) if role in self.raw else data

    def roles_below(self, role="targets", seen=None):
        seen = [] if seen is None else seen
        for d in self.delegations if role == "targets" else self.extra.get(role, []):
            if d["name"] not in seen:
                seen.append(d["name"])
                self.roles_below(d["name"], seen)
        return seen

    def publish(self):
        """Make all files anew, roots of earlier calls stay.  Returns self."""
        self.files = dict(self.roots)
        meta = {}
        for role in ("targets", *self.roles_below()):
            data = self.make_targets(role)
            self.put(role, data, self.consistent)
            meta[role + ".json"] = self.listing(role, self.version[role], data)
        snapshot = self.sign("snapshot", {**self.head("snapshot", "snapshot"), "meta": meta})
        self.put("snapshot", snapshot, self.consistent)
        listed = {"snapshot.json": self.listing("snapshot", self.version["snapshot"], snapshot)}
        self.put("timestamp", self.sign("timestamp", {**self.head("timestamp", "timestamp"), "meta": listed}), False)
        self.put("root", self.make_root())
        name = f"metadata/{self.version['root']}.root.json"
        self.roots[name] = self.files[name]
        for path, data in self.content.items():
            folder, _, base = path.rpartition("/")
            prefix = hashlib.sha256(data).hexdigest() + "." if self.consistent else ""
            self.files["targets/" + (folder + "/" if folder else "") + prefix + base] = data
        return self

    def copy(self):
        other = copy.copy(self)
        for name in ("keys", "threshold", "signers", "version", "expires", "content", "extra", "edit", "touch", "raw", "relist",
                     "files", "roots"):
            setattr(other, name, dict(getattr(self, name)))
        other.listed = {k: list(v) for k, v in self.listed.items()}
        other.delegations = copy.deepcopy(self.delegations)
        return other


class Server:
    """Serves a dict of files over loopback HTTP; a function as value gives its answer's body for ever, a number is a status."""

    def __init__(self):
        outer = self
        self.trees, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # head and body in one packet: two would wait for an acknowledgement

            def do_GET(self):
                tree, _, name = self.path.lstrip("/").partition("/")
                outer.asked.append(self.path)
                data = outer.trees.get(tree, {}).get(name)
                status = 404 if data is None else data if isinstance(data, int) else 200
                self.send_response(status)
                if callable(data):
                    self.send_header("Connection", "close")
                    self.end_headers()
                    try:
                        while True:
                            self.wfile.write(data())
                    except OSError:
                        self.close_connection = True
                    return
                body = data if status == 200 else b"{}"
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *args: None  # clients hang up on endless answers
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def write_tree(files, folder):
    for name, data in files.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
