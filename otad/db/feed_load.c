/*
 * Rows into the memory model: all of them, or those that changes name.  A change says only what
 * to read again, so reading twice or late does no harm.
 */
#include "feed_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_link.h"
#include "feed_metadata.h"
#include "otad/fleet/people.h"
#include "queries.h"
#include "read.h"
#include "tx.h"

enum {
    LIST_BYTES_MAX = 256 * 1024 * 1024,
    ROW_BYTES_MAX = 1024 * 1024,
    CHANGES_AT_ONCE = 1000
};

/* What is being read: of which tenant, all or some, and how. */
struct reading {
    struct pg *pg;
    struct fleet *fleet;
    int64_t tenant_id;
    struct arena *arena;
};

/* keys NULL: all of the tenant. */
static ota_err ask(const struct reading *r, int query, const char *keys, struct pg_rows *out)
{
    struct pg_args a = {0};
    arg_int(&a, r->tenant_id);
    if (keys != NULL)
        arg_text(&a, keys);
    return pg_query(r->pg, query, &a, out);
}

/* ---- few rows: platforms, releases, keys, gateways ----------------------------------- */

static ota_err read_platforms(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, keys == NULL ? Q_FEED_PLATFORMS : Q_FEED_PLATFORMS_OF, keys, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        struct fleet_platform_row p = {0};
        row_skip(&row, 1); /* tenant_id */
        p.id = row_int(&row);
        p.name = row_text(&row);
        row_skip(&row, 1); /* title */
        p.aliases = row_text(&row);
        p.follow_channel = row_bool(&row);
        row_skip(&row, 1); /* hardware_class */
        p.key_manifest_sequence = (uint32_t)row_int(&row);
        err = row.err == OTA_OK ? fleet_put_platform(r->fleet, r->tenant_id, &p) : row.err;
    }
    return err;
}

static ota_err read_artifacts(const struct reading *r, struct release *release)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, r->tenant_id);
    arg_int(&a, release->id);
    const ota_err err = pg_query(r->pg, Q_FEED_ARTIFACTS, &a, &rows);
    if (err != OTA_OK)
        return err;
    struct artifact *list = arena_array(r->arena, (size_t)rows.count, sizeof *list);
    if (list == NULL)
        return OTA_E_LIMIT;
    for (int i = 0; i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        artifact_read(&row, &list[i]);
        if (row.err != OTA_OK)
            return row.err;
    }
    release->artifacts = list;
    release->artifact_count = (size_t)rows.count;
    return OTA_OK;
}

static ota_err put_release(const struct reading *r, struct fleet_release_row *row)
{
    if (row->release.state == RELEASE_DRAFT) {
        fleet_tell_release(r->fleet, r->tenant_id, &row->release);
        return OTA_OK;
    }
    const ota_err err = read_artifacts(r, &row->release);
    return err == OTA_OK ? fleet_put_release(r->fleet, r->tenant_id, row) : err;
}

static ota_err read_releases(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, keys == NULL ? Q_FEED_RELEASES : Q_FEED_RELEASES_OF, keys, &rows);
    if (err != OTA_OK)
        return err;
    const int count = rows.count;
    struct fleet_release_row *list = arena_array(r->arena, (size_t)count, sizeof *list);
    if (list == NULL)
        return OTA_E_LIMIT;
    for (int i = 0; i < count && err == OTA_OK; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        release_read(&row, &list[i]);
        err = row.err;
    }
    for (int i = 0; i < count && err == OTA_OK; i++)
        err = put_release(r, &list[i]);
    return err;
}

static ota_err read_keys(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, keys == NULL ? Q_FEED_API_KEYS : Q_FEED_API_KEYS_OF, keys, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        struct fleet_key_row k = {0};
        row_skip(&row, 1); /* tenant_id */
        k.id = row_int(&row);
        k.name = row_text_or_empty(&row);
        k.scopes = row_text_or_empty(&row);
        k.platforms = row_text_or_empty(&row);
        row_skip(&row, 3); /* created_by, created_at, last_used_at */
        k.expires_at_unix_s = row_int(&row);
        row_skip(&row, 1); /* revoked_at */
        row_bytes(&row, k.hash, sizeof k.hash);
        err = row.err == OTA_OK ? fleet_put_key(r->fleet, r->tenant_id, &k) : row.err;
    }
    return err;
}

