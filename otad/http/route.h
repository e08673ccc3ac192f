#ifndef OTAD_HTTP_ROUTE_H
#define OTAD_HTTP_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "otad/http/request.h"
#include "otad/http/response.h"

/*
 * Which handler answers what.  Areas publish their rows as tables (api/, device/); main.c hands
 * them to the server.  A handler answers through rs; when it returns an error without having
 * answered, the server makes the problem document for that error.
 */
typedef ota_err http_handler(struct http_request *rq, struct http_response *rs);

/*
 * Raw bodies, streamed.  begin runs after the guard and before the first byte is read: it may
 * refuse, and then the body is never taken in.  write is called with pieces as they come; an
 * error ends the request with that answer.  Then the route's handler runs.  abort is called
 * instead of the handler when the client leaves, is too slow, or begin or write failed after
 * begin had returned OTA_OK.
 */
struct http_sink {
    ota_err (*begin)(struct http_request *rq, struct http_response *rs);
    ota_err (*write)(struct http_request *rq, struct http_response *rs, const void *data,
                     size_t len);
    void (*abort)(struct http_request *rq);
};

enum http_deadline {
    HTTP_ORDINARY, /* body and answer within timeout_request_s                      */
    HTTP_TRANSFER, /* as long as transfer_bytes_per_s is kept, per 30 s             */
    HTTP_ENDLESS   /* streams: no deadline, the heartbeat finds out who has left    */
};

enum {
    HTTP_ROUTE_SECRET = 1 << 2, /* the path holds a secret: it is not logged             */
    HTTP_ROUTE_POLL = 1 << 1,   /* a device asks whether there is an update            */
    HTTP_ROUTE_DEVICE = 1 << 0  /* a device dialect: records as small as negotiated, always
                                   Content-Length, errors without ceremony            */
};

/* For body_bytes_max: what the configuration says. */
#define HTTP_BODY_JSON     UINT64_MAX       /* request_bytes_max  */
#define HTTP_BODY_ARTIFACT (UINT64_MAX - 1) /* artifact_bytes_max */

struct http_route {
    enum http_method method; /* GET serves HEAD too */
    const char *pattern;     /* "/api/v1/devices/{id}": {name} takes one whole segment */
    unsigned flags;
    enum http_deadline deadline;
    uint64_t body_bytes_max;      /* 0 = no body is accepted; see HTTP_BODY_JSON              */
    const struct http_sink *sink; /* NULL = the body is buffered                              */
    http_handler *handler;
    int auth;       /* for the guard alone: who may come (auth/admit.h)   */
    int permission; /* for the guard alone: what they must be allowed     */
};

struct http_routes {
    const struct http_route *row;
    size_t count;
};

enum { HTTP_TABLES_MAX = 8, HTTP_SEGMENTS_MAX = 16 };

/*
 * Find the row for method and path (raw, still percent-encoded) in the tables.  Literal
 * segments win over captures.  Fills path, capture and route of rq. Errors: OTA_E_FORMAT (the
 * path itself is not acceptable), OTA_E_NOT_FOUND, OTA_E_DENIED: the path exists for the
 * methods in *out_allowed (bits 1 << enum http_method).
 */
OTA_MUST_CHECK ota_err http_route_find(const struct http_routes *tables, size_t count,
                                       const char *raw_path, struct http_request *rq,
                                       unsigned *out_allowed);

/* /healthz, /readyz */
extern const struct http_route http_health_routes[];
extern const size_t http_health_route_count;

#endif
