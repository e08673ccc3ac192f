/* Sessions of the plain door, from requests and reports to statistics. */
#include <string.h>
#include <time.h>

#include "make.h"
#include "otad/db/feed.h"
#include "otad/db/feed_plain.h"
#include "otad/db/plain.h"
#include "otad/db/statistics.h"
#include "otad/fleet/plain.h"

static struct kit k;

static ota_err tell(const char *device, enum plain_state state, const char *version,
                    int32_t *out)
{
    const struct plain_report r = {.device = device,
                                   .platform = "esp8266",
                                   .state = state,
                                   .progress_percent = -1,
                                   .version = version,
                                   .devices_max = 1000};
    return db_plain_report(&k.scope, &r, out);
}

static struct update get(int32_t id)
{
    struct update u;
    OK(db_update_get(&k.scope, id, &u));
    return u;
}

static void test_life(void)
{
    int32_t id = 0, again = 0;
    OK(tell("one", PLAIN_STARTED, "1.0.0", &id));
    OK(tell("one", PLAIN_STARTED, "1.0.0", &again));
    assert(id == again && get(id).plain && get(id).state == UPDATE_RETRIEVED);
    assert(get(id).started_at_unix_s != 0 && get(id).from_version == NULL);
    OK(tell("one", PLAIN_INSTALLING, "1.0.0", &again));
    assert(get(id).state == UPDATE_INSTALLING);
    OK(tell("one", PLAIN_SUCCEEDED, "1.0.0", &again));
    assert(get(id).state == UPDATE_SUCCEEDED && get(id).progress_percent == 100);
    IS(tell("one", PLAIN_SUCCEEDED, "1.0.0", &again), OTA_E_NOT_FOUND); /* none is open */
    OK(tell("one", PLAIN_STARTED, "1.1.0", &again));
    assert(strcmp(get(again).from_version, "1.0.0") == 0); /* it was seen to run it */
    OK(tell("one", PLAIN_STARTED, "1.0.0", &id));
    assert(get(again).state == UPDATE_FAILED && strcmp(get(again).reason, "superseded") == 0);
    OK(tell("one", PLAIN_FAILED, "1.0.0", &id));
    IS(tell("two", PLAIN_FAILED, "1.0.0", &id), OTA_E_NOT_FOUND);
    IS(tell("two", PLAIN_STARTED, "9.0.0", &id), OTA_E_NOT_FOUND);
}

static void test_doors(void)
{
    struct update u;
    int32_t id = 0;
    make_device(&k, "polls", "esp8266", NULL);
    IS(tell("polls", PLAIN_STARTED, "1.0.0", &id), OTA_E_CONFLICT);
    assert(k.scope.why == DB_WHY_OTHER_DOOR);
    IS(db_update_create(&k.scope, "one", "1.1.0", &u), OTA_E_CONFLICT);
    assert(k.scope.why == DB_WHY_OTHER_DOOR);
    struct plain_report r = {.device = "many",
                             .platform = "esp8266",
                             .state = PLAIN_STARTED,
                             .progress_percent = -1,
                             .version = "1.0.0",
                             .devices_max = 1};
    IS(db_plain_report(&k.scope, &r, &id), OTA_E_LIMIT);
    assert(k.scope.why == DB_WHY_TOO_MANY);
}

static void test_cancel_and_withdraw(void)
{
    struct release release;
    struct update u;
    int32_t id = 0;
    OK(tell("stops", PLAIN_STARTED, "1.0.0", &id));
    OK(db_update_cancel(&k.scope, id, &u));
    assert(u.state == UPDATE_CANCELLED);
    make_released(&k, "esp8266", "1.2.0", 1, CHANNEL_STABLE);
    OK(tell("stops", PLAIN_STARTED, "1.2.0", &id));
    OK(db_release_withdraw(&k.scope, "esp8266", "1.2.0", "bad", &release));
    assert(get(id).state == UPDATE_CANCELLED && strcmp(get(id).reason, "withdrawn") == 0);
}

static void age(int32_t id, int seconds)
{
    char sql[400];
    (void)snprintf(sql, sizeof sql,
                   "UPDATE device_update SET created_at = created_at - interval '%d s', "
                   "started_at = started_at - interval '%d s', updated_at = updated_at - "
                   "interval '%d s' WHERE update_id = %d",
                   seconds, seconds, seconds, id);
    (void)kit_sql(&k, sql);
}

