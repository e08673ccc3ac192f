/* Keys of machines. */
#include "api_key.h"

#include <string.h>

#include "audit.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

struct key_op {
    const struct api_key *key;
    const uint8_t *hash;
    int64_t id;
    const struct db_page *page;
    struct api_key *out;
    void *list;
    size_t count;
};

static void key_read(struct pg_row *row, void *out_key)
{
    struct api_key *k = out_key;
    *k = (struct api_key){0};
    row_skip(row, 1); /* tenant_id */
    k->id = row_int(row);
    k->name = row_text(row);
    const char *scopes = row_text(row), *platforms = row_text(row);
    if (tx_split(row->arena, scopes, &k->scopes) != OTA_OK ||
        tx_split(row->arena, platforms, &k->platforms) != OTA_OK)
        row->err = OTA_E_LIMIT;
    k->created_by = row_text(row);
    k->created_at_unix_s = row_int(row);
    k->last_used_at_unix_s = row_int(row);
    k->expires_at_unix_s = row_int(row);
    k->revoked_at_unix_s = row_int(row);
}

static ota_err next_id_fn(struct db_tx *tx, void *arg)
{
    struct key_op *op = arg;
    struct pg_row row;
    const ota_err err = tx_one(tx, Q_API_KEY_NEXT_ID, NULL, &row);
    if (err != OTA_OK)
        return err;
    op->id = row_int(&row);
    return row.err;
}

ota_err db_api_key_next_id(struct db_scope *s, int64_t *out)
{
    struct key_op op = {0};
    const ota_err err = db_run(s, next_id_fn, &op);
    if (err == OTA_OK)
        *out = op.id;
    return err;
}

static ota_err platforms_put(struct db_tx *tx, const struct api_key *key)
{
    const char *names = tx_array(tx->arena, key->platforms.v, key->platforms.count);
    if (names == NULL)
        return OTA_E_LIMIT;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, names);
    ota_err err = tx_one(tx, Q_PLATFORMS_KNOWN, &a, &row);
    if (err == OTA_OK && row_int(&row) != (int64_t)key->platforms.count)
        err = OTA_E_NOT_FOUND;
    if (err != OTA_OK)
        return err;
    struct pg_args put = {0};
    arg_int(&put, key->id);
    arg_text(&put, names);
    return tx_query(tx, Q_API_KEY_PLATFORMS_PUT, &put, NULL);
}

static ota_err put_fn(struct db_tx *tx, void *arg)
{
    const struct key_op *op = arg;
    const struct api_key *key = op->key;
    const bool all = key->platforms.count == 1 && strcmp(key->platforms.v[0], "*") == 0;
    const char *scopes = tx_array(tx->arena, key->scopes.v, key->scopes.count);
    if (scopes == NULL)
        return OTA_E_LIMIT;
    struct pg_args a = {0};
    arg_int(&a, key->id);
    arg_text(&a, key->name);
    arg_bytes(&a, op->hash, 32);
    arg_text(&a, scopes);
    arg_bool(&a, all);
    arg_text(&a, tx_actor(tx));
    arg_int(&a, key->expires_at_unix_s);
    ota_err err = tx_query(tx, Q_API_KEY_PUT, &a, NULL);
    if (err == OTA_OK && !all)
        err = platforms_put(tx, key);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_API_KEY, key->id);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "api-key.create", NULL, Q_AUDIT_API_KEY, key->id);
    struct pg_args get = {0};
    struct pg_row row;
    arg_int(&get, key->id);
    if (err == OTA_OK)
        err = tx_one(tx, Q_API_KEY_GET, &get, &row);
    if (err != OTA_OK)
        return err;
    key_read(&row, op->out);
    return row.err;
}

ota_err db_api_key_put(struct db_scope *s, const struct api_key *key, const uint8_t hash[32],
                       struct api_key *out)
{
    struct key_op op = {.key = key, .hash = hash, .out = out};
    return db_run(s, put_fn, &op);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct key_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    const ota_err err = tx_query(tx, Q_API_KEY_LIST, &a, &rows);
    if (err != OTA_OK)
        return err;
    return tx_list(tx, &rows, sizeof(struct api_key), key_read, &op->list, &op->count);
}

ota_err db_api_key_list(struct db_scope *s, const struct db_page *page, struct api_key **out,
                        size_t *out_count)
{
    struct key_op op = {.page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

static ota_err revoke_fn(struct db_tx *tx, void *arg)
{
    const struct key_op *op = arg;
    struct audit_look before;
    struct pg_args a = {0};
    arg_int(&a, op->id);
    ota_err err = tx_audit_look(tx, Q_AUDIT_API_KEY, op->id, &before);
    if (err == OTA_OK)
        err = tx_touch(tx, Q_API_KEY_REVOKE, &a);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_API_KEY, op->id);
    return err == OTA_OK
               ? tx_audit_since(tx, "api-key.revoke", &before, Q_AUDIT_API_KEY, op->id)
               : err;
}

ota_err db_api_key_revoke(struct db_scope *s, int64_t id)
{
    struct key_op op = {.id = id};
    return db_run(s, revoke_fn, &op);
}
