/*
 * Releases and their files.  What decides about versions and counters holds the platform's row
 * lock, so that two releases cannot pass each other.
 */
#include "release.h"

#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "queries.h"
#include "read.h"
#include "release_lock.h"

struct release_op {
    const char *platform, *version;
    const struct release_new *fresh;
    const struct artifact *artifact;
    const struct db_page *page;
    struct release *out;
    struct release *list;
    size_t count;
};

static ota_err artifacts_get(struct db_tx *tx, struct release *r)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, r->id);
    ota_err err = tx_query(tx, Q_RELEASE_ARTIFACTS, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct artifact), artifact_read, &list,
                      &r->artifact_count);
    r->artifacts = list;
    return err;
}

static void release_read_with_texts(struct pg_row *row, void *out_release)
{
    struct fleet_release_row all;
    release_read(row, &all);
    all.release.sums = row_text(row);
    all.release.minisig = row_text(row);
    all.release.running_on = row_int(row);
    memcpy(out_release, &all.release, sizeof all.release);
}

static void step_read(struct pg_row *row, void *out_step)
{
    struct release_step *s = out_step;
    s->at_unix_s = row_int(row);
    s->by = row_text(row);
    s->step = row_text(row);
    s->detail = row_text(row);
}

static ota_err steps_get(struct db_tx *tx, struct release *r)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, r->id);
    ota_err err = tx_query(tx, Q_RELEASE_STEPS, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct release_step), step_read, &list, &r->step_count);
    r->steps = list;
    return err;
}

ota_err release_get_id(struct db_tx *tx, int64_t id, struct release *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, id);
    ota_err err = tx_one(tx, Q_RELEASE_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    release_read_with_texts(&row, out);
    err = row.err == OTA_OK ? artifacts_get(tx, out) : row.err;
    return err == OTA_OK ? steps_get(tx, out) : err;
}

/* ---- reading --------------------------------------------------------------------------------
 */

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct release_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, op->platform);
    arg_text(&a, op->version);
    const ota_err err = tx_one(tx, Q_RELEASE_FIND, &a, &row);
    return err == OTA_OK ? release_get_id(tx, row_int(&row), op->out) : err;
}

ota_err db_release_get(struct db_scope *s, const char *platform, const char *version,
                       struct release *out)
{
    struct release_op op = {.platform = platform, .version = version, .out = out};
    return db_run(s, get_fn, &op);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct release_op *op = arg;
    int64_t platform_id = 0;
    ota_err err = op->platform == NULL ? OTA_OK : tx_platform(tx, op->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    if (op->platform != NULL)
        arg_int(&a, platform_id);
    err = tx_query(tx, op->platform == NULL ? Q_RELEASE_LIST : Q_RELEASE_LIST_PLATFORM, &a,
                   &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct release), release_read_with_texts, &list,
                      &op->count);
    op->list = list;
    for (size_t i = 0; i < op->count && err == OTA_OK; i++)
        err = artifacts_get(tx, &op->list[i]);
    return err;
}

ota_err db_release_list(struct db_scope *s, const char *platform, const struct db_page *page,
                        struct release **out, size_t *out_count)
{
    struct release_op op = {.platform = platform, .page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

/* ---- making ---------------------------------------------------------------------------------
 */

ota_err release_floor(struct db_tx *tx, const struct release_floor *f)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, f->platform_id);
    arg_bytes(&a, f->version->key, f->version->len);
    arg_int(&a, f->security_counter);
    arg_bool(&a, f->beta_too);
    arg_int(&a, f->except_release_id);
    const ota_err err = tx_one(tx, Q_RELEASE_BELOW_FLOOR, &a, &row);
    if (err != OTA_OK)
        return err;
    if (row_bool(&row))
        return tx_refuse(tx, DB_WHY_VERSION_TOO_LOW);
    return row_bool(&row) ? tx_refuse(tx, DB_WHY_COUNTER_TOO_LOW) : row.err;
}