static void test_silence(void)
{
    int32_t id = 0;
    OK(tell("silent", PLAIN_STARTED, "1.0.0", &id));
    OK(db_plain_silence(&k.scope, id, 60)); /* it spoke just now */
    assert(get(id).state == UPDATE_RETRIEVED);
    age(id, 100);
    OK(db_plain_silence(&k.scope, id, 60));
    OK(db_plain_silence(&k.scope, id, 60)); /* again: nothing */
    assert(get(id).state == UPDATE_FAILED && strcmp(get(id).reason, "no-answer") == 0);
    /* Found across tenants, by the jobs. */
    const struct pg_config jobs = {.conninfo = k.jobs, .prepare = true};
    struct pg *pg = NULL;
    int32_t spoke = 0;
    OK(tell("silent", PLAIN_STARTED, "1.0.0", &id));
    OK(tell("speaks", PLAIN_STARTED, "1.0.0", &spoke));
    age(id, 100);
    OK(pg_connect(&jobs, &pg));
    OK(feed_plain_silence(k.db, pg));
    pg_close(pg);
    assert(get(id).state == UPDATE_FAILED && get(spoke).state == UPDATE_RETRIEVED);
}

/* ---- by memory and feed ----------------------------------------------------------------- */

static struct fleet_plain asks(enum plain_kind kind, const char *device, const char *version)
{
    return (struct fleet_plain){.tenant_id = TENANT_DEFAULT,
                                .kind = kind,
                                .device = device,
                                .platform = "esp8266",
                                .version = version,
                                .actor = "key:esp",
                                .address = "192.0.2.9"};
}

static int64_t sessions_of(const char *device, const char *state)
{
    char sql[300];
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM device_update u JOIN device d USING (tenant_id, device_no) "
        "WHERE d.device_id = '%s' AND u.state = '%s'",
        device, state);
    return kit_sql(&k, sql);
}

static void test_gathered(void)
{
    const struct fleet_config config = {.lateness = {600, 3600}};
    const int64_t now = (int64_t)time(NULL);
    struct fleet *fleet = NULL;
    struct feed *feed = NULL;
    OK(fleet_new(&config, &fleet));
    OK(feed_start(k.db, fleet, &feed));
    struct fleet_plain p = asks(PLAIN_RUNS, "new", "1.1.0");
    fleet_plain_tell(fleet, &p, now); /* unknown, and begins nothing */
    p = asks(PLAIN_BEGINS, "new", "1.1.0");
    p.from_version = "0.9.0";
    fleet_plain_tell(fleet, &p, now);
    OK(feed_flush(feed));
    feed_catch_up(feed, TENANT_DEFAULT);
    assert(sessions_of("new", "retrieved") == 1);
    fleet_plain_tell(fleet, &p, now); /* it goes on */
    p = asks(PLAIN_RUNS, "new", "1.0.0");
    fleet_plain_tell(fleet, &p, now); /* not yet */
    p = asks(PLAIN_BEGINS, "polls", "1.1.0");
    fleet_plain_tell(fleet, &p, now); /* of the other door */
    p = asks(PLAIN_BEGINS, "lost", "1.1.0");
    p.platform = "none-such";
    fleet_plain_tell(fleet, &p, now);
    OK(feed_flush(feed));
    assert(sessions_of("new", "retrieved") == 1 && sessions_of("polls", "retrieved") == 0);
    p = asks(PLAIN_RUNS, "new", "1.1.0");
    fleet_plain_tell(fleet, &p, now);
    OK(feed_flush(feed));
    feed_catch_up(feed, TENANT_DEFAULT);
    assert(sessions_of("new", "succeeded") == 1);
    fleet_plain_tell(fleet, &p, now); /* an idle poll from now on */
    struct fleet_plain taken[4];
    size_t count = 9;
    OK(fleet_take_plain(fleet, 4, &k.arena, taken, &count));
    assert(count == 0);
    /* In order, and not more than there is room for. */
    for (int i = 0; i < FLEET_PLAIN_MAX + 10; i++)
        fleet_return_plain(fleet, &p);
    for (size_t total = 0; total < FLEET_PLAIN_MAX; total += count) {
        OK(fleet_take_plain(fleet, 4, &k.arena, taken, &count));
        assert(count == 4 && strcmp(taken[3].device, "new") == 0);
        kit_forget(&k);
    }
    OK(fleet_take_plain(fleet, 4, &k.arena, taken, &count));
    assert(count == 0);
    fleet_plain_tell(fleet, &p, now);
    feed_stop(feed);
    fleet_free(fleet);
}

/* ---- statistics ------------------------------------------------------------------------ */

