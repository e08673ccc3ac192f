/* What the handlers of this folder share: bodies, pages, problems. */
#include "handler.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "otad/db/feed.h"
#include "otad/db/platform.h"
#include "otad/device/principal.h"
#include "otad/http/events.h"

static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";

int64_t api_now(void)
{
    return (int64_t)time(NULL);
}

struct write_clock api_clock_of(const struct config *c)
{
    return (struct write_clock){.now_unix_s = api_now(),
                                .lateness = {.late_s = (uint32_t)c->device_late_s,
                                             .offline_s = (uint32_t)c->device_offline_s}};
}

struct write_clock api_clock(const struct http_request *rq)
{
    return api_clock_of(rq->otad->config);
}

struct db_scope api_scope(const struct http_request *rq)
{
    struct db_scope s = {.db = rq->otad->db,
                         .tenant_id = TENANT_DEFAULT,
                         .arena = rq->arena,
                         .address = rq->client};
    const struct principal *who = rq->principal;
    if (who != NULL && who->kind != PRINCIPAL_NONE) {
        s.tenant_id = who->tenant;
        s.actor = who->kind == PRINCIPAL_API_KEY ? arena_printf(rq->arena, "key:%s", who->name)
                                                 : who->name;
        if (device_scope_rights(&s, who) != OTA_OK)
            s.rights = ""; /* none, not all */
    }
    return s;
}

ota_err api_person(const struct http_request *rq, int64_t account_id, struct principal *out)
{
    const struct db_scope s = {.tenant_id = TENANT_DEFAULT};
    const ota_err err =
        device_principal(rq->otad, s.tenant_id, PRINCIPAL_USER, account_id, rq->arena, out);
    if (err != OTA_E_NOT_FOUND)
        return err;
    api_catch_up(rq, &s); /* made by another otad, a moment ago */
    return device_principal(rq->otad, s.tenant_id, PRINCIPAL_USER, account_id, rq->arena, out);
}

ota_err api_is_json(struct http_request *rq, struct http_response *rs)
{
    static const char json[] = "application/json";
    const char *type = http_header(rq, "Content-Type");
    if (type != NULL && (strncasecmp(type, json, sizeof json - 1) != 0 ||
                         strchr("; \t", type[sizeof json - 1]) == NULL))
        return http_problem_status(rq, rs, 415, OTA_E_FORMAT, "unsupported-media-type",
                                   "This route takes application/json.");
    return OTA_OK;
}

ota_err api_body(struct http_request *rq, struct http_response *rs,
                 const struct json_field *field, size_t count, void *out)
{
    struct json_fault fault = {.pointer = "", .detail = ""};
    ota_err err = api_is_json(rq, rs);
    if (err != OTA_OK)
        return err;
    err = json_read(rq->arena, rq->body != NULL ? rq->body : "", rq->body_bytes, JSON_STRICT,
                    field, count, out, &fault);
    return err == OTA_OK ? OTA_OK : http_problem_json(rq, rs, err, &fault);
}

ota_err api_invalid(struct http_request *rq, struct http_response *rs, const char *pointer,
                    const char *detail)
{
    struct json_fault fault = {.detail = detail};
    (void)snprintf(fault.pointer, sizeof fault.pointer, "%s", pointer);
    return http_problem_json(rq, rs, OTA_E_FORMAT, &fault);
}

