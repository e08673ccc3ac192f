"""The HTTP API of SPEC 8 as an admin or CI uses it, and raw requests for tests."""
import http.client
import json
import ssl
import urllib.parse


class Problem(Exception):
    """An answer that is not a success; .status, .code (of the problem document), .body."""

    def __init__(self, status, body, method, path):
        self.status, self.body = status, body
        try:
            self.document = json.loads(body)
            self.code = self.document.get("code")
        except ValueError:
            self.document, self.code = None, None
        super().__init__(f"{method} {path}: {status} {body[:400]!r}")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Client:
    """One kept connection; made again when the server went away between two requests."""

    watch = None  # called with (method, path, body, answer) of every request of the process

    def __init__(self, url, ca, timeout_s=60):
        u = urllib.parse.urlsplit(url)
        self.host, self.port, self.timeout_s = u.hostname, u.port or 443, timeout_s
        self.context = ssl.create_default_context(cafile=str(ca))
        self.headers = {}
        self.connection = None

    def request(self, method, path, body=None, headers=None):
        """Any status is an answer here."""
        for last_try in (False, True):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout_s, context=self.context)
            try:
                self.connection.request(method, path, body, {**self.headers, **(headers or {})})
                r = self.connection.getresponse()
                data = r.read()
                if r.will_close:
                    self.close()
                answer = Answer(r.status, r.headers, data)
                if Client.watch:
                    Client.watch(method, path, body, answer)
                return answer
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
                self.close()
                if fresh or last_try:
                    raise
        raise AssertionError("not reached")

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def call(self, method, path, value=None, headers=None):
        """JSON in, JSON out; Problem for everything but a success."""
        body = None if value is None else json.dumps(value).encode()
        given = {"Content-Type": "application/json"} if body is not None else {}
        answer = self.request(method, path, body, {**given, **(headers or {})})
        if not 200 <= answer.status < 300:
            raise Problem(answer.status, answer.body, method, path)
        return answer.json() if answer.body else None

    def get(self, path):
        return self.call("GET", "/api/v1" + path)

    def post(self, path, value=None):
        return self.call("POST", "/api/v1" + path, value)

    def patch(self, path, value):
        return self.call("PATCH", "/api/v1" + path, value)

    def delete(self, path):
        return self.call("DELETE", "/api/v1" + path)

    def put_bytes(self, path, data):
        return self.call_bytes("PUT", "/api/v1" + path, data)

    def call_bytes(self, method, path, data):
        answer = self.request(method, path, data, {"Content-Type": "application/octet-stream"})
        if not 200 <= answer.status < 300:
            raise Problem(answer.status, answer.body, method, path)
        return answer.json() if answer.body else None

    # -- who

    def keep_session(self, answer):
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        self.headers = {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf_token"]}
        return answer.json()

    def _session(self, path, value):
        answer = self.request("POST", path, json.dumps(value).encode(), {"Content-Type": "application/json"})
        if answer.status != 200:
            raise Problem(answer.status, answer.body, "POST", path)
        return self.keep_session(answer)

    def setup(self, token, name, password):
        return self._session("/api/v1/setup", {"token": token, "name": name, "password": password})

    def sign_in(self, name, password):
        return self._session("/api/v1/session", {"name": name, "password": password})

    def join(self, token, password):
        return self._session("/api/v1/join", {"token": token, "password": password})

    def use_key(self, secret):
        self.headers = {"Authorization": "Bearer " + secret}
        return self

    def use_device(self, token, kind="TargetToken"):
        self.headers = {"Authorization": f"{kind} {token}"}
        return self

    def every(self, path):
        """All items of a list, page by page."""
        after, items = None, []
        while True:
            extra = "" if after is None else ("&" if "?" in path else "?") + "after=" + urllib.parse.quote(str(after))
            page = self.get(path + extra)
            items += page["items"]
            after = page["next"]
            if after is None:
                return items
