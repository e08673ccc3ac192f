#ifndef OTAD_HTTP_REQUEST_H
#define OTAD_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "otad/arena.h"

struct otad;
struct principal; /* auth/permission.h; this layer only carries it */
struct http_route;
struct http_response;

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_METHODS /* not a method */
};

enum { HTTP_CAPTURES_MAX = 6, HTTP_ID_BYTES = 17 };

struct http_header {
    const char *name, *value;
};

/*
 * One request, checked: the framing is unambiguous, the path decoded and free of "..", empty
 * segments and NUL, the route found.  Lives from the end of the headers until the reply is
 * sent; so does its arena.
 */
struct http_request {
    struct arena *arena;
    struct otad *otad;
    enum http_method method;

    const char *path;                       /* decoded; for logs and static files */
    const char *raw_query;                  /* behind the '?', still encoded; NULL = none */
    const char *capture[HTTP_CAPTURES_MAX]; /* decoded, in the order of the pattern */
    const struct http_route *route;
    const struct http_header *header; /* as received */
    size_t header_count;

    const char *client; /* address in text; the proxy's word when the proxy is trusted */
    bool secure;        /* TLS here, or at a trusted proxy */
    bool proxied;       /* a trusted proxy stands between */
    char id[HTTP_ID_BYTES];

    /* The whole body of a buffered route, zero-terminated; NULL before it is read. */
    const char *body;
    size_t body_bytes;
    int64_t content_length; /* as announced; -1 = chunked, 0 = no body */

    struct principal *principal; /* set by the guard */
    void *state;                 /* of the route's sink */
    bool quiet;                  /* set by a handler: count this request, do not log it */
};

/* First value of a header (any case) or NULL. */
const char *http_header(const struct http_request *rq, const char *name);

/* Value of ?name=, decoded; NULL if absent, empty string if without value. */
const char *http_query(const struct http_request *rq, const char *name);

/* How often a header stands there. */
size_t http_header_count(const struct http_request *rq, const char *name);

/* Value of a cookie or NULL. */
const char *http_cookie(const struct http_request *rq, const char *name);

/* *out = ?name= as an integer, or absent when it is not there.  Errors: OTA_E_FORMAT,
 * OTA_E_LIMIT (outside min..max). */
OTA_MUST_CHECK ota_err http_query_int(const struct http_request *rq, const char *name,
                                      int64_t absent, int64_t min, int64_t max, int64_t *out);

/*
 * Decode %XX strictly into out (at least len + 1 bytes), plus_is_blank as in forms.  False if
 * an escape is broken, or the result has a NUL, another control character, or is not UTF-8.
 */
bool http_decode(const char *text, size_t len, bool plus_is_blank, char *out);

/* "GET" */
const char *http_method_name(enum http_method m);

#endif
