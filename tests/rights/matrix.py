"""Who may what: every route x who x platform, written by hand (SPEC 8.2).  tests/e2e/test_rights.py asks it of a real
otad, and again of one whose own check says yes to everything, where row-level security alone must hold.

Two organisations have everything by the same names; alpha and beta are platforms of both.  Cells stand in the order of
WHO.  Where a row names a platform a cell has two letters, alpha's and beta's.

  y  yes                           h  404 (400 where a body names it): it does not exist for them
  n  403: they lack the right      k  401: another kind of credential is asked for
  N, H  as n and h; the database would show it nevertheless, since they may change it, or something that needs it
  -  nothing is asked of the database there: otad answers from memory

Lists: the platforms of what is in it, 0 for an empty list, n for 403; behind a slash what the database alone lets through
where it is more (n and 0 let nothing through).
"""
import collections

WHO = "none view oper mana admi team mix kup krd kman oth".split()

# People of organisation 1 and their roles; two roles of its own.
PEOPLE = {"none": [], "view": ["viewer"], "oper": ["operator"], "mana": ["manager"], "admi": ["admin"],
          "team": ["team-a"], "mix": ["mixed"]}
ROLES = {
    "team-a": [("alpha", ["device.read", "device.write", "release.read", "link.create"])],
    "mixed": [("*", ["release.read"]), ("alpha", ["device.read", "release.withdraw"]),
              ("beta", ["device.write", "release.upload", "audit.read"])],
}
EVERYTHING = ["device.read", "device.write", "release.read", "release.upload", "release.manage", "release.promote",
              "release.withdraw", "link.create", "audit.read", "platform.manage", "key.manage", "user.manage"]
# API keys; oth is of organisation 2 and has everything there.
KEYS = {"kup": (["release.upload"], ["alpha"]), "krd": (["device.read", "release.read", "audit.read"], ["*"]),
        "kman": (["key.manage", "user.manage"], ["*"]), "oth": (EVERYTHING, ["*"])}

Row = collections.namedtuple("Row", "kind method path cells body probe undo")
ROWS = []


def row(kind, method, path, cells, body=None, probe=None, undo=None):
    cells = dict(zip(WHO, cells.split(), strict=True))
    ROWS.append(Row(kind, method, path, cells, body, probe, undo))


def lists(path, cells):
    row("list", "GET", path, cells)


def shows(path, cells):
    row("show", "GET", path, cells)


def changes(method, path, cells, body=None, probe=None, undo=None):
    """probe: SQL whose answer a change changes; undo: SQL that puts it back.  {t} organisation, {p} platform."""
    row("change", method, path, cells, body, probe, undo)


V1, API = "/api/v1", "/api/v1/platforms/{p}"
OF_PLATFORM = "(SELECT platform_id FROM platform WHERE tenant_id = {t} AND name = '{p}')"
RELEASE = "release WHERE tenant_id = {t} AND platform_id = " + OF_PLATFORM + " AND version = "
DEVICE = "device WHERE tenant_id = {t} AND device_id = "

# ---- platforms --------------------- none view oper mana admi team mix  kup  krd  kman oth
lists(f"{V1}/platforms",               "n    ab   ab   ab   ab   a    ab   n/a  ab   n/ab ab")
shows(API,                             "nn   yy   yy   yy   yy   yh   yy   Nn   yy   NN   yy")
changes("POST", f"{V1}/platforms",     "n    n    n    n    y    n    n    n    n    n    y",
        {"name": "gamma", "title": "T"},
        "SELECT count(*) FROM platform WHERE tenant_id = {t} AND name = 'gamma'",
        "SET CONSTRAINTS ALL DEFERRED; DELETE FROM platform_alias WHERE tenant_id = {t} AND name = 'gamma'; "
        "DELETE FROM platform WHERE tenant_id = {t} AND name = 'gamma'")
