/*
 * Repositories against PostgreSQL: a change is written as a whole or not at all, what is signed
 * stays for ever, and memory follows.  What a change is decided by is stood in for here.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "make.h"
#include "otad/db/feed.h"
#include "otad/db/pg.h"
#include "otad/db/tuf.h"
#include "otad/fleet/metadata.h"

static struct kit k;

struct plan {
    struct repo_change change;
    ota_err refuse;
    const char *version, *name; /* of a file to look for */
    struct repo_artifact found;
    ota_err find_err;
    int64_t root_before;
};

static ota_err decide(void *arg, const struct repo_state *state, const struct repo_store *store,
                      struct repo_change *out)
{
    struct plan *p = arg;
    p->root_before = state->file[REPO_ROOT].version;
    if (p->version != NULL)
        p->find_err = store->find(store->arg, p->version, p->name, &p->found);
    *out = p->change;
    return p->refuse;
}

static struct repo_file file(enum repo_role role, int64_t version, const char *text)
{
    return (struct repo_file){.role = role,
                              .version = version,
                              .bytes = (const uint8_t *)text,
                              .len = strlen(text),
                              .expires_unix_s = 4000000000,
                              .by = "ann",
                              .id = {(uint8_t)version, (uint8_t)role}};
}

static void publish(struct plan *p, struct repo_file f)
{
    p->change.publish[p->change.publish_count++] = f;
}

static ota_err run(struct plan *p)
{
    struct repo_change written;
    return db_tuf_change(&k.scope, "m4", decide, p, &written);
}

static int64_t count(const char *what)
{
    char sql[200];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM otad.%s", what);
    return kit_sql(&k, sql);
}

static void waiting(void)
{
    struct plan p = {.change.keep = file(REPO_TARGETS, 1, "{\"a\":1}")};
    struct repo_state s;
    OK(run(&p));
    OK(run(&p)); /* again is no news */
    OK(db_tuf_get(&k.scope, "m4", &s));
    assert(s.pending_count == 1 && s.pending[0].len == 7 && s.file[REPO_ROOT].bytes == NULL);
    assert(strcmp(s.pending[0].by, "ann") == 0 && strcmp(s.platform, "m4") == 0);
    assert(count("audit_entry WHERE action = 'tuf.submit'") == 1);
    uint8_t other[32] = {9};
    IS(db_tuf_pending_remove(&k.scope, "m4", other), OTA_E_NOT_FOUND);
    OK(db_tuf_pending_remove(&k.scope, "m4", s.pending[0].id));
    assert(count("tuf_pending") == 0);
    p.change.drop = &s.pending[0]; /* gone already: no error */
    OK(run(&p));
}

static void one_step(void)
{
    struct plan p = {.version = "1.0.0", .name = "firmware.bin"};
    struct repo_state s;
    const struct repo_target *t = NULL;
    size_t targets = 0, len = 0;
    const uint8_t *bytes = NULL;
    publish(&p, file(REPO_ROOT, 1, "r1"));
    publish(&p, file(REPO_TARGETS, 1, "t1"));
    publish(&p, file(REPO_TIMESTAMP, 1, "n1"));
    p.refuse = OTA_E_SIGNATURE;
    IS(run(&p), OTA_E_SIGNATURE);
    assert(count("tuf_file") == 0);
    p.refuse = OTA_OK;
    OK(run(&p));
    assert(p.find_err == OTA_OK && p.found.release_id > 0 && p.found.version.len > 0);
    assert(p.root_before == 0 && count("tuf_file") == 3);
    assert(count("tuf_pending") == 0); /* targets 1 had waited */

    struct plan next = {.version = "1.0.0", .name = "other.bin"};
    publish(&next, file(REPO_TIMESTAMP, 2, "n2"));
    next.change.set_targets = true;
    next.change.target_count = 1;
    next.change.target[0] = (struct repo_target){
        .path = "1.0.0/firmware.bin", .entry = "{}", .release_id = p.found.release_id};
    next.change.has_director_key = true;
    next.change.floor[CHANNEL_STABLE] =
        (struct repo_floor){.version = p.found.version, .counter = 7};
    OK(run(&next));
    assert(next.find_err == OTA_E_NOT_FOUND && next.root_before == 1);
    assert(count("tuf_file") == 3); /* the newest timestamp alone */
    IS(run(&next), OTA_E_CONFLICT); /* a version is given once */
    OK(db_tuf_get(&k.scope, "m4", &s));
    assert(s.floor[CHANNEL_STABLE].counter == 7 && s.has_director_key);
    assert(version_compare(&s.floor[CHANNEL_STABLE].version, &p.found.version) == 0);
    OK(db_tuf_target_list(&k.scope, "m4", &t, &targets));
    assert(targets == 1 && strcmp(t[0].path, "1.0.0/firmware.bin") == 0);
    OK(db_tuf_file_get(&k.scope, "m4", REPO_ROOT, 1, &bytes, &len));
    assert(len == 2 && memcmp(bytes, "r1", 2) == 0);
    IS(db_tuf_file_get(&k.scope, "m4", REPO_ROOT, 2, &bytes, &len), OTA_E_NOT_FOUND);
    OK(db_tuf_public_set(&k.scope, "m4", true));
    OK(db_tuf_get(&k.scope, "m4", &s));
    assert(s.public_targets && s.floor[CHANNEL_STABLE].counter == 7);
}

