/*
 * HTTP/1.1, client side, as narrow as a device can afford: one connection, one exchange at a
 * time, lengths always stated.  The buffer first holds the request, then the head of the answer
 * and whatever of the body came with it.
 */
#include "http1.h"

#include <string.h>

#include "text.h"

enum { NUMBER_DIGITS_MAX = 10, RETRY_AFTER_MAX_S = 86400 };

void http1_reset(struct http1 *h, const struct ota_transport *t)
{
    h->transport = t;
    h->body_left = 0;
    h->keep = true;
    h->have = h->taken = 0;
}

static void header(struct text *t, const char *name, const char *value)
{
    if (value != NULL) {
        text_str(t, name);
        text_str(t, ": ");
        text_str(t, value);
        text_str(t, "\r\n");
    }
}

static ota_err send_request(struct http1 *h, const struct http1_request *rq,
                            uint64_t deadline_ms)
{
    const struct ota_transport *t = h->transport;
    struct text head = text_over((char *)h->buffer, sizeof h->buffer);
    size_t body_bytes = rq->body == NULL ? 0 : rq->body_bytes;
    ota_err e;

    text_str(&head, rq->method);
    text_str(&head, " ");
    text_str(&head, rq->path);
    text_str(&head, " HTTP/1.1\r\n");
    header(&head, "Host", rq->host);
    header(&head, "Authorization", rq->authorization);
    header(&head, "Accept", rq->range == NULL ? "application/json" : "*/*");
    header(&head, "Range", rq->range);
    header(&head, "If-Range", rq->if_range);
    if (rq->body != NULL) {
        text_str(&head, "Content-Type: application/json\r\nContent-Length: ");
        text_u32(&head, (uint32_t)body_bytes);
        text_str(&head, "\r\n");
    }
    text_str(&head, "\r\n");
    if (head.cut) {
        return OTA_E_LIMIT;
    }
    if (body_bytes <= sizeof h->buffer - head.len) { /* one record instead of two */
        if (body_bytes > 0) {
            memcpy(h->buffer + head.len, rq->body, body_bytes);
        }
        return t->send(t->port, h->buffer, head.len + body_bytes, deadline_ms);
    }
    e = t->send(t->port, h->buffer, head.len, deadline_ms);
    return e ? e : t->send(t->port, rq->body, body_bytes, deadline_ms);
}

/* Bytes of the head, with its empty line; 0 if it is not complete yet. */
static size_t head_bytes(const uint8_t *p, size_t len)
{
    for (size_t i = 3; i < len; i++) {
        if (p[i] == '\n' && p[i - 1] == '\r' && p[i - 2] == '\n' && p[i - 3] == '\r') {
            return i + 1;
        }
    }
    return 0;
}

ota_err http1_ask(struct http1 *h, const struct http1_request *rq, uint64_t deadline_ms,
                  struct http1_answer *out)
{
    const struct ota_transport *t = h->transport;
    size_t end = 0;
    ota_err e;

    if (h->body_left != 0 || h->have != h->taken) {
        return OTA_E_FORMAT; /* the server said more than it announced */
    }
    e = send_request(h, rq, deadline_ms);
    h->have = h->taken = 0;
    while (e == OTA_OK && end == 0) {
        size_t n = 0;

        if (h->have == sizeof h->buffer) {
            return OTA_E_LIMIT;
        }
        e = t->recv(t->port, h->buffer + h->have, sizeof h->buffer - h->have, &n, deadline_ms);
        if (e == OTA_OK && n == 0) {
            return h->have == 0 ? OTA_E_NOT_FOUND : OTA_E_FORMAT;
        }
        h->have += e ? 0 : n;
        end = head_bytes(h->buffer, h->have);
    }
    if (e == OTA_OK) {
        e = http1_head_parse((const char *)h->buffer, end, out, &h->keep);
    } else if (e == OTA_E_IO && h->have == 0) {
        return OTA_E_NOT_FOUND; /* reset by a server that had closed already */
    }
    if (e == OTA_OK) {
        h->taken = end;
        h->body_left = out->content_bytes;
        if (h->have - h->taken > h->body_left) {
            return OTA_E_FORMAT;
        }
    }
    return e;
}

