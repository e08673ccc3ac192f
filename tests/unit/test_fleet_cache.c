/* link: fleet */
/* The memory model without a database: tables, putting and removing, seen queue, events,
 * threads. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otad/arena.h"
#include "otad/fleet/apply.h"
#include "otad/fleet/metadata.h"
#include "otad/fleet/table.h"

#define OK(call) assert((call) == OTA_OK)

/* ---- the table
 * ---------------------------------------------------------------------------------- */

static bool match_number(const void *item, const void *key)
{
    return *(const int *)item == *(const int *)key;
}

/* Few different hashes, so that runs are long; compared with a plain array after every step. */
static void test_table(void)
{
    enum { NUMBERS = 200, STEPS = 20000 };
    static int number[NUMBERS];
    static bool in[NUMBERS];
    struct table t = {0};
    uint32_t random = 12345;
    for (int i = 0; i < NUMBERS; i++)
        number[i] = i;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        const int i = (int)((random >> 8) % NUMBERS);
        const uint32_t hash = (uint32_t)i % 7 * 31;
        if (in[i])
            table_remove(&t, hash, &number[i]);
        else
            OK(table_add(&t, hash, &number[i]));
        in[i] = !in[i];
        if (step % 50 != 0)
            continue;
        size_t count = 0;
        for (int n = 0; n < NUMBERS; n++) {
            const void *found = table_find(&t, (uint32_t)n % 7 * 31, match_number, &n);
            assert(found == (in[n] ? &number[n] : NULL));
            count += in[n];
        }
        assert(t.count == count);
    }
    int other = 5;
    if (!in[5])
        OK(table_add(&t, 5 * 31, &number[5]));
    table_replace(&t, 5 * 31, &number[5], &other);
    assert(table_find(&t, 5 * 31, match_number, &number[5]) == &other);
    table_done(&t);
    assert(table_find(&t, 1, match_number, &other) == NULL);
}

/* ---- the model
 * ---------------------------------------------------------------------------------- */

static atomic_int told[8];
static char told_state[64]; /* of the last device */

static void hear(void *arg, const struct fleet_event *e)
{
    (void)arg;
    atomic_fetch_add(&told[e->kind], 1);
    if (e->kind == FLEET_EVENT_DEVICE)
        (void)snprintf(told_state, sizeof told_state, "%s", e->device->id);
}

static struct fleet *f;

static void put_device(int64_t no, const char *id, const char *version)
{
    struct fleet_device_row row = {.device = {.no = no,
                                              .id = id,
                                              .name = "",
                                              .channel = CHANNEL_STABLE,
                                              .version = version,
                                              .address = ""},
                                   .platform_id = 1,
                                   .has_token = true};
    (void)snprintf((char *)row.token_hash, sizeof row.token_hash, "%s", id);
    OK(fleet_put_device(f, 1, &row));
}

static struct fleet_caller caller(const char *id, int64_t now)
{
    struct fleet_caller who = {
        .tenant = "DEFAULT", .device_id = id, .address = "::1", .now_unix_s = now};
    (void)snprintf((char *)who.token_hash, sizeof who.token_hash, "%s", id);
    return who;
}

static ota_err poll_of(const char *id, int64_t now, struct fleet_poll *out)
{
    const struct fleet_caller who = caller(id, now);
    return fleet_poll(f, &who, out);
}

static const char *minimum; /* of releases that are put */

static void put_release(int64_t id, const char *version, enum channel channel)
{
    const struct artifact artifact = {.name = "a.bin", .size_bytes = 3, .kind = ARTIFACT_FILE};
    struct fleet_release_row row = {.release = {.id = id,
                                                .platform = "m4",
                                                .version = version,
                                                .channel = channel,
                                                .state = RELEASE_RELEASED,
                                                .notes = "",
                                                .created_by = "",
                                                .sums_signed_by = "",
                                                .minimum_version = minimum,
                                                .artifact_count = 1,
                                                .artifacts = &artifact},
                                    .platform_id = 1,
                                    .version = version_of(version)};
    OK(fleet_put_release(f, 1, &row));
}

