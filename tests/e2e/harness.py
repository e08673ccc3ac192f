"""What every end-to-end test stands on: one private PostgreSQL a run, an otad of its own for each test class, real
devices.  Folders of tests that failed are kept and named; everything else is removed, every process ended by its id.
"""
import atexit
import base64
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from lab import factory  # noqa: E402
from lab.client import Client  # noqa: E402
from lab.openapi import Document  # noqa: E402
from lab.pki import Ca  # noqa: E402
from lab.postgres import Cluster  # noqa: E402
from lab.proc import BUILD, ROOT, Failed, free_port, run, wait_until  # noqa: E402,F401
from lab.server import TENANT, Otad  # noqa: E402,F401

MODE = os.environ.get("OTAD_TEST_MODE", "normal")
PASSWORD = "correct horse battery staple"

# Every answer that any end-to-end test gets is held against the documented one.
API = Document()
Client.watch = API.watch


class Shared:
    """Made when first asked for, gone at the end of the process."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-e2e."))
        self.cluster = Cluster(self.folder / "pg", durable=False)
        self.cluster.make()
        self.cluster.start()
        self.ca = Ca(self.folder / "ca").make()
        self.keys = factory.Keys(ROOT / "var" / "keys").make()
        self.stacks = 0
        self.keep = False
        atexit.register(self.end)

    def end(self):
        self.cluster.stop()
        if self.keep:
            log = self.folder / "postgres.log"
            shutil.copyfile(self.cluster.folder / "postgres.log", log)
            log.chmod(0o644)
            print(f"kept for you: {self.folder}", flush=True)
            self.cluster.remove()
        else:
            self.cluster.remove()
            shutil.rmtree(self.folder)


_shared = None


def shared():
    global _shared
    if _shared is None:
        _shared = Shared()
    return _shared


class Stack:
    """An otad with its database, first admin and platforms."""

    def __init__(self, name, with_admin=True, **more):
        common = shared()
        common.stacks += 1
        self.folder = common.folder / f"{common.stacks:02d}-{name}"
        self.folder.mkdir()
        self.cluster, self.ca, self.keys = common.cluster, common.ca, common.keys
        settings = {"poll_interval_s": 2, "poll_busy_interval_s": 1, **more.pop("settings", {})}
        self.otad = Otad(self.folder / "otad", self.cluster, self.ca, database=f"otad_{common.stacks}", settings=settings, **more)
        self.otad.make_database()
        self.otad.start()
        self.admin = self.otad.first_admin("admin", PASSWORD) if with_admin else None
        self.ci_keys = {}

    def end(self):
        if self.otad.process.running():
            status = self.otad.stop()
            if status != 0:
                raise Failed(f"otad ended with {status}:\n{self.otad.process.output()[-3000:]}")

    def sql(self, text):
        return self.cluster.sql(text, self.otad.database)

    # -- releases

    def platform(self, name, follow=False, manifest=None, **more):
        manifest = manifest or self.keys.manifest(name, out=self.folder / f"{name}.manifest")
        self.admin.post("/platforms", {"name": name, "title": f"Test board {name}", "aliases": [], "follow_channel": follow,
                                       "boot_roots": self.keys.roots_pem(),
                                       "key_manifest": base64.b64encode(manifest.read_bytes()).decode(), **more})
        return manifest

    def ci_key(self, platform="*", scopes=("release.upload", "release.manage")):
        key = (platform, scopes)
        if key not in self.ci_keys:
            self.ci_keys[key] = self.admin.post("/api-keys", {"name": f"CI {platform}", "scopes": list(scopes),
                                                              "platforms": [platform]})["secret"]
        return self.ci_keys[key]

    def image(self, platform, version, counter, payload, key="image", name=None):
        out = self.folder / (name or f"{platform}-{version}.bin")
        return factory.sign(self.keys, payload, out, version, counter, platform, key=key)

    def publish(self, platform, version, counter, payload, check=True, channel="stable", **more):
        """Sign, upload and release; the image's path."""
        image = self.image(platform, version, counter, payload, **more)
        result = factory.publish(self.keys, self.otad.url, self.ca.cert, self.ci_key(platform), platform, version, [image],
                                 channel=channel, check=check)
        return image if check else result

    def publish_file(self, platform, version, counter, path):
        """A release of one plain file, which is no firmware image."""
        factory.publish(self.keys, self.otad.url, self.ca.cert, self.ci_key(platform), platform, version, [path],
                        counter=counter)

    # -- devices as the server sees them

    def device(self, name):
        return self.admin.get(f"/devices/{name}")

    def gateway(self, platform):
        return self.admin.post("/gateway-tokens", {"name": f"gateway of {platform}", "platform": platform})["secret"]

    def updates(self, name):
        return self.admin.every(f"/devices/{name}/updates")

    def assign(self, name, version):
        return self.admin.post(f"/devices/{name}/updates", {"version": version})

    def wait_version(self, name, version, timeout_s=None):
        def runs():
            d = self.device(name)
            u = d["update"]
            if u and u["state"] == "failed":
                raise Failed(f"{name}: the update failed: {u['reason']}")
            return d["version"] == version and (u is None or u["state"] == "succeeded")
        wait_until(f"{name} to run {version}", runs, timeout_s, every_s=0.2)


class EndToEnd(unittest.TestCase):
    """One stack a class (self.stack), one folder a test (self.folder), processes ended by addCleanup."""

    settings = {}
    env = {}
    with_admin = True

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.__name__, cls.with_admin, settings=cls.settings, env=cls.env)
        cls.addClassCleanup(cls.stack.end)
        cls.prepare()

    @classmethod
    def prepare(cls):
        """Platforms and releases that all tests of the class share."""

    def setUp(self):
        self.folder = self.stack.folder / self._testMethodName
        self.folder.mkdir()

    @property
    def otad(self):
        return self.stack.otad

    @property
    def admin(self):
        return self.stack.admin

    def started(self, process):
        """A board or process that must not outlive the test."""
        self.addCleanup(process.kill)
        return process
