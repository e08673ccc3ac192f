/* Reading the download log. */
#include "download.h"

#include "queries.h"
#include "tx.h"

struct list_op {
    const struct download_filter *filter;
    const struct db_page *page;
    void *list;
    size_t count;
};

static void download_read(struct pg_row *row, void *out_row)
{
    struct download_row *r = out_row;
    struct fleet_download *d = &r->download;
    *r = (struct download_row){.id = row_int(row)};
    d->at_unix_s = row_int(row);
    const char *via = row_text(row);
    d->via = via == NULL ? 0 : download_via_parse(via);
    d->who = row_text(row);
    d->link_id = row_int(row);
    d->platform = row_text(row);
    d->version = row_text(row);
    d->artifact = row_text(row);
    d->address = row_text(row);
    d->bytes = row_int(row);
    d->status = (int)row_int(row);
    d->duration_ms = row_int(row);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct list_op *op = arg;
    const struct download_filter *f = op->filter;
    struct pg_args a = {0};
    struct pg_rows rows;
    int64_t platform_id = 0;
    ota_err err = f->platform == NULL ? OTA_OK : tx_platform(tx, f->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    arg_id(&a, platform_id);
    arg_text(&a, f->who);
    arg_text(&a, f->version);
    arg_text(&a, download_via_name(f->via));
    arg_id(&a, f->from_unix_s);
    arg_id(&a, f->to_unix_s);
    err = tx_query(tx, Q_DOWNLOAD_LIST, &a, &rows);
    return err == OTA_OK ? tx_list(tx, &rows, sizeof(struct download_row), download_read,
                                   &op->list, &op->count)
                         : err;
}

ota_err db_download_list(struct db_scope *s, const struct download_filter *filter,
                         const struct db_page *page, struct download_row **out,
                         size_t *out_count)
{
    struct list_op op = {.filter = filter, .page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}
