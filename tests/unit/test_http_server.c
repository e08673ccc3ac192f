/* link: otad_http */
/*
 * The real server with routes made for the purpose.  Without arguments this runs the checks
 * (http_server_checks.py), which start it again with a configuration to serve it.
 */
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "otad/http/events.h"
#include "otad/http/server.h"
#include "otad/http/web.h"
#include "otad/log.h"
#include "otad/otad.h"

static _Atomic int uploads_open;

static ota_err echo(struct http_request *rq, struct http_response *rs)
{
    struct json_out o;

    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_string(&o, "method", http_method_name(rq->method));
    json_put_string(&o, "path", rq->path);
    json_put_string_len(&o, "body", rq->body, rq->body_bytes);
    json_put_string(&o, "q", http_query(rq, "q"));
    json_put_string(&o, "client", rq->client);
    json_put_bool(&o, "secure", rq->secure);
    json_put_string(&o, "capture", rq->capture[0]);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

static ota_err file(struct http_request *rq, struct http_response *rs)
{
    const char *path = getenv("TEST_FILE");
    struct http_file f = {.fd = open(path == NULL ? "" : path, O_RDONLY), .etag = "tag"};
    struct stat st;

    if (f.fd < 0 || fstat(f.fd, &st) != 0)
        return OTA_E_NOT_FOUND;
    f.size_bytes = (uint64_t)st.st_size;
    f.modified_unix_s = st.st_mtime;
    f.file_name = "firmware.bin";
    http_send_file(rq, rs, &f);
    return OTA_OK;
}

struct upload {
    uint64_t bytes;
    unsigned sum;
};

static ota_err upload_begin(struct http_request *rq, struct http_response *rs)
{
    if (http_header(rq, "x-refuse") != NULL)
        return http_problem(rq, rs, OTA_E_DENIED, "refused", "Not this one.");
    rq->state = ARENA_NEW(rq->arena, struct upload);
    if (rq->state == NULL)
        return OTA_E_LIMIT;
    atomic_fetch_add(&uploads_open, 1);
    return OTA_OK;
}

static ota_err upload_write(struct http_request *rq, struct http_response *rs, const void *data,
                            size_t len)
{
    struct upload *u = rq->state;

    if (http_header(rq, "x-full") != NULL && u->bytes > 1000)
        return http_problem_status(rq, rs, 507, OTA_E_BUSY, "disk-full", "The disk is full.");
    for (size_t i = 0; i < len; i++)
        u->sum += ((const unsigned char *)data)[i];
    u->bytes += len;
    return OTA_OK;
}

static void upload_abort(struct http_request *rq)
{
    (void)rq;
    atomic_fetch_sub(&uploads_open, 1);
}

static ota_err upload(struct http_request *rq, struct http_response *rs)
{
    const struct upload *u = rq->state;
    struct json_out o;

    atomic_fetch_sub(&uploads_open, 1);
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_int(&o, "bytes", (int64_t)u->bytes);
    json_put_int(&o, "sum", u->sum);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

static ota_err open_uploads(struct http_request *rq, struct http_response *rs)
{
    const char *text = arena_printf(rq->arena, "%d", atomic_load(&uploads_open));

    http_bytes(rs, 200, "text/plain", text, strlen(text));
    return OTA_OK;
}

static ota_err listen_events(struct http_request *rq, struct http_response *rs)
{
    struct events_subscriber sub = {0};

    return events_subscribe(rq->otad->events, rq, rs, &sub);
}

static ota_err publish(struct http_request *rq, struct http_response *rs)
{
    struct event_scope scope = {.tenant = 1};

    events_publish(rq->otad->events, "device", &scope, rq->body, rq->body_bytes);
    http_empty(rs, 204);
    return OTA_OK;
}

static ota_err silent(struct http_request *rq, struct http_response *rs)
{
    (void)rq, (void)rs;
    return OTA_OK; /* without an answer: our bug, told as 500 */
}

static ota_err broken(struct http_request *rq, struct http_response *rs)
{
    (void)rq;
    http_bytes(rs, 200, "text/plain", "x", 1);
    http_header_add(rs, "X-Split", "a\r\nX-Evil: 1");
    return OTA_OK;
}

static ota_err guard(struct http_request *rq, struct http_response *rs)
{
    if (http_header(rq, "x-nobody") != NULL)
        return http_problem(rq, rs, OTA_E_AUTH, "no-credentials", "Who are you?");
    return OTA_OK;
}

static const struct http_sink sink = {upload_begin, upload_write, upload_abort};
static const struct http_route rows[] = {
    {.method = HTTP_GET, .pattern = "/echo", .handler = echo},
    {.method = HTTP_GET, .pattern = "/echo/{x}", .handler = echo},
    {.method = HTTP_POST,
     .pattern = "/echo",
     .handler = echo,
     .body_bytes_max = HTTP_BODY_JSON},
    {.method = HTTP_GET, .pattern = "/file", .handler = file, .deadline = HTTP_TRANSFER},
    {.method = HTTP_PUT,
     .pattern = "/upload",
     .handler = upload,
     .sink = &sink,
     .deadline = HTTP_TRANSFER,
     .body_bytes_max = HTTP_BODY_ARTIFACT},
    {.method = HTTP_GET, .pattern = "/uploads", .handler = open_uploads},
    {.method = HTTP_GET,
     .pattern = "/events",
     .handler = listen_events,
     .deadline = HTTP_ENDLESS},
    {.method = HTTP_POST,
     .pattern = "/publish",
     .handler = publish,
     .body_bytes_max = HTTP_BODY_JSON},
    {.method = HTTP_GET, .pattern = "/silent", .handler = silent},
    {.method = HTTP_GET, .pattern = "/broken", .handler = broken},
};

static int serve(const char *path)
{
    struct config config;
    struct config_fault fault;
    struct otad otad = {.config = &config};
    struct http_setup setup = {
        .config = &config,
        .otad = &otad,
        .tables = {{rows, sizeof rows / sizeof rows[0]},
                   {http_health_routes, http_health_route_count}},
        .table_count = 2,
        .guard = guard,
        .fallback = web_get,
    };
    struct http_stats stats;
    sigset_t signals;
    int number;

    if (config_load(path, &config, &fault) != OTA_OK) {
        fprintf(stderr, "%d: %s\n", fault.line, fault.text);
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    assert(events_new(&otad.events) == OTA_OK);
    if (http_server_start(&setup, &otad.server) != OTA_OK)
        return 1;
    printf("%d\n", http_server_port(otad.server));
    fflush(stdout);
    while (sigwait(&signals, &number) == 0 && number == SIGHUP) {
        if (http_server_reload(otad.server) != OTA_OK)
            fprintf(stderr, "still the old certificate\n");
    }
    http_server_stats(otad.server, &stats);
    events_stop(otad.events);
    http_server_stop(otad.server);
    events_free(otad.events);
    config_done(&config);
    printf("requests=%llu cut=%llu uploads=%d\n", (unsigned long long)stats.requests,
           (unsigned long long)stats.cut, atomic_load(&uploads_open));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return serve(argv[1]);
    execlp("python3", "python3", "tests/unit/http_server_checks.py", argv[0], (char *)NULL);
    perror("python3");
    return 1;
}
