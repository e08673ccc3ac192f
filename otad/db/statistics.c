/* How updates went. */
#include "statistics.h"

#include <stdlib.h>
#include <time.h>

#include "queries.h"
#include "read.h"
#include "tx.h"

struct statistics_op {
    const struct statistics_filter *filter;
    struct statistics *out;
};

static double row_number(struct pg_row *row)
{
    const char *text = row_text(row);
    return text == NULL ? 0 : strtod(text, NULL);
}

static void release_read_counts(struct pg_row *row, void *out_release)
{
    struct release_counts *r = out_release;
    *r = (struct release_counts){0};
    row_skip(row, 1); /* release_id */
    r->platform = row_text(row);
    r->version = row_text(row);
    r->n.succeeded = row_int(row);
    r->n.failed = row_int(row);
    r->n.cancelled = row_int(row);
    r->n.in_progress = row_int(row);
    r->n.has_duration = !row_is_null(row);
    r->n.mean_s = row_number(row);
    r->n.p95_s = row_number(row);
}

static void day_read(struct pg_row *row, void *out_day)
{
    struct day_counts *d = out_day;
    d->day = row_text(row);
    d->succeeded = row_int(row);
    d->failed = row_int(row);
}

/* The day of this second; NULL for 0. */
static const char *day_text(struct arena *arena, int64_t unix_s)
{
    const time_t t = (time_t)unix_s;
    struct tm tm;
    if (unix_s == 0 || gmtime_r(&t, &tm) == NULL)
        return NULL;
    return arena_printf(arena, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* to is the first second that no longer counts. */
static void filter_args(struct db_tx *tx, struct pg_args *a, int64_t platform_id,
                        const struct statistics_filter *f, int64_t limit)
{
    arg_id(a, platform_id);
    arg_text(a, f->version);
    arg_text(a, day_text(tx->arena, f->from_unix_s));
    arg_text(a, day_text(tx->arena, f->to_unix_s == 0 ? 0 : f->to_unix_s - 1));
    arg_int(a, limit);
}

static ota_err releases_get(struct db_tx *tx, int64_t platform_id,
                            const struct statistics_op *op)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    size_t count = 0;
    filter_args(tx, &a, platform_id, op->filter, STATISTICS_RELEASES_MAX);
    ota_err err = tx_query(tx, Q_STATISTICS_COUNTS, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct release_counts), release_read_counts, &list,
                      &count);
    if (err != OTA_OK || count == 0)
        return err == OTA_OK ? OTA_E_INTERNAL : err;
    struct release_counts *r = list;
    op->out->all = r[0].n;
    op->out->releases = r + 1;
    op->out->release_count = count - 1;
    return OTA_OK;
}

static ota_err days_get(struct db_tx *tx, int64_t platform_id, const struct statistics_op *op)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    size_t count = 0;
    filter_args(tx, &a, platform_id, op->filter, STATISTICS_DAYS_MAX);
    ota_err err = tx_query(tx, Q_STATISTICS_DAYS, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct day_counts), day_read, &list, &count);
    struct day_counts *d = list;
    for (size_t i = 0; i < count / 2; i++) { /* oldest first */
        const struct day_counts other = d[count - 1 - i];
        d[count - 1 - i] = d[i];
        d[i] = other;
    }
    op->out->days = d;
    op->out->day_count = count;
    return err;
}

static ota_err stale_get(struct db_tx *tx, int64_t platform_id, const struct statistics_op *op)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_id(&a, platform_id);
    const ota_err err = tx_one(tx, Q_STATISTICS_STALE, &a, &row);
    if (err != OTA_OK)
        return err;
    op->out->stale = row_int(&row);
    return row.err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct statistics_op *op = arg;
    const struct statistics_filter *f = op->filter;
    int64_t platform_id = 0;
    ota_err err = f->platform == NULL ? OTA_OK : tx_platform(tx, f->platform, &platform_id);
    if (err == OTA_OK)
        err = tx_plan_anew(tx);
    if (err == OTA_OK)
        err = releases_get(tx, platform_id, op);
    if (err == OTA_OK)
        err = stale_get(tx, platform_id, op);
    return err == OTA_OK ? days_get(tx, platform_id, op) : err;
}

ota_err db_statistics_get(struct db_scope *s, const struct statistics_filter *f,
                          struct statistics *out)
{
    struct statistics_op op = {.filter = f, .out = out};
    *out = (struct statistics){0};
    return db_run(s, get_fn, &op);
}
