/*
 * hawkBit DDI v1 over the fleet model.  An idle poll and a download touch no SQL; what a device
 * is told "200" for has been committed before.
 */
#include "ddi.h"

#include <stdio.h>
#include <string.h>

#include "caller.h"
#include "ddi_read.h"
#include "ddi_write.h"
#include "device.h"
#include "otad/config.h"
#include "otad/db/feed.h"
#include "otad/db/platform.h"
#include "otad/db/release.h"
#include "otad/db/update.h"
#include "otad/fleet/metadata.h"
#include "otad/otad.h"
#include "otad/tuf/director.h"

enum {
    CAPTURE_ID = 2, /* action or software module */
    CAPTURE_FILE = 3,
    POLL_TRIES = 3,   /* register, be offered something, and look again */
    HISTORY_MAX = 100 /* messages */
};

/* Who calls and what is due, found out before the body is read; the handlers' rq->state. */
struct visit {
    struct fleet_caller who;
    struct fleet_poll poll;
};

static bool asks_only_cbor(const struct http_request *rq)
{
    const char *accept = http_header(rq, "Accept");
    return accept != NULL && strstr(accept, "cbor") != NULL && strstr(accept, "json") == NULL &&
           strstr(accept, "*/*") == NULL;
}

static bool sends_cbor(const struct http_request *rq)
{
    const char *type = http_header(rq, "Content-Type");
    return type != NULL && strstr(type, "cbor") != NULL;
}

static struct ddi_base base_of(const struct http_request *rq)
{
    return (struct ddi_base){.arena = rq->arena,
                             .public_url = rq->otad->config->public_url,
                             .tenant = rq->capture[0],
                             .device_id = rq->capture[1]};
}

/* A right gateway token brings an unknown device: now it is known. */
static ota_err register_device(struct http_request *rq, const struct fleet_caller *who,
                               const struct fleet_poll *poll)
{
    struct db_scope scope = device_scope(rq, poll->tenant_id);
    struct device device;
    scope.actor = "gateway";
    const ota_err err = db_device_register(&scope, who->device_id, poll->gateway_id, &device);
    if (err == OTA_OK)
        feed_catch_up(rq->otad->feed, poll->tenant_id);
    return err;
}

/* The channel has something for it.  If that cannot be written down now, then later. */
static bool take_offer(struct http_request *rq, const struct fleet_poll *poll)
{
    struct db_scope scope = device_scope(rq, poll->tenant_id);
    struct update update;
    scope.actor = "channel";
    const ota_err err =
        db_update_offer(&scope, poll->device_no, poll->offer_release_id, &update);
    if (err != OTA_OK && err != OTA_E_CONFLICT)
        return false;
    feed_catch_up(rq->otad->feed, poll->tenant_id);
    return true;
}

/*
 * Poll the memory model, and do what it says is due.  An offer is taken by polls alone: what
 * comes with another request may just be about to say which version runs.
 */
static ota_err poll_fleet(struct http_request *rq, const struct fleet_caller *who,
                          struct fleet_poll *out)
{
    ota_err err = OTA_E_BUSY;
    for (int tries = 0; tries < POLL_TRIES; tries++) {
        *out = (struct fleet_poll){0};
        err = fleet_poll(rq->otad->fleet, who, out);
        if (err == OTA_E_NOT_FOUND) {
            err = register_device(rq, who, out);
            if (err != OTA_OK)
                return err;
            err = OTA_E_BUSY; /* until memory knows it */
            continue;
        }
        if (err != OTA_OK || out->offer_release_id == 0 || rq->route->handler != ddi_poll ||
            !take_offer(rq, out))
            return err;
    }
    return err;
}

ota_err device_admit(struct http_request *rq, struct http_response *rs)
{
    struct visit *v = ARENA_NEW(rq->arena, struct visit);
    if (v == NULL)
        return OTA_E_LIMIT;
    ota_err err = device_caller(rq, &v->who);
    if (err == OTA_OK)
        err = poll_fleet(rq, &v->who, &v->poll);
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    if (asks_only_cbor(rq))
        return device_error(rq, rs, OTA_E_FORMAT, 406, "Answers are JSON here.");
    if (sends_cbor(rq))
        return device_error(rq, rs, OTA_E_FORMAT, 415, "Send JSON here.");
    rq->state = v;
    return OTA_OK;
}