static ota_err read_gateways(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, keys == NULL ? Q_FEED_GATEWAYS : Q_FEED_GATEWAYS_OF, keys, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        struct fleet_gateway_row g = {0};
        row_skip(&row, 1); /* tenant_id */
        g.id = row_int(&row);
        row_skip(&row, 4); /* name, platform, created_by, created_at */
        row_skip(&row, 1); /* revoked_at */
        row_bytes(&row, g.hash, sizeof g.hash);
        err = row.err == OTA_OK ? fleet_put_gateway(r->fleet, r->tenant_id, &g) : row.err;
    }
    return err;
}

/* ---- people and roles ---------------------------------------------------------------- */

static ota_err read_accounts(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, keys == NULL ? Q_FEED_ACCOUNTS : Q_FEED_ACCOUNTS_OF, keys, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        struct fleet_account_row a = {.id = row_int(&row)};
        a.name = row_text(&row);
        a.disabled = row_bool(&row);
        a.roles = row_text(&row);
        err = row.err;
        if (err == OTA_OK && a.name == NULL)
            fleet_remove_account(r->fleet, r->tenant_id, a.id);
        else if (err == OTA_OK)
            err = fleet_put_account(r->fleet, r->tenant_id, &a);
    }
    return err;
}

/* One role, whose grants are the rows from *at on; *at is then behind them. */
static ota_err read_role(const struct reading *r, const struct pg_rows *rows, int *at)
{
    struct fleet_grant *grants =
        arena_array(r->arena, (size_t)(rows->count - *at), sizeof *grants);
    if (grants == NULL)
        return OTA_E_LIMIT;
    struct fleet_role_row role = {.grants = grants};
    for (bool first = true; *at < rows->count; (*at)++, first = false) {
        struct pg_row row = pg_row(rows, *at, r->arena);
        const int64_t id = row_int(&row);
        if (!first && id != role.id)
            break;
        role.id = id;
        role.name = row_text(&row);
        struct fleet_grant *g = &grants[role.grant_count];
        g->platform_id = row_int(&row);
        g->permissions = row_text_or_empty(&row);
        role.grant_count += g->permissions[0] != '\0';
        if (row.err != OTA_OK)
            return row.err;
    }
    if (role.name != NULL)
        return fleet_put_role(r->fleet, r->tenant_id, &role);
    fleet_remove_role(r->fleet, r->tenant_id, role.id);
    return OTA_OK;
}

static ota_err read_roles(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, keys == NULL ? Q_FEED_ROLES : Q_FEED_ROLES_OF, keys, &rows);
    for (int at = 0; err == OTA_OK && at < rows.count;)
        err = read_role(r, &rows, &at);
    return err;
}

/* ---- many rows: devices -------------------------------------------------------------- */

static ota_err each_device(struct pg_row *row, void *arg)
{
    const struct reading *r = arg;
    struct fleet_device_row d;
    device_read_all(row, &d);
    const ota_err err =
        row->err == OTA_OK ? fleet_put_device(r->fleet, r->tenant_id, &d) : row->err;
    arena_done(row->arena); /* one row at a time */
    arena_init(row->arena, ROW_BYTES_MAX);
    return err;
}

static ota_err read_devices(struct reading *r, const char *keys)
{
    struct pg_args a = {0};
    struct arena row_arena;
    arg_int(&a, r->tenant_id);
    if (keys != NULL)
        arg_text(&a, keys);
    arena_init(&row_arena, ROW_BYTES_MAX);
    const ota_err err = pg_stream(r->pg, keys == NULL ? Q_FEED_DEVICES : Q_FEED_DEVICES_OF, &a,
                                  &row_arena, each_device, r);
    arena_done(&row_arena);
    return err;
}

/* ---- everything ---------------------------------------------------------------------- */

static ota_err load_tenant(struct reading *r)
{
    ota_err err = read_platforms(r, NULL);
    if (err == OTA_OK)
        err = feed_metadata_read(r->pg, r->fleet, r->tenant_id, NULL, r->arena);
    if (err == OTA_OK)
        err = read_releases(r, NULL);
    if (err == OTA_OK)
        err = read_keys(r, NULL);
    if (err == OTA_OK)
        err = read_gateways(r, NULL);
    if (err == OTA_OK)
        err = read_roles(r, NULL);
    if (err == OTA_OK)
        err = read_accounts(r, NULL);
    if (err == OTA_OK)
        err = feed_links_read(r->pg, r->fleet, r->tenant_id, NULL, r->arena);
    return err == OTA_OK ? read_devices(r, NULL) : err;
}

