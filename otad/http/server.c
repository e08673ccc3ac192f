/*
 * The only file that sees libmicrohttpd.  It moves bytes; what they mean is decided in
 * exchange.c, and what the library lacks stands beside it: total deadlines (deadline.c), strict
 * framing (framing.c), the listening socket (listen.c), the other end (peer.c), tickets and
 * certificates (tls.c).
 *
 * One thread per connection, used again for the next one (lanes.c): a lane is a daemon of the
 * library with a thread of its own, no listening socket and one connection at a time.  All that
 * is told of a connection is told on its lane's thread, so nothing of it needs a lock.
 */
#include "otad/http/server.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "otad/http/body.h"
#include "otad/http/deadline.h"
#include "otad/http/exchange.h"
#include "otad/http/lanes.h"
#include "otad/http/listen.h"
#include "otad/http/peer.h"
#include "otad/http/tls.h"
#include "otad/log.h"
#include "otad/otad.h"

enum {
    POOL_BYTES = 16 * 1024,    /* libmicrohttpd's buffer of a connection: bounds headers    */
    STREAM_BLOCK_BYTES = 4096, /* of a response that is made while it is sent               */
    PARTS_BLOCK_BYTES = 64 * 1024, /* of multipart/byteranges */
    LANE_CONNECTIONS = 4 /* one, and what the library has not yet put away of the last ones */
};

struct http_server {
    struct http_setup setup;
    struct lanes *lanes;
    struct tls *tls; /* NULL = plain HTTP */
    struct http_deadlines deadlines;
    struct http_counters counters;
    int port;
    _Atomic bool stopping;
};

struct connection {
    struct http_server *server;
    struct http_watch watch;
    struct http_exchange exchange;
    void *tls_session;
    struct tls_joiner joiner; /* of the session */
    bool records_limited;
    bool lingers;         /* refused before its body was read: see peer.h */
    const char *uri;      /* libmicrohttpd's own copy, for its place only */
    const char *uri_copy; /* in the exchange's arena                      */
    char address[HTTP_PEER_BYTES];
};

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info == NULL ? NULL : info->socket_context;
}

/* ---- coming and going ---- */

static struct connection *connection_new(struct http_server *s, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info;
    struct connection *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    atomic_fetch_add(&s->counters.connections, 1);
    c->server = s;
    http_exchange_open(&c->exchange, &s->setup, &s->counters);
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    http_peer_address(info == NULL ? NULL : info->client_addr, c->address);
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (s->tls != NULL && info != NULL) {
        c->tls_session = info->tls_session;
        tls_session_start(s->tls, c->tls_session, &c->joiner);
    }
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    http_watch_add(&s->deadlines, &c->watch, info == NULL ? -1 : info->connect_fd,
                   http_now_ms() + 1000 * s->setup.config->timeout_headers_s);
    return c;
}

static void notify_connection(void *cls, struct MHD_Connection *mhd, void **context,
                              enum MHD_ConnectionNotificationCode what)
{
    struct lane *lane = cls;
    struct http_server *s = lane_arg(lane);
    struct connection *c = *context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        lane_arrived(lane);
        *context = connection_new(s, mhd);
        return;
    }
    if (c != NULL) {
        if (c->lingers)
            http_peer_linger(c->watch.fd);
        http_watch_remove(&s->deadlines, &c->watch);
        http_exchange_end(&c->exchange, false);
        free(c);
        *context = NULL;
    }
    lane_release(lane);
}

static void notify_completed(void *cls, struct MHD_Connection *mhd, void **request,
                             enum MHD_RequestTerminationCode why)
{
    struct http_server *s = cls;
    struct connection *c = connection_of(mhd);
    enum http_watch_mode mode;

    (void)request;
    if (c == NULL)
        return;
    tls_joiner_flush(&c->joiner);
    mode = c->exchange.deadline == HTTP_TRANSFER ? HTTP_WATCH_DRAINING : HTTP_WATCH_IDLE;
    http_exchange_end(&c->exchange, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    http_watch_set(&c->watch, mode, http_now_ms() + 1000 * s->setup.config->timeout_idle_s);
}

/* The one moment at which the whole request target is there as it was sent. */
static void *note_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct connection *c = connection_of(mhd);

