/*
 * Devices.  Whoever changes a device or one of its updates holds the device's row lock, so that
 * what one device does is one after the other.
 */
#include "device.h"

#include <string.h>

#include "audit.h"
#include "device_lock.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

struct device_op {
    const char *id;
    int64_t gateway_id;
    const struct device_new *fresh;
    const struct device_patch *patch;
    const uint8_t *token_hash;
    struct device *out;
};

/* ---- locking and reading ------------------------------------------------------------- */

static ota_err locked_read(struct db_tx *tx, int query, const struct pg_args *a,
                           struct device_locked *out)
{
    struct pg_row row;
    const ota_err err = tx_one(tx, query, a, &row);
    if (err != OTA_OK)
        return err;
    *out = (struct device_locked){0};
    out->no = row_int(&row);
    out->platform_id = row_int(&row);
    out->platform_chosen = row_bool(&row);
    out->offer.channel = channel_parse(row_text_or_empty(&row));
    out->version = row_text(&row);
    version_read(&row, &out->offer.version);
    out->offer.security_counter = (uint32_t)row_int(&row);
    out->offer.skip_release_id = row_int(&row);
    out->plain = row_bool(&row);
    return row.err;
}

ota_err device_lock(struct db_tx *tx, const char *id, struct device_locked *out)
{
    struct pg_args a = {0};
    arg_text(&a, id);
    return locked_read(tx, Q_DEVICE_LOCK, &a, out);
}

ota_err device_lock_no(struct db_tx *tx, int64_t no, struct device_locked *out)
{
    struct pg_args a = {0};
    arg_int(&a, no);
    return locked_read(tx, Q_DEVICE_LOCK_NO, &a, out);
}

ota_err device_open_update(struct db_tx *tx, int64_t device_no, int32_t *out_id)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, device_no);
    const ota_err err = tx_one(tx, Q_UPDATE_OPEN_OF, &a, &row);
    *out_id = 0;
    if (err == OTA_OK)
        *out_id = (int32_t)row_int(&row);
    return err == OTA_E_NOT_FOUND ? OTA_OK : err;
}

static void attribute_read(struct pg_row *row, void *out_attribute)
{
    struct device_attribute *a = out_attribute;
    a->key = row_text(row);
    a->value = row_text(row);
}

ota_err device_get_no(struct db_tx *tx, int64_t no, struct device *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, no);
    ota_err err = tx_one(tx, Q_DEVICE_GET_NO, &a, &row);
    if (err != OTA_OK)
        return err;
    device_read(&row, out);
    if (row.err != OTA_OK)
        return row.err;
    err = tx_query(tx, Q_DEVICE_ATTRIBUTES, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct device_attribute), attribute_read, &list,
                      &out->attribute_count);
    out->attributes = list;
    return err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct device_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, op->id);
    const ota_err err = tx_one(tx, Q_DEVICE_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    struct device found;
    device_read(&row, &found);
    return row.err == OTA_OK ? device_get_no(tx, found.no, op->out) : row.err;
}

ota_err db_device_get(struct db_scope *s, const char *id, struct device *out)
{
    struct device_op op = {.id = id, .out = out};
    return db_run(s, get_fn, &op);
}

/* ---- making -------------------------------------------------------------------------- */

/* The row beside it, the change, the audit log, and the whole device. */
static ota_err made(struct db_tx *tx, const char *action, int64_t no, struct device *out)
{
    struct pg_args a = {0};
    arg_int(&a, no);
    ota_err err = tx_query(tx, Q_DEVICE_SEEN_CREATE, &a, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_DEVICE, no);
    if (err == OTA_OK)
        err = tx_audit_since(tx, action, NULL, Q_AUDIT_DEVICE, no);
    return err == OTA_OK ? device_get_no(tx, no, out) : err;
}

static ota_err register_fn(struct db_tx *tx, void *arg)
{
    const struct device_op *op = arg;
    struct pg_args gateway = {0}, a = {0};
    struct pg_row row;
    arg_int(&gateway, op->gateway_id);
    ota_err err = tx_one(tx, Q_GATEWAY_VALID, &gateway, &row);
    if (err != OTA_OK)
        return err;
    arg_text(&a, op->id);
    arg_id(&a, row_int(&row));
    arg_int(&a, op->gateway_id);
    err = tx_one(tx, Q_DEVICE_REGISTER, &a, &row);
    if (err == OTA_E_NOT_FOUND)
        return get_fn(tx, arg); /* known already */
    return err == OTA_OK ? made(tx, "device.register", row_int(&row), op->out) : err;
}

ota_err db_device_register(struct db_scope *s, const char *id, int64_t gateway_id,
                           struct device *out)
{
    struct device_op op = {.id = id, .gateway_id = gateway_id, .out = out};
    return db_run(s, register_fn, &op);
}

