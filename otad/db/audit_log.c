/* The audit log, read. */
#include "audit_log.h"

#include <string.h>

#include "queries.h"
#include "tx.h"

struct list_op {
    const struct audit_filter *filter;
    const struct db_page *page;
    struct audit_entry *list;
    size_t count;
};

static void entry_read(struct pg_row *row, void *out_entry)
{
    struct audit_entry *e = out_entry;
    *e = (struct audit_entry){0};
    e->seq = row_int(row);
    e->at_unix_s = row_int(row);
    e->actor = row_text(row);
    e->address = row_text(row);
    e->action = row_text(row);
    e->object = row_text(row);
    e->platform = row_text(row);
    e->before = row_text(row);
    e->after = row_text(row);
    row_bytes(row, e->prev_hash, sizeof e->prev_hash);
    row_bytes(row, e->hash, sizeof e->hash);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct list_op *op = arg;
    const struct audit_filter *f = op->filter;
    const bool noun = f->action != NULL && strchr(f->action, '.') == NULL;
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    arg_text(&a, f->actor);
    arg_text(&a, noun ? NULL : f->action);
    arg_text(&a, noun ? f->action : NULL);
    arg_text(&a, f->platform);
    arg_text(&a, f->object);
    arg_int(&a, f->from_unix_s);
    arg_int(&a, f->to_unix_s);
    arg_int(&a, f->from_seq);
    arg_int(&a, f->to_seq);
    ota_err err = tx_plan_anew(tx);
    if (err == OTA_OK)
        err = tx_query(tx, f->oldest_first ? Q_AUDIT_LIST_OLDEST : Q_AUDIT_LIST, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct audit_entry), entry_read, &list, &op->count);
    op->list = list;
    return err;
}

ota_err db_audit_list(struct db_scope *s, const struct audit_filter *filter,
                      const struct db_page *page, struct audit_entry **out, size_t *out_count)
{
    struct list_op op = {.filter = filter, .page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

ota_err db_audit_head(struct db_scope *s, struct audit_entry *out)
{
    struct audit_entry *e = NULL;
    size_t count = 0;
    const ota_err err =
        db_audit_list(s, &(struct audit_filter){0}, &(struct db_page){.limit = 1}, &e, &count);
    if (err != OTA_OK || count == 0)
        return err == OTA_OK ? OTA_E_NOT_FOUND : err;
    *out = e[0];
    return OTA_OK;
}