    (void)cls;
    if (c == NULL)
        return NULL;
    c->uri = uri;
    c->uri_copy = arena_strdup(&c->exchange.arena, uri);
    return NULL;
}

/* Escapes are ours to decode (request.c), strictly and after splitting. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls, (void)mhd;
    return strlen(text);
}

/* ---- sending ---- */

/* These two take the descriptor over: a download holds a map or a descriptor, not both. */
static struct MHD_Response *send_map(struct http_response *rs)
{
    struct http_map *m;
    struct MHD_Response *r;

    if (http_map_new(rs->file.fd, &rs->part[0], &m) != OTA_OK)
        return NULL;
    (void)close(rs->file.fd);
    rs->kind = HTTP_NO_BODY;
    r = MHD_create_response_from_buffer_with_free_callback_cls((size_t)rs->length, m->start,
                                                               http_map_free, m);
    if (r == NULL)
        http_map_free(m);
    return r;
}

static ssize_t parts_read(void *cls, uint64_t position, char *buf, size_t max)
{
    ssize_t n = http_parts_read(cls, position, buf, max);

    return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *send_parts(struct http_response *rs)
{
    struct http_parts *p;
    struct MHD_Response *r;

    if (http_parts_new(rs, &p) != OTA_OK)
        return NULL;
    rs->kind = HTTP_NO_BODY;
    r = MHD_create_response_from_callback(rs->length, PARTS_BLOCK_BYTES, parts_read, p,
                                          http_parts_free);
    if (r == NULL)
        http_parts_free(p);
    return r;
}

static ssize_t stream_read(void *cls, uint64_t position, char *buf, size_t max)
{
    struct http_stream *st = cls;
    ssize_t n = st->read(st->arg, buf, max);

    (void)position;
    if (n > 0)
        return n;
    return n == -1 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void stream_free(void *cls)
{
    struct http_stream *st = cls;

    st->free(st->arg);
    free(st);
}

static struct MHD_Response *send_stream(struct http_response *rs)
{
    struct http_stream *st = malloc(sizeof *st);
    struct MHD_Response *r;

    if (st == NULL)
        return NULL;
    *st = rs->stream;
    r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read, st,
                                          stream_free);
    if (r == NULL)
        free(st);
    else
        rs->kind = HTTP_NO_BODY; /* the library frees it now */
    return r;
}

static struct MHD_Response *make_response(struct http_response *rs)
{
    if (rs->kind == HTTP_STREAM)
        return send_stream(rs);
    if (rs->kind == HTTP_FILE && rs->part_count > 1)
        return send_parts(rs);
    if (rs->kind == HTTP_FILE && rs->length > 0)
        return send_map(rs);
    return MHD_create_response_from_buffer(rs->kind == HTTP_BYTES ? (size_t)rs->length : 0,
                                           (void *)(uintptr_t)rs->bytes,
                                           MHD_RESPMEM_PERSISTENT);
}

static bool add_headers(struct connection *c, struct MHD_Response *r)
{
    const struct http_response *rs = &c->exchange.response;
    bool ok = true;

    if (rs->content_type != NULL)
        ok = MHD_add_response_header(r, "Content-Type", rs->content_type) == MHD_YES;
    for (size_t i = 0; i < rs->header_count && ok; i++)
        ok = MHD_add_response_header(r, rs->header[i].name, rs->header[i].value) == MHD_YES;
    if (ok)
        ok = MHD_add_response_header(r, "X-Content-Type-Options", "nosniff") == MHD_YES;
    if (ok && (rs->close || atomic_load(&c->server->stopping)))
        ok = MHD_add_response_header(r, "Connection", "close") == MHD_YES;
    return ok;
}

/* How long the answer may take to leave. */
static void watch_answer(struct connection *c)
{
    const struct http_exchange *x = &c->exchange;
    int64_t total_ms = 1000 * c->server->setup.config->timeout_request_s;

    if (x->response.status == 200 && x->deadline == HTTP_ENDLESS)
        http_watch_set(&c->watch, HTTP_WATCH_NONE, 0);
    else if (x->response.status < 300 && x->deadline == HTTP_TRANSFER)
        http_watch_set(&c->watch, HTTP_WATCH_TRANSFER, 0);
    else
        http_watch_set(&c->watch, HTTP_WATCH_UNTIL, http_now_ms() + total_ms);
}

static enum MHD_Result send_answer(struct connection *c, struct MHD_Connection *mhd)
{
    struct http_response *rs = &c->exchange.response;
    bool whole = rs->length > 0 && rs->kind != HTTP_STREAM;
    struct MHD_Response *r = make_response(rs);
    enum MHD_Result ok = MHD_NO;

    if (r == NULL) {
        log_error("reply-failed", LOG_STR("why", "out of memory or file unreadable"));
        return MHD_NO;
    }
    if (add_headers(c, r)) {
        watch_answer(c);
        c->joiner.waits = whole && c->exchange.request.method != HTTP_HEAD;
        ok = MHD_queue_response(mhd, (unsigned)rs->status, r);
    }
    MHD_destroy_response(r);
    return ok;
}

/* ---- receiving ---- */

/*
 * libmicrohttpd ends lines at bare LF as well as at CRLF, and names and values at a NUL.  It
 * parses in place and writes one zero for each of CR and LF, so where the next line begins
 * tells what stood between: two bytes behind the text that it shows, and nowhere else.
 */
struct collected {
    struct http_header *header;
    size_t count;
    const char *next_line;
    bool torn;
};

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *name,
                               size_t name_bytes, const char *value, size_t value_bytes)
{
    struct collected *c = cls;

    (void)kind, (void)name_bytes, (void)value_bytes;
    if (c->count == HTTP_HEADER_LINES_MAX)
        return MHD_NO;
    if (value == NULL)
        value = "";
    c->torn |= name != c->next_line;
    c->next_line = value + strlen(value) + 2;
    c->header[c->count++] = (struct http_header){name, value};
    return MHD_YES;
}

