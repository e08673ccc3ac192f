"""GET /metrics: the text is what Prometheus demands, the numbers are those of what was just done, and not everybody may see it."""
import re
import subprocess
import unittest

from harness import ROOT, EndToEnd, wait_until

PLATFORM = "metric-board"
NAME = re.compile(r"[a-z_:][a-z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
UNITS = ("_seconds", "_bytes", "_info", "_fds", "_threads", "_max")


def parse(text):
    """{name: (type, help, {labels: value})}; AssertionError for anything that is not text format 0.0.4 by its naming rules."""
    assert text.endswith("\n") and "\r" not in text
    families, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, say = line[7:].split(" ", 1)
            assert name not in families and NAME.match(name) and say.strip() and say[0].isalnum(), line
            families[name] = (None, say, {})
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == list(families)[-1] and families[name][0] is None and kind in ("counter", "gauge"), line
            assert (kind == "counter") == name.endswith("_total"), f"{name}: counters, and they alone, end in _total"
            families[name] = (kind, families[name][1], {})
            current = name
        else:
            m = re.fullmatch(r"([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\d+(?:\.\d+)?)", line)
            assert m, f"not a sample: {line}"
            assert m[1] == current, f"{m[1]} stands behind {current}"
            labels = tuple(LABEL.findall(m[2])) if m[2] is not None else ()
            assert m[2] is None or ",".join(f'{k}="{v}"' for k, v in labels) == m[2], line
            assert len({k for k, _ in labels}) == len(labels) and labels not in families[current][2], line
            families[current][2][labels] = float(m[3])
    for name, (kind, _, samples) in families.items():
        assert kind and samples, f"{name} has no type or no sample"
        assert name.startswith(("otad_", "process_")), name
    return families


class Metrics(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.payload = cls.stack.folder / "payload"
        cls.payload.write_bytes(bytes(5000))
        cls.image = cls.stack.publish(PLATFORM, "1.0.0", 1, cls.payload)

    def read(self, who=None, **headers):
        answer = (who or self.otad.client()).request("GET", "/metrics", None, headers)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        return parse(answer.body.decode())

    def value(self, name, **labels):
        samples = self.read()[name][2]
        return sum(v for k, v in samples.items() if set(labels.items()) <= set(k))

    def grows(self, name, by, do, **labels):
        before = self.value(name, **labels)
        do()
        wait_until(f"{name} to grow by {by}", lambda: self.value(name, **labels) == before + by)

    def device(self, name):
        made = self.admin.post("/devices", {"id": name, "platform": PLATFORM})
        return self.otad.client().use_device(made["token"]), self.otad.device_url(name)

    def test_the_text_is_strictly_prometheus_and_units_are_named(self):
        families = self.read()
        for name, (kind, _, _) in families.items():
            counted = name.removesuffix("_total")
            if name.startswith("process_"):
                self.assertTrue(counted.endswith(UNITS) or name in ("process_threads",), name)
            self.assertNotRegex(name, r"_(ms|kb|mb|minutes|percent)(_|$)")
        for name in ("otad_build_info", "otad_http_requests_total", "otad_polls_total", "otad_download_bytes_total",
                     "otad_tls_handshakes_total", "otad_db_pool_connections", "otad_updates_open", "otad_updates_closed_total",
                     "otad_devices", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                     "process_max_fds", "process_start_time_seconds"):
            self.assertIn(name, families)
        version = subprocess.run([self.otad.binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        self.assertEqual(families["otad_build_info"][2], {(("version", version),): 1.0})

    def test_the_parser_of_these_tests_refuses_what_is_malformed(self):
        for bad in ("a_total 1", "# HELP a_total x\n# TYPE a_total gauge\na_total 1\n", "# HELP a x\n# TYPE a gauge\nb 1\n",
                    "# HELP otad_a x\n# TYPE otad_a gauge\notad_a{b=\"\\x\"} 1\n", "# HELP otad_a x\n# TYPE otad_a gauge\n",
                    "# HELP otad_a x\n# TYPE otad_a gauge\notad_a 1\notad_a 2\n"):
            with self.assertRaises(AssertionError, msg=bad):
                parse(bad)

    def test_polls_downloads_and_results_are_counted_once(self):
        device, base = self.device("counted")
        route = "/{tenant}/controller/v1/{device}"
        self.grows("otad_polls_total", 3, lambda: [device.request("GET", base) for _ in range(3)])
        self.grows("otad_http_requests_total", 2, lambda: [device.request("GET", base) for _ in range(2)], route=route, code="2xx")
        self.grows("otad_http_requests_total", 1, lambda: self.otad.client().request("GET", base), route=route, code="4xx")
        self.grows("otad_http_requests_total", 1, lambda: self.otad.client().request("GET", "/api/v1/nothing"), route="none")

        update = self.stack.assign("counted", "1.0.0")
        self.assertEqual(self.value("otad_updates_open", state="pending"), 1)
        deployment = device.request("GET", f"{base}/deploymentBase/{update['id']}").json()["deployment"]
        link = deployment["chunks"][0]["artifacts"][0]["_links"]["download"]["href"].removeprefix(self.otad.url)
        size = self.image.stat().st_size
        self.grows("otad_download_bytes_total", size, lambda: device.request("GET", link))
        self.grows("otad_download_bytes_total", 100, lambda: device.request("GET", link, None, {"Range": "bytes=0-99"}))
        self.grows("otad_downloads_total", 1, lambda: device.request("GET", link), end="done")
        self.grows("otad_download_bytes_total", 0, lambda: device.request("HEAD", link))
        say = {"id": update["id"], "status": {"execution": "closed", "result": {"finished": "failure"}, "details": ["bad-hash"]}}

        def close():
            for _ in range(2):
                device.call("POST", f"{base}/deploymentBase/{update['id']}/feedback", say)
        self.grows("otad_updates_closed_total", 1, close, result="failed")
        self.assertEqual(self.value("otad_updates_open"), 0)
        self.assertEqual(self.value("otad_devices", state="online"), 1)

    def test_handshakes_and_connections(self):
        def connect():
            c = self.otad.client()
            c.request("GET", "/healthz")
            c.close()
        before = self.value("otad_tls_handshakes_total", kind="full")
        connect()
        self.assertGreaterEqual(self.value("otad_tls_handshakes_total", kind="full"), before + 1)
        self.assertGreaterEqual(self.value("otad_http_connections"), 1)
        pool = self.read()["otad_db_pool_connections_max"][2][()]
        self.assertEqual(pool, 8)
        self.assertLessEqual(self.value("otad_db_pool_connections"), pool)

    def test_behind_an_unknown_proxy_this_machine_is_not_this_machine(self):
        key = self.admin.post("/api-keys", {"name": "prometheus", "scopes": ["device.read"], "platforms": ["*"]})["secret"]
        narrow = self.admin.post("/api-keys", {"name": "narrow", "scopes": ["device.read"], "platforms": [PLATFORM]})["secret"]
        other = self.admin.post("/api-keys", {"name": "other", "scopes": ["release.read"], "platforms": ["*"]})["secret"]
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            status = self.otad.client().request("GET", "/metrics", None, {header: "127.0.0.1"}).status
            self.assertEqual(status, 401, header)
        for secret, status in ((key, 200), (narrow, 403), (other, 403), ("otad_1_" + "0" * 64, 401)):
            answer = self.otad.client().use_key(secret).request("GET", "/metrics", None, {"Via": "1.1 proxy"})
            self.assertEqual(answer.status, status, answer.body)

    def test_every_alert_asks_for_metrics_that_exist(self):
        text = (ROOT / "docs" / "alerts.yml").read_text()
        names = set(re.findall(r"\b(?:otad|process)_[a-z_]+\b", "\n".join(re.findall(r"expr: (.*)", text))))
        self.assertGreater(len(names), 6)
        self.assertLessEqual(names, set(self.read()))
        alerts = re.findall(r"- alert: (\w+)", text)
        self.assertEqual(len(alerts), len(set(alerts)))
        for key in ("expr:", "severity:", "summary:", "description:"):
            self.assertEqual(text.count(key), len(alerts), key)


class MetricsByKey(EndToEnd):
    settings = {"metrics": "key"}

    def test_only_a_key(self):
        self.assertEqual(self.otad.client().request("GET", "/metrics").status, 401)
        self.assertEqual(self.admin.request("GET", "/metrics").status, 401, "a session is no key")
        key = self.admin.post("/api-keys", {"name": "prometheus", "scopes": ["device.read"], "platforms": ["*"]})["secret"]
        self.assertEqual(self.otad.client().use_key(key).request("GET", "/metrics").status, 200)


class MetricsOff(EndToEnd):
    settings = {"metrics": "off"}

    def test_nobody(self):
        self.assertEqual(self.otad.client().request("GET", "/metrics").status, 404)


if __name__ == "__main__":
    unittest.main()
