/*
 * A download link in use (SPEC 8.14).  No SQL: what the token grants it says itself, and
 * whether it is still granted is in memory.  Until the token is believed the answer is 404 and
 * nothing is kept of it; from then on every use is logged, refused ones too.
 */
#include <string.h>

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/device/download.h"
#include "otad/device/principal.h"
#include "otad/fleet/fleet.h"
#include "otad/fleet/link.h"

enum { CAPTURE_TOKEN = 0, CAPTURE_NAME = 1, YOUNG_S = 10 };

struct use {
    struct link_claim claim;
    struct fleet_file file;
    struct download *log;
};

static ota_err nothing(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is nothing at this address.");
}

static ota_err gone(struct http_request *rq, struct http_response *rs, const char *code,
                    const char *text)
{
    return http_problem_status(rq, rs, 410, OTA_E_CONFLICT, code, "%s", text);
}

/* Do the token, the name and the file fit together? */
static ota_err open_link(struct http_request *rq, struct use *u)
{
    const unsigned method = rq->method == HTTP_HEAD ? LINK_METHOD_HEAD : LINK_METHOD_GET;
    ota_err err =
        link_token_read(&rq->otad->auth->link_key, rq->capture[CAPTURE_TOKEN], &u->claim);
    if (err != OTA_OK || (u->claim.methods & method) == 0)
        return OTA_E_NOT_FOUND;
    err = fleet_file_get(rq->otad->fleet, u->claim.tenant_id, u->claim.release_id,
                         rq->capture[CAPTURE_NAME], rq->arena, &u->file);
    if (err == OTA_OK &&
        memcmp(u->file.artifact.sha256, u->claim.sha256, sizeof u->claim.sha256) != 0)
        err = OTA_E_NOT_FOUND;
    return err;
}

/* A link that another otad made a moment ago is not in memory yet; a token tells its age. */
static enum fleet_link look(struct http_request *rq, const struct link_claim *c,
                            const char **out_who)
{
    struct fleet *f = rq->otad->fleet;
    enum fleet_link v = fleet_link_look(f, c->tenant_id, c->link_id, rq->arena, out_who);
    if (v == FLEET_LINK_UNKNOWN && api_now() < c->made_at_unix_s + YOUNG_S) {
        const struct db_scope scope = {.tenant_id = c->tenant_id};
        api_catch_up(rq, &scope);
        v = fleet_link_look(f, c->tenant_id, c->link_id, rq->arena, out_who);
    }
    return v;
}

/* Has its maker still the rights that made it? */
static ota_err maker_may(struct http_request *rq, const struct use *u)
{
    const struct link_claim *c = &u->claim;
    const char *platform = u->file.platform;
    struct principal *who = ARENA_NEW(rq->arena, struct principal);
    if (who == NULL)
        return OTA_E_LIMIT;
    const ota_err err = device_principal(
        rq->otad, c->tenant_id, c->maker == LINK_MAKER_KEY ? PRINCIPAL_API_KEY : PRINCIPAL_USER,
        c->maker_id, rq->arena, who);
    if (err != OTA_OK)
        return err;
    return permission_has(who, PERM_LINK_CREATE, platform) &&
                   permission_has(who, PERM_RELEASE_READ, platform)
               ? OTA_OK
               : OTA_E_NOT_FOUND;
}

static ota_err refuse(struct http_request *rq, struct http_response *rs, enum fleet_link v)
{
    if (v == FLEET_LINK_USED_UP)
        return gone(rq, rs, "link-used-up",
                    "The link has given all the bytes that it was made "
                    "for, or less is left than is asked for.");
    return gone(rq, rs, "link-revoked", "The link was revoked.");
}

/* Everything but the budget. */
static ota_err check(struct http_request *rq, struct http_response *rs, struct use *u)
{
    struct download d = {.via = DOWNLOAD_LINK,
                         .platform = u->file.platform,
                         .version = u->file.version,
                         .artifact = u->file.artifact.name,
                         .tenant_id = u->claim.tenant_id,
                         .link_id = u->claim.link_id,
                         .reserved = -1};
    const enum fleet_link v = look(rq, &u->claim, &d.who);
    if (d.who == NULL)
        d.who = "";
    ota_err err = download_note(rq, rs, &d, &u->log);
    if (err != OTA_OK)
        return err;
    err = maker_may(rq, u);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? nothing(rq, rs) : err;
    if (api_now() >= u->claim.expires_at_unix_s)
        return gone(rq, rs, "link-expired", "The link has expired.");
    if (v != FLEET_LINK_LIVE)
        return refuse(rq, rs, v);
    if (u->file.state == RELEASE_WITHDRAWN)
        return gone(rq, rs, "withdrawn", "The release was withdrawn.");
    return OTA_OK;
}

/* The bytes of the answer that is ready, all or none of them. */
static ota_err reserve(struct http_request *rq, struct http_response *rs, struct use *u)
{
    const int64_t bytes = download_bytes(rq, rs);
    if (bytes == 0)
        return OTA_OK;
    const enum fleet_link v =
        fleet_link_reserve(rq->otad->fleet, u->claim.tenant_id, u->claim.link_id, bytes);
    if (v == FLEET_LINK_LIVE) {
        u->log->reserved = bytes;
        return OTA_OK;
    }
    http_answer_reset(rs);
    return refuse(rq, rs, v);
}

ota_err api_link_use(struct http_request *rq, struct http_response *rs)
{
    struct use *u = ARENA_NEW(rq->arena, struct use);
    if (u == NULL)
        return OTA_E_LIMIT;
    ota_err err = open_link(rq, u);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? nothing(rq, rs) : err;
    err = check(rq, rs, u);
    if (err == OTA_OK)
        err = device_send_artifact(rq, rs, &u->file.artifact);
    if (err == OTA_OK)
        err = reserve(rq, rs, u);
    if (err == OTA_OK) {
        http_header_add(rs, "Cache-Control", "private, no-store");
        http_header_add(rs, "Referrer-Policy", "no-referrer");
    }
    return err;
}
