/*
 * The order is the security: framing, route, guard, limits, sink, and only then the first byte
 * of the body.  A refusal on the way is an answer like any other.
 */
#include "otad/http/exchange.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "otad/http/peer.h"
#include "otad/log.h"

int64_t http_now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Unique and without meaning: a counter from a random start, stirred (splitmix64). */
static void new_id(char out[HTTP_ID_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    static _Atomic uint64_t next;
    uint64_t z = atomic_fetch_add(&next, 1);

    if (z == 0) {
        uint64_t start = 0;

        if (getrandom(&start, sizeof start, 0) == (ssize_t)sizeof start)
            atomic_fetch_add(&next, start);
    }
    z = (z + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    for (size_t i = 0; i < HTTP_ID_BYTES - 1; i++, z <<= 4)
        out[i] = hex[z >> 60];
    out[HTTP_ID_BYTES - 1] = '\0';
}

/* Does word (len bytes) stand in a comma-separated list? */
static bool listed(const char *list, const char *word, size_t len)
{
    while (*list != '\0') {
        size_t n;

        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n == len && n > 0 && memcmp(list, word, n) == 0)
            return true;
        list += n;
    }
    return false;
}

/* The last address of X-Forwarded-For that is no trusted proxy itself. */
static const char *forwarded_for(const struct http_request *rq, const char *trusted,
                                 const char *peer)
{
    const char *list = http_header(rq, "x-forwarded-for");
    const char *end, *start;

    if (list == NULL || http_header_count(rq, "x-forwarded-for") != 1)
        return peer;
    for (end = list + strlen(list); end > list; end = start) {
        const char *word;
        size_t len;

        for (start = end; start > list && start[-1] != ','; start--)
            ;
        word = start + strspn(start, " \t");
        len = word < end ? strcspn(word, ", \t") : 0;
        if (len > 0 && len < 46 && !listed(trusted, word, len)) {
            const char *copy = arena_memdup(rq->arena, word, len);

            return copy != NULL ? copy : peer;
        }
        if (start > list)
            start--;
    }
    return peer;
}

static void find_client(struct http_exchange *x, const struct http_peer *peer)
{
    struct http_request *rq = &x->request;
    const char *trusted = x->setup->config->trusted_proxies;
    const char *scheme = http_header(rq, "x-forwarded-proto");

    rq->client = peer->address;
    rq->secure = peer->tls;
    if (!listed(trusted, peer->address, strlen(peer->address)))
        return;
    rq->proxied = true;
    rq->client = forwarded_for(rq, trusted, peer->address);
    rq->secure = peer->tls || (scheme != NULL && strcasecmp(scheme, "https") == 0);
}

static uint64_t body_max_of(const struct http_exchange *x, const struct http_route *route)
{
    if (route->body_bytes_max == HTTP_BODY_JSON)
        return (uint64_t)x->setup->config->request_bytes_max;
    if (route->body_bytes_max == HTTP_BODY_ARTIFACT)
        return (uint64_t)x->setup->config->artifact_bytes_max;
    return route->body_bytes_max;
}

/* The answer is made; is there still body on its way that should be read before? */
static void answer(struct http_exchange *x)
{
    const struct http_request *rq = &x->request;
    bool more = rq->content_length < 0 || x->body_seen < (uint64_t)rq->content_length;
    bool short_enough =
        rq->content_length <= HTTP_DRAIN_BYTES && x->body_seen <= HTTP_DRAIN_BYTES;

    x->step = HTTP_STEP_ANSWER;
    if (!more)
        return;
    if (short_enough && !x->response.close && http_header(rq, "expect") == NULL)
        x->step = HTTP_STEP_DRAIN;
    else
        x->response.close = true;
}

/* Make sure that there is an answer, and the right one. */
static void settle(struct http_exchange *x, ota_err e)
{
    struct http_response *rs = &x->response;

    if (rs->status != 0 && rs->err == OTA_E_INTERNAL && rs->status < 500)
        e = OTA_E_INTERNAL; /* a header was impossible */
    else if (rs->status != 0)
        return;
    http_answer_reset(rs);
    if (e == OTA_OK)
        e = OTA_E_INTERNAL;
    (void)http_problem(&x->request, rs, e, NULL, "%s",
                       e == OTA_E_LIMIT      ? "The request is larger than accepted."
                       : e == OTA_E_INTERNAL ? "This is a fault of the server."
                       : e == OTA_E_IO       ? "Database or disk do not answer just now."
                                             : "The request cannot be served.");
}

static void refuse(struct http_exchange *x, ota_err e)
{
    atomic_fetch_add(&x->counters->refused, 1);
    settle(x, e);
    answer(x);
}

static const char *allow_list(struct arena *a, unsigned allowed)
{
    const char *list = "";

    for (enum http_method m = 0; m < HTTP_METHODS && list != NULL; m++) {
        if (allowed & 1u << m)
            list =
                arena_printf(a, "%s%s%s", list, *list == '\0' ? "" : ", ", http_method_name(m));
    }
    return list;
}

static ota_err no_route(struct http_exchange *x, ota_err e, unsigned allowed)
{
    struct http_request *rq = &x->request;
    struct http_response *rs = &x->response;

    if (e == OTA_E_DENIED) {
        (void)http_problem_status(rq, rs, 405, OTA_E_DENIED, "method-not-allowed",
                                  "This address does not take that method.");
        http_header_add(rs, "Allow", allow_list(rq->arena, allowed));
        return OTA_E_DENIED;
    }
    if (e == OTA_E_FORMAT || e == OTA_E_LIMIT)
        return http_problem_status(rq, rs, 400, e, "bad-path", "The address is malformed.");
    if (rq->method <= HTTP_HEAD && x->setup->fallback != NULL)
        return x->setup->fallback(rq, rs);
    return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is nothing at this address.");
}

/* From here on the route is known. */
static ota_err admit(struct http_exchange *x)
{
    struct http_request *rq = &x->request;
    const struct http_route *route = rq->route;
    ota_err e = OTA_OK;

    x->deadline = route->deadline;
    if (x->setup->guard != NULL)
        e = x->setup->guard(rq, &x->response);
    if (e != OTA_OK)
        return e;
    x->body_max = body_max_of(x, route);
    if (rq->content_length != 0 && x->body_max == 0)
        return http_problem(rq, &x->response, OTA_E_LIMIT, "no-body-expected",
                            "This request takes no body.");
    if (rq->content_length > 0 && (uint64_t)rq->content_length > x->body_max)
        return http_problem(rq, &x->response, OTA_E_LIMIT, "body-too-large",
                            "The body may have %" PRIu64 " bytes.", x->body_max);
    if (route->sink == NULL)
        return OTA_OK;
    e = route->sink->begin(rq, &x->response);
    x->sink_open = e == OTA_OK;
    return e;
}

/* Cut the raw URI at '?'; the query stays in the arena beside the path. */
static const char *path_of(struct http_request *rq, const char *uri)
{
    size_t len = strcspn(uri, "?");

    rq->raw_query = uri[len] == '?' ? uri + len + 1 : NULL;
    return arena_memdup(rq->arena, uri, len);
}

void http_exchange_open(struct http_exchange *x, const struct http_setup *setup,
                        struct http_counters *counters)
{
    memset(x, 0, sizeof *x);
    x->setup = setup;
    x->counters = counters;
    arena_init(&x->arena, ARENA_REQUEST_BYTES + 2 * (size_t)setup->config->request_bytes_max);
}

void http_exchange_begin(struct http_exchange *x, const struct http_raw *raw,
                         const struct http_peer *peer)
{
    struct http_request *rq = &x->request;
    unsigned allowed = 0;
    const char *path, *why;
    int status;
    ota_err e;

    atomic_fetch_add(&x->counters->requests, 1);
    atomic_fetch_add(&x->counters->in_flight, 1);
    x->fd = peer->fd;
    x->started_ms = http_now_ms();
    x->step = HTTP_STEP_BODY;
    x->deadline = HTTP_ORDINARY;
    rq->arena = &x->arena;
    rq->otad = x->setup->otad;
    rq->header = raw->header;
    rq->header_count = raw->header_count;
    rq->path = "";
    new_id(rq->id);
    log_request_set(rq->id);
    status = http_framing_check(raw, &rq->content_length, &rq->method, &why);
    find_client(x, peer);
    if (status != 0) {
        x->response.close = true;
        (void)http_problem_status(rq, &x->response, status, OTA_E_FORMAT, "bad-request", "%s",
                                  why);
        refuse(x, OTA_E_FORMAT);
        return;
    }
    path = path_of(rq, raw->uri);
    e = path == NULL
            ? OTA_E_LIMIT
            : http_route_find(x->setup->tables, x->setup->table_count, path, rq, &allowed);
    e = e == OTA_OK ? admit(x) : no_route(x, e, allowed);
    if (e != OTA_OK)
        refuse(x, e);
    else if (x->response.status != 0)
        answer(x);
}

static ota_err keep(struct http_exchange *x, const void *data, size_t len)
{
    struct http_request *rq = &x->request;
    size_t have = rq->body_bytes;

    if (len >= x->body_room - have) {
        size_t room = rq->content_length > 0 ? (size_t)rq->content_length + 1 : 4096;
        char *bigger;

        while (room <= have + len)
            room *= 2;
        bigger = arena_alloc(rq->arena, room);
        if (bigger == NULL)
            return OTA_E_LIMIT;
        if (have > 0)
            memcpy(bigger, x->body, have);
        x->body = bigger;
        x->body_room = room;
    }
    memcpy(x->body + have, data, len);
    x->body[have + len] = '\0';
    rq->body_bytes = have + len;
    return OTA_OK;
}

void http_exchange_body(struct http_exchange *x, const void *data, size_t len)
{
    struct http_request *rq = &x->request;
    ota_err e;

    x->body_seen += len;
    if (x->step != HTTP_STEP_BODY) {
        if (x->body_seen > x->body_max + HTTP_DRAIN_BYTES)
            x->step = HTTP_STEP_CUT;
        return;
    }
    if (x->body_seen > x->body_max)
        e = http_problem(rq, &x->response, OTA_E_LIMIT, "body-too-large",
                         "The body may have %" PRIu64 " bytes.", x->body_max);
    else if (rq->route->sink != NULL)
        e = rq->route->sink->write(rq, &x->response, data, len);
    else
        e = keep(x, data, len);
    if (e == OTA_OK)
        return;
    atomic_fetch_add(&x->counters->refused, 1);
    settle(x, e);
    x->step = HTTP_STEP_DRAIN; /* the library takes no answer before the body has ended */
}

/* What somebody wants to know at the end is counted from here. */
static void note_start(struct http_exchange *x)
{
    if (x->response.is_file)
        http_peer_cork(x->fd, true);
    x->written_before = 0;
    if (x->response.ended != NULL)
        (void)http_peer_written(x->fd, &x->written_before);
}

void http_exchange_finish(struct http_exchange *x)
{
    struct http_request *rq = &x->request;

    if (x->step == HTTP_STEP_BODY) {
        rq->body = x->body != NULL ? x->body : "";
        x->sink_open = false;
        settle(x, rq->route->handler(rq, &x->response));
        note_start(x);
    }
    x->step = HTTP_STEP_ANSWER;
}

size_t http_route_number(const struct http_setup *setup, const struct http_route *route)
{
    size_t before = 0;

    for (size_t t = 0; route != NULL && t < setup->table_count; t++) {
        const struct http_routes *table = &setup->tables[t];

        for (size_t i = 0; i < table->count; i++, before++) {
            if (&table->row[i] == route)
                return before < HTTP_ROUTES_COUNTED ? before : HTTP_ROUTES_COUNTED - 1;
        }
    }
    return HTTP_ROUTES_COUNTED - 1;
}

static void count_it(const struct http_exchange *x, bool done)
{
    struct http_counters *c = x->counters;
    const struct http_request *rq = &x->request;
    const int status = x->response.status;

    if (status < 100 || status > 599)
        return;
    atomic_fetch_add(&c->answer[http_route_number(x->setup, rq->route)][status / 100 - 1], 1);
    if (x->deadline != HTTP_TRANSFER || !x->response.is_file || rq->method != HTTP_GET ||
        (status != 200 && status != 206))
        return;
    atomic_fetch_add(done ? &c->downloads_done : &c->downloads_cut, 1);
    if (done)
        atomic_fetch_add(&c->download_bytes, x->response.length);
}

static void log_it(const struct http_exchange *x, bool done)
{
    const struct http_request *rq = &x->request;
    const struct http_response *rs = &x->response;
    const bool secret = rq->route != NULL && (rq->route->flags & HTTP_ROUTE_SECRET) != 0;
    enum log_level level = rs->status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;

    if (rq->quiet && done && rs->status < 400) {
        atomic_fetch_add(&x->counters->quiet_requests, 1);
        return;
    }
    if (rs->err == OTA_E_INTERNAL)
        level = LOG_LEVEL_BUG;
    LOG_AT(level, "request", LOG_STR("method", http_method_name(rq->method)),
           LOG_STR("path", secret ? rq->route->pattern : rq->path),
           LOG_STR("route", rq->route ? rq->route->pattern : NULL),
           LOG_INT("status", rs->status), LOG_STR("code", rs->code),
           LOG_INT("in", x->body_seen), LOG_INT("out", rs->length),
           LOG_INT("ms", http_now_ms() - x->started_ms), LOG_STR("client", rq->client),
           LOG_STR("end", done ? "done" : "cut"));
}

/*
 * How much of the body has been handed to the network.  Of an answer that was cut: everything
 * that went into the connection since, framing included, so never too little; and all of it
 * when the connection cannot tell.
 */
static void tell_end(struct http_exchange *x, bool done)
{
    const struct http_response *rs = &x->response;
    uint64_t sent = rs->length, written = 0;

    if (rs->ended == NULL)
        return;
    if (x->request.method == HTTP_HEAD)
        sent = 0;
    else if (!done && http_peer_written(x->fd, &written) && written - x->written_before < sent)
        sent = written - x->written_before;
    rs->ended(&x->request, rs, sent);
}

void http_exchange_end(struct http_exchange *x, bool done)
{
    const struct http_setup *setup = x->setup;
    struct http_counters *counters = x->counters;

    if (x->step != HTTP_STEP_NONE) {
        if (x->sink_open)
            x->request.route->sink->abort(&x->request);
        if (x->response.is_file)
            http_peer_cork(x->fd, false);
        tell_end(x, done);
        http_answer_release(&x->response);
        log_it(x, done);
        count_it(x, done);
        log_request_set(NULL);
        atomic_fetch_sub(&counters->in_flight, 1);
    }
    arena_done(&x->arena);
    http_exchange_open(x, setup, counters);
}

static void tell_route(const struct http_setup *setup, const struct http_counters *c,
                       const struct http_route *route, http_route_seen *fn, void *arg)
{
    const size_t number = http_route_number(setup, route);
    uint64_t answers[HTTP_CLASSES];

    for (size_t i = 0; i < HTTP_CLASSES; i++)
        answers[i] = atomic_load(&c->answer[number][i]);
    fn(arg, route, answers);
}

void http_counters_each_route(const struct http_setup *setup, const struct http_counters *c,
                              http_route_seen *fn, void *arg)
{
    for (size_t t = 0; t < setup->table_count; t++) {
        for (size_t i = 0; i < setup->tables[t].count; i++)
            tell_route(setup, c, &setup->tables[t].row[i], fn, arg);
    }
    tell_route(setup, c, NULL, fn, arg);
}
