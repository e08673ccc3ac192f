/*
 * The memory model over a real database: what is committed is in memory after feed_catch_up, in
 * another otad soon after; polls touch no SQL and survive the database's death; last_seen and
 * heartbeats arrive behind.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "make.h"
#include "otad/db/api_key.h"
#include "otad/db/feed.h"
#include "otad/db/gateway.h"
#include "otad/db/platform.h"
#include "otad/db/statistics.h"

static struct kit k;

/* One otad's memory, and what it told. */
struct replica {
    struct fleet *fleet;
    struct feed *feed;
    atomic_int devices, gone, updates, releases, resyncs;
};

static void count_event(void *arg, const struct fleet_event *e)
{
    struct replica *r = arg;
    switch (e->kind) {
    case FLEET_EVENT_DEVICE:
        assert(e->device->id != NULL && e->device->name != NULL);
        atomic_fetch_add(&r->devices, 1);
        break;
    case FLEET_EVENT_DEVICE_GONE:
        atomic_fetch_add(&r->gone, 1);
        break;
    case FLEET_EVENT_UPDATE:
        assert(e->update->device != NULL && e->update->version != NULL);
        atomic_fetch_add(&r->updates, 1);
        break;
    case FLEET_EVENT_RELEASE:
        atomic_fetch_add(&r->releases, 1);
        break;
    case FLEET_EVENT_RESYNC:
        atomic_fetch_add(&r->resyncs, 1);
        break;
    }
}

static void replica_start(struct replica *r)
{
    memset(r, 0, sizeof *r);
    const struct fleet_config config = {
        .lateness = {600, 3600}, .event = count_event, .event_arg = r};
    OK(fleet_new(&config, &r->fleet));
    assert(!fleet_is_loaded(r->fleet));
    OK(feed_start(k.db, r->fleet, &r->feed));
    assert(fleet_is_loaded(r->fleet));
}

static void replica_stop(struct replica *r)
{
    feed_stop(r->feed);
    fleet_free(r->fleet);
}

static struct fleet_caller caller(const char *id)
{
    struct fleet_caller who = {.tenant = "DEFAULT",
                               .device_id = id,
                               .address = "10.0.0.7",
                               .now_unix_s = (int64_t)time(NULL)};
    make_token_hash(id, who.token_hash);
    return who;
}

static ota_err poll_of(struct replica *r, const char *id, struct fleet_poll *out)
{
    const struct fleet_caller who = caller(id);
    return fleet_poll(r->fleet, &who, out);
}

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Wait for a condition, a minute at most. */
#define UNTIL(condition)                                                                       \
    do {                                                                                       \
        int until_left = 6000;                                                                 \
        while (!(condition)) {                                                                 \
            if (until_left-- == 0) {                                                           \
                fprintf(stderr, "%s:%d: never: %s\n", __FILE__, __LINE__, #condition);         \
                abort();                                                                       \
            }                                                                                  \
            pause_ms(10);                                                                      \
        }                                                                                      \
    } while (0)

static void test_whole_update(struct replica *r)
{
    struct fleet_poll poll;
    struct update u;
    struct fleet_deployment d;
    struct artifact artifact;
    make_device(&k, "one", "m4", "1.0.0");
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "one", &poll));
    assert(poll.action == FLEET_IDLE && poll.offer_release_id == 0 && !poll.config_wanted);
    make_released(&k, "m4", "1.1.0", 6, CHANNEL_STABLE);
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "one", &poll));
    assert(poll.action == FLEET_IDLE && poll.offer_release_id != 0);
    const int64_t release_id = poll.offer_release_id;
    OK(db_update_offer(&k.scope, poll.device_no, release_id, &u));
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "one", &poll));
    assert(poll.action == FLEET_DEPLOYMENT && poll.update_id == u.id && poll.update_pending);
    const uint32_t change = poll.change;
    OK(db_update_retrieved(&k.scope, "one", u.id, &u));
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "one", &poll));
    assert(!poll.update_pending && poll.change == change);
    struct fleet_caller who = caller("one");
    OK(fleet_deployment(r->fleet, &who, u.id, &k.arena, &d));
    assert(d.release.artifact_count == 1 && d.release.artifacts[0].size_bytes == 1000);
    assert(strcmp(d.release.version, "1.1.0") == 0 && d.update.state == UPDATE_RETRIEVED);
    IS(fleet_deployment(r->fleet, &who, u.id + 1, &k.arena, &d), OTA_E_CONFLICT);
    OK(fleet_artifact(r->fleet, &who, release_id, "firmware.bin", &k.arena, &artifact));
    assert(artifact.sha1[0] == 1 && artifact.md5[0] == 2);
    IS(fleet_artifact(r->fleet, &who, release_id, "other", &k.arena, &artifact),
       OTA_E_NOT_FOUND);
    IS(fleet_artifact(r->fleet, &who, release_id + 1, "firmware.bin", &k.arena, &artifact),
       OTA_E_NOT_FOUND);
    OK(db_update_cancel(&k.scope, u.id, &u));
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "one", &poll));
    assert(poll.action == FLEET_CANCEL);
    const struct feedback success = make_feedback(EXECUTION_CLOSED, RESULT_SUCCESS);
    const int events = atomic_load(&r->updates);
    OK(db_update_feedback(&k.scope, "one", u.id, &success, &u));
    feed_catch_up(r->feed, 1);
    assert(atomic_load(&r->updates) > events);
    OK(poll_of(r, "one", &poll));
    assert(poll.action == FLEET_IDLE && poll.config_wanted && poll.offer_release_id == 0);
    IS(fleet_artifact(r->fleet, &who, release_id, "firmware.bin", &k.arena, &artifact),
       OTA_E_NOT_FOUND);
}