/* The positions are read before the rows: what changes meanwhile is read again. */
static ota_err read_tenants(const struct reading *r, struct feed_position **out,
                            size_t *out_count)
{
    struct pg_rows rows;
    ota_err err = pg_query(r->pg, Q_FEED_TENANTS, NULL, &rows);
    if (err != OTA_OK)
        return err;
    struct feed_position *list = calloc((size_t)rows.count + 1, sizeof *list);
    if (list == NULL)
        return OTA_E_NO_MEMORY;
    for (int i = 0; i < rows.count && err == OTA_OK; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        list[i].tenant_id = row_int(&row);
        const char *name = row_text_or_empty(&row);
        list[i].change_seq = row_int(&row);
        err = row.err == OTA_OK ? fleet_put_tenant(r->fleet, list[i].tenant_id, name) : row.err;
    }
    if (err != OTA_OK) {
        free(list);
        return err;
    }
    *out = list;
    *out_count = (size_t)rows.count;
    return OTA_OK;
}

ota_err feed_load(struct pg *pg, struct fleet *fleet, struct feed_position **out,
                  size_t *out_count)
{
    struct arena arena;
    struct feed_position *list = NULL;
    size_t count = 0;
    arena_init(&arena, LIST_BYTES_MAX);
    struct reading r = {.pg = pg, .fleet = fleet, .arena = &arena};
    ota_err err = read_tenants(&r, &list, &count);
    if (err == OTA_OK)
        fleet_reload_begin(fleet);
    for (size_t i = 0; i < count && err == OTA_OK; i++) {
        r.tenant_id = list[i].tenant_id;
        err = load_tenant(&r);
    }
    arena_done(&arena);
    if (err != OTA_OK) {
        free(list);
        return err;
    }
    fleet_reload_end(fleet);
    *out = list;
    *out_count = count;
    return OTA_OK;
}

/* ---- changes ------------------------------------------------------------------------- */

/* Keys of one kind as an array literal in the making. */
struct key_list {
    char *text;
    size_t len, capacity, count;
};

enum { KEY_TEXT_BYTES = 22 };

struct changes {
    struct key_list device, update, release, platform, api_key, gateway, account, role, link;
};

static ota_err key_add(struct arena *arena, struct key_list *list, int64_t key)
{
    if (list->len + KEY_TEXT_BYTES + 2 > list->capacity) {
        const size_t capacity = list->capacity == 0 ? 512 : 2 * list->capacity;
        char *grown = arena_alloc(arena, capacity);
        if (grown == NULL)
            return OTA_E_LIMIT;
        if (list->len > 0)
            memcpy(grown, list->text, list->len);
        list->text = grown;
        list->capacity = capacity;
    }
    list->len += (size_t)snprintf(list->text + list->len, KEY_TEXT_BYTES + 1, "%s%" PRId64,
                                  list->count == 0 ? "{" : ",", key);
    list->count++;
    return OTA_OK;
}

/* The finished literal; NULL if it is empty. */
static const char *key_text(struct key_list *list)
{
    if (list->count == 0)
        return NULL;
    list->text[list->len] = '}';
    list->text[list->len + 1] = '\0';
    return list->text;
}

static struct key_list *list_of(struct changes *c, const char *kind)
{
    const struct {
        const char *kind;
        struct key_list *list;
    } by_kind[] = {
        {"device", &c->device},     {"update", &c->update},   {"release", &c->release},
        {"platform", &c->platform}, {"api_key", &c->api_key}, {"gateway", &c->gateway},
        {"account", &c->account},   {"role", &c->role},       {"link", &c->link}};
    for (size_t i = 0; i < sizeof by_kind / sizeof by_kind[0]; i++) {
        if (strcmp(by_kind[i].kind, kind) == 0)
            return by_kind[i].list;
    }
    return NULL;
}

/* One page of changes.  *out_count 0: there are none. */
static ota_err read_changes(const struct reading *r, struct feed_position *position,
                            struct changes *out, int *out_count)
{
    struct pg_args a = {0};
    struct pg_rows rows;
    arg_int(&a, r->tenant_id);
    arg_int(&a, position->change_seq);
    arg_int(&a, CHANGES_AT_ONCE);
    ota_err err = pg_query(r->pg, Q_FEED_CHANGES, &a, &rows);
    if (err != OTA_OK)
        return err;
    for (int i = 0; i < rows.count && err == OTA_OK; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        const int64_t seq = row_int(&row);
        struct key_list *list = list_of(out, row_text_or_empty(&row));
        const int64_t key = row_int(&row);
        if (seq != position->change_seq + 1)
            return OTA_E_CONFLICT;
        position->change_seq = seq;
        err = row.err;
        if (err == OTA_OK && list != NULL) /* kinds of a newer otad are not ours to know */
            err = key_add(r->arena, list, key);
    }
    *out_count = rows.count;
    return err;
}

