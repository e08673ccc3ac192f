/*
 * A link's account lives in the memory of each otad that serves it, and in its row as their
 * sum.  Once a second each adds what it owes and reads the sums of links that anybody used.
 */
#include "feed_link.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "otad/log.h"
#include "queries.h"
#include "tx.h"

enum { BATCH_MAX = 500, BATCH_BYTES_MAX = 8 * 1024 * 1024, NUMBER_BYTES = 22 };

/* ---- columns of a batch ------------------------------------------------------------------ */

struct column {
    const void *rows; /* count structs of size bytes */
    size_t count, size;
    struct arena *arena;
};

/* The int64_t at offset of each row as an array literal; NULL if the arena is full. */
static const char *numbers(const struct column *c, size_t offset)
{
    char *text = arena_alloc(c->arena, c->count * NUMBER_BYTES + 3);
    size_t len = 0;
    if (text == NULL)
        return NULL;
    text[len++] = '{';
    for (size_t i = 0; i < c->count; i++) {
        int64_t n = 0;
        memcpy(&n, (const char *)c->rows + i * c->size + offset, sizeof n);
        len +=
            (size_t)snprintf(text + len, NUMBER_BYTES + 1, "%s%" PRId64, i == 0 ? "" : ",", n);
    }
    text[len] = '}';
    return text;
}

/* The text at offset of each row likewise. */
static const char *texts(const struct column *c, size_t offset)
{
    const char **list = arena_array(c->arena, c->count, sizeof *list);
    for (size_t i = 0; list != NULL && i < c->count; i++)
        memcpy(&list[i], (const char *)c->rows + i * c->size + offset, sizeof list[i]);
    return list == NULL ? NULL : tx_array(c->arena, list, c->count);
}

static bool complete(const struct pg_args *a)
{
    for (int i = 0; i < a->count; i++) {
        if (a->value[i] == NULL)
            return false;
    }
    return true;
}

/* ---- links ------------------------------------------------------------------------------- */

ota_err feed_links_read(struct pg *pg, struct fleet *fleet, int64_t tenant_id, const char *keys,
                        struct arena *arena)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, tenant_id);
    if (keys != NULL)
        arg_text(&a, keys);
    ota_err err = pg_query(pg, keys == NULL ? Q_FEED_LINKS : Q_FEED_LINKS_OF, &a, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, arena);
        struct fleet_link_row l = {.id = row_int(&row)};
        l.expires_at_unix_s = row_int(&row);
        l.byte_budget = row_int(&row);
        l.bytes_used = row_int(&row);
        l.revoked = row_bool(&row);
        l.created_by = row_text(&row);
        err = row.err == OTA_OK ? fleet_put_link(fleet, tenant_id, &l) : row.err;
    }
    return err;
}

/* Rows of tenant, link, sum. */
static ota_err take_sums(struct fleet *fleet, const struct pg_rows *rows, struct arena *arena,
                         void (*take)(struct fleet *, int64_t, int64_t, int64_t))
{
    for (int i = 0; i < rows->count; i++) {
        struct pg_row row = pg_row(rows, i, arena);
        const int64_t tenant_id = row_int(&row), link_id = row_int(&row);
        const int64_t bytes = row_int(&row);
        if (row.err != OTA_OK)
            return row.err;
        take(fleet, tenant_id, link_id, bytes);
    }
    return OTA_OK;
}

static ota_err write_uses(struct pg *pg, struct fleet *fleet, struct arena *arena,
                          const struct fleet_link_use *use, size_t count)
{
    const struct column c = {.rows = use, .count = count, .size = sizeof *use, .arena = arena};
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_text(&a, numbers(&c, offsetof(struct fleet_link_use, tenant_id)));
    arg_text(&a, numbers(&c, offsetof(struct fleet_link_use, link_id)));
    arg_text(&a, numbers(&c, offsetof(struct fleet_link_use, bytes)));
    arg_text(&a, numbers(&c, offsetof(struct fleet_link_use, uses)));
    const ota_err err = complete(&a) ? pg_query(pg, Q_FEED_LINKS_USE, &a, &rows) : OTA_E_LIMIT;
    return err == OTA_OK ? take_sums(fleet, &rows, arena, fleet_link_written) : err;
}

static ota_err read_sums(struct pg *pg, struct fleet *fleet, struct arena *arena,
                         int64_t since_s)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, since_s);
    const ota_err err = pg_query(pg, Q_FEED_LINKS_USED, &a, &rows);
    return err == OTA_OK ? take_sums(fleet, &rows, arena, fleet_link_known) : err;
}