static void test_gateway_and_credentials(struct replica *r)
{
    const uint8_t hash[32] = {0xee};
    struct gateway gateway;
    struct device d;
    struct fleet_poll poll;
    struct fleet_caller who = caller("new");
    memcpy(who.token_hash, hash, 32);
    who.is_gateway = true;
    IS(fleet_poll(r->fleet, &who, &poll), OTA_E_AUTH);
    OK(db_gateway_put(&k.scope, "hall", "m4", hash, &gateway));
    feed_catch_up(r->feed, 1);
    IS(fleet_poll(r->fleet, &who, &poll), OTA_E_NOT_FOUND);
    assert(poll.gateway_id == gateway.id && poll.tenant_id == 1);
    OK(db_device_register(&k.scope, "new", poll.gateway_id, &d));
    feed_catch_up(r->feed, 1);
    OK(fleet_poll(r->fleet, &who, &poll));
    assert(poll.config_wanted && poll.device_no == d.no);
    who.is_gateway = false;
    IS(fleet_poll(r->fleet, &who, &poll), OTA_E_AUTH); /* it has no token of its own */
    OK(db_gateway_revoke(&k.scope, gateway.id));
    feed_catch_up(r->feed, 1);
    who.is_gateway = true;
    IS(fleet_poll(r->fleet, &who, &poll), OTA_E_AUTH);
    /* A new token, and a deleted device. */
    uint8_t fresh[32] = {0x77};
    make_device(&k, "tok", "m4", NULL);
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "tok", &poll));
    OK(db_device_token_replace(&k.scope, "tok", fresh));
    feed_catch_up(r->feed, 1);
    IS(poll_of(r, "tok", &poll), OTA_E_AUTH);
    OK(db_device_delete(&k.scope, "tok"));
    const int gone = atomic_load(&r->gone);
    feed_catch_up(r->feed, 1);
    assert(atomic_load(&r->gone) == gone + 1);
    IS(fleet_device_get(r->fleet, 1, "tok", &k.arena, &d), OTA_E_NOT_FOUND);
    make_device(&k, "tok", "m4", NULL);
    feed_catch_up(r->feed, 1);
    OK(poll_of(r, "tok", &poll));
}

static void test_api_key(struct replica *r)
{
    const char *const scopes[] = {"release.read"}, *const platforms[] = {"m4"};
    struct api_key key = {.name = "ci", .scopes = {1, scopes}, .platforms = {1, platforms}};
    struct fleet_key found;
    const uint8_t hash[32] = {0x5a}, wrong[32] = {0x5b};
    const int64_t now = (int64_t)time(NULL);
    key.expires_at_unix_s = now + 100;
    OK(db_api_key_next_id(&k.scope, &key.id));
    OK(db_api_key_put(&k.scope, &key, hash, &key));
    feed_catch_up(r->feed, 1);
    OK(fleet_api_key(r->fleet, key.id, hash, now, &k.arena, &found));
    assert(strcmp(found.scopes, "release.read") == 0 && strcmp(found.platforms, "m4") == 0);
    IS(fleet_api_key(r->fleet, key.id, wrong, now, &k.arena, &found), OTA_E_AUTH);
    IS(fleet_api_key(r->fleet, key.id + 1, hash, now, &k.arena, &found), OTA_E_AUTH);
    IS(fleet_api_key(r->fleet, key.id, hash, now + 100, &k.arena, &found), OTA_E_AUTH);
    OK(feed_flush(r->feed));
    assert(kit_sql(&k, "SELECT unix_s(last_used_at) FROM api_key") == now);
    OK(db_api_key_revoke(&k.scope, key.id));
    feed_catch_up(r->feed, 1);
    IS(fleet_api_key(r->fleet, key.id, hash, now, &k.arena, &found), OTA_E_AUTH);
}

