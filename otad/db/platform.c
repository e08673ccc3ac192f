/* Platforms: their names, boot roots and key manifests. */
#include "platform.h"

#include <string.h>

#include "audit.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

struct platform_op {
    const char *name;
    const struct platform *platform;
    const struct platform_patch *patch;
    const struct platform_manifest *manifest;
    const struct db_page *page;
    struct platform *out;
    void *list;
    size_t count;
};

/* Roots one behind the other, each its algorithm (u8) and its raw key. */
static bool roots_read(const uint8_t *bytes, size_t len, struct manifest_root *root)
{
    size_t at = 0;
    for (int i = 0; i < MANIFEST_ROOTS; i++) {
        if (at >= len)
            return false;
        const size_t key_bytes = bytes[at] == CRYPTO_ED25519 ? 32 : 64;
        if (len - at - 1 < key_bytes)
            return false;
        root[i].alg = bytes[at] == CRYPTO_ED25519 ? CRYPTO_ED25519 : CRYPTO_P256;
        root[i].key_bytes = (uint8_t)key_bytes;
        memcpy(root[i].key, bytes + at + 1, key_bytes);
        at += 1 + key_bytes;
    }
    return at == len;
}

static void platform_read(struct pg_row *row, void *out_platform)
{
    struct platform *p = out_platform;
    *p = (struct platform){0};
    p->id = row_int(row);
    p->name = row_text(row);
    p->title = row_text(row);
    if (tx_split(row->arena, row_text(row), &p->aliases) != OTA_OK)
        row->err = OTA_E_LIMIT;
    p->follow_channel = row_bool(row);
    p->has_class = !row_is_null(row);
    row_bytes(row, p->hardware_class, sizeof p->hardware_class);
    p->key_manifest_sequence = (uint32_t)row_int(row);
    p->key_manifest = row_blob(row, &p->key_manifest_bytes);
    p->stable = row_text(row);
    p->beta = row_text(row);
    p->device_count = row_int(row);
    p->stale_count = row_int(row);
    size_t roots_bytes = 0;
    const uint8_t *roots = row_blob(row, &roots_bytes);
    p->has_roots = roots != NULL;
    if (roots != NULL && !roots_read(roots, roots_bytes, p->roots))
        row->err = OTA_E_INTERNAL;
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct platform_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_text(&a, op->page->after_text == NULL ? "" : op->page->after_text);
    arg_int(&a, page_limit(op->page));
    const ota_err err = tx_query(tx, Q_PLATFORM_LIST, &a, &rows);
    if (err != OTA_OK)
        return err;
    return tx_list(tx, &rows, sizeof(struct platform), platform_read, &op->list, &op->count);
}

ota_err db_platform_list(struct db_scope *s, const struct db_page *page, struct platform **out,
                         size_t *out_count)
{
    struct platform_op op = {.page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

static ota_err get_by_id(struct db_tx *tx, int64_t id, struct platform *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, id);
    const ota_err err = tx_one(tx, Q_PLATFORM_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    platform_read(&row, out);
    return row.err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct platform_op *op = arg;
    int64_t id = 0;
    const ota_err err = tx_platform(tx, op->name, &id);
    return err == OTA_OK ? get_by_id(tx, id, op->out) : err;
}

ota_err db_platform_get(struct db_scope *s, const char *name, struct platform *out)
{
    struct platform_op op = {.name = name, .out = out};
    return db_run(s, get_fn, &op);
}

/* ---- making and changing ------------------------------------------------------------- */

static ota_err names_put(struct db_tx *tx, int64_t id, const char *const *names, size_t count)
{
    const char *array = tx_array(tx->arena, names, count);
    if (array == NULL)
        return OTA_E_LIMIT;
    struct pg_args a = {0};
    arg_int(&a, id);
    arg_text(&a, array);
    return tx_query(tx, Q_PLATFORM_ALIASES_PUT, &a, NULL);
}

static ota_err roots_put(struct db_tx *tx, int64_t id, const struct manifest_root *root)
{
    ota_err err = OTA_OK;
    for (int i = 0; i < MANIFEST_ROOTS && err == OTA_OK; i++) {
        struct pg_args a = {0};
        arg_int(&a, id);
        arg_int(&a, i);
        arg_int(&a, root[i].alg);
        arg_bytes(&a, root[i].key, root[i].key_bytes);
        err = tx_query(tx, Q_PLATFORM_ROOT_PUT, &a, NULL);
    }
    return err;
}

static ota_err manifest_put(struct db_tx *tx, int64_t id, const uint8_t *bytes, size_t len,
                            uint32_t sequence)
{
    struct pg_args a = {0};
    arg_int(&a, id);
    arg_int(&a, sequence);
    arg_bytes(&a, bytes, len);
    arg_text(&a, tx_actor(tx));
    return tx_query(tx, Q_KEY_MANIFEST_PUT, &a, NULL);
}

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct platform_op *op = arg;
    const struct platform *p = op->platform;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, p->name);
    arg_text(&a, p->title);
    arg_bool(&a, p->follow_channel);
    arg_bytes(&a, p->has_class ? p->hardware_class : NULL, sizeof p->hardware_class);
    ota_err err = tx_one(tx, Q_PLATFORM_CREATE, &a, &row);
    if (err != OTA_OK)
        return err;
    const int64_t id = row_int(&row);
    err = names_put(tx, id, &p->name, 1);
    if (err == OTA_OK)
        err = names_put(tx, id, p->aliases.v, p->aliases.count);
    if (err == OTA_OK && p->has_roots)
        err = roots_put(tx, id, p->roots);
    if (err == OTA_OK && p->key_manifest != NULL)
        err = manifest_put(tx, id, p->key_manifest, p->key_manifest_bytes,
                           p->key_manifest_sequence);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_PLATFORM, id);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "platform.create", NULL, Q_AUDIT_PLATFORM, id);
    return err == OTA_OK ? get_by_id(tx, id, op->out) : err;
}