changes("PATCH", API,                  "nn   nn   nn   nn   yy   nn   nn   nn   nn   nn   yy",
        {"title": "changed"},
        "SELECT title FROM platform WHERE tenant_id = {t} AND name = '{p}'",
        "UPDATE platform SET title = 'T{t}' WHERE tenant_id = {t} AND name = '{p}'")
changes("PUT", f"{API}/key-manifest",  "nn   nn   nn   nn   yy   nn   nn   nn   nn   nn   yy",
        "manifest",
        "SELECT max(sequence) FROM key_manifest WHERE tenant_id = {t} AND platform_id = " + OF_PLATFORM,
        "DELETE FROM key_manifest WHERE tenant_id = {t} AND sequence = 2")

# ---- releases ---------------------- none view oper mana admi team mix  kup  krd  kman oth
lists(f"{V1}/releases",                "n    ab   ab   ab   ab   a    ab   n/a  ab   n    ab")
shows(f"{API}/releases/1.0.0",         "nn   yy   yy   yy   yy   yh   yy   Nn   yy   nn   yy")
changes("PUT", f"{API}/releases/9.0.0",
                                       "nn   nn   nn   yy   yy   nn   ny   yh   nn   nn   yy",
        "sums",
        "SELECT count(*) FROM " + RELEASE + "'9.0.0'",
        "DELETE FROM " + RELEASE + "'9.0.0'")
changes("PATCH", f"{API}/releases/1.3.0",
                                       "nn   nn   nn   yy   yy   nn   nn   nn   nn   nn   yy",
        {"notes": "changed"},
        "SELECT notes FROM " + RELEASE + "'1.3.0'",
        "UPDATE release SET notes = 'T{t}' WHERE tenant_id = {t} AND version = '1.3.0'")
changes("POST", f"{API}/releases/2.0.0/release",
                                       "nn   nn   nn   yy   yy   nn   nn   nn   nn   nn   yy",
        {"channel": "stable"},
        "SELECT state FROM " + RELEASE + "'2.0.0'",
        "UPDATE release SET state = 'complete', channel = NULL, released_at = NULL, released_by = NULL "
        "WHERE tenant_id = {t} AND version = '2.0.0'")
changes("POST", f"{API}/releases/1.5.0/promote",
                                       "nn   nn   nn   yy   yy   nn   nn   nn   nn   nn   yy",
        {"channel": "stable"},
        "SELECT channel FROM " + RELEASE + "'1.5.0'",
        "UPDATE release SET channel = 'beta' WHERE tenant_id = {t} AND version = '1.5.0'")
changes("POST", f"{API}/releases/1.2.0/withdraw",
                                       "nn   nn   nn   yy   yy   nn   yn   nn   nn   nn   yy",
        {"reason": "to see who may"},
        "SELECT state FROM " + RELEASE + "'1.2.0'",
        "UPDATE release SET state = 'complete', withdrawn_at = NULL, withdrawn_by = NULL, withdrawn_reason = NULL "
        "WHERE tenant_id = {t} AND version = '1.2.0'")
shows(f"{API}/releases/1.0.0/artifacts/{{file}}",
                                       "nn   yy   yy   yy   yy   yh   yy   Nn   yy   nn   yy")
changes("PUT", f"{API}/releases/9.1.0/artifacts/{{file9}}",
                                       "nn   nn   nn   yy   yy   nn   ny   yh   nn   nn   yy",
        "file",
        "SELECT state FROM " + RELEASE + "'9.1.0'",
        "UPDATE release_artifact SET stored = NULL, stored_at = NULL WHERE tenant_id = {t} AND release_id IN "
        "(SELECT release_id FROM release WHERE tenant_id = {t} AND version = '9.1.0'); "
        "UPDATE release SET state = 'draft' WHERE tenant_id = {t} AND version = '9.1.0'")