static ota_err files_put(struct db_tx *tx, int64_t release_id, const struct release_new *r)
{
    static const char digit[] = "0123456789abcdef";
    const char **names = arena_array(tx->arena, r->file_count, sizeof *names);
    const char **digests = arena_array(tx->arena, r->file_count, sizeof *digests);
    if (names == NULL || digests == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < r->file_count; i++) {
        char *hex = arena_alloc(tx->arena, 2 + 64 + 1);
        if (hex == NULL)
            return OTA_E_LIMIT;
        hex[0] = '\\';
        hex[1] = 'x';
        for (size_t b = 0; b < 32; b++) {
            hex[2 + 2 * b] = digit[r->files[i].sha256[b] >> 4];
            hex[3 + 2 * b] = digit[r->files[i].sha256[b] & 15];
        }
        names[i] = r->files[i].name;
        digests[i] = hex;
    }
    const char *name_array = tx_array(tx->arena, names, r->file_count);
    const char *digest_array = tx_array(tx->arena, digests, r->file_count);
    if (name_array == NULL || digest_array == NULL)
        return OTA_E_LIMIT;
    struct pg_args a = {0};
    arg_int(&a, release_id);
    arg_text(&a, name_array);
    arg_text(&a, digest_array);
    return tx_query(tx, Q_RELEASE_FILES_PUT, &a, NULL);
}

static ota_err insert(struct db_tx *tx, int64_t platform_id, const struct release_new *r,
                      const struct version *version, int64_t *out_id)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, platform_id);
    arg_text(&a, r->version);
    arg_bytes(&a, version->key, version->len);
    arg_int(&a, r->security_counter);
    arg_text(&a, r->notes == NULL ? "" : r->notes);
    arg_text(&a, r->sums);
    arg_text(&a, r->minisig);
    arg_text(&a, r->sums_signed_by);
    arg_text(&a, tx_actor(tx));
    ota_err err = tx_one(tx, Q_RELEASE_CREATE, &a, &row);
    if (err != OTA_OK)
        return err;
    *out_id = row_int(&row);
    err = files_put(tx, *out_id, r);
    if (err == OTA_OK)
        err = release_step_put(tx, *out_id, "created", NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_RELEASE, *out_id);
    return err == OTA_OK ? tx_audit_since(tx, "release.create", NULL, Q_AUDIT_RELEASE, *out_id)
                         : err;
}

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct release_op *op = arg;
    const struct release_new *r = op->fresh;
    struct version version;
    int64_t platform_id = 0, id = 0;
    struct pg_row row;
    ota_err err = version_parse(r->version, &version);
    if (err == OTA_OK && r->file_count == 0)
        err = OTA_E_FORMAT;
    if (err == OTA_OK)
        err = tx_platform_lock(tx, r->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    struct pg_args a = {0};
    arg_int(&a, platform_id);
    arg_text(&a, r->version);
    arg_text(&a, r->sums);
    arg_text(&a, r->minisig);
    err = tx_one(tx, Q_RELEASE_SAME, &a, &row);
    if (err == OTA_OK) {
        id = row_int(&row);
        return row_bool(&row) ? release_get_id(tx, id, op->out) : tx_refuse(tx, DB_WHY_DIFFERS);
    }
    if (err != OTA_E_NOT_FOUND)
        return err;
    err = release_floor(tx, &(struct release_floor){.platform_id = platform_id,
                                                    .version = &version,
                                                    .security_counter = r->security_counter});
    if (err == OTA_OK)
        err = insert(tx, platform_id, r, &version, &id);
    return err == OTA_OK ? release_get_id(tx, id, op->out) : err;
}

ota_err db_release_create(struct db_scope *s, const struct release_new *r, struct release *out)
{
    struct release_op op = {.fresh = r, .out = out};
    return db_run(s, create_fn, &op);
}

/* ---- one release, locked ---------------------------------------------------------------
 */

ota_err release_lock(struct db_tx *tx, const char *platform, const char *version,
                     struct release_locked *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, platform);
    arg_text(&a, version);
    const ota_err err = tx_one(tx, Q_RELEASE_LOCK, &a, &row);
    if (err != OTA_OK)
        return err;
    *out = (struct release_locked){.id = row_int(&row)};
    out->platform_id = row_int(&row);
    out->state = release_state_parse(row_text_or_empty(&row));
    out->channel = channel_parse(row_text_or_empty(&row));
    version_read(&row, &out->version);
    out->security_counter = (uint32_t)row_int(&row);
    out->notes = row_text_or_empty(&row);
    out->minimum_version = row_text(&row);
    return row.err;
}

ota_err release_step_put(struct db_tx *tx, int64_t release_id, const char *step,
                         const char *detail)
{
    struct pg_args a = {0};
    arg_int(&a, release_id);
    arg_text(&a, tx_actor(tx));
    arg_text(&a, step);
    arg_text(&a, detail == NULL ? "" : detail);
    return tx_query(tx, Q_RELEASE_STEP_PUT, &a, NULL);
}

