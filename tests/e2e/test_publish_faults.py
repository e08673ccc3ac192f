"""A repository of signed metadata changes as a whole or not at all, whatever happens while it is published: the line to the
database is cut before or after each exchange, otad is killed, PostgreSQL dies, its disk is full, managers are in each other's way."""
import concurrent.futures
import random
import signal
import unittest

from harness import TENANT, wait_until
from lab.client import Problem
from lab.line import AFTER, BEFORE, Line
from lab.tuf import keyid
from test_tuf import Repository

SEED = 20261120
EXCHANGES_MAX = 60  # of one publication; more would be worth a look


def commits(_, request):
    return request == b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Faults(Repository):
    @classmethod
    def prepare(cls):
        """otad's requests go over a line that we hold; filling memory does not."""
        otad = cls.stack.otad
        cls.line = Line(cls.stack.folder / "line", otad.cluster.folder)
        cls.addClassCleanup(cls.line.close)
        otad.stop()
        direct = otad.cluster.conninfo
        otad.settings["database"] = direct(otad.database, "otad_app").replace(str(otad.cluster.folder), str(cls.line.folder))
        otad.start()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.line.disarm)
        self.version = 1
        self.reader = self.otad.client()
        self.image = self.complete("1.0.0")
        self.begin([self.target("1.0.0", self.image, note=1)])
        self.ci = self.otad.client().use_key(self.stack.ci_key(self.name, ("release.manage", "release.read")))

    def role(self, version, **more):
        """No two have the same target."""
        return self.maker.platform_role([self.target("1.0.0", self.image, note=version)], version=version, **more)

    def send(self, document):
        """The status, 0 without an answer."""
        try:
            self.put_role(document, client=self.ci)
            return 200
        except Problem as e:
            return e.status
        except OSError:
            self.ci.close()
            return 0

    def fetch(self, path, otad=None, **headers):
        return self.reader.request("GET", f"/tuf/{TENANT}/{self.name}/{path}", headers=headers)

    def stands(self):
        """The newest versions in the database; its one target is that of the role."""
        rows = self.stack.sql(f"""WITH p AS (SELECT platform_id FROM otad.platform WHERE name = '{self.name}')
            SELECT role, max(version) FROM otad.tuf_file JOIN p USING (platform_id) WHERE role <> 'root' GROUP BY role
             UNION ALL SELECT 'note', (entry::jsonb #>> '{{custom,note}}')::bigint FROM otad.tuf_target JOIN p USING (platform_id)""")
        newest = {{"platform": self.name}.get(role, role): int(version) for role, version in rows}
        self.assertEqual(newest.pop("note"), newest[self.name])
        return newest

    def whole(self, *versions):
        """Clients find one whole set at any time, and soon what the database has; its role has one of these versions."""
        newest = self.stands()
        wait_until("memory to follow", lambda: self.chain() == newest)
        shown = self.tuf()
        self.assertEqual([t["entry"]["custom"]["note"] for t in shown["targets"]], [newest[self.name]])
        self.assertEqual(shown["pending"], [])
        self.assertIn(newest[self.name], versions)

    def through(self, choose, when, act=None, mend=None):
        """The next version is published while that happens, and sent again if it is not answered well; how often it did."""
        self.version += 1
        document = self.role(self.version)
        self.line.arm(choose, when, act)
        status = self.send(document)
        self.line.settle()
        hits = self.line.hits
        self.line.disarm()
        if mend:  # here, since what we start ends with the thread that starts it
            mend()
        if status != 200:
            self.assertIn(status, (503, 0) if act else (503,))
            self.whole(self.version - 1, self.version)
            self.assertEqual(self.send(document), 200)
        self.whole(self.version)
        return hits

    def test_each_exchange_is_the_last(self):
        number = 1
        while self.through(lambda n, _: n == number, BEFORE):
            number += 1
            self.assertLess(number, EXCHANGES_MAX)
        self.assertGreater(number, 10, "a publication has more exchanges than that")

    def test_the_answer_to_the_commit_is_lost(self):
        self.assertEqual(self.through(commits, BEFORE), 1)
        self.assertEqual(self.through(commits, AFTER), 1)

    def test_otad_is_killed(self):
        for choose, when in ((lambda n, _: n == 8, AFTER), (commits, BEFORE), (commits, AFTER)):
            self.assertEqual(self.through(choose, when, self.otad.kill, self.otad.start), 1)

    def test_the_database_dies(self):
        cluster = self.stack.cluster
        for choose, when in ((lambda n, _: n == 8, AFTER), (commits, AFTER)):
            self.assertEqual(self.through(choose, when, lambda: cluster.stop(signal.SIGQUIT), cluster.start), 1)

    def test_what_is_made_right_after_is_there(self):
        """The first who writes after PostgreSQL's death reads what was written, on whatever line."""
        cluster = self.stack.cluster

        def made(name):
            try:
                self.stack.platform(name)
            except Problem as e:
                self.assertEqual(e.status, 503)
                return False
            return True
        for n in range(3):
            cluster.stop(signal.SIGQUIT)
            cluster.start()
            wait_until("a platform", lambda: made(f"right-after-{n}"))
            self.assertEqual(self.admin.get(f"/platforms/right-after-{n}")["name"], f"right-after-{n}")

    def test_the_disk_of_the_database_is_full(self):
        self.stack.sql("CREATE FUNCTION otad.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                       "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$")
        for table in ("tuf_file", "tuf_target", "tuf_repository", "change", "audit_entry"):
            self.version += 1
            self.stack.sql(f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON otad.{table} EXECUTE FUNCTION otad.full_disk()")
            try:
                self.assertEqual(self.send(self.role(self.version)), 503, table)
            finally:
                self.stack.sql(f"DROP TRIGGER full_disk ON otad.{table}")
            self.whole(self.version - 1)
            self.assertEqual(self.send(self.role(self.version)), 200, table)
            self.whole(self.version)

    def test_managers_publish_at_once(self):
        """Of different files of one version one is published, and everybody else is told so."""
        clients = [self.otad.client().use_key(self.stack.ci_key(self.name, ("release.manage",))) for _ in range(4)]

        def publish(client, document):
            try:
                return self.put_role(document, client=client)["published"]
            except Problem as e:
                return e.code
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            for version in range(2, 8):
                documents = [self.role(version, **{"x-who": n}) for n in range(len(clients))]
                results = list(pool.map(publish, clients, documents))
                names = [r for r in results if isinstance(r, list)]
                self.assertEqual(len(names), 1, results)
                self.assertEqual({r for r in results if isinstance(r, str)}, {"lower-version"})
                self.whole(version)
                self.assertEqual(self.meta(f"{version}.{self.name}.json"), documents[results.index(names[0])])

    def test_sets_are_published_at_once(self):
        """Two managers, each with targets that delegate to one alone and a role that this one signed."""
        rng = random.Random(SEED)
        for version in range(2, 6):
            sides = {who: [("targets", self.maker.targets(version=version, managers=(f"{who}{version}",))),
                           (self.name, self.role(version, by=(f"{who}{version}",)))] for who in ("ann", "bob")}

            def send(who, client):
                codes = []
                for name, document in sides[who]:
                    try:
                        self.put(f"{name}.json", document, client=client)
                    except Problem as e:
                        codes.append(e.code)
                return codes
            clients = [self.otad.client().use_key(self.stack.ci_key(self.name, ("release.manage",))) for _ in sides]
            order = rng.sample(sorted(sides), len(sides))
            with concurrent.futures.ThreadPoolExecutor(len(sides)) as pool:
                refused = list(pool.map(send, order, clients))
            self.assertLessEqual({c for codes in refused for c in codes}, {"lower-version", "bad-signature"}, refused)
            self.whole(version)
            delegated = self.meta(f"{version}.targets.json")["signed"]["delegations"]["keys"]
            signed = {s["keyid"] for s in self.meta(f"{version}.{self.name}.json")["signatures"]}
            self.assertEqual(signed, set(delegated))
            self.assertEqual({keyid(key) for key in delegated.values()}, signed)


if __name__ == "__main__":
    unittest.main()
