/*
 * Sign-ins of people.  What was proved before the transaction (a password, a code) is asked
 * again inside: between the two the person may have been disabled or got another password.
 */
#include "session.h"

#include <string.h>

#include "audit.h"
#include "people.h"
#include "queries.h"
#include "read.h"

struct session_op {
    const struct session *session;
    const struct factor_proof *proof;
    const char *name, *password_hash;
    const uint8_t *hash;
    int64_t id;
    const struct db_page *page;
    struct session *out;
    void *list;
    size_t count;
};

/* ---- making ---------------------------------------------------------------------------------
 */

static ota_err put(struct db_tx *tx, const struct session *s)
{
    struct pg_args a = {0};
    arg_bytes(&a, s->hash, sizeof s->hash);
    arg_int(&a, s->user.id);
    arg_text(&a, s->csrf_token);
    arg_int(&a, s->expires_at_unix_s);
    arg_text(&a, s->address);
    arg_text(&a, s->agent);
    return tx_query(tx, Q_SESSION_PUT, &a, NULL);
}

ota_err tx_session_start(struct db_tx *tx, const struct session *session,
                         const struct factor_proof *proof)
{
    struct pg_args a = {0};
    arg_int(&a, session->user.id);
    arg_text(&a, session->user.password_hash);
    ota_err err = tx_touch(tx, Q_USER_SIGNED_IN, &a);
    if (err == OTA_E_NOT_FOUND)
        return OTA_E_AUTH;
    if (err == OTA_OK)
        err = tx_factor_spend(tx, session->user.id, proof);
    return err == OTA_OK ? put(tx, session) : err;
}

static ota_err start_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    const ota_err err = tx_session_start(tx, op->session, op->proof);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "session.start",
                                                        .object = op->session->user.name});
}

ota_err db_session_start(struct db_scope *s, const struct session *session,
                         const struct factor_proof *proof)
{
    struct session_op op = {.session = session, .proof = proof};
    return db_run(s, start_fn, &op);
}

/* ---- reading --------------------------------------------------------------------------------
 */

static void times_read(struct pg_row *row, struct session *out)
{
    out->created_at_unix_s = row_int(row);
    out->last_used_at_unix_s = row_int(row);
    out->expires_at_unix_s = row_int(row);
    out->id = row_int(row);
    out->address = row_text_or_empty(row);
    out->agent = row_text_or_empty(row);
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
    times_read(&row, out);
    const bool stale = row_bool(&row);
    user_read(&row, &out->user);
    if (row.err != OTA_OK || !stale)
        return row.err;
    return tx_query(tx, Q_SESSION_TOUCH, &a, NULL);
}

ota_err db_session_get(struct db_scope *s, const uint8_t hash[32], struct session *out)
{
    struct session_op op = {.hash = hash, .out = out};
    return db_run(s, get_fn, &op);
}

static void list_read(struct pg_row *row, void *out_session)
{
    struct session *out = out_session;
    *out = (struct session){0};
    row_bytes(row, out->hash, sizeof out->hash);
    times_read(row, out);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct session_op *op = arg;
    struct user user;
    struct pg_args a = {0};
    struct pg_rows rows;
    ota_err err = tx_user_get_by_name(tx, op->name, &user);
    if (err != OTA_OK)
        return err;
    arg_int(&a, user.id);
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    err = tx_query(tx, Q_SESSION_LIST, &a, &rows);
    if (err != OTA_OK)
        return err;
    return tx_list(tx, &rows, sizeof(struct session), list_read, &op->list, &op->count);
}

ota_err db_session_list(struct db_scope *s, const char *user, const struct db_page *page,
                        struct session **out, size_t *out_count)
{
    struct session_op op = {.name = user, .page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

/* ---- ending ---------------------------------------------------------------------------------
 */

static ota_err delete_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct user user;
    struct pg_args a = {0};
    struct pg_row row;
    arg_bytes(&a, op->hash, 32);
    ota_err err = tx_one(tx, Q_SESSION_DELETE, &a, &row);
    if (err == OTA_E_NOT_FOUND)
        return OTA_OK;
    const int64_t id = err == OTA_OK ? row_int(&row) : 0;
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, id);
    if (err == OTA_OK)
        err = tx_user_get(tx, id, &user);
    return err != OTA_OK
               ? err
               : tx_audit(tx, &(struct audit){.action = "session.end", .object = user.name});
}