static ota_err artifact_insert(struct db_tx *tx, const struct artifact *f)
{
    const bool image = f->kind == ARTIFACT_MCUBOOT;
    struct pg_args a = {0};
    arg_bytes(&a, f->sha256, sizeof f->sha256);
    arg_int(&a, f->size_bytes);
    arg_bytes(&a, f->sha1, sizeof f->sha1);
    arg_bytes(&a, f->md5, sizeof f->md5);
    arg_text(&a, artifact_kind_name(image ? ARTIFACT_MCUBOOT : ARTIFACT_FILE));
    arg_text(&a, image ? f->version : NULL);
    if (image)
        arg_int(&a, f->security_counter);
    else
        arg_text(&a, NULL);
    arg_bytes(&a, image ? f->hardware_class : NULL, sizeof f->hardware_class);
    arg_bytes(&a, image ? f->key_hash : NULL, sizeof f->key_hash);
    return tx_query(tx, Q_ARTIFACT_PUT, &a, NULL);
}

static ota_err artifact_audit(struct db_tx *tx, int64_t release_id, const struct artifact *f)
{
    struct audit_look release;
    const ota_err err = tx_audit_look(tx, Q_AUDIT_RELEASE, release_id, &release);
    if (err != OTA_OK)
        return err;
    return tx_audit(
        tx, &(struct audit){
                .action = "release.artifact",
                .object = arena_printf(tx->arena, "%s %s", release.object, f->name),
                .platform = release.platform,
                .after = AUDIT_OBJECT(tx, AUDIT_INT("size", f->size_bytes),
                                      AUDIT_TEXT("kind", artifact_kind_name(f->kind)),
                                      AUDIT_HEX("sha256", f->sha256, sizeof f->sha256))});
}

static ota_err artifact_store(struct db_tx *tx, int64_t release_id, const struct artifact *f)
{
    struct pg_args check = {0}, stored = {0}, complete = {0};
    struct pg_rows rows = {0}, completed = {0};
    struct pg_row row;
    arg_int(&check, release_id);
    arg_text(&check, f->name);
    arg_bytes(&check, f->sha256, sizeof f->sha256);
    ota_err err = tx_one(tx, Q_RELEASE_FILE_CHECK, &check, &row);
    if (err == OTA_OK && !row_bool(&row))
        err = OTA_E_SIGNATURE;
    if (err == OTA_OK)
        err = artifact_insert(tx, f);
    arg_int(&stored, release_id);
    arg_text(&stored, f->name);
    arg_text(&stored, f->details == NULL ? NULL : artifact_kind_name(f->kind));
    arg_text(&stored, f->details);
    if (err == OTA_OK)
        err = tx_query(tx, Q_RELEASE_FILE_STORED, &stored, &rows);
    if (err == OTA_OK && rows.affected > 0)
        err = artifact_audit(tx, release_id, f);
    arg_int(&complete, release_id);
    if (err == OTA_OK)
        err = tx_query(tx, Q_RELEASE_COMPLETE, &complete, &completed);
    if (err == OTA_OK && completed.affected > 0)
        err = release_step_put(tx, release_id, "complete", NULL);
    return err == OTA_OK ? tx_change(tx, CHANGE_RELEASE, release_id) : err;
}

static ota_err artifact_fn(struct db_tx *tx, void *arg)
{
    const struct release_op *op = arg;
    struct release_locked r = {0};
    struct audit_look before;
    ota_err err = release_lock(tx, op->platform, op->version, &r);
    if (err == OTA_OK && r.state == RELEASE_WITHDRAWN)
        err = tx_refuse(tx, DB_WHY_WITHDRAWN);
    if (err == OTA_OK)
        err = tx_audit_look(tx, Q_AUDIT_RELEASE, r.id, &before);
    if (err == OTA_OK)
        err = artifact_store(tx, r.id, op->artifact);
    if (err == OTA_OK)
        err = tx_audit_since(tx, "release.complete", &before, Q_AUDIT_RELEASE, r.id);
    return err == OTA_OK ? release_get_id(tx, r.id, op->out) : err;
}

ota_err db_release_artifact_put(struct db_scope *s, const char *platform, const char *version,
                                const struct artifact *a, struct release *out)
{
    struct release_op op = {
        .platform = platform, .version = version, .artifact = a, .out = out};
    return db_run(s, artifact_fn, &op);
}