/* ?keys=N: it holds the key manifest of this sequence.  Whoever does not say, needs none. */
static bool lacks_keys(const struct http_request *rq, const struct fleet_poll *poll)
{
    int64_t held = 0;
    return http_query_int(rq, "keys", UINT32_MAX, 0, UINT32_MAX, &held) == OTA_OK &&
           held < (int64_t)poll->key_manifest_sequence;
}

ota_err ddi_poll(struct http_request *rq, struct http_response *rs)
{
    const struct config *config = rq->otad->config;
    const struct visit *v = rq->state;
    const bool idle = v->poll.action == FLEET_IDLE;
    struct ddi_base base = base_of(rq);
    struct json_out o;
    base.offer_keys = lacks_keys(rq, &v->poll);
    rq->quiet = idle;
    json_out_begin(&o, rq->arena);
    ddi_write_root(&o, &base, &v->poll,
                   idle ? config->poll_interval_s : config->poll_busy_interval_s);
    return http_json(rq, rs, 200, &o);
}

/* The same as the poll's answer, signed: no SQL, and nothing is kept of it. */
ota_err ddi_director_get(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    const char *nonce = http_query(rq, "nonce");
    struct fleet_director d;
    size_t len = 0;
    if (nonce == NULL || !director_nonce_valid(nonce))
        return device_problem(rq, rs, OTA_E_FORMAT);
    uint8_t *bytes = arena_alloc(rq->arena, DIRECTOR_BYTES_MAX);
    ota_err err =
        bytes == NULL ? OTA_E_LIMIT : fleet_director(rq->otad->fleet, &v->who, rq->arena, &d);
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    const struct director_answer answer = {.device = v->who.device_id,
                                           .nonce = nonce,
                                           .now_unix_s = v->who.now_unix_s,
                                           .path = d.path,
                                           .entry = d.entry};
    err = director_write(rq->otad->online_keys, d.key, &answer, bytes, &len);
    if (err != OTA_OK) /* the key that root names is not here (any more) */
        return device_problem(rq, rs, err == OTA_E_NOT_FOUND ? OTA_E_BUSY : err);
    rq->quiet = true;
    http_bytes(rs, 200, "application/json", bytes, len);
    return OTA_OK;
}

/* The action's id in the path.  0 = it can be none of ours. */
static int32_t action_id(const struct http_request *rq)
{
    const char *text = rq->capture[CAPTURE_ID];
    int64_t id = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || p - text >= 10)
            return 0;
        id = id * 10 + (*p - '0');
    }
    return id <= INT32_MAX ? (int32_t)id : 0;
}

static ota_err body_error(struct http_request *rq, struct http_response *rs, ota_err e,
                          const struct json_fault *fault)
{
    const char *message = arena_printf(rq->arena, "%s %s", fault->pointer, fault->detail);
    return device_error(rq, rs, e, fault->too_many ? 429 : 400, message != NULL ? message : "");
}

/* 200 without a body: Content-Length 0, never 204. */
static ota_err done(struct http_response *rs)
{
    http_bytes(rs, 200, NULL, "", 0);
    return OTA_OK;
}

ota_err ddi_config_put(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct ddi_config config;
    struct device device;
    struct json_fault fault = {.detail = ""};
    ota_err err = ddi_read_config(rq->arena, rq->body, rq->body_bytes, &config, &fault);
    if (err != OTA_OK)
        return body_error(rq, rs, err, &fault);
    struct db_scope scope = device_scope(rq, v->poll.tenant_id);
    err = db_device_attributes_put(&scope, v->who.device_id, config.mode, config.attributes,
                                   config.count, &device);
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    feed_catch_up(rq->otad->feed, v->poll.tenant_id);
    return done(rs);
}

ota_err ddi_heartbeat_post(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct heartbeat heartbeat;
    struct json_fault fault = {.detail = ""};
    ota_err err = ddi_read_heartbeat(rq->arena, rq->body, rq->body_bytes, v->who.now_unix_s,
                                     &heartbeat, &fault);
    if (err != OTA_OK)
        return body_error(rq, rs, err, &fault);
    err = fleet_heartbeat(rq->otad->fleet, &v->who, &heartbeat);
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    rq->quiet = true;
    http_bytes(rs, 200, "application/json", "{}", 2);
    return OTA_OK;
}

