/* The second lock: row-level security, and constraints that refuse what code should never
 * write. */
#include <string.h>

#include "make.h"
#include "otad/db/gateway.h"
#include "otad/db/platform.h"
#include "otad/db/user.h"

static struct kit k;

static void state_is(const char *conninfo, const char *sql, const char *wanted)
{
    char state[6];
    kit_sql_state(conninfo, sql, state);
    if (strcmp(state, wanted) != 0) {
        fprintf(stderr, "%s\n  gives %s, not %s\n", sql, state, wanted);
        abort();
    }
}

/* A function in the database that counts what a role sees in every table with a tenant. */
static void prepare(void)
{
    (void)kit_sql(&k, "CREATE FUNCTION otad.rows_seen() RETURNS bigint LANGUAGE plpgsql AS $$ "
                      "DECLARE t text; n bigint; total bigint := 0; BEGIN "
                      "FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON "
                      "a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE c.relnamespace = "
                      "'otad'::regnamespace AND c.relkind IN ('r', 'v') AND "
                      "has_table_privilege(c.oid, 'SELECT') LOOP "
                      "EXECUTE format('SELECT count(*) FROM otad.%I', t) INTO n; "
                      "total := total + n; END LOOP; RETURN total; END $$; "
                      "GRANT EXECUTE ON FUNCTION otad.rows_seen() TO PUBLIC");
    (void)kit_sql(&k, "INSERT INTO tenant (tenant_id, name) VALUES (2, 'other'), (3, 'empty'); "
                      "INSERT INTO tenant_clock (tenant_id) VALUES (2), (3)");
    make_platform(&k, "m4", true);
    make_released(&k, "m4", "1.0.0", 1, CHANNEL_STABLE);
    make_device(&k, "one", "m4", NULL);
    struct update u;
    OK(db_update_create(&k.scope, "one", "1.0.0", &u));
}

/* How much a role sees with these settings; equality is asked in SQL, as SQLSTATE carries no
 * numbers. */
struct settings {
    const char *tenant, *rights; /* NULL = not stated */
};

static void sees(const char *conninfo, struct settings with, const char *condition)
{
    char sql[600];
    (void)snprintf(
        sql, sizeof sql, "BEGIN; %s%s%s; %s%s%s; SELECT 1 / (rows_seen() %s)::int; COMMIT",
        with.tenant == NULL ? "" : "SET LOCAL otad.tenant = '",
        with.tenant == NULL ? "" : with.tenant, with.tenant == NULL ? "" : "'",
        with.rights == NULL ? "" : "SET LOCAL otad.rights = '",
        with.rights == NULL ? "" : with.rights, with.rights == NULL ? "" : "'", condition);
    state_is(conninfo, sql, "00000");
}

#define AS_OTAD(n) "SET otad.tenant = '" #n "'; SET otad.rights = 'otad'; "

static void test_row_level_security(void)
{
    sees(k.app, (struct settings){NULL, NULL}, "= 0");
    sees(k.app, (struct settings){"", "otad"}, "= 0");
    sees(k.app, (struct settings){"1", "otad"}, "> 10");
    sees(k.app, (struct settings){"1", NULL}, "= 0");
    sees(k.app, (struct settings){"1", ""}, "= 0");
    sees(k.app, (struct settings){"1", "{}"}, "= 2"); /* the tenant and its clock */
    sees(k.app, (struct settings){"3", "otad"}, "= 2");
    sees(k.owner, (struct settings){NULL, NULL}, "= 0");
    /* What its functions continue: the audit log. */
    sees(k.owner, (struct settings){"1", "otad"}, "= (SELECT count(*) FROM audit_entry)");
    sees(k.jobs, (struct settings){NULL, NULL}, "> 10");
    /* Another tenant's rows can be neither made, taken nor pointed to. */
    state_is(k.app, "INSERT INTO tenant_clock (tenant_id) VALUES (1)", "42501");
    state_is(k.app, AS_OTAD(2) "INSERT INTO device_seen (tenant_id, device_no) VALUES (1, 1)",
             "42501");
    state_is(k.app, AS_OTAD(1) "UPDATE device SET tenant_id = 2", "42501");
    state_is(k.app, AS_OTAD(2) "INSERT INTO device_attribute VALUES (2, 1, 'k', 'v')", "23503");
    /* Roles do what they are for, and no more. */
    state_is(k.app, "CREATE TABLE otad.x ()", "42501");
    state_is(k.app, "ALTER TABLE device DISABLE ROW LEVEL SECURITY", "42501");
    state_is(k.app, "SELECT guard('device', NULL, '{anyone}', '{}', '{}', '{}')", "42501");
    state_is(k.app, "SET ROLE otad_jobs", "42501");
    state_is(k.app, AS_OTAD(1) "DELETE FROM update_event", "42501");
    state_is(k.app, AS_OTAD(1) "UPDATE key_manifest SET sequence = 0", "42501");
    state_is(k.app, AS_OTAD(1) "DELETE FROM release", "42501");
    state_is(k.app, AS_OTAD(1) "UPDATE release_step SET detail = ''", "42501");
    state_is(k.app, AS_OTAD(1) "DELETE FROM release_step", "42501");
    state_is(k.app, "SELECT * FROM schema_version", "00000");
    state_is(k.jobs, "SELECT password_hash FROM account", "42501");
    state_is(k.jobs, "UPDATE api_key SET scopes = '{}'", "42501");
    state_is(k.jobs, "UPDATE device SET version = '9'", "42501");
    state_is(k.jobs, "INSERT INTO change VALUES (1, 99, 'device', 1)", "42501");
}

