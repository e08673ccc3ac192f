"""Idle polls are answered from memory: PostgreSQL's own statement log shows none for them."""
import re
import unittest

from harness import TENANT, EndToEnd, wait_until

POLLS, DEVICES = 10_000, 100
STATEMENT = re.compile(r"app=(\S*) LOG:  (?:statement|execute [^:]*): (.*)")
BEHIND = "otad-behind"  # the one connection that writes last_seen behind


class Idle(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.stack.platform("idle-board")
        cls.token = cls.stack.gateway("idle-board")

    def statements(self, since):
        return [(m[1], m[2]) for m in STATEMENT.finditer(self.stack.cluster.log_since(since))]

    def test_ten_thousand_polls_and_no_statement(self):
        device = self.otad.client().use_device(self.token, "GatewayToken")
        paths = [f"/{TENANT}/controller/v1/idle-{n}" for n in range(DEVICES)]
        for path in paths:
            self.assertEqual(device.request("GET", path).status, 200)
            self.assertEqual(device.call("PUT", path + "/configData", {"data": {"version": "1.0.0"}}), None)
        cluster = self.stack.cluster
        cluster.sql("ALTER SYSTEM SET log_statement = 'all'")
        self.addCleanup(cluster.sql, "SELECT pg_reload_conf()")
        self.addCleanup(cluster.sql, "ALTER SYSTEM RESET log_statement")
        cluster.sql("SELECT pg_reload_conf()")

        # the log must be able to show one: a request that needs the database does appear
        start = cluster.log_size()
        wait_until("the statement log to be on", lambda: self.admin.get("/devices") and any(
            "otad" in app and app != BEHIND for app, _ in self.statements(start)))

        start = cluster.log_size()
        for n in range(POLLS):
            answer = device.request("GET", paths[n % DEVICES])
            self.assertEqual(answer.status, 200)
        ours = [s for s in self.statements(start) if s[0] != BEHIND and "otad" in s[0]]
        behind = [s for s in self.statements(start) if s[0] == BEHIND]
        polls_of_replica = [s for s in ours if "feed" in s[1] or "change" in s[1]]
        self.assertEqual([s for s in ours if s not in polls_of_replica], [], f"of {POLLS} polls")
        self.assertLess(len(behind) + len(polls_of_replica), POLLS / 10, "written behind in batches, not one by one")


if __name__ == "__main__":
    unittest.main()
