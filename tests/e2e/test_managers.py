"""How many have to sign (SPEC 10.3, 10.8): one manager alone releases nothing, two do, a third does no harm, and one who was
removed does not count any more; over signer and a running otad."""
import json
import unittest

from devices import PLATFORM, Devices
from lab.factory import signer
from lab.repo import SCOPES, Managers
from lab.taken import StolenKey, canonical


class Managed(Devices):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.managers = Managers(cls.stack, cls.stack.folder / "managers", PLATFORM).init()

    def role(self):
        return next(r for r in self.managers.state()["roles"] if r["role"] == PLATFORM)

    def waiting(self):
        return self.admin.get(f"/platforms/{PLATFORM}/tuf/pending")["pending"]

    def listed(self):
        return [t["path"].split("/")[0] for t in self.managers.state()["targets"]]

    def put(self, name, data):
        secret = self.stack.ci_key(PLATFORM, SCOPES)
        return self.admin.request("PUT", f"/api/v1/platforms/{PLATFORM}/tuf/{name}", data,
                                  {"Authorization": "Bearer " + secret, "Content-Type": "application/json"})

    def refused_release(self, version):
        answer = self.managers.release(version, check=False)
        self.assertEqual((answer.status, answer.json()["code"]), (409, "not-in-targets"))

    def test_one_cannot_two_can_three_may_and_a_removed_one_counts_no_more(self):
        m = self.managers
        image = m.upload("1.0.0", 1, self.host_app())
        m.add("1.0.0", image)
        self.refused_release("1.0.0")

        m.cosign("p1")
        m.publish()
        item, = self.waiting()
        self.assertEqual((item["complete"], item["waits_for"], item["missing"], len(item["signed_by"])), (False, "signatures", 1, 1))
        self.refused_release("1.0.0")
        self.assertEqual(self.listed(), [])
        m.publish()  # the same signature again is the same one
        self.assertEqual(self.waiting()[0]["missing"], 1)
        twice = json.loads((m.repo / "pending" / f"2.{PLATFORM}.json").read_bytes())
        twice["signatures"] *= 2
        self.put(f"2.{PLATFORM}.json", json.dumps(twice).encode())
        self.assertEqual((self.listed(), self.waiting()[0]["missing"]), ([], 1))

        m.cosign("p2")
        m.publish()
        self.assertEqual((self.waiting(), self.listed(), self.role()["version"]), ([], ["1.0.0"], 2))
        m.release("1.0.0")

        third = m.upload("1.1.0", 2, self.host_app())
        m.add("1.1.0", third)
        m.cosign("p3")
        alone = (m.repo / "pending" / f"3.{PLATFORM}.json").read_bytes()
        m.cosign("p1", "p2", check=False)
        m.publish()
        self.assertIn("1.1.0", self.listed())
        self.assertEqual(self.put(f"3.{PLATFORM}.json", alone).status, 200, "a signature more, or one that is there, does no harm")
        self.assertEqual((self.role()["version"], self.waiting()), (3, []))
        m.release("1.1.0")

        m.revoke("p1")  # targets names p2 and p3 from now on
        m.cosign("t1", "t2", "p2", "p3")
        m.publish()
        before = self.role()["version"]
        image = m.upload("1.2.0", 3, self.host_app())
        m.add("1.2.0", image)
        m.cosign("p2")
        pending = m.repo / "pending" / f"{before + 1}.{PLATFORM}.json"
        signed = json.loads(pending.read_bytes())
        removed = m.cosign("p1", check=False)
        self.assertNotEqual(removed.returncode, 0, "signer itself takes no signature of somebody who was removed")
        signed["signatures"].append(self.signature("p1", signed["signed"]))
        self.put(pending.name, json.dumps(signed).encode())
        self.assertEqual((self.role()["version"], "1.2.0" in self.listed()), (before, False), "one who counts, one who doesn't")
        self.refused_release("1.2.0")
        m.cosign("p3")
        m.publish()
        self.assertEqual((self.role()["version"], "1.2.0" in self.listed()), (before + 1, True))
        m.release("1.2.0")

    def signature(self, name, signed):
        """Past signer's rules, with the key itself."""
        key = StolenKey(self.managers.secret(name))
        return {"keyid": key.id, "sig": key.sign(canonical(signed).encode())}


class Expiring(Devices):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.managers = Managers(cls.stack, cls.stack.folder / "managers", PLATFORM).init("--expires", 2)

    def roles(self):
        return {r["role"]: r for r in self.managers.state()["roles"]}

    def test_expired_is_signed_anew(self):
        """As the demo does it when it was away for long: what ends within a week, what has ended, and nothing else."""
        m, before = self.managers, self.roles()
        self.assertEqual(m.renew_due(), ["targets", PLATFORM])
        after = self.roles()
        for role in ("targets", PLATFORM):
            self.assertEqual(after[role]["version"], before[role]["version"] + 1)
            self.assertGreater(after[role]["expires"], before[role]["expires"])
        self.assertEqual(after["root"]["version"], before["root"]["version"])
        self.assertEqual(m.renew_due(), [])
        self.stack.sql("UPDATE otad.tuf_file SET expires_at = now() - interval '1 day'")
        self.assertEqual(m.renew_due(), ["root", "targets", PLATFORM])
        self.assertEqual(m.renew_due(), [])
        signer("repo", "verify", m.repo)


if __name__ == "__main__":
    unittest.main()
