/*
 * Trouble: connections killed in the middle of transactions, a server that restarts, a pool
 * that is used up, a schema that does not fit.  Every write is told OK, or told to come again;
 * after that it is there once, never twice and never half.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "make.h"

static struct kit k;

enum { WORKERS = 4, UPDATES_EACH = 12 };

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* As a client does: again while told to come again; any other error is the test's failure. */
#define AGAIN(call)                                                                            \
    do {                                                                                       \
        ota_err again_err = OTA_E_BUSY;                                                        \
        for (int again = 0; again < 3000 && again_err == OTA_E_BUSY; again++) {                \
            again_err = (call);                                                                \
            if (again_err == OTA_E_BUSY) {                                                     \
                atomic_fetch_add(&busy, 1);                                                    \
                pause_ms(5);                                                                   \
            }                                                                                  \
        }                                                                                      \
        IS(again_err, OTA_OK);                                                                 \
    } while (0)

static atomic_int busy, done, kills;

/* One assignment; a repetition finds that the first one was made after all. */
static void assign(struct db_scope *s, const char *device, const char *version, int32_t *out_id)
{
    struct update u;
    struct device d;
    for (int i = 0; i < 3000; i++) {
        const ota_err err = db_update_create(s, device, version, &u);
        if (err == OTA_OK) {
            *out_id = u.id;
            return;
        }
        if (err == OTA_E_CONFLICT && s->why == DB_WHY_UPDATE_IN_PROGRESS) {
            AGAIN(db_device_get(s, device, &d));
            assert(d.has_update);
            *out_id = d.update.id;
            return;
        }
        IS(err, OTA_E_BUSY);
        atomic_fetch_add(&busy, 1);
        pause_ms(5);
    }
    abort();
}

static void one_update(struct db_scope *s, const char *device, int number)
{
    char version[16];
    int32_t id = 0;
    struct update u;
    (void)snprintf(version, sizeof version, "1.%d.0", number);
    assign(s, device, version, &id);
    AGAIN(db_update_retrieved(s, device, id, &u));
    struct feedback f = make_feedback(EXECUTION_DOWNLOAD, RESULT_NONE);
    f.progress_of = 3;
    for (f.progress_cnt = 1; f.progress_cnt <= 3; f.progress_cnt++)
        AGAIN(db_update_feedback(s, device, id, &f, &u));
    f = make_feedback(EXECUTION_CLOSED, RESULT_SUCCESS);
    AGAIN(db_update_feedback(s, device, id, &f, &u));
    assert(u.state == UPDATE_SUCCEEDED);
    /* created, retrieved, three of download, closed: each once */
    assert(u.event_count == 6);
}

static void *work(void *arg)
{
    const int me = *(const int *)arg;
    struct arena arena;
    struct db_scope scope = k.scope;
    char device[16];
    (void)snprintf(device, sizeof device, "d%d", me);
    scope.arena = &arena;
    for (int i = 1; i <= UPDATES_EACH; i++) {
        arena_init(&arena, (size_t)64 << 20);
        one_update(&scope, device, i);
        arena_done(&arena);
    }
    atomic_fetch_add(&done, 1);
    return NULL;
}

static void run_workers(void (*trouble)(void))
{
    pthread_t thread[WORKERS];
    int number[WORKERS];
    atomic_store(&done, 0);
    for (int i = 0; i < WORKERS; i++) {
        number[i] = i;
        assert(pthread_create(&thread[i], NULL, work, &number[i]) == 0);
    }
    while (atomic_load(&done) < WORKERS)
        trouble();
    for (int i = 0; i < WORKERS; i++)
        (void)pthread_join(thread[i], NULL);
}

static void fresh_devices(void)
{
    for (int i = 0; i < WORKERS; i++) {
        char id[16];
        struct device d;
        (void)snprintf(id, sizeof id, "d%d", i);
        if (db_device_get(&k.scope, id, &d) == OTA_OK)
            OK(db_device_delete(&k.scope, id));
        make_device(&k, id, "m4", "1.0.0");
    }
    kit_forget(&k);
}

static void check_counts(void)
{
    assert(kit_sql(&k, "SELECT count(*) FROM device_update") ==
           (int64_t)WORKERS * UPDATES_EACH);
    assert(kit_sql(&k, "SELECT count(*) FROM device_update WHERE state <> 'succeeded'") == 0);
    assert(kit_sql(&k, "SELECT count(*) FROM update_event") ==
           (int64_t)WORKERS * UPDATES_EACH * 6);
    assert(kit_sql(&k, "SELECT max(change_seq) - count(*) FROM change") == 0); /* no gap */
}

/* One at a time, whatever it is doing, so that the others get somewhere. */
static void kill_one_backend(void)
{
    enum { KILLS_MAX = 60 };
    pause_ms(5);
    if (atomic_load(&kills) >= KILLS_MAX)
        return;
    const int64_t n =
        kit_sql(&k, "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM "
                    "pg_stat_activity WHERE usename = 'otad_app' ORDER BY random() LIMIT 1) x");
    atomic_fetch_add(&kills, (int)n);
}

static void test_killed_backends(void)
{
    fresh_devices();
    run_workers(kill_one_backend);
    check_counts();
    assert(atomic_load(&kills) > 10);
}

