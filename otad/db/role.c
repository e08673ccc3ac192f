/*
 * Roles of one's own.  Whoever changes one holds the lock of people (people.h), so that it is
 * not given to somebody while it goes.
 */
#include "role.h"

#include <inttypes.h>
#include <stdio.h>

#include "audit.h"
#include "people.h"
#include "queries.h"
#include "read.h"

struct role_op {
    const char *name;
    const struct role_row *role;
    const struct db_page *page;
    struct role_row *out;
    void *list;
    size_t count;
};

static void role_read(struct pg_row *row, void *out_role)
{
    struct role_row *r = out_role;
    *r = (struct role_row){0};
    r->id = row_int(row);
    r->name = row_text(row);
    r->title = row_text(row);
    r->user_count = row_int(row);
}

/* A grant, and whose it is. */
struct grant_row {
    int64_t role_id;
    struct role_grant grant;
};

static void grant_read(struct pg_row *row, void *out_grant)
{
    struct grant_row *g = out_grant;
    *g = (struct grant_row){.role_id = row_int(row)};
    g->grant.platform = row_text(row);
    g->grant.platform_id = row_int(row);
    if (tx_split(row->arena, row_text_or_empty(row), &g->grant.permissions) != OTA_OK)
        row->err = OTA_E_LIMIT;
}

/* Numbers of roles as an array literal; NULL if the arena is full. */
static const char *ids_of(struct arena *arena, const struct role_row *list, size_t count)
{
    enum { ID_BYTES = 21 };
    char *text = arena_alloc(arena, count * ID_BYTES + 3);
    char *at = text;
    for (size_t i = 0; text != NULL && i < count; i++)
        at += snprintf(at, ID_BYTES + 1, "%s%" PRId64, i == 0 ? "{" : ",", list[i].id);
    if (text != NULL)
        (void)snprintf(at, 3, "%s", count == 0 ? "{}" : "}");
    return text;
}

/* The grants of all roles of the list, each to its role. */
static ota_err grants_get(struct db_tx *tx, struct role_row *list, size_t count)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    void *all = NULL;
    size_t all_count = 0;
    const char *ids = ids_of(tx->arena, list, count);
    if (ids == NULL)
        return OTA_E_LIMIT;
    arg_text(&a, ids);
    ota_err err = tx_query(tx, Q_ROLE_GRANTS, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct grant_row), grant_read, &all, &all_count);
    if (err != OTA_OK)
        return err;
    const struct grant_row *g = all;
    struct role_grant *grants = arena_array(tx->arena, all_count, sizeof *grants);
    if (grants == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < all_count; i++)
        grants[i] = g[i].grant;
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < all_count; i++) {
            if (g[i].role_id != list[r].id || list[r].id == 0)
                continue;
            if (list[r].grant_count++ == 0)
                list[r].grants = &grants[i];
        }
    }
    return OTA_OK;
}

static ota_err role_get(struct db_tx *tx, const char *name, struct role_row *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_text(&a, name);
    const ota_err err = tx_one(tx, Q_ROLE_GET, &a, &row);
    if (err != OTA_OK)
        return err;
    role_read(&row, out);
    return row.err == OTA_OK ? grants_get(tx, out, 1) : row.err;
}

static ota_err get_fn(struct db_tx *tx, void *arg)
{
    const struct role_op *op = arg;
    return role_get(tx, op->name, op->out);
}

ota_err db_role_get(struct db_scope *s, const char *name, struct role_row *out)
{
    struct role_op op = {.name = name, .out = out};
    return db_run(s, get_fn, &op);
}

static ota_err list_fn(struct db_tx *tx, void *arg)
{
    struct role_op *op = arg;
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_text(&a, op->page->after_text == NULL ? "" : op->page->after_text);
    arg_int(&a, page_limit(op->page));
    ota_err err = tx_query(tx, Q_ROLE_LIST, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct role_row), role_read, &op->list, &op->count);
    return err == OTA_OK ? grants_get(tx, op->list, op->count) : err;
}

ota_err db_role_list(struct db_scope *s, const struct db_page *page, struct role_row **out,
                     size_t *out_count)
{
    struct role_op op = {.page = page};
    const ota_err err = db_run(s, list_fn, &op);
    if (err == OTA_OK) {
        *out = op.list;
        *out_count = op.count;
    }
    return err;
}

/* ---- changing ------------------------------------------------------------------------ */

