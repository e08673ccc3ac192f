"""Idle polls are answered from memory: PostgreSQL's own statement log shows none for them."""
import re
import unittest

from harness import TENANT, EndToEnd, wait_until

POLLS, DEVICES = 10_000, 100
STATEMENT = re.compile(r"user=(\S*) app=\S* LOG:  (?:statement|execute [^:]*): (.*)")
REQUESTS, JOBS = "otad_app", "otad_jobs"  # roles: what a request asks; change feed and write-behind, by the clock


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
            user == REQUESTS for user, _ in self.statements(start)))

        start = cluster.log_size()
        for n in range(POLLS):
            answer = device.request("GET", paths[n % DEVICES])
            self.assertEqual(answer.status, 200)
        statements = self.statements(start)
        self.assertEqual([text for user, text in statements if user == REQUESTS], [], f"of {POLLS} polls")
        jobs = [text for user, text in statements if user == JOBS]
        self.assertLess(len(jobs), POLLS / 10, "change feed and write-behind go by the clock, not by the poll")
        self.assertEqual({user for user, _ in statements} - {REQUESTS, JOBS}, set())


if __name__ == "__main__":
    unittest.main()
