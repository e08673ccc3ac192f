"""Bad input and crowds at the doors for devices: a clear answer, nothing left behind, and the server goes on."""
import concurrent.futures
import json
import os
import re
import socket
import ssl
import threading
import unittest

from harness import TENANT, EndToEnd, wait_until

PLATFORM = "door-board"
NAME = "door-1"
BASE = f"/{TENANT}/controller/v1/{NAME}"
ROUTES = [("GET", ""), ("PUT", "/configData"), ("POST", "/heartbeat"), ("GET", "/deploymentBase/{id}"), ("POST", "/deploymentBase/{id}/feedback"),
          ("GET", "/cancelAction/{id}"), ("POST", "/cancelAction/{id}/feedback"), ("GET", "/installedBase/{id}"),
          ("GET", "/softwaremodules/{id}/artifacts"), ("GET", "/softwaremodules/{id}/artifacts/app.bin")]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class BadDevices(EndToEnd):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        payload = s.folder / "payload"
        payload.write_bytes(bytes(range(256)) * 40)
        cls.image = s.publish(PLATFORM, "1.0.0", 1, payload)
        cls.token = s.admin.post("/devices", {"id": NAME, "platform": PLATFORM})["token"]
        cls.gateway = s.gateway(PLATFORM)
        cls.update = s.assign(NAME, "1.0.0")["id"]

    def tearDown(self):
        self.assertTrue(self.otad.process.running(), "otad is gone")
        self.assertNotIn("level=bug", self.otad.log_text())
        update = self.admin.get(f"/updates/{self.update}")
        self.assertNotIn(update["state"], ("succeeded", "failed", "cancelled"), "bad input changed an update")

    def client(self, token=None, kind="TargetToken"):
        c = self.otad.client().use_device(token or self.token, kind)
        self.addCleanup(c.close)
        return c

    def raw(self, data):
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        got = b""
        with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain, context.wrap_socket(plain, server_hostname="localhost") as s:
            try:
                s.sendall(data)
                while piece := s.recv(65536):
                    got += piece
                    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", got)
                    if length and b"\r\n\r\n" in got and len(got.split(b"\r\n\r\n", 1)[1]) >= int(length[1]):
                        break
            except (OSError, ssl.SSLError):
                pass
        return got

    def test_wrong_methods(self):
        device = self.client()
        for path in {p for _, p in ROUTES}:
            takes = {m for m, p in ROUTES if p == path}
            for method in METHODS:
                if method not in takes:
                    answer = device.request(method, BASE + path.replace("{id}", "12"))
                    self.assertEqual(answer.status, 405, f"{method} {path}")

    def test_no_credentials_no_word(self):
        for headers in ({}, {"Authorization": ""}, {"Authorization": "TargetToken"}, {"Authorization": "TargetToken "},
                        {"Authorization": "targettoken " + self.token}, {"Authorization": "Bearer " + self.token},
                        {"Authorization": "TargetToken " + self.token + "0"}, {"Authorization": "TargetToken " + "x" * 5000},
                        {"Authorization": "GatewayToken " + self.token}, {"Authorization": "TargetToken " + self.gateway}):
            nobody = self.otad.client()
            self.addCleanup(nobody.close)
            for method, path in ROUTES:
                answer = nobody.request(method, BASE + path.replace("{id}", "12"), headers=headers)
                self.assertEqual((answer.status, answer.body), (401, b""), f"{method} {path} {headers}")
        got = self.raw(f"POST {BASE}/deploymentBase/12/feedback HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n".encode())
        self.assertTrue(got.startswith(b"HTTP/1.1 401 "), "asked before the body")

    def test_other_tenants_and_strange_names(self):
        gateway = self.client(self.gateway, "GatewayToken")
        before = len(self.admin.every("/devices"))
        for tenant in ("default", "OTHER", "x" * 200, "%2e%2e", "a%20b"):
            self.assertIn(gateway.request("GET", f"/{tenant}/controller/v1/{NAME}").status, (400, 401, 404), tenant)
        for name in ("a%20b", "%2e%2e", "%00", "a%0ab", "%ff", "x" * 129, "a%2fb", "%3cscript%3e", "a%22b", "caf%c3%a9", "a;b", "a,b"):
            answer = gateway.request("GET", f"/{TENANT}/controller/v1/{name}")
            self.assertIn(answer.status, (400, 404), name)
        self.assertEqual(len(self.admin.every("/devices")), before)
        longest = "L" * 128
        self.assertEqual(gateway.request("GET", f"/{TENANT}/controller/v1/{longest}").status, 200)
        self.assertEqual(self.admin.get(f"/devices/{longest}")["platform"], PLATFORM)

    def test_ids_that_are_none(self):
        device = self.client()
        feedback = json.dumps({"status": {"execution": "closed", "result": {"finished": "success"}}}).encode()
        for bad in ("0", "-1", "x", "2147483648", "99999999999999999999", "1e3", "12x", "%31%00", " 12", "4711"):
            for method, path in ROUTES:
                if "{id}" in path:
                    answer = device.request(method, (BASE + path.replace("{id}", bad)).replace(" ", "%20"), feedback if method == "POST" else None)
                    self.assertIn(answer.status, (400, 404), f"{method} {path} {bad}")

    def test_bodies_that_are_none(self):
        device = self.client()
        deep = b"[" * 3000
        for body in (b"", b"{", b"[]", b"null", b"7", b"\x00\x01", b"\xff", deep, b'{"status":' * 40, b'{"data":{"a":' + b'"x' * 3, b"{}",
                     b'{"status":{"execution":"closed","result":{"finished":"success"}', b'{"status":[],"data":[]}',
                     b'{"status":{"execution":["closed"],"result":"success"},"data":"x"}', b'{"data":{"\\u0000":"x"}}'):
            for method, path in ROUTES:
                if method == "GET" or (path == "/heartbeat" and body.startswith(b"{")):
                    continue
                answer = device.request(method, BASE + path.replace("{id}", str(self.update)), body, {"Content-Type": "application/json"})
                self.assertIn(answer.status, (400, 404, 405, 429), f"{path} {body[:30]!r}: {answer.body!r}")
                self.assertEqual(set(answer.json()), {"exceptionClass", "errorCode", "message"})
        for method, path in ROUTES:
            if method != "GET":
                where = BASE + path.replace("{id}", str(self.update))
                head = f"{method} {where} HTTP/1.1\r\nHost: x\r\nAuthorization: TargetToken {self.token}\r\nContent-Length: 9999999\r\n\r\n"
                self.assertTrue(self.raw(head.encode()).startswith(b"HTTP/1.1 413 "), path)
                self.assertEqual(device.request(method, where, b"\xa1", {"Content-Type": "application/cbor"}).status, 415)
        self.assertEqual(device.request("GET", BASE, headers={"Accept": "application/cbor"}).status, 406)
        for accept in ("application/json", "application/json;charset=UTF-8", "application/hal+json", "*/*", "application/cbor, application/json"):
            self.assertEqual(device.request("GET", BASE, headers={"Accept": accept}).status, 200)

    def test_unknown_doors_are_closed(self):
        device = self.client()
        for path in ("/confirmationBase", "/confirmationBase/12", "/nothing", "/deploymentBase", "/softwaremodules", "/configData/x"):
            answer = device.request("GET", BASE + path)
            self.assertIn(answer.status, (404, 405), path)
            self.assertNotIn(b"<html", answer.body.lower())
        module = self.admin.get(f"/platforms/{PLATFORM}/releases/1.0.0")["id"]
        files = f"{BASE}/softwaremodules/{module}/artifacts"
        self.assertEqual(device.request("GET", f"{files}/{self.image.name}").body, self.image.read_bytes())
        for name in ("..", "%2e%2e", "..%2fpepper", "..%5cpepper", "nothing.bin", self.image.name + "%00", ".MD5SUM", "SHA256SUMS"):
            self.assertIn(device.request("GET", f"{files}/{name}").status, (400, 404), name)
        for other in (module + 1, 0):
            self.assertEqual(device.request("GET", f"{BASE}/softwaremodules/{other}/artifacts/{self.image.name}").status, 404)

    def test_ranges_that_are_none(self):
        device = self.client()
        size = self.image.stat().st_size
        path = f"{BASE}/softwaremodules/{self.admin.get(f'/platforms/{PLATFORM}/releases/1.0.0')['id']}/artifacts/{self.image.name}"
        for value in ("bytes=", "bytes=a-b", "bytes=5-1", f"bytes={size}-", "bytes=-0", "bytes=--5", "lines=1-2", "bytes=1-2-3",
                      "bytes=99999999999999999999-", "bytes=0-0," * 500 + "1-1", "bytes=0-,0-,0-,0-"):
            answer = device.request("GET", path, headers={"Range": value})
            self.assertIn(answer.status, (200, 206, 400, 416), value)
            self.assertLessEqual(len(answer.body), 2 * size, value)

    # -- crowds

    def test_many_at_once_register_once(self):
        def poll(_):
            c = self.otad.client().use_device(self.gateway, "GatewayToken")
            try:
                return c.request("GET", f"/{TENANT}/controller/v1/crowd-1").status
            finally:
                c.close()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = set(pool.map(poll, range(48)))
        self.assertLessEqual(statuses, {200, 503})
        self.assertEqual([d["id"] for d in self.admin.every("/devices?q=crowd")], ["crowd-1"])

    def test_many_reports_at_once_are_all_there(self):
        self.admin.post("/devices", {"id": "reporter", "platform": PLATFORM})
        update = self.stack.assign("reporter", "1.0.0")["id"]
        base = f"/{TENANT}/controller/v1/reporter"
        opened = self.client(self.gateway, "GatewayToken")
        self.assertEqual(opened.request("GET", f"{base}/deploymentBase/{update}").status, 200)

        def report(i):
            body = {"status": {"execution": "proceeding", "result": {"finished": "none"}, "details": [f"report {i}"]}}
            c = self.otad.client().use_device(self.gateway, "GatewayToken")
            try:
                return i, c.request("POST", f"{base}/deploymentBase/{update}/feedback", json.dumps(body).encode()).status
            finally:
                c.close()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            told = {f"report {i}" for i, status in pool.map(report, range(64)) if status == 200}
        details = [d for e in self.admin.get(f"/updates/{update}")["events"] for d in e["details"]]
        self.assertGreater(len(told), 0)
        self.assertEqual(sorted(d for d in details if d in told), sorted(told), "each acknowledged report exactly once")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.otad.process.popen.pid}/fd"))

    def test_uploads_cut_by_a_crash_leave_nothing(self):
        path = f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/{self.image.name}"
        before = self.files()
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        headers = "".join(f"{k}: {v}\r\n" for k, v in self.admin.headers.items())
        with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain, context.wrap_socket(plain, server_hostname="localhost") as s:
            size = self.image.stat().st_size
            s.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {size}\r\n\r\n".encode() + self.image.read_bytes()[:-1])
            wait_until("the upload to be under way", lambda: len(self.files()) > len(before))
            self.otad.kill()
        self.admin.close()
        self.otad.start()
        self.assertEqual(self.files(), before)

    def files(self):
        return sorted(p.name for p in (self.otad.folder / "artifacts").rglob("*") if p.is_file())

    def test_many_cut_uploads_and_downloads_cost_no_descriptor(self):
        path = f"/api/v1/platforms/{PLATFORM}/releases/1.0.0/artifacts/{self.image.name}"
        headers = "".join(f"{k}: {v}\r\n" for k, v in self.admin.headers.items())
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        before, files = self.descriptors(), self.files()

        def cut(i):
            with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain:
                s = context.wrap_socket(plain, server_hostname="localhost")
                if i % 2:
                    s.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 10240\r\n\r\n".encode() + b"x" * (i * 50))
                else:
                    s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
                    s.recv(100)
                s.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(cut, range(60)))
        wait_until("all descriptors to be closed", lambda: self.descriptors() < before + 20)  # the pool may have grown
        wait_until("all temporary files to be gone", lambda: self.files() == files)

    def test_an_event_stream_ends_with_its_session(self):
        person = self.otad.client()
        self.addCleanup(person.close)
        person.sign_in("admin", "correct horse battery staple")
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        headers = "".join(f"{k}: {v}\r\n" for k, v in person.headers.items())
        plain = socket.create_connection(("127.0.0.1", self.otad.port), 60)
        stream = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(stream.close)
        stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        self.assertIn(b"200", stream.recv(1000))
        ended = threading.Event()

        def drain():
            data = b""
            try:
                while not data.endswith(b"0\r\n\r\n") and (piece := stream.recv(65536)):
                    data += piece
            except OSError:
                pass
            ended.set()
        threading.Thread(target=drain, daemon=True).start()
        self.assertEqual(person.request("DELETE", "/api/v1/session").status, 204)
        self.assertTrue(ended.wait(60), "signed out, and the stream still runs")