/* Only what is listed goes out. */
static void kept_back(void)
{
    struct release r;
    make_complete(&k, "m4", "1.1.0", 1);
    IS(db_release_release(&k.scope, "m4", "1.1.0", CHANNEL_STABLE, &r), OTA_E_CONFLICT);
    assert(k.scope.why == DB_WHY_NOT_IN_TARGETS);
    OK(db_release_release(&k.scope, "m4", "1.0.0", CHANNEL_STABLE, &r));
    struct update u;
    make_device(&k, "one", "m4", NULL);
    IS(db_update_create(&k.scope, "one", "1.1.0", &u), OTA_E_CONFLICT);
    assert(k.scope.why == DB_WHY_NOT_IN_TARGETS);
    OK(db_update_create(&k.scope, "one", "1.0.0", &u));
}

/* A root can't be taken away by anybody that otad speaks as. */
static void roots_stay(void)
{
    char state[6];
    kit_sql_state(k.app,
                  "BEGIN; SET LOCAL otad.tenant = '1'; SET LOCAL otad.rights = 'otad'; "
                  "DELETE FROM otad.tuf_file; COMMIT",
                  state);
    assert(strcmp(state, "00000") == 0);
    assert(count("tuf_file WHERE role = 'root'") == 1);
    assert(count("tuf_file WHERE role = 'timestamp'") == 0);
    kit_sql_state(k.app,
                  "BEGIN; SET LOCAL otad.tenant = '1'; SET LOCAL otad.rights = 'otad'; "
                  "UPDATE otad.tuf_file SET body = 'x'; COMMIT",
                  state);
    assert(strcmp(state, "42501") == 0);
}

static void memory_follows(void)
{
    const struct fleet_config config = {.lateness = {600, 3600}};
    const struct fleet_metadata_at at = {.tenant = "DEFAULT", .platform = "m4"};
    struct fleet *fleet = NULL;
    struct feed *feed = NULL;
    struct fleet_metadata_file f;
    struct fleet_metadata_where where;
    struct fleet_metadata_due due[2];
    struct artifact a;
    bool listed = false;
    OK(fleet_new(&config, &fleet));
    OK(feed_start(k.db, fleet, &feed));
    OK(fleet_metadata_file(fleet, &at, REPO_ROOT, &k.arena, &f));
    assert(f.version == 1 && f.len == 2 && memcmp(f.bytes, "r1", 2) == 0);
    IS(fleet_metadata_file(fleet, &at, REPO_SNAPSHOT, &k.arena, &f), OTA_E_NOT_FOUND);
    OK(fleet_metadata_find(fleet, &at, &k.arena, &where));
    assert(where.public_targets && where.tenant_id == TENANT_DEFAULT);
    OK(fleet_metadata_artifact(fleet, &at, "1.1.0", "firmware.bin", &k.arena, &a, &listed));
    assert(!listed);
    struct plan p = {0};
    publish(&p, file(REPO_ROOT, 2, "r2"));
    publish(&p, file(REPO_TIMESTAMP, 3, "n3"));
    OK(run(&p));
    feed_catch_up(feed, TENANT_DEFAULT);
    OK(fleet_metadata_file(fleet, &at, REPO_ROOT, &k.arena, &f));
    assert(f.version == 2);
    struct fleet_metadata_lives lives = {
        .now_unix_s = 3999999000, .snapshot_s = 604800, .timestamp_s = 86400};
    assert(fleet_metadata_due(fleet, &lives, &k.arena, due, 2) == 1);
    assert(strcmp(due[0].platform, "m4") == 0);
    feed_stop(feed);
    fleet_free(fleet);
}

