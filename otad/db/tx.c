/*
 * The pool and the transaction.  Invariant: a connection is idle in the pool, or held by one
 * call; one that failed in any way that could leave it unusable is closed, never put back.
 */
#include "tx.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit.h"
#include "migrations.h"
#include "otad/log.h"
#include "queries.h"

enum { CONNECTIONS_MAX = 128, ATTEMPTS_MAX = 10, BACKOFF_MS = 5, RECONNECT_MS = 100 };

struct db {
    struct pg_config config; /* strings owned */
    char *conninfo, *jobs_conninfo;
    uint32_t connections_max, wait_ms, download_log_days;
    uint32_t silence_s, plain_devices_max;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    /* under lock: */
    uint32_t open; /* idle and held */
    uint32_t idle_count;
    struct pg *idle[CONNECTIONS_MAX];
};

static const char *const why_name[DB_WHY_COUNT] = {
    [DB_WHY_NONE] = "conflict",
    [DB_WHY_EXISTS] = "already-exists",
    [DB_WHY_DIFFERS] = "release-differs",
    [DB_WHY_INCOMPLETE] = "incomplete",
    [DB_WHY_WITHDRAWN] = "withdrawn",
    [DB_WHY_ALREADY_RELEASED] = "already-released",
    [DB_WHY_VERSION_TOO_LOW] = "version-too-low",
    [DB_WHY_COUNTER_TOO_LOW] = "counter-too-low",
    [DB_WHY_SAME_VERSION] = "same-version",
    [DB_WHY_UPDATE_IN_PROGRESS] = "update-in-progress",
    [DB_WHY_CLOSED] = "closed",
    [DB_WHY_NO_PLATFORM] = "no-platform",
    [DB_WHY_SEQUENCE_TOO_LOW] = "sequence-too-low",
    [DB_WHY_WRONG_CLASS] = "wrong-class",
    [DB_WHY_NOT_OFFERED] = "not-offered",
    [DB_WHY_BELOW_MINIMUM] = "version-below-minimum",
    [DB_WHY_NOT_RELEASED] = "not-released",
    [DB_WHY_OTHER_DOOR] = "other-door",
    [DB_WHY_TOO_MANY] = "too-many",
    [DB_WHY_LAST_ADMIN] = "last-admin",
    [DB_WHY_TOTP_ON] = "totp-on",
    [DB_WHY_TOTP_OFF] = "totp-off",
    [DB_WHY_NO_ROLE] = "no-role",
    [DB_WHY_BUILT_IN] = "built-in",
    [DB_WHY_IN_USE] = "in-use",
    [DB_WHY_TOO_MANY_PLATFORMS] = "too-many-platforms",
    [DB_WHY_NOT_IN_TARGETS] = "not-in-targets",
    [DB_WHY_OTHER_CHANNEL] = "other-channel",
};

const char *db_why_name(enum db_why why)
{
    return why_name[why < DB_WHY_COUNT ? why : DB_WHY_NONE];
}

/* ---- time ----------------------------------------------------------------------------------
 */

static int64_t monotonic_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* ---- the pool -------------------------------------------------------------------------------
 */

/* Wait for the right to a connection; *out is an idle one, or NULL if a new one is to be made.
 */
static ota_err pool_admit(struct db *db, int64_t deadline_ms, struct pg **out)
{
    const struct timespec until = {.tv_sec = deadline_ms / 1000,
                                   .tv_nsec = deadline_ms % 1000 * 1000000};
    ota_err err = OTA_OK;
    (void)pthread_mutex_lock(&db->lock);
    while (db->idle_count == 0 && db->open >= db->connections_max && err == OTA_OK) {
        if (pthread_cond_timedwait(&db->freed, &db->lock, &until) != 0 && db->idle_count == 0 &&
            db->open >= db->connections_max)
            err = OTA_E_BUSY;
    }
    if (err == OTA_OK && db->idle_count > 0) {
        *out = db->idle[--db->idle_count];
    } else if (err == OTA_OK) {
        db->open++;
        *out = NULL;
    }
    (void)pthread_mutex_unlock(&db->lock);
    return err;
}

/* Give the right back; pg NULL or of no use: it counts as closed. */
static void pool_put(struct db *db, struct pg *pg, bool usable)
{
    (void)pthread_mutex_lock(&db->lock);
    if (pg != NULL && usable)
        db->idle[db->idle_count++] = pg;
    else
        db->open--;
    (void)pthread_cond_signal(&db->freed);
    (void)pthread_mutex_unlock(&db->lock);
    if (!usable)
        pg_close(pg);
}