ota_err db_session_delete(struct db_scope *s, const uint8_t hash[32])
{
    struct session_op op = {.hash = hash};
    return db_run(s, delete_fn, &op);
}

static ota_err end_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct user user;
    struct pg_args a = {0};
    ota_err err = tx_user_get_by_name(tx, op->name, &user);
    if (err != OTA_OK)
        return err;
    arg_int(&a, user.id);
    arg_int(&a, op->id);
    err = tx_touch(tx, Q_SESSION_END, &a);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, user.id);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "session.end",
                                                        .object = user.name,
                                                        .before = AUDIT_OBJECT(
                                                            tx, AUDIT_INT("sign_in", op->id))});
}

ota_err db_session_end(struct db_scope *s, const char *user, int64_t id)
{
    struct session_op op = {.name = user, .id = id};
    return db_run(s, end_fn, &op);
}

ota_err tx_sessions_end(struct db_tx *tx, int64_t user_id, const uint8_t *but_hash)
{
    struct pg_args a = {0};
    arg_int(&a, user_id);
    if (but_hash == NULL)
        arg_text(&a, NULL);
    else
        arg_bytes(&a, but_hash, 32);
    const ota_err err = tx_query(tx, Q_SESSION_END_ALL, &a, NULL);
    return err == OTA_OK ? tx_change(tx, CHANGE_ACCOUNT, user_id) : err;
}

static ota_err end_others_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    struct user user;
    ota_err err = tx_user_get_by_name(tx, op->name, &user);
    if (err == OTA_OK)
        err = tx_sessions_end(tx, user.id, op->hash);
    return err != OTA_OK
               ? err
               : tx_audit(tx, &(struct audit){.action = "session.end", .object = op->name});
}

ota_err db_session_end_others(struct db_scope *s, const char *user, const uint8_t hash[32])
{
    struct session_op op = {.name = user, .hash = hash};
    return db_run(s, end_others_fn, &op);
}

/* ---- passwords ------------------------------------------------------------------------------
 */

static ota_err password_put(struct db_tx *tx, const struct user *user, const char *hash)
{
    struct pg_args a = {0};
    arg_int(&a, user->id);
    arg_text(&a, hash);
    arg_text(&a, user->password_hash);
    return tx_touch(tx, Q_USER_PASSWORD_PUT, &a);
}

static ota_err change_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    const struct user *user = &op->session->user;
    ota_err err = password_put(tx, user, op->password_hash);
    if (err == OTA_E_NOT_FOUND)
        return OTA_E_AUTH;
    if (err == OTA_OK)
        err = tx_sessions_end(tx, user->id, NULL);
    if (err == OTA_OK)
        err = put(tx, op->session);
    return err != OTA_OK
               ? err
               : tx_audit(tx, &(struct audit){.action = "user.password", .object = user->name});
}

ota_err db_password_change(struct db_scope *s, const struct session *session,
                           const char *password_hash)
{
    struct session_op op = {.session = session, .password_hash = password_hash};
    return db_run(s, change_fn, &op);
}

static ota_err renew_fn(struct db_tx *tx, void *arg)
{
    const struct session_op *op = arg;
    const ota_err err = password_put(tx, &op->session->user, op->password_hash);
    return err == OTA_E_NOT_FOUND ? OTA_OK : err;
}

ota_err db_password_renew(struct db_scope *s, const struct user *user,
                          const char *password_hash)
{
    const struct session session = {.user = *user};
    struct session_op op = {.session = &session, .password_hash = password_hash};
    return db_run(s, renew_fn, &op);
}
