/* Download links. */
#include "link.h"

#include <string.h>

#include "audit.h"
#include "otad/fleet/model.h"
#include "queries.h"
#include "tx.h"

enum { BUDGET_SIZES = 4 /* of the file: so often a cut download may start again */ };

struct link_op {
    const struct link_new *new;
    struct link_made *made;
    int64_t id;
    const char *platform, *state;
    const struct db_page *page;
    void *list;
    size_t count;
};

static void link_read(struct pg_row *row, void *out_link)
{
    struct link *l = out_link;
    *l = (struct link){0};
    row_skip(row, 1); /* tenant_id */
    l->id = row_int(row);
    l->platform = row_text(row);
    l->version = row_text(row);
    l->artifact = row_text(row);
    l->created_by = row_text(row);
    l->created_at_unix_s = row_int(row);
    l->expires_at_unix_s = row_int(row);
    l->revoked_at_unix_s = row_int(row);
    l->byte_budget = row_int(row);
    l->bytes_used = row_int(row);
    l->uses = row_int(row);
    l->state = row_text(row);
}

static ota_err get(struct db_tx *tx, int64_t id, struct link *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, id);
    const ota_err err = tx_one(tx, Q_DOWNLOAD_LINK_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    link_read(&row, out);
    return row.err;
}

static ota_err audit(struct db_tx *tx, const char *action, const struct link *l)
{
    const bool is_new = l->revoked_at_unix_s == 0;
    const char *const name =
        arena_printf(tx->arena, "%s %s %s", l->platform, l->version, l->artifact);
    const char *const after = AUDIT_OBJECT(tx, AUDIT_INT("link", l->id),
                                           AUDIT_TIME("expires_at", l->expires_at_unix_s),
                                           AUDIT_INT("byte_budget", l->byte_budget),
                                           AUDIT_TIME("revoked_at", l->revoked_at_unix_s));
    const char *const before = AUDIT_OBJECT(
        tx, AUDIT_INT("link", l->id), AUDIT_TIME("expires_at", l->expires_at_unix_s),
        AUDIT_INT("byte_budget", l->byte_budget), AUDIT_TIME("revoked_at", 0));
    return tx_audit(tx, &(struct audit){.action = action,
                                        .object = name,
                                        .platform = l->platform,
                                        .before = is_new ? NULL : before,
                                        .after = after});
}

/* What it leads to, if links may. */
static ota_err target(struct db_tx *tx, const struct link_new *n, int64_t platform_id,
                      struct link_made *out, int64_t *out_size)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, platform_id);
    arg_text(&a, n->version);
    arg_text(&a, n->artifact);
    const ota_err err = tx_one(tx, Q_DOWNLOAD_LINK_TARGET, &a, &row);
    if (err != OTA_OK)
        return err;
    out->release_id = row_int(&row);
    const char *word = row_text(&row);
    const enum release_state state = word == NULL ? 0 : release_state_parse(word);
    const bool is_missing = row_is_null(&row);
    row_bytes(&row, out->sha256, sizeof out->sha256);
    *out_size = row_int(&row);
    if (row.err != OTA_OK)
        return row.err;
    if (state == RELEASE_WITHDRAWN)
        return tx_refuse(tx, DB_WHY_WITHDRAWN);
    return state == RELEASE_DRAFT || is_missing ? tx_refuse(tx, DB_WHY_INCOMPLETE) : OTA_OK;
}

static ota_err put(struct db_tx *tx, const struct link_new *n, int64_t platform_id,
                   const struct link_made *made, int64_t budget, int64_t *out_id)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, platform_id);
    arg_int(&a, made->release_id);
    arg_text(&a, n->artifact);
    arg_bytes(&a, made->sha256, sizeof made->sha256);
    arg_id(&a, n->account_id);
    arg_id(&a, n->api_key_id);
    arg_text(&a, tx_actor(tx));
    arg_int(&a, n->expires_in_s);
    arg_int(&a, budget);
    const ota_err err = tx_one(tx, Q_DOWNLOAD_LINK_PUT, &a, &row);
    if (err != OTA_OK)
        return err;
    *out_id = row_int(&row);
    return row.err;
}

static ota_err create_fn(struct db_tx *tx, void *arg)
{
    const struct link_op *op = arg;
    struct link_made *made = op->made;
    int64_t platform_id = 0, size = 0, id = 0;
    ota_err err = tx_platform(tx, op->new->platform, &platform_id);
    if (err == OTA_OK)
        err = target(tx, op->new, platform_id, made, &size);
    const int64_t whole = size > 0 ? size : 1;
    const int64_t budget =
        op->new->byte_budget > 0 ? op->new->byte_budget : BUDGET_SIZES *whole;
    if (err == OTA_OK)
        err = put(tx, op->new, platform_id, made, budget, &id);
    if (err == OTA_OK)
        err = get(tx, id, &made->link);
    if (err == OTA_OK)
        err = audit(tx, "link.create", &made->link);
    return err == OTA_OK ? tx_change(tx, CHANGE_LINK, id) : err;
}

ota_err db_link_create(struct db_scope *s, const struct link_new *n, struct link_made *out)
{
    struct link_op op = {.new = n, .made = out};
    return db_run(s, create_fn, &op);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct link_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    int64_t platform_id = 0;
    ota_err err = op->platform == NULL ? OTA_OK : tx_platform(tx, op->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    arg_int(&a, op->page->after_id);
    arg_int(&a, page_limit(op->page));
    arg_id(&a, platform_id);
    arg_text(&a, op->state);
    err = tx_query(tx, Q_DOWNLOAD_LINK_LIST, &a, &rows);
    return err == OTA_OK
               ? tx_list(tx, &rows, sizeof(struct link), link_read, &op->list, &op->count)
               : err;
}

ota_err db_link_list(struct db_scope *s, const char *platform, const char *state,
                     const struct db_page *page, struct link **out, size_t *out_count)
{
    struct link_op op = {.platform = platform, .state = state, .page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

static ota_err revoke_fn(struct db_tx *tx, void *arg)
{
    const struct link_op *op = arg;
    struct link before, after;
    struct pg_args a = {0};
    arg_int(&a, op->id);
    ota_err err = get(tx, op->id, &before);
    if (err == OTA_OK)
        err = tx_touch(tx, Q_DOWNLOAD_LINK_REVOKE, &a);
    if (err != OTA_OK || before.revoked_at_unix_s != 0)
        return err;
    err = get(tx, op->id, &after);
    if (err == OTA_OK)
        err = audit(tx, "link.revoke", &after);
    return err == OTA_OK ? tx_change(tx, CHANGE_LINK, op->id) : err;
}

ota_err db_link_revoke(struct db_scope *s, int64_t id)
{
    struct link_op op = {.id = id};
    return db_run(s, revoke_fn, &op);
}
