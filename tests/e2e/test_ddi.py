"""The rules that a hawkBit DDI server keeps so that existing clients work (SPEC 6.1), against the running daemon."""
import hashlib
import json
import re
import socket
import ssl
import unittest
import urllib.parse

from harness import TENANT, EndToEnd

PLATFORM = "ddi-board"
SLEEP = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
ID = re.compile(r"[1-9]\d*")


def path_of(href):
    u = urllib.parse.urlsplit(href)
    return u.path + ("?" + u.query if u.query else "")


class Ddi(EndToEnd):
    @classmethod
    def prepare(cls):
        s = cls.stack
        s.platform(PLATFORM)
        payload = s.folder / "payload"
        payload.write_bytes(bytes(range(256)) * 300)
        for version, counter in (("1.0.0", 1), ("1.1.0", 2)):
            cls.image = s.publish(PLATFORM, version, counter, payload)
        cls.gateway_token = s.gateway(PLATFORM)

    def setUp(self):
        super().setUp()
        self.name = "ddi-" + self._testMethodName.replace("_", "-")
        self.base = f"/{TENANT}/controller/v1/{self.name}"
        self.device = self.otad.client().use_device(self.gateway_token, "GatewayToken")
        self.addCleanup(self.device.close)

    # -- what a device does

    def rest(self, method, path, value=None, status=200):
        body = None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        answer = self.device.request(method, path, body, headers)
        self.assertEqual(answer.status, status, f"{method} {path}: {answer.body[:300]!r}")
        self.assertIsNotNone(answer.headers["Content-Length"], f"{method} {path} has no Content-Length")
        self.assertIsNone(answer.headers["Transfer-Encoding"], f"{method} {path} is chunked")
        return answer

    def poll(self):
        return self.rest("GET", self.base).json()

    def offered(self, version="1.1.0"):
        """An update for this device; its id and the path of its deploymentBase."""
        self.poll()
        self.stack.assign(self.name, version)
        path = path_of(self.poll()["_links"]["deploymentBase"]["href"])
        return self.rest("GET", path).json()["id"], path

    def feedback(self, action, execution, finished="none", details=None, status=200, **more):
        body = {"id": action, "time": "20261120T101500",
                "status": {"execution": execution, "result": {"finished": finished}, "details": details or []}, **more}
        return self.rest("POST", f"{self.base}/deploymentBase/{action}/feedback", body, status)

    def artifact(self):
        action, path = self.offered()
        return self.rest("GET", path).json()["deployment"]["chunks"][0]["artifacts"][0], action

    # -- the rules, numbered as in reference 2.12

    def test_01_ids_are_strings_of_a_positive_int32_that_no_client_misreads(self):
        for _ in range(12):
            action, path = self.offered()
            self.assertIsInstance(action, str)
            self.assertRegex(action, ID)
            self.assertLess(int(action), 2**31)
            self.assertIsNone(re.fullmatch(r"\d0+", action), f"{action}: Zephyr reads it without its first digit")
            self.admin.post(f"/updates/{action}/cancel")
            href = self.poll()["_links"]["cancelAction"]["href"]
            cancel = self.rest("GET", path_of(href)).json()
            for value in (cancel["id"], cancel["cancelAction"]["stopId"]):
                self.assertIsInstance(value, str)
                self.assertIsNone(re.fullmatch(r"\d0+", value))
                self.assertLess(int(value), 2**31)
            self.assertEqual(cancel["cancelAction"]["stopId"], action)
            self.rest("POST", path_of(href) + "/feedback",
                      {"id": cancel["id"], "status": {"execution": "closed", "result": {"finished": "success"}, "details": []}})

    def test_02_every_success_is_exactly_200(self):
        action, path = self.offered()
        self.rest("PUT", f"{self.base}/configData", {"data": {"version": "1.0.0"}})
        self.rest("POST", f"{self.base}/heartbeat", {"version": "1.0.0", "uptime_s": 5})
        self.rest("GET", path)
        for execution in ("proceeding", "download", "downloaded", "scheduled", "resumed"):
            self.feedback(action, execution)
        self.feedback(action, "closed", "success")

    def test_03_content_length_always_and_http_1_0_clients_too(self):
        self.poll()
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        for path in (self.base, f"/{TENANT}/controller/v1/../../etc/passwd", self.base + "/nothing"):
            with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain, \
                    context.wrap_socket(plain, server_hostname="localhost") as s:
                s.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: GatewayToken {self.gateway_token}\r\n\r\n".encode())
                data = b""
                while piece := s.recv(65536):
                    data += piece
            head, body = data.split(b"\r\n\r\n", 1)
            lengths = re.findall(rb"(?im)^content-length: (\d+)", head)
            self.assertEqual(lengths, [str(len(body)).encode()], head)
            self.assertNotIn(b"chunked", head.lower())

    def test_04_both_links_point_at_the_configured_url_in_the_known_form(self):
        artifact, _ = self.artifact()
        links = artifact["_links"]
        self.assertGreaterEqual(set(links), {"download", "download-http", "md5sum", "md5sum-http"})
        for name in ("download", "download-http"):
            href = links[name]["href"]
            self.assertTrue(href.startswith(self.otad.url + f"/{TENANT}/controller/v1/{self.name}/softwaremodules/"), href)
            self.assertRegex(href, r"/softwaremodules/[1-9]\d*/artifacts/" + re.escape(artifact["filename"]) + "$")
            self.assertLessEqual(len(href), 199)
            self.assertEqual(self.rest("GET", path_of(href)).body, self.image.read_bytes())
        for name in ("md5sum", "md5sum-http"):
            text = self.rest("GET", path_of(links[name]["href"])).body.decode()
            self.assertEqual(text.split(), [artifact["hashes"]["md5"], artifact["filename"]])

    def test_05_hashes_and_size(self):
        artifact, _ = self.artifact()
        data = self.image.read_bytes()
        for name in ("md5", "sha1", "sha256"):
            self.assertEqual(artifact["hashes"][name], getattr(hashlib, name)(data).hexdigest())
        self.assertIs(type(artifact["size"]), int)
        self.assertEqual(artifact["size"], len(data))

    def test_06_json_is_plain_ascii_without_escaped_slashes(self):
        _, path = self.offered()
        for where in (self.base, path):
            raw = self.rest("GET", where).body
            raw.decode("ascii")
            self.assertNotIn(b"\\/", raw)
            self.assertNotIn(b"\n", raw.strip())
            self.assertLess(len(raw), 1100, "Zephyr's buffer")

    def test_07_no_query_on_cancel_and_a_short_one_on_deployment(self):
        action, _ = self.offered()
        href = self.poll()["_links"]["deploymentBase"]["href"]
        self.assertLessEqual(len(href.split("deploymentBase/")[1]), 49)
        self.admin.post(f"/updates/{action}/cancel")
        links = self.poll()["_links"]
        self.assertNotIn("?", links["cancelAction"]["href"])
        self.assertNotIn("deploymentBase", links, "one action at a time")

    def test_08_required_members_of_a_deployment(self):
        _, path = self.offered()
        d = self.rest("GET", path).json()["deployment"]
        self.assertEqual((d["download"], d["update"]), ("forced", "forced"))
        for chunk in d["chunks"]:
            self.assertIsInstance(chunk["artifacts"], list)
            for member in ("part", "version", "name"):
                self.assertIsInstance(chunk[member], str)

    def test_09_offered_until_closed_over_a_restart_of_the_server(self):
        action, path = self.offered()
        self.feedback(action, "proceeding")
        self.otad.kill()
        self.otad.start()
        self.device.close()
        self.assertEqual(path_of(self.poll()["_links"]["deploymentBase"]["href"]).split("?")[0], path.split("?")[0])
        self.feedback(action, "closed", "success")
        self.assertNotIn("deploymentBase", self.poll()["_links"])
        self.feedback(action, "proceeding", status=410)

    def test_10_nothing_makes_a_client_close_early(self):
        action, path = self.offered()
        for execution in ("proceeding", "downloaded"):
            self.assertNotIn('"skip"', self.rest("GET", path).body.decode())
            self.feedback(action, execution)

    def test_11_one_chunk_and_one_artifact(self):
        _, path = self.offered()
        chunks = self.rest("GET", path).json()["deployment"]["chunks"]
        self.assertEqual([len(c["artifacts"]) for c in chunks], [1])

    def test_12_no_304_unasked_and_no_redirect(self):
        self.poll()
        for _ in range(3):
            answer = self.rest("GET", self.base)
        etag = answer.headers["ETag"]
        if etag:
            again = self.device.request("GET", self.base, headers={"If-None-Match": etag})
            self.assertIn(again.status, (200, 304))
        self.rest("GET", self.base + "/", status=self.device.request("GET", self.base + "/").status)
        self.assertNotIn(self.device.request("GET", self.base + "/").status, (301, 302, 307, 308))

    def test_13_no_confirmation_flow_is_forced_on_clients(self):
        self.offered()
        self.assertNotIn("confirmationBase", self.poll()["_links"])

    def test_14_config_data_unasked_legacy_and_in_three_modes(self):
        self.poll()
        legacy = {"id": "", "time": "20261120T101500", "status": {"result": {"finished": "success"}, "execution": "closed", "details": []}}
        self.rest("PUT", f"{self.base}/configData", {**legacy, "mode": "replace", "data": {"VIN": "1", "hwRevision": "2"}})
        self.assertNotIn("configData", self.poll()["_links"], "answered, so no longer asked for")
        self.rest("PUT", f"{self.base}/configData", {"data": {"hwRevision": "3", "version": "1.0.0"}})
        got = self.admin.get(f"/devices/{self.name}")
        self.assertEqual((got["attributes"]["VIN"], got["attributes"]["hwRevision"], got["version"]), ("1", "3", "1.0.0"))
        self.rest("PUT", f"{self.base}/configData", {"mode": "remove", "data": {"VIN": ""}})
        self.assertNotIn("VIN", self.admin.get(f"/devices/{self.name}")["attributes"])
        self.rest("PUT", f"{self.base}/configData", {"mode": "replace", "data": {"only": "this"}})
        self.assertEqual(self.admin.get(f"/devices/{self.name}")["attributes"], {"only": "this"})
        for bad in ({"mode": "sideways", "data": {"a": "b"}}, {"mode": "merge"}, {"data": {"k" * 129: "v"}}, {"data": {"k": "v" * 129}}):
            self.rest("PUT", f"{self.base}/configData", bad, status=400)

    def test_15_feedback_of_every_dialect(self):
        action, _ = self.offered()
        where = f"{self.base}/deploymentBase/{action}/feedback"
        result = {"finished": "none"}
        for body in (
                {"id": int(action), "status": {"execution": "proceeding", "result": result, "details": "one line"}},
                {"id": action, "time": "", "status": {"execution": "proceeding", "result": result, "details": []}},
                {"status": {"execution": "proceeding", "result": result, "details": ["", " "]}},
                {"status": {"execution": "download", "result": {**result, "progress": {"cnt": 1, "of": 3}}, "code": 200, "news": 1},
                 "timestamp": 1790000000000, "unknown": {"a": [1, 2]}},
        ):
            self.rest("POST", where, body)
        for bad in ({}, {"status": {"execution": "dancing", "result": result}}, {"status": {"execution": "closed"}}, []):
            self.rest("POST", where, bad, status=400)

    def test_16_downloads_by_head_and_range(self):
        artifact, _ = self.artifact()
        path, data = path_of(artifact["_links"]["download"]["href"]), self.image.read_bytes()
        size = len(data)
        head = self.device.request("HEAD", path)
        self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, str(size), b""))
        etag = head.headers["ETag"]
        self.assertRegex(etag, r'^"[0-9a-f]+"$')
        self.assertEqual(head.headers["Accept-Ranges"], "bytes")

        def part(value, **more):
            return self.device.request("GET", path, headers={"Range": value, **{k.replace("_", "-"): v for k, v in more.items()}})
        for value, first, last in (("bytes=0-99", 0, 99), (f"bytes={size - 10}-", size - 10, size - 1), ("bytes=-7", size - 7, size - 1),
                                   (f"bytes=5-{size * 2}", 5, size - 1), ("bytes=4096-8191", 4096, 8191)):
            got = part(value)
            self.assertEqual(got.status, 206, value)
            self.assertEqual(got.headers["Content-Range"], f"bytes {first}-{last}/{size}")
            self.assertEqual(got.body, data[first:last + 1])
        got = part(f"bytes={size}-")
        self.assertEqual((got.status, got.headers["Content-Range"]), (416, f"bytes */{size}"))
        self.assertEqual(part("bytes=10-19", If_Range=etag).body, data[10:20])
        whole = part("bytes=10-19", If_Range='"other"')
        self.assertEqual((whole.status, whole.body), (200, data))
        several = part("bytes=0-1,10-11")
        self.assertIn(several.status, (200, 206))
        self.assertNotEqual(several.body, data[:2])

    def test_17_sleep_has_eight_characters_below_a_day(self):
        sleep = self.poll()["config"]["polling"]["sleep"]
        self.assertIsNotNone(SLEEP.fullmatch(sleep), sleep)

    # -- who may

    def test_tokens_open_only_their_own_device(self):
        made = self.admin.post("/devices", {"id": self.name, "platform": PLATFORM})
        own = self.otad.client().use_device(made["token"])
        self.assertEqual(own.request("GET", self.base).status, 200)
        other = self.base + "-other"
        for client, path in ((own, other), (self.otad.client(), self.base), (self.otad.client().use_device("0" * 32), self.base),
                             (self.otad.client().use_device(made["token"], "GatewayToken"), self.base),
                             (self.otad.client().use_device(self.gateway_token), self.base)):
            answer = client.request("GET", path)
            self.assertEqual((answer.status, answer.body), (401, b""), path)

    def test_an_artifact_is_open_only_to_a_device_that_it_is_for(self):
        artifact, _ = self.artifact()
        path = path_of(artifact["_links"]["download"]["href"])
        stranger = path.replace(self.name, self.name + "-2")
        self.device.request("GET", f"/{TENANT}/controller/v1/{self.name}-2")
        self.rest("GET", stranger, status=404)


if __name__ == "__main__":
    unittest.main()