ota_err feed_links_write(struct pg *pg, struct fleet *fleet, int64_t since_s)
{
    struct fleet_link_use use[BATCH_MAX];
    ota_err err = OTA_OK;
    if (fleet_links_count(fleet) == 0)
        return OTA_OK;
    for (size_t count = BATCH_MAX; err == OTA_OK && count == BATCH_MAX;) {
        struct arena arena;
        arena_init(&arena, BATCH_BYTES_MAX);
        count = fleet_take_link_uses(fleet, use, BATCH_MAX);
        if (count > 0)
            err = write_uses(pg, fleet, &arena, use, count);
        if (err == OTA_OK && count < BATCH_MAX)
            err = read_sums(pg, fleet, &arena, since_s);
        arena_done(&arena);
    }
    fleet_links_failed(fleet); /* also those whose row is gone */
    return err;
}

/* ---- the download log -------------------------------------------------------------------- */

/* Numbers that are not int64_t, and names. */
struct log_row {
    struct fleet_download d;
    const char *via;
    int64_t status;
};

static ota_err write_rows(struct pg *pg, struct arena *arena, const struct log_row *list,
                          size_t count)
{
    const struct column c = {
        .rows = list, .count = count, .size = sizeof *list, .arena = arena};
    struct pg_args a = {0};
    arg_text(&a, numbers(&c, offsetof(struct log_row, d.tenant_id)));
    arg_text(&a, numbers(&c, offsetof(struct log_row, d.at_unix_s)));
    arg_text(&a, texts(&c, offsetof(struct log_row, via)));
    arg_text(&a, texts(&c, offsetof(struct log_row, d.who)));
    arg_text(&a, numbers(&c, offsetof(struct log_row, d.link_id)));
    arg_text(&a, texts(&c, offsetof(struct log_row, d.platform)));
    arg_text(&a, texts(&c, offsetof(struct log_row, d.version)));
    arg_text(&a, texts(&c, offsetof(struct log_row, d.artifact)));
    arg_text(&a, texts(&c, offsetof(struct log_row, d.address)));
    arg_text(&a, numbers(&c, offsetof(struct log_row, d.bytes)));
    arg_text(&a, numbers(&c, offsetof(struct log_row, status)));
    arg_text(&a, numbers(&c, offsetof(struct log_row, d.duration_ms)));
    return complete(&a) ? pg_query(pg, Q_FEED_DOWNLOADS, &a, NULL) : OTA_E_LIMIT;
}

static ota_err write_batch(struct pg *pg, struct fleet *fleet, struct arena *arena,
                           size_t *out_count)
{
    struct fleet_download *taken = arena_array(arena, BATCH_MAX, sizeof *taken);
    struct log_row *list = arena_array(arena, BATCH_MAX, sizeof *list);
    if (taken == NULL || list == NULL)
        return OTA_E_LIMIT;
    ota_err err = fleet_take_downloads(fleet, BATCH_MAX, arena, taken, out_count);
    if (err != OTA_OK || *out_count == 0)
        return err;
    for (size_t i = 0; i < *out_count; i++)
        list[i] = (struct log_row){
            .d = taken[i], .via = download_via_name(taken[i].via), .status = taken[i].status};
    err = write_rows(pg, arena, list, *out_count);
    if (err == OTA_E_BUSY) {
        for (size_t i = 0; i < *out_count; i++)
            fleet_download_put(fleet, &taken[i]);
    } else if (err != OTA_OK) {
        log_error("download-log-lost", LOG_INT("rows", *out_count), LOG_ERR(err));
        fleet_downloads_lose(fleet, *out_count);
    }
    return err;
}

ota_err feed_downloads_write(struct pg *pg, struct fleet *fleet)
{
    ota_err err = OTA_OK;
    for (size_t count = BATCH_MAX; err == OTA_OK && count == BATCH_MAX;) {
        struct arena arena;
        arena_init(&arena, BATCH_BYTES_MAX);
        err = write_batch(pg, fleet, &arena, &count);
        arena_done(&arena);
    }
    return err;
}

ota_err feed_downloads_prune(struct pg *pg, int64_t days)
{
    struct pg_args a = {0};
    arg_int(&a, days);
    const ota_err err = pg_query(pg, Q_DOWNLOAD_PRUNE, &a, NULL);
    return err == OTA_OK ? pg_query(pg, Q_DOWNLOAD_LINK_PRUNE, &a, NULL) : err;
}
