/* Write-behind: what waits in the memory model becomes three statements a batch. */
#include "feed_write.h"

#include <inttypes.h>
#include <stdio.h>

#include "queries.h"
#include "tx.h"

enum { BATCH_MAX = 1000, BATCH_BYTES_MAX = 8 * 1024 * 1024, NUMBER_BYTES = 22 };

struct batch {
    struct arena *arena;
    const struct fleet_seen **row; /* of them */
    size_t count;
};

/* One number of each row as an array literal. */
static const char *numbers(const struct batch *b, int64_t (*get)(const struct fleet_seen *))
{
    char *text = arena_alloc(b->arena, b->count * NUMBER_BYTES + 3);
    if (text == NULL)
        return NULL;
    size_t len = 0;
    text[len++] = '{';
    for (size_t i = 0; i < b->count; i++)
        len += (size_t)snprintf(text + len, NUMBER_BYTES + 1, "%s%" PRId64, i == 0 ? "" : ",",
                                get(b->row[i]));
    text[len++] = '}';
    return text;
}

static const char *texts(const struct batch *b, const char *(*get)(const struct fleet_seen *))
{
    const char **list = arena_array(b->arena, b->count, sizeof *list);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < b->count; i++) {
        const char *text = get(b->row[i]);
        list[i] = text == NULL ? "" : text;
    }
    return tx_array(b->arena, list, b->count);
}

static int64_t get_tenant(const struct fleet_seen *s)
{
    return s->tenant_id;
}
static int64_t get_device(const struct fleet_seen *s)
{
    return s->device_no;
}
static int64_t get_seen_at(const struct fleet_seen *s)
{
    return s->last_seen_at_unix_s;
}
static const char *get_seen_address(const struct fleet_seen *s)
{
    return s->address;
}
static int64_t get_at(const struct fleet_seen *s)
{
    return s->heartbeat.at_unix_s;
}
static const char *get_version(const struct fleet_seen *s)
{
    return s->heartbeat.version;
}
static const char *get_slot(const struct fleet_seen *s)
{
    return s->heartbeat.slot;
}
static const char *get_reset_cause(const struct fleet_seen *s)
{
    return s->heartbeat.reset_cause;
}
static const char *get_address(const struct fleet_seen *s)
{
    return s->heartbeat.address;
}
static const char *get_app(const struct fleet_seen *s)
{
    return s->heartbeat.app;
}
static int64_t get_uptime(const struct fleet_seen *s)
{
    return s->heartbeat.uptime_s < 0 ? -1 : s->heartbeat.uptime_s;
}
static int64_t get_free_bytes(const struct fleet_seen *s)
{
    return s->heartbeat.free_bytes < 0 ? -1 : s->heartbeat.free_bytes;
}

static int64_t get_stale_since(const struct fleet_seen *s)
{
    return s->heartbeat.stale_since_unix_s;
}

/* Arguments that the arena had no room for are NULL. */
static bool complete(const struct pg_args *a)
{
    for (int i = 0; i < a->count; i++) {
        if (a->value[i] == NULL)
            return false;
    }
    return true;
}

static ota_err write_seen(struct pg *pg, const struct batch *b)
{
    struct pg_args a = {0};
    arg_text(&a, numbers(b, get_tenant));
    arg_text(&a, numbers(b, get_device));
    arg_text(&a, numbers(b, get_seen_at));
    arg_text(&a, texts(b, get_seen_address));
    return complete(&a) ? pg_query(pg, Q_FEED_SEEN, &a, NULL) : OTA_E_LIMIT;
}

static ota_err write_heartbeats(struct pg *pg, const struct batch *b)
{
    struct pg_args a = {0};
    if (b->count == 0)
        return OTA_OK;
    arg_text(&a, numbers(b, get_tenant));
    arg_text(&a, numbers(b, get_device));
    arg_text(&a, numbers(b, get_at));
    arg_text(&a, texts(b, get_version));
    arg_text(&a, texts(b, get_slot));
    arg_text(&a, texts(b, get_reset_cause));
    arg_text(&a, texts(b, get_address));
    arg_text(&a, texts(b, get_app));
    arg_text(&a, numbers(b, get_uptime));
    arg_text(&a, numbers(b, get_free_bytes));
    arg_text(&a, numbers(b, get_stale_since));
    return complete(&a) ? pg_query(pg, Q_FEED_HEARTBEATS, &a, NULL) : OTA_E_LIMIT;
}

/* Those of list that are wanted; with_heartbeat: only those that have one. */
static ota_err select_rows(struct arena *arena, const struct fleet_seen *list, size_t count,
                           bool with_heartbeat, struct batch *out)
{
    *out = (struct batch){.arena = arena, .row = arena_array(arena, count, sizeof(void *))};
    if (out->row == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < count; i++) {
        if (!with_heartbeat || list[i].has_heartbeat)
            out->row[out->count++] = &list[i];
    }
    return OTA_OK;
}

static ota_err write_batch(struct pg *pg, struct arena *arena, const struct fleet_seen *list,
                           size_t count)
{
    struct batch seen, beats;
    ota_err err = select_rows(arena, list, count, false, &seen);
    if (err == OTA_OK)
        err = select_rows(arena, list, count, true, &beats);
    if (err == OTA_OK)
        err = write_seen(pg, &seen);
    return err == OTA_OK ? write_heartbeats(pg, &beats) : err;
}

static ota_err write_used(struct pg *pg, struct fleet *fleet, struct arena *arena)
{
    struct fleet_used *used = arena_array(arena, BATCH_MAX, sizeof *used);
    char *column[3];
    size_t len[3] = {1, 1, 1};
    for (int c = 0; c < 3; c++)
        column[c] = arena_alloc(arena, BATCH_MAX * NUMBER_BYTES + 3);
    if (used == NULL || column[0] == NULL || column[1] == NULL || column[2] == NULL)
        return OTA_E_LIMIT;
    const size_t count = fleet_take_used(fleet, used, BATCH_MAX);
    if (count == 0)
        return OTA_OK;
    struct pg_args a = {0};
    for (int c = 0; c < 3; c++) {
        column[c][0] = '{';
        for (size_t i = 0; i < count; i++) {
            const int64_t n[3] = {used[i].tenant_id, used[i].key_id, used[i].at_unix_s};
            len[c] += (size_t)snprintf(column[c] + len[c], NUMBER_BYTES + 1, "%s%" PRId64,
                                       i == 0 ? "" : ",", n[c]);
        }
        column[c][len[c]] = '}';
        arg_text(&a, column[c]);
    }
    return pg_query(pg, Q_FEED_KEYS_USED, &a, NULL);
}

ota_err feed_write_all(struct pg *pg, struct fleet *fleet)
{
    ota_err err = OTA_OK;
    for (size_t count = BATCH_MAX; count == BATCH_MAX && err == OTA_OK;) {
        struct fleet_seen *list = NULL;
        struct arena arena;
        arena_init(&arena, BATCH_BYTES_MAX);
        err = fleet_take_seen(fleet, BATCH_MAX, &arena, &list, &count);
        if (err == OTA_OK && count > 0) {
            err = write_batch(pg, &arena, list, count);
            if (err != OTA_OK)
                fleet_return_seen(fleet, list, count);
        }
        /* Uses of keys last, when the database has just shown that it is there. */
        if (err == OTA_OK && count < BATCH_MAX)
            err = write_used(pg, fleet, &arena);
        arena_done(&arena);
    }
    return err;
}
