"""ESP clients of five kinds, each with the headers that it really sends (ESP8266httpUpdate, HTTPUpdate of ESP32, esp_https_ota,
esp_ghota, ESP Web Tools and ESPHome), against releases of plain files whose signed SHA256SUMS vouches for them."""
import base64
import hashlib
import socket
import ssl
import unittest

from harness import TENANT, EndToEnd, wait_until
from lab import factory
from lab import formats as make
from lab.factory import VENDOR, signer
from test_idle import STATEMENT

PLATFORM = "door-esp32-s3"


def esp8266(mode="sketch", version=None, md5="0" * 32):
    """ESP8266httpUpdate.cpp, in its order."""
    h = {"User-Agent": "ESP8266-http-Update", "x-ESP8266-Chip-ID": "1458415", "x-ESP8266-STA-MAC": "5C:CF:7F:16:40:EF",
         "x-ESP8266-AP-MAC": "5E:CF:7F:16:40:EF", "x-ESP8266-free-space": "2818048", "x-ESP8266-sketch-size": "328528",
         "x-ESP8266-sketch-md5": md5, "x-ESP8266-chip-size": "4194304", "x-ESP8266-sdk-version": "2.2.2-dev(38a443e)",
         "x-ESP8266-mode": mode}
    return {**h, **({"x-ESP8266-version": version} if version else {})}


def esp32(mode="sketch", version=None, md5="0" * 32):
    """HTTPUpdate.cpp: no Chip-ID, but the SHA-256 of the sketch in capitals."""
    h = {"Cache-Control": "no-cache", "User-Agent": "ESP32-http-Update", "x-ESP32-STA-MAC": "24:0A:C4:00:01:10",
         "x-ESP32-AP-MAC": "24:0A:C4:00:01:11", "x-ESP32-free-space": "1310720", "x-ESP32-sketch-size": "873200",
         "x-ESP32-sketch-md5": md5, "x-ESP32-sketch-sha256": "A" * 64, "x-ESP32-chip-size": "4194304",
         "x-ESP32-sdk-version": "v5.1.4", "x-ESP32-mode": mode}
    return {**h, **({"x-ESP32-version": version} if version else {})}