ota_err db_platform_create(struct db_scope *s, const struct platform *p, struct platform *out)
{
    struct platform_op op = {.platform = p, .out = out};
    return db_run(s, create_fn, &op);
}

static ota_err patch_fn(struct db_tx *tx, void *arg)
{
    const struct platform_op *op = arg;
    const struct platform_patch *p = op->patch;
    struct audit_look before;
    int64_t id = 0;
    ota_err err = tx_platform_lock(tx, op->name, &id);
    if (err == OTA_OK)
        err = tx_audit_look(tx, Q_AUDIT_PLATFORM, id, &before);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_int(&a, id);
    arg_text(&a, p->title);
    if (p->follow_channel == NULL)
        arg_text(&a, NULL);
    else
        arg_bool(&a, *p->follow_channel);
    err = tx_query(tx, Q_PLATFORM_PATCH, &a, NULL);
    if (err == OTA_OK && p->aliases != NULL) {
        struct pg_args clear = {0};
        arg_int(&clear, id);
        err = tx_query(tx, Q_PLATFORM_ALIASES_CLEAR, &clear, NULL);
        if (err == OTA_OK)
            err = names_put(tx, id, p->aliases->v, p->aliases->count);
    }
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_PLATFORM, id);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "platform.change", &before, Q_AUDIT_PLATFORM, id);
    return err == OTA_OK ? get_by_id(tx, id, op->out) : err;
}

ota_err db_platform_patch(struct db_scope *s, const char *name,
                          const struct platform_patch *patch, struct platform *out)
{
    struct platform_op op = {.name = name, .patch = patch, .out = out};
    return db_run(s, patch_fn, &op);
}

/* *out_same: it is the newest already. */
static ota_err manifest_rises(struct db_tx *tx, int64_t id, const struct platform_manifest *m,
                              bool *out_same)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, id);
    arg_int(&a, m->sequence);
    arg_bytes(&a, m->bytes, m->len);
    const ota_err err = tx_one(tx, Q_KEY_MANIFEST_NEWEST, &a, &row);
    *out_same = false;
    if (err == OTA_E_NOT_FOUND)
        return OTA_OK; /* the first one */
    if (err != OTA_OK)
        return err;
    *out_same = row_bool(&row);
    const bool too_low = row_bool(&row);
    return too_low && !*out_same ? tx_refuse(tx, DB_WHY_SEQUENCE_TOO_LOW) : row.err;
}

static ota_err manifest_fn(struct db_tx *tx, void *arg)
{
    const struct platform_op *op = arg;
    const struct platform_manifest *m = op->manifest;
    int64_t id = 0;
    bool same = false;
    ota_err err = tx_platform_lock(tx, op->name, &id);
    if (err == OTA_OK)
        err = manifest_rises(tx, id, m, &same);
    if (err != OTA_OK || same)
        return err == OTA_OK ? get_by_id(tx, id, op->out) : err;
    struct audit_look before;
    struct pg_args a = {0};
    err = tx_audit_look(tx, Q_AUDIT_PLATFORM, id, &before);
    if (err != OTA_OK)
        return err;
    arg_int(&a, id);
    arg_bytes(&a, m->hardware_class, sizeof m->hardware_class);
    err = tx_touch(tx, Q_PLATFORM_CLASS_SET, &a);
    if (err == OTA_E_NOT_FOUND)
        return tx_refuse(tx, DB_WHY_WRONG_CLASS);
    if (err == OTA_OK)
        err = manifest_put(tx, id, m->bytes, m->len, m->sequence);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_PLATFORM, id);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "platform.key-manifest", &before, Q_AUDIT_PLATFORM, id);
    return err == OTA_OK ? get_by_id(tx, id, op->out) : err;
}

ota_err db_platform_manifest_put(struct db_scope *s, const char *name,
                                 const struct platform_manifest *m, struct platform *out)
{
    struct platform_op op = {.name = name, .manifest = m, .out = out};
    return db_run(s, manifest_fn, &op);
}
