/* Devices (SPEC 8.7).  One of a platform that is not the caller's does not exist for them. */
#include "otad/db/device.h"

#include <string.h>

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/db/update.h"
#include "otad/fleet/fleet.h"

struct device_body {
    const char *id, *name, *platform, *channel, *version;
};

#define AT(member) offsetof(struct device_body, member)

static const struct json_field create_fields[] = {
    {"id", FIELD_STRING, true, 1, 128, 0, AT(id)},
    {"name", FIELD_STRING, false, 0, 128, 0, AT(name)},
    {"platform", FIELD_STRING, true, 1, 63, 0, AT(platform)},
    {"channel", FIELD_STRING, false, 1, 16, 0, AT(channel)},
};

static const struct json_field patch_fields[] = {
    {"name", FIELD_STRING, false, 0, 128, 0, AT(name)},
    {"platform", FIELD_STRING, false, 1, 63, 0, AT(platform)},
    {"channel", FIELD_STRING, false, 1, 16, 0, AT(channel)},
};

static const struct json_field assign_fields[] = {
    {"version", FIELD_STRING, true, 1, 64, 0, AT(version)},
};

#undef AT

/* What a device last told is in memory at once and in its row a little later. */
static void refresh(const struct http_request *rq, struct device *d)
{
    struct device seen;
    if (fleet_device_get(rq->otad->fleet, rq->principal->tenant, d->id, rq->arena, &seen) !=
        OTA_OK)
        return;
    if (seen.last_seen_at_unix_s > d->last_seen_at_unix_s) {
        d->last_seen_at_unix_s = seen.last_seen_at_unix_s;
        d->address = seen.address;
    }
    d->published = seen.published;
    if (seen.has_heartbeat &&
        (!d->has_heartbeat || seen.heartbeat.at_unix_s >= d->heartbeat.at_unix_s)) {
        const int64_t before = d->has_heartbeat ? d->heartbeat.stale_since_unix_s : 0;
        d->has_heartbeat = true;
        d->heartbeat = seen.heartbeat;
        /* It may have begun at another otad. */
        if (d->heartbeat.stale_since_unix_s != 0 && before != 0 &&
            before < d->heartbeat.stale_since_unix_s)
            d->heartbeat.stale_since_unix_s = before;
    }
}

static ota_err answer(struct http_request *rq, struct http_response *rs, struct device *d)
{
    const struct write_clock clock = api_clock(rq);
    struct json_out o;
    refresh(rq, d);
    json_out_begin(&o, rq->arena);
    write_device(&o, NULL, d, &clock, WRITE_FULL);
    return http_json(rq, rs, 200, &o);
}

/* The device in the path, if the caller has the route's right there. */
static ota_err find(struct http_request *rq, struct http_response *rs, struct device *out)
{
    struct db_scope scope = api_scope(rq);
    const ota_err err = db_device_get(&scope, rq->capture[0], out);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "device");
    return api_check(rq, rs, (enum permission)rq->route->permission, PERM_DEVICE_READ,
                     out->platform, "device");
}

static ota_err read_filter(struct http_request *rq, struct http_response *rs,
                           struct device_filter *out)
{
    const char *state = api_query(rq, "state"), *stale = api_query(rq, "stale");
    const struct write_clock clock = api_clock(rq);
    *out = (struct device_filter){.platform = api_query(rq, "platform"),
                                  .q = api_query(rq, "q"),
                                  .now_unix_s = clock.now_unix_s,
                                  .lateness = clock.lateness};
    out->has_state = state != NULL;
    if (out->has_state && !device_state_parse(state, &out->state))
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'state' must be online, late, offline or never.");
    if (stale != NULL && strcmp(stale, "true") != 0 && strcmp(stale, "false") != 0)
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'stale' must be true or false.");
    if (stale != NULL)
        out->stale = stale[0] == 't' ? DEVICE_STALE_YES : DEVICE_STALE_NO;
    return OTA_OK;
}

ota_err api_device_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct device_filter filter;
    struct db_page page;
    struct device *d = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_TEXT, &page);
    if (err == OTA_OK)
        err = read_filter(rq, rs, &filter);
    if (err != OTA_OK)
        return err;
    err = db_device_list(&scope, &filter, &page, &d, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    const struct write_clock clock = {filter.now_unix_s, filter.lateness};
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++) {
        if (!api_may(rq, PERM_DEVICE_READ, d[i].platform))
            continue;
        refresh(rq, &d[i]);
        write_device(&o, NULL, &d[i], &clock, WRITE_BRIEF);
    }
    return api_list_end(rq, rs, &o, count == page.limit, 0, count > 0 ? d[count - 1].id : NULL);
}

ota_err api_device_get(struct http_request *rq, struct http_response *rs)
{
    struct device d;
    const ota_err err = find(rq, rs, &d);
    return err == OTA_OK ? answer(rq, rs, &d) : err;
}