static void test_loading(void)
{
    struct fleet_poll poll;
    const struct fleet_platform_row m4 = {
        .id = 1, .name = "m4", .aliases = "cortex an386", .follow_channel = true};
    assert(poll_of("a", 1, &poll) == OTA_E_BUSY);
    assert(fleet_put_platform(f, 1, &m4) == OTA_E_NOT_FOUND);
    OK(fleet_put_tenant(f, 1, "DEFAULT"));
    OK(fleet_put_tenant(f, 2, "other"));
    fleet_reload_begin(f);
    OK(fleet_put_platform(f, 1, &m4));
    put_device(1, "a", "1.0.0");
    assert(!fleet_is_loaded(f) && poll_of("a", 1, &poll) == OTA_E_BUSY);
    fleet_reload_end(f);
    assert(fleet_is_loaded(f) && atomic_load(&told[FLEET_EVENT_DEVICE]) == 0);
    OK(poll_of("a", 1000, &poll));
    assert(poll.tenant_id == 1 && poll.device_no == 1 && poll.action == FLEET_IDLE);
}

static void test_who(void)
{
    struct fleet_poll poll;
    struct fleet_caller who = caller("a", 1000);
    who.tenant = "other";
    assert(fleet_poll(f, &who, &poll) == OTA_E_AUTH);
    who.tenant = "none";
    assert(fleet_poll(f, &who, &poll) == OTA_E_AUTH);
    who = caller("a", 1000);
    who.token_hash[31] ^= 1;
    assert(fleet_poll(f, &who, &poll) == OTA_E_AUTH);
    assert(poll_of("unknown", 1, &poll) == OTA_E_AUTH);
    const struct fleet_gateway_row gateway = {.id = 4, .hash = {9}}, second = {.id = 5};
    OK(fleet_put_gateway(f, 1, &gateway));
    OK(fleet_put_gateway(f, 1, &second));
    fleet_remove_gateway(f, 1, 5);
    memset(who.token_hash, 0, 32);
    who.is_gateway = true;
    assert(fleet_poll(f, &who, &poll) == OTA_E_AUTH); /* what is removed lets nobody in */
    who.token_hash[0] = 9;
    OK(fleet_poll(f, &who, &poll));
    who.device_id = "unknown";
    assert(fleet_poll(f, &who, &poll) == OTA_E_NOT_FOUND && poll.gateway_id == 4);
    who.is_gateway = false;
    assert(fleet_poll(f, &who, &poll) == OTA_E_AUTH);
}

static void test_offers(void)
{
    struct fleet_poll poll;
    put_release(11, "1.1.0", CHANNEL_STABLE);
    put_release(12, "1.2.0", CHANNEL_BETA);
    OK(poll_of("a", 1000, &poll));
    assert(poll.offer_release_id == 11);
    put_release(12, "1.2.0", CHANNEL_STABLE);
    OK(poll_of("a", 1000, &poll));
    assert(poll.offer_release_id == 12);
    const struct fleet_platform_row still = {.id = 1, .name = "m4"};
    OK(fleet_put_platform(f, 1, &still));
    OK(poll_of("a", 1000, &poll));
    assert(poll.offer_release_id == 0);
    const struct fleet_platform_row moving = {.id = 1, .name = "m4", .follow_channel = true};
    OK(fleet_put_platform(f, 1, &moving));
    put_device(1, "a", NULL);
    OK(poll_of("a", 1000, &poll));
    assert(poll.offer_release_id == 0); /* not before it tells what it runs */
    put_device(1, "a", "1.2.0");
    OK(poll_of("a", 1000, &poll));
    assert(poll.offer_release_id == 0);
    fleet_set_behind(f, 1, true);
    assert(poll_of("a", 1000, &poll) == OTA_E_BUSY);
    fleet_set_behind(f, 1, false);
    OK(poll_of("a", 1000, &poll));
}

/* What the plain door gives for this version: "!1.2.0" if there is nothing to take. */
static const char *newest_for(const char *version)
{
    static char text[80];
    struct arena a;
    struct release r;
    bool newer = false;
    arena_init(&a, 65536);
    OK(fleet_newest(f, &(struct fleet_wish){1, "m4", CHANNEL_STABLE, version}, &a, &r, &newer));
    (void)snprintf(text, sizeof text, "%s%s", newer ? "" : "!", r.version);
    arena_done(&a);
    return text;
}

