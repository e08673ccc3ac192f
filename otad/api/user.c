/*
 * People, as an admin sees them (SPEC 8.13).  Nobody changes somebody who has a right that they
 * lack: a link for a stronger person would be a way to become them.
 */
#include "otad/db/user.h"

#include <string.h>

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/db/join.h"
#include "person.h"
#include "sign_in.h"
#include "write_people.h"

enum { LINK_LIFE_S = 72 * 3600, ROLES_MAX = 32, ROLE_BYTES_MAX = 63 };

struct user_body {
    const char *name;
    struct json_strings roles;
    struct json_bool disabled, totp;
};

#define AT(member) offsetof(struct user_body, member)

static const struct json_field invite_fields[] = {
    {"name", FIELD_STRING, true, 1, PRINCIPAL_NAME_BYTES - 1, 0, AT(name)},
    {"roles", FIELD_STRINGS, true, 1, ROLES_MAX, ROLE_BYTES_MAX, AT(roles)},
};

static const struct json_field patch_fields[] = {
    {"roles", FIELD_STRINGS, false, 0, ROLES_MAX, ROLE_BYTES_MAX, AT(roles)},
    {"disabled", FIELD_BOOL, false, 0, 0, 0, AT(disabled)},
};

static const struct json_field reset_fields[] = {
    {"totp", FIELD_BOOL, true, 0, 0, 0, AT(totp)},
};

#undef AT

static ota_err answer_user(struct http_request *rq, struct http_response *rs,
                           const struct user *u)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_user(&o, NULL, u);
    return http_json(rq, rs, 200, &o);
}

static ota_err user_problem(struct http_request *rq, struct http_response *rs, ota_err err,
                            const struct db_scope *scope)
{
    if (err == OTA_E_CONFLICT && scope->why == DB_WHY_NO_ROLE)
        return api_invalid(rq, rs, "/roles", "names an unknown role");
    if (err == OTA_E_DENIED)
        return api_stronger(rq, rs);
    return api_db_problem(rq, rs, err, scope, "user");
}

/* The person that the path names, whom the caller may change. */
static ota_err target(struct http_request *rq, struct http_response *rs, struct user *out)
{
    struct db_scope scope = api_scope(rq);
    ota_err err = db_user_get_by_name(&scope, rq->capture[0], out);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "user");
    for (size_t i = 0; i < out->roles.count; i++) {
        err = api_may_give(rq, out->roles.v[i]);
        if (err == OTA_E_DENIED)
            return api_stronger(rq, rs);
        if (err != OTA_OK && err != OTA_E_NOT_FOUND)
            return err;
    }
    return OTA_OK;
}

/* Roles that the caller may give; answers and returns the error. */
static ota_err check_roles(struct http_request *rq, struct http_response *rs,
                           const struct json_strings *roles)
{
    for (size_t i = 0; i < roles->count; i++) {
        const ota_err err = api_may_give(rq, roles->item[i]);
        if (err == OTA_E_NOT_FOUND)
            return api_invalid(rq, rs, "/roles", "names an unknown role");
        if (err == OTA_E_DENIED)
            return api_stronger(rq, rs);
        if (err != OTA_OK)
            return err;
    }
    return OTA_OK;
}

/* A new token, and its link for people; the database keeps the hash. */
static ota_err link_make(const struct http_request *rq, struct join_link *out,
                         const char **out_text)
{
    char token[TOKEN_TEXT_BYTES];
    token_new(token);
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, token, sizeof token - 1);
    out->expires_at_unix_s = api_now() + LINK_LIFE_S;
    memcpy(out->hash, hash.b, sizeof out->hash);
    *out_text = arena_printf(rq->arena, "%s/join#%s", rq->otad->config->public_url, token);
    token_wipe(token, sizeof token);
    return *out_text == NULL ? OTA_E_LIMIT : OTA_OK;
}

ota_err api_user_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct user *u = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_TEXT, &page);
    if (err != OTA_OK)
        return err;
    err = db_user_list(&scope, &page, &u, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "user");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        write_user(&o, NULL, &u[i]);
    return api_list_end(rq, rs, &o, count == page.limit, 0,
                        count > 0 ? u[count - 1].name : NULL);
}

ota_err api_user_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct user u;
    const ota_err err = db_user_get_by_name(&scope, rq->capture[0], &u);
    return err == OTA_OK ? answer_user(rq, rs, &u)
                         : api_db_problem(rq, rs, err, &scope, "user");
}

ota_err api_user_post(struct http_request *rq, struct http_response *rs)
{
    struct user_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct join_link link;
    struct user made;
    const char *text = NULL;
    ota_err err = API_BODY(rq, rs, invite_fields, &in);
    if (err != OTA_OK)
        return err;
    if (!person_name_valid(in.name))
        return api_invalid(rq, rs, "/name", "is not acceptable as a name");
    err = check_roles(rq, rs, &in.roles);
    if (err == OTA_OK)
        err = link_make(rq, &link, &text);
    if (err != OTA_OK)
        return err;
    const struct user u = {.name = in.name, .roles = {in.roles.count, in.roles.item}};
    err = db_user_invite(&scope, &u, &link, &made);
    if (err != OTA_OK)
        return user_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_invitation(&o, &made, text, link.expires_at_unix_s);
    return http_json(rq, rs, 200, &o);
}

ota_err api_user_patch(struct http_request *rq, struct http_response *rs)
{
    struct user_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct user u;
    ota_err err = API_BODY(rq, rs, patch_fields, &in);
    if (err == OTA_OK)
        err = target(rq, rs, &u);
    if (err == OTA_OK)
        err = check_roles(rq, rs, &in.roles);
    if (err != OTA_OK)
        return err;
    const struct db_names roles = {in.roles.count, in.roles.item};
    const struct user_patch patch = {.roles = in.roles.present ? &roles : NULL,
                                     .disabled =
                                         in.disabled.present ? &in.disabled.value : NULL};
    err = db_user_patch(&scope, rq->capture[0], &patch, &u);
    if (err != OTA_OK)
        return user_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    return answer_user(rq, rs, &u);
}

ota_err api_user_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct user u;
    ota_err err = target(rq, rs, &u);
    if (err != OTA_OK)
        return err;
    err = db_user_delete(&scope, rq->capture[0]);
    if (err != OTA_OK)
        return user_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    http_empty(rs, 204);
    return OTA_OK;
}

ota_err api_user_reset(struct http_request *rq, struct http_response *rs)
{
    struct user_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct join_link link;
    struct user u;
    const char *text = NULL;
    ota_err err = API_BODY(rq, rs, reset_fields, &in);
    if (err == OTA_OK)
        err = target(rq, rs, &u);
    if (err == OTA_OK)
        err = link_make(rq, &link, &text);
    if (err != OTA_OK)
        return err;
    err = db_user_reset(&scope, rq->capture[0], in.totp.value, &link);
    if (err != OTA_OK)
        return user_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_invitation(&o, NULL, text, link.expires_at_unix_s);
    return http_json(rq, rs, 200, &o);
}

ota_err api_user_sign_in_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    return api_sign_in_list(rq, rs, &scope, rq->capture[0]);
}

ota_err api_user_sign_in_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct user u;
    const ota_err err = target(rq, rs, &u);
    return err == OTA_OK ? api_sign_in_end(rq, rs, &scope, rq->capture[0], 1) : err;
}