/* Years of renewals leave no more than readers can still be on their way through: the newest
 * timestamp, and the snapshots that have not expired. */
static void renewals_are_bounded(void)
{
    enum { RENEWALS = 60 };
    struct repo_state s;
    const uint8_t *bytes = NULL;
    size_t len = 0;
    OK(db_tuf_get(&k.scope, "m4", &s));
    const int64_t timestamp = s.file[REPO_TIMESTAMP].version;
    for (int i = 1; i <= RENEWALS; i++) {
        struct plan p = {0};
        struct repo_file snapshot = file(REPO_SNAPSHOT, i, "s");
        if (i != RENEWALS - 1)
            snapshot.expires_unix_s = 1000 + i; /* long ago */
        publish(&p, snapshot);
        publish(&p, file(REPO_TIMESTAMP, timestamp + i, "n"));
        OK(run(&p));
    }
    assert(count("tuf_file WHERE role = 'timestamp'") == 1);
    assert(count("tuf_file WHERE role = 'snapshot'") == 2);
    OK(db_tuf_file_get(&k.scope, "m4", REPO_SNAPSHOT, RENEWALS - 1, &bytes, &len));
    OK(db_tuf_file_get(&k.scope, "m4", REPO_SNAPSHOT, RENEWALS, &bytes, &len));
    assert(count("audit_entry WHERE action = 'tuf.publish'") < RENEWALS); /* nobody's deed */
}

/* Waits until somebody reads what it has locked, and then publishes another set. */
static void *publish_beside(void *arg)
{
    while (kit_sql(&k, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = "
                       "'otad.tuf_target'::regclass") == 0)
        (void)usleep(1000);
    OK(pg_simple(
        arg, "INSERT INTO otad.tuf_file (tenant_id, platform_id, role, version, body, "
             "expires_at, published_by) SELECT tenant_id, platform_id, 'platform', 2, 'p2', "
             "now() + '1 day', 'ann' FROM otad.platform WHERE name = 'm4'; "
             "DELETE FROM otad.tuf_target; COMMIT"));
    return NULL;
}

/* Memory never holds the files of one set with the targets of another. */
static void read_as_one(void)
{
    const struct fleet_config config = {.lateness = {600, 3600}};
    const struct fleet_metadata_at at = {.tenant = "DEFAULT", .platform = "m4"};
    const struct pg_config helper = {.conninfo = k.super, .name = "helper"};
    struct fleet *fleet = NULL;
    struct feed *feed = NULL;
    struct pg *pg = NULL;
    struct fleet_metadata_file f;
    struct artifact a;
    pthread_t thread;
    bool listed = false;
    struct plan look = {.version = "1.0.0", .name = "firmware.bin"}, p = {0};
    OK(run(&look));
    publish(&p, file(REPO_PLATFORM, 1, "p1"));
    p.change.set_targets = true;
    p.change.target_count = 1;
    p.change.target[0] = (struct repo_target){
        .path = "1.0.0/firmware.bin", .entry = "{}", .release_id = look.found.release_id};
    memcpy(p.change.target[0].sha256, look.found.sha256, 32);
    OK(run(&p));
    OK(fleet_new(&config, &fleet));
    OK(feed_start(k.db, fleet, &feed));
    OK(pg_connect(&helper, &pg));
    OK(pg_simple(pg, "BEGIN; LOCK TABLE otad.tuf_target IN ACCESS EXCLUSIVE MODE"));
    assert(pthread_create(&thread, NULL, publish_beside, pg) == 0);
    OK(db_tuf_public_set(&k.scope, "m4", false)); /* something to read for */
    feed_catch_up(feed, TENANT_DEFAULT);
    (void)pthread_join(thread, NULL);
    assert(count("tuf_target") == 0);
    OK(fleet_metadata_file(fleet, &at, REPO_PLATFORM, &k.arena, &f));
    OK(fleet_metadata_artifact(fleet, &at, "1.0.0", "firmware.bin", &k.arena, &a, &listed));
    assert(listed == (f.version == 1));
    pg_close(pg);
    feed_stop(feed);
    fleet_free(fleet);
}

int main(void)
{
    kit_open(&k, "tuf");
    make_platform(&k, "m4", true);
    make_complete(&k, "m4", "1.0.0", 1);
    waiting();
    one_step();
    kept_back();
    roots_stay();
    memory_follows();
    read_as_one();
    renewals_are_bounded();
    kit_close(&k);
    return 0;
}