# ---- repositories ------------------ none view oper mana admi team mix  kup  krd  kman oth
# What is published is public; the database hides the queue alone.
WAITING = "{waiting}"
PENDING = "tuf_pending WHERE tenant_id = {t} AND platform_id = " + OF_PLATFORM
shows(f"{API}/tuf",                    "nn   yy   yy   yy   yy   yh   yy   Nn   yy   NN   yy")
shows(f"{API}/tuf/pending",            "nn   yy   yy   yy   yy   yh   yy   Nn   yy   NN   yy")
shows(f"{API}/tuf/pending/{WAITING}",  "nn   yy   yy   yy   yy   yh   yy   nn   yy   nn   yy")
# The first one, of whom the platform then is.
changes("PUT", f"{API}/tuf/root.json", "nn   nn   nn   nn   yy   nn   nn   nn   nn   nn   yy",
        "root",
        "SELECT count(*) FROM " + PENDING,
        "DELETE FROM tuf_pending WHERE role = 'root'")
changes("DELETE", f"{API}/tuf/pending/{WAITING}",
                                       "nn   nn   nn   yy   yy   nn   nn   nn   nn   nn   yy",
        None,
        "SELECT count(*) FROM " + PENDING,
        "INSERT INTO tuf_pending (tenant_id, platform_id, role, signed_hash, version, body, expires_at, submitted_by) "
        "SELECT tenant_id, platform_id, 'targets', sha256('waits'), 1, '{{\"T{t}\":1}}', now() + '1 day', 'seed' FROM platform "
        "WHERE tenant_id = {t} AND name = '{p}'")
# Whoever publishes writes the row in which this stands.
changes("PATCH", f"{API}/tuf",         "nn   nn   nn   NN   yy   nn   nn   nn   nn   nn   yy",
        {"public_targets": True},
        "SELECT bool_or(public_targets) FROM tuf_repository WHERE tenant_id = {t} AND platform_id = " + OF_PLATFORM,
        "DELETE FROM tuf_repository")

# People are let in as well, where otad may look for what is not there.
row("door", "GET", "/tuf/{tenant}/{p}/targets/1.0.0/{file}",
                                       "nn   yy   yy   yy   yy   yy   yy   nn   yy   nn   yy")

# ---- links and downloads ----------- none view oper mana admi team mix  kup  krd  kman oth
changes("POST", f"{API}/releases/1.0.0/artifacts/{{file}}/links",
                                       "nn   nn   yy   yy   yy   yh   nn   nn   nn   nn   yy",
        {},
        "SELECT count(*) FROM download_link WHERE tenant_id = {t} AND platform_id = " + OF_PLATFORM,
        "DELETE FROM download_link WHERE tenant_id = {t} AND created_by <> 'seed'")
lists(f"{V1}/links",                   "n    n    ab   ab   ab   a    n    n    n    n    ab")
changes("DELETE", f"{V1}/links/{{link}}",
                                       "nn   nn   yy   yy   yy   yh   nn   nn   nn   nn   hh",
        None,
        "SELECT revoked_at FROM download_link WHERE link_id = {link}",
        "UPDATE download_link SET revoked_at = NULL WHERE link_id = {link}")
lists(f"{V1}/downloads",               "n    n    n    ab   ab   n    b    n    ab   n    ab")

# ---- devices and updates ----------- none view oper mana admi team mix  kup  krd  kman oth
lists(f"{V1}/devices",                 "n    ab   ab   ab   ab   a    a/ab n    ab   n    ab")
changes("POST", f"{V1}/devices",       "nn   nn   yy   yy   yy   yh   ny   nn   nn   nn   yy",
        {"id": "new", "platform": "{p}"},
        "SELECT count(*) FROM " + DEVICE + "'new'",
        "DELETE FROM " + DEVICE + "'new'")
shows(f"{V1}/devices/dev-{{p}}",       "nn   yy   yy   yy   yy   yh   yH   nn   yy   nn   yy")
changes("PATCH", f"{V1}/devices/dev-{{p}}",
                                       "nn   nn   yy   yy   yy   yh   ny   nn   nn   nn   yy",
        {"name": "changed"},
        "SELECT name FROM " + DEVICE + "'dev-{p}'",
        "UPDATE device SET name = 'T{t}' WHERE tenant_id = {t}")