/* When one connection is lost, the idle ones most likely are too. */
static void pool_drop_idle(struct db *db)
{
    struct pg *dropped[CONNECTIONS_MAX];
    (void)pthread_mutex_lock(&db->lock);
    const uint32_t count = db->idle_count;
    memcpy(dropped, db->idle, count * sizeof(struct pg *));
    db->idle_count = 0;
    db->open -= count;
    (void)pthread_cond_broadcast(&db->freed);
    (void)pthread_mutex_unlock(&db->lock);
    for (uint32_t i = 0; i < count; i++)
        pg_close(dropped[i]);
}

static ota_err pool_take(struct db *db, int64_t deadline_ms, struct pg **out)
{
    ota_err err = pool_admit(db, deadline_ms, out);
    if (err != OTA_OK || *out != NULL)
        return err;
    for (;;) {
        err = pg_connect(&db->config, out);
        if (err == OTA_OK)
            return OTA_OK;
        if (err != OTA_E_IO || monotonic_ms() + RECONNECT_MS >= deadline_ms)
            break;
        sleep_ms(RECONNECT_MS);
    }
    pool_put(db, NULL, false);
    return err == OTA_E_NO_MEMORY ? err : OTA_E_BUSY;
}

/* ---- opening --------------------------------------------------------------------------------
 */

static ota_err check_version(struct pg *pg)
{
    struct pg_rows rows;
    const ota_err err = pg_query(pg, Q_SCHEMA_VERSION, NULL, &rows);
    if (err != OTA_OK)
        return OTA_E_CONFLICT;
    struct pg_row row = pg_row(&rows, 0, NULL);
    const int64_t version = row_int(&row);
    if (version == MIGRATION_COUNT)
        return OTA_OK;
    log_error("schema-version", LOG_INT("database", version),
              LOG_INT("wanted", MIGRATION_COUNT));
    return OTA_E_CONFLICT;
}

static ota_err first_connection(struct db *db)
{
    struct pg *pg = NULL;
    ota_err err = pg_connect(&db->config, &pg);
    if (err != OTA_OK)
        return err;
    err = check_version(pg);
    if (err != OTA_OK) {
        pg_close(pg);
        return err;
    }
    db->idle[db->idle_count++] = pg;
    db->open = 1;
    return OTA_OK;
}

ota_err db_open(const struct db_config *config, struct db **out)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return OTA_E_NO_MEMORY;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&db->freed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&db->lock, NULL);
    db->conninfo = strdup(config->conninfo);
    db->jobs_conninfo = strdup(config->jobs_conninfo);
    db->connections_max =
        config->connections_max < CONNECTIONS_MAX ? config->connections_max : CONNECTIONS_MAX;
    if (db->connections_max == 0)
        db->connections_max = 1;
    db->wait_ms = config->wait_ms;
    db->download_log_days = config->download_log_days;
    db->silence_s = config->silence_s;
    db->plain_devices_max = config->plain_devices_max;
    db->config = (struct pg_config){
        .conninfo = db->conninfo, .statement_ms = config->statement_ms, .prepare = true};
    const ota_err err = db->conninfo == NULL || db->jobs_conninfo == NULL
                            ? OTA_E_NO_MEMORY
                            : first_connection(db);
    if (err != OTA_OK) {
        db_close(db);
        return err;
    }
    *out = db;
    return OTA_OK;
}

void db_stats(struct db *db, struct db_stats *out)
{
    (void)pthread_mutex_lock(&db->lock);
    *out = (struct db_stats){.connections_max = db->connections_max,
                             .used = db->open - db->idle_count,
                             .idle = db->idle_count};
    (void)pthread_mutex_unlock(&db->lock);
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (uint32_t i = 0; i < db->idle_count; i++)
        pg_close(db->idle[i]);
    (void)pthread_cond_destroy(&db->freed);
    (void)pthread_mutex_destroy(&db->lock);
    free(db->conninfo);
    free(db->jobs_conninfo);
    free(db);
}

struct pg_config db_jobs_config(const struct db *db)
{
    return (struct pg_config){
        .conninfo = db->jobs_conninfo, .name = "otad-behind", .prepare = true};
}

uint32_t db_silence_s(const struct db *db)
{
    return db->silence_s;
}

uint32_t db_plain_devices_max(const struct db *db)
{
    return db->plain_devices_max;
}

uint32_t db_download_log_days(const struct db *db)
{
    return db->download_log_days;
}

/* ---- one transaction ------------------------------------------------------------------------
 */

/* What otad.rights says for otad itself: sign-in, the devices' doors, jobs. */
#define RIGHTS_OF_OTAD "otad"

static ota_err tx_begin(struct db_tx *tx)
{
    static const char begin[] =
        "BEGIN; SET LOCAL otad.tenant = '%" PRId64 "'; SET LOCAL otad.rights = '%s'";
    const char *rights = tx->scope->rights != NULL ? tx->scope->rights : RIGHTS_OF_OTAD;
    if (strpbrk(rights, "'\\") != NULL)
        return OTA_E_INTERNAL;
    const char *sql = arena_printf(tx->arena, begin, tx->scope->tenant_id, rights);
    return sql == NULL ? OTA_E_LIMIT : pg_simple(tx->pg, sql);
}

