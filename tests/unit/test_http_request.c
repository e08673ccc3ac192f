/* link: otad_http */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "otad/http/framing.h"
#include "otad/http/route.h"

static struct arena arena;

/* ---- routes ---- */

static ota_err nothing(struct http_request *rq, struct http_response *rs)
{
    (void)rq, (void)rs;
    return OTA_OK;
}

static const struct http_route first[] = {
    {.method = HTTP_GET, .pattern = "/", .handler = nothing},
    {.method = HTTP_GET, .pattern = "/api/devices", .handler = nothing},
    {.method = HTTP_POST, .pattern = "/api/devices", .handler = nothing},
    {.method = HTTP_GET, .pattern = "/api/devices/{id}", .handler = nothing},
    {.method = HTTP_DELETE, .pattern = "/api/devices/{id}", .handler = nothing},
    {.method = HTTP_PUT, .pattern = "/p/{a}/x/{b}", .handler = nothing},
    {.method = HTTP_GET, .pattern = "/p/{a}/x/{b}", .handler = nothing},
    {.method = HTTP_GET, .pattern = "/p/{a}/x/sums", .handler = nothing},
};
static const struct http_route second[] = {
    {.method = HTTP_GET, .pattern = "/{tenant}/controller/v1/{id}", .handler = nothing},
    {.method = HTTP_POST, .pattern = "/{any}/devices", .handler = nothing},
};
static const struct http_routes tables[] = {{first, 8}, {second, 2}};

static ota_err route(enum http_method m, const char *path, struct http_request *rq,
                     unsigned *allowed)
{
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    *rq = (struct http_request){.arena = &arena, .method = m};
    *allowed = 0;
    return http_route_find(tables, 2, path, rq, allowed);
}

static void test_found(void)
{
    struct http_request rq;
    unsigned allowed;

    assert(route(HTTP_GET, "/", &rq, &allowed) == OTA_OK && rq.route == &first[0]);
    assert(route(HTTP_HEAD, "/api/devices", &rq, &allowed) == OTA_OK && rq.route == &first[1]);
    assert(route(HTTP_POST, "/api/devices", &rq, &allowed) == OTA_OK && rq.route == &first[2]);
    assert(route(HTTP_GET, "/api/devices/a%2Bb%3A.%C3%A9", &rq, &allowed) == OTA_OK);
    assert(strcmp(rq.capture[0], "a+b:.\xc3\xa9") == 0);
    assert(strcmp(rq.path, "/api/devices/a+b:.\xc3\xa9") == 0);
    assert(route(HTTP_GET, "/p/1/x/2", &rq, &allowed) == OTA_OK && rq.route == &first[6]);
    assert(strcmp(rq.capture[0], "1") == 0 && strcmp(rq.capture[1], "2") == 0);
    assert(route(HTTP_GET, "/p/1/x/sums", &rq, &allowed) == OTA_OK && rq.route == &first[7]);
    assert(route(HTTP_GET, "/default/controller/v1/dev.1", &rq, &allowed) == OTA_OK);
    assert(rq.route == &second[0] && strcmp(rq.capture[1], "dev.1") == 0);
    assert(route(HTTP_GET, "/a+b/controller/v1/x", &rq, &allowed) == OTA_OK);
    assert(strcmp(rq.capture[0], "a+b") == 0);
}

static void test_not_found(void)
{
    static const char *const bad[] = {
        "",
        "x",
        "//",
        "/api/",
        "/api//devices",
        "/api/../devices",
        "/.",
        "/%2e%2e",
        "/api/%00",
        "/api/%2Fx",
        "/api/%zz",
        "/api/%4",
        "/a%",
        "/a/%0a/b",
        "/a/%ff/b",
        "/a/%c0%af/b",
        "/api/devices/",
        "/api/devices/%7f",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
    };
    struct http_request rq;
    unsigned allowed;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ota_err e = route(HTTP_GET, bad[i], &rq, &allowed);

        if (e != OTA_E_FORMAT && e != OTA_E_LIMIT)
            fprintf(stderr, "%s: %d\n", bad[i], e);
        assert(e == OTA_E_FORMAT || e == OTA_E_LIMIT);
    }
    assert(route(HTTP_GET, "/api", &rq, &allowed) == OTA_E_NOT_FOUND);
    assert(route(HTTP_GET, "/api/devices/1/2", &rq, &allowed) == OTA_E_NOT_FOUND);
    assert(route(HTTP_GET, "/apix/devicesx", &rq, &allowed) == OTA_E_NOT_FOUND);
}

static void test_methods(void)
{
    struct http_request rq;
    unsigned allowed;

    assert(route(HTTP_PATCH, "/api/devices/1", &rq, &allowed) == OTA_E_DENIED);
    assert(allowed == (1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_DELETE));
    assert(route(HTTP_METHODS, "/api/devices", &rq, &allowed) == OTA_E_DENIED);
    assert(allowed == (1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_POST));
    /* The literal path decides for all methods: no capture steps in behind it. */
    assert(route(HTTP_PUT, "/p/1/x/sums", &rq, &allowed) == OTA_E_DENIED);
    assert(allowed == (1u << HTTP_GET | 1u << HTTP_HEAD));
}

/* ---- query, cookies ---- */

