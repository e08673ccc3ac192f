#!/usr/bin/env python3
"""Migrations lead to schema.sql, from nothing and from every older state, data intact; twice is harmless; newer is refused."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL, SOCKET = sys.argv[1], os.environ["OTAD_TEST_PG"]
MIGRATIONS = sorted((ROOT / "sql/migrations").glob("[0-9]*.sql"))
COUNT = len(MIGRATIONS)


def run(*command, stdin=None, check=True):
    p = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if check and p.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{p.stdout}{p.stderr}")
    return p


def psql(database, sql, user="postgres"):
    return run("psql", "-X", "-q", "-A", "-t", "-1", "-v", "ON_ERROR_STOP=1", "-h", SOCKET, "-U", user, "-f", "-",
               database, stdin=sql).stdout.strip()


def fresh(name):
    run("dropdb", "--if-exists", "--force", "-h", SOCKET, "-U", "postgres", name)
    run("createdb", "-h", SOCKET, "-U", "postgres", "-O", "otad_owner", name)
    return name


def migrate(database):
    return run(TOOL, f"host={SOCKET} user=otad_owner dbname={database}", check=False)


def dump(database):
    text = run("pg_dump", "-h", SOCKET, "-U", "postgres", "--schema-only", database).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.M)


def apply_first(database, count):
    """What an older otad would have left: the first migrations and their rows in schema_version."""
    for number, file in enumerate(MIGRATIONS[:count], 1):
        psql(database, file.read_text() + f"\nINSERT INTO otad.schema_version (version, name) VALUES ({number}, '{file.stem}');",
             "otad_owner")


POPULATE = """
SET LOCAL search_path = otad;
INSERT INTO account (tenant_id, name, role, password_hash) VALUES (1, 'ada', 'admin', '$argon2id$x');
INSERT INTO platform (tenant_id, name, title, follow_channel) VALUES (1, 'esp8266', 'ESP8266', true);
INSERT INTO platform_alias SELECT 1, n, platform_id FROM platform, unnest(ARRAY['esp8266', 'esp-12f']) n;
INSERT INTO release (tenant_id, platform_id, version, version_key, security_counter, notes, sums, minisig, sums_signed_by,
                     created_by)
SELECT 1, platform_id, '1.0.0', '\\x000000010000000000000000ff', 7, '', 's', 'm', '0123456789abcdef', 'ci' FROM platform;
INSERT INTO device (tenant_id, device_id, name, platform_id, platform_chosen, channel, token_hash, version)
SELECT 1, 'device-' || i, 'n' || i, platform_id, true, 'stable', sha256(i::text::bytea), '1.0.0'
  FROM platform, generate_series(1, 1000) i;
INSERT INTO device_seen (tenant_id, device_no, last_seen_at, address) SELECT 1, device_no, now(), '10.0.0.1' FROM device;
INSERT INTO device_update (tenant_id, device_no, release_id, created_by)
SELECT 1, device_no, release_id, 'ada' FROM device, release WHERE device_id < 'device-2';
INSERT INTO update_event (tenant_id, update_id, event_no, execution, result, details, of_cancel)
SELECT 1, update_id, 1, 'created', 'none', '{}', false FROM device_update;
"""
TABLES = ["account", "platform", "platform_alias", "release", "device", "device_seen", "device_update", "update_event", "tenant"]


def contents(database, columns):
    """Every row of every table by the columns that the older schema had."""
    return {t: psql(database, f"SELECT coalesce(md5(string_agg(r::text, '|' ORDER BY r::text)), '') "
                              f"FROM (SELECT {', '.join(columns[t])} FROM otad.{t}) r") for t in TABLES}


def columns_of(database):
    return {t: psql(database, f"SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute "
                              f"WHERE attrelid = 'otad.{t}'::regclass AND attnum > 0").split() for t in TABLES}


def check(what, good):
    print(("ok   " if good else "FAIL ") + what)
    if not good:
        sys.exit(1)


truth = fresh("mig_truth")
psql(truth, (ROOT / "sql/schema.sql").read_text(), "otad_owner")
want = dump(truth)
check("schema.sql makes tables", "CREATE TABLE otad.device_heartbeat" in want)
check("there are at least two migrations", COUNT >= 2)

empty = fresh("mig_empty")
p = migrate(empty)
check("an empty database is migrated", p.returncode == 0 and p.stdout.split() == ["0", str(COUNT)])
check("migrations from nothing are schema.sql", dump(empty) == want)
p = migrate(empty)
check("twice is harmless", p.returncode == 0 and p.stdout.split() == [str(COUNT), str(COUNT)] and dump(empty) == want)

for first in range(1, COUNT):
    old = fresh(f"mig_old{first}")
    apply_first(old, first)
    check(f"version {first} differs from schema.sql", dump(old) != want)
    psql(old, POPULATE)
    columns = columns_of(old)
    before = contents(old, columns)
    check("it is populated", psql(old, "SELECT count(*) FROM otad.device_update").isdigit()
          and int(psql(old, "SELECT count(*) FROM otad.device_update")) > 100)
    p = migrate(old)
    check(f"version {first}, populated, is migrated", p.returncode == 0 and p.stdout.split() == [str(first), str(COUNT)])
    check("it is schema.sql then", dump(old) == want)
    check("its data are the same", contents(old, columns) == before)
    if first < 3:  # which fills it in; from then on whoever adds an update does
        check("each device knows its newest update", psql(old, """
