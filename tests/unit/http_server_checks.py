#!/usr/bin/env python3
"""Drives test_http_server: what the HTTP library lets through, our guards must not."""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.path.abspath(sys.argv[1])
PATIENCE = 60  # seconds; nothing here depends on how fast the machine is


class Server:
    """One run of the server; extra overrides configuration keys."""

    def __init__(self, folder, **extra):
        self.folder = folder
        self.file = folder / "file.bin"
        config = {
            "listen": "127.0.0.1:0",
            "tls_cert": folder / "cert.pem",
            "tls_key": folder / "key.pem",
            "web_dir": folder / "web",
            "connection_limit": "400",
            "request_bytes_max": "65536",
            "artifact_bytes_max": str(8 << 20),
            **extra,
        }
        path = folder / "otad.conf"
        path.write_text("".join(f"{k} = {v}\n" for k, v in config.items()))
        self.tls = bool(config["tls_cert"])
        self.log = open(folder / "log", "ab")
        self.process = subprocess.Popen([PROGRAM, path], stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, "TEST_FILE": str(self.file)})
        self.port = int(self.process.stdout.readline())
        self.address = str(config["listen"])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, self.process.returncode
        return out.decode()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            out = self.stop() if kind is None else self.process.kill()
            assert kind is not None or "uploads=0" in out, out
        self.process.stdout.close()
        self.log.close()

    def context(self, version=None):
        c = ssl.create_default_context(cafile=self.folder / "cert.pem")
        if version:
            c.minimum_version = c.maximum_version = version
        return c

    def connect(self, context=None, session=None):
        if self.address.startswith("/"):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE)
            s.connect(self.address)
            return s
        s = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.tls:
            return s
        return (context or self.context()).wrap_socket(s, server_hostname="localhost", session=session)

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0] else 0
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}

    def json(self):
        return json.loads(self.body)


def read_all(s):
    data = b""
    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
        while piece := s.recv(65536):
            data += piece
    return data


def raw(server, data):
    """Send bytes as they are, read until the server closes."""
    with server.connect() as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            s.sendall(data)
        return read_all(s)


