#ifndef OTAD_HTTP_RESPONSE_H
#define OTAD_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/image/err.h"
#include "otad/http/request.h"
#include "otad/json.h"

/*
 * The answer of a handler.  Handlers fill it through the functions below and return; server.c
 * sends it.  All pointers live in the request's arena or are constants.
 */
enum http_response_kind { HTTP_NO_BODY, HTTP_BYTES, HTTP_FILE, HTTP_STREAM };

enum { HTTP_HEADERS_MAX = 20 };

/* A file to send.  The server takes fd over and closes it, whatever becomes of the request. */
struct http_file {
    int fd;
    uint64_t size_bytes; /* the file must never shrink: content-addressed, renamed in place */
    const char *etag;    /* without quotes, strong; NULL = none                             */
    const char *content_type; /* NULL = application/octet-stream */
    const char *file_name; /* NULL = inline, else Content-Disposition: attachment             */
    int64_t modified_unix_s; /* 0 = no Last-Modified */
    const char
        *stored_name; /* below artifacts_dir, for a proxy that may send it; NULL = none */
};

/* A body that is made while it is sent (server-sent events). */
struct http_stream {
    /* Block until there are bytes; returns how many were put into buf, -1 = end, -2 = it cannot
     * go on: the connection is broken off, so that the client knows. */
    ssize_t (*read)(void *arg, char *buf, size_t len);
    void (*free)(void *arg); /* always called once, from any thread */
    void *arg;
};

/* A piece of a file in an answer: head (multipart/byteranges), then the bytes. */
struct http_part {
    const char *head;
    size_t head_bytes;
    uint64_t offset, length;
};

struct http_response {
    int status; /* 0 = nothing answered yet */
    enum http_response_kind kind;
    const char *content_type;
    const void *bytes;
    uint64_t length;
    struct http_file file;
    const struct http_part *part; /* of the file, made by http_send_file */
    size_t part_count;
    const char *tail; /* behind the last part */
    struct http_stream stream;
    struct http_header header[HTTP_HEADERS_MAX];
    size_t header_count;
    ota_err err;      /* for the log */
    const char *code; /* of the problem, for the log */
    bool close;       /* end the connection afterwards */
    bool is_file;     /* a file was asked for and granted: http_send_file, status 200 or 206 */
    uint64_t proxied_bytes; /* what the proxy will send instead of us (X-Accel-Redirect)     */
    /* Called once when the answer has left or the client has, before the arena goes: sent is
     * how much of the body was handed to the network, at most length.  NULL = nobody asks. */
    void (*ended)(struct http_request *rq, const struct http_response *rs, uint64_t sent);
};

/* Extra header.  Too many, or a line break in value, is our bug and becomes 500. */
void http_header_add(struct http_response *rs, const char *name, const char *value);

/* Set-Cookie with Secure, HttpOnly, SameSite=Strict, Path=/.  max_age_s 0 deletes it. */
void http_cookie_set(struct http_request *rq, struct http_response *rs, const char *name,
                     const char *value, int64_t max_age_s);

/* Finish o and send it. The answer has no-store; a shallow ETag is made for 200 to GET, and
 * If-None-Match is honoured.  Errors: as json_end. */
OTA_MUST_CHECK ota_err http_json(struct http_request *rq, struct http_response *rs, int status,
                                 struct json_out *o);

/* As they are; bytes must live in the arena or be constant. */
void http_bytes(struct http_response *rs, int status, const char *content_type,
                const void *bytes, size_t len);

/* No body: 204, 304. */
void http_empty(struct http_response *rs, int status);

/*
 * A file with everything RFC 9110 wants: HEAD, ETag, If-None-Match, If-Match, If-Range, Range
 * with one or several parts, 416.  Call it for GET and HEAD.
 */
void http_send_file(struct http_request *rq, struct http_response *rs,
                    const struct http_file *file);

/* Close the file or end the stream that was to be sent; the rest stays, for the log. */
void http_answer_release(struct http_response *rs);
/* As if nothing had been answered; `ended` stays. */
void http_answer_reset(struct http_response *rs);

/* A stream without length (chunked). */
void http_send_stream(struct http_response *rs, const char *content_type,
                      const struct http_stream *stream);

/*
 * Problem documents (RFC 9457, SPEC 8.1).  They return e, so that a handler ends with
 * `return http_problem(rq, rs, OTA_E_CONFLICT, "same-version", "...")`.
 * The status comes from the table ota_err -> status in response.c; http_problem_status is for
 * the few where the code alone is not enough (410, 412, 429, 507).
 * code NULL = the name of e.
 */
__attribute__((format(printf, 5, 6))) ota_err http_problem(struct http_request *rq,
                                                           struct http_response *rs, ota_err e,
                                                           const char *code, const char *format,
                                                           ...);
__attribute__((format(printf, 6, 7))) ota_err
http_problem_status(struct http_request *rq, struct http_response *rs, int status, ota_err e,
                    const char *code, const char *format, ...);

/* The same for a body that json_read refused: pointer and detail come from fault. */
ota_err http_problem_json(struct http_request *rq, struct http_response *rs, ota_err e,
                          const struct json_fault *fault);

/* Status for e: FORMAT 400, LIMIT 413, SIGNATURE 422, ROLLBACK 409, AUTH 401, DENIED 403,
 * NOT_FOUND 404, CONFLICT 409, BUSY 503, IO 503, NO_MEMORY 503, INTERNAL 500. */
int http_status(ota_err e);

#endif