class Esp(EndToEnd):
    @classmethod
    def prepare(cls):
        s = cls.stack
        manifest = s.folder / "esp.manifest"  # no image key: the chip's own format is not MCUboot's
        roots = s.keys._root_options()
        signer("keymanifest", "new", "--vid", VENDOR, "--class", PLATFORM, "--sequence", 1, "--release-key", s.keys.public("release"),
               "--out", manifest)
        for r in (0, 2):
            signer("keymanifest", "cosign", "--key", s.keys.secret(s.keys.ROOTS[r]), *roots, manifest)
        s.platform(PLATFORM, manifest=manifest, aliases=["door"])
        app = make.esp32("ESP32-S3", [(0x3c000020, make.app_descriptor() + make.filler(77000)), (0x3fc88000, make.filler(64))])
        cls.files = {"app.ota.bin": app, "app.factory.bin": make.merged("ESP32-S3"), "data.littlefs.bin": bytes(range(200)) * 100}
        for version in ("1.0.0", "1.1.0"):
            cls.release(version)
        cls.key = s.ci_key(PLATFORM, ("release.read",))

    @classmethod
    def release(cls, version):
        s, paths = cls.stack, []
        for name, data in cls.files.items():
            path = s.folder / version / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data + version.encode())
            paths.append(path)
        factory.publish(s.keys, s.otad.url, s.ca.cert, s.ci_key(PLATFORM), PLATFORM, version, paths, counter=1)

    def content(self, name, version="1.1.0"):
        return self.files[name] + version.encode()

    def ask(self, path, headers=None, method="GET", auth="basic"):
        basic = base64.b64encode(f"esp:{self.key}".encode()).decode()
        given = {"basic": {"Authorization": "Basic " + basic}, "header": {"X-API-Key": self.key}, "token": {"Authorization": "token " + self.key},
                 "bearer": {"Authorization": "Bearer " + self.key}, None: {}}[auth]
        client = self.otad.client()
        self.addCleanup(client.close)
        return client.request(method, path, None, {**(headers or {}), **given})

    def http_1_0(self, path, headers):
        """As HTTPClient with useHTTP10(true); the whole answer until the connection ends."""
        context = ssl.create_default_context(cafile=str(self.otad.ca.cert))
        with socket.create_connection(("127.0.0.1", self.otad.port), 30) as plain, \
                context.wrap_socket(plain, server_hostname="localhost") as s:
            head = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
            s.sendall((head + f"Authorization: Basic {base64.b64encode(f'esp:{self.key}'.encode()).decode()}\r\nConnection: close\r\n\r\n").encode())
            got = b""
            while piece := s.recv(65536):
                got += piece
        head, body = got.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {k.lower(): v for k, v in (x.split(": ", 1) for x in lines[1:])}, body

    # -- httpUpdate

    def test_httpupdate_of_both_chips(self):
        new = self.content("app.ota.bin")
        md5 = hashlib.md5(new).hexdigest()
        for kind in (esp8266, esp32):
            status, head, body = self.http_1_0(f"/api/esp/{PLATFORM}", kind(version="1.0.0"))
            self.assertEqual((status, body), (200, new))
            self.assertEqual(head["content-length"], str(len(new)))
            self.assertNotIn("transfer-encoding", head)
            self.assertEqual((head["x-md5"], head["x-version"]), (md5, "1.1.0"))
            for same in (kind(version="1.1.0"), kind(version="2.0.0"), kind(md5=md5), kind(md5=md5.upper())):
                status, head, body = self.http_1_0(f"/api/esp/{PLATFORM}", same)
                self.assertEqual((status, body), (304, b""), same)
            answer = self.ask(f"/api/esp/{PLATFORM}", kind("version"))
            self.assertEqual((answer.status, answer.headers["x-version"], answer.headers["x-MD5"]), (200, "1.1.0", md5))
            answer = self.ask("/api/esp/door", kind("spiffs", version="1.0.0"))
            self.assertEqual((answer.status, answer.body), (200, self.content("data.littlefs.bin")))
            self.assertEqual(answer.headers["x-MD5"], hashlib.md5(answer.body).hexdigest())
            self.assertEqual(self.ask(f"/api/esp/{PLATFORM}", kind("spiffs", version="1.1.0")).status, 304)
            self.assertEqual(self.ask(f"/api/esp/{PLATFORM}", kind()).status, 200, "of unknown version: takes the newest")

    def test_files_by_name_and_what_is_not_there(self):
        answer = self.ask(f"/api/esp/{PLATFORM}?file=app.factory.bin&version=1.0.0")
        self.assertEqual(answer.body, self.content("app.factory.bin"))
        self.assertEqual(self.ask(f"/api/esp/{PLATFORM}?file=none.bin").status, 404)
        self.assertEqual(self.ask("/api/esp/nothing").status, 404)
        self.assertEqual(self.ask(f"/api/esp/{PLATFORM}?channel=alpha").status, 400)

    # -- esp_https_ota

    def test_esp_https_ota_in_pieces_and_one_past_the_end(self):
        path, data = f"/api/esp/{PLATFORM}?version=1.0.0", self.content("app.ota.bin")
        agent = {"User-Agent": "ESP32 HTTP Client/1.0"}
        head = self.ask(path, agent, "HEAD", "header")
        self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, str(len(data)), b""))
        first = self.ask(path, {**agent, "Range": "bytes=0-0"}, auth="header")
        self.assertEqual((first.status, first.headers["Content-Range"]), (206, f"bytes 0-0/{len(data)}"))
        got, step = b"", 65536
        while len(got) < len(data):  # the last piece asks for one byte more than there is
            piece = self.ask(path, {**agent, "Range": f"bytes={len(got)}-{min(len(got) + step - 1, len(data))}"}, auth="header")
            self.assertEqual(piece.status, 206)
            self.assertEqual(piece.headers["Content-Range"], f"bytes {len(got)}-{len(got) + len(piece.body) - 1}/{len(data)}")
            got += piece.body
        self.assertEqual(got, data)
        rest = self.ask(path, {**agent, "Range": "bytes=70000-"}, auth="header")
        self.assertEqual((rest.status, rest.body), (206, data[70000:]))
        self.assertEqual(self.ask(path, {"If-None-Match": head.headers["ETag"]}, auth="header").status, 304)
        self.assertEqual(self.ask(f"/api/esp/{PLATFORM}", {"X-Firmware-Version": "1.1.0"}, auth="header").status, 304)

    # -- GitHub

    def test_github_latest_release_and_its_asset(self):
        path = f"/repos/{TENANT}/{PLATFORM}/releases/latest"
        for auth in ("basic", "token", "bearer"):
            answer = self.ask(path, {"User-Agent": "esp_ghota", "Accept": "application/json"}, auth=auth)
            self.assertEqual(answer.status, 200, answer.body)
        latest = answer.json()
        self.assertGreater(int(answer.headers["x-ratelimit-remaining"]), 0)
        self.assertIsNotNone(answer.headers["Content-Length"])
        self.assertEqual((latest["tag_name"], latest["draft"], latest["prerelease"]), ("1.1.0", False, False))
        self.assertEqual([a["name"] for a in latest["assets"]], sorted(self.files))
        for a in latest["assets"]:
            self.assertLessEqual(len(a["url"]), 128)
            self.assertTrue(a["url"].startswith(self.otad.url + "/"))
            got = self.ask(a["url"].removeprefix(self.otad.url), {"Accept": "application/octet-stream"})
            self.assertEqual((got.status, got.body), (200, self.content(a["name"])))
            self.assertEqual((a["size"], a["digest"]), (len(got.body), "sha256:" + hashlib.sha256(got.body).hexdigest()))
        folder = path.rsplit("/", 1)[0] + "/assets/"
        for bad in ("0-0", f"{latest['id']}-9", f"{latest['id']}", f"{latest['id']}-", f"{latest['id']}-0x", "a-b", f"{latest['id'] - 1}-0",
                    f"{latest['id']}--0", f"+{latest['id']}-0", "99999999999999999999999-0"):
            self.assertEqual(self.ask(folder + bad).status, 404, bad)
        self.assertEqual(self.ask(f"/repos/other/{PLATFORM}/releases/latest").status, 404)

    # -- manifests

    def test_manifests_for_pages_and_esphome(self):
        for base, auth in ((f"/api/esp-key/{self.key}/{PLATFORM}", None), (f"/api/esp/{PLATFORM}", "bearer")):
            answer = self.ask(base + "/manifest.json", {"Origin": "https://install.example"}, auth=auth)
            self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (200, "*"))
            m = answer.json()
            self.assertEqual((m["name"], m["version"], len(m["builds"])), (PLATFORM, "1.1.0", 1))
            build = m["builds"][0]
            self.assertEqual((build["chipFamily"], [p["offset"] for p in build["parts"]]), ("ESP32-S3", [0]))
            for path, name in ((build["parts"][0]["path"], "app.factory.bin"), (build["ota"]["path"], "app.ota.bin")):
                part = self.ask(f"{base}/{path}", {"Origin": "https://install.example"}, auth=auth)
                self.assertEqual((part.status, part.body), (200, self.content(name)))
                self.assertEqual(part.headers["Access-Control-Allow-Origin"], "*")
                self.assertEqual(part.headers["Content-Length"], str(len(part.body)))
            self.assertEqual(build["ota"]["md5"], hashlib.md5(self.content("app.ota.bin")).hexdigest())
            self.assertEqual(build["parts"][0]["md5"], hashlib.md5(self.content("app.factory.bin")).hexdigest())
        other = self.ask(f"/api/esp/{PLATFORM}/manifest.json?chip=esp8266")
        self.assertEqual(other.json()["builds"][0]["chipFamily"], "ESP32-S3", "the image knows better")
        self.assertEqual(self.ask(f"/api/esp/{PLATFORM}/files/none.bin").status, 404)
        update = self.ask(f"/api/esp-key/{self.key}/{PLATFORM}", esp8266(version="1.0.0"), auth=None)
        self.assertEqual((update.status, update.body), (200, self.content("app.ota.bin")))

    # -- who

    def test_who_may(self):
        other = self.admin.post("/api-keys", {"name": "upload", "scopes": ["release.upload"], "platforms": [PLATFORM]})["secret"]
        self.stack.platform("esp-elsewhere")
        elsewhere = self.admin.post("/api-keys", {"name": "elsewhere", "scopes": ["release.read"], "platforms": ["esp-elsewhere"]})["secret"]
        gone = self.admin.post("/api-keys", {"name": "gone", "scopes": ["release.read"], "platforms": [PLATFORM]})
        self.admin.delete(f"/api-keys/{gone['key']['id']}")
        paths = (f"/api/esp/{PLATFORM}", f"/api/esp/{PLATFORM}/manifest.json", f"/api/esp/{PLATFORM}/files/app.ota.bin",
                 f"/repos/{TENANT}/{PLATFORM}/releases/latest", f"/repos/{TENANT}/{PLATFORM}/releases/assets/1-0")
        for path in paths:
            for secret, status in ((other, 403), (elsewhere, 404), (gone["secret"], 401), ("otad_1_" + "0" * 64, 401), ("", 401), ("x" * 400, 401)):
                basic = base64.b64encode(f"any user:{secret}".encode()).decode()
                for header in ({"Authorization": "Basic " + basic}, {"Authorization": "Bearer " + secret}, {"X-API-Key": secret}):
                    answer = self.otad.client().request("GET", path, None, header)
                    self.assertEqual(answer.status, status, (path, header))
                if status == 401:
                    self.assertIn("Basic", answer.headers["WWW-Authenticate"])
            for header in ({}, {"Authorization": "Basic"}, {"Authorization": "Basic !!"}, {"Authorization": "Basic " + "A" * 900},
                           {"Authorization": "Digest x"},
                           {"Authorization": "Bearer x", "Cookie": self.admin.headers["Cookie"]},
                           {"Authorization": "Basic " + base64.b64encode(self.key.encode()).decode()}):
                self.assertEqual(self.otad.client().request("GET", path, None, header).status, 401, header)
        self.assertEqual(self.ask(f"/api/esp-key/otad_1_{'0' * 64}/{PLATFORM}").status, 401, "the path's key counts, no other")

    def test_a_session_reads_manifest_and_files_and_no_more(self):
        cookie = {"Cookie": self.admin.headers["Cookie"]}

        def ask(path, headers):
            client = self.otad.client()
            self.addCleanup(client.close)
            return client.request("GET", path, None, headers)
        base = f"/api/esp/{PLATFORM}"
        manifest = ask(base + "/manifest.json?channel=stable", cookie)
        self.assertEqual(manifest.status, 200)
        part = manifest.json()["builds"][0]["parts"][0]
        self.assertEqual(part["path"], "files/app.factory.bin?channel=stable")
        file = ask(f"{base}/{part['path']}", cookie)
        self.assertEqual((file.status, file.body), (200, self.content("app.factory.bin")))
        for path in (base, f"/api/esp-key/{'x' * 40}/{PLATFORM}/manifest.json", f"/repos/{TENANT}/{PLATFORM}/releases/latest"):
            self.assertEqual(ask(path, cookie).status, 401, path)
        self.assertIn("Basic", ask(base + "/manifest.json", {}).headers["WWW-Authenticate"])
        page = ask(base + "/manifest.json", {"Sec-Fetch-Site": "same-origin"})
        self.assertEqual((page.status, page.headers["WWW-Authenticate"]), (401, 'Bearer realm="otad"'), "no browser asks by itself")

    def test_a_key_in_the_path_is_in_no_log(self):
        secret = self.admin.post("/api-keys", {"name": "path", "scopes": ["release.read"], "platforms": [PLATFORM]})["secret"]
        for path in ("", "/manifest.json", "/files/app.ota.bin", "/files/none"):
            self.ask(f"/api/esp-key/{secret}/{PLATFORM}{path}", auth=None)
        wait_until("the last one to be logged", lambda: "/api/esp-key/{key}/{platform}/files/{file}" in self.otad.log_text())
        self.assertNotIn(secret.split("_")[2], self.otad.log_text())

    def test_a_304_asks_the_database_nothing(self):
        cluster = self.stack.cluster
        cluster.sql("ALTER SYSTEM SET log_statement = 'all'")
        self.addCleanup(cluster.sql, "SELECT pg_reload_conf()")
        self.addCleanup(cluster.sql, "ALTER SYSTEM RESET log_statement")
        cluster.sql("SELECT pg_reload_conf()")

        def asked(since):
            return [m[2] for m in STATEMENT.finditer(cluster.log_since(since)) if m[1] == "otad_app"]
        start = cluster.log_size()
        wait_until("the statement log to be on", lambda: self.admin.get("/devices") and asked(start))
        start = cluster.log_size()
        for _ in range(50):
            self.assertEqual(self.ask(f"/api/esp/{PLATFORM}", esp32(version="1.1.0")).status, 304)
            self.assertEqual(self.ask(f"/api/esp/{PLATFORM}", esp8266("version")).status, 200)
            self.assertEqual(self.ask(f"/api/esp/{PLATFORM}", {"X-Firmware-Version": "1.0.0"}, "HEAD").status, 200)
            self.assertEqual(self.ask(f"/repos/{TENANT}/{PLATFORM}/releases/latest").status, 200)
        self.assertEqual(asked(start), [])


if __name__ == "__main__":
    unittest.main()