/* The same for the request line: the version begins one blank behind the target. */
static void collect_headers(const struct connection *c, struct MHD_Connection *mhd,
                            const char *version, struct collected *out)
{
    out->torn = c->uri == NULL || version != c->uri + strlen(c->uri_copy) + 1;
    out->next_line = version + strlen(version) + 2;
    (void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, collect, out);
    if (out->count > 0)
        out->torn |= out->next_line[-1] != '\0';
}

static void watch_body(struct connection *c)
{
    const struct config *config = c->server->setup.config;

    if (c->exchange.deadline == HTTP_TRANSFER && c->exchange.step == HTTP_STEP_BODY)
        http_watch_set(&c->watch, HTTP_WATCH_TRANSFER, 0);
    else
        http_watch_set(&c->watch, HTTP_WATCH_UNTIL,
                       http_now_ms() + 1000 * config->timeout_request_s);
}

static enum MHD_Result begin(struct connection *c, struct MHD_Connection *mhd,
                             const char *method, const char *version)
{
    struct http_exchange *x = &c->exchange;
    struct collected got = {0};
    struct http_peer peer = {c->address, c->tls_session != NULL, c->watch.fd};
    struct http_raw raw;

    if (c->tls_session != NULL && !c->records_limited) {
        tls_session_limit_records(c->tls_session);
        atomic_fetch_add(tls_session_is_resumed(c->tls_session)
                             ? &c->server->counters.handshakes_resumed
                             : &c->server->counters.handshakes_full,
                         1);
        c->records_limited = true;
    }
    got.header = arena_array(&x->arena, HTTP_HEADER_LINES_MAX, sizeof *got.header);
    if (got.header == NULL || c->uri_copy == NULL)
        return MHD_NO;
    collect_headers(c, mhd, version, &got);
    raw = (struct http_raw){.method = method,
                            .uri = c->uri_copy,
                            .version = version,
                            .torn = got.torn,
                            .header = got.header,
                            .header_count = got.count};
    http_exchange_begin(x, &raw, &peer);
    watch_body(c);
    c->lingers = x->step == HTTP_STEP_ANSWER && x->response.close;
    return x->step == HTTP_STEP_ANSWER ? send_answer(c, mhd) : MHD_YES;
}

