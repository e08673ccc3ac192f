/*
 * People, and the token that makes the first of them.  Whoever takes something away holds the
 * lock of people.h, so that the last admin stays.
 */
#include "user.h"

#include "audit.h"
#include "people.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

struct user_op {
    const char *name;
    const struct user *user;
    const struct user_patch *patch;
    const struct db_page *page;
    const uint8_t *hash;
    int64_t expires_at_unix_s;
    struct user *out;
    void *list;
    size_t list_count;
    int64_t count;
};

/* ---- shared inside db/ ----------------------------------------------------------------------
 */

ota_err tx_people_lock(struct db_tx *tx)
{
    return tx_query(tx, Q_PEOPLE_LOCK, NULL, NULL);
}

static ota_err ask_number(struct db_tx *tx, int query, const struct pg_args *a, int64_t *out)
{
    struct pg_row row;
    const ota_err err = tx_one(tx, query, a, &row);
    if (err == OTA_OK)
        *out = row_int(&row);
    return err == OTA_OK ? row.err : err;
}

ota_err tx_admin_left(struct db_tx *tx)
{
    int64_t left = 0;
    const ota_err err = ask_number(tx, Q_ADMINS_LEFT, NULL, &left);
    if (err != OTA_OK)
        return err;
    return left > 0 ? OTA_OK : tx_refuse(tx, DB_WHY_LAST_ADMIN);
}

static ota_err get(struct db_tx *tx, int query, const struct pg_args *a, struct user *out)
{
    struct pg_row row;
    const ota_err err = tx_one(tx, query, a, &row);
    if (err != OTA_OK)
        return err;
    user_read(&row, out);
    return row.err;
}

ota_err tx_user_get(struct db_tx *tx, int64_t id, struct user *out)
{
    struct pg_args a = {0};
    arg_int(&a, id);
    return get(tx, Q_USER_GET, &a, out);
}

ota_err tx_user_get_by_name(struct db_tx *tx, const char *name, struct user *out)
{
    struct pg_args a = {0};
    arg_text(&a, name);
    return get(tx, Q_USER_GET_BY_NAME, &a, out);
}

const char *tx_user_text(struct db_tx *tx, const struct user *u)
{
    return AUDIT_OBJECT(tx, AUDIT_LIST("roles", &u->roles), AUDIT_TEXT("state", user_state(u)),
                        AUDIT_BOOL("totp", u->totp));
}

ota_err tx_user_create(struct db_tx *tx, const struct user *u, struct user *out)
{
    struct pg_args a = {0};
    int64_t id = 0;
    arg_text(&a, u->name);
    arg_text(&a, u->password_hash);
    arg_text(&a, tx_actor(tx));
    ota_err err = ask_number(tx, Q_USER_CREATE, &a, &id);
    if (err == OTA_OK)
        err = tx_user_roles_put(tx, id, &u->roles);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, id);
    return err == OTA_OK ? tx_user_get(tx, id, out) : err;
}

ota_err tx_user_roles_put(struct db_tx *tx, int64_t id, const struct db_names *roles)
{
    const char *names = tx_array(tx->arena, roles->v, roles->count);
    int64_t unknown = 0;
    if (names == NULL)
        return OTA_E_LIMIT;
    struct pg_args ask = {0}, put = {0};
    arg_text(&ask, names);
    ota_err err = ask_number(tx, Q_ROLES_UNKNOWN, &ask, &unknown);
    if (err == OTA_OK && unknown > 0)
        err = tx_refuse(tx, DB_WHY_NO_ROLE);
    arg_int(&put, id);
    arg_text(&put, names);
    if (err == OTA_OK)
        err = tx_query(tx, Q_USER_ROLES_PUT, &put, NULL);
    return err == OTA_OK ? tx_roles_fit(tx) : err;
}

ota_err tx_user_by_id(struct db_tx *tx, int query, int64_t id)
{
    struct pg_args a = {0};
    arg_int(&a, id);
    return tx_query(tx, query, &a, NULL);
}

/* ---- reading --------------------------------------------------------------------------------
 */

static ota_err count_fn(struct db_tx *tx, void *arg)
{
    struct user_op *op = arg;
    return ask_number(tx, Q_USER_COUNT, NULL, &op->count);
}

ota_err db_user_count(struct db_scope *s, int64_t *out)
{
    struct user_op op = {0};
    const ota_err err = db_run(s, count_fn, &op);
    if (err == OTA_OK)
        *out = op.count;
    return err;
}