class DatabaseAway(EndToEnd):
    """What needs no database goes on without it; the rest says so and comes back by itself."""

    settings = {"database_timeout_ms": 3000}

    def test_polls_and_downloads_go_on_and_reports_are_refused_not_lost(self):
        s = self.stack
        s.platform(PLATFORM)
        payload = self.folder / "payload"
        payload.write_bytes(b"away" * 5000)
        image = s.publish(PLATFORM, "1.0.0", 1, payload)
        made = self.admin.post("/devices", {"id": NAME, "platform": PLATFORM})
        self.admin.post("/devices", {"id": "idle-1", "platform": PLATFORM})
        gateway = s.gateway(PLATFORM)
        update = s.assign(NAME, "1.0.0")["id"]
        device = self.otad.client().use_device(made["token"])
        other = self.otad.client().use_device(gateway, "GatewayToken")
        self.addCleanup(device.close)
        self.addCleanup(other.close)
        path = f"{BASE}/deploymentBase/{update}"
        artifact = device.request("GET", path).json()["deployment"]["chunks"][0]["artifacts"][0]
        href = artifact["_links"]["download"]["href"].split(f":{self.otad.port}", 1)[1]
        report = json.dumps({"status": {"execution": "proceeding", "result": {"finished": "none"}, "details": ["held back"]}}).encode()

        s.cluster.stop()
        try:
            for _ in range(3):
                self.assertIn("deploymentBase", device.request("GET", BASE).json()["_links"])
                self.assertEqual(other.request("GET", f"/{TENANT}/controller/v1/idle-1").status, 200)
                self.assertEqual(device.request("GET", href).body, image.read_bytes())
                self.assertEqual(device.request("POST", BASE + "/heartbeat", b'{"slot":"A"}').status, 200)
            refused = device.request("POST", path + "/feedback", report)
            self.assertEqual(refused.status, 503, refused.body)
            self.assertGreater(int(refused.headers["Retry-After"]), 0)
            self.assertEqual(other.request("GET", f"/{TENANT}/controller/v1/new-one").status, 503)
            self.assertEqual(self.admin.request("GET", "/api/v1/devices").status, 503)
            self.assertEqual(self.admin.request("GET", "/readyz").status, 503)
            self.assertEqual(self.admin.request("GET", "/healthz").status, 200)
        finally:
            s.cluster.start()
        wait_until("the daemon to be ready again", lambda: self.admin.request("GET", "/readyz").status == 200)
        wait_until("the report to be taken", lambda: device.request("POST", path + "/feedback", report).status == 200)
        wait_until("the new device to be let in", lambda: other.request("GET", f"/{TENANT}/controller/v1/new-one").status == 200)
        details = [d for e in self.admin.get(f"/updates/{update}")["events"] for d in e["details"]]
        self.assertEqual(details.count("held back"), 1)
        self.assertEqual(self.admin.get(f"/devices/{NAME}")["heartbeat"]["slot"], "A")
        self.assertNotIn("level=bug", self.otad.log_text())


if __name__ == "__main__":
    unittest.main()