static void test_stepping_stones(void)
{
    struct fleet_poll poll;
    minimum = "1.2.0";
    put_release(13, "2.0.0", CHANNEL_STABLE);
    minimum = "1.9.0";
    put_release(14, "2.1.0", CHANNEL_STABLE);
    minimum = NULL;
    static const struct {
        const char *runs, *newest;
        int64_t offered;
    } table[] = {
        {"1.0.0", "1.2.0", 12},     {"1.1.9", "1.2.0", 12}, {"1.2.0", "2.0.0", 13},
        {"1.8.0", "2.0.0", 13},     {"1.9.0", "2.1.0", 14}, {"2.0.0", "2.1.0", 14},
        {"2.1.0", "!2.1.0", 0},     {"3.0.0", "!2.1.0", 0}, {NULL, "2.1.0", 0},
        {"no version", "2.1.0", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        put_device(1, "a", table[i].runs);
        OK(poll_of("a", 1000, &poll));
        assert(poll.offer_release_id == table[i].offered);
        assert(strcmp(newest_for(table[i].runs), table[i].newest) == 0);
    }
    minimum = "1.2.0";
    put_release(12, "1.2.0", CHANNEL_STABLE); /* no stone is left below it */
    put_release(11, "1.1.0", CHANNEL_STABLE);
    minimum = NULL;
    put_device(1, "a", "1.1.0");
    OK(poll_of("a", 1000, &poll));
    assert(poll.offer_release_id == 0 && strcmp(newest_for("1.1.0"), "!2.1.0") == 0);
    put_release(11, "1.1.0", CHANNEL_STABLE);
    put_device(1, "a", "1.2.0");
}

static size_t take(size_t max, struct arena *a, struct fleet_seen **out)
{
    size_t count = 99;
    arena_init(a, (size_t)1 << 20);
    OK(fleet_take_seen(f, max, a, out, &count));
    return count;
}

static void test_seen(void)
{
    struct fleet_poll poll;
    struct fleet_seen *seen = NULL;
    struct arena a;
    while (take(10, &a, &seen) > 0)
        arena_done(&a);
    arena_done(&a);
    for (int i = 0; i < 100; i++)
        OK(poll_of("a", 2000 + i, &poll));
    const int before = atomic_load(&told[FLEET_EVENT_DEVICE]);
    assert(take(10, &a, &seen) == 1); /* a hundred polls, one row */
    assert(seen[0].device_no == 1 && seen[0].last_seen_at_unix_s == 2099);
    assert(strcmp(seen[0].address, "::1") == 0 && !seen[0].has_heartbeat);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before); /* it was online before */
    fleet_return_seen(f, seen, 1);
    arena_done(&a);
    assert(take(10, &a, &seen) == 1 && seen[0].last_seen_at_unix_s == 2099);
    arena_done(&a);
    assert(take(10, &a, &seen) == 0);
    arena_done(&a);
    /* Heartbeats: the newest one, told, and kept when the writing failed. */
    const struct fleet_caller who = caller("a", 2200);
    struct heartbeat h = {.slot = "A", .uptime_s = 5, .free_bytes = -1};
    OK(fleet_heartbeat(f, &who, &h));
    h.slot = "B";
    OK(fleet_heartbeat(f, &who, &h));
    assert(take(10, &a, &seen) == 1 && seen[0].has_heartbeat);
    assert(strcmp(seen[0].heartbeat.slot, "B") == 0 && seen[0].heartbeat.at_unix_s == 2200);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before + 1);
    fleet_return_seen(f, seen, 1);
    arena_done(&a);
    assert(take(10, &a, &seen) == 1 && seen[0].has_heartbeat);
    arena_done(&a);
    /* Replacing the row keeps what polls have taught, also the place in the queue. */
    OK(poll_of("a", 2300, &poll));
    put_device(1, "a", "1.3.0");
    OK(poll_of("a", 2301, &poll));
    assert(take(10, &a, &seen) == 1 && seen[0].last_seen_at_unix_s == 2301);
    arena_done(&a);
    struct device d;
    arena_init(&a, (size_t)1 << 20);
    OK(fleet_device_get(f, 1, "a", &a, &d));
    assert(d.has_heartbeat && strcmp(d.heartbeat.slot, "B") == 0 &&
           d.last_seen_at_unix_s == 2301);
    arena_done(&a);
}

