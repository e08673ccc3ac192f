/* The audit log: nobody but its function writes it, nobody changes it, and writers who come at
 * once make one chain. */
#include <pthread.h>
#include <string.h>

#include "make.h"
#include "otad/db/audit.h"
#include "otad/db/gateway.h"
#include "otad/db/platform.h"

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

#define AS_TENANT "SET otad.tenant = '1'; SET otad.rights = 'otad'; "

static void test_append_only(void)
{
    static const char *const writes[] = {
        "UPDATE audit_entry SET actor = 'eve'",
        "UPDATE audit_entry SET hash = hash WHERE seq = 1",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE audit_entry",
    };
    const int64_t before = kit_sql(&k, "SELECT count(*) FROM audit_entry");
    assert(before > 0);
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        char sql[400];
        (void)snprintf(sql, sizeof sql, AS_TENANT "%s", writes[i]);
        state_is(k.app, sql, "42501");
        state_is(k.jobs, sql, "42501");
    }
    /* Its owner and a superuser are stopped by the trigger, if they only slip. */
    for (size_t i = 0; i < 4; i++) {
        char sql[400];
        (void)snprintf(sql, sizeof sql, AS_TENANT "%s", writes[i]);
        state_is(k.owner, sql, "42501");
        state_is(k.super, sql, "42501");
    }
    state_is(k.jobs,
             AS_TENANT "SELECT audit_append('a', NULL, 'a.b', 'o', NULL, NULL, NULL, NULL)",
             "42501");
    state_is(k.jobs, "SELECT * FROM audit_entry", "42501");
    assert(kit_sql(&k, "SELECT count(*) FROM audit_entry") == before);
    /* The one call that there is. */
    state_is(k.app,
             AS_TENANT "SELECT audit_append('a', NULL, 'a.b', 'o', NULL, NULL, NULL, NULL)",
             "00000");
    assert(kit_sql(&k, "SELECT count(*) FROM audit_entry") == before + 1);
    /* Without a tenant there is no log. */
    state_is(k.app, "SELECT audit_append('a', NULL, 'a.b', 'o', NULL, NULL, NULL, NULL)",
             "42501");
    state_is(k.app,
             AS_TENANT "SELECT audit_append('a', NULL, 'No.Verb', 'o', NULL, NULL, NULL, NULL)",
             "23514");
    /* Statistics likewise. */
    state_is(k.app, AS_TENANT "INSERT INTO update_summary SELECT * FROM update_summary",
             "42501");
    state_is(k.app, AS_TENANT "UPDATE update_summary SET updates = 9", "42501");
    state_is(k.jobs, "DELETE FROM update_summary", "42501");
}

/* Every hash follows from the row and from the one before, by SQL of its own. */
static void chain_holds(void)
{
    assert(kit_sql(&k, "SELECT count(*) FROM (SELECT tenant_id, seq, prev_hash, "
                       "lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER w AS before, "
                       "row_number() OVER w AS n FROM audit_entry "
                       "WINDOW w AS (PARTITION BY tenant_id ORDER BY seq)) e "
                       "WHERE seq <> n OR prev_hash <> before") == 0);
    assert(kit_sql(&k,
                   "SELECT count(*) FROM audit_entry e WHERE hash <> sha256(prev_hash || "
                   "convert_to((SELECT string_agg(coalesce(octet_length(p) || ':' || p, '-') "
                   "|| ',', '' "
                   "ORDER BY n) FROM unnest(ARRAY[seq::text, to_char(at AT TIME ZONE 'UTC', "
                   "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), actor, address, action, object, "
                   "platform, before, "
                   "after]) WITH ORDINALITY AS x(p, n)), 'UTF8'))") == 0);
}

static void newest(struct audit_entry *out)
{
    OK(db_audit_head(&k.scope, out));
}

static void test_before_and_after(void)
{
    struct audit_entry e, again;
    struct platform p;
    const bool follow = true;
    make_platform(&k, "m4", false);
    newest(&e);
    assert(strcmp(e.action, "platform.create") == 0 && e.before == NULL && e.after != NULL);
    assert(strcmp(e.platform, "m4") == 0 && strcmp(e.actor, "tester") == 0);
    k.scope.address = "192.0.2.7";
    const struct platform_patch patch = {.title = "say \"\303\244\" \\ \n",
                                         .follow_channel = &follow};
    OK(db_platform_patch(&k.scope, "m4", &patch, &p));
    newest(&e);
    assert(strcmp(e.before, "{\"title\": \"m4\", \"follow_channel\": false}") == 0);
    assert(strcmp(e.after,
                  "{\"title\": \"say \\\"\303\244\\\" \\\\ \\n\", \"follow_channel\": true}") ==
           0);
    assert(strcmp(e.address, "192.0.2.7") == 0);
    OK(db_platform_patch(&k.scope, "m4", &patch, &p)); /* nothing differs: no entry */
    newest(&again);
    assert(again.seq == e.seq);
    /* What was rolled back was never told. */
    const struct platform twice = {.name = "m4", .title = "x"};
    IS(db_platform_create(&k.scope, &twice, &p), OTA_E_CONFLICT);
    newest(&again);
    assert(again.seq == e.seq);
}

static void test_too_long(void)
{
    struct audit_entry e;
    char *text = malloc(20001);
    assert(text != NULL);
    memset(text, 'x', 20000);
    text[20000] = '\0';
    const struct audit_field long_one[] = {AUDIT_TEXT("notes", text), {0}};
    OK(db_audit_put(&k.scope, &(struct audit){.action = "a.b",
                                              .object = "o",
                                              .after = audit_object(&k.arena, long_one)}));
    newest(&e);
    assert(strstr(e.after, "\"too_long\": 20013") != NULL && strlen(e.after) < 200);
    free(text);
}

