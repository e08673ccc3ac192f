/* Gateway tokens. */
#include "gateway.h"

#include "audit.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

struct gateway_op {
    const char *name, *platform;
    const uint8_t *hash;
    int64_t id;
    const struct db_page *page;
    struct gateway *out;
    void *list;
    size_t count;
};

static void gateway_read(struct pg_row *row, void *out_gateway)
{
    struct gateway *g = out_gateway;
    *g = (struct gateway){0};
    row_skip(row, 1); /* tenant_id */
    g->id = row_int(row);
    g->name = row_text(row);
    g->platform = row_text(row);
    g->created_by = row_text(row);
    g->created_at_unix_s = row_int(row);
    g->revoked_at_unix_s = row_int(row);
}

static ota_err put_fn(struct db_tx *tx, void *arg)
{
    struct gateway_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    int64_t platform_id = 0;
    ota_err err = op->platform == NULL ? OTA_OK : tx_platform(tx, op->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    arg_text(&a, op->name);
    arg_id(&a, platform_id);
    arg_bytes(&a, op->hash, 32);
    arg_text(&a, tx_actor(tx));
    err = tx_one(tx, Q_GATEWAY_PUT, &a, &row);
    if (err != OTA_OK)
        return err;
    const int64_t id = row_int(&row);
    err = tx_change(tx, CHANGE_GATEWAY, id);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "gateway.create", NULL, Q_AUDIT_GATEWAY, id);
    struct pg_args get = {0};
    arg_int(&get, id);
    if (err == OTA_OK)
        err = tx_one(tx, Q_GATEWAY_GET, &get, &row);
    if (err != OTA_OK)
        return err;
    gateway_read(&row, op->out);
    return row.err;
}

ota_err db_gateway_put(struct db_scope *s, const char *name, const char *platform,
                       const uint8_t hash[32], struct gateway *out)
{
    struct gateway_op op = {.name = name, .platform = platform, .hash = hash, .out = out};
    return db_run(s, put_fn, &op);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct gateway_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    const ota_err err = tx_query(tx, Q_GATEWAY_LIST, &a, &rows);
    if (err != OTA_OK)
        return err;
    return tx_list(tx, &rows, sizeof(struct gateway), gateway_read, &op->list, &op->count);
}

ota_err db_gateway_list(struct db_scope *s, const struct db_page *page, struct gateway **out,
                        size_t *out_count)
{
    struct gateway_op op = {.page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

static ota_err revoke_fn(struct db_tx *tx, void *arg)
{
    const struct gateway_op *op = arg;
    struct audit_look before;
    struct pg_args a = {0};
    arg_int(&a, op->id);
    ota_err err = tx_audit_look(tx, Q_AUDIT_GATEWAY, op->id, &before);
    if (err == OTA_OK)
        err = tx_touch(tx, Q_GATEWAY_REVOKE, &a);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_GATEWAY, op->id);
    return err == OTA_OK
               ? tx_audit_since(tx, "gateway.revoke", &before, Q_AUDIT_GATEWAY, op->id)
               : err;
}

ota_err db_gateway_revoke(struct db_scope *s, int64_t id)
{
    struct gateway_op op = {.id = id};
    return db_run(s, revoke_fn, &op);
}
