/* Sessions of the plain door: what clients tell, and what their requests tell of them. */
#include "session.h"

#include <string.h>

#include "otad/auth/permission.h"
#include "otad/config.h"
#include "otad/db/feed.h"
#include "otad/db/plain.h"
#include "otad/fleet/plain.h"
#include "otad/json.h"
#include "otad/otad.h"

const char *session_device(const struct http_request *rq)
{
    static const char *const headers[] = {"X-Device-Id", "x-ESP8266-STA-MAC",
                                          "x-ESP32-STA-MAC"};
    const char *id = http_query(rq, "device");
    for (size_t i = 0; id == NULL && i < sizeof headers / sizeof headers[0]; i++)
        id = http_header(rq, headers[i]);
    return id != NULL && device_id_valid(id) ? id : NULL;
}

/* ---- what requests tell ---------------------------------------------------------------- */

/* From its first byte on?  Pieces that follow belong to what has begun. */
static bool is_beginning(const struct http_request *rq, const struct http_response *rs)
{
    const char *range = http_header(rq, "Range");
    return rq->method == HTTP_GET && rs->is_file && (rs->status == 200 || rs->status == 206) &&
           (range == NULL || strncmp(range, "bytes=0-", 8) == 0);
}

static const char *actor_of(const struct http_request *rq)
{
    const struct principal *who = rq->principal;
    return who->kind == PRINCIPAL_API_KEY ? arena_printf(rq->arena, "key:%s", who->name)
                                          : who->name;
}

/* A version as it may stand in a column. */
static bool is_kept(const char *version)
{
    enum { VERSION_BYTES_MAX = 64 };
    size_t len = 0;
    for (; version != NULL && version[len] != '\0'; len++)
        if (version[len] < ' ' || version[len] > '~')
            return false;
    return len >= 1 && len <= VERSION_BYTES_MAX;
}

void session_note(const struct http_request *rq, const struct http_response *rs,
                  const struct release *r, const char *version)
{
    struct fleet_plain p = {.tenant_id = rq->principal->tenant,
                            .device = session_device(rq),
                            .platform = r->platform,
                            .actor = actor_of(rq),
                            .address = rq->client};
    if (p.device == NULL || p.actor == NULL)
        return;
    const int64_t now = device_now();
    if (version != NULL) {
        p.kind = PLAIN_RUNS;
        p.version = version;
        fleet_plain_tell(rq->otad->fleet, &p, now);
    }
    if (rs->status == 304) {
        p.kind = PLAIN_RUNS;
        p.version = r->version;
        fleet_plain_tell(rq->otad->fleet, &p, now);
    } else if (is_beginning(rq, rs)) {
        p.kind = PLAIN_BEGINS;
        p.version = r->version;
        p.from_version = is_kept(version) ? version : NULL;
        fleet_plain_tell(rq->otad->fleet, &p, now);
    }
}

/* ---- what clients tell ----------------------------------------------------------------- */

struct session_body {
    const char *device, *state, *version, *from_version, *reason;
    struct json_int id, progress_percent;
};

#define AT(member) offsetof(struct session_body, member)

static const struct json_field session_fields[] = {
    {"device", FIELD_STRING, true, 1, 128, 0, AT(device)},
    {"id", FIELD_INT, false, 1, INT32_MAX, 0, AT(id)},
    {"state", FIELD_STRING, true, 1, 16, 0, AT(state)},
    {"progress_percent", FIELD_INT, false, 0, 100, 0, AT(progress_percent)},
    {"from_version", FIELD_STRING, false, 1, 64, 0, AT(from_version)},
    {"version", FIELD_STRING, true, 1, 64, 0, AT(version)},
    {"reason", FIELD_STRING, false, 1, 512, 0, AT(reason)},
};

#undef AT

static ota_err body_read(struct http_request *rq, struct http_response *rs,
                         struct plain_report *out)
{
    struct session_body in = {0};
    struct json_fault fault = {.pointer = "", .detail = ""};
    const ota_err err = JSON_READ(rq->arena, rq->body != NULL ? rq->body : "", rq->body_bytes,
                                  JSON_STRICT, session_fields, &in, &fault);
    if (err != OTA_OK)
        return http_problem_json(rq, rs, err, &fault);
    *out = (struct plain_report){.device = in.device,
                                 .platform = device_captured(rq, "{platform}"),
                                 .id = in.id.present ? (int32_t)in.id.value : 0,
                                 .state = plain_state_parse(in.state),
                                 .progress_percent = in.progress_percent.present
                                                         ? (int32_t)in.progress_percent.value
                                                         : -1,
                                 .from_version = in.from_version,
                                 .version = in.version,
                                 .reason = in.reason,
                                 .devices_max = (uint32_t)rq->otad->config->plain_devices_max};
    if (!device_id_valid(in.device))
        fault = (struct json_fault){.pointer = "/device", .detail = "is not a device's id"};
    else if (out->state == 0)
        fault = (struct json_fault){.pointer = "/state",
                                    .detail = "is not started, downloading, installing, "
                                              "succeeded or failed"};
    else
        return OTA_OK;
    return http_problem_json(rq, rs, OTA_E_FORMAT, &fault);
}

static ota_err problem(struct http_request *rq, struct http_response *rs, ota_err e,
                       enum db_why why)
{
    if (e == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, e, NULL,
                            "There is no such release, or no such open session.");
    if (e == OTA_E_CONFLICT)
        return http_problem_status(rq, rs, 409, e, db_why_name(why),
                                   why == DB_WHY_CLOSED
                                       ? "The session is closed."
                                       : "The device does not belong to this door.");
    if (e == OTA_E_LIMIT && why == DB_WHY_TOO_MANY)
        return http_problem_status(rq, rs, 409, e, db_why_name(why),
                                   "There are too many devices of this door.");
    if (e == OTA_E_BUSY || e == OTA_E_IO)
        return http_problem(rq, rs, OTA_E_BUSY, "database-busy",
                            "The database does not answer just now; try again.");
    return http_problem(rq, rs, e, NULL, "This did not work (%s).", ota_err_name(e));
}

ota_err plain_session_post(struct http_request *rq, struct http_response *rs)
{
    struct plain_report report;
    struct json_out o;
    int32_t id = 0;
    ota_err err = body_read(rq, rs, &report);
    if (err != OTA_OK)
        return err;
    struct db_scope scope = {.db = rq->otad->db,
                             .tenant_id = rq->principal->tenant,
                             .arena = rq->arena,
                             .actor = actor_of(rq),
                             .address = rq->client};
    err = db_plain_report(&scope, &report, &id);
    if (err != OTA_OK)
        return problem(rq, rs, err, scope.why);
    feed_catch_up(rq->otad->feed, scope.tenant_id);
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_int(&o, "id", id);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}
