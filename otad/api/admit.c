/*
 * The guard: every request of the API passes here before a byte of its body is read.  First who
 * (session cookie or API key), then from where (cookies only from our own pages), then whether.
 */
#include "otad/auth/admit.h"

#include <string.h>
#include <strings.h>

#include "api.h"
#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/auth/public_key.h"
#include "otad/db/session.h"
#include "otad/device/caller.h"
#include "otad/device/device.h"
#include "otad/device/principal.h"
#include "otad/device/tuf.h"

/* From this machine, and not on behalf of somebody behind a proxy that we do not know. */
static bool from_this_machine(const struct http_request *rq)
{
    static const char *const forwarded[] = {"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"};
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
        if (http_header_count(rq, forwarded[i]) > 0)
            return false;
    return strncmp(rq->client, "127.", 4) == 0 || strcmp(rq->client, "::1") == 0;
}

/* To a page of ours a browser must not show its own question for a password. */
static bool wants_basic(const struct http_request *rq)
{
    return rq->route->auth == ADMIT_DOOR ||
           (rq->route->auth == ADMIT_DOOR_OR_USER && http_header(rq, "Sec-Fetch-Site") == NULL);
}

static ota_err not_signed_in(struct http_request *rq, struct http_response *rs)
{
    http_header_add(rs, "WWW-Authenticate",
                    wants_basic(rq) ? "Basic realm=\"otad\"" : "Bearer realm=\"otad\"");
    return http_problem(rq, rs, OTA_E_AUTH, "not-signed-in",
                        "Sign in, or send a valid API key.");
}

static ota_err identify_key(struct http_request *rq, const char *text, struct principal *who)
{
    int64_t id = 0;
    const char *secret = NULL;
    struct fleet_key key;
    if (strnlen(text, TOKEN_PRESENTED_MAX) == TOKEN_PRESENTED_MAX ||
        token_api_key_parse(text, &id, &secret) != OTA_OK)
        return OTA_E_AUTH;
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, text, strlen(text));
    const ota_err err = fleet_api_key(rq->otad->fleet, id, hash.b, api_now(), rq->arena, &key);
    if (err != OTA_OK)
        return err;
    const ota_err filled = device_principal_of_key(rq->otad, &key, rq->arena, who);
    memcpy(who->credential, hash.b, sizeof who->credential);
    return filled;
}

static bool is_safe(enum http_method m)
{
    return m == HTTP_GET || m == HTTP_HEAD;
}

static struct session_origin origin_of(const struct http_request *rq)
{
    return (struct session_origin){.csrf = http_header(rq, "X-CSRF-Token"),
                                   .origin = http_header(rq, "Origin"),
                                   .fetch_site = http_header(rq, "Sec-Fetch-Site"),
                                   .public_origin = rq->otad->config->public_url};
}

/* Errors: OTA_E_AUTH, OTA_E_DENIED (a forged request), or the database's. */
static ota_err identify_session(struct http_request *rq, struct principal *who)
{
    const char *token = http_cookie(rq, SESSION_COOKIE);
    if (token == NULL || !session_token_valid(token))
        return OTA_E_AUTH;
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, token, strlen(token));
    struct db_scope scope = api_scope(rq);
    struct session session;
    const ota_err err = db_session_get(&scope, hash.b, &session);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? OTA_E_AUTH : err;
    const struct session_origin from = origin_of(rq);
    if (!is_safe(rq->method) && !session_may_change(session.csrf_token, &from))
        return OTA_E_DENIED;
    const ota_err found = api_person(rq, session.user.id, who);
    memcpy(who->credential, hash.b, sizeof who->credential);
    return found == OTA_E_NOT_FOUND ? OTA_E_AUTH : found;
}

/* An API key as the password of any user (RFC 7617). */
static ota_err identify_basic(struct http_request *rq, const char *base64,
                              struct principal *who)
{
    char text[TOKEN_PRESENTED_MAX + 128];
    size_t len = 0;
    if (base64_decode(base64, strlen(base64), (uint8_t *)text, sizeof text - 1, &len) != OTA_OK)
        return OTA_E_AUTH;
    text[len] = '\0';
    const char *password = strchr(text, ':');
    const ota_err err = password == NULL ? OTA_E_AUTH : identify_key(rq, password + 1, who);
    token_wipe(text, sizeof text);
    return err;
}

static bool may_be_person(const struct http_request *rq)
{
    return rq->route->auth == ADMIT_DOOR_OR_USER || rq->route->auth == ADMIT_TARGETS;
}

