/*
 * Updates: made by hand or by a channel, moved on by their device's feedback.  Each function
 * locks the device, then the update; what follows from a feedback is decided by the pure
 * functions of fleet/update_state.h.
 */
#include "update.h"

#include <string.h>

#include "audit.h"
#include "queries.h"
#include "read.h"
#include "update_event.h"
#include "update_inside.h"

struct update_op {
    const char *device_id, *version;
    int64_t device_no, release_id;
    int32_t id;
    const struct feedback *feedback;
    struct update *out;
};

ota_err update_get(struct db_tx *tx, int32_t id, struct update *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, id);
    const ota_err err = tx_one(tx, Q_UPDATE_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    update_read(&row, out);
    return row.err == OTA_OK ? events_get(tx, out, 1) : row.err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct update_op *op = arg;
    return update_get(tx, op->id, op->out);
}

ota_err db_update_get(struct db_scope *s, int32_t id, struct update *out)
{
    struct update_op op = {.id = id, .out = out};
    return db_run(s, get_fn, &op);
}

/* ---- making ---------------------------------------------------------------------------------
 */

static void offer_release_read(struct pg_row *row, void *out_release)
{
    struct offer_release *r = out_release;
    *r = (struct offer_release){0};
    r->id = row_int(row);
    r->state = release_state_parse(row_text_or_empty(row));
    r->channel = channel_parse(row_text_or_empty(row));
    version_read(row, &r->version);
    r->security_counter = (uint32_t)row_int(row);
    version_read(row, &r->minimum);
    r->barred = !row_bool(row);
    r->beta_alone = row_bool(row);
}

ota_err update_insert(struct db_tx *tx, const struct device_locked *d,
                      const struct update_new *fresh, struct update *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, d->no);
    arg_int(&a, fresh->release_id);
    arg_text(&a, fresh->from_version);
    arg_text(&a, tx_actor(tx));
    arg_bool(&a, fresh->plain);
    ota_err err = tx_one(tx, Q_UPDATE_CREATE, &a, &row);
    if (err != OTA_OK)
        return err;
    const int32_t id = (int32_t)row_int(&row);
    err = event_put(tx,
                    &(struct event_new){.update_id = id, .number = 1, .execution = "created"});
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_UPDATE, id);
    return err == OTA_OK ? update_get(tx, id, out) : err;
}

/* For a device that polls for it. */
static ota_err insert(struct db_tx *tx, const struct device_locked *d, int64_t release_id,
                      struct update *out)
{
    const struct update_new fresh = {.release_id = release_id, .from_version = d->version};
    return update_insert(tx, d, &fresh, out);
}

static const enum db_why why_not[] = {
    [OFFER_TAKE] = DB_WHY_NONE,
    [OFFER_SAME_VERSION] = DB_WHY_SAME_VERSION,
    [OFFER_VERSION_TOO_LOW] = DB_WHY_VERSION_TOO_LOW,
    [OFFER_COUNTER_TOO_LOW] = DB_WHY_COUNTER_TOO_LOW,
    [OFFER_INCOMPLETE] = DB_WHY_INCOMPLETE,
    [OFFER_WITHDRAWN] = DB_WHY_WITHDRAWN,
    [OFFER_WRONG_CHANNEL] = DB_WHY_NOT_OFFERED,
    [OFFER_SKIPPED] = DB_WHY_NOT_OFFERED,
    [OFFER_VERSION_UNKNOWN] = DB_WHY_NOT_OFFERED,
    [OFFER_BELOW_MINIMUM] = DB_WHY_BELOW_MINIMUM,
    [OFFER_NOT_IN_TARGETS] = DB_WHY_NOT_IN_TARGETS,
    [OFFER_OTHER_CHANNEL] = DB_WHY_OTHER_CHANNEL,
};

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct update_op *op = arg;
    struct device_locked d = {0};
    struct offer_release r;
    struct pg_row row;
    int32_t open = 0;
    ota_err err = device_lock(tx, op->device_id, &d);
    if (err == OTA_OK && d.plain)
        err = tx_refuse(tx, DB_WHY_OTHER_DOOR);
    if (err == OTA_OK)
        err = device_open_update(tx, d.no, &open);
    if (err == OTA_OK && open != 0)
        err = tx_refuse(tx, DB_WHY_UPDATE_IN_PROGRESS);
    if (err == OTA_OK && d.platform_id == 0)
        err = tx_refuse(tx, DB_WHY_NO_PLATFORM);
    struct pg_args a = {0};
    arg_int(&a, d.platform_id);
    arg_text(&a, op->version);
    if (err == OTA_OK)
        err = tx_one(tx, Q_RELEASE_FOR_UPDATE, &a, &row);
    if (err != OTA_OK)
        return err;
    offer_release_read(&row, &r);
    if (row.err != OTA_OK)
        return row.err;
    const enum offer_verdict verdict = offer_verdict_assigned(&d.offer, &r);
    if (verdict != OFFER_TAKE)
        return tx_refuse(tx, why_not[verdict]);
    err = insert(tx, &d, r.id, op->out);
    return err == OTA_OK
               ? tx_audit_since(tx, "update.create", NULL, Q_AUDIT_UPDATE, op->out->id)
               : err;
}

