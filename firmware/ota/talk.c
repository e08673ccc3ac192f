/*
 * What the agent says to the server and makes of the answers.  Every handler makes at most one
 * exchange, so that a step is bounded; what must survive a reset goes into the notes before it
 * is acted upon.
 */
#include "agent.h"

#include <string.h>

enum {
    STATUS_OK = 200,
    STATUS_UNKNOWN_CALLER = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_GONE = 410,
    STATUS_TOO_MANY = 429,
    DEFAULT_POLL_MS = 300 * 1000,
    BODY_BYTES = 640
};

/* 200, or the back-off begins. */
static bool accepted(struct ota_agent *a, const char *what, ota_err e,
                     const struct http1_answer *answer)
{
    if (e == OTA_OK && answer->status == STATUS_OK) {
        agent_succeeded(a);
        return true;
    }
    agent_failed(a, what, e, answer);
    return false;
}

static bool refused_for_good(ota_err e, const struct http1_answer *answer)
{
    return e == OTA_OK && answer->status >= 400 && answer->status < 500 &&
           answer->status != STATUS_TOO_MANY && answer->status != STATUS_UNKNOWN_CALLER &&
           answer->status != STATUS_FORBIDDEN;
}

static bool action_gone(ota_err e, const struct http1_answer *answer)
{
    return e == OTA_OK && (answer->status == STATUS_NOT_FOUND || answer->status == STATUS_GONE);
}

static uint32_t poll_interval_ms(struct ota_agent *a)
{
    const struct ota_timing *t = a->config.timing;
    uint32_t ms = t->poll_ms != 0 ? t->poll_ms : a->server_poll_ms;

    if (ms == 0) {
        ms = DEFAULT_POLL_MS;
    }
    if ((download_due(a) || a->verified) && t->busy_poll_ms < ms) {
        ms = t->busy_poll_ms;
    }
    return ms - a->config.random(a->config.port) % (ms / 10 + 1);
}

static void confirm(struct ota_agent *a)
{
    if (slot_confirm(a->config.map, &a->running)) {
        agent_log(a, OTA_WARN, "cannot confirm: flash failed", NULL);
        return;
    }
    a->trial = false;
    agent_log(a, OTA_INFO, "confirmed", NULL);
    if (a->notes.phase == OTA_TRIAL) {
        agent_finish(a, true, OTA_REASON_NONE);
    }
}

static void drop_job(struct ota_agent *a, const char *why)
{
    a->has_job = a->want_job = a->verified = a->vouched = false;
    agent_log(a, OTA_INFO, "update dropped:", why);
}

static void on_poll(struct ota_agent *a, const struct ddi_poll *p)
{
    bool same = a->has_job && strcmp(p->deployment_path, a->poll.deployment_path) == 0;

    a->poll = *p;
    a->server_poll_ms = p->sleep_ms;
    a->config_due = a->config_due || p->config_path[0] != '\0';
    if (p->deployment_path[0] == '\0') {
        a->want_job = false;
        if (a->has_job && p->cancel_path[0] == '\0') {
            drop_job(a, "no longer offered");
        }
    } else if (!same || !a->job.may_download || !a->job.may_install) {
        a->want_job = true;
    }
    a->want_job = a->want_job || p->keys_path[0] != '\0';
}

static void poll(struct ota_agent *a)
{
    struct http1_answer answer;
    struct ddi_poll p;
    size_t len;
    char tail[24];
    struct text t = text_over(tail, sizeof tail);
    ota_err e;

    text_str(&t, "?keys="); /* other servers do not mind */
    text_u32(&t, agent_keys(a));
    e = agent_exchange(a, "GET", agent_path(a, tail), NULL, &answer, &len);
    if (e == OTA_OK && answer.status == STATUS_OK) {
        e = ddi_poll_parse((const char *)a->block, len, &a->scratch, &p);
    }
    if (!accepted(a, "poll", e, &answer)) {
        return;
    }
    if (!a->contact) {
        agent_log(a, OTA_INFO, "polled", NULL);
    }
    a->contact = true;
    on_poll(a, &p);
    agent_polled(a);
    a->poll_at_ms = agent_now(a) + poll_interval_ms(a);
    if (a->trial) {
        confirm(a);
    }
}

static const char *decision_name(const struct boot_record *r)
{
    static const char *const names[] = {"unknown",  "run",     "swapped", "reverted",
                                        "repaired", "refused", "recovery"};

    return r != NULL && r->decision < sizeof names / sizeof names[0] ? names[r->decision]
                                                                     : names[0];
}

static const char *cause_name(const struct boot_record *r)
{
    static const char *const names[] = {"unknown",  "power", "soft",
                                        "watchdog", "fault", "other"};

    return r != NULL && r->cause < sizeof names / sizeof names[0] ? names[r->cause] : names[0];
}

static void put_version(const struct ota_agent *a, struct text *t)
{
    const struct image_version *v = &a->running.version;

    if (!a->has_running) {
        text_str(t, "0.0.0");
        return;
    }
    text_u32(t, v->major);
    text_str(t, ".");
    text_u32(t, v->minor);
    text_str(t, ".");
    text_u32(t, v->revision);
}