changes("DELETE", f"{V1}/devices/del-{{p}}",
                                       "nn   nn   yy   yy   yy   yh   ny   nn   nn   nn   yy",
        None,
        "SELECT count(*) FROM " + DEVICE + "'del-{p}'",
        "INSERT INTO device (tenant_id, device_id, name, platform_id, platform_chosen, channel, token_hash) "
        "VALUES ({t}, 'del-{p}', 'T{t}', " + OF_PLATFORM + ", true, 'stable', sha256('del')); "
        "INSERT INTO device_seen (tenant_id, device_no) SELECT tenant_id, device_no FROM " + DEVICE + "'del-{p}'")
changes("POST", f"{V1}/devices/dev-{{p}}/token",
                                       "nn   nn   yy   yy   yy   yh   ny   nn   nn   nn   yy",
        None,
        "SELECT token_hash FROM " + DEVICE + "'dev-{p}'")
shows(f"{V1}/devices/dev-{{p}}/updates",
                                       "nn   yy   yy   yy   yy   yh   yH   nn   yy   nn   yy")
changes("POST", f"{V1}/devices/asg-{{p}}/updates",
                                       "nn   nn   yy   yy   yy   yh   ny   nn   nn   nn   yy",
        {"version": "1.0.0"},
        "SELECT count(*) FROM device_update u JOIN device d USING (tenant_id, device_no) "
        "WHERE u.tenant_id = {t} AND d.device_id = 'asg-{p}'",
        "UPDATE device SET last_update_id = NULL WHERE tenant_id = {t} AND device_id = 'asg-{p}'; DELETE FROM device_update "
        "WHERE tenant_id = {t} AND device_no = (SELECT device_no FROM " + DEVICE + "'asg-{p}')")
lists(f"{V1}/updates",                 "n    ab   ab   ab   ab   a    a/ab n    ab   n    ab")
shows(f"{V1}/updates/{{update}}",      "nn   yy   yy   yy   yy   yh   yH   nn   yy   nn   hh")
changes("POST", f"{V1}/updates/{{cancel}}/cancel",
                                       "nn   nn   yy   yy   yy   yh   ny   nn   nn   nn   hh",
        None,
        "SELECT state FROM device_update WHERE update_id = {cancel}",
        "DELETE FROM update_event WHERE update_id = {cancel}; UPDATE device_update SET state = 'pending', closed_at = NULL, "
        "reason = NULL WHERE update_id = {cancel}; UPDATE device SET skip_release_id = NULL WHERE device_id = 'can-{p}'")
lists(f"{V1}/statistics",              "n    ab   ab   ab   ab   a    a    n    ab   n    ab")

# ---- keys -------------------------- none view oper mana admi team mix  kup  krd  kman oth
shows(f"{V1}/api-keys",                "n    n    n    n    y    n    n    n    n    y    y")
changes("POST", f"{V1}/api-keys",      "n    n    n    n    y    n    n    n    n    n    y",
        {"name": "new", "scopes": ["release.read"], "platforms": ["alpha"]},
        "SELECT count(*) FROM api_key WHERE tenant_id = {t} AND name = 'new'",
        "DELETE FROM api_key WHERE tenant_id = {t} AND name = 'new'")
changes("DELETE", f"{V1}/api-keys/{{key}}",
                                       "n    n    n    n    y    n    n    n    n    y    h",
        None,
        "SELECT revoked_at FROM api_key WHERE api_key_id = {key}",
        "UPDATE api_key SET revoked_at = NULL WHERE api_key_id = {key}")
shows(f"{V1}/gateway-tokens",          "n    n    n    n    y    n    n    n    n    y    y")
changes("POST", f"{V1}/gateway-tokens",
                                       "n    n    n    n    y    n    n    n    n    y    y",
        {"name": "new", "platform": "beta"},
        "SELECT count(*) FROM gateway_token WHERE tenant_id = {t} AND name = 'new'",
        "DELETE FROM gateway_token WHERE tenant_id = {t} AND name = 'new'")
