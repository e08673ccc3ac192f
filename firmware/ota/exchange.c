/* Talking to the server: exchanges, feedback, and how long to be silent after a failure. */
#include "agent.h"

#include <string.h>

enum { DOUBLINGS_MAX = 16, MS_PER_S = 1000, DETAIL_BYTES = 160 };

uint64_t agent_now(const struct ota_agent *a)
{
    return a->config.clock->now_ms(a->config.clock->port);
}

void agent_log(struct ota_agent *a, enum ota_level level, const char *what, const char *detail)
{
    char line[DETAIL_BYTES];
    struct text t = text_over(line, sizeof line);

    text_str(&t, what);
    if (detail != NULL) {
        text_str(&t, " ");
        text_str(&t, detail);
    }
    a->config.log(a->config.port, level, line);
}

static void put_base(struct ota_agent *a, struct text *t)
{
    text_str(t, "/");
    text_str(t, a->config.settings->tenant);
    text_str(t, "/controller/v1/");
    text_str(t, a->config.settings->device_id);
}

const char *agent_path(struct ota_agent *a, const char *tail)
{
    struct text t = text_over(a->line, sizeof a->line);

    put_base(a, &t);
    text_str(&t, tail);
    return a->line;
}

const char *agent_feedback_path(struct ota_agent *a, const char *kind, uint32_t id)
{
    struct text t = text_over(a->line, sizeof a->line);

    put_base(a, &t);
    text_str(&t, "/");
    text_str(&t, kind);
    text_str(&t, "/");
    text_u32(&t, id);
    text_str(&t, "/feedback");
    return a->line;
}

void agent_disconnect(struct ota_agent *a)
{
    if (a->connected) {
        a->config.transport->close(a->config.transport->port);
    }
    a->connected = false;
    a->piece_open = false;
}

static ota_err connect(struct ota_agent *a)
{
    const struct ota_settings *s = a->config.settings;
    const struct ota_transport *t = a->config.transport;
    const struct ota_endpoint to = {.host = s->host,
                                    .port = s->port,
                                    .name = s->server_name,
                                    .ca = s->ca,
                                    .ca_bytes = s->ca_bytes};
    ota_err e = t->connect(t->port, &to, agent_now(a) + a->config.timing->connect_ms);

    if (e) {
        t->close(t->port);
        return e;
    }
    a->connected = true;
    http1_reset(&a->http, t);
    return OTA_OK;
}

ota_err agent_ask(struct ota_agent *a, const struct http1_request *rq, uint64_t deadline_ms,
                  struct http1_answer *out)
{
    const struct ota_settings *s = a->config.settings;
    char host[OTA_NAME_MAX + 8];
    char credential[OTA_ID_MAX + 16];
    struct text h = text_over(host, sizeof host);
    struct text c = text_over(credential, sizeof credential);
    struct http1_request whole = *rq;
    bool kept = a->connected;
    ota_err e = OTA_OK;

    text_str(&h, s->server_name);
    text_str(&h, ":");
    text_u32(&h, s->port);
    text_str(&c, s->auth == OTA_AUTH_GATEWAY ? "GatewayToken " : "TargetToken ");
    text_str(&c, s->token);
    whole.host = host;
    whole.authorization = credential;
    for (;;) {
        if (!a->connected) {
            e = connect(a);
        }
        if (e == OTA_OK) {
            e = http1_ask(&a->http, &whole, deadline_ms, out);
        }
        if (e != OTA_E_NOT_FOUND || !kept) {
            break;
        }
        kept = false; /* the server had given the kept connection up */
        agent_disconnect(a);
        e = OTA_OK;
    }
    if (e) {
        agent_disconnect(a);
        return e == OTA_E_NOT_FOUND ? OTA_E_IO : e;
    }
    return OTA_OK;
}

static ota_err exchange(struct ota_agent *a, const struct http1_request *rq, size_t max,
                        struct http1_answer *out, size_t *out_len)
{
    uint64_t deadline_ms =
        agent_now(a) + a->config.timing->connect_ms + a->config.timing->answer_ms;
    ota_err e = agent_ask(a, rq, deadline_ms, out);

    if (e) {
        return e;
    }
    if (out->content_bytes > max) {
        e = OTA_E_LIMIT;
    } else {
        e = http1_body_exact(&a->http, a->block, out->content_bytes, deadline_ms);
    }
    if (e || !a->http.keep) {
        agent_disconnect(a);
    }
    if (e == OTA_OK) {
        *out_len = out->content_bytes;
    }
    return e;
}

