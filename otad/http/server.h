#ifndef OTAD_HTTP_SERVER_H
#define OTAD_HTTP_SERVER_H

#include "firmware/image/err.h"
#include "otad/config.h"
#include "otad/http/route.h"

/*
 * The HTTP server: libmicrohttpd with a thread per connection behind the guards that it lacks
 * (server.c says which).  Handlers may block.
 */
struct http_server;

struct http_setup {
    const struct config *config;
    struct otad *otad;
    struct http_routes tables[HTTP_TABLES_MAX];
    size_t table_count;
    /* Asked for every matched route before its body is read; answers and returns an error to
     * refuse.  NULL = everybody may do everything (tests). */
    http_handler *guard;
    /* For paths without a route; NULL = 404. */
    http_handler *fallback;
};

struct http_stats {
    uint64_t requests, quiet_requests, refused, cut, connections_now;
    uint64_t connections, handshakes_full, handshakes_resumed;
    uint64_t downloads_done, downloads_cut; /* answers of routes with HTTP_TRANSFER to GET  */
    uint64_t download_bytes;                /* of those that were sent to their end          */
};

/* 1xx to 5xx */
enum { HTTP_CLASSES = 5 };

/* Listens when it returns.  Errors: OTA_E_IO (address in use, no rights), OTA_E_FORMAT
 * (address, certificate), OTA_E_LIMIT (connection limit against the file limit); logged in
 * detail. */
OTA_MUST_CHECK ota_err http_server_start(const struct http_setup *setup,
                                         struct http_server **out);

/* Stop accepting, let requests in flight end within stop_s, then cut and free everything. */
void http_server_stop(struct http_server *s);

/* Read certificate and key again for new connections.  The old ones stay after an error. */
OTA_MUST_CHECK ota_err http_server_reload(struct http_server *s);

/* Port it listens on (after "host:0"), 0 for a Unix socket. */
int http_server_port(const struct http_server *s);

void http_server_stats(const struct http_server *s, struct http_stats *out);

/* Call fn for every route, and once with NULL for what has none: how many answers there were of
 * each class of statuses, 1xx first.  An answer that did not leave counts too. */
typedef void http_route_seen(void *arg, const struct http_route *route,
                             const uint64_t answers[HTTP_CLASSES]);
void http_server_each_route(const struct http_server *s, http_route_seen *fn, void *arg);

#endif