static void test_plain_door(struct replica *r)
{
    const char *const aliases[] = {"cortex"};
    const struct db_names names = {1, aliases};
    struct platform p;
    struct release out;
    const char *name = NULL;
    bool newer = false;
    OK(db_platform_patch(&k.scope, "m4", &(struct platform_patch){.aliases = &names}, &p));
    feed_catch_up(r->feed, 1);
    OK(fleet_platform(r->fleet, 1, "cortex", &k.arena, &name));
    assert(strcmp(name, "m4") == 0);
    IS(fleet_platform(r->fleet, 1, "corte", &k.arena, &name), OTA_E_NOT_FOUND);
    OK(fleet_newest(r->fleet, &(struct fleet_wish){1, "cortex", CHANNEL_STABLE, "1.0.0"},
                    &k.arena, &out, &newer));
    assert(newer && strcmp(out.version, "1.1.0") == 0 && out.artifact_count == 1);
    OK(fleet_newest(r->fleet, &(struct fleet_wish){1, "m4", CHANNEL_BETA, NULL}, &k.arena, &out,
                    &newer));
    assert(newer);
    OK(fleet_newest(r->fleet, &(struct fleet_wish){1, "m4", CHANNEL_NONE, "1.1.0"}, &k.arena,
                    &out, &newer));
    assert(!newer);
    OK(fleet_newest(r->fleet, &(struct fleet_wish){1, "m4", CHANNEL_STABLE, "2.0.0"}, &k.arena,
                    &out, &newer));
    assert(!newer);
    IS(fleet_newest(r->fleet, &(struct fleet_wish){1, "esp8266", CHANNEL_STABLE, NULL},
                    &k.arena, &out, &newer),
       OTA_E_NOT_FOUND);
}

static void test_written_behind(struct replica *r)
{
    const struct fleet_caller who = caller("one");
    const struct heartbeat h = {.version = "1.1.0",
                                .slot = "B",
                                .app = "blinky \"2\"",
                                .uptime_s = 77,
                                .free_bytes = -1};
    struct device d;
    OK(fleet_heartbeat(r->fleet, &who, &h));
    OK(fleet_device_get(r->fleet, 1, "one", &k.arena, &d));
    assert(d.has_heartbeat && d.heartbeat.uptime_s == 77 && strcmp(d.address, "10.0.0.7") == 0);
    OK(feed_flush(r->feed));
    OK(db_device_get(&k.scope, "one", &d));
    assert(d.last_seen_at_unix_s == who.now_unix_s && strcmp(d.address, "10.0.0.7") == 0);
    assert(d.has_heartbeat && d.heartbeat.uptime_s == 77 && d.heartbeat.free_bytes == -1);
    assert(strcmp(d.heartbeat.app, "blinky \"2\"") == 0 && d.heartbeat.reset_cause == NULL);
    const struct heartbeat second = {.slot = "A", .uptime_s = 1, .free_bytes = 9};
    OK(fleet_heartbeat(r->fleet, &who, &second));
    OK(feed_flush(r->feed));
    OK(db_device_get(&k.scope, "one", &d));
    assert(strcmp(d.heartbeat.slot, "A") == 0 && d.heartbeat.version == NULL);
    assert(d.heartbeat.free_bytes == 9);
    /* A put of the row does not undo what memory knows better. */
    (void)kit_sql(&k, "UPDATE device_seen SET last_seen_at = '2001-01-01', address = ''");
    OK(db_device_patch(&k.scope, "one", &(struct device_patch){.name = "Number one"}, &d));
    feed_catch_up(r->feed, 1);
    OK(fleet_device_get(r->fleet, 1, "one", &k.arena, &d));
    assert(d.last_seen_at_unix_s == who.now_unix_s && strcmp(d.name, "Number one") == 0);
    assert(d.has_heartbeat && strcmp(d.heartbeat.slot, "A") == 0);
}

/* Stale since it first said so, also for an otad that hears it for the first time; over with
 * the first heartbeat that does not say it. */