/* Through otad: one tenant cannot reach what is another's, by name or by number. */
static void test_scopes(void)
{
    struct db_scope other = k.scope;
    struct device d, *devices = NULL;
    struct update u, *updates = NULL;
    struct release r, *releases = NULL;
    struct platform p;
    size_t count = 9;
    other.tenant_id = 2;
    OK(db_device_get(&k.scope, "one", &d));
    const int32_t update_id = d.update.id;
    IS(db_device_get(&other, "one", &d), OTA_E_NOT_FOUND);
    IS(db_device_delete(&other, "one"), OTA_E_NOT_FOUND);
    IS(db_update_get(&other, update_id, &u), OTA_E_NOT_FOUND);
    IS(db_update_cancel(&other, update_id, &u), OTA_E_NOT_FOUND);
    IS(db_release_get(&other, "m4", "1.0.0", &r), OTA_E_NOT_FOUND);
    IS(db_platform_get(&other, "m4", &p), OTA_E_NOT_FOUND);
    OK(db_device_list(&other, &(struct device_filter){0}, &(struct db_page){.limit = 9},
                      &devices, &count));
    assert(count == 0);
    OK(db_update_list(&other, &(struct update_filter){0}, &(struct db_page){.limit = 9},
                      &updates, &count));
    assert(count == 0);
    OK(db_release_list(&other, NULL, &(struct db_page){.limit = 9}, &releases, &count));
    assert(count == 0);
    /* The same names are free there. */
    const struct platform m4 = {.name = "m4", .title = "theirs"};
    OK(db_platform_create(&other, &m4, &p));
    OK(db_platform_get(&k.scope, "m4", &p));
    assert(strcmp(p.title, "m4") == 0);
}

/* What no code of ours writes; SQLSTATE 23514 is a check, 23505 unique, 23503 foreign, 23502
 * null. */