/* Stale since the first of the heartbeats that say so in a row; why is what is published. */
static void test_stale(void)
{
    struct fleet_seen *seen = NULL;
    struct fleet_stats stats;
    struct device d;
    struct arena a;
    struct heartbeat h = {.stale_since_unix_s = 1};
    struct fleet_metadata_row row = {.platform_id = 1};
    row.file[REPO_ROOT] = (struct fleet_metadata_file){1, (const uint8_t *)"r", 1, 9000, 1};
    row.file[REPO_TARGETS] = (struct fleet_metadata_file){1, (const uint8_t *)"t", 1, 5000, 1};
    row.file[REPO_PLATFORM] = (struct fleet_metadata_file){1, (const uint8_t *)"p", 1, 4000, 1};
    row.file[REPO_TIMESTAMP] = (struct fleet_metadata_file){1, (const uint8_t *)"s", 1, 10, 1};
    arena_init(&a, (size_t)1 << 20);
    put_device(1, "a", "1.0.0");
    for (int64_t at = 3000; at <= 3002; at++) {
        const struct fleet_caller who = caller("a", at);
        OK(fleet_heartbeat(f, &who, &h));
        OK(fleet_device_get(f, 1, "a", &a, &d));
        assert(d.heartbeat.at_unix_s == at && d.heartbeat.stale_since_unix_s == 3000);
        assert(d.published.role == NULL);
    }
    fleet_stats(f, 3003, &stats);
    assert(stats.stale == 1);
    arena_done(&a);
    assert(take(10, &a, &seen) == 1 && seen[0].heartbeat.stale_since_unix_s == 3000);
    OK(fleet_put_metadata(f, 1, &row));
    OK(fleet_device_get(f, 1, "a", &a, &d));
    assert(strcmp(d.published.role, d.platform) == 0 && d.published.expires_unix_s == 4000);
    row.file[REPO_PLATFORM].expires_unix_s = 6000;
    OK(fleet_put_metadata(f, 1, &row));
    OK(fleet_device_get(f, 1, "a", &a, &d));
    assert(strcmp(d.published.role, "targets") == 0 && d.published.expires_unix_s == 5000);
    h.stale_since_unix_s = 0;
    const struct fleet_caller who = caller("a", 3003);
    OK(fleet_heartbeat(f, &who, &h));
    OK(fleet_device_get(f, 1, "a", &a, &d));
    assert(d.has_heartbeat && d.heartbeat.stale_since_unix_s == 0);
    fleet_stats(f, 3003, &stats);
    assert(stats.stale == 0);
    arena_done(&a);
}

static void test_overdue(void)
{
    struct fleet_poll poll;
    struct fleet_seen *seen = NULL;
    struct arena a;
    fleet_tell_overdue(f, 2301);
    const int before = atomic_load(&told[FLEET_EVENT_DEVICE]);
    fleet_tell_overdue(f, 2301 + 60);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before);
    fleet_tell_overdue(f, 2301 + 61);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before + 1);
    fleet_tell_overdue(f, 2301 + 62);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before + 1); /* told once */
    fleet_tell_overdue(f, 2301 + 601);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before + 2);
    OK(poll_of("a", 3000, &poll));
    assert(take(10, &a, &seen) == 1); /* back again */
    arena_done(&a);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE]) == before + 3);
}

/* How the newest update ended is known to lists, what was installed to polls. */
static void test_last_update(void)
{
    struct fleet_device_row row = {.device = {.no = 9,
                                              .id = "ended",
                                              .name = "",
                                              .channel = CHANNEL_STABLE,
                                              .address = "",
                                              .has_last_update = true,
                                              .last_update = {.state = UPDATE_FAILED,
                                                              .version = "1.1.0",
                                                              .reason = "bad-hash",
                                                              .closed_at_unix_s = 77}},
                                   .has_token = true,
                                   .installed_update_id = 23};
    struct fleet_poll poll;
    struct device d;
    struct arena a;
    (void)snprintf((char *)row.token_hash, sizeof row.token_hash, "ended");
    OK(fleet_put_device(f, 1, &row));
    OK(poll_of("ended", 100, &poll));
    assert(poll.action == FLEET_IDLE && poll.installed_update_id == 23);
    for (int replaced = 0; replaced < 2; replaced++) {
        arena_init(&a, (size_t)1 << 20);
        OK(fleet_device_get(f, 1, "ended", &a, &d));
        assert(d.has_last_update && !d.has_update && d.last_update.state == UPDATE_FAILED);
        assert(strcmp(d.last_update.version, "1.1.0") == 0);
        assert(replaced ? d.last_update.reason == NULL
                        : strcmp(d.last_update.reason, "bad-hash") == 0);
        assert(d.last_update.closed_at_unix_s == 77);
        arena_done(&a);
        row.device.last_update.reason = NULL;
        OK(fleet_put_device(f, 1, &row));
    }
    fleet_remove_device(f, 1, 9);
}