static const char *why_text(enum db_why why)
{
    switch (why) {
    case DB_WHY_EXISTS:
        return "The name is taken.";
    case DB_WHY_DIFFERS:
        return "This version exists already with other contents; a version is never changed.";
    case DB_WHY_INCOMPLETE:
        return "Files that SHA256SUMS names are still missing.";
    case DB_WHY_WITHDRAWN:
        return "The release was withdrawn.";
    case DB_WHY_ALREADY_RELEASED:
        return "The release is on a channel already: promote it to bring it to the other one. "
               "From stable none goes back to beta.";
    case DB_WHY_VERSION_TOO_LOW:
        return "The version is lower than what is released or running already.";
    case DB_WHY_COUNTER_TOO_LOW:
        return "The security counter is lower than what is released or running already.";
    case DB_WHY_SAME_VERSION:
        return "The device runs this version already.";
    case DB_WHY_UPDATE_IN_PROGRESS:
        return "The device has an open update; cancel it first or wait for its end.";
    case DB_WHY_CLOSED:
        return "The update is closed.";
    case DB_WHY_NOT_IN_TARGETS:
        return "The platform's signed role does not list this release: add it to the role, and "
               "have it signed and published first.";
    case DB_WHY_OTHER_CHANNEL:
        return "The platform's signed role lists this release for beta alone: list it for "
               "stable, and have that signed and published first.";
    case DB_WHY_NO_PLATFORM:
        return "The device's platform is not known yet.";
    case DB_WHY_SEQUENCE_TOO_LOW:
        return "A key manifest with this or a higher sequence number is in force.";
    case DB_WHY_WRONG_CLASS:
        return "The key manifest was made for another hardware class.";
    case DB_WHY_NOT_OFFERED:
        return "The channel no longer offers this release.";
    case DB_WHY_BELOW_MINIMUM:
        return "The release needs a newer version than the one that the device runs; update it "
               "to one between first.";
    case DB_WHY_NOT_RELEASED:
        return "The release is on no channel yet; release it first.";
    case DB_WHY_OTHER_DOOR:
        return "Devices of DDI are assigned updates; clients of the plain door fetch them.";
    case DB_WHY_TOO_MANY:
        return "There are too many of them.";
    case DB_WHY_LAST_ADMIN:
        return "Nobody would be left who may manage people.";
    case DB_WHY_TOTP_ON:
        return "A second factor is set already; take it off first.";
    case DB_WHY_TOTP_OFF:
        return "There is no second factor.";
    case DB_WHY_NO_ROLE:
        return "A role is not known.";
    case DB_WHY_BUILT_IN:
        return "The role is built in and never changes.";
    case DB_WHY_IN_USE:
        return "Somebody has the role.";
    case DB_WHY_TOO_MANY_PLATFORMS:
        return "Nobody can have rights on so many platforms one by one; give them on '*'.";
    case DB_WHY_NONE:
    case DB_WHY_COUNT:
        break;
    }
    return "The state does not allow this.";
}

ota_err api_db_problem(struct http_request *rq, struct http_response *rs, ota_err e,
                       const struct db_scope *scope, const char *what)
{
    if (e == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, e, NULL, "There is no such %s.", what);
    if ((e == OTA_E_CONFLICT || e == OTA_E_LIMIT) && scope->why != DB_WHY_NONE)
        return http_problem_status(rq, rs, 409, e, db_why_name(scope->why), "%s",
                                   why_text(scope->why));
    if (e == OTA_E_DENIED)
        return http_problem(rq, rs, e, "forbidden", "You lack a right that this needs.");
    if (e == OTA_E_BUSY || e == OTA_E_IO)
        return http_problem(rq, rs, OTA_E_BUSY, "database-busy",
                            "The database does not answer just now; try again.");
    if (e == OTA_E_LIMIT)
        return http_problem_status(rq, rs, 400, e, NULL, "A value of the %s is too long.",
                                   what);
    if (e == OTA_E_FORMAT)
        return http_problem(rq, rs, e, NULL, "A value of the %s is not acceptable.", what);
    return http_problem(rq, rs, e, NULL, "This did not work (%s).", ota_err_name(e));
}

void api_catch_up(const struct http_request *rq, const struct db_scope *scope)
{
    feed_catch_up(rq->otad->feed, scope->tenant_id);
    events_wake(rq->otad->events); /* it may have been somebody's right to listen */
}

bool api_may(const struct http_request *rq, enum permission what, const char *platform)
{
    return rq->principal != NULL && permission_has(rq->principal, what, platform);
}

bool api_may_any(const struct http_request *rq, enum permission what)
{
    return rq->principal != NULL && permission_has_any(rq->principal, what);
}