/* Device dialects carry a key in the path, or in one of four ways that a header may say it. */
static ota_err identify_door(struct http_request *rq, struct principal *who)
{
    static const struct {
        const char *scheme;
        bool basic;
    } schemes[] = {{"Bearer ", false}, {"token ", false}, {"Basic ", true}};
    const char *in_path = device_captured(rq, "{key}");
    const char *authorization = http_header(rq, "Authorization");
    const char *key = http_header(rq, "X-API-Key");
    if (in_path != NULL)
        return identify_key(rq, in_path, who);
    for (size_t i = 0; authorization != NULL && i < sizeof schemes / sizeof schemes[0]; i++) {
        const size_t len = strlen(schemes[i].scheme);
        if (strncasecmp(authorization, schemes[i].scheme, len) != 0)
            continue;
        return schemes[i].basic ? identify_basic(rq, authorization + len, who)
                                : identify_key(rq, authorization + len, who);
    }
    if (authorization == NULL && key == NULL && may_be_person(rq))
        return identify_session(rq, who);
    return authorization == NULL && key != NULL ? identify_key(rq, key, who) : OTA_E_AUTH;
}

static ota_err identify(struct http_request *rq, enum admit admit, struct principal *who)
{
    static const char bearer[] = "Bearer ";
    const char *authorization = http_header(rq, "Authorization");
    const char *key = admit == ADMIT_KEY ? http_header(rq, "X-API-Key") : NULL;
    if (admit == ADMIT_DOOR || admit == ADMIT_DOOR_OR_USER || admit == ADMIT_TARGETS)
        return identify_door(rq, who);
    if (admit != ADMIT_USER && authorization != NULL)
        return strncasecmp(authorization, bearer, sizeof bearer - 1) == 0
                   ? identify_key(rq, authorization + sizeof bearer - 1, who)
                   : OTA_E_AUTH;
    if (key != NULL)
        return identify_key(rq, key, who);
    return admit == ADMIT_KEY ? OTA_E_AUTH : identify_session(rq, who);
}

/* The captured segment that the pattern calls {platform}, or NULL. */
static const char *platform_in_path(const struct http_request *rq)
{
    int capture = 0;
    for (const char *p = rq->route->pattern; (p = strchr(p, '{')) != NULL; p++, capture++)
        if (strncmp(p, "{platform}", 10) == 0)
            return rq->capture[capture];
    return NULL;
}

/* Rights that concern the whole installation unless the path names a platform. */
static bool is_global(enum permission p)
{
    return p == PERM_PLATFORM_MANAGE || p == PERM_KEY_MANAGE || p == PERM_USER_MANAGE;
}

/* A platform that the caller has nothing to do with does not exist for them. */
static ota_err check_permission(struct http_request *rq, struct http_response *rs)
{
    const struct principal *who = rq->principal;
    const enum permission want = (enum permission)rq->route->permission;
    const char *named = platform_in_path(rq), *platform = NULL;
    if (want == PERM_NONE)
        return OTA_OK;
    if (!permission_has_any(who, want) ||
        (named == NULL && is_global(want) && !permission_has(who, want, NULL)))
        return api_forbidden(rq, rs, want, NULL);
    if (named == NULL && rq->route->auth == ADMIT_METRICS && !permission_has(who, want, NULL))
        return api_forbidden(rq, rs, want, NULL);
    if (named == NULL)
        return OTA_OK;
    const ota_err err =
        fleet_platform(rq->otad->fleet, who->tenant, named, rq->arena, &platform);
    if (err == OTA_E_NOT_FOUND || (err == OTA_OK && !permission_has_some(who, platform)))
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is no such platform.");
    if (err == OTA_OK && !permission_has(who, want, platform))
        return api_forbidden(rq, rs, want, platform);
    return err;
}

ota_err api_admit(struct http_request *rq, struct http_response *rs)
{
    enum admit admit = (enum admit)rq->route->auth;
    if (admit == ADMIT_DEVICE)
        return device_admit(rq, rs);
    if (admit == ADMIT_ANYONE) {
        const struct session_origin from = origin_of(rq);
        return is_safe(rq->method) || session_same_origin(&from)
                   ? OTA_OK
                   : http_problem(rq, rs, OTA_E_DENIED, "cross-site",
                                  "The request comes from another site.");
    }
    if (admit == ADMIT_TARGETS && (tuf_targets_are_public(rq) || device_brings_token(rq)))
        return OTA_OK; /* of a device's token the handler judges */
    if (admit == ADMIT_METRICS) {
        const char *rule = rq->otad->config->metrics;
        if (strcmp(rule, "off") == 0)
            return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL,
                                "There is nothing at this address.");
        if (strcmp(rule, "loopback") == 0 && from_this_machine(rq))
            return OTA_OK;
        admit = ADMIT_KEY;
    }
    struct principal *who = ARENA_NEW(rq->arena, struct principal);
    if (who == NULL)
        return OTA_E_LIMIT;
    const ota_err err = identify(rq, admit, who);
    if (err == OTA_E_AUTH)
        return not_signed_in(rq, rs);
    if (err == OTA_E_DENIED)
        return http_problem(rq, rs, err, "cross-site",
                            "The header X-CSRF-Token is missing or not this session's, or the "
                            "request comes from another site.");
    if (err != OTA_OK)
        return err;
    rq->principal = who;
    return check_permission(rq, rs);
}
