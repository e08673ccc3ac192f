/* Pages of devices. */
#include <ctype.h>

#include "device.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

struct list_op {
    const struct device_filter *filter;
    const struct db_page *page;
    void *list;
    size_t count;
};

/* Seen in [from, before); 0 = open end. */
struct seen_range {
    int64_t from_unix_s, before_unix_s;
};

/* The inverse of device_state_at. */
static struct seen_range seen_range(const struct device_filter *f)
{
    const int64_t online = f->now_unix_s - (int64_t)f->lateness.late_s;
    const int64_t late = f->now_unix_s - (int64_t)f->lateness.offline_s;
    switch (f->state) {
    case DEVICE_ONLINE:
        return (struct seen_range){.from_unix_s = online};
    case DEVICE_LATE:
        return (struct seen_range){.from_unix_s = late, .before_unix_s = online};
    case DEVICE_OFFLINE:
        return (struct seen_range){.before_unix_s = late};
    case DEVICE_NEVER:
        break;
    }
    return (struct seen_range){0};
}

static char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct list_op *op = arg;
    const struct device_filter *f = op->filter;
    int64_t platform_id = 0;
    ota_err err = f->platform == NULL ? OTA_OK : tx_platform(tx, f->platform, &platform_id);
    const char *q = lower(tx->arena, f->q == NULL ? "" : f->q);
    if (err == OTA_OK && q == NULL)
        err = OTA_E_LIMIT;
    if (err != OTA_OK)
        return err;
    const struct seen_range range = f->has_state ? seen_range(f) : (struct seen_range){0};
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_text(&a, op->page->after_text == NULL ? "" : op->page->after_text);
    arg_int(&a, page_limit(op->page));
    arg_text(&a, q);
    arg_bool(&a, f->has_state && f->state == DEVICE_NEVER);
    arg_id(&a, range.from_unix_s);
    arg_id(&a, range.before_unix_s);
    if (f->stale == DEVICE_STALE_ANY)
        arg_text(&a, NULL);
    else
        arg_bool(&a, f->stale == DEVICE_STALE_YES);
    if (f->platform != NULL)
        arg_int(&a, platform_id);
    err = tx_query(tx, f->platform == NULL ? Q_DEVICE_LIST : Q_DEVICE_LIST_PLATFORM, &a, &rows);
    if (err != OTA_OK)
        return err;
    return tx_list(tx, &rows, sizeof(struct device), device_read, &op->list, &op->count);
}

ota_err db_device_list(struct db_scope *s, const struct device_filter *filter,
                       const struct db_page *page, struct device **out, size_t *out_count)
{
    struct list_op op = {.filter = filter, .page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}