static void test_query(void)
{
    struct http_request rq = {
        .arena = &arena, .raw_query = "limit=50&q=a%20b+c&empty=&flag&bad=%zz&nul=%00&limit=7"};
    int64_t n = 0;

    assert(strcmp(http_query(&rq, "q"), "a b c") == 0);
    assert(strcmp(http_query(&rq, "empty"), "") == 0);
    assert(strcmp(http_query(&rq, "flag"), "") == 0);
    assert(http_query(&rq, "bad") == NULL && http_query(&rq, "nul") == NULL);
    assert(http_query(&rq, "lim") == NULL && http_query(&rq, "") == NULL);
    assert(http_query_int(&rq, "limit", 1, 1, 200, &n) == OTA_OK && n == 50);
    assert(http_query_int(&rq, "limit", 1, 1, 49, &n) == OTA_E_LIMIT);
    assert(http_query_int(&rq, "q", 1, 1, 200, &n) == OTA_E_FORMAT);
    assert(http_query_int(&rq, "empty", 1, 1, 200, &n) == OTA_E_FORMAT);
    assert(http_query_int(&rq, "after", 33, 1, 200, &n) == OTA_OK && n == 33);
    rq.raw_query = NULL;
    assert(http_query(&rq, "q") == NULL);
}

static void test_cookie(void)
{
    static const struct http_header header[] = {
        {"Host", "x"}, {"cookie", "a=1; __Host-otad=secret; b=2"}, {"Cookie", "c=3"}};
    struct http_request rq = {.arena = &arena, .header = header, .header_count = 3};

    assert(strcmp(http_cookie(&rq, "__Host-otad"), "secret") == 0);
    assert(strcmp(http_cookie(&rq, "a"), "1") == 0 && strcmp(http_cookie(&rq, "c"), "3") == 0);
    assert(http_cookie(&rq, "otad") == NULL && http_cookie(&rq, "") == NULL);
    assert(http_header_count(&rq, "COOKIE") == 2);
    assert(strcmp(http_header(&rq, "hOST"), "x") == 0);
}

/* ---- framing ---- */

struct sent {
    const char *version;
    const char *uri;
    struct http_header header[6];
    int status;
    int64_t length;
};

static const struct sent sent_table[] = {
    {"HTTP/1.1", "/", {{"Host", "x"}}, 0, 0},
    {"HTTP/1.0", "/", {{NULL, NULL}}, 0, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Content-Length", "5"}}, 0, 5},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Transfer-Encoding", "Chunked"}}, 0, -1},
    {"HTTP/1.1", "/", {{NULL, NULL}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Host", "x"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", ""}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x/y"}}, 400, 0},
    {"HTTP/2.0", "/", {{"Host", "x"}}, 505, 0},
    {"HTTP/1.2", "/", {{"Host", "x"}}, 505, 0},
    {"", "/", {{"Host", "x"}}, 505, 0},
    {"HTTP/1.1",
     "/",
     {{"Host", "x"}, {"Content-Length", "5"}, {"Content-Length", "5"}},
     400,
     0},
    {"HTTP/1.1",
     "/",
     {{"Host", "x"}, {"Content-Length", "5"}, {"Content-Length", "6"}},
     400,
     0},
    {"HTTP/1.1",
     "/",
     {{"Host", "x"}, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
     400,
     0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Content-Length", "+5"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Content-Length", ""}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Content-Length", "5, 5"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Content-Length", "99999999999999999999"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Content-Length ", "5"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Transfer-Encoding", "xchunked"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"Transfer-Encoding", "gzip, chunked"}}, 400, 0},
    {"HTTP/1.1",
     "/",
     {{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
     400,
     0},
    {"HTTP/1.0", "/", {{"Transfer-Encoding", "chunked"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"X\x01", "5"}}, 400, 0},
    {"HTTP/1.1", "/", {{"Host", "x"}, {"", "5"}}, 400, 0},
    {"HTTP/1.1",
     "/",
     {{"Host", "x"},
      {"X", "a\x01"
            "b"}},
     400,
     0},
    {"HTTP/1.1", "http://x/", {{"Host", "x"}}, 400, 0},
    {"HTTP/1.1", "*", {{"Host", "x"}}, 400, 0},
    {"HTTP/1.1", "/a b", {{"Host", "x"}}, 400, 0},
    {"HTTP/1.1", "/\xc3\xa9", {{"Host", "x"}}, 400, 0},
    {"HTTP/1.1", "/a\\b", {{"Host", "x"}}, 400, 0},
    {"HTTP/1.1", "/a#b", {{"Host", "x"}}, 400, 0},
};

static void test_framing(void)
{
    for (size_t i = 0; i < sizeof sent_table / sizeof sent_table[0]; i++) {
        const struct sent *s = &sent_table[i];
        struct http_raw raw = {
            .method = "GET", .uri = s->uri, .version = s->version, .header = s->header};
        enum http_method m;
        const char *why = NULL;
        int64_t length = 77;

        while (raw.header_count < 6 && s->header[raw.header_count].name != NULL)
            raw.header_count++;
        int status = http_framing_check(&raw, &length, &m, &why);
        if (status != s->status)
            fprintf(stderr, "row %zu: %d %s\n", i, status, why);
        assert(status == s->status);
        assert(status == 0 ? length == s->length : why != NULL);
        raw.torn = true;
        assert(http_framing_check(&raw, &length, &m, &why) != 0);
    }
}

static void test_unknown_method(void)
{
    const struct http_header host = {"Host", "x"};
    struct http_raw raw = {"BREW", "/", "HTTP/1.1", false, &host, 1};
    enum http_method m = HTTP_GET;
    const char *why;
    int64_t length;

    assert(http_framing_check(&raw, &length, &m, &why) == 0 && m == HTTP_METHODS);
    raw.method = "get";
    assert(http_framing_check(&raw, &length, &m, &why) == 0 && m == HTTP_METHODS);
    raw.method = "PATCH";
    assert(http_framing_check(&raw, &length, &m, &why) == 0 && m == HTTP_PATCH);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_found();
    test_not_found();
    test_methods();
    test_query();
    test_cookie();
    test_framing();
    test_unknown_method();
    arena_done(&arena);
    return 0;
}
