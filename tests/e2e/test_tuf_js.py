"""tuf-js, a TUF client of others, and tuf-client against a running otad: they begin with the first root, refresh and download,
go through a root rotation and a revoked platform key, and refuse what no longer counts."""
import hashlib
import json
import pathlib
import unittest

from devices import PLATFORM, Devices
from lab.repo import SCOPES, Managers
from lab.server import TENANT
from lab.taken import Taken
from tuf_js import TufJs


class Client(Devices):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        cls.managers = Managers(s, s.folder / "managers", PLATFORM).init()
        cls.js = TufJs(s.ca.cert)
        cls.addClassCleanup(cls.js.close)

    def ask(self, name, *paths, url=None, **more):
        url = url or f"{self.otad.url}/tuf/{TENANT}/{PLATFORM}"
        headers = {"Authorization": "Bearer " + self.stack.ci_key(PLATFORM, SCOPES)}
        return self.js(dir=self.folder / name, metadata=url + "/metadata", targets=url + "/targets", names=paths,
                       files=self.folder / f"{name}-files", headers=headers, **more)

    def versions(self, name):
        return {p.stem: json.loads(p.read_bytes())["signed"]["version"] for p in (self.folder / name).glob("*.json")}

    def downloads(self, name, version, image, **more):
        path = f"{version}/{image.name}"
        said = self.ask(name, path, **more)
        self.assertTrue(said["ok"], said)
        self.assertEqual(pathlib.Path(said["paths"][0]).read_bytes(), image.read_bytes())

    def test_through_new_roots_and_a_revoked_platform_key(self):
        m = self.managers
        first = m.ship("1.0.0", 1, self.host_app())
        self.downloads("js", "1.0.0", first, root=m.first_root)
        self.assertEqual(self.versions("js")["root"], 1)
        before = self.versions("js")

        m.rotate("root", "--add", m.public("r4"), "--remove", m.public("r1"))
        m.cosign("r1", "r2", "r4")
        m.publish()
        self.assertTrue(self.ask("js")["ok"])
        self.assertEqual(self.versions("js")["root"], 2)

        m.revoke("p1")
        m.cosign("t1", "t2", "p2", "p3")
        m.publish()
        second = m.upload("1.1.0", 2, self.host_app())
        m.add("1.1.0", second)
        m.cosign("p2", "p3")
        m.publish()
        m.release("1.1.0")
        self.downloads("js", "1.1.0", second)
        after = self.versions("js")
        self.assertGreater(after["targets"], before["targets"])
        self.assertGreater(after[PLATFORM], before[PLATFORM] + 1)
        self.downloads("late", "1.1.0", second, root=m.first_root)  # from the first root, through all of it
        self.assertEqual(self.versions("late"), after)

        no_such = self.ask("js", "1.1.0/other.bin")
        self.assertEqual(no_such["error"], "NoTarget: no such target: 1.1.0/other.bin")
        self.owned(after)

    def owned(self, now):
        """Whoever owns the server has the online keys alone: what tuf-js says of a list that they sign."""
        server = Taken(self.otad, PLATFORM)
        self.addCleanup(server.kill)
        version = now[PLATFORM] + 1
        role = server.read(f"{version - 1}.{PLATFORM}.json")
        role["version"] = version
        role["targets"]["9.9.9/own.bin"] = {**next(iter(role["targets"].values())), "length": 3,
                                            "hashes": {"sha256": hashlib.sha256(b"own").hexdigest()}}
        server.republish({(PLATFORM, version): server.envelope(role, *server.keys.values())})
        said = self.ask("js", "9.9.9/own.bin", url=f"https://{self.otad.name}:{server.port}/tuf/{TENANT}/{PLATFORM}")
        self.assertFalse(said["ok"])
        self.assertIn(f"{PLATFORM} was signed by 0/2 keys", said["error"])


if __name__ == "__main__":
    unittest.main()
