/* Sign-ins of people. */
#include "session.h"

#include <string.h>

#include "queries.h"
#include "read.h"
#include "tx.h"

struct session_op {
    const struct session *session;
    const uint8_t *hash;
    int64_t expires_at_unix_s;
    struct session *out;
};

static ota_err put_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct pg_args a = {0};
    arg_bytes(&a, op->session->hash, sizeof op->session->hash);
    arg_int(&a, op->session->user.id);
    arg_text(&a, op->session->csrf_token);
    arg_int(&a, op->session->expires_at_unix_s);
    return tx_query(tx, Q_SESSION_PUT, &a, NULL);
}

ota_err db_session_put(struct db_scope *s, const struct session *session)
{
    struct session_op op = {.session = session};
    return db_run(s, put_fn, &op);
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_bytes(&a, op->hash, 32);
    const ota_err err = tx_one(tx, Q_SESSION_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    struct session *out = op->out;
    *out = (struct session){0};
    memcpy(out->hash, op->hash, sizeof out->hash);
    out->csrf_token = row_text(&row);
    out->created_at_unix_s = row_int(&row);
    out->last_used_at_unix_s = row_int(&row);
    out->expires_at_unix_s = row_int(&row);
    user_read(&row, &out->user);
    return row.err;
}

ota_err db_session_get(struct db_scope *s, const uint8_t hash[32], struct session *out)
{
    struct session_op op = {.hash = hash, .out = out};
    return db_run(s, get_fn, &op);
}

static ota_err touch_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct pg_args a = {0};
    arg_bytes(&a, op->hash, 32);
    arg_int(&a, op->expires_at_unix_s);
    return tx_query(tx, Q_SESSION_TOUCH, &a, NULL);
}

ota_err db_session_touch(struct db_scope *s, const uint8_t hash[32], int64_t expires_at_unix_s)
{
    struct session_op op = {.hash = hash, .expires_at_unix_s = expires_at_unix_s};
    return db_run(s, touch_fn, &op);
}

static ota_err delete_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct pg_args a = {0};
    arg_bytes(&a, op->hash, 32);
    return tx_query(tx, Q_SESSION_DELETE, &a, NULL);
}

ota_err db_session_delete(struct db_scope *s, const uint8_t hash[32])
{
    struct session_op op = {.hash = hash};
    return db_run(s, delete_fn, &op);
}
