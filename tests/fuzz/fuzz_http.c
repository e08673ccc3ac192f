/* link: otad_http */
/*
 * What a client writes into a request target and its headers, split at line ends: framing,
 * routing, query, cookies, ranges.  Results stay within their bounds.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "otad/http/framing.h"
#include "otad/http/range.h"
#include "otad/http/route.h"

enum { LINES = 8, FILE_BYTES = 1000 };

static const struct http_route rows[] = {
    {.method = HTTP_GET, .pattern = "/"},
    {.method = HTTP_GET, .pattern = "/api/{a}/x/{b}"},
    {.method = HTTP_PUT, .pattern = "/api/{a}/x/y"},
    {.method = HTTP_POST, .pattern = "/{tenant}/controller/v1/{id}"},
};

static void check_path(const char *path)
{
    assert(path[0] == '/' && strstr(path, "//") == NULL && strstr(path, "/../") == NULL);
}

static void check_ranges(const char *value)
{
    struct http_range r[HTTP_RANGES_MAX];
    size_t count = 0;

    if (http_range_parse(value, FILE_BYTES, r, &count) != HTTP_RANGE_SOME)
        return;
    assert(count > 0 && count <= HTTP_RANGES_MAX);
    for (size_t i = 0; i < count; i++)
        assert(r[i].length > 0 && r[i].offset < FILE_BYTES &&
               r[i].length <= FILE_BYTES - r[i].offset);
}

/* line[0] method, line[1] target, the rest pairs of name and value. */
static void check_request(struct arena *a, char *const line[LINES])
{
    const struct http_header header[] = {
        {line[2], line[3]}, {line[4], line[5]}, {"Cookie", line[6]}};
    struct http_raw raw = {line[0], line[1], line[7], false, header, 3};
    struct http_routes table = {rows, 4};
    struct http_request rq = {.arena = a, .header = header, .header_count = 3};
    const char *why = NULL;
    int64_t length, number;
    unsigned allowed = 0;
    int status = http_framing_check(&raw, &length, &rq.method, &why);

    assert(status == 0 ? length >= -1 : why != NULL);
    if (http_route_find(&table, 1, line[1], &rq, &allowed) == OTA_OK)
        check_path(rq.path);
    rq.raw_query = line[1];
    (void)http_query(&rq, "q");
    if (http_query_int(&rq, "n", 1, 1, 9, &number) == OTA_OK)
        assert(number >= 1 && number <= 9);
    (void)http_cookie(&rq, "c");
    check_ranges(line[3]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line[LINES];
    struct arena a;
    char *text;

    if (size > 4000)
        return 0;
    arena_init(&a, (size_t)256 * 1024);
    text = arena_memdup(&a, data, size);
    for (size_t i = 0; i < LINES; i++) {
        char *end = text + strcspn(text, "\n");

        line[i] = text;
        text = *end == '\n' ? end + 1 : end;
        *end = '\0';
    }
    check_request(&a, line);
    arena_done(&a);
    return 0;
}