static void restart_server(void)
{
    enum { RESTARTS = 5 };
    static int restarts;
    if (restarts++ < RESTARTS)
        kit_cluster("restart");
    pause_ms(100);
}

static void test_restarted_server(void)
{
    fresh_devices();
    run_workers(restart_server);
    check_counts();
}

static void test_server_away(void)
{
    struct kit narrow = k;
    struct device d;
    kit_open_db(&narrow, 1, 300);
    make_device(&k, "locked", "m4", NULL);
    const struct db_config none = {.conninfo = "host=/nonexistent",
                                   .jobs_conninfo = "host=/nonexistent",
                                   .connections_max = 1,
                                   .wait_ms = 100};
    struct db *db = NULL;
    IS(db_open(&none, &db), OTA_E_IO);
    OK(db_device_get(&narrow.scope, "locked", &d));
    kit_cluster("stop");
    IS(db_device_get(&narrow.scope, "locked", &d), OTA_E_BUSY);
    IS(db_ready(narrow.db), OTA_E_BUSY);
    kit_cluster("start");
    OK(db_device_get(&narrow.scope, "locked", &d));
    OK(db_ready(narrow.db));
    kit_close(&narrow);
}

static void *hold_lock(void *arg)
{
    (void)arg;
    char state[6];
    kit_sql_state(k.super,
                  "BEGIN; SELECT * FROM device WHERE device_id = 'locked' FOR UPDATE; "
                  "SELECT pg_sleep(2); COMMIT",
                  state);
    return NULL;
}

static void *patch_locked(void *arg)
{
    struct kit *narrow = arg;
    struct device d;
    struct arena arena;
    struct db_scope scope = narrow->scope;
    arena_init(&arena, (size_t)1 << 20);
    scope.arena = &arena;
    OK(db_device_patch(&scope, "locked", &(struct device_patch){.name = "late"}, &d));
    arena_done(&arena);
    return NULL;
}

/* One waits for a row on the single connection, the other is told to come again. */
static void test_used_up_pool(void)
{
    struct kit narrow = k;
    pthread_t holder, waiter;
    struct device d;
    kit_open_db(&narrow, 1, 200);
    assert(pthread_create(&holder, NULL, hold_lock, NULL) == 0);
    while (kit_sql(&k,
                   "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2)%' AND "
                   "wait_event = 'PgSleep'") < 1)
        pause_ms(5);
    assert(pthread_create(&waiter, NULL, patch_locked, &narrow) == 0);
    while (kit_sql(&k, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'otad_app' AND "
                       "wait_event_type = 'Lock'") < 1)
        pause_ms(5);
    IS(db_device_get(&narrow.scope, "locked", &d), OTA_E_BUSY);
    (void)pthread_join(holder, NULL);
    (void)pthread_join(waiter, NULL);
    OK(db_device_get(&narrow.scope, "locked", &d));
    assert(strcmp(d.name, "late") == 0);
    kit_close(&narrow);
}

static void test_small_arena(void)
{
    struct arena tiny;
    struct db_scope scope = k.scope;
    struct device d;
    for (size_t bytes = 0; bytes < 4096; bytes += 64) {
        arena_init(&tiny, bytes);
        scope.arena = &tiny;
        const ota_err err = db_device_get(&scope, "locked", &d);
        assert(err == OTA_OK || err == OTA_E_LIMIT);
        arena_done(&tiny);
    }
    assert(kit_sql(&k, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' AND "
                       "usename = 'otad_app'") == 0);
}

static void test_schema_that_does_not_fit(void)
{
    struct kit other;
    struct db *db = NULL;
    int from = 0, to = 0;
    kit_create(&other, "faults_schema");
    const struct db_config config = {.conninfo = other.app,
                                     .jobs_conninfo = other.jobs,
                                     .connections_max = 1,
                                     .wait_ms = 100};
    IS(db_open(&config, &db), OTA_E_CONFLICT); /* empty */
    OK(db_migrate(other.owner, &from, &to));
    (void)kit_sql(&other, "INSERT INTO schema_version (version, name) VALUES (9999, 'later')");
    IS(db_open(&config, &db), OTA_E_CONFLICT); /* newer */
    (void)kit_sql(&other, "DELETE FROM schema_version WHERE version = 9999");
    (void)kit_sql(&other, "ALTER TABLE session RENAME COLUMN csrf_token TO csrf");
    IS(db_open(&config, &db), OTA_E_CONFLICT); /* a query is stale */
    IS(db_migrate("host=/nonexistent", &from, &to), OTA_E_IO);
}

int main(void)
{
    kit_open(&k, "faults");
    make_platform(&k, "m4", false);
    for (int i = 1; i <= UPDATES_EACH; i++) {
        char version[16];
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        make_complete(&k, "m4", version, (uint32_t)i);
    }
    test_killed_backends();
    test_restarted_server();
    test_server_away();
    test_used_up_pool();
    test_small_arena();
    test_schema_that_does_not_fit();
    kit_close(&k);
    printf(
        "faults: %d connections killed, %d calls told to come again, nothing lost or doubled\n",
        atomic_load(&kills), atomic_load(&busy));
    return 0;
}