/* A role as the audit log tells of it: {"title":..., "platform or *":[permissions]}. */
static const char *role_text(struct db_tx *tx, const struct role_row *r)
{
    struct audit_field *f = arena_array(tx->arena, r->grant_count + 2, sizeof *f);
    if (f == NULL)
        return NULL;
    f[0] = AUDIT_TEXT("title", r->title);
    for (size_t i = 0; i < r->grant_count; i++) {
        const char *platform = r->grants[i].platform;
        const char *key = arena_printf(tx->arena, "on %s", platform == NULL ? "*" : platform);
        f[1 + i] = AUDIT_LIST(key, &r->grants[i].permissions);
    }
    return audit_object(tx->arena, f);
}

static ota_err grant_put(struct db_tx *tx, int64_t role_id, const struct role_grant *g)
{
    const char *permissions = tx_array(tx->arena, g->permissions.v, g->permissions.count);
    struct pg_args a = {0};
    int64_t platform_id = 0;
    if (permissions == NULL)
        return OTA_E_LIMIT;
    if (g->platform != NULL) {
        const ota_err err = tx_platform(tx, g->platform, &platform_id);
        if (err != OTA_OK)
            return err;
    }
    arg_int(&a, role_id);
    arg_id(&a, platform_id);
    arg_text(&a, permissions);
    return tx_query(tx, Q_ROLE_GRANT_PUT, &a, NULL);
}

ota_err tx_roles_fit(struct db_tx *tx)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, ROLE_PLATFORMS_MAX);
    const ota_err err = tx_one(tx, Q_ROLES_TOO_WIDE, &a, &row);
    if (err != OTA_OK)
        return err;
    return row_bool(&row) ? tx_refuse(tx, DB_WHY_TOO_MANY_PLATFORMS) : row.err;
}

/* Of an existing one nothing but its number stays. */
static ota_err write_role(struct db_tx *tx, const struct role_row *r, int64_t *out_id)
{
    struct pg_args a = {0}, clear = {0};
    struct pg_row row;
    arg_text(&a, r->name);
    arg_text(&a, r->title);
    arg_text(&a, tx_actor(tx));
    ota_err err = tx_one(tx, Q_ROLE_PUT, &a, &row);
    if (err != OTA_OK)
        return err;
    *out_id = row_int(&row);
    arg_int(&clear, *out_id);
    err = tx_query(tx, Q_ROLE_GRANTS_CLEAR, &clear, NULL);
    for (size_t i = 0; i < r->grant_count && err == OTA_OK; i++)
        err = grant_put(tx, *out_id, &r->grants[i]);
    return err == OTA_OK ? tx_roles_fit(tx) : err;
}

static ota_err put_fn(struct db_tx *tx, void *arg)
{
    const struct role_op *op = arg;
    struct role_row before = {0};
    int64_t id = 0;
    ota_err err = tx_people_lock(tx);
    if (err != OTA_OK)
        return err;
    err = role_get(tx, op->role->name, &before);
    const bool is_new = err == OTA_E_NOT_FOUND;
    if (err == OTA_OK && before.id == 0)
        return tx_refuse(tx, DB_WHY_BUILT_IN);
    if (err != OTA_OK && !is_new)
        return err;
    err = write_role(tx, op->role, &id);
    if (err == OTA_OK)
        err = role_get(tx, op->role->name, op->out);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ROLE, id);
    return err != OTA_OK
               ? err
               : tx_audit(tx, &(struct audit){.action = is_new ? "role.create" : "role.change",
                                              .object = op->out->name,
                                              .before = is_new ? NULL : role_text(tx, &before),
                                              .after = role_text(tx, op->out)});
}

ota_err db_role_put(struct db_scope *s, const struct role_row *r, struct role_row *out)
{
    struct role_op op = {.role = r, .out = out};
    return db_run(s, put_fn, &op);
}

static ota_err delete_fn(struct db_tx *tx, void *arg)
{
    const struct role_op *op = arg;
    struct role_row r = {0};
    struct pg_args a = {0};
    ota_err err = tx_people_lock(tx);
    if (err == OTA_OK)
        err = role_get(tx, op->name, &r);
    if (err == OTA_OK && r.id == 0)
        err = tx_refuse(tx, DB_WHY_BUILT_IN);
    if (err == OTA_OK && r.user_count > 0)
        err = tx_refuse(tx, DB_WHY_IN_USE);
    arg_int(&a, r.id);
    if (err == OTA_OK)
        err = tx_touch(tx, Q_ROLE_DELETE, &a);
    if (err == OTA_OK)
        err = tx_change(tx, CHANGE_ROLE, r.id);
    return err != OTA_OK ? err
                         : tx_audit(tx, &(struct audit){.action = "role.delete",
                                                        .object = r.name,
                                                        .before = role_text(tx, &r)});
}

ota_err db_role_delete(struct db_scope *s, const char *name)
{
    struct role_op op = {.name = name};
    return db_run(s, delete_fn, &op);
}
