#ifndef OTAD_HTTP_EXCHANGE_H
#define OTAD_HTTP_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "otad/http/framing.h"
#include "otad/http/server.h"

/*
 * One request and its answer, apart from the library that moves the bytes: begin with the
 * headers, body for each piece, finish when the body is complete, end when the reply has left
 * or the client has.  A connection has one and uses it again and again.
 */
enum http_step {
    HTTP_STEP_NONE,   /* no request                                        */
    HTTP_STEP_BODY,   /* bring the body, then finish                       */
    HTTP_STEP_DRAIN,  /* answered; take the rest of the body in and drop it */
    HTTP_STEP_ANSWER, /* response is ready to be sent */
    HTTP_STEP_CUT     /* far too much body: end the connection */
};

enum { HTTP_ROUTES_COUNTED = 256 };

struct http_counters {
    _Atomic uint64_t requests, quiet_requests, refused, cut;
    _Atomic uint64_t downloads_done, downloads_cut, download_bytes;
    _Atomic uint64_t connections, handshakes_full, handshakes_resumed;
    _Atomic int64_t in_flight;
    _Atomic uint64_t answer[HTTP_ROUTES_COUNTED][HTTP_CLASSES]; /* by http_route_number */
};

struct http_exchange {
    const struct http_setup *setup;
    struct http_counters *counters;
    struct arena arena;
    struct http_request request;
    struct http_response response;
    enum http_step step;
    enum http_deadline deadline;
    int64_t started_ms;
    int fd;
    uint64_t written_before; /* the answer, by its connection; see http_peer_written */
    char *body;
    size_t body_room;
    uint64_t body_seen, body_max;
    bool sink_open;
};

/* The place of route in the tables one behind the other; the last one counts what has none. */
size_t http_route_number(const struct http_setup *setup, const struct http_route *route);

/* Tell fn of every route, and at last of requests without one (route NULL). */
void http_counters_each_route(const struct http_setup *setup, const struct http_counters *c,
                              http_route_seen *fn, void *arg);

/* Where the request comes from. */
struct http_peer {
    const char *address; /* "unix" for a Unix socket */
    bool tls;
    int fd;
};

/* Bodies up to here are taken in and dropped before a refusal is sent, so that clients that
 * write first and read then see it. */
enum { HTTP_DRAIN_BYTES = 1024 * 1024 };

/* The arena exists before this, because the URI was put into it. */
void http_exchange_open(struct http_exchange *x, const struct http_setup *setup,
                        struct http_counters *counters);

/* Sets step.  raw and peer must live as long as the request. */
void http_exchange_begin(struct http_exchange *x, const struct http_raw *raw,
                         const struct http_peer *peer);

/* A piece of the body; sets step. */
void http_exchange_body(struct http_exchange *x, const void *data, size_t len);

/* The body is complete: run the handler.  step is HTTP_STEP_ANSWER afterwards. */
void http_exchange_finish(struct http_exchange *x);

/* Reply sent (done) or client gone (not done): log, release everything. */
void http_exchange_end(struct http_exchange *x, bool done);

/* Milliseconds of the monotonic clock. */
int64_t http_now_ms(void);

#endif
