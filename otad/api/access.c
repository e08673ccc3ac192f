/*
 * API keys and gateway tokens (SPEC 8.8).  A secret is in the one answer that makes it and
 * nowhere else; nobody can hand out a right that they do not have themselves.
 */
#include <string.h>

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/db/api_key.h"
#include "otad/db/gateway.h"
#include "otad/fleet/fleet.h"

enum { DAY_S = 24 * 3600, DAYS_MAX = 3650, KEY_PLATFORMS_MAX = 16 };

struct key_body {
    const char *name, *platform;
    struct json_strings scopes, platforms;
    struct json_int expires_in_days;
};

#define AT(member) offsetof(struct key_body, member)

static const struct json_field key_fields[] = {
    {"name", FIELD_STRING, true, 1, PRINCIPAL_NAME_BYTES - 1, 0, AT(name)},
    {"scopes", FIELD_STRINGS, true, 1, PERM_COUNT, 32, AT(scopes)},
    {"platforms", FIELD_STRINGS, true, 1, KEY_PLATFORMS_MAX, 63, AT(platforms)},
    {"expires_in_days", FIELD_INT, false, 1, DAYS_MAX, 0, AT(expires_in_days)},
};

static const struct json_field gateway_fields[] = {
    {"name", FIELD_STRING, true, 1, 64, 0, AT(name)},
    {"platform", FIELD_STRING, false, 1, 63, 0, AT(platform)},
};

#undef AT

ota_err api_key_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct api_key *k = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    err = db_api_key_list(&scope, &page, &k, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "API key");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        write_api_key(&o, NULL, &k[i]);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? k[count - 1].id : 0, NULL);
}

/* Canonical names instead of aliases; "*" stands alone. */
static ota_err read_platforms(struct http_request *rq, struct http_response *rs,
                              const struct json_strings *in, const char **out)
{
    for (size_t i = 0; i < in->count; i++) {
        if (strcmp(in->item[i], "*") == 0) {
            if (in->count != 1)
                return api_invalid(rq, rs, "/platforms", "has '*' beside other names");
            out[i] = "*";
            continue;
        }
        const ota_err err = fleet_platform(rq->otad->fleet, rq->principal->tenant, in->item[i],
                                           rq->arena, &out[i]);
        if (err == OTA_E_NOT_FOUND)
            return api_invalid(rq, rs, "/platforms", "names an unknown platform");
        if (err != OTA_OK)
            return err;
    }
    return OTA_OK;
}

static ota_err check_scopes(struct http_request *rq, struct http_response *rs,
                            const struct json_strings *scopes, const struct db_names *platforms)
{
    for (size_t i = 0; i < scopes->count; i++) {
        enum permission p = PERM_NONE;
        if (!permission_parse(scopes->item[i], &p))
            return api_invalid(rq, rs, "/scopes", "names an unknown permission");
        for (size_t j = 0; j < i; j++)
            if (strcmp(scopes->item[i], scopes->item[j]) == 0)
                return api_invalid(rq, rs, "/scopes", "names a permission twice");
        for (size_t j = 0; j < platforms->count; j++) {
            const bool all = strcmp(platforms->v[j], "*") == 0;
            if (!api_may(rq, p, all ? NULL : platforms->v[j]))
                return api_forbidden(rq, rs, p, all ? NULL : platforms->v[j]);
        }
    }
    return OTA_OK;
}

static ota_err answer_key(struct http_request *rq, struct http_response *rs,
                          const struct api_key *k, const char *secret)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    write_api_key(&o, "key", k);
    json_put_string(&o, "secret", secret);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_key_post(struct http_request *rq, struct http_response *rs)
{
    struct key_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct api_key made;
    char secret[TOKEN_TEXT_BYTES], text[TOKEN_API_KEY_BYTES];
    ota_err err = API_BODY(rq, rs, key_fields, &in);
    if (err != OTA_OK)
        return err;
    const char **platforms = arena_array(rq->arena, in.platforms.count, sizeof *platforms);
    if (platforms == NULL)
        return OTA_E_LIMIT;
    err = read_platforms(rq, rs, &in.platforms, platforms);
    if (err != OTA_OK)
        return err;
    struct api_key key = {.name = in.name,
                          .scopes = {in.scopes.count, in.scopes.item},
                          .platforms = {in.platforms.count, platforms}};
    err = check_scopes(rq, rs, &in.scopes, &key.platforms);
    if (err != OTA_OK)
        return err;
    if (in.expires_in_days.present)
        key.expires_at_unix_s = api_now() + in.expires_in_days.value * DAY_S;
    err = db_api_key_next_id(&scope, &key.id);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "API key");
    token_new(secret);
    token_api_key_write(key.id, secret, text);
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, text, strlen(text));
    err = db_api_key_put(&scope, &key, hash.b, &made);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    api_catch_up(rq, &scope);
    return answer_key(rq, rs, &made, text);
}

/* DELETE .../{id}: the same for both nouns. */
static ota_err revoke(struct http_request *rq, struct http_response *rs,
                      ota_err (*db_revoke)(struct db_scope *s, int64_t id), const char *what)
{
    struct db_scope scope = api_scope(rq);
    int64_t id = 0;
    ota_err err = api_id(rq, rs, 0, INT64_MAX, &id);
    if (err != OTA_OK)
        return err;
    err = db_revoke(&scope, id);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, what);
    api_catch_up(rq, &scope);
    http_empty(rs, 204);
    return OTA_OK;
}

ota_err api_key_delete(struct http_request *rq, struct http_response *rs)
{
    return revoke(rq, rs, db_api_key_revoke, "API key");
}

ota_err api_gateway_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct gateway *g = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    err = db_gateway_list(&scope, &page, &g, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "gateway token");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        write_gateway(&o, NULL, &g[i]);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? g[count - 1].id : 0, NULL);
}

ota_err api_gateway_post(struct http_request *rq, struct http_response *rs)
{
    struct key_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct gateway made;
    char secret[TOKEN_TEXT_BYTES];
    ota_err err = API_BODY(rq, rs, gateway_fields, &in);
    if (err != OTA_OK)
        return err;
    token_new(secret);
    const struct token_hash hash =
        token_hash(&rq->otad->auth->pepper, secret, sizeof secret - 1);
    err = db_gateway_put(&scope, in.name, in.platform, hash.b, &made);
    if (err == OTA_E_NOT_FOUND)
        return api_invalid(rq, rs, "/platform", "names no platform");
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "gateway token");
    api_catch_up(rq, &scope);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    write_gateway(&o, "gateway", &made);
    json_put_string(&o, "secret", secret);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_gateway_delete(struct http_request *rq, struct http_response *rs)
{
    return revoke(rq, rs, db_gateway_revoke, "gateway token");
}