ota_err api_may_give(const struct http_request *rq, const char *role)
{
    struct principal all;
    const ota_err err =
        device_role_rights(rq->otad, rq->principal->tenant, role, rq->arena, &all);
    if (err != OTA_OK)
        return err;
    bool may = permission_has_all(rq->principal, all.everywhere, NULL);
    for (uint32_t i = 0; i < all.grant_count; i++)
        may = may &&
              permission_has_all(rq->principal, all.grants[i].rights, all.grants[i].platform);
    return may ? OTA_OK : OTA_E_DENIED;
}

ota_err api_check(struct http_request *rq, struct http_response *rs, enum permission what,
                  enum permission see, const char *platform, const char *noun)
{
    if (api_may(rq, what, platform))
        return OTA_OK;
    if (api_may(rq, see, platform))
        return api_forbidden(rq, rs, what, platform);
    return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is no such %s.", noun);
}

ota_err api_forbidden(struct http_request *rq, struct http_response *rs, enum permission what,
                      const char *platform)
{
    if (platform != NULL)
        return http_problem(rq, rs, OTA_E_DENIED, "forbidden",
                            "You lack the right '%s' on the platform '%s'.",
                            permission_name(what), platform);
    return http_problem(rq, rs, OTA_E_DENIED, "forbidden", "You lack the right '%s'.",
                        permission_name(what));
}

const char *api_query(const struct http_request *rq, const char *name)
{
    const char *text = http_query(rq, name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

ota_err api_page(struct http_request *rq, struct http_response *rs, enum api_order order,
                 struct db_page *out)
{
    int64_t limit = 0, after = 0;
    if (http_query_int(rq, "limit", API_LIST_DEFAULT, 1, API_LIST_MAX, &limit) != OTA_OK)
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'limit' must be a number from 1 to %d.",
                            API_LIST_MAX);
    struct db_page page = {.limit = (uint32_t)limit};
    if (order == API_BY_TEXT)
        page.after_text = api_query(rq, "after");
    else if (http_query_int(rq, "after", 0, 1, INT64_MAX, &after) != OTA_OK)
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'after' is not one that a list answered as 'next'.");
    page.after_id = after;
    *out = page;
    return OTA_OK;
}

void api_list_begin(struct http_request *rq, struct json_out *o)
{
    json_out_begin(o, rq->arena);
    json_open_object(o, NULL);
    json_open_array(o, "items");
}

ota_err api_list_end(struct http_request *rq, struct http_response *rs, struct json_out *o,
                     bool more, int64_t last_id, const char *last_text)
{
    json_close_array(o);
    if (!more)
        json_put_null(o, "next");
    else if (last_text != NULL)
        json_put_string(o, "next", last_text);
    else
        json_put_string(o, "next", arena_printf(rq->arena, "%lld", (long long)last_id));
    json_close_object(o);
    return http_json(rq, rs, 200, o);
}

ota_err api_id(struct http_request *rq, struct http_response *rs, int capture, int64_t max,
               int64_t *out)
{
    const char *text = rq->capture[capture];
    const size_t len = strlen(text);
    int64_t id = 0;
    bool good = len >= 1 && len <= 18 && text[0] != '0';
    for (size_t i = 0; good && i < len; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        id = id * 10 + (text[i] - '0');
    }
    if (!good || id > max)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is nothing with this id.");
    *out = id;
    return OTA_OK;
}

bool api_name_valid(const char *text)
{
    const size_t len = strlen(text);
    return len >= 1 && len <= 63 && strchr(alphanumeric, text[0]) != NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

bool api_device_id_valid(const char *text)
{
    const size_t len = strlen(text);
    return len >= 1 && len <= 128 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") ==
               len &&
           strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

ota_err api_manifest_open(const struct platform *p, struct manifest *out)
{
    if (p->key_manifest == NULL || !p->has_roots)
        return OTA_E_NOT_FOUND;
    const ota_err err = manifest_open(p->key_manifest, p->key_manifest_bytes, p->roots, out);
    return err == OTA_OK ? OTA_OK : OTA_E_INTERNAL;
}
