/*
 * Repositories: files as they are published, the queue, and what is listed.  Whoever changes
 * one holds the platform's row, so that a version is given once and a reader of memory sees the
 * old repository or the new one.
 */
#include "tuf.h"

#include <string.h>

#include "audit.h"
#include "queries.h"
#include "read.h"

struct tuf_op {
    const char *platform;
    enum repo_role role;
    int64_t version;
    const uint8_t *id;
    bool public_targets;
    db_tuf_decide *decide;
    void *arg;
    struct repo_state *state;
    struct repo_change *change;
    const uint8_t *bytes;
    size_t len;
    void *list;
    size_t count;
};

/* ---- reading ------------------------------------------------------------------------------
 */

static void file_read(struct pg_row *row, struct repo_file *f)
{
    f->role = repo_role_parse(row_text_or_empty(row));
    f->version = row_int(row);
    f->bytes = row_blob(row, &f->len);
    f->expires_unix_s = row_int(row);
    f->at_unix_s = row_int(row);
    f->by = row_text_or_empty(row);
}

static void pending_read(struct pg_row *row, void *out)
{
    struct repo_file *f = out;
    file_read(row, f);
    row_bytes(row, f->id, sizeof f->id);
}

static ota_err read_newest(struct db_tx *tx, int64_t platform_id, struct repo_state *out)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, platform_id);
    const ota_err err = tx_query(tx, Q_TUF_NEWEST, &a, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, tx->arena);
        struct repo_file f = {0};
        file_read(&row, &f);
        if (row.err != OTA_OK || f.role == REPO_ROLES)
            return row.err == OTA_OK ? OTA_E_INTERNAL : row.err;
        out->file[f.role] = f;
    }
    return err;
}

static ota_err read_queue(struct db_tx *tx, int64_t platform_id, struct repo_state *out)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    arg_int(&a, platform_id);
    ota_err err = tx_query(tx, Q_TUF_PENDING_LIST, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct repo_file), pending_read, &list,
                      &out->pending_count);
    out->pending = list;
    return err;
}