static void member(struct text *t, const char *name, const char *value)
{
    text_str(t, ",\"");
    text_str(t, name);
    text_str(t, "\":\"");
    text_str(t, value);
    text_str(t, "\"");
}

static void put_class(const struct ota_agent *a, struct text *t)
{
    static const uint8_t group[] = {4, 2, 2, 2, 6};
    const uint8_t *p = a->running.hardware_class;

    if (!a->running.has_hardware_class) {
        return;
    }
    text_str(t, ",\"hw_class\":\"");
    for (size_t i = 0; i < sizeof group; i++) {
        text_str(t, i == 0 ? "" : "-");
        text_hex(t, p, group[i]);
        p += group[i];
    }
    text_str(t, "\"");
}

static void configure(struct ota_agent *a)
{
    const struct boot_record *r = a->config.boot;
    char body[BODY_BYTES];
    struct text t = text_over(body, sizeof body);
    struct slot_state state;
    struct http1_answer answer;
    size_t len;
    ota_err e;

    text_str(&t, "{\"mode\":\"merge\",\"data\":{\"version\":\"");
    put_version(a, &t);
    text_str(&t, "\"");
    member(&t, "platform", a->config.settings->platform);
    put_class(a, &t);
    member(&t, "boot", decision_name(r));
    member(&t, "reset_cause", cause_name(r));
    if (slot_state_get(a->config.map, &state) == OTA_OK) {
        text_str(&t, ",\"key_manifest\":\"");
        text_u32(&t, state.manifest_sequence);
        text_str(&t, "\",\"security_floor\":\"");
        text_u32(&t, state.security_floor);
        text_str(&t, "\"");
    }
    text_str(&t, "}}");
    e = agent_exchange(a, "PUT", agent_path(a, "/configData"), body, &answer, &len);
    if (refused_for_good(e, &answer)) {
        a->config_due = false; /* until the server asks or the next boot */
        agent_log(a, OTA_WARN, "server refuses our attributes", NULL);
    } else if (accepted(a, "attributes", e, &answer)) {
        a->config_due = false;
    }
}

static void report(struct ota_agent *a)
{
    const struct ota_notes *n = &a->notes;
    const struct feedback f = {.kind = "deploymentBase",
                               .id = n->action,
                               .execution = "closed",
                               .finished = n->success ? "success" : "failure",
                               .detail = n->success ? NULL : ota_reason_name(n->reason)};
    struct http1_answer answer;
    ota_err e = agent_feedback(a, &f, &answer);

    if (action_gone(e, &answer)) {
        agent_log(a, OTA_INFO, "the server has closed the action already", NULL);
    } else if (!accepted(a, "report", e, &answer)) {
        return;
    } else {
        agent_log(a, OTA_INFO, "reported", n->success ? "success" : f.detail);
        a->poll_at_ms = a->repeating ? a->poll_at_ms : 0;
    }
    a->notes.phase = OTA_CLOSED;
    if (!a->repeating) {
        agent_save(a);
    }
    a->repeating = false;
}

/* Give up what is not installed yet.  False: too late. */
static bool stop_action(struct ota_agent *a, uint32_t action)
{
    struct ota_notes *n = &a->notes;

    if (n->action != action || n->phase == OTA_IDLE) {
        return true; /* never heard of it: nothing to stop */
    }
    if (n->phase == OTA_CLOSED) {
        return !n->success;
    }
    n->phase = OTA_CLOSED;
    n->success = false;
    n->reason = OTA_REASON_CANCELLED;
    agent_save(a);
    drop_job(a, "cancelled");
    return true;
}

static void cancel(struct ota_agent *a)
{
    struct http1_answer answer;
    struct ddi_cancel c;
    size_t len;
    ota_err e = agent_exchange(a, "GET", a->poll.cancel_path, NULL, &answer, &len);

    a->poll.cancel_path[0] = '\0'; /* offered again by the next poll if it still stands */
    a->poll_at_ms = 0;
    if (action_gone(e, &answer)) {
        return;
    }
    if (e == OTA_OK && answer.status == STATUS_OK) {
        e = ddi_cancel_parse((const char *)a->block, len, &a->scratch, &c);
    }
    if (!accepted(a, "cancellation", e, &answer)) {
        return;
    }
    a->poll_at_ms = agent_now(a) + poll_interval_ms(a);
    a->cancel_granted = stop_action(a, c.stop);
    a->cancel_reply = a->cancel_granted || c.id != a->refused_cancel ? c.id : 0;
}

static void cancel_reply(struct ota_agent *a)
{
    const struct feedback f = {.kind = "cancelAction",
                               .id = a->cancel_reply,
                               .execution = a->cancel_granted ? "closed" : "rejected",
                               .finished = a->cancel_granted ? "success" : "none",
                               .detail = a->cancel_granted ? NULL : "installed already"};
    struct http1_answer answer;
    ota_err e = agent_feedback(a, &f, &answer);

    if (!action_gone(e, &answer) && !accepted(a, "cancellation", e, &answer)) {
        return;
    }
    agent_log(a, OTA_INFO, "cancellation answered:", f.execution);
    a->refused_cancel = a->cancel_granted ? a->refused_cancel : f.id;
    a->cancel_reply = 0;
    a->poll_at_ms = a->cancel_granted ? 0 : a->poll_at_ms; /* what is next? */
}