static void test_removal(void)
{
    struct fleet_poll poll;
    struct fleet_seen *seen = NULL;
    struct arena a;
    const int gone = atomic_load(&told[FLEET_EVENT_DEVICE_GONE]);
    put_device(2, "b", NULL);
    OK(poll_of("b", 1, &poll));
    fleet_remove_device(f, 1, 2);
    fleet_remove_device(f, 1, 2);
    assert(atomic_load(&told[FLEET_EVENT_DEVICE_GONE]) == gone + 1);
    assert(poll_of("b", 1, &poll) == OTA_E_AUTH);
    assert(take(10, &a, &seen) == 0); /* it was in the queue */
    arena_done(&a);
    /* Deleted and made again, heard of in one go. */
    put_device(3, "c", NULL);
    put_device(4, "c", NULL);
    OK(poll_of("c", 1, &poll));
    assert(poll.device_no == 4);
    /* Reading everything anew drops what is no more. */
    const struct fleet_key_row key = {
        .id = 8, .name = "k", .scopes = "release.read", .platforms = "*", .hash = {1}};
    struct fleet_key found;
    struct fleet_used used[4];
    arena_init(&a, 65536);
    OK(fleet_put_key(f, 1, &key));
    OK(fleet_api_key(f, 8, key.hash, 5, &a, &found));
    assert(found.tenant_id == 1 && fleet_take_used(f, used, 4) == 1 && used[0].at_unix_s == 5);
    assert(fleet_take_used(f, used, 4) == 0);
    fleet_reload_begin(f);
    put_device(1, "a", NULL);
    OK(poll_of("c", 1, &poll)); /* while reading, all of them are served */
    fleet_reload_end(f);
    assert(atomic_load(&told[FLEET_EVENT_RESYNC]) == 1);
    assert(poll_of("c", 1, &poll) == OTA_E_AUTH);
    assert(fleet_api_key(f, 8, key.hash, 5, &a, &found) == OTA_E_AUTH);
    OK(poll_of("a", 1, &poll));
    arena_done(&a);
}

/* Too little memory anywhere is an error, never half an answer. */
static void test_small_arenas(void)
{
    struct device d;
    struct release r;
    struct arena a;
    bool newer = false, ever = false;
    for (size_t bytes = 0; bytes < 8192; bytes += 128) {
        arena_init(&a, bytes);
        const ota_err err = fleet_device_get(f, 1, "a", &a, &d);
        assert(err == OTA_OK || err == OTA_E_LIMIT);
        arena_done(&a);
        arena_init(&a, bytes);
        const ota_err newest = fleet_newest(
            f, &(struct fleet_wish){1, "m4", CHANNEL_STABLE, NULL}, &a, &r, &newer);
        assert(newest == OTA_OK || newest == OTA_E_LIMIT);
        ever = ever || newest == OTA_OK;
        arena_done(&a);
    }
    assert(ever);
}

/* ---- threads
 * ------------------------------------------------------------------------------------ */

static atomic_bool stop;

static void *poll_forever(void *arg)
{
    const int me = *(const int *)arg;
    const struct heartbeat h = {.slot = "A", .uptime_s = 1, .free_bytes = 2};
    while (!atomic_load(&stop)) {
        for (int i = me; i < 64; i += 3) {
            struct fleet_poll poll;
            char id[16];
            (void)snprintf(id, sizeof id, "t%d", i);
            const struct fleet_caller who = caller(id, 5000);
            const ota_err err = fleet_poll(f, &who, &poll);
            assert(err == OTA_OK || err == OTA_E_AUTH);
            assert(err != OTA_OK || poll.device_no == 100 + i);
            if (i % 8 == 0 && fleet_heartbeat(f, &who, &h) != OTA_OK)
                assert(err == OTA_E_AUTH || err == OTA_OK);
        }
    }
    return NULL;
}

static void test_threads(void)
{
    enum { THREADS = 3, ROUNDS = 300 };
    pthread_t thread[THREADS];
    int number[THREADS];
    size_t taken = 0;
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        assert(pthread_create(&thread[i], NULL, poll_forever, &number[i]) == 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct fleet_seen *seen = NULL;
        struct arena a;
        for (int i = round % 5; i < 64; i += 5) {
            char id[16];
            (void)snprintf(id, sizeof id, "t%d", i);
            if (round % 3 == 2)
                fleet_remove_device(f, 1, 100 + i);
            else
                put_device(100 + i, id, "1.0.0");
        }
        const size_t n = take(20, &a, &seen);
        if (round % 7 == 0)
            fleet_return_seen(f, seen, n);
        taken += n;
        arena_done(&a);
        fleet_tell_overdue(f, 5000 + round);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(thread[i], NULL);
    assert(taken > 0);
}

int main(void)
{
    const struct fleet_config config = {.lateness = {60, 600}, .event = hear};
    test_table();
    OK(fleet_new(&config, &f));
    test_loading();
    test_who();
    test_offers();
    test_stepping_stones();
    test_seen();
    test_overdue();
    test_last_update();
    test_removal();
    test_small_arenas();
    test_stale();
    test_threads();
    fleet_free(f);
    puts("fleet cache: loaded, asked, seen, removed");
    return 0;
}
