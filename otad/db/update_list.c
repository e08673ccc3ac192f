/* Pages of updates. */
#include "queries.h"
#include "read.h"
#include "update_event.h"

struct list_op {
    const char *device_id, *platform;
    bool open_only;
    const struct db_page *page;
    struct update *list;
    size_t count;
};

/* key: device_no or platform_id, 0 = none. */
static ota_err page_get(struct db_tx *tx, int query, int64_t key, struct list_op *op)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    if (key != 0)
        arg_int(&a, key);
    ota_err err = tx_query(tx, query, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct update), update_read, &list, &op->count);
    op->list = list;
    return err;
}

static ota_err run(struct db_scope *s, db_fn *fn, struct list_op *op, struct update **out,
                   size_t *out_count)
{
    const ota_err err = db_run(s, fn, op);
    if (err == OTA_OK) {
        *out = op->list;
        *out_count = op->count;
    }
    return err;
}

static ota_err device_fn(struct db_tx *tx, void *arg)
{
    struct list_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    struct device device;
    arg_text(&a, op->device_id);
    ota_err err = tx_one(tx, Q_DEVICE_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    device_read(&row, &device);
    if (row.err != OTA_OK)
        return row.err;
    err = page_get(tx, Q_UPDATE_LIST_DEVICE, device.no, op);
    return err == OTA_OK ? events_get(tx, op->list, op->count) : err;
}

ota_err db_update_list_device(struct db_scope *s, const char *device_id,
                              const struct db_page *page, struct update **out,
                              size_t *out_count)
{
    struct list_op op = {.device_id = device_id, .page = page};
    return run(s, device_fn, &op, out, out_count);
}

static ota_err all_fn(struct db_tx *tx, void *arg)
{
    struct list_op *op = arg;
    int64_t platform_id = 0;
    const ota_err err =
        op->platform == NULL ? OTA_OK : tx_platform(tx, op->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    if (op->platform == NULL)
        return page_get(tx, op->open_only ? Q_UPDATE_LIST_OPEN : Q_UPDATE_LIST, 0, op);
    return page_get(tx, op->open_only ? Q_UPDATE_LIST_OPEN_PLATFORM : Q_UPDATE_LIST_PLATFORM,
                    platform_id, op);
}

ota_err db_update_list(struct db_scope *s, bool open_only, const char *platform,
                       const struct db_page *page, struct update **out, size_t *out_count)
{
    struct list_op op = {.platform = platform, .open_only = open_only, .page = page};
    return run(s, all_fn, &op, out, out_count);
}