/* The few changes of one transaction. */
enum { CHANGES_MAX = 16 };
struct tx_changes {
    int count;
    enum change_kind kind[CHANGES_MAX];
    int64_t key[CHANGES_MAX];
};

static const char *const change_name[] = {
    [CHANGE_DEVICE] = "device",     [CHANGE_UPDATE] = "update",   [CHANGE_RELEASE] = "release",
    [CHANGE_PLATFORM] = "platform", [CHANGE_API_KEY] = "api_key", [CHANGE_GATEWAY] = "gateway",
    [CHANGE_ACCOUNT] = "account",   [CHANGE_ROLE] = "role",       [CHANGE_LINK] = "link",
};

static ota_err tx_record_changes(struct db_tx *tx)
{
    const struct tx_changes *c = tx->changes;
    if (c == NULL)
        return OTA_OK;
    char kinds[CHANGES_MAX * 12], keys[CHANGES_MAX * 22];
    size_t kinds_len = 0, keys_len = 0;
    for (int i = 0; i < c->count; i++) {
        const char *before = i == 0 ? "{" : ",", *after = i + 1 == c->count ? "}" : "";
        kinds_len += (size_t)snprintf(kinds + kinds_len, sizeof kinds - kinds_len, "%s%s%s",
                                      before, change_name[c->kind[i]], after);
        keys_len += (size_t)snprintf(keys + keys_len, sizeof keys - keys_len, "%s%" PRId64 "%s",
                                     before, c->key[i], after);
    }
    struct pg_args a = {0};
    arg_text(&a, kinds);
    arg_text(&a, keys);
    return tx_query(tx, Q_CHANGE_APPEND, &a, NULL);
}

/* How one attempt ended. */
struct attempt {
    ota_err err;
    bool again;  /* nothing was committed, and the next attempt may succeed */
    bool usable; /* the connection may go back to the pool                  */
};

static struct attempt tx_attempt(struct db_tx *tx, db_fn *fn, void *arg)
{
    tx->changes = NULL;
    tx->audits = NULL;
    tx->scope->why = DB_WHY_NONE;
    ota_err err = tx_begin(tx);
    if (err == OTA_OK)
        err = fn(tx, arg);
    if (err == OTA_OK)
        err = tx_record_changes(tx);
    if (err == OTA_OK)
        err = audit_flush(tx);
    if (err == OTA_OK) {
        err = pg_simple(tx->pg, "COMMIT");
        const enum pg_trouble trouble = pg_trouble(tx->pg);
        /* Lost at COMMIT: the outcome is unknown, so it must not be tried again here. */
        return (struct attempt){err, trouble == PG_RETRY, trouble != PG_LOST};
    }
    const enum pg_trouble trouble = err == OTA_E_BUSY ? pg_trouble(tx->pg) : PG_NONE;
    const bool lost = trouble == PG_LOST || pg_simple(tx->pg, "ROLLBACK") != OTA_OK;
    return (struct attempt){err, trouble != PG_NONE, !lost};
}

ota_err db_run(struct db_scope *scope, db_fn *fn, void *arg)
{
    struct db *db = scope->db;
    struct db_tx tx = {.scope = scope, .arena = scope->arena};
    const int64_t deadline_ms = monotonic_ms() + db->wait_ms;
    ota_err err = OTA_E_BUSY;
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        const ota_err taken = pool_take(db, deadline_ms, &tx.pg);
        if (taken != OTA_OK)
            return taken;
        const struct attempt a = tx_attempt(&tx, fn, arg);
        pool_put(db, tx.pg, a.usable);
        if (!a.usable)
            pool_drop_idle(db);
        err = a.err;
        if (!a.again || monotonic_ms() >= deadline_ms)
            break;
        if (a.usable) /* who waited longer waits less the next time, by chance of scheduling */
            sleep_ms((int64_t)BACKOFF_MS << (i < 5 ? i : 5));
    }
    return err;
}

/* ---- inside a transaction -------------------------------------------------------------------
 */

ota_err tx_query(struct db_tx *tx, int number, const struct pg_args *args, struct pg_rows *out)
{
    const ota_err err = pg_query(tx->pg, number, args, out);
    if (err == OTA_E_CONFLICT)
        tx->scope->why = DB_WHY_EXISTS;
    return err;
}

ota_err tx_one(struct db_tx *tx, int number, const struct pg_args *args, struct pg_row *out)
{
    struct pg_rows *rows = ARENA_NEW(tx->arena, struct pg_rows);
    if (rows == NULL)
        return OTA_E_LIMIT;
    const ota_err err = tx_query(tx, number, args, rows);
    if (err != OTA_OK)
        return err;
    if (rows->count == 0)
        return OTA_E_NOT_FOUND;
    *out = pg_row(rows, 0, tx->arena);
    return OTA_OK;
}