static void test_objects(void)
{
    static const char *const names[] = {"a", "b"};
    const struct db_names list = {2, names};
    const uint8_t bytes[] = {0, 255};
    const char *text =
        audit_object(&k.arena, (const struct audit_field[]){AUDIT_TEXT("t", NULL),
                                                            AUDIT_INT("i", -1),
                                                            AUDIT_BOOL("b", true),
                                                            AUDIT_TIME("at", 1763630400),
                                                            AUDIT_LIST("l", &list),
                                                            AUDIT_HEX("h", bytes, sizeof bytes),
                                                            AUDIT_RAW("r", "{\"x\":1}"),
                                                            {0}});
    assert(strcmp(text, "{\"t\":null,\"i\":-1,\"b\":true,\"at\":\"2025-11-20T09:20:00Z\",\"l\":"
                        "[\"a\",\"b\"],"
                        "\"h\":\"00ff\",\"r\":{\"x\":1}}") == 0);
}

enum { THREADS = 4, EACH = 25, ALL = THREADS * EACH };

static void *append(void *arg)
{
    const int n = *(const int *)arg;
    struct arena arena;
    for (int i = 0; i < EACH; i++) {
        char object[32];
        (void)snprintf(object, sizeof object, "t%d-%d", n, i);
        arena_init(&arena, 1 << 20);
        struct db_scope scope = k.scope;
        scope.arena = &arena;
        OK(db_audit_put(&scope, &(struct audit){.action = "test.append", .object = object}));
        arena_done(&arena);
    }
    return NULL;
}

static void test_at_once(void)
{
    pthread_t thread[THREADS];
    int number[THREADS];
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        assert(pthread_create(&thread[i], NULL, append, &number[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert(pthread_join(thread[i], NULL) == 0);
    assert(kit_sql(
               &k,
               "SELECT count(DISTINCT object) FROM audit_entry WHERE action = 'test.append'") ==
           ALL);
    chain_holds();
}

static size_t count_of(const struct audit_filter *f, struct db_scope *s)
{
    struct audit_entry *e = NULL;
    size_t count = 0;
    OK(db_audit_list(s, f, &(struct db_page){.limit = 200}, &e, &count));
    return count;
}

static void test_lists(void)
{
    struct audit_entry *e = NULL;
    struct gateway g;
    const uint8_t hash[32] = {1};
    size_t count = 0;
    OK(db_gateway_put(&k.scope, "G", "m4", hash, &g));
    struct db_scope *s = &k.scope;
    assert(count_of(&(struct audit_filter){.action = "gateway.create"}, s) == 1);
    assert(count_of(&(struct audit_filter){.action = "gateway"}, s) == 1);
    assert(count_of(&(struct audit_filter){.action = "gate"}, s) == 0);
    assert(count_of(&(struct audit_filter){.platform = "m4", .object = "G"}, s) == 1);
    assert(count_of(&(struct audit_filter){.actor = "eve"}, s) == 0);
    assert(count_of(&(struct audit_filter){.to_unix_s = 1000}, s) == 0);
    assert(count_of(&(struct audit_filter){.from_unix_s = 1000, .from_seq = 3, .to_seq = 5},
                    s) == 3);
    OK(db_audit_list(s, &(struct audit_filter){.oldest_first = true, .to_seq = 4},
                     &(struct db_page){.limit = 2, .after_id = 1}, &e, &count));
    assert(count == 2 && e[0].seq == 2 && e[1].seq == 3);
    /* The numbers of another tenant begin with 1, and it sees its own. */
    struct db_scope other = k.scope;
    other.tenant_id = 2;
    assert(count_of(&(struct audit_filter){0}, &other) == 0);
    OK(db_audit_put(&other, &(struct audit){.action = "a.b", .object = "theirs"}));
    OK(db_audit_list(&other, &(struct audit_filter){0}, &(struct db_page){.limit = 9}, &e,
                     &count));
    assert(count == 1 && e[0].seq == 1);
    /* By rights: of one platform only what belongs to it. */
    char rights[64];
    (void)snprintf(
        rights, sizeof rights, "{\"audit.read\":\"{%lld}\"}",
        (long long)kit_sql(
            &k, "SELECT platform_id FROM platform WHERE name = 'm4' AND tenant_id = 1"));
    struct db_scope reader = k.scope;
    reader.rights = rights;
    OK(db_audit_list(&reader, &(struct audit_filter){0}, &(struct db_page){.limit = 200}, &e,
                     &count));
    assert(count >= 3);
    for (size_t i = 0; i < count; i++)
        assert(e[i].platform != NULL && strcmp(e[i].platform, "m4") == 0);
    reader.rights = "{\"device.read\":\"*\"}";
    assert(count_of(&(struct audit_filter){0}, &reader) == 0);
    chain_holds();
}

int main(void)
{
    kit_open(&k, "audit");
    (void)kit_sql(&k, "INSERT INTO tenant (tenant_id, name) VALUES (2, 'other'); "
                      "INSERT INTO tenant_clock (tenant_id) VALUES (2)");
    test_before_and_after();
    test_append_only();
    test_too_long();
    test_objects();
    test_lists();
    test_at_once();
    kit_close(&k);
    return 0;
}
