"""People (SPEC 8.13): invitations and resets by one-time links, second factors, sign-ins that can be ended, the last admin, and
what somebody tries who is none of them: guessing passwords, codes and tokens, bringing a session along, racing.
"""
import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import itertools
import json
import re
import struct
import time
import urllib.parse

from harness import PASSWORD, EndToEnd
from test_hostile import TEXTS

STEP_S = 30
WRONG = "not the password at all"
# argon2id with m=64 KiB, t=1, of PASSWORD: what an installation of long ago might have kept.
OLD_HASH = "$argon2id$v=19$m=64,t=1,p=1$b2xkIHNhbHQgb2YgMTYgYg$JJj+2LGEditc+8piAEAPVv3/HeILDd5YPAKuvE3WW1c"


def totp(secret, step_offset=0):
    """RFC 6238, by Python alone."""
    step = int(time.time()) // STEP_S + step_offset
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 10 ** 6:06d}"


def wrong_code(secret):
    """Six digits that are no code now, nor soon."""
    good = {totp(secret, i) for i in range(-4, 20)}
    return next(f"{n:06d}" for n in itertools.count(123456) if f"{n:06d}" not in good)


class People(EndToEnd):
    settings = {"trusted_proxies": "127.0.0.1"}  # so that each client has an address of its own, by X-Forwarded-For

    @classmethod
    def prepare(cls):
        cls.addresses = (f"198.51.{i // 250}.{i % 250 + 1}" for i in itertools.count())
        cls.names = (f"person-{i}" for i in itertools.count(1))
        cls.stack.admin.headers["X-Forwarded-For"] = "192.0.2.1"

    def setUp(self):
        super().setUp()
        self.address = next(self.addresses)

    def tearDown(self):
        self.assertTrue(self.otad.process.running(), "otad is gone")
        self.assertNotIn("level=bug", self.otad.log_text())

    # -- clients and what they do

    def client(self, address=None):
        c = self.otad.client()
        c.headers["X-Forwarded-For"] = address or self.address
        self.addCleanup(c.close)
        return c

    def ask(self, who, method, path, body=None, **headers):
        given = {"Content-Type": "application/json"} if body is not None else {}
        data = None if body is None else json.dumps(body).encode()
        return who.request(method, "/api/v1" + path, data, {**given, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def problem(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer.body[:300])
        doc = answer.json()
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        if code:
            self.assertEqual(doc["code"], code, doc)
        return doc

    def refused(self, who, method, path, body=None, status=403, code=None):
        return self.problem(self.ask(who, method, path, body), status, code)

    def keep(self, who, answer):
        self.assertEqual(answer.status, 200, answer.body[:300])
        forwarded = who.headers.get("X-Forwarded-For")
        session = who.keep_session(answer)
        who.headers["X-Forwarded-For"] = forwarded
        return session

    def invite(self, roles=("viewer",), name=None):
        name = name or next(self.names)
        made = self.admin.post("/users", {"name": name, "roles": list(roles)})
        return name, made["link"].split("#", 1)[1]

    def join(self, token, password=PASSWORD, address=None, **more):
        who = self.client(address)
        self.keep(who, self.ask(who, "POST", "/join", {"token": token, "password": password, **more}))
        return who

    def person(self, roles=("viewer",), name=None):
        """Somebody who has joined; their name and a signed-in client."""
        name, token = self.invite(roles, name)
        return name, self.join(token)

    def try_sign_in(self, name, password=PASSWORD, who=None, address=None, **more):
        return self.ask(who or self.client(address), "POST", "/session", {"name": name, "password": password, **more})

    def sign_in(self, name, password=PASSWORD, address=None, **more):
        who = self.client(address)
        self.keep(who, self.try_sign_in(name, password, who=who, **more))
        return who

    def signed_in(self, who):
        return self.ask(who, "GET", "/session").status == 200

    def with_totp(self, roles=("viewer",)):
        """Somebody with a second factor; name, client, secret, recovery codes."""
        name, who = self.person(roles)
        secret = self.ask(who, "POST", "/account/totp", {"password": PASSWORD}).json()["secret"]
        answer = self.ask(who, "POST", "/account/totp/confirm", {"code": totp(secret)})
        self.assertEqual(answer.status, 200, answer.body)
        return name, who, secret, answer.json()["recovery_codes"]

    def rewind(self, name):
        """As if the last code had been used long ago, so that no test waits for the next step."""
        self.stack.sql("UPDATE otad.account_totp SET last_step = 0 FROM otad.account a "
                       f"WHERE a.account_id = account_totp.account_id AND a.name = '{name}'")

    def value(self, sql):
        """The one value that it gives."""
        rows = self.stack.sql(sql)
        self.assertEqual((len(rows), len(rows[0])), (1, 1), rows)
        return rows[0][0]

    def until_limited(self, attempt, burst, refill_s):
        """attempt(i) until it is refused as one too many; as many as were allowed in that time got through."""
        begun, answers = time.monotonic(), [attempt(0)]
        while answers[-1].status != 429:
            self.assertLess(len(answers), burst + 100)
            answers.append(attempt(len(answers)))
        let = len(answers) - 1
        self.assertGreaterEqual(let, burst)
        self.assertLessEqual(let, burst + (time.monotonic() - begun) / refill_s + 1)
        self.problem(answers[-1], 429, "too-many-attempts")
        self.assertTrue(0 < int(answers[-1].headers["Retry-After"]) <= refill_s)
        return answers

    def still_limited(self, refusal, attempt):
        """Whatever is tried before the time that refusal named."""
        begun = time.monotonic()
        if attempt().status != 429:
            self.assertGreaterEqual(time.monotonic() - begun, int(refusal.headers["Retry-After"]) - 1)

    def at_once(self, *calls):
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return [f.result() for f in [pool.submit(c) for c in calls]]

    # -- invitations and resets

    def test_an_invitation_is_a_link_that_counts_once(self):
        made = self.admin.post("/users", {"name": "Zoë O'Hara", "roles": ["operator"]})
        self.assertEqual(made["user"]["state"], "invited")
        self.assertEqual(made["user"]["created_by"], "admin")
        self.assertTrue(made["link"].startswith(self.otad.url + "/join#"), made["link"])
        token = made["link"].split("#", 1)[1]
        self.assertGreaterEqual(len(token), 43)
        stored = self.value("SELECT string_agg(encode(token_hash, 'hex'), ' ') FROM otad.account_link")
        self.assertNotIn(token, stored)
        hours = self.value("SELECT extract(epoch FROM l.expires_at - l.created_at) / 3600 FROM otad.account_link l "
                           "JOIN otad.account a USING (account_id) WHERE a.name LIKE 'Zo%'")
        self.assertAlmostEqual(float(hours), 72, delta=0.1)
        self.problem(self.try_sign_in("Zoë O'Hara"), 401, "bad-credentials")
        who = self.client()
        told = self.ask(who, "POST", "/join/check", {"token": token}).json()
        self.assertEqual(told, {"name": "Zoë O'Hara", "kind": "invitation", "totp": False})
        self.refused(who, "POST", "/join", {"token": token, "password": "too short"}, 400)
        session = self.keep(who, self.ask(who, "POST", "/join", {"token": token, "password": PASSWORD}))
        self.assertEqual(session["user"], {"name": "Zoë O'Hara", "roles": ["operator"]})
        self.assertIn("device.write", session["permissions"])
        self.assertTrue(self.signed_in(who))
        for again in (token, token.upper(), token[:-1], token + "0", "0" * 64, "x" * 255, "#"):
            self.refused(self.client(), "POST", "/join/check", {"token": again}, 404, "link-dead")
            self.refused(self.client(), "POST", "/join", {"token": again, "password": "another good password"}, 404, "link-dead")
        self.sign_in("Zoë O'Hara")
        user = self.admin.get("/users/" + urllib.parse.quote("Zoë O'Hara"))
        self.assertEqual((user["state"], user["roles"], user["totp"]), ("active", ["operator"], False))
        self.assertIsNotNone(user["last_sign_in_at"])

    def test_of_two_who_follow_a_link_at_once_one_does(self):
        name, token = self.invite()
        passwords = [f"a password of number {i}" for i in range(6)]
        answers = self.at_once(*(lambda p=p: self.ask(self.client(next(self.addresses)), "POST", "/join", {"token": token, "password": p})
                                 for p in passwords))
        self.assertEqual(sorted(a.status for a in answers), [200] + [404] * 5)
        winner = passwords[[a.status for a in answers].index(200)]
        self.sign_in(name, winner)
        self.assertEqual(len(self.admin.every(f"/users/{name}/sign-ins")), 2)

    def test_an_expired_link_is_as_dead_as_an_unknown_one(self):
        name, token = self.invite()
        self.stack.sql("UPDATE otad.account_link SET created_at = now() - interval '73 h', expires_at = now() - interval '1 h'")
        late = self.refused(self.client(), "POST", "/join", {"token": token, "password": PASSWORD}, 404, "link-dead")
        never = self.refused(self.client(), "POST", "/join", {"token": "0" * 64, "password": PASSWORD}, 404, "link-dead")
        for doc in (late, never):
            del doc["request_id"]
        self.assertEqual(late, never)
        self.join(self.admin.post(f"/users/{name}/reset", {"totp": False})["link"].split("#")[1])

    def test_a_reset_takes_password_and_sign_ins_at_once(self):
        name, who = self.person()
        other = self.sign_in(name)
        first = self.admin.post(f"/users/{name}/reset", {"totp": False})["link"].split("#")[1]
        for c in (who, other):
            self.assertFalse(self.signed_in(c))
        self.problem(self.try_sign_in(name), 401, "bad-credentials")
        self.assertEqual(self.admin.get(f"/users/{name}")["state"], "invited")
        second = self.admin.post(f"/users/{name}/reset", {"totp": False})["link"].split("#")[1]
        self.refused(self.client(), "POST", "/join/check", {"token": first}, 404, "link-dead")
        self.assertEqual(self.ask(self.client(), "POST", "/join/check", {"token": second}).json()["kind"], "reset")
        self.join(second, "a wholly new password")
        self.problem(self.try_sign_in(name), 401, "bad-credentials")
        self.sign_in(name, "a wholly new password")

    def test_a_reset_does_not_pass_the_second_factor_by(self):
        name, _, secret, codes = self.with_totp()
        token = self.admin.post(f"/users/{name}/reset", {"totp": False})["link"].split("#")[1]
        self.assertTrue(self.ask(self.client(), "POST", "/join/check", {"token": token}).json()["totp"])
        body = {"token": token, "password": "a wholly new password"}
        self.refused(self.client(), "POST", "/join", body, 401, "code-needed")
        self.refused(self.client(), "POST", "/join", {**body, "code": wrong_code(secret)}, 401, "bad-credentials")
        self.join(token, "a wholly new password", code=codes[0])
        token = self.admin.post(f"/users/{name}/reset", {"totp": True})["link"].split("#")[1]
        self.join(token)
        self.assertFalse(self.admin.get(f"/users/{name}")["totp"])

    def test_who_is_disabled_or_deleted_is_out_at_once(self):
        name, who = self.person()
        self.admin.patch(f"/users/{name}", {"disabled": True})
        self.problem(self.ask(who, "GET", "/platforms"), 401, "not-signed-in")
        self.problem(self.try_sign_in(name), 401, "bad-credentials")
        user = self.admin.patch(f"/users/{name}", {"disabled": False})
        self.assertEqual(user["state"], "active")
        self.assertFalse(self.signed_in(who))  # of before
        who = self.sign_in(name)
        self.admin.delete(f"/users/{name}")
        self.problem(self.ask(who, "GET", "/platforms"), 401, "not-signed-in")
        self.problem(self.try_sign_in(name), 401, "bad-credentials")
        self.problem(self.ask(self.admin, "GET", f"/users/{name}"), 404)
        again, token = self.invite(name=name)  # nothing of theirs is left
        self.assertIsNone(self.admin.get(f"/users/{again}")["last_sign_in_at"])
        self.admin.patch(f"/users/{name}", {"disabled": True})
        self.refused(self.client(), "POST", "/join", {"token": token, "password": PASSWORD}, 404, "link-dead")

    def test_roles_count_at_once(self):
        name, who = self.person(("viewer",))
        self.problem(self.ask(who, "GET", "/users"), 403, "forbidden")
        self.admin.patch(f"/users/{name}", {"roles": ["admin"]})
        self.assertEqual(self.ask(who, "GET", "/users").status, 200)
        self.assertEqual(self.ask(who, "GET", "/session").json()["user"]["roles"], ["admin"])
        self.admin.patch(f"/users/{name}", {"roles": []})
        self.problem(self.ask(who, "GET", "/platforms"), 403, "forbidden")
        self.assertEqual(self.ask(who, "GET", "/account").json()["roles"], [])

    def test_bad_input(self):
        name, _ = self.person()
        for body, pointer in (({"name": "a/b", "roles": ["viewer"]}, "/name"), ({"name": "key:ci", "roles": ["viewer"]}, "/name"),
                              ({"name": "otad", "roles": ["viewer"]}, "/name"), ({"name": " x", "roles": ["viewer"]}, "/name"),
                              ({"name": "a\u0007", "roles": ["viewer"]}, "/name"), ({"name": "", "roles": ["viewer"]}, "/name"),
                              ({"name": "x" * 65, "roles": ["viewer"]}, "/name"), ({"name": "ok", "roles": []}, "/roles"),
                              ({"name": "ok", "roles": ["root"]}, "/roles"), ({"name": "ok", "roles": ["viewer", "none"]}, "/roles"),
                              ({"name": "ok", "roles": ["viewer"] * 33}, "/roles"), ({"name": "ok"}, "/roles"),
                              ({"name": "ok", "roles": ["viewer"], "password": "x"}, "/password")):
            self.assertEqual(self.refused(self.admin, "POST", "/users", body, 400)["pointer"], pointer, body)
        self.refused(self.admin, "POST", "/users", {"name": name, "roles": ["viewer"]}, 409, "already-exists")
        self.refused(self.admin, "PATCH", f"/users/{name}", {"roles": ["root"]}, 400)
        self.refused(self.admin, "PATCH", f"/users/{name}", {"name": "other"}, 400)
        self.refused(self.admin, "POST", f"/users/{name}/reset", {}, 400)
        for method, path, body in (("GET", "/users/nobody", None), ("PATCH", "/users/nobody", {}), ("DELETE", "/users/nobody", None),
                                   ("POST", "/users/nobody/reset", {"totp": True}), ("GET", "/users/nobody/sign-ins", None),
                                   ("DELETE", f"/users/{name}/sign-ins/999999", None), ("DELETE", f"/users/{name}/sign-ins/x", None)):
            self.refused(self.admin, method, path, body, 404)
        names = [u["name"] for u in self.admin.every("/users?limit=2")]
        self.assertEqual(sorted(names), sorted(set(names)))
        self.assertIn(name, names)

    def test_no_text_is_our_bug(self):
        name, who = self.person()
        places = ((self.admin, "POST", "/users", b'{"name":"@","roles":["viewer"]}'), (self.admin, "POST", "/users", b'{"name":"t","roles":["@"]}'),
                  (self.admin, "PATCH", f"/users/{name}", b'{"roles":["viewer","@"]}'), (None, "POST", "/join/check", b'{"token":"@"}'),
                  (None, "POST", "/join", b'{"token":"@","password":"@ and more","code":"@"}'),
                  (None, "POST", "/session", b'{"name":"@","password":"@","code":"@"}'),
                  (who, "POST", "/account/password", b'{"current":"@","new":"@ and more"}'),
                  (who, "POST", "/account/totp/confirm", b'{"code":"@"}'), (who, "POST", "/account/recovery-codes", b'{"code":"@"}'))
        for client, method, path, body in places:
            for text in TEXTS:
                asks = client or self.client(next(self.addresses))
                answer = asks.request(method, "/api/v1" + path, body.replace(b"@", text), {"Content-Type": "application/json"})
                self.assertLess(answer.status, 500, f"{method} {path} {text[:40]!r}: {answer.body[:300]!r}")
        for text in TEXTS:
            for method, path in (("GET", "/users/%s"), ("DELETE", "/users/%s"), ("GET", "/users/%s/sign-ins"), ("DELETE", "/account/sign-ins/%s")):
                answer = self.ask(self.admin, method, path % urllib.parse.quote_from_bytes(text[:1000], safe=""))
                self.assertIn(answer.status, (200, 204, 400, 404), f"{method} {path} {text[:40]!r}: {answer.body[:300]!r}")
        for made in self.admin.every("/users"):
            if made["state"] == "invited" and made["created_by"] == "admin":
                self.admin.delete("/users/" + urllib.parse.quote(made["name"], safe=""))

    # -- nobody hands out more than they have

    def test_who_manages_people_cannot_become_more_than_they_are(self):
        grants = [{"platform": "*", "permissions": ["user.manage", "device.read", "release.read"]}]
        self.admin.call("PUT", "/api/v1/roles/staff", {"title": "Staff", "grants": grants})
        name, staff = self.person(("staff",))
        victim, _ = self.person(("admin",))
        self.assertEqual(self.ask(staff, "POST", "/users", {"name": "by-staff", "roles": ["viewer"]}).status, 200)
        self.refused(staff, "POST", "/users", {"name": "by-staff-2", "roles": ["admin"]}, 403, "forbidden")
        self.refused(staff, "PATCH", f"/users/{name}", {"roles": ["admin"]}, 403, "forbidden")
        self.refused(staff, "PATCH", "/users/by-staff", {"roles": ["manager"]}, 403, "forbidden")
        for method, path, body in (("POST", f"/users/{victim}/reset", {"totp": True}), ("DELETE", f"/users/{victim}", None),
                                   ("PATCH", f"/users/{victim}", {"disabled": True}), ("PATCH", f"/users/{victim}", {"roles": []})):
            self.refused(staff, method, path, body, 403, "forbidden")
        self.assertEqual(self.admin.get(f"/users/{victim}")["state"], "active")

    # -- the last admin

    def admins(self):
        return [u["name"] for u in self.admin.every("/users") if u["state"] == "active" and "admin" in u["roles"]]

    def test_the_last_admin_stays(self):
        for name in self.admins():
            if name != "admin":
                self.admin.delete(f"/users/{name}")
        invited, _ = self.invite(("admin",))  # who has not joined is no way back in
        for method, path, body in (("PATCH", "/users/admin", {"disabled": True}), ("PATCH", "/users/admin", {"roles": ["manager"]}),
                                   ("PATCH", "/users/admin", {"roles": []}), ("DELETE", "/users/admin", None),
                                   ("POST", "/users/admin/reset", {"totp": True})):
            self.refused(self.admin, method, path, body, 409, "last-admin")
            self.assertEqual(self.admins(), ["admin"])
        self.admin.delete(f"/users/{invited}")
        self.assertEqual(self.ask(self.admin, "PATCH", "/users/admin", {"roles": ["admin", "viewer"]}).status, 200)
        self.admin.patch("/users/admin", {"roles": ["admin"]})

    def test_two_admins_cannot_take_each_other_away_at_once(self):
        for name in self.admins():
            if name != "admin":
                self.admin.delete(f"/users/{name}")
        mine = self.admin.headers
        for act in ({"disabled": True}, {"roles": ["viewer"]}, "DELETE", "reset"):
            name, second = self.person(("admin",))
            calls = [(self.admin, name), (second, "admin")]
            answers = self.at_once(*(lambda w=w, n=n: self.ask(w, "DELETE", f"/users/{n}") if act == "DELETE" else
                                     self.ask(w, "POST", f"/users/{n}/reset", {"totp": False}) if act == "reset" else
                                     self.ask(w, "PATCH", f"/users/{n}", act) for w, n in calls))
            left = self.value("SELECT string_agg(a.name, ' ') FROM otad.account a JOIN otad.account_role r USING (account_id) "
                                  "WHERE r.role = 'admin' AND disabled_at IS NULL AND password_hash IS NOT NULL")
            self.assertIn(left, (name, "admin"), [a.body for a in answers])
            self.assertEqual(sum(a.status in (200, 204) for a in answers), 1, [a.body for a in answers])
            if left != "admin":  # the other one won: make the first one whole again
                self.stack.sql("INSERT INTO otad.account (tenant_id, name) VALUES (1, 'admin') ON CONFLICT DO NOTHING; "
                               "INSERT INTO otad.account_role SELECT tenant_id, account_id, 'admin' FROM otad.account WHERE name = 'admin' "
                               "ON CONFLICT DO NOTHING; UPDATE otad.account a SET disabled_at = NULL, password_hash = "
                               f"(SELECT password_hash FROM otad.account WHERE name = '{name}') WHERE name = 'admin'")
                self.stack.sql("DELETE FROM otad.account_role r USING otad.account a WHERE a.account_id = r.account_id AND "
                               "a.name = 'admin' AND r.role <> 'admin'")
                self.otad.stop()
                self.otad.start()  # it was done behind its back
                self.stack.admin = self.sign_in("admin")
                self.assertNotEqual(self.stack.admin.headers, mine)
            self.stack.sql(f"DELETE FROM otad.account WHERE name = '{name}'")
        self.otad.stop()
        self.otad.start()  # what was done behind its back
        self.assertEqual(self.admins(), ["admin"])

    # -- the second factor

    def test_a_second_factor_from_start_to_end(self):
        name, who = self.person()
        self.refused(who, "POST", "/account/totp", {"password": WRONG}, 403, "wrong-password")
        self.refused(who, "POST", "/account/totp/confirm", {"code": "123456"}, 409, "totp-off")
        first = self.ask(who, "POST", "/account/totp", {"password": PASSWORD}).json()["secret"]
        made = self.ask(who, "POST", "/account/totp", {"password": PASSWORD}).json()
        secret = made["secret"]
        self.assertEqual(len(base64.b32decode(secret)), 20)
        uri = urllib.parse.urlsplit(made["uri"])
        self.assertEqual((uri.scheme, uri.netloc, uri.path), ("otpauth", "totp", f"/localhost:{name}"))
        self.assertEqual(dict(urllib.parse.parse_qsl(uri.query)),
                         {"secret": secret, "issuer": "localhost", "algorithm": "SHA1", "digits": "6", "period": "30"})
        self.sign_in(name)  # not in force yet
        self.refused(who, "POST", "/account/totp/confirm", {"code": wrong_code(secret)}, 403, "wrong-code")
        if totp(first) not in {totp(secret, i) for i in (-1, 0, 1)}:
            self.refused(who, "POST", "/account/totp/confirm", {"code": totp(first)}, 403, "wrong-code")
        answer = self.ask(who, "POST", "/account/totp/confirm", {"code": totp(secret)})
        codes = answer.json()["recovery_codes"]
        self.assertEqual(len(set(codes)), 10)
        self.assertEqual(self.ask(who, "GET", "/account").json()["recovery_codes_left"], 10)
        self.refused(who, "POST", "/account/totp", {"password": PASSWORD}, 409, "totp-on")
        kept = self.value("SELECT string_agg(encode(secret, 'hex'), ' ') FROM otad.account_totp")
        self.assertNotIn(base64.b32decode(secret).hex(), kept)
        self.problem(self.try_sign_in(name), 401, "code-needed")
        self.problem(self.try_sign_in(name, WRONG, code=totp(secret, 1)), 401, "bad-credentials")
        self.problem(self.try_sign_in(name, code=wrong_code(secret)), 401, "bad-credentials")
        self.sign_in(name, code=totp(secret, 1))
        self.rewind(name)
        self.refused(who, "POST", "/account/totp/disable", {"password": WRONG, "code": totp(secret)}, 403, "wrong-password")
        self.refused(who, "POST", "/account/totp/disable", {"password": PASSWORD, "code": wrong_code(secret)}, 403, "wrong-code")
        self.assertEqual(self.ask(who, "POST", "/account/totp/disable", {"password": PASSWORD, "code": totp(secret)}).status, 204)
        self.sign_in(name)
        self.assertEqual(self.value("SELECT count(*) FROM otad.account_recovery r JOIN otad.account a USING (account_id) "
                                    f"WHERE a.name = '{name}'"), "0")

    def test_a_code_counts_once_and_none_before_it(self):
        name, _, secret, _ = self.with_totp()
        late = totp(secret)
        self.rewind(name)
        self.sign_in(name, code=totp(secret, 1))
        self.problem(self.try_sign_in(name, code=totp(secret, 1)), 401, "bad-credentials")
        self.problem(self.try_sign_in(name, code=late), 401, "bad-credentials")
        self.rewind(name)
        code = totp(secret, 1)
        answers = self.at_once(*[lambda: self.try_sign_in(name, code=code, address=next(self.addresses))] * 3)
        self.assertEqual(sorted(a.status for a in answers), [200, 401, 401])

    def test_recovery_codes_count_once_each(self):
        name, who, secret, codes = self.with_totp()
        self.sign_in(name, code=codes[0])
        self.problem(self.try_sign_in(name, code=codes[0]), 401, "bad-credentials")
        self.sign_in(name, code=codes[1].upper().replace("-", " "))
        answers = self.at_once(*[lambda: self.try_sign_in(name, code=codes[2], address=next(self.addresses))] * 3)
        self.assertEqual(sorted(a.status for a in answers), [200, 401, 401])
        self.assertEqual(self.ask(who, "GET", "/account").json()["recovery_codes_left"], 7)
        fresh = self.ask(who, "POST", "/account/recovery-codes", {"code": totp(secret, 1)}).json()["recovery_codes"]
        self.assertFalse(set(fresh) & set(codes))
        self.problem(self.try_sign_in(name, code=codes[3]), 401, "bad-credentials")
        self.sign_in(name, code=fresh[0])
        _, other, _, _ = self.with_totp()
        self.refused(other, "POST", "/account/recovery-codes", {"code": fresh[1]}, 403, "wrong-code")  # somebody else's
        kept = self.value("SELECT string_agg(encode(code_hash, 'hex'), ' ') FROM otad.account_recovery")
        self.assertNotIn(fresh[1].replace("-", "").encode().hex(), kept)

    # -- one's sign-ins

    def test_sign_ins_are_listed_and_end_at_once(self):
        name, who = self.person()
        other = self.client("203.0.113.9")
        other.headers["User-Agent"] = "Agent \xe9 " + "x" * 400
        forwarded, agent = dict(other.headers), other.headers["User-Agent"]
        self.keep(other, self.try_sign_in(name, who=other))
        other.headers = {**forwarded, **other.headers}
        mine = self.ask(who, "GET", "/account/sign-ins").json()["items"]
        self.assertEqual([s["current"] for s in mine], [False, True])
        self.assertEqual(mine[0]["address"], "203.0.113.9")
        self.assertEqual(mine[0]["agent"], ("Agent ? " + agent[8:])[:256])
        self.assertEqual(self.ask(who, "GET", "/account/sign-ins?limit=1").json()["next"], str(mine[0]["id"]))
        listed = self.admin.every(f"/users/{name}/sign-ins")
        self.assertEqual([s["id"] for s in listed], [s["id"] for s in mine])
        self.assertFalse(any(s["current"] for s in listed))
        stranger_name, stranger = self.person()
        self.refused(stranger, "DELETE", f"/account/sign-ins/{mine[0]['id']}", None, 404)
        self.refused(stranger, "GET", f"/users/{name}/sign-ins", None, 403, "forbidden")
        self.assertTrue(self.signed_in(other))
        self.assertEqual(self.ask(who, "DELETE", f"/account/sign-ins/{mine[0]['id']}").status, 204)
        self.assertFalse(self.signed_in(other))
        third, fourth = self.sign_in(name), self.sign_in(name)
        self.assertEqual(self.ask(who, "DELETE", "/account/sign-ins").status, 204)
        self.assertEqual([self.signed_in(c) for c in (third, fourth, who, stranger)], [False, False, True, True])
        mine = self.ask(who, "GET", "/account/sign-ins").json()["items"]
        self.admin.delete(f"/users/{name}/sign-ins/{mine[0]['id']}")
        self.assertFalse(self.signed_in(who))
        self.assertIsNotNone(stranger_name)

    def test_an_open_event_stream_ends_with_its_sign_in(self):
        self.stack.platform("people-board")
        ends = {"one ends it": lambda name, who: self.ask(who, "DELETE", f"/account/sign-ins/{self.newest(who)}"),
                "signed out": lambda name, who: self.ask(who, "DELETE", "/session"),
                "disabled": lambda name, who: self.admin.patch(f"/users/{name}", {"disabled": True}),
                "deleted": lambda name, who: self.admin.delete(f"/users/{name}"),
                "reset": lambda name, who: self.admin.post(f"/users/{name}/reset", {"totp": True})}
        for i, (how, end) in enumerate(ends.items()):
            name, who = self.person()
            stream = http.client.HTTPSConnection(who.host, who.port, timeout=60, context=who.context)
            self.addCleanup(stream.close)
            stream.request("GET", "/api/v1/events", None, who.headers)
            answer = stream.getresponse()
            self.assertEqual((answer.status, answer.readline()[:1]), (200, b":"))
            before, after = f"seen-{i}", f"hidden-{i}"
            self.admin.post("/devices", {"id": before, "platform": "people-board"})
            while before.encode() not in answer.readline():
                pass
            end(name, who)
            self.admin.post("/devices", {"id": after, "platform": "people-board"})
            rest = answer.read()  # to its end, which comes
            self.assertNotIn(after.encode(), rest, how)

    def newest(self, who):
        return self.ask(who, "GET", "/account/sign-ins?limit=1").json()["items"][0]["id"]

    def test_a_new_password_ends_all_other_sign_ins(self):
        name, who = self.person()
        other = self.sign_in(name)
        before = dict(who.headers)
        self.refused(who, "POST", "/account/password", {"current": WRONG, "new": "a wholly new password"}, 403, "wrong-password")
        self.refused(who, "POST", "/account/password", {"current": PASSWORD, "new": "short"}, 400)
        self.assertTrue(self.signed_in(other))
        answer = self.ask(who, "POST", "/account/password", {"current": PASSWORD, "new": "a wholly new password"})
        self.keep(who, answer)
        self.assertTrue(self.signed_in(who))
        self.assertFalse(self.signed_in(other))
        self.assertNotEqual(before["Cookie"], who.headers["Cookie"])
        self.assertNotEqual(before["X-CSRF-Token"], who.headers["X-CSRF-Token"])
        who.headers = before
        self.assertFalse(self.signed_in(who))
        self.problem(self.try_sign_in(name), 401, "bad-credentials")
        self.sign_in(name, "a wholly new password")

    def test_no_session_is_brought_along(self):
        name, token = self.invite()
        planted = "f" * 64
        for path, body in (("/join", {"token": token, "password": PASSWORD}), ("/session", {"name": name, "password": PASSWORD})):
            who = self.client()
            answer = self.ask(who, "POST", path, body, Cookie=f"__Host-otad={planted}")
            cookie = re.match(r"__Host-otad=([0-9a-f]{64});", answer.headers["Set-Cookie"])[1]
            self.assertNotEqual(cookie, planted)
            thief = self.client()
            thief.headers["Cookie"] = f"__Host-otad={planted}"
            self.assertFalse(self.signed_in(thief))
        thief = self.sign_in(self.person()[0])  # a real session of somebody else, planted in the victim's browser
        stolen = thief.headers["Cookie"]
        answer = self.ask(self.client(), "POST", "/session", {"name": name, "password": PASSWORD}, Cookie=stolen)
        self.assertNotIn(stolen.split("=")[1], answer.headers["Set-Cookie"])
        self.assertFalse(self.signed_in(thief))  # and it is no way to look over the victim's shoulder

    def test_other_sites_can_do_none_of_it(self):
        name, who = self.person()
        cookie = self.client()
        cookie.headers["Cookie"] = who.headers["Cookie"]
        for method, path, body in (("POST", "/account/password", {"current": PASSWORD, "new": "a wholly new password"}),
                                   ("POST", "/account/totp", {"password": PASSWORD}), ("DELETE", "/account/sign-ins", None),
                                   ("POST", "/account/totp/confirm", {"code": "123456"})):
            self.refused(cookie, method, path, body, 403, "cross-site")
            self.problem(self.ask(who, method, path, body, Origin="https://evil.example"), 403, "cross-site")
        for path, body in (("/join", {"token": "0" * 64, "password": PASSWORD}), ("/session", {"name": name, "password": PASSWORD})):
            self.problem(self.ask(self.client(), "POST", path, body, Sec_Fetch_Site="cross-site"), 403, "cross-site")
        self.assertTrue(self.signed_in(who))

    # -- guessing

    def test_guessing_a_password_is_slow_by_name(self):
        name, _ = self.person()
        said = []
        for subject in (name, "nobody of this name"):  # and does not tell which of them exists
            seen = self.until_limited(lambda i, n=subject: self.try_sign_in(n, f"{WRONG} {i}", address=next(self.addresses)), 5, 30)
            docs = [self.problem(a, 401, "bad-credentials") for a in seen[:-1]]
            said.append({(d["title"], d["detail"], tuple(sorted(d)), tuple(sorted(a.headers))) for d, a in zip(docs, seen)})
            self.still_limited(seen[-1], lambda n=subject: self.try_sign_in(n, address=next(self.addresses)))  # the right one, too
        self.assertEqual(said[0], said[1])
        self.assertEqual(len(said[0]), 1)

    def test_guessing_names_is_slow_by_address(self):
        address = next(self.addresses)
        seen = self.until_limited(lambda i: self.try_sign_in(f"guess {i}", WRONG, address=address), 20, 10)
        self.assertEqual({a.status for a in seen[:-1]}, {401})
        name, token = self.invite()
        self.still_limited(seen[-1], lambda: self.ask(self.client(address), "POST", "/join", {"token": token, "password": WRONG}))
        self.assertEqual(self.try_sign_in(name, WRONG, address=next(self.addresses)).status, 401)

    def test_guessing_tokens_is_slow_by_address(self):
        network = "2001:db8:7:7::%x"  # one customer's, with an address for each try
        seen = self.until_limited(lambda i: self.ask(self.client(network % i), "POST", "/join/check", {"token": f"{i:064x}"}), 20, 10)
        self.assertEqual({a.status for a in seen[:-1]}, {404})
        name, _ = self.person()
        self.assertEqual(self.try_sign_in(name, address="2001:db8:7:8::1").status, 200)

    def test_signing_in_well_uses_no_attempts_up(self):
        name, _ = self.person()
        address = next(self.addresses)
        for _ in range(25):
            self.sign_in(name, address=address)

    def test_guessing_codes_is_slow_by_account(self):
        name, who, secret, codes = self.with_totp()
        bad = wrong_code(secret)

        def attempt(i):  # at either door
            if i % 2:
                return self.ask(who, "POST", "/account/recovery-codes", {"code": bad})
            return self.try_sign_in(name, code=bad, address=next(self.addresses))
        seen = self.until_limited(attempt, 5, 300)
        self.assertEqual([a.status for a in seen[:5]], [401, 403, 401, 403, 401])
        for code in (totp(secret, 1), codes[0]):
            self.still_limited(seen[-1], lambda c=code: self.try_sign_in(name, code=c, address=next(self.addresses)))
        self.assertTrue(self.signed_in(who))

    def test_a_stolen_session_does_not_guess_the_password(self):
        name, who = self.person()
        seen = self.until_limited(lambda i: self.ask(who, "POST", "/account/totp", {"password": f"{WRONG} {i}"}), 5, 30)
        self.assertEqual({a.status for a in seen[:-1]}, {403})
        self.still_limited(seen[-1], lambda: self.try_sign_in(name))

    # -- what is kept

    def kept_hash(self, name):
        return self.value(f"SELECT password_hash FROM otad.account WHERE name = '{name}'")

    def test_an_old_hash_is_made_anew_when_its_password_is_shown(self):
        name, _ = self.person()
        self.stack.sql(f"UPDATE otad.account SET password_hash = '{OLD_HASH}' WHERE name = '{name}'")
        self.problem(self.try_sign_in(name, WRONG), 401)
        self.assertEqual(self.kept_hash(name), OLD_HASH)
        self.sign_in(name)
        renewed = self.kept_hash(name)
        self.assertTrue(renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), renewed)
        self.sign_in(name)
        self.assertEqual(self.kept_hash(name), renewed)

    def test_all_of_it_is_in_the_audit_log_and_no_secret_is(self):
        name, token = self.invite()
        who = self.join(token)
        secret = self.ask(who, "POST", "/account/totp", {"password": PASSWORD}).json()["secret"]
        codes = self.ask(who, "POST", "/account/totp/confirm", {"code": totp(secret)}).json()["recovery_codes"]
        self.keep(who, self.ask(who, "POST", "/account/password", {"current": PASSWORD, "new": "a wholly new password"}))
        self.sign_in(name, "a wholly new password", code=codes[0])
        self.ask(who, "POST", "/account/recovery-codes", {"code": codes[1]})
        self.ask(who, "POST", "/account/totp/disable", {"password": "a wholly new password", "code": totp(secret, 1)})
        self.ask(who, "DELETE", "/account/sign-ins")
        self.admin.patch(f"/users/{name}", {"roles": ["operator"]})
        self.admin.patch(f"/users/{name}", {"roles": ["operator"]})  # changes nothing
        reset = self.admin.post(f"/users/{name}/reset", {"totp": False})["link"].split("#")[1]
        self.admin.delete(f"/users/{name}")
        entries = [e for e in self.admin.every(f"/audit?object={name}")][::-1]
        told = [e["action"] for e in entries]
        self.assertEqual(told, ["user.invite", "user.join", "totp.on", "user.password", "recovery.use", "session.start", "recovery.use",
                                "recovery.renew", "totp.off", "session.end", "user.change", "user.reset", "user.delete"])
        actors = {e["action"]: e["actor"] for e in entries}
        self.assertEqual((actors["user.invite"], actors["user.join"], actors["totp.on"]), ("admin", name, name))
        change = next(e for e in entries if e["action"] == "user.change")
        self.assertEqual((change["before"]["roles"], change["after"]["roles"]), (["viewer"], ["operator"]))
        self.assertEqual(entries[1]["address"], self.address)
        everything = json.dumps(entries) + self.otad.log_text()
        for hidden in (token, reset, secret, *codes, PASSWORD, "a wholly new password", who.headers["Cookie"].split("=")[1],
                       who.headers["X-CSRF-Token"], "argon2id"):
            self.assertNotIn(hidden, everything)

