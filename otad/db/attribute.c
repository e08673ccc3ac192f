/* What devices tell of themselves by configData, and what follows from it (SPEC 6.3). */
#include <string.h>

#include "device_lock.h"
#include "otad/fleet/version.h"
#include "queries.h"

struct attributes_op {
    const char *id;
    enum attributes_mode mode;
    const struct device_attribute *attributes;
    size_t count;
    struct device *out;
};

/* In Unicode characters; bytes that only continue one do not count. */
static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static ota_err check(const struct attributes_op *op)
{
    enum { CHARACTERS_MAX = 128 };
    for (size_t i = 0; i < op->count; i++) {
        const struct device_attribute *a = &op->attributes[i];
        if (a->key[0] == '\0' || characters(a->key) > CHARACTERS_MAX ||
            (a->value != NULL && characters(a->value) > CHARACTERS_MAX))
            return OTA_E_FORMAT;
    }
    return OTA_OK;
}

/* The value told for key now, or NULL; the last one if it was told twice. */
static const char *told(const struct attributes_op *op, const char *key)
{
    const char *value = NULL;
    if (op->mode == ATTRIBUTES_REMOVE)
        return NULL;
    for (size_t i = 0; i < op->count; i++) {
        if (strcmp(op->attributes[i].key, key) == 0)
            value = op->attributes[i].value;
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}

struct split {
    const char **keys, **values, **gone;
    size_t kept_count, gone_count;
};

/* An earlier telling of the same key does not count. */
static bool told_again(const struct attributes_op *op, size_t at)
{
    for (size_t i = at + 1; i < op->count; i++) {
        if (strcmp(op->attributes[i].key, op->attributes[at].key) == 0)
            return true;
    }
    return false;
}

static ota_err split(struct arena *arena, const struct attributes_op *op, struct split *out)
{
    *out = (struct split){
        .keys = arena_array(arena, op->count, sizeof(char *)),
        .values = arena_array(arena, op->count, sizeof(char *)),
        .gone = arena_array(arena, op->count, sizeof(char *)),
    };
    if (out->keys == NULL || out->values == NULL || out->gone == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < op->count; i++) {
        const struct device_attribute *a = &op->attributes[i];
        if (told_again(op, i))
            continue;
        if (op->mode == ATTRIBUTES_REMOVE || a->value == NULL) {
            out->gone[out->gone_count++] = a->key;
        } else {
            out->keys[out->kept_count] = a->key;
            out->values[out->kept_count++] = a->value;
        }
    }
    return OTA_OK;
}

static ota_err write_rows(struct db_tx *tx, int64_t no, const struct attributes_op *op)
{
    struct split s;
    ota_err err = split(tx->arena, op, &s);
    if (err != OTA_OK)
        return err;
    const char *gone = tx_array(tx->arena, s.gone, s.gone_count);
    const char *keys = tx_array(tx->arena, s.keys, s.kept_count);
    const char *values = tx_array(tx->arena, s.values, s.kept_count);
    if (gone == NULL || keys == NULL || values == NULL)
        return OTA_E_LIMIT;
    struct pg_args clear = {0}, remove = {0}, put = {0};
    arg_int(&clear, no);
    if (op->mode == ATTRIBUTES_REPLACE)
        err = tx_query(tx, Q_DEVICE_ATTRIBUTES_CLEAR, &clear, NULL);
    arg_int(&remove, no);
    arg_text(&remove, gone);
    if (err == OTA_OK && s.gone_count > 0)
        err = tx_query(tx, Q_DEVICE_ATTRIBUTES_REMOVE, &remove, NULL);
    arg_int(&put, no);
    arg_text(&put, keys);
    arg_text(&put, values);
    if (err == OTA_OK && s.kept_count > 0)
        err = tx_query(tx, Q_DEVICE_ATTRIBUTES_PUT, &put, NULL);
    return err;
}

static ota_err count_check(struct db_tx *tx, int64_t no)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, no);
    const ota_err err = tx_one(tx, Q_DEVICE_ATTRIBUTES_COUNT, &a, &row);
    if (err != OTA_OK)
        return err;
    if (row_int(&row) <= DEVICE_ATTRIBUTES_MAX)
        return row.err;
    tx->scope->why = DB_WHY_TOO_MANY;
    return OTA_E_LIMIT;
}

/* The platform that the device now says it is of; 0 = as it was. */
static ota_err platform_told(struct db_tx *tx, const struct attributes_op *op,
                             const struct device_locked *d, int64_t *out)
{
    const char *name = told(op, "platform");
    int32_t open = 0;
    *out = 0;
    if (name == NULL || d->platform_chosen)
        return OTA_OK;
    ota_err err = tx_platform(tx, name, out);
    if (err == OTA_E_NOT_FOUND)
        return OTA_OK;
    if (err == OTA_OK && *out != d->platform_id)
        err = device_open_update(tx, d->no, &open);
    if (open != 0)
        *out = 0; /* not under a running update; it is told again after it */
    return err;
}

static ota_err attributes_fn(struct db_tx *tx, void *arg)
{
    const struct attributes_op *op = arg;
    struct device_locked d = {0};
    int64_t platform_id = 0;
    ota_err err = device_lock(tx, op->id, &d);
    if (err == OTA_OK)
        err = write_rows(tx, d.no, op);
    if (err == OTA_OK)
        err = count_check(tx, d.no);
    if (err == OTA_OK)
        err = platform_told(tx, op, &d, &platform_id);
    if (err != OTA_OK)
        return err;
    const char *version = told(op, "version");
    if (version == NULL)
        version = told(op, "sw_version");
    const struct version key = version_of(version);
    struct pg_args a = {0};
    arg_int(&a, d.no);
    arg_text(&a, version);
    arg_bytes(&a, key.len > 0 ? key.key : NULL, key.len);
    arg_id(&a, platform_id);
    err = tx_query(tx, Q_DEVICE_CONFIG_TOLD, &a, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_DEVICE, d.no);
    return err == OTA_OK ? device_get_no(tx, d.no, op->out) : err;
}

ota_err db_device_attributes_put(struct db_scope *s, const char *id, enum attributes_mode mode,
                                 const struct device_attribute *attributes, size_t count,
                                 struct device *out)
{
    struct attributes_op op = {
        .id = id, .mode = mode, .attributes = attributes, .count = count, .out = out};
    const ota_err err = check(&op);
    return err == OTA_OK ? db_run(s, attributes_fn, &op) : err;
}
