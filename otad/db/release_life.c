/*
 * The steps of a release's life after it is complete: onto a channel, to the other one,
 * changed, withdrawn.  Each is one transaction with its line of history and its entry in the
 * audit log.
 */
#include "audit.h"
#include "queries.h"
#include "release_lock.h"

#include <string.h>

struct life_op {
    const char *platform, *version;
    const char *reason;
    enum channel channel;
    bool promote;
    const struct release_patch *patch;
    struct release *out;
};

/* ---- channels -------------------------------------------------------------------------- */

/* A platform with a repository releases only what its signed role lists, and nothing to stable
 * that it lists for beta alone. */
static ota_err is_listed(struct db_tx *tx, const struct release_locked *r, enum channel channel)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, r->platform_id);
    arg_int(&a, r->id);
    const ota_err err = tx_one(tx, Q_TUF_LISTED, &a, &row);
    if (err != OTA_OK)
        return err;
    const bool listed = row_bool(&row), beta_alone = row_bool(&row);
    if (row.err != OTA_OK)
        return row.err;
    if (!listed)
        return tx_refuse(tx, DB_WHY_NOT_IN_TARGETS);
    return beta_alone && channel != CHANNEL_BETA ? tx_refuse(tx, DB_WHY_OTHER_CHANNEL) : OTA_OK;
}

static ota_err may_go(struct db_tx *tx, const struct release_locked *r,
                      const struct life_op *op)
{
    switch (r->state) {
    case RELEASE_DRAFT:
        return tx_refuse(tx, DB_WHY_INCOMPLETE);
    case RELEASE_WITHDRAWN:
        return tx_refuse(tx, DB_WHY_WITHDRAWN);
    case RELEASE_RELEASED:
        if (!op->promote || op->channel == CHANNEL_BETA)
            return tx_refuse(tx, DB_WHY_ALREADY_RELEASED);
        break;
    case RELEASE_COMPLETE:
        if (op->promote)
            return tx_refuse(tx, DB_WHY_NOT_RELEASED);
        break;
    }
    const ota_err err = is_listed(tx, r, op->channel);
    if (err != OTA_OK)
        return err;
    return release_floor(tx, &(struct release_floor){.platform_id = r->platform_id,
                                                     .except_release_id = r->id,
                                                     .version = &r->version,
                                                     .security_counter = r->security_counter,
                                                     .beta_too = op->channel == CHANNEL_BETA});
}

static ota_err go(struct db_tx *tx, const struct release_locked *r, const struct life_op *op)
{
    const char *channel = channel_name(op->channel);
    struct audit_look before;
    struct pg_args a = {0};
    ota_err err = tx_audit_look(tx, Q_AUDIT_RELEASE, r->id, &before);
    arg_int(&a, r->id);
    arg_text(&a, channel);
    arg_text(&a, tx_actor(tx));
    if (err == OTA_OK)
        err = tx_query(tx, Q_RELEASE_RELEASE, &a, NULL);
    if (err == OTA_OK)
        err = release_step_put(tx, r->id, op->promote ? "promoted" : "released", channel);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_RELEASE, r->id);
    return err == OTA_OK
               ? tx_audit_since(tx, op->promote ? "release.promote" : "release.release",
                                &before, Q_AUDIT_RELEASE, r->id)
               : err;
}

static ota_err channel_fn(struct db_tx *tx, void *arg)
{
    const struct life_op *op = arg;
    struct release_locked r = {0};
    int64_t platform_id = 0;
    ota_err err = tx_platform_lock(tx, op->platform, &platform_id);
    if (err == OTA_OK)
        err = release_lock(tx, op->platform, op->version, &r);
    if (err != OTA_OK)
        return err;
    if (r.state == RELEASE_RELEASED && r.channel == op->channel)
        return release_get_id(tx, r.id, op->out);
    err = may_go(tx, &r, op);
    if (err == OTA_OK)
        err = go(tx, &r, op);
    return err == OTA_OK ? release_get_id(tx, r.id, op->out) : err;
}

static ota_err to_channel(struct db_scope *s, struct life_op *op)
{
    return op->channel == CHANNEL_NONE ? OTA_E_FORMAT : db_run(s, channel_fn, op);
}

ota_err db_release_release(struct db_scope *s, const char *platform, const char *version,
                           enum channel channel, struct release *out)
{
    struct life_op op = {
        .platform = platform, .version = version, .channel = channel, .out = out};
    return to_channel(s, &op);
}

ota_err db_release_promote(struct db_scope *s, const char *platform, const char *version,
                           enum channel channel, struct release *out)
{
    struct life_op op = {.platform = platform,
                         .version = version,
                         .channel = channel,
                         .promote = true,
                         .out = out};
    return to_channel(s, &op);
}

