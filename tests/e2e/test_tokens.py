"""otad's own keys in tokens: SoftHSM2 for what an operator has, a module of ours for what tokens do when they are ill.  Whatever
a token does, devices poll on; what it should sign fails with its reason, and comes back with it."""
import concurrent.futures
import os
import pathlib
import signal
import tempfile
import threading
import unittest

from harness import BUILD, run, wait_until
from lab.factory import keep_secret, signer
from lab.tuf import keyid, verified
from test_metrics import parse
from test_tuf import Repository

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
FAKE = BUILD / "tests" / "unit" / "libfake_token.so"
PIN = "123456"
ROLES = ("snapshot", "timestamp", "director")
NONCE = "00112233445566778899aabbccddeeff"


class Tokens(Repository):
    """A platform with a repository and one device that polls."""

    def device(self):
        made = self.admin.post("/devices", {"id": self.name, "platform": self.name})
        self.client = self.otad.client().use_device(made["token"])
        self.token = made["token"]

    def poll(self):
        return self.client.request("GET", self.otad.device_url(self.name)).status

    def ask(self, client=None):
        return (client or self.client).request("GET", f"{self.otad.device_url(self.name)}/director?nonce={NONCE}")

    def metric(self, name, role, place="current"):
        family = parse(self.otad.client().request("GET", "/metrics").body.decode()).get(name)
        return None if family is None else family[2].get((("place", place), ("role", role)), family[2].get((("role", role), ("place", place))))

    def wait_ready(self, *roles, place="current", ready=1):
        for role in roles or ROLES:
            wait_until(f"the key of {role} to be {'there' if ready else 'away'}",
                       lambda: self.metric("otad_online_key_ready", role, place) == ready)

    def mark(self):
        """From here on lines count."""
        self.said = len(self.otad.process.output())

    def wait_log(self, *words):
        wait_until(f"a line with {words}", lambda: any(all(w in line for w in words) for line in self.otad.process.output()[self.said:].splitlines()))

    def change(self, **settings):
        """Change the file, and tell otad."""
        self.mark()
        self.otad.settings.update(settings)
        self.otad.write_config()
        self.otad.process.popen.send_signal(signal.SIGHUP)

    def reload(self, **settings):
        self.change(**settings)
        self.wait_log("event=reloaded")