static void test_statistics(void)
{
    static const int seconds[] = {10, 20, 30, 63, 64, 1000, 100000};
    enum { TOOK = sizeof seconds / sizeof seconds[0] };
    struct statistics before, s;
    int32_t id = 0;
    make_released(&k, "esp8266", "2.0.0", 1, CHANNEL_STABLE);
    OK(db_statistics_get(&k.scope, &(struct statistics_filter){.version = "2.0.0"}, &before));
    assert(before.all.succeeded == 0 && before.release_count == 0 && !before.all.has_duration);
    for (int i = 0; i < TOOK; i++) {
        char device[16];
        (void)snprintf(device, sizeof device, "s%d", i);
        OK(tell(device, PLAIN_STARTED, "2.0.0", &id));
        age(id, seconds[i]);
        OK(tell(device, PLAIN_SUCCEEDED, "2.0.0", &id));
    }
    OK(tell("s0", PLAIN_STARTED, "2.0.0", &id));
    OK(tell("s0", PLAIN_FAILED, "2.0.0", &id));
    OK(tell("s1", PLAIN_STARTED, "2.0.0", &id));
    OK(db_statistics_get(
        &k.scope, &(struct statistics_filter){.platform = "esp8266", .version = "2.0.0"}, &s));
    assert(s.all.succeeded == TOOK && s.all.failed == 1 && s.all.cancelled == 0);
    assert(s.all.in_progress == 1 && s.release_count == 1 && s.releases[0].n.succeeded == TOOK);
    assert(strcmp(s.releases[0].version, "2.0.0") == 0);
    assert(s.all.has_duration && s.all.mean_s >= 14455 && s.all.mean_s < 14470);
    assert(s.all.p95_s >= 100000 && s.all.p95_s < 100010);
    assert(s.day_count >= 1 &&
           s.days[s.day_count - 1].succeeded + (s.day_count > 1 ? s.days[0].succeeded : 0) ==
               TOOK);
    IS(db_statistics_get(&k.scope, &(struct statistics_filter){.platform = "none"}, &s),
       OTA_E_NOT_FOUND);
    OK(db_statistics_get(
        &k.scope, &(struct statistics_filter){.version = "2.0.0", .to_unix_s = 86400}, &s));
    assert(s.all.succeeded == 0 && s.all.in_progress == 1 && s.day_count == 0);
    /* Counted as they closed, whoever is gone since. */
    OK(db_device_delete(&k.scope, "s2"));
    OK(db_statistics_get(&k.scope, &(struct statistics_filter){.version = "2.0.0"}, &s));
    assert(s.all.succeeded == TOOK);
    /* By rights. */
    struct db_scope reader = k.scope;
    reader.rights = "{\"device.read\":\"{999999}\"}";
    OK(db_statistics_get(&reader, &(struct statistics_filter){0}, &s));
    assert(s.all.succeeded == 0 && s.all.in_progress == 0 && s.release_count == 0);
    /* Another tenant's are none of ours. */
    struct db_scope other = k.scope;
    other.tenant_id = 2;
    OK(db_statistics_get(&other, &(struct statistics_filter){0}, &s));
    assert(s.all.succeeded == 0 && s.release_count == 0);
}

/* Each bucket holds what belongs there and is at most an eighth wide. */
static void test_buckets(void)
{
    assert(kit_sql(&k, "SELECT count(*) FROM generate_series(0, 300000) s "
                       "WHERE duration_bucket(s) < duration_bucket(greatest(s - 1, 0))") == 0);
    assert(kit_sql(&k, "SELECT count(*) FROM (SELECT min(s) AS low, max(s) AS high FROM "
                       "generate_series(0, 300000) s GROUP BY duration_bucket(s)) b "
                       "WHERE high - low > low / 8") == 0);
    assert(kit_sql(&k, "SELECT duration_bucket(NULL)") == -1);
    assert(kit_sql(&k, "SELECT duration_bucket(4000000000)") > 64);
}

int main(void)
{
    kit_open(&k, "plain");
    (void)kit_sql(&k, "INSERT INTO tenant (tenant_id, name) VALUES (2, 'other'); "
                      "INSERT INTO tenant_clock (tenant_id) VALUES (2)");
    make_platform(&k, "esp8266", false);
    make_released(&k, "esp8266", "1.0.0", 1, CHANNEL_STABLE);
    make_released(&k, "esp8266", "1.1.0", 1, CHANNEL_STABLE);
    test_life();
    test_doors();
    test_cancel_and_withdraw();
    test_silence();
    test_gathered();
    test_statistics();
    test_buckets();
    kit_close(&k);
    return 0;
}
