"""otad is killed and PostgreSQL restarted in the middle of downloads and feedback: devices try again, and nothing that
was answered with 200 is lost or doubled."""
import http.client
import json
import random
import ssl
import threading
import time
import unittest

from devices import PLATFORM, Devices
from harness import TENANT, wait_until
from lab.wire import Relay

SEED = 20261120
REPORTERS, ROUNDS = 4, 12


class Reporter(threading.Thread):
    """A device that reports as fast as it can, tries again until it is answered, and remembers what was acknowledged."""

    def __init__(self, client, base, action):
        super().__init__(daemon=True)
        self.client, self.where = client, f"{base}/deploymentBase/{action}/feedback"
        self.acknowledged, self.attempts, self.stop, self.wrong = [], 0, False, []

    def run(self):
        number = 0
        while not self.stop:
            number += 1
            text = f"report {number}"
            body = json.dumps({"status": {"execution": "proceeding", "result": {"finished": "none"}, "details": [text]}})
            while not self.stop:
                self.attempts += 1
                try:
                    answer = self.client.request("POST", self.where, body.encode(), {"Content-Type": "application/json"})
                except (OSError, http.client.HTTPException, ssl.SSLError):
                    self.client.close()
                    time.sleep(0.05)
                    continue
                if answer.status == 200:
                    self.acknowledged.append(text)
                    break
                if answer.status not in (500, 503, 504, 429):
                    self.wrong.append((answer.status, answer.body[:200]))
                    return
                time.sleep(0.05)
            time.sleep(0.02)


class ServerDeath(Devices):
    settings = {"poll_interval_s": 1, "poll_busy_interval_s": 1}

    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        cls.old = s.publish(PLATFORM, "1.0.0", 1, cls.host_app())
        cls.new = s.publish(PLATFORM, "1.1.0", 2, cls.host_app())
        cls.gateway_token = s.gateway(PLATFORM)

    def back(self):
        self.otad.kill()
        self.otad.start()

    def test_every_acknowledged_report_is_there_once_after_kills_and_restarts(self):
        rng = random.Random(SEED)
        reporters = []
        for n in range(REPORTERS):
            base = f"/{TENANT}/controller/v1/reporter-{n}"
            client = self.otad.client(timeout_s=10).use_device(self.gateway_token, "GatewayToken")
            self.assertEqual(client.request("GET", base).status, 200)
            client.call("PUT", base + "/configData", {"data": {"version": "1.0.0"}})
            action = self.stack.assign(f"reporter-{n}", "1.1.0")["id"]
            reporters.append(Reporter(client, base, action))
        for r in reporters:
            r.start()
        for round_number in range(ROUNDS):
            before = [len(r.acknowledged) for r in reporters]
            wait_until("reports to be acknowledged again", lambda: all(
                len(r.acknowledged) > b + 3 or r.wrong for r, b in zip(reporters, before)))
            time.sleep(rng.uniform(0, 0.05))  # anywhere within a report
            if round_number % 2 == 0:
                self.back()
            else:
                self.stack.cluster.restart()
        for r in reporters:
            r.stop = True
        for r in reporters:
            r.join()
            self.assertEqual(r.wrong, [])
        for n, r in enumerate(reporters):
            got = [d for e in self.stack.updates(f"reporter-{n}")[0]["events"] for d in e["details"] if d.startswith("report ")]
            missing = sorted(set(r.acknowledged) - set(got))
            self.assertEqual(missing, [], f"{len(missing)} of {len(r.acknowledged)} acknowledged reports are lost")
            self.assertGreaterEqual(len(r.acknowledged), 4 * ROUNDS)

    def dies_in_the_middle(self, name, how):
        relay = Relay(self.otad.port, rate=150_000)
        self.addCleanup(relay.kill)
        device = self.host_device(name, self.old, port=relay.port)
        device.start()
        wait_until("the device to reach the server", lambda: self.known(name, "1.0.0"))
        half = self.new.stat().st_size // 2
        reached = threading.Event()
        relay.at(half, reached.set)
        self.stack.assign(name, "1.1.0")
        wait_until("half of the download to have passed", reached.is_set)
        how()
        self.stack.wait_version(name, "1.1.0")
        self.assertLess(relay.to_device, half * 2 * 1.8, "it began again from zero instead of resuming")
        update = self.stack.updates(name)
        self.assertEqual([(u["version"], u["state"]) for u in update], [("1.1.0", "succeeded")])

    def test_daemon_dies_in_the_middle_of_a_download(self):
        self.dies_in_the_middle("death-of-otad", self.back)

    def test_database_restarts_in_the_middle_of_a_download(self):
        self.dies_in_the_middle("death-of-database", self.stack.cluster.restart)


if __name__ == "__main__":
    unittest.main()