ota_err ddi_key_manifest_get(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct db_scope scope = device_scope(rq, v->poll.tenant_id);
    struct device device;
    struct platform platform;
    ota_err err = fleet_device_get(rq->otad->fleet, v->poll.tenant_id, v->who.device_id,
                                   rq->arena, &device);
    if (err == OTA_OK && device.platform == NULL)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = db_platform_get(&scope, device.platform, &platform);
    if (err == OTA_OK && platform.key_manifest == NULL)
        err = OTA_E_NOT_FOUND;
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    http_bytes(rs, 200, "application/octet-stream", (const char *)platform.key_manifest,
               platform.key_manifest_bytes);
    return OTA_OK;
}

/* ?actionHistory=N: up to N messages, all of them for N < 0. */
static size_t history_wanted(const struct http_request *rq)
{
    int64_t n = 0;
    if (http_query_int(rq, "actionHistory", 0, INT32_MIN, INT32_MAX, &n) != OTA_OK || n == 0)
        return 0;
    return n < 0 || n > HISTORY_MAX ? HISTORY_MAX : (size_t)n;
}

static ota_err answer_deployment(struct http_request *rq, struct http_response *rs,
                                 struct db_scope *scope, const struct update *u,
                                 const struct release *r)
{
    const struct ddi_base base = base_of(rq);
    const size_t history = history_wanted(rq);
    struct update whole = *u;
    struct json_out o;
    if (history > 0) {
        const ota_err err = db_update_get(scope, u->id, &whole);
        if (err != OTA_OK)
            return device_problem(rq, rs, err);
    }
    json_out_begin(&o, rq->arena);
    ddi_write_deployment(&o, &base, &whole, r, history);
    return http_json(rq, rs, 200, &o);
}

ota_err ddi_deployment_get(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct fleet_deployment d;
    struct update after;
    if (v->poll.action != FLEET_DEPLOYMENT)
        return device_problem(rq, rs, OTA_E_NOT_FOUND);
    ota_err err = fleet_deployment(rq->otad->fleet, &v->who, action_id(rq), rq->arena, &d);
    if (err != OTA_OK)
        return device_problem(rq, rs, err == OTA_E_CONFLICT ? OTA_E_NOT_FOUND : err);
    struct db_scope scope = device_scope(rq, v->poll.tenant_id);
    if (v->poll.update_pending) {
        err = db_update_retrieved(&scope, v->who.device_id, d.update.id, &after);
        if (err != OTA_OK)
            return device_problem(rq, rs, err == OTA_E_CONFLICT ? OTA_E_NOT_FOUND : err);
        feed_catch_up(rq->otad->feed, v->poll.tenant_id);
    }
    return answer_deployment(rq, rs, &scope, &d.update, &d.release);
}

/* The feedback that closes an update closes it once; repeated, it finds none open. */
static void count_end(const struct http_request *rq, const struct update *after)
{
    const struct visit *v = rq->state;
    struct otad_counters *count = &rq->otad->count;
    if (v->poll.action == FLEET_IDLE || v->poll.update_id != after->id)
        return;
    if (after->state == UPDATE_SUCCEEDED)
        atomic_fetch_add(&count->updates_succeeded, 1);
    else if (after->state == UPDATE_FAILED)
        atomic_fetch_add(&count->updates_failed, 1);
    else if (after->state == UPDATE_CANCELLED)
        atomic_fetch_add(&count->updates_cancelled, 1);
}

/* What db_update_feedback and db_update_cancel_feedback are. */
typedef ota_err take_feedback(struct db_scope *s, const char *device_id, int32_t id,
                              const struct feedback *f, struct update *out);