static void test_constraints(void)
{
    static const struct {
        const char *sql, *state;
    } row[] = {
        {"INSERT INTO tenant (name) VALUES ('../x')", "23514"},
        {"INSERT INTO account (tenant_id, name, role, password_hash) VALUES (1, '', 'admin', "
         "'$argon2id$')",
         "23514"},
        {"INSERT INTO account (tenant_id, name, role, password_hash) VALUES (1, 'x', 'admin', "
         "'plain')",
         "23514"},
        {"INSERT INTO account_role (tenant_id, account_id, role) VALUES (1, 1, 'No Role')",
         "23514"},
        {"INSERT INTO account_role (tenant_id, account_id, role) VALUES (1, 0, 'admin')",
         "23503"},
        {"INSERT INTO account_link VALUES (1, 1, 'short', 'reset', now(), '', now() + interval "
         "'1 h')",
         "23514"},
        {"INSERT INTO account_link VALUES (1, 1, sha256('x'), 'gift', now(), '', now() + "
         "interval '1 h')",
         "23514"},
        {"INSERT INTO account_link VALUES (1, 1, sha256('x'), 'reset', now(), '', now())",
         "23514"},
        {"INSERT INTO account_totp (tenant_id, account_id, secret) VALUES (1, 1, sha256('x'))",
         "23514"},
        {"INSERT INTO account_recovery VALUES (1, 1, 'short')", "23514"},
        {"INSERT INTO account_recovery VALUES (1, 1, sha256('x'))", "23503"},
        {"INSERT INTO session (tenant_id, session_hash, account_id, csrf_token, expires_at, "
         "address) VALUES (1, sha256('x'), 1, 'x', now(), repeat('x', 65))",
         "23514"},
        {"INSERT INTO session (tenant_id, session_hash, account_id, csrf_token, expires_at, "
         "agent) VALUES (1, sha256('x'), 1, 'x', now(), repeat('x', 257))",
         "23514"},
        {"INSERT INTO setup_token VALUES (1, 'short', now(), now() + interval '1 h')", "23514"},
        {"INSERT INTO setup_token VALUES (1, sha256('x'), now(), now())", "23514"},
        {"INSERT INTO platform (tenant_id, name, title, follow_channel) VALUES (1, 'X', '', "
         "true)",
         "23514"},
        {"INSERT INTO platform (tenant_id, name, title, follow_channel) VALUES (1, 'x', '', "
         "true)",
         "23503"},
        {"UPDATE platform SET hardware_class = '\\x00'", "23514"},
        {"INSERT INTO platform_root SELECT 1, platform_id, 0, 1, sha512('x') FROM platform",
         "23514"},
        {"INSERT INTO platform_root SELECT 1, platform_id, 3, 1, sha256('x') FROM platform",
         "23514"},
        {"INSERT INTO key_manifest (tenant_id, platform_id, sequence, manifest, imported_by) "
         "SELECT 1, platform_id, -1, 'x', '' FROM platform",
         "23514"},
        {"INSERT INTO api_key (tenant_id, api_key_id, name, key_hash, scopes, all_platforms, "
         "created_by) VALUES (1, 1, 'x', sha256('x'), '{root}', true, '')",
         "23514"},
        {"INSERT INTO api_key (tenant_id, api_key_id, name, key_hash, scopes, all_platforms, "
         "created_by) VALUES (1, 1, 'x', sha256('x'), '{}', true, '')",
         "23514"},
        {"UPDATE release SET version = '1.0'", "23514"},
        {"UPDATE release SET version_key = '\\x01'", "23514"},
        {"UPDATE release SET security_counter = 4294967296", "23514"},
        {"UPDATE release SET channel = NULL", "23514"},
        {"UPDATE release SET channel = 'gamma'", "23514"},
        {"UPDATE release SET state = 'draft'", "23514"},
        {"UPDATE release SET state = 'withdrawn'", "23514"},
        {"UPDATE release SET withdrawn_reason = 'x'", "23514"},
        {"UPDATE release SET minimum_version = '0.1.0'", "23514"},
        {"UPDATE release SET minimum_version = version, minimum_version_key = version_key",
         "23514"},
        {"UPDATE release_artifact SET format = 'zip', details = '{}'", "23514"},
        {"UPDATE release_artifact SET format = 'uf2'", "23514"},
        {"UPDATE release_artifact SET format = 'uf2', details = '[]'", "23514"},
        {"UPDATE release_step SET step = 'burnt'", "23514"},
        {"INSERT INTO release_step (tenant_id, release_id, actor, step, detail) VALUES (1, 0, "
         "'', 'created', '')",
         "23503"},
        {"UPDATE artifact SET sha256 = 'x'", "23514"},
        {"UPDATE artifact SET key_hash = NULL WHERE kind = 'mcuboot'", "23514"},
        {"UPDATE artifact SET kind = 'file'", "23514"},
        {"UPDATE release_artifact SET sha256 = sha256('other')", "23514"},
        {"UPDATE release_artifact SET stored_at = NULL", "23514"},
        {"UPDATE release_artifact SET name = '../../etc/passwd'", "23514"},
        {"UPDATE device SET device_id = 'a/b'", "23514"},
        {"UPDATE device SET device_id = repeat('x', 129)", "23514"},
        {"UPDATE device SET token_hash = 'x'", "23514"},
        {"UPDATE device SET token_hash = NULL, gateway_token_id = NULL", "23514"},
        {"UPDATE device SET platform_id = NULL", "23514"},
        {"UPDATE device SET version = NULL, version_key = sha256('x')", "23514"},
        {"UPDATE device SET platform_id = 999", "23503"},
        {"UPDATE device_update SET update_id = 20", "23514"},
        {"UPDATE device_update SET update_id = 7", "23514"},
        {"UPDATE device_update SET update_id = -11", "23514"},
        {"UPDATE device_update SET state = 'succeeded'", "23514"},
        {"UPDATE device_update SET state = 'succeeded', closed_at = now()", "23514"},
        {"UPDATE device_update SET state = 'cancelling'", "23514"},
        {"UPDATE device_update SET closed_at = now()", "23514"},
        {"UPDATE device_update SET reason = 'x'", "23514"},
        {"UPDATE device_update SET progress_percent = 101", "23514"},
        {"UPDATE device_update SET updated_at = created_at - interval '1 s'", "23514"},
        {"INSERT INTO device_update (tenant_id, device_no, release_id, created_by) SELECT 1, "
         "device_no, release_id, '' FROM device_update",
         "23505"},
        {"UPDATE update_event SET event_no = 1001", "23514"},
        {"UPDATE update_event SET execution = 'exploded'", "23514"},
        {"UPDATE change SET kind = 'other'", "23514"},
        {"UPDATE tenant_clock SET change_seq = -1", "23514"},
        {"DELETE FROM release", "23503"},
        {"DELETE FROM platform", "23503"},
        {"INSERT INTO device_heartbeat (tenant_id, device_no, at, uptime_s) SELECT 1, "
         "device_no, "
         "now(), -1 FROM device",
         "23514"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        state_is(k.super, row[i].sql, row[i].state);
}

int main(void)
{
    kit_open(&k, "safety");
    prepare();
    test_row_level_security();
    test_scopes();
    test_constraints();
    kit_close(&k);
    puts("safety: one tenant a transaction, roles, constraints");
    return 0;
}
