/* People, and the token that makes the first of them. */
#include "user.h"

#include "queries.h"
#include "read.h"
#include "tx.h"

struct user_op {
    const char *name;
    const struct user *user;
    const uint8_t *hash;
    int64_t expires_at_unix_s;
    struct user *out;
    int64_t count;
};

static ota_err count_fn(struct db_tx *tx, void *arg)
{
    struct user_op *op = arg;
    struct pg_row row;
    const ota_err err = tx_one(tx, Q_USER_COUNT, NULL, &row);
    if (err != OTA_OK)
        return err;
    op->count = row_int(&row);
    return row.err;
}

ota_err db_user_count(struct db_scope *s, int64_t *out)
{
    struct user_op op = {0};
    const ota_err err = db_run(s, count_fn, &op);
    if (err == OTA_OK)
        *out = op.count;
    return err;
}

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, op->user->name);
    arg_text(&a, op->user->role);
    arg_text(&a, op->user->password_hash);
    const ota_err err = tx_one(tx, Q_USER_CREATE, &a, &row);
    if (err != OTA_OK)
        return err;
    user_read(&row, op->out);
    return row.err;
}

ota_err db_user_create(struct db_scope *s, const struct user *u, struct user *out)
{
    struct user_op op = {.user = u, .out = out};
    return db_run(s, create_fn, &op);
}

/* Alone with the tenant's accounts, and there are none. */
static ota_err none_yet(struct db_tx *tx)
{
    struct user_op op = {0};
    ota_err err = tx_query(tx, Q_TENANT_LOCK, NULL, NULL);
    if (err == OTA_OK)
        err = count_fn(tx, &op);
    if (err == OTA_OK && op.count > 0)
        err = tx_refuse(tx, DB_WHY_EXISTS);
    return err;
}

static ota_err create_first_fn(struct db_tx *tx, void *arg)
{
    const ota_err err = none_yet(tx);
    return err == OTA_OK ? create_fn(tx, arg) : err;
}

ota_err db_user_create_first(struct db_scope *s, const struct user *u, struct user *out)
{
    struct user_op op = {.user = u, .out = out};
    return db_run(s, create_first_fn, &op);
}

static ota_err get_by_name_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, op->name);
    const ota_err err = tx_one(tx, Q_USER_GET_BY_NAME, &a, &row);
    if (err != OTA_OK)
        return err;
    user_read(&row, op->out);
    return row.err;
}

ota_err db_user_get_by_name(struct db_scope *s, const char *name, struct user *out)
{
    struct user_op op = {.name = name, .out = out};
    return db_run(s, get_by_name_fn, &op);
}

static ota_err setup_put_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    const ota_err err = none_yet(tx);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_bytes(&a, op->hash, 32);
    arg_int(&a, op->expires_at_unix_s);
    return tx_query(tx, Q_SETUP_TOKEN_PUT, &a, NULL);
}

ota_err db_setup_token_put(struct db_scope *s, const uint8_t hash[32],
                           int64_t expires_at_unix_s)
{
    struct user_op op = {.hash = hash, .expires_at_unix_s = expires_at_unix_s};
    return db_run(s, setup_put_fn, &op);
}

static ota_err setup_consume_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    ota_err err = none_yet(tx);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_bytes(&a, op->hash, 32);
    err = tx_touch(tx, Q_SETUP_TOKEN_SPEND, &a);
    if (err == OTA_E_NOT_FOUND)
        return OTA_E_AUTH;
    return err == OTA_OK ? create_fn(tx, arg) : err;
}

ota_err db_setup_token_consume(struct db_scope *s, const uint8_t hash[32], const struct user *u,
                               struct user *out)
{
    struct user_op op = {.hash = hash, .user = u, .out = out};
    return db_run(s, setup_consume_fn, &op);
}