class WithSoftHsm(Tokens):
    settings = {"tuf_timestamp_s": 4, "token_timeout_ms": 60000}

    @classmethod
    def setUpClass(cls):
        cls.hsm = pathlib.Path(tempfile.mkdtemp(prefix="otad-hsm."))
        cls.addClassCleanup(lambda: run("rm", "-rf", cls.hsm))
        (cls.hsm / "tokens").mkdir()
        (cls.hsm / "softhsm.conf").write_text(f"directories.tokendir = {cls.hsm}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        (cls.hsm / "leaks").write_text("leak:libsofthsm2.so\n")  # of signer: SoftHSM 2.6.1 leaks a string for each curve
        cls.env = {"SOFTHSM2_CONF": str(cls.hsm / "softhsm.conf")}
        run("softhsm2-util", "--init-token", "--free", "--label", "otad", "--pin", PIN, "--so-pin", "87654321", env=cls.env)
        for name, text in (("pin", PIN), ("wrong", "654321")):
            keep_secret(cls.hsm / name, text + "\n")
        for role in ROLES:
            cls.make_key(role)
        cls.settings = {**cls.settings, "token_pin_file": cls.hsm / "pin", **{f"{role}_key": cls.uri(role) for role in ROLES}}
        super().setUpClass()

    @classmethod
    def uri(cls, name, query=""):
        return f"pkcs11:token=otad;object={name}?module-path={MODULE}{query}"

    @classmethod
    def make_key(cls, name, kind="ed25519"):
        signer("keygen", "-t", kind, "-k", cls.uri(name), "--pin-file", cls.hsm / "pin", "-o", cls.hsm / name,
               env={**cls.env, "ASAN_OPTIONS": "fast_unwind_on_malloc=0", "LSAN_OPTIONS": f"suppressions={cls.hsm}/leaks:print_suppressions=0"})

    def public(self, name):
        """As openssl reads the file that keygen wrote beside the token."""
        der = run("openssl", "pkey", "-pubin", "-in", self.hsm / f"{name}.pub", "-outform", "DER", "-out", self.folder / "der")
        self.assertEqual(der.returncode, 0)
        return {"keytype": "ed25519", "keyval": {"public": (self.folder / "der").read_bytes()[-32:].hex()}, "scheme": "ed25519"}

    def refresh(self):
        """A client's look at all that is published, by tuf-client."""
        mirror, trusted = self.folder / "mirror", self.folder / "trusted"
        for name in {"1.root.json", "timestamp.json", *self.tuf()["files"]}:
            mirror.mkdir(exist_ok=True)
            (mirror / name).write_bytes(self.fetch(f"metadata/{name}").body)
        client = [BUILD / "firmware" / "tuf" / "host" / "tuf-client", "--metadata-dir", trusted]
        if not trusted.exists():
            trusted.mkdir()
            run(*client, "init", mirror / "1.root.json")
        run(*client, "--metadata-url", f"file://{mirror}", "refresh")

    def signed_by(self, name, document):
        (one,) = document["signatures"]
        self.assertEqual(one["keyid"], keyid(self.public(name)))
        self.assertTrue(verified(self.public(name), document["signed"], one["sig"], self.folder))


class Rotation(WithSoftHsm):
    def test_rotation_without_a_stop(self):
        self.wait_ready()
        self.device()
        self.begin()
        for role in ROLES:
            self.make_key(f"{role}-2")
        polls, over = [], threading.Event()

        def keep_polling():
            client = self.otad.client().use_device(self.token)
            while not over.is_set():
                polls.append((client.request("GET", self.otad.device_url(self.name)).status, self.ask(client).status))
        poller = threading.Thread(target=keep_polling)
        poller.start()
        try:
            self.reload(**{f"{role}_key_next": self.uri(f"{role}-2") for role in ROLES})
            self.wait_ready(place="next")
            online = self.tuf()["online"]
            self.assertEqual(online, {role: self.public(f"{role}-2") for role in ROLES})
            self.signed_by("director", self.ask().json())
            self.put("root.json", self.maker.root(online, version=2))
            self.signed_by("director-2", self.ask().json())
            self.reload(**{f"{role}_key": self.uri(f"{role}-2") for role in ROLES}, **{f"{role}_key_next": "" for role in ROLES})
            self.signed_by("director-2", self.ask().json())
            self.signed_by("timestamp-2", self.meta("timestamp.json"))
            self.signed_by("snapshot-2", self.meta(f"{self.chain()['snapshot']}.snapshot.json"))
            self.refresh()
        finally:
            over.set()
            poller.join()
        self.assertEqual(set(polls), {(200, 200)}, "neither a poll nor an answer failed")


class SoftHsm(WithSoftHsm):
    def test_all_that_otad_signs(self):
        self.wait_ready()
        self.device()
        self.assertEqual(self.tuf()["online"], {role: self.public(role) for role in ROLES})
        self.assertEqual(list((self.otad.folder / "state").glob("tuf-*")), [], "no key of ours is a file")
        self.begin([self.target("1.0.0", self.complete("1.0.0"))])
        first = self.chain()["timestamp"]
        self.signed_by("timestamp", self.meta("timestamp.json"))
        self.signed_by("snapshot", self.meta(f"{self.chain()['snapshot']}.snapshot.json"))
        self.signed_by("director", self.ask().json())
        self.refresh()
        wait_until("the timestamp to be renewed", lambda: self.chain()["timestamp"] > first)
        self.signed_by("timestamp", self.meta("timestamp.json"))
        self.refresh()
        self.assertGreaterEqual(self.metric("otad_token_signatures_total", "timestamp"), 2)
        self.assertEqual(self.metric("otad_token_failures_total", "timestamp"), 0)

    def test_taken_away_and_back(self):
        self.wait_ready()
        self.device()
        self.begin()
        away = self.hsm / "taken-away"
        self.mark()
        (self.hsm / "tokens").rename(away)
        (self.hsm / "tokens").mkdir()
        try:
            wait_until("the token to be missed", lambda: self.ask().status == 503)
            self.wait_ready("director", "timestamp", ready=0)
            self.assertEqual((self.poll(), self.ask().status, self.otad.client().request("GET", "/readyz").status), (200, 503, 200))
            self.wait_log("token-key-failed", "object=director", "no such token")
            self.refused(503, "key-away", self.put_role, self.maker.platform_role([], version=2))
            self.wait_ready("snapshot", ready=0)
            # neither does otad need it to begin
            self.assertEqual(self.otad.stop(), 0)
            self.otad.start()
            self.said = 0
            self.client = self.otad.client().use_device(self.token)
            self.wait_log("token-key-failed", "object=director", "no such token")
            self.assertEqual((self.poll(), self.ask().status, self.tuf()["online"]), (200, 503, {role: None for role in ROLES}))
            self.meta("timestamp.json")
        finally:
            (self.hsm / "tokens").rmdir()
            away.rename(self.hsm / "tokens")
        self.wait_ready()
        before = self.meta("timestamp.json")["signed"]["version"]
        self.signed_by("director", self.ask().json())
        self.put_role(self.maker.platform_role([], version=2))
        wait_until("timestamps to be renewed again", lambda: self.chain()["timestamp"] > before + 1)
        self.refresh()

    def test_what_cannot_be_meant(self):
        self.wait_ready()
        self.device()
        self.begin()
        self.make_key("p256-key", "p256")
        run("pkcs11-tool", "--module", MODULE, "--login", "--pin", PIN, "--keypairgen", "--key-type", "rsa:2048", "--label", "rsa-key", env=self.env)
        os.chmod(self.hsm / "wrong", 0o600)
        keep_secret(self.hsm / "open-pin", PIN + "\n")
        os.chmod(self.hsm / "open-pin", 0o644)
        tries = {
            self.uri("absent"): "has no such private key: absent",
            self.uri("p256-key"): "otad's own keys are Ed25519",
            self.uri("rsa-key"): "neither Ed25519 nor P-256",
            self.uri("timestamp", f"&pin-source=file:{self.hsm}/absent"): "cannot open",
            self.uri("timestamp", f"&pin-source=file:{self.hsm}/open-pin"): "others may read",
            self.uri("timestamp", f"&pin-source=file:{self.hsm}/wrong"): "the PIN is wrong",
            f"pkcs11:token=another;object=director?module-path={MODULE}": "no such token",
            "pkcs11:token=otad;object=director?module-path=/absent.so": "cannot be loaded",
        }
        for uri, words in tries.items():
            with self.subTest(words=words):
                self.reload(timestamp_key_next=uri)
                self.wait_log("token-key-failed", words)
                self.assertEqual(self.metric("otad_online_key_ready", "timestamp", "next"), 0)
                self.assertEqual(self.tuf()["online"]["timestamp"], self.public("timestamp"), "the one that is known")
        # what can be told at once is refused, and what was there goes on
        for uri, words in {"pkcs11:object=x?pin-value=1": "a PIN does not belong into a URI", "director.pem": "neither an absolute path"}.items():
            self.change(timestamp_key_next=uri)
            self.wait_log("online-keys-failed", words)
            checked = run(self.otad.binary, "--config", self.otad.config, "--check-config", check=False)
            self.assertEqual(checked.returncode, 2)
            self.assertIn(words, checked.stderr)
        self.reload(timestamp_key_next="")
        self.signed_by("director", self.ask().json())
        before = self.meta("timestamp.json")["signed"]["version"]
        wait_until("timestamps to be renewed all the time", lambda: self.chain()["timestamp"] > before)


class Ill(Tokens):
    """The director's key in a token that hangs, crawls or falls; the others are files."""

    @classmethod
    def setUpClass(cls):
        cls.hsm = pathlib.Path(tempfile.mkdtemp(prefix="otad-ill."))
        cls.addClassCleanup(lambda: run("rm", "-rf", cls.hsm))
        keep_secret(cls.hsm / "pin", PIN + "\n")
        cls.like("")
        cls.env = {"FAKE_TOKEN": f"@{cls.hsm}/like", "FAKE_LOG": str(cls.hsm / "log")}
        cls.settings = {"director_key": f"pkcs11:object=k?module-path={FAKE}&pin-source=file:{cls.hsm}/pin", "token_timeout_ms": 60000}
        super().setUpClass()

    @classmethod
    def like(cls, words):
        (cls.hsm / "new").write_text(words)
        (cls.hsm / "new").rename(cls.hsm / "like")

    def setUp(self):
        super().setUp()
        self.wait_ready("director")
        self.device()
        self.begin()
        self.assertEqual(self.ask().status, 200)
        self.mark()

    def hangs(self):
        """Wait until a process does."""
        log = self.hsm / "log"
        wait_until("the token to hang", lambda: log.exists() and "hangs" in log.read_text())

    def comes_back(self):
        self.like("")
        wait_until("the director to answer again", lambda: self.ask().status == 200)

    def test_hanging(self):
        self.reload(token_timeout_ms=500)
        self.addCleanup(self.reload, token_timeout_ms=60000)
        self.wait_ready("director")
        self.like("hangsign")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            asked = [pool.submit(lambda: self.ask(self.otad.client().use_device(self.token)).status) for _ in range(8)]
            polls = 0
            while not all(a.done() for a in asked):
                self.assertEqual(self.poll(), 200)
                polls += 1
            self.assertEqual({a.result() for a in asked}, {503})
        self.assertGreater(polls, 0)
        self.wait_log("token-key-failed", "does not answer within 500 ms")
        self.assertEqual(self.metric("otad_online_key_ready", "timestamp"), 1)
        self.comes_back()

    def test_falling(self):
        self.like("crash")
        self.assertEqual((self.ask().status, self.poll()), (503, 200))
        self.wait_log("token-key-failed", "module fell")
        self.comes_back()

    def test_lying(self):
        self.like("wrong")
        self.assertEqual(self.ask().status, 503)
        self.wait_log("token-key-failed", "signature is not good")
        self.comes_back()

    def test_crawling(self):
        """All get their answer, one after the other, and polls do not wait for them."""
        self.like("slow=20")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            asked = [pool.submit(lambda: self.ask(self.otad.client().use_device(self.token)).status) for _ in range(10)]
            self.assertEqual(self.poll(), 200)
            self.assertEqual({a.result() for a in asked}, {200})
        self.like("")

    def test_nobody_is_left_behind(self):
        """Processes that hold keys end with otad, however it ends."""
        def workers():
            found = []
            for p in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    if f"PPid:\t{self.otad.process.pid}\n" in (p / "status").read_text():
                        found.append(p)
                except OSError:
                    continue
            return found
        (self.hsm / "log").unlink(missing_ok=True)
        mine = workers()
        self.assertEqual([p.joinpath("cmdline").read_bytes() for p in mine], [b"otad\0--token-worker\0"])
        self.like("hangsign")
        asked = threading.Thread(target=lambda: self.assertRaises(OSError, self.ask))
        asked.start()
        self.hangs()
        self.otad.kill()
        asked.join()
        wait_until("its processes to end", lambda: not any((p / "cmdline").exists() and b"token-worker" in (p / "cmdline").read_bytes() for p in mine))
        self.like("")
        self.otad.start()


if __name__ == "__main__":
    unittest.main()