static void test_stale(struct replica *r)
{
    const struct fleet_caller who = caller("one");
    const struct heartbeat fine = {.slot = "A"};
    struct device d;
    const struct heartbeat stale = {.stale_since_unix_s = 1};
    const struct device_filter is_stale = {.stale = DEVICE_STALE_YES, .now_unix_s = 1};
    const struct device_filter is_fresh = {.stale = DEVICE_STALE_NO, .now_unix_s = 1};
    const struct db_page page = {.limit = 50};
    struct device *list = NULL;
    struct statistics stats;
    size_t count = 0, fresh = 0;
    OK(fleet_heartbeat(r->fleet, &who, &stale));
    OK(feed_flush(r->feed));
    (void)kit_sql(&k, "UPDATE device_heartbeat SET stale_since = at - interval '1 day'");
    struct fleet_caller later = who;
    later.now_unix_s = who.now_unix_s + 1;
    OK(fleet_heartbeat(r->fleet, &later, &stale));
    OK(feed_flush(r->feed));
    OK(db_device_get(&k.scope, "one", &d));
    assert(d.heartbeat.at_unix_s == later.now_unix_s);
    assert(d.heartbeat.stale_since_unix_s == who.now_unix_s - 86400);
    OK(db_device_list(&k.scope, &is_stale, &page, &list, &count));
    OK(db_device_list(&k.scope, &is_fresh, &page, &list, &fresh));
    assert(count == 1 && fresh > 0);
    OK(db_statistics_get(&k.scope, &(struct statistics_filter){0}, &stats));
    assert(stats.stale == 1);
    OK(fleet_heartbeat(r->fleet, &later, &fine));
    OK(feed_flush(r->feed));
    OK(db_device_get(&k.scope, "one", &d));
    assert(d.heartbeat.stale_since_unix_s == 0);
    OK(db_device_list(&k.scope, &is_stale, &page, &list, &count));
    assert(count == 0);
}

/* Lines of the server's log that name the role; statements are all logged. */
static long statements(const char *role)
{
    char path[512], line[4096];
    long n = 0;
    (void)snprintf(path, sizeof path, "%s/data/log", getenv("OTAD_TEST_PG"));
    FILE *file = fopen(path, "r");
    assert(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        n += strstr(line, role) != NULL && strstr(line, "LOG:") != NULL;
    (void)fclose(file);
    return n;
}

static void test_pruned(void)
{
    struct replica r;
    (void)kit_sql(&k,
                  "UPDATE change SET changed_at = now() - interval '2 h' WHERE change_seq < 5");
    assert(kit_sql(&k, "SELECT count(*) FROM change WHERE change_seq < 5") == 4);
    replica_start(&r);
    UNTIL(kit_sql(&k, "SELECT count(*) FROM change WHERE change_seq < 5") == 0);
    assert(kit_sql(&k, "SELECT count(*) FROM change") > 0);
    replica_stop(&r);
}

static void test_polls_are_no_sql(struct replica *r)
{
    struct fleet_poll poll;
    const long app = statements("otad_app"), jobs = statements("otad_jobs");
    assert(app > 0 && jobs > 0);
    for (int i = 0; i < 10000; i++)
        OK(poll_of(r, "one", &poll));
    OK(feed_flush(r->feed));
    assert(statements("otad_app") == app);
    assert(statements("otad_jobs") - jobs < 100); /* what runs by the clock, and one batch */
}

static void test_second_otad(struct replica *r)
{
    struct replica other;
    struct fleet_poll poll;
    struct device d;
    replica_start(&other);
    make_device(&k, "two", "m4", "1.1.0");
    /* Nobody calls feed_catch_up here: the hint or the second does it. */
    UNTIL(poll_of(&other, "two", &poll) == OTA_OK);
    UNTIL(poll_of(r, "two", &poll) == OTA_OK);
    OK(db_device_delete(&k.scope, "two"));
    UNTIL(fleet_device_get(other.fleet, 1, "two", &k.arena, &d) == OTA_E_NOT_FOUND);
    /* Everything there was to read is older than the oldest change that is left. */
    const int before = atomic_load(&other.resyncs);
    (void)kit_sql(&k,
                  "BEGIN; UPDATE tenant_clock SET change_seq = change_seq + 10; INSERT INTO "
                  "change (tenant_id, change_seq, kind, key) SELECT 1, change_seq, 'device', 1 "
                  "FROM tenant_clock; UPDATE device SET name = 'silently'; COMMIT");
    UNTIL(atomic_load(&other.resyncs) > before);
    OK(fleet_device_get(other.fleet, 1, "one", &k.arena, &d));
    assert(strcmp(d.name, "silently") == 0);
    replica_stop(&other);
}

/* ---- order of changes under concurrency
 * ------------------------------------------------------- */

enum { WRITERS = 4, ROUNDS = 60 };

static void *write_devices(void *arg)
{
    const int me = *(const int *)arg;
    struct arena arena;
    arena_init(&arena, (size_t)8 << 20);
    struct db_scope scope = k.scope;
    scope.arena = &arena;
    for (int i = 0; i < ROUNDS; i++) {
        char id[32], name[32];
        struct device d;
        (void)snprintf(id, sizeof id, "w%d",
                       i % 2 == 0 ? me : WRITERS); /* one they all share */
        (void)snprintf(name, sizeof name, "%d of %d", i, me);
        OK(db_device_patch(&scope, id, &(struct device_patch){.name = name}, &d));
        arena_done(&arena);
        arena_init(&arena, (size_t)8 << 20);
    }
    arena_done(&arena);
    return NULL;
}

static bool same_names(struct replica *r)
{
    bool same = true;
    for (int i = 0; i <= WRITERS; i++) {
        struct device memory, row;
        char id[32];
        (void)snprintf(id, sizeof id, "w%d", i);
        OK(fleet_device_get(r->fleet, 1, id, &k.arena, &memory));
        OK(db_device_get(&k.scope, id, &row));
        same = same && strcmp(memory.name, row.name) == 0;
    }
    kit_forget(&k);
    return same;
}

static void test_order(struct replica *r)
{
    pthread_t thread[WRITERS];
    int number[WRITERS];
    for (int i = 0; i <= WRITERS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "w%d", i);
        make_device(&k, id, "m4", NULL);
    }
    const int64_t before = kit_sql(&k, "SELECT change_seq FROM tenant_clock");
    for (int i = 0; i < WRITERS; i++) {
        number[i] = i;
        assert(pthread_create(&thread[i], NULL, write_devices, &number[i]) == 0);
    }
    for (int i = 0; i < WRITERS; i++)
        (void)pthread_join(thread[i], NULL);
    assert(kit_sql(&k, "SELECT change_seq FROM tenant_clock") ==
           before + (int64_t)WRITERS * ROUNDS);
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(DISTINCT change_seq) FROM change WHERE "
                   "change_seq > %lld",
                   (long long)before);
    assert(kit_sql(&k, sql) == (int64_t)WRITERS * ROUNDS); /* without gaps */
    feed_catch_up(r->feed, 1);
    assert(same_names(r));
}

