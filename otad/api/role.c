/*
 * Roles (SPEC 8.13): those that are built in, and one's own with grants by platform.  Nobody
 * puts into a role what they do not have themselves.
 */
#include "otad/db/role.h"

#include <string.h>

#include "handler.h"
#include "otad/fleet/fleet.h"

enum { TITLE_BYTES_MAX = 200, GRANTS_MAX = ROLE_PLATFORMS_MAX + 1 }; /* and '*' */
_Static_assert((int)ROLE_PLATFORMS_MAX == (int)PRINCIPAL_GRANTS_MAX,
               "a person's platforms must fit into a principal");

struct role_body {
    const char *title;
    struct json_strings grants;
};

static const struct json_field role_fields[] = {
    {"title", FIELD_STRING, true, 0, TITLE_BYTES_MAX, 0, offsetof(struct role_body, title)},
    {"grants", FIELD_OBJECTS, true, 0, GRANTS_MAX, 0, offsetof(struct role_body, grants)},
};

struct grant_body {
    const char *platform;
    struct json_strings permissions;
};

static const struct json_field grant_fields[] = {
    {"platform", FIELD_STRING, true, 1, PRINCIPAL_PLATFORM_BYTES - 1, 0,
     offsetof(struct grant_body, platform)},
    {"permissions", FIELD_STRINGS, true, 1, PERM_COUNT, 32,
     offsetof(struct grant_body, permissions)},
};

/* ---- answers ------------------------------------------------------------------------- */

static const char *const builtin_titles[ROLE_COUNT] = {
    [ROLE_VIEWER] = "Viewer",
    [ROLE_OPERATOR] = "Operator",
    [ROLE_MANAGER] = "Release manager",
    [ROLE_ADMIN] = "Administrator",
};

static void put(struct json_out *o, const struct role_row *r)
{
    const enum role builtin = r->id == 0 ? role_parse(r->name) : ROLE_NONE;
    struct principal who = {.kind = PRINCIPAL_USER, .everywhere = role_rights(builtin)};
    for (size_t i = 0; i < r->grant_count; i++) {
        const struct role_grant *g = &r->grants[i];
        for (size_t k = 0; k < g->permissions.count; k++)
            (void)permission_grant(&who, permission_set_parse(g->permissions.v[k]),
                                   g->platform_id, g->platform);
    }
    const struct role_info info = {.name = r->name,
                                   .title = r->id == 0 ? builtin_titles[builtin] : r->title,
                                   .builtin = r->id == 0,
                                   .rights = &who,
                                   .user_count = r->user_count};
    write_role(o, NULL, &info);
}

static ota_err answer(struct http_request *rq, struct http_response *rs,
                      const struct role_row *r)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    put(&o, r);
    return http_json(rq, rs, 200, &o);
}

ota_err api_role_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct role_row *r = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_TEXT, &page);
    if (err != OTA_OK)
        return err;
    err = db_role_list(&scope, &page, &r, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "role");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        put(&o, &r[i]);
    return api_list_end(rq, rs, &o, count == page.limit, 0,
                        count > 0 ? r[count - 1].name : NULL);
}

ota_err api_role_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct role_row r;
    const ota_err err = db_role_get(&scope, rq->capture[0], &r);
    return err == OTA_OK ? answer(rq, rs, &r) : api_db_problem(rq, rs, err, &scope, "role");
}

/* ---- making -------------------------------------------------------------------------- */

/* One grant in the making, and where it stands in the body. */
struct reading {
    struct http_request *rq;
    struct http_response *rs;
    size_t index;
    struct role_grant *grants;
};

static ota_err refuse(const struct reading *r, const char *member, const char *detail)
{
    const char *pointer = arena_printf(r->rq->arena, "/grants/%zu/%s", r->index, member);
    return api_invalid(r->rq, r->rs, pointer != NULL ? pointer : "/grants", detail);
}

/* *out: the canonical name, NULL for '*'.  A platform that the caller has nothing to do with
 * does not exist. */
