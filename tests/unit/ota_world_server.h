#ifndef OTA_WORLD_SERVER_H
#define OTA_WORLD_SERVER_H

/* The DDI server of the world, and the wire to it. */
#include "ota_world_state.h"

/* --- the server ------------------------------------------------------------------------- */

static void w_answer(struct world *w, int status, const char *extra, const void *body,
                     size_t len)
{
    int n =
        snprintf((char *)w->out, sizeof w->out,
                 "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n", status, len, extra);

    assert(n > 0 && (size_t)n + len <= sizeof w->out);
    if (len > 0) {
        memcpy(w->out + n, body, len);
    }
    w->out_len = (size_t)n + len;
    w->out_at = 0;
}

static void w_json(struct world *w, const char *text)
{
    w_answer(w, 200, "Content-Type: application/json\r\n", text, strlen(text));
}

static void w_serve_poll(struct world *w)
{
    char text[1024];
    int n =
        snprintf(text, sizeof text,
                 "{\"config\":{\"polling\":{\"sleep\":\"00:00:10\"}},\"_links\":{\"self\":{}");

    w->polls++;
    if (w->cancelling) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"cancelAction\":{\"href\":\"https://other.example/t/controller/v1/d/"
                      "cancelAction/%u\"}",
                      w->cancel_id);
    } else if (w->offered) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"deploymentBase\":{\"href\":\"https://other.example/t/controller/v1/d/"
                      "deploymentBase/%u?c=-7\"}",
                      w->action);
    }
    if (w->keys_sequence > w->keys_told) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"keyManifest\":{\"href\":\"https://other.example/t/controller/v1/d/"
                      "keyManifest\"}");
    }
    if (w->director) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"director\":{\"href\":\"https://other.example/t/controller/v1/d/"
                      "director\"}");
    }
    snprintf(text + n, sizeof text - (size_t)n, "}}");
    w_json(w, text);
}

static void w_serve_deployment(struct world *w)
{
    char text[1600];

    if (w->gone) {
        w_answer(w, 404, "", "", 0);
        return;
    }
    snprintf(
        text, sizeof text,
        "{\"id\":\"%u\",\"deployment\":{\"download\":\"forced\",\"update\":\"%s\",\"chunks\":[{"
        "\"part\":\"bApp\",\"version\":\"1.1.0\",\"name\":\"fw\",\"artifacts\":[{\"filename\":"
        "\"fw.bin\",\"hashes\":{\"sha1\":\"x\",\"md5\":\"y\",\"sha256\":\"%s\"},\"size\":%u,"
        "\"_links\":{\"download\":{\"href\":\"https://other.example/file/fw.bin\"}}}]}]}}",
        w->action, w->update, w->sha256, w->file_bytes);
    w_json(w, text);
}

static unsigned w_number(const char *text, const char **end)
{
    char *stop;
    unsigned long v = strtoul(text, &stop, 10);

    assert(stop != text);
    if (end != NULL) {
        *end = stop;
    }
    return (unsigned)v;
}

static void w_serve_file(struct world *w, const char *request)
{
    const char *range = strstr(request, "\r\nRange: bytes=");
    unsigned first, last;
    char extra[256];

    w->gets++;
    if (range != NULL && !w->no_ranges) {
        first = w_number(range + 15, &range);
        last = w_number(range + 1, &range);
        assert(first <= last && last < w->file_bytes);
        snprintf(extra, sizeof extra,
                 "ETag: \"%s\"\r\nContent-Range: bytes %u-%u/%u\r\nAccept-Ranges: bytes\r\n",
                 w->sha256, first, last, w->file_bytes);
        w->if_ranges += strstr(request, "\r\nIf-Range: ") != NULL;
        if (strstr(request, "\r\nIf-Range: ") == NULL ||
            strstr(strstr(request, "\r\nIf-Range: "), w->sha256) != NULL) {
            w_answer(w, 206, extra, w->file + first, last - first + 1);
            w->served += last - first + 1;
            return;
        }
    }
    snprintf(extra, sizeof extra, "ETag: \"%s\"\r\n", w->sha256);
    w_answer(w, 200, extra, w->file, w->file_bytes);
    w->served += w->file_bytes;
}