ota_err db_update_create(struct db_scope *s, const char *device_id, const char *version,
                         struct update *out)
{
    struct update_op op = {.device_id = device_id, .version = version, .out = out};
    return db_run(s, create_fn, &op);
}

/* Does the device's channel still offer it this release? */
static ota_err still_offered(struct db_tx *tx, const struct device_locked *d,
                             int64_t release_id)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    size_t count = 0;
    arg_int(&a, d->platform_id);
    ota_err err = tx_query(tx, Q_RELEASE_RELEASED, &a, &rows);
    if (err == OTA_OK)
        err =
            tx_list(tx, &rows, sizeof(struct offer_release), offer_release_read, &list, &count);
    if (err != OTA_OK)
        return err;
    const struct offer_release *r = list;
    const long at = fleet_offer(&d->offer, r, count);
    return at >= 0 && r[at].id == release_id ? OTA_OK : tx_refuse(tx, DB_WHY_NOT_OFFERED);
}

static ota_err offer_fn(struct db_tx *tx, void *arg)
{
    const struct update_op *op = arg;
    struct device_locked d = {0};
    int32_t open = 0;
    ota_err err = device_lock_no(tx, op->device_no, &d);
    if (err == OTA_OK)
        err = device_open_update(tx, d.no, &open);
    if (err == OTA_OK && open != 0)
        return update_get(tx, open, op->out);
    if (err == OTA_OK)
        err = still_offered(tx, &d, op->release_id);
    return err == OTA_OK ? insert(tx, &d, op->release_id, op->out) : err;
}

ota_err db_update_offer(struct db_scope *s, int64_t device_no, int64_t release_id,
                        struct update *out)
{
    struct update_op op = {.device_no = device_no, .release_id = release_id, .out = out};
    return db_run(s, offer_fn, &op);
}

/* ---- moving on ----------------------------------------------------------------------- */

struct update_locked {
    int32_t id;
    int64_t device_no, release_id;
    enum update_state state, cancelled_from; /* cancelled_from 0 unless cancelling */
    int32_t progress_percent;
    bool plain;
};

/* Locks device and update, in this order. */
static ota_err update_lock(struct db_tx *tx, const struct update_op *op,
                           struct update_locked *out)
{
    struct device_locked d = {.no = op->device_no};
    struct pg_row row;
    ota_err err = op->device_id != NULL ? device_lock(tx, op->device_id, &d)
                                        : device_lock_no(tx, op->device_no, &d);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_int(&a, op->id);
    arg_int(&a, d.no);
    err = tx_one(tx, Q_UPDATE_LOCK, &a, &row);
    if (err != OTA_OK)
        return err;
    *out = (struct update_locked){.id = op->id, .device_no = d.no};
    out->state = update_state_parse(row_text_or_empty(&row));
    out->cancelled_from = update_state_parse(row_text_or_empty(&row));
    out->progress_percent = (int32_t)row_int(&row);
    out->release_id = row_int(&row);
    out->plain = row_bool(&row);
    return row.err;
}

/* What closing means for the device. */
static ota_err device_follows(struct db_tx *tx, const struct update_locked *u)
{
    struct pg_args a = {0};
    arg_int(&a, u->device_no);
    arg_int(&a, u->release_id);
    if (u->state == UPDATE_FAILED || u->state == UPDATE_CANCELLED)
        return tx_query(tx, Q_DEVICE_SKIP, &a, NULL);
    arg_int(&a, u->id);
    return u->state == UPDATE_SUCCEEDED ? tx_query(tx, Q_DEVICE_SUCCEEDED, &a, NULL) : OTA_OK;
}

static ota_err update_write(struct db_tx *tx, const struct update_locked *u, const char *reason)
{
    struct pg_args a = {0};
    arg_int(&a, u->id);
    arg_text(&a, update_state_name(u->state));
    arg_text(&a, u->state == UPDATE_CANCELLING ? update_state_name(u->cancelled_from) : NULL);
    arg_int(&a, u->progress_percent);
    arg_text(&a, reason);
    arg_bool(&a, !update_state_is_open(u->state));
    ota_err err = tx_query(tx, Q_UPDATE_STATE_PUT, &a, NULL);
    if (err == OTA_OK)
        err = device_follows(tx, u);
    return err == OTA_OK ? tx_change(tx, CHANGE_UPDATE, u->id) : err;
}

/* The new state of u; of_cancel: told of the cancellation. */
static enum update_state next_state(const struct update_locked *u, const struct feedback *f,
                                    bool of_cancel)
{
    return of_cancel ? update_state_next_cancel(u->state, u->cancelled_from, f)
                     : update_state_next(u->state, f);
}