/* What is named but not there any more is removed first; what is there is put again. */
static void remove_named(const struct reading *r, struct key_list *list,
                         void (*remove)(struct fleet *, int64_t, int64_t))
{
    const char *p = key_text(list);
    while (p != NULL && *p != '}') {
        char *end = NULL;
        remove(r->fleet, r->tenant_id, strtoll(p + 1, &end, 10));
        p = end;
    }
}

static ota_err remove_gone_devices(const struct reading *r, const char *keys)
{
    struct pg_rows rows;
    ota_err err = ask(r, Q_FEED_DEVICES_GONE, keys, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, r->arena);
        fleet_remove_device(r->fleet, r->tenant_id, row_int(&row));
        err = row.err;
    }
    return err;
}

struct updates {
    struct update *list;
    size_t count;
};

/* Changed updates, and their devices among the changed devices. */
static ota_err read_updates(const struct reading *r, struct changes *c, struct updates *out)
{
    struct pg_rows rows;
    *out = (struct updates){0};
    const char *keys = key_text(&c->update);
    if (keys == NULL)
        return OTA_OK;
    ota_err err = ask(r, Q_FEED_UPDATES_OF, keys, &rows);
    if (err != OTA_OK)
        return err;
    out->list = arena_array(r->arena, (size_t)rows.count, sizeof *out->list);
    if (out->list == NULL)
        return OTA_E_LIMIT;
    for (; out->count < (size_t)rows.count && err == OTA_OK; out->count++) {
        struct pg_row row = pg_row(&rows, (int)out->count, r->arena);
        update_read(&row, &out->list[out->count]);
        err = row.err;
        if (err == OTA_OK)
            err = key_add(r->arena, &c->device, out->list[out->count].device_no);
    }
    return err;
}

/* Put in place of the old ones, or removed: never away for a moment. */
static ota_err read_named_people(const struct reading *r, struct changes *c)
{
    ota_err err = OTA_OK;
    if (c->role.count > 0)
        err = read_roles(r, key_text(&c->role));
    if (err == OTA_OK && c->account.count > 0)
        err = read_accounts(r, key_text(&c->account));
    return err;
}

static ota_err read_named(struct reading *r, struct changes *c)
{
    struct updates updates;
    ota_err err = OTA_OK;
    if (c->platform.count > 0)
        err = read_platforms(r, key_text(&c->platform));
    if (err == OTA_OK && c->platform.count > 0)
        err =
            feed_metadata_read(r->pg, r->fleet, r->tenant_id, key_text(&c->platform), r->arena);
    if (err == OTA_OK && c->release.count > 0)
        err = read_releases(r, key_text(&c->release));
    if (err == OTA_OK && c->gateway.count > 0) {
        remove_named(r, &c->gateway, fleet_remove_gateway);
        err = read_gateways(r, key_text(&c->gateway));
    }
    if (err == OTA_OK && c->api_key.count > 0) {
        remove_named(r, &c->api_key, fleet_remove_key);
        err = read_keys(r, key_text(&c->api_key));
    }
    if (err == OTA_OK)
        err = read_named_people(r, c);
    if (err == OTA_OK && c->link.count > 0)
        err = feed_links_read(r->pg, r->fleet, r->tenant_id, key_text(&c->link), r->arena);
    if (err == OTA_OK)
        err = read_updates(r, c, &updates);
    if (err == OTA_OK && c->device.count > 0)
        err = remove_gone_devices(r, key_text(&c->device));
    if (err == OTA_OK && c->device.count > 0)
        err = read_devices(r, key_text(&c->device));
    for (size_t i = 0; err == OTA_OK && i < updates.count; i++)
        fleet_tell_update(r->fleet, r->tenant_id, &updates.list[i]);
    return err;
}

ota_err feed_follow(struct pg *pg, struct fleet *fleet, struct feed_position *position)
{
    ota_err err = OTA_OK;
    for (int count = CHANGES_AT_ONCE; err == OTA_OK && count == CHANGES_AT_ONCE;) {
        struct arena arena;
        struct changes changes = {0};
        struct feed_position next = *position;
        arena_init(&arena, LIST_BYTES_MAX);
        struct reading r = {
            .pg = pg, .fleet = fleet, .tenant_id = position->tenant_id, .arena = &arena};
        err = read_changes(&r, &next, &changes, &count);
        if (err == OTA_OK)
            err = read_named(&r, &changes);
        if (err == OTA_OK)
            *position = next; /* only now: a failure reads them all again */
        arena_done(&arena);
    }
    return err;
}