static bool same_update(const struct ddi_deployment *a, const struct ddi_deployment *b)
{
    return a->action == b->action && a->size_bytes == b->size_bytes &&
           memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0;
}

/* New keys first, as the update may be signed by one of them. */
static void fetch(struct ota_agent *a)
{
    struct ddi_deployment d;
    struct http1_answer answer;
    size_t len;
    ota_err e;

    if (a->poll.keys_path[0] != '\0') {
        agent_fetch_keys(a);
        return;
    }
    if (a->poll.deployment_path[0] == '\0') {
        a->want_job = false;
        return;
    }
    e = agent_exchange(a, "GET", a->poll.deployment_path, NULL, &answer, &len);
    if (action_gone(e, &answer)) {
        a->want_job = false;
        return;
    }
    if (e == OTA_OK && answer.status == STATUS_OK) {
        e = ddi_deployment_parse((const char *)a->block, len, &a->scratch, &d);
    }
    if (!accepted(a, "deployment", e, &answer)) {
        return;
    }
    a->want_job = false;
    if (a->has_job && same_update(&d, &a->job)) {
        a->job = d;
    } else {
        download_begin(a, &d);
    }
}

static void progress(struct ota_agent *a)
{
    const struct feedback f = {.kind = "deploymentBase",
                               .id = a->notes.action,
                               .execution = "proceeding",
                               .finished = "none",
                               .cnt = a->at,
                               .of = a->job.size_bytes};
    struct http1_answer answer;
    ota_err e = agent_feedback(a, &f, &answer);

    a->told_at_ms = agent_now(a) + a->config.timing->progress_ms;
    a->told_percent = ota_progress_percent(a);
    if (action_gone(e, &answer)) {
        drop_job(a, "closed by the server");
        a->poll_at_ms = 0;
    } else if (!refused_for_good(e, &answer)) {
        (void)accepted(a, "progress", e, &answer);
    }
}

static void downloaded(struct ota_agent *a)
{
    const struct feedback f = {.kind = "deploymentBase",
                               .id = a->notes.action,
                               .execution = "downloaded",
                               .finished = "none",
                               .cnt = a->job.size_bytes,
                               .of = a->job.size_bytes};
    struct http1_answer answer;
    ota_err e = agent_feedback(a, &f, &answer);

    if (action_gone(e, &answer)) {
        drop_job(a, "closed by the server");
        a->poll_at_ms = 0;
    } else if (refused_for_good(e, &answer) || accepted(a, "progress", e, &answer)) {
        a->downloaded_told = true;
    }
}

static void beat(struct ota_agent *a)
{
    const struct boot_record *r = a->config.boot;
    struct ota_vitals v = {0};
    char body[BODY_BYTES];
    struct text t = text_over(body, sizeof body);
    struct http1_answer answer;
    size_t len;
    ota_err e;

    a->config.vitals(a->config.port, &v);
    text_str(&t, "{\"version\":\"");
    put_version(a, &t);
    text_str(&t, "\"");
    member(&t, "slot", "a");
    member(&t, "reset_cause", cause_name(r));
    member(&t, "address", v.address);
    if (v.app != NULL) {
        member(&t, "app", v.app);
    }
    text_str(&t, ",\"uptime_s\":");
    text_u32(&t, v.uptime_s);
    text_str(&t, ",\"free_bytes\":");
    text_u32(&t, v.free_bytes);
    text_str(&t, a->stale ? ",\"stale\":true}" : "}");
    e = agent_exchange(a, "POST", agent_path(a, "/heartbeat"), body, &answer, &len);
    a->beat_at_ms = agent_now(a) + a->config.timing->heartbeat_ms;
    if (refused_for_good(e, &answer)) {
        a->no_heartbeat = true;
        agent_log(a, OTA_INFO, "this server takes no heartbeats", NULL);
    } else {
        (void)accepted(a, "heartbeat", e, &answer);
    }
}

void agent_do(struct ota_agent *a, enum work w)
{
    switch (w) {
    case WORK_POLL:
        poll(a);
        break;
    case WORK_CONFIG:
        configure(a);
        break;
    case WORK_REPORT:
        report(a);
        break;
    case WORK_CANCEL:
        cancel(a);
        break;
    case WORK_CANCEL_REPLY:
        cancel_reply(a);
        break;
    case WORK_FETCH:
        fetch(a);
        break;
    case WORK_BEAT:
        beat(a);
        break;
    case WORK_PROGRESS:
        progress(a);
        break;
    case WORK_DOWNLOAD:
        download_step(a);
        break;
    case WORK_DOWNLOADED:
        downloaded(a);
        break;
    case WORK_INSTALL:
        download_install(a);
        break;
    case WORK_DIRECTOR:
        agent_director(a);
        break;
    case WORK_WALK:
        agent_walk(a);
        break;
    case WORK_NONE:
        break;
    }
}
