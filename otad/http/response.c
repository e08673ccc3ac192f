/*
 * Answers: JSON, bytes, problem documents, headers.  Files are in file.c.
 */
#include "otad/http/response.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/image/crypto.h"
#include "otad/http/route.h"

enum { TAG_BYTES = 12 }; /* of the digest in a shallow ETag */

static const struct {
    int status;
    const char *title;
} title_table[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

/* The one table from errors to statuses. */
int http_status(ota_err e)
{
    static const int table[] = {
        [OTA_OK] = 200,          [OTA_E_FORMAT] = 400,    [OTA_E_LIMIT] = 413,
        [OTA_E_SIGNATURE] = 422, [OTA_E_ROLLBACK] = 409,  [OTA_E_AUTH] = 401,
        [OTA_E_DENIED] = 403,    [OTA_E_NOT_FOUND] = 404, [OTA_E_CONFLICT] = 409,
        [OTA_E_BUSY] = 503,      [OTA_E_IO] = 503,        [OTA_E_NO_MEMORY] = 503,
        [OTA_E_INTERNAL] = 500,
    };

    return (size_t)e < sizeof table / sizeof table[0] ? table[e] : 500;
}

static const char *title_of(int status)
{
    for (size_t i = 0; i < sizeof title_table / sizeof title_table[0]; i++) {
        if (title_table[i].status == status)
            return title_table[i].title;
    }
    return "Error";
}

static bool is_header_value(const char *value)
{
    for (; *value != '\0'; value++) {
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    }
    return true;
}

void http_header_add(struct http_response *rs, const char *name, const char *value)
{
    if (value == NULL || rs->header_count == HTTP_HEADERS_MAX || !is_header_value(value)) {
        rs->err = OTA_E_INTERNAL;
        return;
    }
    rs->header[rs->header_count++] = (struct http_header){name, value};
}

void http_cookie_set(struct http_request *rq, struct http_response *rs, const char *name,
                     const char *value, int64_t max_age_s)
{
    http_header_add(rs, "Set-Cookie",
                    arena_printf(rq->arena,
                                 "%s=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; "
                                 "SameSite=Strict",
                                 name, value, (long long)max_age_s));
}

void http_bytes(struct http_response *rs, int status, const char *content_type,
                const void *bytes, size_t len)
{
    rs->kind = HTTP_BYTES;
    rs->status = status;
    rs->content_type = content_type;
    rs->bytes = bytes;
    rs->length = len;
}

void http_empty(struct http_response *rs, int status)
{
    http_bytes(rs, status, NULL, NULL, 0);
    rs->kind = HTTP_NO_BODY;
}

void http_answer_release(struct http_response *rs)
{
    if (rs->kind == HTTP_FILE)
        (void)close(rs->file.fd);
    if (rs->kind == HTTP_STREAM)
        rs->stream.free(rs->stream.arg);
    rs->kind = HTTP_NO_BODY;
}

void http_answer_reset(struct http_response *rs)
{
    void (*const ended)(struct http_request *, const struct http_response *, uint64_t) =
        rs->ended;

    http_answer_release(rs);
    *rs = (struct http_response){.ended = ended, .close = rs->close};
}

void http_send_stream(struct http_response *rs, const char *content_type,
                      const struct http_stream *stream)
{
    rs->kind = HTTP_STREAM;
    rs->status = 200;
    rs->content_type = content_type;
    rs->stream = *stream;
}

/* A tag over the bytes themselves; true if the client has them already. */
static bool tag_json(struct http_request *rq, struct http_response *rs, const char *text,
                     size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const char *asked = http_header(rq, "if-none-match");
    struct crypto_sha256 h;
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    char *tag = arena_alloc(rq->arena, 2 * TAG_BYTES + 3);

    if (tag == NULL)
        return false;
    crypto_sha256_init(&h);
    crypto_sha256_update(&h, text, len);
    crypto_sha256_final(&h, digest);
    tag[0] = '"';
    for (size_t i = 0; i < TAG_BYTES; i++) {
        tag[1 + 2 * i] = hex[digest[i] >> 4];
        tag[2 + 2 * i] = hex[digest[i] & 15];
    }
    tag[1 + 2 * TAG_BYTES] = '"';
    http_header_add(rs, "ETag", tag);
    return asked != NULL && strstr(asked, tag) != NULL;
}

ota_err http_json(struct http_request *rq, struct http_response *rs, int status,
                  struct json_out *o)
{
    bool device = rq->route != NULL && (rq->route->flags & HTTP_ROUTE_DEVICE) != 0;
    const char *text;
    size_t len;
    ota_err e = json_out_end(o, &text, &len);

    if (e != OTA_OK)
        return e;
    http_bytes(rs, status, "application/json", text, len);
    if (!device)
        http_header_add(rs, "Cache-Control", "no-store");
    if (status == 200 && rq->method <= HTTP_HEAD && !device && tag_json(rq, rs, text, len))
        http_empty(rs, 304);
    return OTA_OK;
}

static ota_err write_problem(struct http_request *rq, struct http_response *rs, int status,
                             ota_err e, const char *code, const char *detail,
                             const char *pointer)
{
    static const char fallback[] = "{\"type\":\"about:blank\",\"status\":500}";
    struct json_out o;
    const char *text;
    size_t len;

    rs->err = e;
    rs->code = code != NULL ? code : ota_err_name(e);
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_string(&o, "type", "about:blank");
    json_put_string(&o, "title", title_of(status));
    json_put_int(&o, "status", status);
    json_put_string(&o, "code", rs->code);
    json_put_string(&o, "detail", detail);
    if (pointer != NULL)
        json_put_string(&o, "pointer", pointer);
    json_put_string(&o, "request_id", rq->id);
    json_close_object(&o);
    if (json_out_end(&o, &text, &len) != OTA_OK) {
        text = fallback;
        len = sizeof fallback - 1;
    }
    http_bytes(rs, status, "application/problem+json", text, len);
    http_header_add(rs, "Cache-Control", "no-store");
    if (status == 503)
        http_header_add(rs, "Retry-After", "5");
    return e;
}

ota_err http_problem_status(struct http_request *rq, struct http_response *rs, int status,
                            ota_err e, const char *code, const char *format, ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return write_problem(rq, rs, status, e, code, detail, NULL);
}

ota_err http_problem(struct http_request *rq, struct http_response *rs, ota_err e,
                     const char *code, const char *format, ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return write_problem(rq, rs, http_status(e), e, code, detail, NULL);
}

ota_err http_problem_json(struct http_request *rq, struct http_response *rs, ota_err e,
                          const struct json_fault *fault)
{
    char detail[256];
    const char *what = fault->pointer[0] == '\0' ? "The body" : fault->pointer + 1;
    int status = e == OTA_E_LIMIT ? 400 : http_status(e); /* a member's limit, not the body's */

    (void)snprintf(detail, sizeof detail, "%.160s %s.", what, fault->detail);
    return write_problem(rq, rs, status, e, "bad-json", detail,
                         fault->pointer[0] == '\0' ? NULL : fault->pointer);
}