static ota_err get_by_name_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    return tx_user_get_by_name(tx, op->name, op->out);
}

ota_err db_user_get_by_name(struct db_scope *s, const char *name, struct user *out)
{
    struct user_op op = {.name = name, .out = out};
    return db_run(s, get_by_name_fn, &op);
}

static void list_read(struct pg_row *row, void *out_user)
{
    user_read(row, out_user);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct user_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_text(&a, op->page->after_text);
    arg_int(&a, page_limit(op->page));
    const ota_err err = tx_query(tx, Q_USER_LIST, &a, &rows);
    if (err != OTA_OK)
        return err;
    return tx_list(tx, &rows, sizeof(struct user), list_read, &op->list, &op->list_count);
}

ota_err db_user_list(struct db_scope *s, const struct db_page *page, struct user **out,
                     size_t *out_count)
{
    struct user_op op = {.page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.list_count;
    }
    return err;
}

/* ---- making ---------------------------------------------------------------------------------
 */

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    const ota_err err = tx_user_create(tx, op->user, op->out);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "user.create",
                                                        .object = op->out->name,
                                                        .after = tx_user_text(tx, op->out)});
}

ota_err db_user_create(struct db_scope *s, const struct user *u, struct user *out)
{
    struct user_op op = {.user = u, .out = out};
    return db_run(s, create_fn, &op);
}

/* Alone with the tenant's accounts, and there are none. */
static ota_err none_yet(struct db_tx *tx)
{
    int64_t count = 0;
    ota_err err = tx_people_lock(tx);
    if (err == OTA_OK)
        err = ask_number(tx, Q_USER_COUNT, NULL, &count);
    if (err == OTA_OK && count > 0)
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

/* ---- changing -------------------------------------------------------------------------------
 */

/* Who is disabled comes back by being enabled, not by a sign-in or a link of before. */
static ota_err set_disabled(struct db_tx *tx, int64_t id, bool disabled)
{
    struct pg_args a = {0};
    arg_int(&a, id);
    arg_bool(&a, disabled);
    ota_err err = tx_query(tx, Q_USER_SET_DISABLED, &a, NULL);
    if (err == OTA_OK && disabled)
        err = tx_sessions_end(tx, id, NULL);
    if (err == OTA_OK && disabled)
        err = tx_user_by_id(tx, Q_JOIN_DELETE, id);
    return err;
}

static ota_err patch_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    const struct user_patch *p = op->patch;
    struct user before;
    ota_err err = tx_people_lock(tx);
    if (err == OTA_OK)
        err = tx_user_get_by_name(tx, op->name, &before);
    if (err == OTA_OK && p->roles != NULL)
        err = tx_user_by_id(tx, Q_USER_ROLES_CLEAR, before.id);
    if (err == OTA_OK && p->roles != NULL)
        err = tx_user_roles_put(tx, before.id, p->roles);
    if (err == OTA_OK && p->disabled != NULL)
        err = set_disabled(tx, before.id, *p->disabled);
    if (err == OTA_OK)
        err = tx_admin_left(tx);
    if (err == OTA_OK)
        err = tx_user_get(tx, before.id, op->out);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, before.id);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "user.change",
                                                        .object = before.name,
                                                        .before = tx_user_text(tx, &before),
                                                        .after = tx_user_text(tx, op->out)});
}

ota_err db_user_patch(struct db_scope *s, const char *name, const struct user_patch *patch,
                      struct user *out)
{
    struct user_op op = {.name = name, .patch = patch, .out = out};
    return db_run(s, patch_fn, &op);
}

static ota_err delete_fn(struct db_tx *tx, void *arg)
{
    const struct user_op *op = arg;
    struct user before = {0};
    struct pg_args a = {0};
    ota_err err = tx_people_lock(tx);
    if (err == OTA_OK)
        err = tx_user_get_by_name(tx, op->name, &before);
    arg_int(&a, before.id);
    if (err == OTA_OK)
        err = tx_touch(tx, Q_USER_DELETE, &a);
    if (err == OTA_OK)
        err = tx_admin_left(tx);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, before.id);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "user.delete",
                                                        .object = before.name,
                                                        .before = tx_user_text(tx, &before)});
}

ota_err db_user_delete(struct db_scope *s, const char *name)
{
    struct user_op op = {.name = name};
    return db_run(s, delete_fn, &op);
}