static void w_take_closed(struct world *w, const char *body)
{
    const char *detail = strstr(body, "\"details\":[\"");

    w->closed++;
    w->closed_success = strstr(body, "\"finished\":\"success\"") != NULL;
    assert(w->closed_success || strstr(body, "\"finished\":\"failure\"") != NULL);
    w->reason[0] = '\0';
    if (detail != NULL) {
        sscanf(detail + 12, "%63[^\"]", w->reason);
    }
    w->offered = false;
}

static void w_take_feedback(struct world *w, const char *request, const char *body)
{
    unsigned id = w_number(strstr(request, "deploymentBase/") + 15, NULL);

    if (w->gone || !w->offered || id != w->action) {
        w_answer(w, 410, "", "", 0);
        return;
    }
    if (strstr(body, "\"execution\":\"closed\"") != NULL) {
        w_take_closed(w, body);
    } else if (strstr(body, "\"execution\":\"downloaded\"") != NULL) {
        w->downloadeds++;
    } else if (strstr(body, "installing") != NULL) {
        w->installings++;
    } else {
        assert(strstr(body, "\"progress\":{\"cnt\":") != NULL);
        w->progresses++;
    }
    w_answer(w, 200, "", "", 0);
}

static void w_take_cancel(struct world *w, const char *body)
{
    w->cancel_closed = w->cancel_closed || strstr(body, "\"closed\"") != NULL;
    w->cancel_rejected = w->cancel_rejected || strstr(body, "\"rejected\"") != NULL;
    w->cancelling = false;
    if (strstr(body, "\"closed\"") != NULL) {
        w->offered = false;
    }
    w_answer(w, 200, "", "", 0);
}

static void w_route(struct world *w, const char *rq, const char *body)
{
    char text[128];

    if (strncmp(rq, "GET /t/controller/v1/d?keys=", 28) == 0) {
        w->keys_told = w_number(rq + 28, NULL);
        w_serve_poll(w);
    } else if (strncmp(rq, "GET /t/controller/v1/d/keyManifest ", 35) == 0) {
        w->keys_gets++;
        w_answer(w, 200, "", w->keys, w->keys_bytes);
    } else if (strncmp(rq, "PUT /t/controller/v1/d/configData ", 34) == 0) {
        w->configs++;
        snprintf(w->last_config, sizeof w->last_config, "%s", body);
        w_answer(w, 200, "", "", 0);
    } else if (strncmp(rq, "POST /t/controller/v1/d/heartbeat ", 34) == 0) {
        w->beats++;
        snprintf(w->last_beat, sizeof w->last_beat, "%s", body);
        w_json(w, "{}");
    } else if (strncmp(rq, "GET /t/controller/v1/d/deploymentBase/", 38) == 0) {
        w_serve_deployment(w);
    } else if (strncmp(rq, "POST /t/controller/v1/d/deploymentBase/", 39) == 0) {
        w_take_feedback(w, rq, body);
    } else if (strncmp(rq, "GET /t/controller/v1/d/cancelAction/", 36) == 0) {
        snprintf(text, sizeof text, "{\"id\":\"%u\",\"cancelAction\":{\"stopId\":\"%u\"}}",
                 w->cancel_id, w->action);
        w_json(w, text);
    } else if (strncmp(rq, "POST /t/controller/v1/d/cancelAction/", 37) == 0) {
        w_take_cancel(w, body);
    } else if (strncmp(rq, "GET /file/fw.bin ", 17) == 0) {
        w_serve_file(w, rq);
    } else if (w->more == NULL || !w->more(w, rq)) {
        fprintf(stderr, "no such route: %s\n", rq);
        abort();
    }
}

