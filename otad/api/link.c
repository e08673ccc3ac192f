/* Download links: made, listed, revoked (SPEC 8.14).  Their use is in link_use.c. */
#include <string.h>

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/fleet/fleet.h"
#include "write_link.h"

enum {
    CAPTURE_PLATFORM = 0,
    CAPTURE_VERSION = 1,
    CAPTURE_NAME = 2,
    CAPTURE_ID = 0,
    EXPIRES_MIN_S = 60,
    EXPIRES_MAX_S = 604800,
    EXPIRES_DEFAULT_S = 3600
};

/* A number that JSON carries exactly. */
#define BUDGET_MAX (INT64_C(1) << 53)

struct body {
    struct json_int expires_in_s, byte_budget;
};

static const struct json_field body_fields[] = {
    {.path = "expires_in_s",
     .kind = FIELD_INT,
     .min = EXPIRES_MIN_S,
     .max = EXPIRES_MAX_S,
     .offset = offsetof(struct body, expires_in_s)},
    {.path = "byte_budget",
     .kind = FIELD_INT,
     .min = 1,
     .max = BUDGET_MAX,
     .offset = offsetof(struct body, byte_budget)},
};

/* Whoever may hand out a file must be able to read it themselves. */
static ota_err check_right(struct http_request *rq, struct http_response *rs)
{
    const char *platform = NULL;
    const ota_err err = fleet_platform(rq->otad->fleet, rq->principal->tenant,
                                       rq->capture[CAPTURE_PLATFORM], rq->arena, &platform);
    if (err == OTA_E_NOT_FOUND || (err == OTA_OK && !api_may(rq, PERM_RELEASE_READ, platform)))
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is no such release.");
    return err;
}

/* The address with its token, which is shown here and never again. */
static const char *url_of(const struct http_request *rq, const struct link_new *n,
                          const struct link_made *made)
{
    char token[LINK_TEXT_BYTES];
    struct link_claim claim = {.maker = n->account_id != 0 ? LINK_MAKER_PERSON : LINK_MAKER_KEY,
                               .methods = LINK_METHOD_GET | LINK_METHOD_HEAD,
                               .tenant_id = rq->principal->tenant,
                               .link_id = made->link.id,
                               .maker_id = rq->principal->id,
                               .release_id = made->release_id,
                               .made_at_unix_s = made->link.created_at_unix_s,
                               .expires_at_unix_s = made->link.expires_at_unix_s,
                               .byte_budget = made->link.byte_budget};
    memcpy(claim.sha256, made->sha256, sizeof claim.sha256);
    if (link_token_write(&rq->otad->auth->link_key, &claim, token) != OTA_OK)
        return NULL;
    return arena_printf(rq->arena, "%s/d/%s/%s", rq->otad->config->public_url, token,
                        made->link.artifact);
}

ota_err api_link_post(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct body body = {0};
    struct link_made made;
    ota_err err = check_right(rq, rs);
    if (err == OTA_OK && rq->body_bytes > 0)
        err = API_BODY(rq, rs, body_fields, &body);
    if (err != OTA_OK)
        return err;
    const bool is_person = rq->principal->kind == PRINCIPAL_USER;
    const struct link_new new = {
        .platform = rq->capture[CAPTURE_PLATFORM],
        .version = rq->capture[CAPTURE_VERSION],
        .artifact = rq->capture[CAPTURE_NAME],
        .account_id = is_person ? rq->principal->id : 0,
        .api_key_id = is_person ? 0 : rq->principal->id,
        .expires_in_s = body.expires_in_s.present ? body.expires_in_s.value : EXPIRES_DEFAULT_S,
        .byte_budget = body.byte_budget.value};
    err = db_link_create(&scope, &new, &made);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "file");
    api_catch_up(rq, &scope);
    const char *url = url_of(rq, &new, &made);
    if (url == NULL)
        return OTA_E_LIMIT;
    struct json_out o;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    write_download_link(&o, "link", &made.link);
    json_put_string(&o, "url", url);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_link_list(struct http_request *rq, struct http_response *rs)
{
    static const char words[] = " active expired revoked used-up ";
    const char *state = api_query(rq, "state");
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct link *l = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    const char *word = state == NULL ? NULL : arena_printf(rq->arena, " %s ", state);
    if (state != NULL &&
        (word == NULL || strchr(state, ' ') != NULL || strstr(words, word) == NULL))
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'state' must be one of%s.", words);
    err = db_link_list(&scope, api_query(rq, "platform"), state, &page, &l, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_LINK_CREATE, l[i].platform))
            write_download_link(&o, NULL, &l[i]);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? l[count - 1].id : 0, NULL);
}

ota_err api_link_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    int64_t id = 0;
    ota_err err = api_id(rq, rs, CAPTURE_ID, INT64_MAX, &id);
    if (err != OTA_OK)
        return err;
    err = db_link_revoke(&scope, id);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "link");
    api_catch_up(rq, &scope);
    http_empty(rs, 204);
    return OTA_OK;
}