/* ---- without a database
 * ----------------------------------------------------------------------- */

static void test_database_away(struct replica *r)
{
    struct fleet_poll poll;
    struct device d;
    kit_cluster("stop");
    for (int i = 0; i < 100; i++)
        OK(poll_of(r, "one", &poll));
    IS(feed_flush(r->feed), OTA_E_BUSY);
    OK(poll_of(r, "one", &poll));
    /* What was committed and could not be read back: polls wait rather than contradict it. */
    feed_catch_up(r->feed, 1);
    IS(poll_of(r, "one", &poll), OTA_E_BUSY);
    kit_cluster("start");
    UNTIL(poll_of(r, "one", &poll) == OTA_OK);
    const int64_t now = caller("one").now_unix_s;
    UNTIL(db_device_get(&k.scope, "one", &d) == OTA_OK && d.last_seen_at_unix_s >= now - 60);
    OK(db_device_patch(&k.scope, "one", &(struct device_patch){.name = "after"}, &d));
    UNTIL(fleet_device_get(r->fleet, 1, "one", &k.arena, &d) == OTA_OK &&
          strcmp(d.name, "after") == 0);
    OK(db_ready(k.db));
}

int main(void)
{
    struct replica r;
    kit_open(&k, "feed");
    make_platform(&k, "m4", true);
    make_platform(&k, "esp8266", true);
    replica_start(&r);
    test_whole_update(&r);
    test_gateway_and_credentials(&r);
    test_api_key(&r);
    test_plain_door(&r);
    test_written_behind(&r);
    test_stale(&r);
    test_polls_are_no_sql(&r);
    test_second_otad(&r);
    test_pruned();
    test_order(&r);
    replica_stop(&r);
    replica_start(&r);
    assert(same_names(&r)); /* loaded from nothing */
    test_database_away(&r);
    replica_stop(&r);
    kit_close(&k);
    puts("feed: memory follows the database, polls need none");
    return 0;
}