static ota_err state_read(struct db_tx *tx, int64_t platform_id, struct repo_state *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    *out = (struct repo_state){0};
    arg_int(&a, platform_id);
    ota_err err = tx_one(tx, Q_TUF_REPOSITORY_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    for (int i = 0; i < REPO_ROLES; i++)
        out->file[i].role = (enum repo_role)i;
    out->platform = row_text(&row);
    out->has_class = !row_is_null(&row);
    row_bytes(&row, out->hardware_class, sizeof out->hardware_class);
    out->public_targets = row_bool(&row);
    out->has_director_key = !row_is_null(&row);
    row_bytes(&row, out->director_key, sizeof out->director_key);
    for (int c = CHANNEL_STABLE; c <= CHANNEL_BETA; c++) {
        version_read(&row, &out->floor[c].version);
        out->floor[c].counter = (uint32_t)row_int(&row);
    }
    out->tenant = row_text_or_empty(&row);
    err = row.err;
    if (err == OTA_OK)
        err = read_newest(tx, platform_id, out);
    return err == OTA_OK ? read_queue(tx, platform_id, out) : err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct tuf_op *op = arg;
    int64_t id = 0;
    const ota_err err = tx_platform(tx, op->platform, &id);
    return err == OTA_OK ? state_read(tx, id, op->state) : err;
}

ota_err db_tuf_get(struct db_scope *s, const char *platform, struct repo_state *out)
{
    struct tuf_op op = {.platform = platform, .state = out};
    return db_run(s, get_fn, &op);
}

static void target_read(struct pg_row *row, void *out)
{
    struct repo_target *t = out;
    *t = (struct repo_target){.path = row_text_or_empty(row)};
    t->entry = row_text_or_empty(row);
}

static ota_err targets_fn(struct db_tx *tx, void *arg)
{
    struct tuf_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    int64_t id = 0;
    ota_err err = tx_platform(tx, op->platform, &id);
    arg_int(&a, id);
    if (err == OTA_OK)
        err = tx_query(tx, Q_TUF_TARGET_LIST, &a, &rows);
    return err == OTA_OK ? tx_list(tx, &rows, sizeof(struct repo_target), target_read,
                                   &op->list, &op->count)
                         : err;
}

ota_err db_tuf_target_list(struct db_scope *s, const char *platform,
                           const struct repo_target **out, size_t *out_count)
{
    struct tuf_op op = {.platform = platform};
    const ota_err err = db_run(s, targets_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

static ota_err file_fn(struct db_tx *tx, void *arg)
{
    struct tuf_op *op = arg;
    struct pg_args a = {0};
    struct pg_row row;
    int64_t id = 0;
    ota_err err = tx_platform(tx, op->platform, &id);
    arg_int(&a, id);
    arg_text(&a, repo_role_word(op->role));
    arg_int(&a, op->version);
    if (err == OTA_OK)
        err = tx_one(tx, Q_TUF_FILE_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    op->bytes = row_blob(&row, &op->len);
    return row.err;
}

ota_err db_tuf_file_get(struct db_scope *s, const char *platform, enum repo_role role,
                        int64_t version, const uint8_t **out, size_t *out_len)
{
    struct tuf_op op = {.platform = platform, .role = role, .version = version};
    const ota_err err = db_run(s, file_fn, &op);
    if (err == OTA_OK) {
        *out = op.bytes;
        *out_len = op.len;
    }
    return err;
}

/* ---- changing -----------------------------------------------------------------------------
 */

struct finder {
    struct db_tx *tx;
    int64_t platform_id;
};

static ota_err find_artifact(void *arg, const char *version, const char *name,
                             struct repo_artifact *out)
{
    const struct finder *f = arg;
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, f->platform_id);
    arg_text(&a, version);
    arg_text(&a, name);
    const ota_err err = tx_one(f->tx, Q_TUF_ARTIFACT, &a, &row);
    if (err != OTA_OK)
        return err;
    *out = (struct repo_artifact){.release_id = row_int(&row)};
    out->state = release_state_parse(row_text_or_empty(&row));
    version_read(&row, &out->version);
    out->security_counter = (uint32_t)row_int(&row);
    out->size_bytes = row_int(&row);
    row_bytes(&row, out->sha256, sizeof out->sha256);
    out->is_image = !row_is_null(&row);
    row_bytes(&row, out->hardware_class, sizeof out->hardware_class);
    return row.err;
}

static ota_err write_file(struct db_tx *tx, int64_t platform_id, const struct repo_file *f)
{
    struct pg_args a = {0}, done = {0};
    arg_int(&a, platform_id);
    arg_text(&a, repo_role_word(f->role));
    arg_int(&a, f->version);
    arg_bytes(&a, f->bytes, f->len);
    arg_int(&a, f->expires_unix_s);
    arg_text(&a, tx_actor(tx));
    ota_err err = tx_query(tx, Q_TUF_FILE_PUT, &a, NULL);
    arg_int(&done, platform_id);
    arg_text(&done, repo_role_word(f->role));
    arg_int(&done, f->version);
    if (err == OTA_OK && f->role <= REPO_PLATFORM)
        err = tx_query(tx, Q_TUF_PENDING_DONE, &done, NULL);
    return err;
}

static ota_err write_targets(struct db_tx *tx, int64_t platform_id, const struct repo_change *c)
{
    struct pg_args clear = {0};
    arg_int(&clear, platform_id);
    ota_err err = tx_query(tx, Q_TUF_TARGETS_CLEAR, &clear, NULL);
    for (size_t i = 0; err == OTA_OK && i < c->target_count; i++) {
        struct pg_args a = {0};
        arg_int(&a, platform_id);
        arg_text(&a, c->target[i].path);
        arg_int(&a, c->target[i].release_id);
        arg_bytes(&a, c->target[i].sha256, sizeof c->target[i].sha256);
        arg_text(&a, c->target[i].entry);
        err = tx_query(tx, Q_TUF_TARGET_PUT, &a, NULL);
    }
    return err;
}

static ota_err write_repository(struct db_tx *tx, int64_t platform_id,
                                const struct repo_change *c)
{
    struct pg_args a = {0};
    arg_int(&a, platform_id);
    arg_bytes(&a, c->has_director_key ? c->director_key : NULL, sizeof c->director_key);
    for (int i = CHANNEL_STABLE; i <= CHANNEL_BETA; i++) {
        const struct version *v = &c->floor[i].version;
        arg_bytes(&a, v->len == 0 ? NULL : v->key, v->len);
        arg_int(&a, c->floor[i].counter);
    }
    return tx_query(tx, Q_TUF_REPOSITORY_PUT, &a, NULL);
}

static ota_err write_pending(struct db_tx *tx, int64_t platform_id, const struct repo_file *f)
{
    struct pg_args a = {0};
    arg_int(&a, platform_id);
    arg_text(&a, repo_role_word(f->role));
    arg_bytes(&a, f->id, sizeof f->id);
    arg_int(&a, f->version);
    arg_bytes(&a, f->bytes, f->len);
    arg_int(&a, f->expires_unix_s);
    arg_text(&a, f->by == NULL ? tx_actor(tx) : f->by);
    return tx_query(tx, Q_TUF_PENDING_PUT, &a, NULL);
}

static ota_err remove_pending(struct db_tx *tx, int64_t platform_id, const struct repo_file *f)
{
    struct pg_args a = {0};
    arg_int(&a, platform_id);
    arg_text(&a, repo_role_word(f->role));
    arg_bytes(&a, f->id, sizeof f->id);
    return tx_query(tx, Q_TUF_PENDING_REMOVE, &a, NULL);
}

/* "1.root.json, 3.snapshot.json": what an entry of the audit log says. */
static const char *names_of(struct db_tx *tx, const struct repo_state *s,
                            const struct repo_file *f, size_t count)
{
    const char *all = "";
    for (size_t i = 0; i < count && all != NULL; i++) {
        char name[REPO_NAME_BYTES];
        repo_file_name(f[i].role, s->platform, f[i].version, name);
        all = arena_printf(tx->arena, "%s%s%s", all, i == 0 ? "" : ", ", name);
    }
    return all;
}

static ota_err audit(struct db_tx *tx, const struct repo_state *s, const char *action,
                     const struct repo_file *f, size_t count)
{
    const struct audit entry = {
        .action = action,
        .object = s->platform,
        .platform = s->platform,
        .after = AUDIT_OBJECT(tx, AUDIT_TEXT("files", names_of(tx, s, f, count)),
                              AUDIT_HEX("signed_sha256", f[0].id, sizeof f[0].id))};
    return tx->arena->full ? OTA_E_LIMIT : tx_audit(tx, &entry);
}

/* Renewals are otad's own breath, not anybody's deed. */
static bool is_deed(const struct repo_change *c)
{
    for (size_t i = 0; i < c->publish_count; i++)
        if (c->publish[i].role <= REPO_PLATFORM)
            return true;
    return false;
}

static ota_err write_published(struct db_tx *tx, int64_t platform_id,
                               const struct repo_state *s, const struct repo_change *c)
{
    struct pg_args prune = {0};
    ota_err err = OTA_OK;
    for (size_t i = 0; err == OTA_OK && i < c->publish_count; i++)
        err = write_file(tx, platform_id, &c->publish[i]);
    if (err == OTA_OK && c->set_targets)
        err = write_targets(tx, platform_id, c);
    if (err == OTA_OK)
        err = write_repository(tx, platform_id, c);
    arg_int(&prune, platform_id);
    if (err == OTA_OK)
        err = tx_query(tx, Q_TUF_FILE_PRUNE, &prune, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_PLATFORM, platform_id);
    return err == OTA_OK && is_deed(c)
               ? audit(tx, s, "tuf.publish", c->publish, c->publish_count)
               : err;
}

/* Did the queue have it, with these very signatures? */
static bool is_news(const struct repo_state *s, const struct repo_file *f)
{
    for (size_t i = 0; i < s->pending_count; i++)
        if (s->pending[i].role == f->role && s->pending[i].len == f->len &&
            memcmp(s->pending[i].bytes, f->bytes, f->len) == 0)
            return false;
    return true;
}

static ota_err change_fn(struct db_tx *tx, void *arg)
{
    const struct tuf_op *op = arg;
    struct repo_change *c = op->change;
    struct repo_state s;
    struct finder finder = {.tx = tx};
    const struct repo_store store = {.arg = &finder, .find = find_artifact};
    ota_err err = tx_platform_lock(tx, op->platform, &finder.platform_id);
    if (err == OTA_OK)
        err = state_read(tx, finder.platform_id, &s);
    if (err == OTA_OK)
        err = op->decide(op->arg, &s, &store, c);
    if (err == OTA_OK && c->drop != NULL)
        err = remove_pending(tx, finder.platform_id, c->drop);
    if (err == OTA_OK && c->keep.bytes != NULL && is_news(&s, &c->keep)) {
        err = write_pending(tx, finder.platform_id, &c->keep);
        if (err == OTA_OK)
            err = audit(tx, &s, "tuf.submit", &c->keep, 1);
    }
    if (err == OTA_OK && c->publish_count > 0)
        err = write_published(tx, finder.platform_id, &s, c);
    return err;
}

ota_err db_tuf_change(struct db_scope *s, const char *platform, db_tuf_decide *decide,
                      void *arg, struct repo_change *out_change)
{
    struct tuf_op op = {
        .platform = platform, .decide = decide, .arg = arg, .change = out_change};
    return db_run(s, change_fn, &op);
}

static ota_err remove_fn(struct db_tx *tx, void *arg)
{
    const struct tuf_op *op = arg;
    struct repo_state s;
    int64_t id = 0;
    ota_err err = tx_platform_lock(tx, op->platform, &id);
    if (err == OTA_OK)
        err = state_read(tx, id, &s);
    if (err != OTA_OK)
        return err;
    for (size_t i = 0; i < s.pending_count; i++) {
        if (memcmp(s.pending[i].id, op->id, sizeof s.pending[i].id) != 0)
            continue;
        err = remove_pending(tx, id, &s.pending[i]);
        return err == OTA_OK ? audit(tx, &s, "tuf.remove", &s.pending[i], 1) : err;
    }
    return OTA_E_NOT_FOUND;
}

ota_err db_tuf_pending_remove(struct db_scope *s, const char *platform, const uint8_t id[32])
{
    struct tuf_op op = {.platform = platform, .id = id};
    return db_run(s, remove_fn, &op);
}

static ota_err public_fn(struct db_tx *tx, void *arg)
{
    const struct tuf_op *op = arg;
    struct repo_state s = {0};
    struct pg_args a = {0};
    int64_t id = 0;
    ota_err err = tx_platform_lock(tx, op->platform, &id);
    if (err == OTA_OK)
        err = state_read(tx, id, &s);
    arg_int(&a, id);
    arg_bool(&a, op->public_targets);
    if (err == OTA_OK)
        err = tx_query(tx, Q_TUF_REPOSITORY_PUBLIC, &a, NULL);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_PLATFORM, id);
    const struct audit entry = {
        .action = "tuf.change",
        .object = s.platform,
        .platform = s.platform,
        .before = AUDIT_OBJECT(tx, AUDIT_BOOL("public_targets", s.public_targets)),
        .after = AUDIT_OBJECT(tx, AUDIT_BOOL("public_targets", op->public_targets))};
    return err == OTA_OK ? tx_audit(tx, &entry) : err;
}

ota_err db_tuf_public_set(struct db_scope *s, const char *platform, bool public_targets)
{
    struct tuf_op op = {.platform = platform, .public_targets = public_targets};
    return db_run(s, public_fn, &op);
}