/* ---- the end --------------------------------------------------------------------------- */

static ota_err withdraw_fn(struct db_tx *tx, void *arg)
{
    const struct life_op *op = arg;
    const char *reason = op->reason == NULL ? "" : op->reason;
    struct release_locked r = {0};
    struct audit_look before;
    ota_err err = release_lock(tx, op->platform, op->version, &r);
    if (err != OTA_OK || r.state == RELEASE_WITHDRAWN)
        return err == OTA_OK ? release_get_id(tx, r.id, op->out) : err;
    struct pg_args a = {0}, updates = {0};
    err = tx_audit_look(tx, Q_AUDIT_RELEASE, r.id, &before);
    arg_int(&a, r.id);
    arg_text(&a, reason);
    arg_text(&a, tx_actor(tx));
    if (err == OTA_OK)
        err = tx_query(tx, Q_RELEASE_WITHDRAW, &a, NULL);
    arg_int(&updates, r.id);
    if (err == OTA_OK)
        err = tx_query(tx, Q_UPDATE_WITHDRAW, &updates, NULL);
    if (err == OTA_OK)
        err = release_step_put(tx, r.id, "withdrawn", reason);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_RELEASE, r.id);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "release.withdraw", &before, Q_AUDIT_RELEASE, r.id);
    return err == OTA_OK ? release_get_id(tx, r.id, op->out) : err;
}

ota_err db_release_withdraw(struct db_scope *s, const char *platform, const char *version,
                            const char *reason, struct release *out)
{
    struct life_op op = {
        .platform = platform, .version = version, .reason = reason, .out = out};
    return db_run(s, withdraw_fn, &op);
}

/* ---- what may change ------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What of it changes, in words; NULL = nothing.  What does not is taken out of *p. */
static const char *difference(struct db_tx *tx, const struct release_locked *r,
                              struct release_patch *p)
{
    if (p->notes != NULL && strcmp(p->notes, r->notes) == 0)
        p->notes = NULL;
    if (p->set_minimum && same_text(p->minimum_version, r->minimum_version))
        p->set_minimum = false;
    if (!p->set_minimum)
        return p->notes == NULL ? NULL : "notes";
    return arena_printf(tx->arena, "%sminimum version %s", p->notes == NULL ? "" : "notes, ",
                        p->minimum_version == NULL ? "none" : p->minimum_version);
}

static ota_err change(struct db_tx *tx, const struct release_locked *r,
                      const struct release_patch *p, const char *detail)
{
    const struct version minimum = version_of(p->minimum_version);
    struct audit_look before;
    struct pg_args a = {0};
    ota_err err = tx_audit_look(tx, Q_AUDIT_RELEASE, r->id, &before);
    arg_int(&a, r->id);
    arg_text(&a, p->notes);
    arg_bool(&a, p->set_minimum);
    arg_text(&a, p->minimum_version);
    arg_bytes(&a, p->minimum_version == NULL ? NULL : minimum.key, minimum.len);
    if (err == OTA_OK)
        err = tx_query(tx, Q_RELEASE_CHANGE, &a, NULL);
    if (err == OTA_OK)
        err = release_step_put(tx, r->id, "changed", detail);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_RELEASE, r->id);
    return err == OTA_OK ? tx_audit_since(tx, "release.change", &before, Q_AUDIT_RELEASE, r->id)
                         : err;
}

static ota_err change_fn(struct db_tx *tx, void *arg)
{
    const struct life_op *op = arg;
    struct release_patch p = *op->patch;
    struct release_locked r = {0};
    ota_err err = release_lock(tx, op->platform, op->version, &r);
    if (err == OTA_OK && r.state == RELEASE_WITHDRAWN)
        err = tx_refuse(tx, DB_WHY_WITHDRAWN);
    if (err != OTA_OK)
        return err;
    const char *detail = difference(tx, &r, &p);
    if (detail != NULL)
        err = change(tx, &r, &p, detail);
    return err == OTA_OK ? release_get_id(tx, r.id, op->out) : err;
}

ota_err db_release_change(struct db_scope *s, const char *platform, const char *version,
                          const struct release_patch *patch, struct release *out)
{
    const struct version to = version_of(version), from = version_of(patch->minimum_version);
    if (patch->set_minimum && patch->minimum_version != NULL &&
        (from.len == 0 || version_compare(&from, &to) >= 0))
        return OTA_E_FORMAT;
    struct life_op op = {.platform = platform, .version = version, .patch = patch, .out = out};
    return db_run(s, change_fn, &op);
}