SELECT count(*) FROM otad.device d LEFT JOIN (SELECT device_no, max(update_id) AS newest FROM otad.device_update GROUP BY 1) u
 USING (device_no) WHERE d.last_update_id IS DISTINCT FROM u.newest OR d.installed_update_id IS NOT NULL""") == "0")

psql(empty, f"INSERT INTO otad.schema_version (version, name) VALUES ({COUNT + 1}, 'future')")
before = dump(empty)
p = migrate(empty)
check("a newer database is refused", p.returncode == 1 and p.stdout.strip() == "conflict" and "newer" in p.stderr)
check("and left alone", dump(empty) == before)

race = fresh("mig_race")
both = [subprocess.Popen([TOOL, f"host={SOCKET} user=otad_owner dbname={race}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True) for _ in range(4)]
out = sorted(p.communicate()[0].split()[0] for p in both)
check("four at once: one does it", [p.returncode for p in both] == [0] * 4 and out == ["0"] + [str(COUNT)] * 3)
check("well", dump(race) == want)

broken = fresh("mig_broken")
psql(broken, "CREATE SCHEMA otad; CREATE TABLE otad.device (x int);")
p = migrate(broken)
check("a migration that fails leaves nothing behind", p.returncode == 1 and p.stdout.strip() == "io"
      and psql(broken, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'otad'") == "1")

# Every column says what it is; every table with a tenant forces row-level security and names both roles.
check("every column and table has a comment", psql(truth, """
SELECT coalesce(string_agg(c.relname || '.' || a.attname, ' '), '') FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'otad'::regnamespace AND c.relkind = 'r'
   AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)""") == "")
check("row-level security is forced wherever there is a tenant", psql(truth, """
SELECT coalesce(string_agg(c.relname, ' '), '') FROM pg_class c
 WHERE c.relnamespace = 'otad'::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_version'
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) >= 2)""") == "")
check("views check as who asks", psql(truth, """
SELECT count(*) FROM pg_class WHERE relnamespace = 'otad'::regnamespace AND relkind = 'v'
   AND NOT 'security_invoker=true' = ANY (coalesce(reloptions, '{}'))""") == "0")
check("otad_app and otad_jobs own nothing", psql(truth, """
SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname IN ('otad_app', 'otad_jobs')""") == "0")
check("neither of the roles passes row-level security by", psql(truth, """
SELECT count(*) FROM pg_roles WHERE rolname LIKE 'otad\\_%' AND (rolbypassrls OR rolsuper)""") == "0")
for name in ["mig_truth", "mig_empty", "mig_race", "mig_broken"] + [f"mig_old{i}" for i in range(1, COUNT)]:
    run("dropdb", "--force", "-h", SOCKET, "-U", "postgres", name)