ota_err http1_body(struct http1 *h, void *buf, size_t cap, size_t *out_len,
                   uint64_t deadline_ms)
{
    const struct ota_transport *t = h->transport;
    size_t want = cap < h->body_left ? cap : h->body_left;
    size_t n = 0;
    ota_err e;

    if (want == 0) {
        *out_len = 0;
        return OTA_OK;
    }
    if (h->taken < h->have) {
        n = h->have - h->taken < want ? h->have - h->taken : want;
        memcpy(buf, h->buffer + h->taken, n);
        h->taken += n;
    } else {
        e = t->recv(t->port, buf, want, &n, deadline_ms);
        if (e) {
            return e;
        }
        if (n == 0) {
            return OTA_E_FORMAT;
        }
    }
    h->body_left -= (uint32_t)n;
    *out_len = n;
    return OTA_OK;
}

ota_err http1_body_exact(struct http1 *h, void *buf, size_t len, uint64_t deadline_ms)
{
    size_t done = 0;

    while (done < len) {
        size_t n = 0;
        ota_err e = http1_body(h, (uint8_t *)buf + done, len - done, &n, deadline_ms);

        if (e) {
            return e;
        }
        if (n == 0) {
            return OTA_E_FORMAT;
        }
        done += n;
    }
    return OTA_OK;
}

/* --- the head -------------------------------------------------------------------------- */

struct slice {
    const char *at;
    size_t len;
};

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool same_word(struct slice s, const char *word)
{
    if (s.len != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (lower(s.at[i]) != word[i]) {
            return false;
        }
    }
    return true;
}

/* Digits at the start of s, taken off it. */
static ota_err take_number(struct slice *s, uint32_t *out)
{
    uint64_t v = 0;
    size_t n = 0;

    while (n < s->len && digit(s->at[n])) {
        if (n == NUMBER_DIGITS_MAX) {
            return OTA_E_FORMAT;
        }
        v = v * 10 + (uint64_t)(s->at[n++] - '0');
    }
    if (n == 0 || v > UINT32_MAX) {
        return OTA_E_FORMAT;
    }
    s->at += n;
    s->len -= n;
    *out = (uint32_t)v;
    return OTA_OK;
}

static bool take_char(struct slice *s, char c)
{
    if (s->len == 0 || s->at[0] != c) {
        return false;
    }
    s->at++;
    s->len--;
    return true;
}

/* The next line without its CRLF, taken off s. */
static ota_err take_line(struct slice *s, struct slice *line)
{
    size_t n = 0;

    while (n < s->len && s->at[n] != '\r') {
        unsigned char c = (unsigned char)s->at[n++];

        if ((c < ' ' && c != '\t') || c == 127) {
            return OTA_E_FORMAT;
        }
    }
    if (s->len - n < 2 || s->at[n + 1] != '\n') {
        return OTA_E_FORMAT;
    }
    *line = (struct slice){s->at, n};
    s->at += n + 2;
    s->len -= n + 2;
    return OTA_OK;
}

static ota_err parse_status(struct slice line, struct http1_answer *a)
{
    static const char version[] = "HTTP/1.1 ";
    const size_t v = sizeof version - 1;

    if (line.len < v + 3 || memcmp(line.at, version, v) != 0 || !digit(line.at[v]) ||
        !digit(line.at[v + 1]) || !digit(line.at[v + 2]) ||
        (line.len > v + 3 && line.at[v + 3] != ' ')) {
        return OTA_E_FORMAT;
    }
    a->status = (uint16_t)((line.at[v] - '0') * 100 + (line.at[v + 1] - '0') * 10 +
                           (line.at[v + 2] - '0'));
    return a->status >= 200 && a->status < 600 ? OTA_OK : OTA_E_FORMAT;
}

