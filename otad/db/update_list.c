/* Pages of updates. */
#include "queries.h"
#include "read.h"
#include "update_event.h"

struct list_op {
    const char *device_id;
    const struct update_filter *filter;
    const struct db_page *page;
    struct update *list;
    size_t count;
};

static ota_err page_get(struct db_tx *tx, int query, const struct pg_args *a,
                        struct list_op *op)
{
    struct pg_rows rows;
    void *list = NULL;
    ota_err err = tx_query(tx, query, a, &rows);
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
    struct pg_args page = {0};
    arg_int(&page, op->page->after_id);
    arg_int(&page, page_limit(op->page));
    arg_int(&page, device.no);
    err = page_get(tx, Q_UPDATE_LIST_DEVICE, &page, op);
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
    const struct update_filter *f = op->filter;
    struct pg_args a = {0};
    int64_t platform_id = 0;
    ota_err err = f->platform == NULL ? OTA_OK : tx_platform(tx, f->platform, &platform_id);
    if (err == OTA_OK)
        err = tx_plan_anew(tx);
    if (err != OTA_OK)
        return err;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    arg_bool(&a, f->open_only);
    arg_id(&a, platform_id);
    arg_text(&a, f->state == 0 ? NULL : update_state_name(f->state));
    arg_text(&a, f->version);
    arg_text(&a, f->device);
    arg_int(&a, f->from_unix_s);
    arg_int(&a, f->to_unix_s);
    return page_get(tx, Q_UPDATE_LIST, &a, op);
}

ota_err db_update_list(struct db_scope *s, const struct update_filter *filter,
                       const struct db_page *page, struct update **out, size_t *out_count)
{
    struct list_op op = {.filter = filter, .page = page};
    return run(s, all_fn, &op, out, out_count);
}
