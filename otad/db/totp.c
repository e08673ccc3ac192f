/* Second factors: a code counts once, because spending it is one guarded write. */
#include "totp.h"

#include <string.h>

#include "audit.h"
#include "people.h"
#include "queries.h"

struct totp_op {
    int64_t user_id;
    const uint8_t *sealed;
    const struct totp *totp;
    const struct factor_proof *proof;
    const struct recovery_hashes *codes;
    struct totp *out;
};

/* Something about the second factor changed; action says what. */
static ota_err told(struct db_tx *tx, int64_t user_id, const char *action)
{
    struct user user;
    const ota_err err = tx_user_get(tx, user_id, &user);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = action, .object = user.name});
}

static ota_err begin_fn(struct db_tx *tx, void *arg)
{
    const struct totp_op *op = arg;
    struct pg_args a = {0};
    arg_int(&a, op->user_id);
    arg_bytes(&a, op->sealed, TOTP_SEALED);
    const ota_err err = tx_touch(tx, Q_TOTP_BEGIN, &a);
    return err == OTA_E_NOT_FOUND ? tx_refuse(tx, DB_WHY_TOTP_ON) : err;
}

ota_err db_totp_begin(struct db_scope *s, int64_t user_id, const uint8_t sealed[TOTP_SEALED])
{
    struct totp_op op = {.user_id = user_id, .sealed = sealed};
    return db_run(s, begin_fn, &op);
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct totp_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, op->user_id);
    const ota_err err = tx_one(tx, Q_TOTP_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    *op->out = (struct totp){0};
    row_bytes(&row, op->out->sealed, sizeof op->out->sealed);
    op->out->in_force = row_bool(&row);
    op->out->last_step = row_int(&row);
    op->out->recovery_codes_left = row_int(&row);
    return row.err;
}

ota_err db_totp_get(struct db_scope *s, int64_t user_id, struct totp *out)
{
    struct totp_op op = {.user_id = user_id, .out = out};
    return db_run(s, get_fn, &op);
}

static ota_err codes_put(struct db_tx *tx, int64_t user_id, const struct recovery_hashes *codes)
{
    ota_err err = tx_user_by_id(tx, Q_RECOVERY_CLEAR, user_id);
    for (size_t i = 0; err == OTA_OK && i < RECOVERY_HASHES; i++) {
        struct pg_args a = {0};
        arg_int(&a, user_id);
        arg_bytes(&a, codes->hash[i], sizeof codes->hash[i]);
        err = tx_query(tx, Q_RECOVERY_PUT, &a, NULL);
    }
    return err;
}

static ota_err confirm_fn(struct db_tx *tx, void *arg)
{
    const struct totp_op *op = arg;
    struct pg_args a = {0};
    arg_int(&a, op->user_id);
    arg_bytes(&a, op->totp->sealed, sizeof op->totp->sealed);
    arg_int(&a, op->proof->step);
    ota_err err = tx_touch(tx, Q_TOTP_CONFIRM, &a);
    if (err == OTA_E_NOT_FOUND)
        return tx_refuse(tx, DB_WHY_TOTP_OFF);
    if (err == OTA_OK)
        err = codes_put(tx, op->user_id, op->codes);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, op->user_id);
    return err == OTA_OK ? told(tx, op->user_id, "totp.on") : err;
}

ota_err db_totp_confirm(struct db_scope *s, int64_t user_id, const struct totp *totp,
                        const struct factor_proof *proof, const struct recovery_hashes *codes)
{
    struct totp_op op = {.user_id = user_id, .totp = totp, .proof = proof, .codes = codes};
    return db_run(s, confirm_fn, &op);
}

static ota_err spend_step(struct db_tx *tx, int64_t user_id, const struct factor_proof *proof)
{
    struct pg_args a = {0};
    arg_int(&a, user_id);
    arg_int(&a, proof->step);
    return tx_touch(tx, Q_TOTP_SPEND, &a);
}

static ota_err spend_recovery(struct db_tx *tx, int64_t user_id,
                              const struct factor_proof *proof)
{
    struct pg_args a = {0};
    arg_int(&a, user_id);
    arg_bytes(&a, proof->code_hash, sizeof proof->code_hash);
    const ota_err err = tx_touch(tx, Q_RECOVERY_SPEND, &a);
    return err == OTA_OK ? told(tx, user_id, "recovery.use") : err;
}

static ota_err spend(struct db_tx *tx, int64_t user_id, const struct factor_proof *proof)
{
    ota_err err = OTA_E_AUTH;
    if (proof->kind == FACTOR_STEP)
        err = spend_step(tx, user_id, proof);
    else if (proof->kind == FACTOR_RECOVERY)
        err = spend_recovery(tx, user_id, proof);
    return err == OTA_E_NOT_FOUND ? OTA_E_AUTH : err;
}

/* OTA_E_NOT_FOUND: there is no second factor in force. */
static ota_err lock(struct db_tx *tx, int64_t user_id)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, user_id);
    return tx_one(tx, Q_TOTP_IN_FORCE, &a, &row);
}

ota_err tx_factor_spend(struct db_tx *tx, int64_t user_id, const struct factor_proof *proof)
{
    const ota_err err = lock(tx, user_id);
    if (err == OTA_E_NOT_FOUND)
        return OTA_OK;
    return err == OTA_OK ? spend(tx, user_id, proof) : err;
}

ota_err tx_factor_remove(struct db_tx *tx, int64_t user_id)
{
    return tx_user_by_id(tx, Q_TOTP_DELETE, user_id);
}

/* There is one in force, and proof is spent. */
static ota_err proved(struct db_tx *tx, const struct totp_op *op)
{
    const ota_err err = lock(tx, op->user_id);
    if (err == OTA_E_NOT_FOUND)
        return tx_refuse(tx, DB_WHY_TOTP_OFF);
    return err == OTA_OK ? spend(tx, op->user_id, op->proof) : err;
}

static ota_err remove_fn(struct db_tx *tx, void *arg)
{
    const struct totp_op *op = arg;
    ota_err err = proved(tx, op);
    if (err == OTA_OK)
        err = tx_factor_remove(tx, op->user_id);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ACCOUNT, op->user_id);
    return err == OTA_OK ? told(tx, op->user_id, "totp.off") : err;
}

ota_err db_totp_remove(struct db_scope *s, int64_t user_id, const struct factor_proof *proof)
{
    struct totp_op op = {.user_id = user_id, .proof = proof};
    return db_run(s, remove_fn, &op);
}

static ota_err recovery_fn(struct db_tx *tx, void *arg)
{
    const struct totp_op *op = arg;
    ota_err err = proved(tx, op);
    if (err == OTA_OK)
        err = codes_put(tx, op->user_id, op->codes);
    return err == OTA_OK ? told(tx, op->user_id, "recovery.renew") : err;
}

ota_err db_recovery_put(struct db_scope *s, int64_t user_id, const struct factor_proof *proof,
                        const struct recovery_hashes *codes)
{
    struct totp_op op = {.user_id = user_id, .proof = proof, .codes = codes};
    return db_run(s, recovery_fn, &op);
}
