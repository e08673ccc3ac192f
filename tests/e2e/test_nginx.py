"""otad/contrib as Debian runs it: nginx before a Unix socket with its own sendfile, and a unit that systemd understands."""
import hashlib
import re
import shutil
import subprocess
import unittest

from harness import ROOT, TENANT, EndToEnd, free_port, wait_until
from lab.client import Client
from lab.proc import Process

PLATFORM = "proxied"
CONF = ROOT / "otad" / "contrib" / "nginx.conf"
UNIT = ROOT / "otad" / "contrib" / "otad.service"


class Nginx(EndToEnd):
    settings = {"trusted_proxies": "127.0.0.1", "accel_prefix": "/_artifacts/"}

    @classmethod
    def prepare(cls):
        s, otad = cls.stack, cls.stack.otad
        s.platform(PLATFORM)
        payload = s.folder / "payload"
        payload.write_bytes(bytes(range(256)) * 900)
        cls.image = s.publish(PLATFORM, "1.0.0", 1, payload)
        cls.key = s.ci_key(PLATFORM, ("release.read", "device.read"))
        otad.stop()
        cls.port = free_port()
        socket = otad.folder / "otad.sock"
        cls.front = Client(f"https://localhost:{cls.port}", s.ca.cert)
        cls.front.use_key(cls.key)
        otad.settings.update({"listen": socket, "trusted_proxies": "unix", "tls_cert": "", "tls_key": "",
                              "public_url": f"https://localhost:{cls.port}"})
        otad.write_config()
        otad.process = Process("otad", [otad.binary, "--config", otad.config], otad.folder / "otad.log")
        otad.process.wait_output("event=ready")
        cls.nginx = Process("nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-c", cls.configure(socket), "-p", s.folder], s.folder / "nginx.log")
        cls.addClassCleanup(cls.nginx.end)
        wait_until("nginx to reach otad", cls.reached)

    @classmethod
    def reached(cls):
        try:
            return cls.front.request("GET", "/readyz").status == 200
        except OSError:
            return False

    @classmethod
    def configure(cls, socket):
        """The shipped file with this test's places in it; each must be there exactly once."""
        s, text = cls.stack, CONF.read_text()
        text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
        for old, new in (("unix:/run/otad/otad.sock", f"unix:{socket}"), ("listen 443 ssl", f"listen 127.0.0.1:{cls.port} ssl"),
                         ("server_name ota.example", "server_name localhost"), ("/etc/otad/tls/cert.pem", str(s.otad.certificate[0])),
                         ("/var/log/nginx/otad.log", f"{s.folder}/nginx-access.log"),
                         ("/etc/otad/tls/key.pem", str(s.otad.certificate[1])), ("/var/lib/otad/artifacts/", f"{s.otad.folder}/artifacts/")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        temporary = "".join(f"{k}_temp_path {s.folder}/nginx-{k};\n" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = s.folder / "nginx.conf"
        path.write_text(f"user root;\ndaemon off;\nworker_processes 1;\npid {s.folder}/nginx.pid;\nerror_log {s.folder}/nginx-error.log;\n"
                        f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n{temporary}{text}\n}}\n")
        return path

    def get(self, path, method="GET", **headers):
        return self.front.request(method, path, None, {k.replace("_", "-"): v for k, v in headers.items()})

    def test_whole_files_ranges_and_conditions_are_the_same_as_without(self):
        path, data = f"/api/firmware/{PLATFORM}?version=0.1.0", self.image.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        whole = self.get(path)
        self.assertEqual((whole.status, whole.body), (200, data))
        for head in (whole.headers, self.get(path, "HEAD").headers):
            self.assertEqual((head["ETag"], head["X-Firmware-Version"], head["X-Firmware-SHA256"]), (f'"{sha256}"', "1.0.0", sha256))
            self.assertEqual((head["Content-Length"], head["Content-Type"], head["Accept-Ranges"]), (str(len(data)), "application/octet-stream", "bytes"))
            self.assertEqual(head["X-Content-Type-Options"], "nosniff")
            self.assertIn(self.image.name, head["Content-Disposition"])
            self.assertIsNone(head["X-Accel-Redirect"])
        for extra in ({}, {"If_Range": whole.headers["ETag"]}):
            part = self.get(path, Range=f"bytes=1000-{len(data)}", **extra)
            self.assertEqual((part.status, part.body), (206, data[1000:]))
            self.assertEqual(part.headers["Content-Range"], f"bytes 1000-{len(data) - 1}/{len(data)}")
            self.assertEqual(part.headers["ETag"], whole.headers["ETag"])
        self.assertEqual(self.get(path, If_Range='"other"', Range="bytes=0-9").status, 200)
        self.assertEqual(self.get(path, If_None_Match=whole.headers["ETag"]).status, 304)
        self.assertEqual(self.get(path, Range=f"bytes={len(data)}-").status, 416)
        self.assertEqual(self.get(f"/api/firmware/{PLATFORM}?version=1.0.0").status, 304)

    def test_nginx_sends_the_bytes_and_otad_only_the_name(self):
        self.get(f"/api/firmware/{PLATFORM}")

        def lines():
            return [x for x in self.otad.log_text().splitlines() if "event=request" in x and "route=/api/firmware/{platform}" in x]
        before = len(lines())
        self.assertEqual(len(self.get(f"/api/firmware/{PLATFORM}").body), self.image.stat().st_size)
        wait_until("otad to log it", lambda: len(lines()) > before)
        self.assertRegex(lines()[-1], r"status=200 .*\bout=0\b")

    def test_artifacts_are_closed_but_by_otad(self):
        stored = next(p for p in (self.otad.folder / "artifacts").rglob("*") if p.is_file())
        name = stored.relative_to(self.otad.folder / "artifacts")
        for path in (f"/_artifacts/{name}", "/_artifacts/", f"/_artifacts/../_artifacts/{name}"):
            self.assertEqual(self.get(path).status, 404, path)
        anyone = Client(self.front_url(), self.stack.ca.cert)
        self.addCleanup(anyone.close)
        self.assertEqual(anyone.request("GET", f"/api/firmware/{PLATFORM}").status, 401)
        self.assertEqual(anyone.request("GET", "/metrics").status, 404)

    def front_url(self):
        return f"https://localhost:{self.port}"

    def test_links_count_what_nginx_sends_and_nobody_logs_their_tokens(self):
        data = self.image.read_bytes()
        browser = Client(self.front_url(), self.stack.ca.cert)
        self.addCleanup(browser.close)
        browser.sign_in("admin", "correct horse battery staple")
        made = browser.post(f"/platforms/{PLATFORM}/releases/1.0.0/artifacts/{self.image.name}/links", {"byte_budget": len(data) + 100})
        path, anyone = made["url"].removeprefix(self.front_url()), Client(self.front_url(), self.stack.ca.cert)
        self.addCleanup(anyone.close)
        whole = anyone.request("GET", path)
        self.assertEqual((whole.status, whole.body, whole.headers["Referrer-Policy"]), (200, data, "no-referrer"))
        part = anyone.request("GET", path, None, {"Range": "bytes=0-99"})
        self.assertEqual((part.status, part.body), (206, data[:100]))
        used_up = anyone.request("GET", path, None, {"Range": "bytes=0-0"})
        self.assertEqual((used_up.status, used_up.json()["code"]), (410, "link-used-up"))
        wait_until("all of it to count", lambda: browser.get("/links")["items"][0]["bytes_used"] == len(data) + 100)
        wait_until("the log to tell", lambda: [r["bytes"] for r in browser.every("/downloads?via=link")] == [0, 100, len(data)])
        self.get(f"/api/esp-key/{self.key}/{PLATFORM}/manifest.json")
        self.get("/healthz?marked")
        nginx = [self.stack.folder / name for name in ("nginx-access.log", "nginx-error.log")]
        wait_until("nginx to have logged what may be logged", lambda: "/healthz?marked" in nginx[0].read_text())
        for log in (*nginx, self.otad.folder / "otad.log"):
            text = log.read_text()
            self.assertNotIn(path.split("/")[2], text, log)
            self.assertNotIn(self.key, text, log)

    def test_the_client_is_the_one_that_nginx_saw(self):
        self.get("/api/v1/devices", X_Forwarded_For="10.9.8.7", Forwarded="for=10.9.8.7")
        wait_until("it to be logged", lambda: "path=/api/v1/devices" in self.otad.log_text())
        line = [x for x in self.otad.log_text().splitlines() if "path=/api/v1/devices" in x][-1]
        self.assertIn("client=127.0.0.1", line)

    def test_signing_in_through_nginx(self):
        browser = Client(self.front_url(), self.stack.ca.cert)
        self.addCleanup(browser.close)
        browser.sign_in("admin", "correct horse battery staple")
        self.assertEqual(browser.get("/session")["user"]["name"], "admin")
        made = browser.post("/devices", {"id": "by-nginx", "platform": PLATFORM})
        device = Client(self.front_url(), self.stack.ca.cert).use_device(made["token"])
        self.addCleanup(device.close)
        self.assertEqual(device.request("GET", f"/{TENANT}/controller/v1/by-nginx").status, 200)


class Direct(EndToEnd):
    settings = {"accel_prefix": "/_artifacts/"}

    def test_who_does_not_come_by_a_trusted_proxy_gets_the_bytes(self):
        self.stack.platform(PLATFORM)
        payload = self.folder / "payload"
        payload.write_bytes(bytes(9000))
        image = self.stack.publish(PLATFORM, "1.0.0", 1, payload)
        client = self.otad.client().use_key(self.stack.ci_key(PLATFORM, ("release.read",)))
        answer = client.request("GET", f"/api/firmware/{PLATFORM}", None, {"X-Forwarded-For": "127.0.0.1"})
        self.assertEqual((answer.status, answer.body), (200, image.read_bytes()))
        self.assertIsNone(answer.headers["X-Accel-Redirect"])


class Unit(unittest.TestCase):
    def test_systemd_understands_the_unit_and_calls_it_hardened(self):
        text = UNIT.read_text()
        keys = re.findall(r"^(\w+)=", text, re.M)
        self.assertEqual({k for k in keys if keys.count(k) > 1}, {"SystemCallFilter"})
        self.assertIn("Type=notify", text)
        analyze = shutil.which("systemd-analyze")
        self.assertIsNotNone(analyze, "Debian's systemd has it")
        r = subprocess.run([analyze, "security", "--offline=true", "--threshold=30", str(UNIT)], capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stdout[-3000:] + r.stderr)
        r = subprocess.run([analyze, "verify", "--man=no", str(UNIT)], capture_output=True, text=True)
        complaints = [x for x in r.stderr.splitlines() if str(UNIT) in x or "otad.service" in x]
        self.assertEqual([x for x in complaints if "is not executable" not in x], [], "but for the program, which is not installed here")


if __name__ == "__main__":
    unittest.main()