changes("DELETE", f"{V1}/gateway-tokens/{{gateway}}",
                                       "n    n    n    n    y    n    n    n    n    y    h",
        None,
        "SELECT revoked_at FROM gateway_token WHERE gateway_token_id = {gateway}",
        "UPDATE gateway_token SET revoked_at = NULL WHERE gateway_token_id = {gateway}")

# ---- people and roles -------------- none view oper mana admi team mix  kup  krd  kman oth
shows(f"{V1}/users",                   "n    n    n    n    y    n    n    n    n    y    y")
shows(f"{V1}/users/victim",            "n    n    n    n    y    n    n    n    n    y    y")
shows(f"{V1}/users/victim/sign-ins",   "n    n    n    n    y    n    n    n    n    y    y")
changes("DELETE", f"{V1}/users/victim/sign-ins/{{sign_in}}",
                                       "n    n    n    n    y    n    n    n    n    n    h",
        None,
        "SELECT count(*) FROM session JOIN account USING (tenant_id, account_id) WHERE tenant_id = 1 AND name = 'victim'",
        "INSERT INTO session (tenant_id, session_hash, account_id, csrf_token, expires_at, session_id) OVERRIDING SYSTEM VALUE "
        "SELECT 1, sha256('victim'), account_id, 'x', now() + interval '1 day', {sign_in} FROM account "
        "WHERE tenant_id = 1 AND name = 'victim'")
# Who lacks what a viewer has makes no viewer, and has no hand in the account of one.
changes("POST", f"{V1}/users",         "n    n    n    n    y    n    n    n    n    n    y",
        {"name": "new", "roles": ["viewer"]},
        "SELECT count(*) FROM account WHERE tenant_id = {t} AND name = 'new'",
        "DELETE FROM account WHERE tenant_id = {t} AND name = 'new'")
changes("PATCH", f"{V1}/users/victim", "n    n    n    n    y    n    n    n    n    n    y",
        {"disabled": True},
        "SELECT disabled_at FROM account WHERE tenant_id = {t} AND name = 'victim'",
        "UPDATE account SET disabled_at = NULL WHERE tenant_id = {t} AND name = 'victim'")
changes("POST", f"{V1}/users/victim/reset",
                                       "n    n    n    n    y    n    n    n    n    n    y",
        {"totp": False},
        "SELECT token_hash FROM account_link JOIN account USING (tenant_id, account_id) WHERE tenant_id = {t} AND name = 'victim'",
        "DELETE FROM account_link WHERE tenant_id = {t}; "
        "UPDATE account SET password_hash = '$argon2id$v' WHERE tenant_id = {t} AND name = 'victim'")
changes("DELETE", f"{V1}/users/victim",
                                       "n    n    n    n    y    n    n    n    n    n    y",
        None,
        "SELECT count(*) FROM account WHERE tenant_id = {t} AND name = 'victim'",
        "WITH a AS (INSERT INTO account (tenant_id, name, password_hash) VALUES ({t}, 'victim', '$argon2id$v') RETURNING *) "
        "INSERT INTO account_role (tenant_id, account_id, role) SELECT tenant_id, account_id, 'viewer' FROM a")
shows(f"{V1}/roles",                   "n    n    n    n    y    n    n    n    n    y    y")
shows(f"{V1}/roles/team-a",            "n    n    n    n    y    n    n    n    n    y    y")
changes("PUT", f"{V1}/roles/spare",    "n    n    n    n    y    n    n    n    n    n    y",
        {"title": "changed", "grants": [{"platform": "alpha", "permissions": ["device.read"]}]},
        "SELECT title FROM role WHERE tenant_id = {t} AND name = 'spare'",
        "DELETE FROM role_grant WHERE (tenant_id, role_id) IN (SELECT tenant_id, role_id FROM role WHERE name = 'spare'); "
        "UPDATE role SET title = 'T{t}' WHERE tenant_id = {t} AND name = 'spare'")