static ota_err act_on(struct db_tx *tx, const struct update_op *op, bool of_cancel)
{
    struct update_locked u;
    struct event_new event;
    bool repeated = false;
    ota_err err = update_lock(tx, op, &u);
    if (err == OTA_OK)
        err = event_from_feedback(tx->arena, op->feedback, op->id, of_cancel, &event);
    if (err == OTA_OK)
        err = event_number(tx, &event, &repeated);
    if (err != OTA_OK)
        return err;
    if (repeated)
        return update_get(tx, op->id, op->out);
    if (!update_state_is_open(u.state) || (of_cancel && u.state != UPDATE_CANCELLING))
        return tx_refuse(tx, DB_WHY_CLOSED);
    u.state = next_state(&u, op->feedback, of_cancel);
    const bool closes = !update_state_is_open(u.state);
    if (u.state == UPDATE_SUCCEEDED)
        u.progress_percent = 100;
    else if (event.progress_percent >= 0)
        u.progress_percent = event.progress_percent;
    /* The last number is kept for what closes the update, so that its repetition is known. */
    if (event.number < UPDATE_EVENTS_MAX || (closes && event.number == UPDATE_EVENTS_MAX))
        err = event_put(tx, &event);
    const bool reasoned = u.state == UPDATE_FAILED || u.state == UPDATE_CANCELLED;
    if (err == OTA_OK)
        err = update_write(tx, &u, reasoned ? event.first_detail : NULL);
    return err == OTA_OK ? update_get(tx, op->id, op->out) : err;
}

ota_err update_feedback(struct db_tx *tx, int64_t device_no, int32_t id,
                        const struct feedback *f, struct update *out)
{
    const struct update_op op = {.device_no = device_no, .id = id, .feedback = f, .out = out};
    return act_on(tx, &op, false);
}

static ota_err feedback_fn(struct db_tx *tx, void *arg)
{
    return act_on(tx, arg, false);
}

ota_err db_update_feedback(struct db_scope *s, const char *device_id, int32_t id,
                           const struct feedback *f, struct update *out)
{
    struct update_op op = {.device_id = device_id, .id = id, .feedback = f, .out = out};
    return db_run(s, feedback_fn, &op);
}

static ota_err cancel_feedback_fn(struct db_tx *tx, void *arg)
{
    return act_on(tx, arg, true);
}

ota_err db_update_cancel_feedback(struct db_scope *s, const char *device_id, int32_t id,
                                  const struct feedback *f, struct update *out)
{
    struct update_op op = {.device_id = device_id, .id = id, .feedback = f, .out = out};
    return db_run(s, cancel_feedback_fn, &op);
}

/* What otad itself notes in the history. */
static ota_err note(struct db_tx *tx, int32_t id, const char *execution)
{
    struct event_new event = {.update_id = id, .execution = execution};
    bool repeated = false;
    const ota_err err = event_number(tx, &event, &repeated);
    if (err != OTA_OK || event.number >= UPDATE_EVENTS_MAX)
        return err;
    return event_put(tx, &event);
}

static ota_err retrieved_fn(struct db_tx *tx, void *arg)
{
    const struct update_op *op = arg;
    struct update_locked u;
    ota_err err = update_lock(tx, op, &u);
    if (err == OTA_OK && !update_state_is_open(u.state))
        err = tx_refuse(tx, DB_WHY_CLOSED);
    if (err == OTA_OK && u.state == UPDATE_PENDING) {
        u.state = UPDATE_RETRIEVED;
        err = note(tx, u.id, "retrieved");
        if (err == OTA_OK)
            err = update_write(tx, &u, NULL);
    }
    return err == OTA_OK ? update_get(tx, op->id, op->out) : err;
}

ota_err db_update_retrieved(struct db_scope *s, const char *device_id, int32_t id,
                            struct update *out)
{
    struct update_op op = {.device_id = device_id, .id = id, .out = out};
    return db_run(s, retrieved_fn, &op);
}

static ota_err cancel_fn(struct db_tx *tx, void *arg)
{
    struct update_op *op = arg;
    struct update_locked u;
    struct audit_look before;
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, op->id);
    ota_err err = tx_one(tx, Q_UPDATE_DEVICE, &a, &row);
    if (err != OTA_OK)
        return err;
    op->device_no = row_int(&row);
    err = update_lock(tx, op, &u);
    if (err == OTA_OK)
        err = tx_audit_look(tx, Q_AUDIT_UPDATE, u.id, &before);
    if (err == OTA_OK && !update_state_is_open(u.state))
        err = tx_refuse(tx, DB_WHY_CLOSED);
    if (err == OTA_OK && u.state != UPDATE_CANCELLING) {
        u.cancelled_from = u.state;
        /* Nobody asks a client of the plain door whether it stops. */
        u.state = u.state == UPDATE_PENDING || u.plain ? UPDATE_CANCELLED : UPDATE_CANCELLING;
        err = note(tx, u.id, "cancel");
        if (err == OTA_OK)
            err = update_write(tx, &u, NULL);
        if (err == OTA_OK)
            err = tx_audit_since(tx, "update.cancel", &before, Q_AUDIT_UPDATE, u.id);
    }
    return err == OTA_OK ? update_get(tx, op->id, op->out) : err;
}

ota_err db_update_cancel(struct db_scope *s, int32_t id, struct update *out)
{
    struct update_op op = {.id = id, .out = out};
    return db_run(s, cancel_fn, &op);
}