def ask(server, method, path, headers=(), body=b"", version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", "Connection: close", *headers]
    if body and not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    return Answer(raw(server, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body))


# ---- checks: each takes a running server ----


def check_ordinary(server):
    a = ask(server, "GET", "/healthz")
    assert (a.status, a.body) == (200, b"ok\n")
    a = ask(server, "POST", "/echo?q=a%20b%2Bc", body=b'{"x":1}')
    assert a.json()["body"] == '{"x":1}' and a.json()["q"] == "a b+c" and a.json()["secure"] is True
    assert a.headers["x-content-type-options"] == "nosniff" and a.headers["cache-control"] == "no-store"
    assert ask(server, "GET", "/echo/a%2Fb").status == 400
    assert ask(server, "GET", "/echo/a%3Ab").json()["capture"] == "a:b"
    tag = ask(server, "GET", "/echo").headers["etag"]
    a = ask(server, "GET", "/echo", [f"If-None-Match: {tag}"])
    assert a.status == 304 and a.body == b"", a.status
    assert ask(server, "HEAD", "/echo").body == b""
    a = ask(server, "GET", "/healthz", version="1.0")
    assert a.status == 200 and a.headers["content-length"] == "3"
    chunked = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    a = ask(server, "POST", "/echo", ["Transfer-Encoding: chunked"], chunked)
    assert a.json()["body"] == "abcde"
    two = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert raw(server, two).count(b"HTTP/1.1 200") == 2
    # Headers in many pieces, larger than the library's first buffer.
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    request += b"".join(b"X-%d: %s\r\n" % (i, b"v" * 200) for i in range(40)) + b"\r\n"
    with server.connect() as s:
        for at in range(0, len(request), 97):
            s.sendall(request[at:at + 97])
        assert b" 200 " in read_all(s)


def check_refusals(server):
    for path in ("/nothing", "/echo/1/2", "/readyzz", "/api/v1/x"):
        a = ask(server, "GET", path)
        assert a.status == 404 and a.json()["code"] == "not-found", path
        assert a.headers["content-type"] == "application/problem+json" and len(a.json()["request_id"]) == 16
    for path in ("/../etc/passwd", "/%2e%2e/x", "/echo//x", "/echo/", "/a%00b", "/%zz", "//", "/echo/%c0%ae"):
        assert ask(server, "GET", path).status == 400, path
    a = ask(server, "DELETE", "/echo")
    assert a.status == 405 and a.headers["allow"] == "GET, HEAD, POST"
    assert ask(server, "BREW", "/echo").status == 405
    a = ask(server, "POST", "/echo", body=b"x" * 65537)
    assert a.status == 413 and a.json()["code"] == "body-too-large"
    a = ask(server, "POST", "/echo", ["Transfer-Encoding: chunked"], b"20000\r\n" + b"x" * 0x20000 + b"\r\n0\r\n\r\n")
    assert a.status == 413, a.status
    assert ask(server, "GET", "/echo", body=b"x").status == 413
    a = ask(server, "POST", "/echo", ["X-Nobody: 1"], b"x" * 100)
    assert a.status == 401 and a.json()["code"] == "no-credentials"
    assert ask(server, "GET", "/silent").status == 500
    a = ask(server, "GET", "/broken")
    assert a.status == 500 and "x-evil" not in a.headers
    assert ask(server, "GET", "/echo", [f"X-{i}: 1" for i in range(80)]).status == 431
    assert ask(server, "GET", "/echo", ["X: " + "y" * 20000]).status == 431
    assert ask(server, "GET", "/echo?" + "y" * 5000).status == 414
    assert ask(server, "GET", "/" + "y" * 20000).status in (400, 414, 431)


def check_framing(server):
    """What two parties may read differently is refused and the connection closed: one answer, no more."""
    host = b"Host: localhost\r\n"
    smuggled = b"GET /echo/smuggled HTTP/1.1\r\n" + host + b"\r\n"
    cases = {
        "length and chunks": b"POST /echo HTTP/1.1\r\n" + host + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunks and length": b"POST /echo HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "two lengths": b"POST /echo HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
        "blank before colon": b"POST /echo HTTP/1.1\r\n" + host + b"Content-Length : 5\r\n\r\nhello",
        "signed length": b"POST /echo HTTP/1.1\r\n" + host + b"Content-Length: +5\r\n\r\nhello",
        "other coding": b"POST /echo HTTP/1.1\r\n" + host + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "two codings": b"POST /echo HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "no host": b"GET /echo HTTP/1.1\r\n\r\n",
        "two hosts": b"GET /echo HTTP/1.1\r\n" + host + host + b"\r\n",
        "zero byte in address": b"GET /echo\0/x HTTP/1.1\r\n" + host + b"\r\n",
        "zero byte in value": b"GET /echo HTTP/1.1\r\n" + host + b"X: a\0b\r\n\r\n",
        "zero byte in name": b"GET /echo HTTP/1.1\r\n" + host + b"X\0Y: a\r\n\r\n",
        "zero byte ends value": b"GET /echo HTTP/1.1\r\nX: a\0\r\n" + host + b"\r\n",
        "bare line feed": b"GET /echo HTTP/1.1\r\nX: a\n" + host + b"\r\n",
        "bare line feed first": b"GET /echo HTTP/1.1\n" + host + b"\r\n",
        "folded": b"GET /echo HTTP/1.1\r\n" + host + b"X: a\r\n b\r\nY: c\r\n\r\n",
        "control in value": b"GET /echo HTTP/1.1\r\n" + host + b"X: a\x01b\r\n\r\n",
        "whole address": b"GET http://localhost/echo HTTP/1.1\r\n" + host + b"\r\n",
        "bytes in address": b"GET /\xff HTTP/1.1\r\n" + host + b"\r\n",
        "tab in address": b"GET /a\tb HTTP/1.1\r\n" + host + b"\r\n",
        "version": b"GET /echo HTTP/1.7\r\n" + host + b"\r\n",
        "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    }
    for name, data in cases.items():
        with server.connect() as s:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(data + smuggled)
            got = read_all(s)
        assert b"smuggled" not in got and b" 200 " not in got, (name, got)
        assert got == b"" or re.match(rb"HTTP/1\.[01] (4\d\d|505) ", got), (name, got)
        assert name == "not http" or got, name
    # A broken chunk after a good one: no answer is better than a wrong one.
    got = raw(server, b"POST /echo HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")
    assert b" 200 " not in got, got


def check_files(server):
    data = server.file.read_bytes()
    a = ask(server, "GET", "/file")
    assert a.status == 200 and a.body == data and a.headers["etag"] == '"tag"'
    assert a.headers["content-disposition"] == 'attachment; filename="firmware.bin"'
    modified = a.headers["last-modified"]
    a = ask(server, "HEAD", "/file", ["Range: bytes=0-9"])
    assert a.status == 200 and a.headers["content-length"] == str(len(data)) and a.body == b""
    a = ask(server, "GET", "/file", ["Range: bytes=5000-6000"])
    assert a.status == 206 and a.body == data[5000:6001]
    assert a.headers["content-range"] == f"bytes 5000-6000/{len(data)}"
    a = ask(server, "GET", "/file", [f"Range: bytes={len(data) - 3}-{len(data) + 50}"])
    assert a.status == 206 and a.body == data[-3:]
    a = ask(server, "GET", "/file", ["Range: bytes=0-0,100-199,-5"])
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", a.headers["content-type"])[1].encode()
    parts = a.body.split(b"--" + boundary)
    assert a.status == 206 and len(a.body) == int(a.headers["content-length"]) and parts[-1].strip() == b"--"
    bodies = [p.partition(b"\r\n\r\n")[2][:-2] for p in parts[1:-1]]
    assert bodies == [data[:1], data[100:200], data[-5:]]
    a = ask(server, "GET", "/file", [f"Range: bytes={len(data)}-"])
    assert a.status == 416 and a.headers["content-range"] == f"bytes */{len(data)}"
    for condition, status in (('"tag"', 206), ('W/"tag"', 200), ('"other"', 200), (modified, 206),
                              ("Mon, 01 Jan 2001 00:00:00 GMT", 200)):
        a = ask(server, "GET", "/file", ["Range: bytes=0-9", f"If-Range: {condition}"])
        assert a.status == status and len(a.body) == (10 if status == 206 else len(data)), condition
    for header, status in (('If-None-Match: "tag"', 304), ('If-None-Match: "x", W/"tag"', 304),
                           ("If-None-Match: *", 304), ('If-None-Match: "x"', 200), ('If-Match: "x"', 412),
                           ('If-Match: "tag"', 200), (f"If-Modified-Since: {modified}", 304)):
        a = ask(server, "GET", "/file", [header])
        assert a.status == status and (status != 304 or a.body == b""), header


def check_uploads(server):
    body = os.urandom(300_000)
    a = ask(server, "PUT", "/upload", body=body)
    assert a.status == 200 and a.json() == {"bytes": len(body), "sum": sum(body) & 0xFFFFFFFF}
    a = ask(server, "PUT", "/upload", ["X-Refuse: 1"], body)
    assert a.status == 403 and a.json()["code"] == "refused"
    a = ask(server, "PUT", "/upload", ["X-Full: 1"], body)
    assert a.status == 507 and a.json()["code"] == "disk-full"
    # Refused before the body: a client that waits for 100 is told at once.
    with server.connect() as s:
        s.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
        assert b" 403 " in read_all(s).split(b"\r\n")[0]
    with server.connect() as s:
        s.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in read_all(s).split(b"\r\n")[0]
    # Cut off in the middle: the sink hears of it.
    with server.connect() as s:
        s.sendall(b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + b"x" * 100)
    wait_until(lambda: ask(server, "GET", "/uploads").body == b"0")


def wait_until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def check_web(server):
    page = {"Accept": "text/html"}
    a = ask(server, "GET", "/", ["Accept: text/html"])
    assert a.status == 200 and a.body == b"<!doctype html>index" and a.headers["cache-control"] == "no-cache"
    assert "require-trusted-types-for 'script'" in a.headers["content-security-policy"]
    assert a.headers["cross-origin-opener-policy"] == "same-origin" and a.headers["referrer-policy"] == "no-referrer"
    assert ask(server, "GET", "/releases/esp8266/1.1.0", ["Accept: text/html,*/*"]).body.endswith(b"index"), page
    assert ask(server, "GET", "/releases/x", ["Accept: application/json"]).status == 404
    assert ask(server, "GET", "/api/v1/x", ["Accept: text/html"]).status == 404
    a = ask(server, "GET", "/assets/app-1.js", ["Accept-Encoding: gzip, br"])
    assert a.headers["content-encoding"] == "br" and a.body == b"brotli" and "immutable" in a.headers["cache-control"]
    assert a.headers["content-type"].startswith("text/javascript") and a.headers["vary"] == "Accept-Encoding"
    other = ask(server, "GET", "/assets/app-1.js", ["Accept-Encoding: gzip, br;q=0"])
    assert other.body == b"gzip" and other.headers["etag"] != a.headers["etag"]
    assert ask(server, "GET", "/assets/app-1.js").body == b"plain"
    assert ask(server, "GET", "/assets/app-1.js", [f"If-None-Match: {a.headers['etag']}", "Accept-Encoding: br"]).status == 304
    for path in ("/assets/none.js", "/.hidden.html", "/assets/.hidden.js", "/secret.js", "/web", "/assets"):
        assert ask(server, "GET", path).status == 404, path


def read_event(s, data, pattern):
    while not (m := re.search(pattern, data)):
        piece = s.recv(4096)
        assert piece, data
        data += piece
    return m, data


def subscribe(server, last=None):
    s = server.connect()
    extra = f"Last-Event-ID: {last}\r\n" if last else ""
    s.sendall(f"GET /events HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode())
    _, data = read_event(s, b"", rb": here")
    return s, data


def check_events(server):
    s, data = subscribe(server)
    assert b"text/event-stream" in data
    assert ask(server, "POST", "/publish", body=b'{"n":1}').status == 204
    m, data = read_event(s, data, rb'id: (\d+)\nevent: device\ndata: \{"n":1\}\n\n')
    first = int(m[1])
    for n in (2, 3):
        ask(server, "POST", "/publish", body=b'{"n":%d}' % n)
    read_event(s, data, rb'id: %d\nevent: device\ndata: \{"n":3\}' % (first + 2))
    s.close()
    s, data = subscribe(server, first)
    _, data = read_event(s, data, rb'\{"n":3\}')
    assert b'{"n":2}' in data and b'{"n":1}' not in data
    s.close()
    for unknown in (5, first + 10**9):
        s, data = subscribe(server, unknown)
        read_event(s, data, rb"event: resync")
        s.close()
    s, data = subscribe(server)
    ask(server, "POST", "/publish", body=b"x" * 20000)  # larger than an event may be
    read_event(s, data, rb"event: resync")
    s.close()


def check_tls(server):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server.context(version)
        with server.connect(context) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in read_all(s)
            session = s.session
            assert s.cipher()[0] in ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"), s.cipher()
        with server.connect(context, session) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in read_all(s) and s.session_reused, version
    # ClientHello of TLS 1.0 and 1.1: refused with an alert, never answered with a ServerHello.
    for minor in (1, 2):
        hello = bytes([3, minor]) + bytes(32) + b"\0" + b"\0\x04\xc0\x09\xc0\x13" + b"\1\0"
        hello += b"\0\x12" + b"\0\x0a\0\4\0\2\0\x17" + b"\0\x0b\0\2\1\0"
        hello = b"\x01" + len(hello).to_bytes(3, "big") + hello
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as s:
            s.sendall(b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
            got = read_all(s)
        assert not got or (got[0] == 0x15 and b"\x16" not in got[:1]), got


def record_sizes(server, *options):
    """Lengths of the application data records of a download, as a client with these options sees them."""
    command = ["openssl", "s_client", "-connect", f"localhost:{server.port}", "-quiet", "-msg", *options]
    got = subprocess.run(command, input=b"GET /file HTTP/1.0\r\n\r\n", stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, timeout=PATIENCE).stdout
    records = [bytes.fromhex(m[1].decode().replace(" ", "")) for m in
               re.finditer(rb"<<< .*RecordHeader.*\n    ((?:[0-9a-f]{2} ){4}[0-9a-f]{2})", got)]
    return [int.from_bytes(r[3:5], "big") for r in records if r[0] == 23]


def check_record_sizes(server):
    overhead = 64  # of a record: nonce, tag, type
    assert max(record_sizes(server, "-tls1_2")) > 16000
    for version in ("-tls1_2", "-tls1_3"):
        for limit in (512, 1024, 4096):
            sizes = record_sizes(server, version, "-maxfraglen", str(limit))
            assert sizes and limit // 2 < max(sizes) <= limit + overhead, (version, limit, max(sizes, default=0))


def check_half_open(server):
    """Eleven bytes of a ClientHello and then nothing must not cost processor time."""
    hello = bytes.fromhex("1603010200010001fc0303")
    sockets = []
    for _ in range(100):
        s = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        s.sendall(hello)
        sockets.append(s)
    assert ask(server, "GET", "/healthz").status == 200
    before = server.cpu_s()
    time.sleep(2)
    used = server.cpu_s() - before
    for s in sockets:
        s.close()
    assert used < 0.2, f"{used} s of processor in 2 s"


def check_lanes(server):
    """Threads serve one connection after another: GnuTLS never gives back what it keeps for a thread."""
    seen = set()
    for _ in range(40):
        with server.connect() as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b" 200 " in s.recv(4096)
            seen |= set(os.listdir(f"/proc/{server.process.pid}/task"))
    assert len(seen) < len(os.listdir(f"/proc/{server.process.pid}/task")) + 10, len(seen)


def check_limits(folder):
    """Above a limit a connection is closed; room that others leave is room."""
    def served(s):
        try:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            return b" 200 " in s.recv(4096)
        except OSError:
            return False

    def another(server, held):
        s = server.connect()
        if served(s):
            held.append(s)
        else:
            s.close()
        return len(held) == 10

    for limits in ({"connection_limit": "10"}, {"connection_limit_per_ip": "10"}):
        with Server(folder, tls_cert="", tls_key="", **limits) as server:
            for _ in range(3):
                held = []
                wait_until(lambda: another(server, held))
                with server.connect() as one_more:
                    assert not served(one_more), limits
                assert all(served(s) for s in held)
                for s in held:
                    s.close()


def check_reload(server):
    before = server.context()
    make_certificate(server.folder)
    server.process.send_signal(signal.SIGHUP)

    def new_one():
        with contextlib.suppress(ssl.SSLCertVerificationError):
            return ask(server, "GET", "/healthz").status == 200
        return False

    wait_until(new_one)
    try:
        server.connect(before).close()
    except ssl.SSLCertVerificationError:
        pass
    else:
        raise AssertionError("the old certificate is still in use")
    (server.folder / "key.pem").write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "tls-reload-failed" in (server.folder / "log").read_text())
    assert ask(server, "GET", "/healthz").status == 200


def check_deadlines(folder):
    """A byte now and then does not keep a connection: in the handshake, in headers, in a body, idle."""
    with Server(folder, timeout_headers_s=1, timeout_request_s=2, timeout_idle_s=1) as server:
        def trickle(s, data):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
                for byte in data:
                    s.sendall(bytes([byte]))
                    time.sleep(0.2)
                return False
            return True

        plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        assert trickle(plain, bytes.fromhex("1603010200010001fc0303") + b"\0" * 500), "handshake"
        assert trickle(server.connect(), b"GET /echo HTTP/1.1\r\nX: " + b"y" * 500), "headers"
        s = server.connect()
        s.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert trickle(s, b"z" * 1000), "body"
        s = server.connect()
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"ok" in read_all(s)  # answered, kept, and cut when idle
        out = server.stop()
        assert int(re.search(r"cut=(\d+)", out)[1]) >= 4, out


def check_graceful_stop(folder):
    with Server(folder) as server:
        data = server.file.read_bytes()
        download, events, idle = server.connect(), subscribe(server)[0], server.connect()
        download.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
        got = download.recv(1000)
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in idle.recv(1000)
        server.process.send_signal(signal.SIGTERM)
        read_all(events)
        read_all(idle)

        def refused():
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE).close()
            except ConnectionRefusedError:
                return True
            return False

        wait_until(refused)
        assert server.process.poll() is None, "stopped in the middle of a download"
        got += read_all(download)
        assert got.endswith(data), "download was cut"
        assert server.process.wait(PATIENCE) == 0


def check_unix_socket(folder):
    path = folder / "otad.sock"
    socket.socket(socket.AF_UNIX).bind(str(path))  # left behind by a crash
    with Server(folder, listen=path, tls_cert="", tls_key="", trusted_proxies="unix, 10.0.0.1") as server:
        a = ask(server, "GET", "/echo", ["X-Forwarded-For: 1.2.3.4, 10.0.0.1", "X-Forwarded-Proto: https"])
        assert (a.json()["client"], a.json()["secure"]) == ("1.2.3.4", True)
        a = ask(server, "GET", "/echo", ["X-Forwarded-For: evil, 9.9.9.9"])
        assert (a.json()["client"], a.json()["secure"]) == ("9.9.9.9", False)
        assert ask(server, "GET", "/file").body == server.file.read_bytes()
    assert not path.exists()


def check_untrusted_proxy(folder):
    with Server(folder, tls_cert="", tls_key="", trusted_proxies="10.0.0.1") as server:
        a = ask(server, "GET", "/echo", ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https"])
        assert (a.json()["client"], a.json()["secure"]) == ("127.0.0.1", False)


def check_refused_starts(folder):
    for key, value in (("tls_cert", "/nonexistent"), ("tls_priorities", "NONSENSE"), ("listen", "nohost.invalid:1")):
        config = {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem", "listen": "127.0.0.1:0", key: value}
        path = folder / "bad.conf"
        path.write_text("".join(f"{k} = {v}\n" for k, v in config.items()))
        p = subprocess.run([PROGRAM, path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE)
        assert p.returncode == 1 and b"failed" in p.stderr, (key, p.stderr)


def check_leaving_clients(server):
    """Clients that leave at any point of any request leave nothing behind."""
    requests = [
        b"GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9,20-29\r\n\r\n",
        b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n" + b"u" * 3000,
        b"PUT /upload HTTP/1.1\r\nHost: x\r\nX-Full: 1\r\nContent-Length: 30000\r\n\r\n" + b"u" * 30000,
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]
    chance = random.Random(1)

    def leave_early():
        for _ in range(40):
            request = requests[chance.randrange(len(requests))]
            with contextlib.suppress(OSError):
                s = server.connect()
                s.sendall(request[:chance.randrange(len(request) + 1)])
                if chance.randrange(2):
                    s.settimeout(0.05)
                    s.recv(chance.choice((1, 100, 5000)))
                if chance.randrange(2):  # reset instead of an orderly end
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                s.close()

    threads = [threading.Thread(target=leave_early) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    wait_until(lambda: ask(server, "GET", "/uploads").body == b"0")


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)


def make_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="test-http-"))
    make_certificate(folder)
    (folder / "file.bin").write_bytes(os.urandom(3_000_001))
    (folder / "web" / "assets").mkdir(parents=True)
    (folder / "secret.js").write_text("not for you")
    for name, text in (("index.html", "<!doctype html>index"), (".hidden.html", "x"), ("assets/.hidden.js", "x"),
                       ("assets/app-1.js", "plain"), ("assets/app-1.js.br", "brotli"), ("assets/app-1.js.gz", "gzip")):
        (folder / "web" / name).write_text(text)
    (folder / "web" / "secret.js").symlink_to(folder / "secret.js")
    return folder


def main():
    folder = make_folder()
    with Server(folder) as server:
        for check in (check_ordinary, check_refusals, check_framing, check_files, check_uploads, check_web,
                      check_events, check_tls, check_record_sizes, check_leaving_clients, check_half_open, check_lanes, check_reload):
            check(server)
            assert server.process.poll() is None, check.__name__
            print(check.__name__, "ok", flush=True)
    make_certificate(folder)
    for check in (check_deadlines, check_limits, check_graceful_stop, check_unix_socket, check_untrusted_proxy, check_refused_starts):
        check(folder)
        print(check.__name__, "ok", flush=True)
    shutil.rmtree(folder)


main()