/* Called once with the headers, then for each piece of the body, then once at its end. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_bytes, void **request)
{
    struct connection *c = connection_of(mhd);

    (void)cls, (void)url, (void)request;
    if (c == NULL)
        return MHD_NO;
    if (c->exchange.step == HTTP_STEP_NONE)
        return begin(c, mhd, method, version);
    if (*data_bytes > 0) {
        http_exchange_body(&c->exchange, data, *data_bytes);
        *data_bytes = 0;
        return c->exchange.step == HTTP_STEP_CUT ? MHD_NO : MHD_YES;
    }
    http_watch_set(&c->watch, HTTP_WATCH_NONE, 0); /* the handler has its own limits */
    http_exchange_finish(&c->exchange);
    return send_answer(c, mhd);
}

/* ---- starting and stopping ---- */

__attribute__((format(printf, 2, 0))) static void log_library(void *cls, const char *format,
                                                              va_list args)
{
    char text[256];

    (void)cls;
    (void)vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http-library", LOG_STR("text", text));
}

/* A lane's daemon: a thread that serves the connections it is given. */
static void *lane_start(void *arg, struct lane *lane)
{
    struct http_server *s = arg;
    const struct config *config = s->setup.config;
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)config->tls_priorities},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_certificate_callback()},
        {MHD_OPTION_END, 0, NULL},
    };

    if (s->tls != NULL)
        flags |= MHD_USE_TLS;
    else
        tls[0].option = MHD_OPTION_END;
    return MHD_start_daemon(flags, 0, NULL, NULL, handle, s,                         /**/
                            MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,           /* first */
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)LANE_CONNECTIONS, /**/
                            MHD_OPTION_THREAD_STACK_SIZE,
                            (size_t)config->thread_stack_bytes,                     /**/
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, /**/
                            MHD_OPTION_NOTIFY_CONNECTION, notify_connection, lane,  /**/
                            MHD_OPTION_NOTIFY_COMPLETED, notify_completed, s,       /**/
                            MHD_OPTION_URI_LOG_CALLBACK, note_uri, s,               /**/
                            MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, s,          /**/
                            MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static bool lane_add(void *loop, int fd, const struct sockaddr *address,
                     socklen_t address_bytes)
{
    return MHD_add_connection(loop, fd, address, address_bytes) == MHD_YES;
}

static bool lane_is_empty(void *loop)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(loop, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info == NULL || info->num_connections == 0;
}

static void lane_stop(void *loop)
{
    MHD_stop_daemon(loop);
}

static ota_err open_lanes(struct http_server *s, int fd)
{
    const struct config *config = s->setup.config;
    const struct lane_ops ops = {.arg = s,
                                 .start = lane_start,
                                 .add = lane_add,
                                 .is_empty = lane_is_empty,
                                 .stop = lane_stop};
    ota_err e = lanes_start(fd, http_connection_limit(config->connection_limit),
                            config->connection_limit_per_ip, &ops, &s->lanes);

    if (e != OTA_OK)
        log_error("http-failed", LOG_STR("why", "no thread to accept connections"), LOG_ERR(e));
    return e;
}