ota_err device_make_plain(struct db_tx *tx, const char *id, int64_t platform_id,
                          uint32_t devices_max, int64_t *out_no)
{
    struct pg_args count = {0}, a = {0};
    struct pg_row row;
    struct device device;
    arg_int(&count, devices_max);
    ota_err err = tx_one(tx, Q_DEVICE_PLAIN_FULL, &count, &row);
    if (err != OTA_OK)
        return err;
    if (row_bool(&row)) {
        tx->scope->why = DB_WHY_TOO_MANY;
        return OTA_E_LIMIT;
    }
    arg_text(&a, id);
    arg_int(&a, platform_id);
    err = tx_one(tx, Q_DEVICE_CREATE_PLAIN, &a, &row);
    if (err != OTA_OK)
        return err;
    *out_no = row_int(&row);
    return made(tx, "device.register", *out_no, &device);
}

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct device_op *op = arg;
    const struct device_new *d = op->fresh;
    int64_t platform_id = 0;
    ota_err err = tx_platform(tx, d->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, d->id);
    arg_text(&a, d->name == NULL ? "" : d->name);
    arg_int(&a, platform_id);
    arg_text(&a, channel_name(d->channel == CHANNEL_BETA ? CHANNEL_BETA : CHANNEL_STABLE));
    arg_bytes(&a, d->token_hash, sizeof d->token_hash);
    err = tx_one(tx, Q_DEVICE_CREATE, &a, &row);
    return err == OTA_OK ? made(tx, "device.create", row_int(&row), op->out) : err;
}

ota_err db_device_create(struct db_scope *s, const struct device_new *d, struct device *out)
{
    struct device_op op = {.fresh = d, .out = out};
    return db_run(s, create_fn, &op);
}

/* ---- changing ------------------------------------------------------------------------ */

static ota_err patch_fn(struct db_tx *tx, void *arg)
{
    const struct device_op *op = arg;
    const struct device_patch *p = op->patch;
    struct device_locked d = {0};
    struct audit_look before;
    int64_t platform_id = 0;
    int32_t open = 0;
    ota_err err = device_lock(tx, op->id, &d);
    if (err == OTA_OK)
        err = tx_audit_look(tx, Q_AUDIT_DEVICE, d.no, &before);
    if (err == OTA_OK && p->platform != NULL)
        err = tx_platform(tx, p->platform, &platform_id);
    if (err == OTA_OK && p->platform != NULL && platform_id != d.platform_id)
        err = device_open_update(tx, d.no, &open);
    if (err == OTA_OK && open != 0)
        err = tx_refuse(tx, DB_WHY_UPDATE_IN_PROGRESS);
    struct pg_args a = {0};
    arg_int(&a, d.no);
    arg_text(&a, p->name);
    arg_id(&a, platform_id);
    arg_text(&a, channel_name(p->channel));
    if (err == OTA_OK)
        err = tx_query(tx, Q_DEVICE_PATCH, &a, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_DEVICE, d.no);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "device.change", &before, Q_AUDIT_DEVICE, d.no);
    return err == OTA_OK ? device_get_no(tx, d.no, op->out) : err;
}

ota_err db_device_patch(struct db_scope *s, const char *id, const struct device_patch *patch,
                        struct device *out)
{
    struct device_op op = {.id = id, .patch = patch, .out = out};
    return db_run(s, patch_fn, &op);
}

static ota_err delete_fn(struct db_tx *tx, void *arg)
{
    const struct device_op *op = arg;
    struct device_locked d = {0};
    struct audit_look before;
    ota_err err = device_lock(tx, op->id, &d);
    if (err == OTA_OK)
        err = tx_audit_look(tx, Q_AUDIT_DEVICE, d.no, &before);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_int(&a, d.no);
    err = tx_query(tx, Q_DEVICE_DELETE, &a, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_DEVICE, d.no);
    return err == OTA_OK ? tx_audit_since(tx, "device.delete", &before, Q_AUDIT_DEVICE, d.no)
                         : err;
}

ota_err db_device_delete(struct db_scope *s, const char *id)
{
    struct device_op op = {.id = id};
    return db_run(s, delete_fn, &op);
}

static ota_err token_fn(struct db_tx *tx, void *arg)
{
    const struct device_op *op = arg;
    struct device_locked d = {0};
    struct audit_look look;
    ota_err err = device_lock(tx, op->id, &d);
    if (err == OTA_OK)
        err = tx_audit_look(tx, Q_AUDIT_DEVICE, d.no, &look);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_int(&a, d.no);
    arg_bytes(&a, op->token_hash, 32);
    err = tx_query(tx, Q_DEVICE_TOKEN_REPLACE, &a, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_DEVICE, d.no);
    return err == OTA_OK ? tx_audit(tx, &(struct audit){.action = "device.token",
                                                        .object = look.object,
                                                        .platform = look.platform})
                         : err;
}

ota_err db_device_token_replace(struct db_scope *s, const char *id,
                                const uint8_t token_hash[32])
{
    struct device_op op = {.id = id, .token_hash = token_hash};
    return db_run(s, token_fn, &op);
}