static ota_err feedback_post(struct http_request *rq, struct http_response *rs,
                             take_feedback *take)
{
    const struct visit *v = rq->state;
    struct feedback feedback;
    struct update after;
    struct json_fault fault = {.detail = ""};
    ota_err err = ddi_read_feedback(rq->arena, rq->body, rq->body_bytes, &feedback, &fault);
    if (err != OTA_OK)
        return body_error(rq, rs, err, &fault);
    struct db_scope scope = device_scope(rq, v->poll.tenant_id);
    err = take(&scope, v->who.device_id, action_id(rq), &feedback, &after);
    if (err == OTA_E_CONFLICT && take == db_update_cancel_feedback &&
        v->poll.action == FLEET_DEPLOYMENT && v->poll.update_id == action_id(rq))
        return device_error(rq, rs, err, 405, "The action is not being cancelled.");
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    count_end(rq, &after);
    feed_catch_up(rq->otad->feed, v->poll.tenant_id);
    return done(rs);
}

ota_err ddi_deployment_feedback(struct http_request *rq, struct http_response *rs)
{
    return feedback_post(rq, rs, db_update_feedback);
}

ota_err ddi_cancel_get(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct json_out o;
    if (v->poll.action != FLEET_CANCEL || v->poll.update_id != action_id(rq))
        return device_problem(rq, rs, OTA_E_NOT_FOUND);
    json_out_begin(&o, rq->arena);
    ddi_write_cancel(&o, v->poll.update_id);
    return http_json(rq, rs, 200, &o);
}

ota_err ddi_cancel_feedback(struct http_request *rq, struct http_response *rs)
{
    return feedback_post(rq, rs, db_update_cancel_feedback);
}

ota_err ddi_installed_get(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct update u;
    struct release r;
    struct db_scope scope = device_scope(rq, v->poll.tenant_id);
    ota_err err = db_update_get(&scope, action_id(rq), &u);
    if (err == OTA_OK &&
        (strcmp(u.device, v->who.device_id) != 0 || u.state != UPDATE_SUCCEEDED))
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = db_release_get(&scope, u.platform, u.version, &r);
    if (err != OTA_OK)
        return device_problem(rq, rs, err);
    return answer_deployment(rq, rs, &scope, &u, &r);
}

ota_err ddi_artifact_list(struct http_request *rq, struct http_response *rs)
{
    const struct visit *v = rq->state;
    struct fleet_deployment d;
    struct json_out o;
    ota_err err =
        v->poll.action == FLEET_IDLE
            ? OTA_E_NOT_FOUND
            : fleet_deployment(rq->otad->fleet, &v->who, v->poll.update_id, rq->arena, &d);
    if (err == OTA_OK && d.release.id != action_id(rq))
        err = OTA_E_NOT_FOUND;
    if (err != OTA_OK)
        return device_problem(rq, rs, err == OTA_E_CONFLICT ? OTA_E_NOT_FOUND : err);
    const struct ddi_base base = base_of(rq);
    json_out_begin(&o, rq->arena);
    ddi_write_artifacts(&o, &base, &d.release);
    return http_json(rq, rs, 200, &o);
}

/* "name.MD5SUM" asks for the digest of name. */
static ota_err send_md5(struct http_request *rq, struct http_response *rs,
                        const struct artifact *a)
{
    const char *hex = device_hex(rq->arena, a->md5, sizeof a->md5);
    const char *text = hex == NULL ? NULL : arena_printf(rq->arena, "%s  %s", hex, a->name);
    if (text == NULL)
        return OTA_E_LIMIT;
    http_header_add(rs, "Content-Disposition",
                    arena_printf(rq->arena, "attachment;filename=%s.MD5SUM", a->name));
    http_bytes(rs, 200, "text/plain", text, strlen(text));
    return OTA_OK;
}

ota_err ddi_artifact_get(struct http_request *rq, struct http_response *rs)
{
    static const char suffix[] = ".MD5SUM";
    const char *name = rq->capture[CAPTURE_FILE];
    const size_t len = strlen(name), tail = sizeof suffix - 1;
    const bool wants_md5 = len > tail && strcmp(name + len - tail, suffix) == 0;
    const struct visit *v = rq->state;
    struct artifact a;
    if (wants_md5)
        name = arena_memdup(rq->arena, name, len - tail);
    if (name == NULL)
        return OTA_E_LIMIT;
    ota_err err = fleet_artifact(rq->otad->fleet, &v->who, action_id(rq), name, rq->arena, &a);
    if (err == OTA_OK)
        err = wants_md5 ? send_md5(rq, rs, &a) : device_send_artifact(rq, rs, &a);
    return err == OTA_OK ? OTA_OK : device_problem(rq, rs, err);
}