static ota_err open_tls(struct http_server *s)
{
    const struct config *config = s->setup.config;
    const char *why = "";
    ota_err e;

    if (*config->tls_cert == '\0')
        return OTA_OK;
    e = tls_check_priorities(config->tls_priorities);
    if (e != OTA_OK) {
        log_error("tls-failed", LOG_STR("why", "tls_priorities are not understood"));
        return e;
    }
    e = tls_open(config->tls_cert, config->tls_key, &s->tls, &why);
    if (e != OTA_OK)
        log_error("tls-failed", LOG_STR("why", why), LOG_STR("cert", config->tls_cert),
                  LOG_STR("key", config->tls_key), LOG_ERR(e));
    return e;
}

static ota_err open_socket(struct http_server *s, int *out_fd)
{
    const char *why = "";
    ota_err e = http_listen(s->setup.config->listen, out_fd, &why);

    if (e != OTA_OK)
        log_error("listen-failed", LOG_STR("address", s->setup.config->listen),
                  LOG_STR("why", why));
    else
        s->port = http_listen_port(*out_fd);
    return e;
}

ota_err http_server_start(const struct http_setup *setup, struct http_server **out)
{
    struct http_server *s = calloc(1, sizeof *s);
    int fd = -1;
    ota_err e;

    if (s == NULL)
        return OTA_E_NO_MEMORY;
    s->setup = *setup;
    e = open_tls(s);
    if (e == OTA_OK)
        e = open_socket(s, &fd);
    if (e == OTA_OK)
        e = http_deadlines_start(&s->deadlines, setup->config->transfer_bytes_per_s);
    if (e == OTA_OK) {
        e = open_lanes(s, fd);
        if (e == OTA_OK) {
            *out = s;
            return OTA_OK;
        }
        http_deadlines_stop(&s->deadlines);
    }
    if (fd >= 0)
        (void)close(fd);
    if (s->tls != NULL)
        tls_close(s->tls);
    free(s);
    return e;
}

static void wait_for_requests(struct http_server *s, int64_t until_ms)
{
    const struct timespec moment = {.tv_nsec = 20000000};

    while (atomic_load(&s->counters.in_flight) > 0 && http_now_ms() < until_ms)
        (void)nanosleep(&moment, NULL);
}

void http_server_stop(struct http_server *s)
{
    lanes_quiesce(s->lanes);
    atomic_store(&s->stopping, true);
    http_listen_cleanup(s->setup.config->listen);
    http_deadlines_cut(&s->deadlines, false);
    wait_for_requests(s, http_now_ms() + 1000 * s->setup.config->stop_s);
    if (atomic_load(&s->counters.in_flight) > 0)
        log_warn("requests-cut", LOG_INT("count", atomic_load(&s->counters.in_flight)));
    http_deadlines_cut(&s->deadlines, true);
    lanes_stop(s->lanes);
    http_deadlines_stop(&s->deadlines);
    if (s->tls != NULL)
        tls_close(s->tls);
    free(s);
}

ota_err http_server_reload(struct http_server *s)
{
    const char *why = "";
    ota_err e = s->tls == NULL ? OTA_OK : tls_reload(s->tls, &why);

    if (e != OTA_OK)
        log_error("tls-reload-failed", LOG_STR("why", why), LOG_ERR(e));
    return e;
}

int http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_stats(const struct http_server *s, struct http_stats *out)
{
    *out = (struct http_stats){
        .requests = atomic_load(&s->counters.requests),
        .quiet_requests = atomic_load(&s->counters.quiet_requests),
        .refused = atomic_load(&s->counters.refused),
        .cut = atomic_load(&s->deadlines.cut),
        .connections_now = (uint64_t)lanes_busy(s->lanes),
        .connections = atomic_load(&s->counters.connections),
        .handshakes_full = atomic_load(&s->counters.handshakes_full),
        .handshakes_resumed = atomic_load(&s->counters.handshakes_resumed),
        .downloads_done = atomic_load(&s->counters.downloads_done),
        .downloads_cut = atomic_load(&s->counters.downloads_cut),
        .download_bytes = atomic_load(&s->counters.download_bytes),
    };
}

void http_server_each_route(const struct http_server *s, http_route_seen *fn, void *arg)
{
    http_counters_each_route(&s->setup, &s->counters, fn, arg);
}