/* "bytes 0-99/200" */
static ota_err parse_content_range(struct slice v, struct http1_answer *a)
{
    static const char unit[] = "bytes ";

    if (v.len < sizeof unit - 1 || memcmp(v.at, unit, sizeof unit - 1) != 0) {
        return OTA_E_FORMAT;
    }
    v.at += sizeof unit - 1;
    v.len -= sizeof unit - 1;
    if (take_char(&v, '*')) { /* with a 416: nothing we need */
        return OTA_OK;
    }
    if (take_number(&v, &a->range_first) || !take_char(&v, '-') ||
        take_number(&v, &a->range_last) || !take_char(&v, '/') ||
        take_number(&v, &a->range_total) || v.len != 0 || a->range_first > a->range_last ||
        a->range_last >= a->range_total) {
        return OTA_E_FORMAT;
    }
    a->has_range = true;
    return OTA_OK;
}

struct head_seen {
    bool length, close;
};

static ota_err parse_header(struct slice name, struct slice value, struct http1_answer *a,
                            struct head_seen *seen)
{
    if (same_word(name, "content-length")) {
        if (seen->length || take_number(&value, &a->content_bytes) || value.len != 0) {
            return OTA_E_FORMAT;
        }
        seen->length = true;
    } else if (same_word(name, "transfer-encoding")) {
        return OTA_E_FORMAT;
    } else if (same_word(name, "connection")) {
        seen->close = seen->close || same_word(value, "close");
    } else if (same_word(name, "retry-after")) {
        if (take_number(&value, &a->retry_after_s) || value.len != 0) {
            a->retry_after_s = 0; /* a date: our own back-off will do */
        }
        if (a->retry_after_s > RETRY_AFTER_MAX_S) {
            a->retry_after_s = RETRY_AFTER_MAX_S;
        }
    } else if (same_word(name, "content-range")) {
        return parse_content_range(value, a);
    } else if (same_word(name, "etag") && value.len < sizeof a->etag && value.len > 2 &&
               value.at[0] == '"') {
        memcpy(a->etag, value.at, value.len);
        a->etag[value.len] = '\0';
    }
    return OTA_OK;
}

static bool token_char(char c)
{
    return digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static ota_err split_header(struct slice line, struct slice *name, struct slice *value)
{
    size_t n = 0;

    while (n < line.len && token_char(line.at[n])) {
        n++;
    }
    if (n == 0 || n == line.len || line.at[n] != ':') {
        return OTA_E_FORMAT; /* a folded line too: it begins with a blank */
    }
    *name = (struct slice){line.at, n};
    *value = (struct slice){line.at + n + 1, line.len - n - 1};
    while (value->len > 0 && (value->at[0] == ' ' || value->at[0] == '\t')) {
        value->at++;
        value->len--;
    }
    while (value->len > 0 &&
           (value->at[value->len - 1] == ' ' || value->at[value->len - 1] == '\t')) {
        value->len--;
    }
    return OTA_OK;
}

ota_err http1_head_parse(const char *head, size_t len, struct http1_answer *out, bool *out_keep)
{
    struct http1_answer a = {0};
    struct head_seen seen = {0};
    struct slice rest = {head, len};
    struct slice line, name, value;

    if (take_line(&rest, &line) || parse_status(line, &a)) {
        return OTA_E_FORMAT;
    }
    for (;;) {
        if (take_line(&rest, &line)) {
            return OTA_E_FORMAT;
        }
        if (line.len == 0) {
            break;
        }
        if (split_header(line, &name, &value) || parse_header(name, value, &a, &seen)) {
            return OTA_E_FORMAT;
        }
    }
    if (rest.len != 0) {
        return OTA_E_FORMAT;
    }
    if (a.status == 204 || a.status == 304) {
        a.content_bytes = 0;
    } else if (!seen.length) {
        return OTA_E_FORMAT;
    }
    *out = a;
    *out_keep = !seen.close;
    return OTA_OK;
}