ota_err agent_exchange(struct ota_agent *a, const char *method, const char *path,
                       const char *body, struct http1_answer *out, size_t *out_len)
{
    const struct http1_request rq = {.method = method,
                                     .path = path,
                                     .body = body,
                                     .body_bytes = body == NULL ? 0 : strlen(body)};

    return exchange(a, &rq, sizeof a->block, out, out_len);
}

ota_err agent_fetch(struct ota_agent *a, const char *path, size_t max, struct http1_answer *out,
                    size_t *out_len)
{
    const struct http1_request rq = {.method = "GET", .path = path};

    return exchange(a, &rq, max, out, out_len);
}

/* Exponential with jitter between half and all of it, so that a fleet does not come back as
 * one. */
static uint32_t backoff(struct ota_agent *a)
{
    const struct ota_timing *t = a->config.timing;
    uint64_t ms = (uint64_t)t->backoff_ms
                  << (a->failures < DOUBLINGS_MAX ? a->failures : DOUBLINGS_MAX);

    if (ms > t->backoff_max_ms) {
        ms = t->backoff_max_ms;
    }
    return (uint32_t)(ms / 2) + a->config.random(a->config.port) % (uint32_t)(ms / 2 + 1);
}

void agent_failed(struct ota_agent *a, const char *what, ota_err e,
                  const struct http1_answer *answer)
{
    uint32_t ms = backoff(a);
    char detail[DETAIL_BYTES / 2];
    struct text t = text_over(detail, sizeof detail);

    if (e == OTA_OK && answer->retry_after_s > 0 &&
        (uint64_t)answer->retry_after_s * MS_PER_S > ms) {
        ms = answer->retry_after_s * MS_PER_S;
    }
    a->online = false;
    if (a->failures < UINT8_MAX) {
        a->failures++;
    }
    a->quiet_until_ms = agent_now(a) + ms;
    if (e) {
        text_str(&t, "failed: ");
        text_str(&t, ota_err_name(e));
    } else {
        text_str(&t, "answered ");
        text_u32(&t, answer->status);
    }
    text_str(&t, "; next try in ms: ");
    text_u32(&t, ms);
    agent_log(a, OTA_WARN, what, detail);
}

void agent_succeeded(struct ota_agent *a)
{
    if (a->failures > 0) {
        agent_log(a, OTA_INFO, "server reached again", NULL);
    }
    a->failures = 0;
    a->online = true;
}

void agent_save(struct ota_agent *a)
{
    if (ota_notes_save(a->config.map, &a->notes)) {
        agent_log(a, OTA_WARN, "notes cannot be written", NULL);
    }
}

void agent_finish(struct ota_agent *a, bool success, uint16_t reason)
{
    a->notes.phase = OTA_REPORT;
    a->notes.success = success;
    a->notes.reason = reason;
    a->has_job = false;
    agent_save(a);
    agent_log(a, success ? OTA_INFO : OTA_WARN, success ? "update succeeded" : "update failed:",
              success ? NULL : ota_reason_name(reason));
}

ota_err agent_feedback(struct ota_agent *a, const struct feedback *f, struct http1_answer *out)
{
    char body[DETAIL_BYTES * 2];
    struct text t = text_over(body, sizeof body);
    size_t len;

    text_str(&t, "{\"id\":\"");
    text_u32(&t, f->id);
    text_str(&t, "\",\"status\":{\"execution\":\"");
    text_str(&t, f->execution);
    text_str(&t, "\",\"result\":{\"finished\":\"");
    text_str(&t, f->finished);
    text_str(&t, "\"");
    if (f->of > 0) {
        text_str(&t, ",\"progress\":{\"cnt\":");
        text_u32(&t, f->cnt);
        text_str(&t, ",\"of\":");
        text_u32(&t, f->of);
        text_str(&t, "}");
    }
    text_str(&t, "},\"details\":[");
    if (f->detail != NULL) {
        text_str(&t, "\"");
        text_str(&t, f->detail);
        text_str(&t, "\"");
    }
    text_str(&t, "]}}");
    return t.cut ? OTA_E_INTERNAL
                 : agent_exchange(a, "POST", agent_feedback_path(a, f->kind, f->id), body, out,
                                  &len);
}