changes("DELETE", f"{V1}/roles/spare", "n    n    n    n    y    n    n    n    n    y    y",
        None,
        "SELECT count(*) FROM role WHERE tenant_id = {t} AND name = 'spare'",
        "INSERT INTO role (tenant_id, name, title, created_by) VALUES ({t}, 'spare', 'T{t}', 'seed')")

# ---- logs -------------------------- none view oper mana admi team mix  kup  krd  kman oth
lists(f"{V1}/audit",                   "n    n    n    ab   ab   n    b    n    ab   n    ab")
# On one platform alone there is no whole log to prove; the database would show what is of that platform.
shows(f"{V1}/audit/head",              "n    n    n    y    y    n    N    n    y    n    y")
row("whole", "GET", f"{V1}/audit/export",
                                       "n    n    n    ab   ab   n    n/b  n    ab   n    ab")
row("stream", "GET", f"{V1}/events",   "n    y    y    y    y    y    y    n    y    n    y")

# ---- one's own account: whoever has a session, and no machine
for method, path in (("GET", "/session"), ("GET", "/account"), ("POST", "/account/password"), ("GET", "/account/sign-ins"),
                     ("DELETE", "/account/sign-ins/{nobody}"), ("POST", "/account/totp"), ("POST", "/account/totp/confirm"),
                     ("POST", "/account/totp/disable"), ("POST", "/account/recovery-codes"), ("DELETE", "/account/sign-ins"),
                     ("DELETE", "/session")):
    row("own", method, V1 + path,      "y    y    y    y    y    y    y    k    k    k    k", {} if method == "POST" else None)

# ---- clients with a key ------------ none view oper mana admi team mix  kup  krd  kman oth
for path in ("/api/firmware/{p}", "/api/esp/{p}", "/api/esp/{p}/manifest.json", "/api/esp/{p}/files/{file}",
             "/api/esp-key/{key_text}/{p}", "/api/esp-key/{key_text}/{p}/manifest.json", "/api/esp-key/{key_text}/{p}/files/{file}",
             "/repos/{tenant}/{p}/releases/latest", "/repos/{tenant}/{p}/releases/assets/1"):
    row("door", "GET", path,           "kk   kk   kk   kk   kk   kk   kk   nn   yy   nn   yy")
row("door", "POST", "/api/firmware/{p}/sessions",
                                       "kk   kk   kk   kk   kk   kk   kk   nn   yy   nn   yy",
    {"device": "plain", "state": "started", "version": "1.0.0"})

# ---- devices: neither people nor keys
BASE = "/{tenant}/controller/v1/dev-alpha"
for method, path in (("GET", ""), ("GET", "/keyManifest"), ("PUT", "/configData"), ("POST", "/heartbeat"),
                     ("GET", "/deploymentBase/1"), ("POST", "/deploymentBase/1/feedback"), ("GET", "/cancelAction/1"),
                     ("POST", "/cancelAction/1/feedback"), ("GET", "/installedBase/1"), ("GET", "/softwaremodules/1/artifacts"),
                     ("GET", "/softwaremodules/1/artifacts/f"), ("GET", "/director")):
    row("device", method, BASE + path, "k    k    k    k    k    k    k    k    k    k    k", {} if method != "GET" else None)

# ---- whoever asks; what they show (a password, a token) is judged elsewhere
for method, path in (("GET", V1 + "/setup"), ("POST", V1 + "/setup"), ("POST", V1 + "/session"), ("POST", V1 + "/join"),
                     ("POST", V1 + "/join/check"), ("GET", V1 + "/openapi.json"), ("GET", V1 + "/docs"), ("GET", "/healthz"),
                     ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/d/token/name"),
                     ("GET", "/tuf/{tenant}/{p}/metadata/1.root.json")):
    row("public", method, path,        "y    y    y    y    y    y    y    y    y    y    y", {} if method == "POST" else None)