static ota_err read_platform(const struct reading *r, const char *name, const char **out)
{
    const struct principal *who = r->rq->principal;
    *out = NULL;
    if (strcmp(name, "*") != 0) {
        const ota_err err =
            fleet_platform(r->rq->otad->fleet, who->tenant, name, r->rq->arena, out);
        if (err == OTA_E_NOT_FOUND || (err == OTA_OK && !permission_has_some(who, *out)))
            return refuse(r, "platform", "names no platform");
        if (err != OTA_OK)
            return err;
    }
    for (size_t i = 0; i < r->index; i++) {
        const char *other = r->grants[i].platform;
        if (other == *out || (other != NULL && *out != NULL && strcmp(other, *out) == 0))
            return refuse(r, "platform", "stands there twice");
    }
    return OTA_OK;
}

/* Known, each once, on '*' if it counts there alone, and the caller's own. */
static ota_err check_permissions(const struct reading *r, const struct json_strings *in,
                                 const char *platform)
{
    permission_set seen = 0;
    for (size_t i = 0; i < in->count; i++) {
        enum permission p = PERM_NONE;
        if (!permission_parse(in->item[i], &p))
            return refuse(r, "permissions", "names an unknown permission");
        if (permission_in(seen, p))
            return refuse(r, "permissions", "names a permission twice");
        if (platform != NULL && permission_is_global(p))
            return refuse(r, "permissions", "names a permission that counts on '*' only");
        if (!api_may(r->rq, p, platform))
            return api_forbidden(r->rq, r->rs, p, platform);
        seen |= 1U << (unsigned)p;
    }
    return OTA_OK;
}

static ota_err read_grant(const struct reading *r, const char *text)
{
    struct grant_body in = {0};
    struct json_fault fault = {.pointer = "", .detail = ""};
    struct role_grant *out = &r->grants[r->index];
    ota_err err =
        JSON_READ(r->rq->arena, text, strlen(text), JSON_STRICT, grant_fields, &in, &fault);
    if (err != OTA_OK)
        return refuse(r, fault.pointer[0] == '/' ? fault.pointer + 1 : fault.pointer,
                      fault.detail);
    err = read_platform(r, in.platform, &out->platform);
    if (err == OTA_OK)
        err = check_permissions(r, &in.permissions, out->platform);
    out->permissions = (struct db_names){in.permissions.count, in.permissions.item};
    return err;
}

/* Of one's own, as its name says; that it is not built in the database says. */
static ota_err check_name(struct http_request *rq, struct http_response *rs, const char *name)
{
    if (api_name_valid(name) && strcmp(name, role_name(ROLE_NONE)) != 0)
        return OTA_OK;
    return http_problem(rq, rs, OTA_E_FORMAT, "bad-name",
                        "A role's name begins with a lower-case letter or digit and goes on "
                        "with these, '.', '_' and '-'; it is not 'none'.");
}

static ota_err role_problem(struct http_request *rq, struct http_response *rs, ota_err err,
                            const struct db_scope *scope)
{
    if (err == OTA_E_CONFLICT && scope->why == DB_WHY_TOO_MANY_PLATFORMS)
        return http_problem_status(rq, rs, 409, err, db_why_name(scope->why),
                                   "Somebody with this role would have rights on more than %d "
                                   "platforms one by one; grant them on '*' instead.",
                                   ROLE_PLATFORMS_MAX);
    return api_db_problem(rq, rs, err, scope, "role");
}

ota_err api_role_put(struct http_request *rq, struct http_response *rs)
{
    struct role_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct role_row made;
    ota_err err = check_name(rq, rs, rq->capture[0]);
    if (err == OTA_OK)
        err = API_BODY(rq, rs, role_fields, &in);
    if (err != OTA_OK)
        return err;
    struct reading r = {.rq = rq,
                        .rs = rs,
                        .grants =
                            arena_array(rq->arena, in.grants.count, sizeof(struct role_grant))};
    if (r.grants == NULL)
        return OTA_E_LIMIT;
    for (; r.index < in.grants.count && err == OTA_OK; r.index++)
        err = read_grant(&r, in.grants.item[r.index]);
    if (err != OTA_OK)
        return err;
    const struct role_row role = {.name = rq->capture[0],
                                  .title = in.title,
                                  .grant_count = in.grants.count,
                                  .grants = r.grants};
    err = db_role_put(&scope, &role, &made);
    if (err != OTA_OK)
        return role_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    return answer(rq, rs, &made);
}

ota_err api_role_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    const ota_err err = db_role_delete(&scope, rq->capture[0]);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "role");
    api_catch_up(rq, &scope);
    http_empty(rs, 204);
    return OTA_OK;
}