ota_err tx_touch(struct db_tx *tx, int number, const struct pg_args *args)
{
    struct pg_rows rows;
    const ota_err err = tx_query(tx, number, args, &rows);
    if (err != OTA_OK)
        return err;
    return rows.affected == 0 ? OTA_E_NOT_FOUND : OTA_OK;
}

ota_err tx_plan_anew(struct db_tx *tx)
{
    return pg_simple(tx->pg, "SET LOCAL plan_cache_mode = force_custom_plan");
}

ota_err tx_refuse(struct db_tx *tx, enum db_why why)
{
    tx->scope->why = why;
    return OTA_E_CONFLICT;
}

ota_err tx_change(struct db_tx *tx, enum change_kind kind, int64_t key)
{
    if (tx->changes == NULL)
        tx->changes = ARENA_NEW(tx->arena, struct tx_changes);
    struct tx_changes *c = tx->changes;
    if (c == NULL || c->count == CHANGES_MAX)
        return OTA_E_LIMIT;
    c->kind[c->count] = kind;
    c->key[c->count++] = key;
    return OTA_OK;
}

static ota_err platform_ask(struct db_tx *tx, int query, const char *name, int64_t *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, name);
    const ota_err err = tx_one(tx, query, &a, &row);
    if (err == OTA_OK)
        *out = row_int(&row);
    return err == OTA_OK ? row.err : err;
}

ota_err tx_platform(struct db_tx *tx, const char *name, int64_t *out)
{
    return platform_ask(tx, Q_PLATFORM_FIND, name, out);
}

ota_err tx_platform_lock(struct db_tx *tx, const char *name, int64_t *out)
{
    return platform_ask(tx, Q_PLATFORM_LOCK, name, out);
}

const char *tx_actor(const struct db_tx *tx)
{
    return tx->scope->actor == NULL ? "otad" : tx->scope->actor;
}

void arg_id(struct pg_args *a, int64_t id)
{
    if (id == 0)
        arg_text(a, NULL);
    else
        arg_int(a, id);
}

const char *tx_array(struct arena *arena, const char *const *text, size_t count)
{
    size_t bytes = 3;
    for (size_t i = 0; i < count; i++)
        bytes += 2 * strlen(text[i]) + 3;
    char *out = arena_alloc(arena, bytes);
    if (out == NULL)
        return NULL;
    char *p = out;
    *p++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *p++ = ',';
        *p++ = '"';
        for (const char *c = text[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                *p++ = '\\';
            *p++ = *c;
        }
        *p++ = '"';
    }
    *p++ = '}';
    *p = '\0';
    return out;
}

ota_err tx_split(struct arena *arena, const char *text, struct db_names *out)
{
    *out = (struct db_names){0};
    if (text == NULL || text[0] == '\0')
        return OTA_OK;
    size_t count = 1;
    for (const char *c = text; *c != '\0'; c++)
        count += *c == ' ';
    const char **v = arena_array(arena, count, sizeof *v);
    char *copy = arena_strdup(arena, text);
    if (v == NULL || copy == NULL)
        return OTA_E_LIMIT;
    size_t n = 0;
    v[n++] = copy;
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == ' ') {
            *c = '\0';
            v[n++] = c + 1;
        }
    }
    *out = (struct db_names){.count = n, .v = v};
    return OTA_OK;
}

ota_err tx_list(struct db_tx *tx, const struct pg_rows *rows, size_t size, row_read_fn *read,
                void **out, size_t *out_count)
{
    const size_t count = (size_t)rows->count;
    uint8_t *list = arena_array(tx->arena, count, size);
    if (list == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < count; i++) {
        struct pg_row row = pg_row(rows, (int)i, tx->arena);
        read(&row, list + i * size);
        if (row.err != OTA_OK)
            return row.err;
    }
    *out = list;
    *out_count = count;
    return OTA_OK;
}

int64_t page_limit(const struct db_page *page)
{
    enum { LIMIT_MAX = 200 };
    if (page->limit == 0)
        return 1;
    return page->limit < LIMIT_MAX ? page->limit : LIMIT_MAX;
}

/* ---- health ---------------------------------------------------------------------------------
 */

static ota_err ready_fn(struct db_tx *tx, void *arg)
{
    (void)arg;
    return tx_query(tx, Q_SCHEMA_VERSION, NULL, NULL);
}

ota_err db_ready(struct db *db)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct db_scope scope = {.db = db, .tenant_id = 0, .arena = &arena};
    const ota_err err = db_run(&scope, ready_fn, NULL);
    arena_done(&arena);
    return err == OTA_OK ? OTA_OK : OTA_E_BUSY;
}
