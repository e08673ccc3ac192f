/*
 * One-time links.  A link counts only while its person has no password: who chooses one spends
 * it, so of two at once exactly one does.
 */
#include "join.h"

#include <string.h>

#include "audit.h"
#include "people.h"
#include "queries.h"
#include "read.h"

struct join_op {
    const char *name;
    const struct user *user;
    const struct join_link *link;
    const uint8_t *hash;
    const struct session *session;
    const struct factor_proof *proof;
    bool drop_totp;
    struct user *out;
    enum join_kind kind;
};

static ota_err link_put(struct db_tx *tx, int64_t user_id, const struct join_link *link)
{
    struct pg_args a = {0};
    arg_int(&a, user_id);
    arg_bytes(&a, link->hash, sizeof link->hash);
    arg_text(&a, tx_actor(tx));
    arg_int(&a, link->expires_at_unix_s);
    return tx_query(tx, Q_JOIN_PUT, &a, NULL);
}

static ota_err invite_fn(struct db_tx *tx, void *arg)
{
    const struct join_op *op = arg;
    const struct user invited = {.name = op->user->name, .roles = op->user->roles};
    ota_err err = tx_people_lock(tx);
    if (err == OTA_OK)
        err = tx_user_create(tx, &invited, op->out);
    if (err == OTA_OK)
        err = link_put(tx, op->out->id, op->link);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "user.invite",
                                                        .object = op->out->name,
                                                        .after = tx_user_text(tx, op->out)});
}

ota_err db_user_invite(struct db_scope *s, const struct user *u, const struct join_link *link,
                       struct user *out)
{
    struct join_op op = {.user = u, .link = link, .out = out};
    return db_run(s, invite_fn, &op);
}

static ota_err password_put(struct db_tx *tx, int64_t user_id, const char *hash,
                            const char *old_hash)
{
    struct pg_args a = {0};
    arg_int(&a, user_id);
    arg_text(&a, hash);
    arg_text(&a, old_hash);
    return tx_touch(tx, Q_USER_PASSWORD_PUT, &a);
}

static ota_err take_password(struct db_tx *tx, const struct join_op *op,
                             const struct user *before)
{
    ota_err err = link_put(tx, before->id, op->link);
    if (err == OTA_OK)
        err = password_put(tx, before->id, NULL, before->password_hash);
    if (err == OTA_OK)
        err = tx_sessions_end(tx, before->id, NULL);
    if (err == OTA_OK && op->drop_totp)
        err = tx_factor_remove(tx, before->id);
    return err == OTA_OK ? tx_admin_left(tx) : err;
}

static ota_err reset_fn(struct db_tx *tx, void *arg)
{
    const struct join_op *op = arg;
    struct user before, after;
    ota_err err = tx_people_lock(tx);
    if (err == OTA_OK)
        err = tx_user_get_by_name(tx, op->name, &before);
    if (err == OTA_OK)
        err = take_password(tx, op, &before);
    if (err == OTA_OK)
        err = tx_user_get(tx, before.id, &after);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, before.id);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "user.reset",
                                                        .object = before.name,
                                                        .after = tx_user_text(tx, &after)});
}

ota_err db_user_reset(struct db_scope *s, const char *name, bool drop_totp,
                      const struct join_link *link)
{
    struct join_op op = {.name = name, .drop_totp = drop_totp, .link = link};
    return db_run(s, reset_fn, &op);
}

static ota_err link_get(struct db_tx *tx, const uint8_t hash[32], struct user *out,
                        enum join_kind *out_kind)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_bytes(&a, hash, 32);
    const ota_err err = tx_one(tx, Q_JOIN_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    *out_kind = row_bool(&row) ? JOIN_RESET : JOIN_INVITATION;
    user_read(&row, out);
    return row.err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    struct join_op *op = arg;
    return link_get(tx, op->hash, op->out, &op->kind);
}

ota_err db_join_get(struct db_scope *s, const uint8_t hash[32], struct user *out_user,
                    enum join_kind *out_kind)
{
    struct join_op op = {.hash = hash, .out = out_user};
    const ota_err err = db_run(s, get_fn, &op);
    if (err == OTA_OK)
        *out_kind = op.kind;
    return err;
}

/* The account's row first, as everybody does; whoever comes second finds a password there. */
static ota_err spend_fn(struct db_tx *tx, void *arg)
{
    struct join_op *op = arg;
    struct user user;
    struct pg_args a = {0};
    ota_err err = link_get(tx, op->hash, &user, &op->kind);
    if (err == OTA_OK)
        err = password_put(tx, user.id, op->session->user.password_hash, NULL);
    arg_bytes(&a, op->hash, 32);
    if (err == OTA_OK)
        err = tx_touch(tx, Q_JOIN_SPEND, &a);
    if (err == OTA_OK)
        err = tx_sessions_end(tx, user.id, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, user.id);
    if (err == OTA_OK)
        err = tx_audit(tx, &(struct audit){.action = "user.join", .object = user.name});
    if (err != OTA_OK)
        return err;
    struct session session = *op->session;
    session.user.id = user.id;
    return tx_session_start(tx, &session, op->proof);
}

ota_err db_join_spend(struct db_scope *s, const uint8_t hash[32], const struct session *session,
                      const struct factor_proof *proof)
{
    struct join_op op = {.hash = hash, .session = session, .proof = proof};
    return db_run(s, spend_fn, &op);
}