static ota_err read_channel(struct http_request *rq, struct http_response *rs, const char *text,
                            enum channel *out)
{
    *out = text != NULL ? channel_parse(text) : CHANNEL_NONE;
    return text == NULL || *out != CHANNEL_NONE
               ? OTA_OK
               : api_invalid(rq, rs, "/channel", "must be 'stable' or 'beta'");
}

/* May the caller bring a device to this platform?  It must exist. */
static ota_err check_platform(struct http_request *rq, struct http_response *rs,
                              const char *platform)
{
    const char *canonical = NULL;
    if (platform == NULL)
        return OTA_OK;
    const ota_err err =
        fleet_platform(rq->otad->fleet, rq->principal->tenant, platform, rq->arena, &canonical);
    if (err == OTA_E_NOT_FOUND ||
        (err == OTA_OK && !permission_has_some(rq->principal, canonical)))
        return api_invalid(rq, rs, "/platform", "names no platform");
    if (err == OTA_OK && !api_may(rq, PERM_DEVICE_WRITE, canonical))
        return api_forbidden(rq, rs, PERM_DEVICE_WRITE, canonical);
    return err;
}

static struct token_hash new_token(const struct http_request *rq, char out[TOKEN_TEXT_BYTES])
{
    token_new(out);
    return token_hash(&rq->otad->auth->pepper, out, TOKEN_TEXT_BYTES - 1);
}

ota_err api_device_post(struct http_request *rq, struct http_response *rs)
{
    struct device_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct device d;
    struct device_new fresh = {0};
    char token[TOKEN_TEXT_BYTES];
    ota_err err = API_BODY(rq, rs, create_fields, &in);
    if (err != OTA_OK)
        return err;
    if (!api_device_id_valid(in.id))
        return api_invalid(rq, rs, "/id",
                           "must be letters, digits, '.', '_', ':' and '-' only");
    err = read_channel(rq, rs, in.channel, &fresh.channel);
    if (err == OTA_OK)
        err = check_platform(rq, rs, in.platform);
    if (err != OTA_OK)
        return err;
    const struct token_hash hash = new_token(rq, token);
    fresh.id = in.id;
    fresh.name = in.name;
    fresh.platform = in.platform;
    memcpy(fresh.token_hash, hash.b, sizeof fresh.token_hash);
    err = db_device_create(&scope, &fresh, &d);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "device");
    api_catch_up(rq, &scope);
    const struct write_clock clock = api_clock(rq);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    write_device(&o, "device", &d, &clock, WRITE_FULL);
    json_put_string(&o, "token", token);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_device_patch(struct http_request *rq, struct http_response *rs)
{
    struct device_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct device d;
    struct device_patch patch = {0};
    ota_err err = API_BODY(rq, rs, patch_fields, &in);
    if (err == OTA_OK)
        err = find(rq, rs, &d);
    if (err == OTA_OK)
        err = read_channel(rq, rs, in.channel, &patch.channel);
    if (err == OTA_OK)
        err = check_platform(rq, rs, in.platform);
    if (err != OTA_OK)
        return err;
    patch.name = in.name;
    patch.platform = in.platform;
    err = db_device_patch(&scope, rq->capture[0], &patch, &d);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "device");
    api_catch_up(rq, &scope);
    return answer(rq, rs, &d);
}

ota_err api_device_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct device d;
    ota_err err = find(rq, rs, &d);
    if (err != OTA_OK)
        return err;
    err = db_device_delete(&scope, rq->capture[0]);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "device");
    api_catch_up(rq, &scope);
    http_empty(rs, 204);
    return OTA_OK;
}

ota_err api_device_token_post(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct device d;
    char token[TOKEN_TEXT_BYTES];
    ota_err err = find(rq, rs, &d);
    if (err != OTA_OK)
        return err;
    const struct token_hash hash = new_token(rq, token);
    err = db_device_token_replace(&scope, rq->capture[0], hash.b);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "device");
    api_catch_up(rq, &scope);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_string(&o, "token", token);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_device_update_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct device d;
    struct update *u = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err == OTA_OK)
        err = find(rq, rs, &d);
    if (err != OTA_OK)
        return err;
    err = db_update_list_device(&scope, rq->capture[0], &page, &u, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "device");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        write_update(&o, NULL, &u[i], WRITE_FULL);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? u[count - 1].id : 0, NULL);
}

ota_err api_device_update_post(struct http_request *rq, struct http_response *rs)
{
    struct device_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct device d;
    struct update u;
    ota_err err = API_BODY(rq, rs, assign_fields, &in);
    if (err == OTA_OK)
        err = find(rq, rs, &d);
    if (err != OTA_OK)
        return err;
    err = db_update_create(&scope, rq->capture[0], in.version, &u);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "release for this device");
    api_catch_up(rq, &scope);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_update(&o, NULL, &u, WRITE_BRIEF);
    return http_json(rq, rs, 200, &o);
}