static void w_request(struct world *w, const char *body)
{
    char extra[64] = "";
    const char *line_end = strstr(w->in, "\r\n");
    const char *match = w->status_for == NULL ? w->in : strstr(w->in, w->status_for);

    w->requests++;
    w->gap_ms = w->now_ms - w->request_ms;
    w->request_ms = w->now_ms;
    assert(strstr(w->in, "\r\nHost: server.test:8443\r\n") != NULL);
    assert(strstr(w->in, "\r\nAuthorization: TargetToken secret\r\n") != NULL);
    if (w->raw != NULL) {
        w->out_len = strlen(w->raw);
        memcpy(w->out, w->raw, w->out_len);
        w->out_at = 0;
        w->raw = NULL;
        return;
    }
    if (w->status_times > 0 && match != NULL && match < line_end) {
        w->status_times--;
        if (w->retry_after_s > 0) {
            snprintf(extra, sizeof extra, "Retry-After: %u\r\n", w->retry_after_s);
        }
        w_answer(w, w->status, extra, "no", 2);
        return;
    }
    w_route(w, w->in, body);
}

/* --- the wire --------------------------------------------------------------------------- */

static ota_err w_connect(void *port, const struct ota_endpoint *to, uint64_t deadline_ms)
{
    struct world *w = port;

    assert(!w->open && deadline_ms > w->now_ms && to->port == 8443);
    w->connects++;
    if (w->unreachable) {
        w->now_ms = deadline_ms;
        return OTA_E_BUSY;
    }
    if (w->wrong_certificate) {
        return OTA_E_SIGNATURE;
    }
    w->open = true;
    w->in_len = w->out_len = w->out_at = 0;
    return OTA_OK;
}

static ota_err w_send(void *port, const void *data, size_t len, uint64_t deadline_ms)
{
    struct world *w = port;
    char *body;
    const char *length;

    assert(w->open && deadline_ms > 0);
    assert(w->in_len + len < sizeof w->in);
    memcpy(w->in + w->in_len, data, len);
    w->in_len += len;
    w->in[w->in_len] = '\0';
    body = strstr(w->in, "\r\n\r\n");
    if (body == NULL) {
        return OTA_OK;
    }
    body += 4;
    length = strstr(w->in, "Content-Length: ");
    if (length == NULL || strlen(body) >= strtoul(length + 16, NULL, 10)) {
        w->in_len = 0;
        w_request(w, body);
    }
    return OTA_OK;
}

static ota_err w_recv(void *port, void *buf, size_t cap, size_t *out_len, uint64_t deadline_ms)
{
    struct world *w = port;
    size_t n = w->out_len - w->out_at;

    assert(w->open);
    w->now_ms += w->slow ? 1000 : 0;
    if (w->now_ms >= deadline_ms) {
        return OTA_E_BUSY;
    }
    if (w->endless) {
        memset(buf, 'x', cap);
        *out_len = cap;
        return OTA_OK;
    }
    if (w->stale) { /* the server had closed a kept connection */
        w->stale = false;
        *out_len = 0;
        return OTA_OK;
    }
    if (n == 0) {
        w->now_ms = deadline_ms;
        return OTA_E_BUSY;
    }
    n = n < cap ? n : cap;
    n = w->slow ? 1 : n < w->chunk ? n : w->chunk;
    if (w->cut_after != UINT32_MAX) {
        if (w->cut_after == 0) {
            w->cut_after = UINT32_MAX;
            w->out_at = w->out_len;
            return OTA_E_IO;
        }
        n = n < w->cut_after ? n : w->cut_after;
        w->cut_after -= (uint32_t)n;
    }
    memcpy(buf, w->out + w->out_at, n);
    w->out_at += n;
    *out_len = n;
    return OTA_OK;
}

static void w_close(void *port)
{
    ((struct world *)port)->open = false;
}

#endif
