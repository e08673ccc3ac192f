/*
 * Files in answers: preconditions first (RFC 9110, 13.2.2), then ranges.  What comes out is a
 * list of parts, heads included, whose lengths are known before the first byte is sent.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "otad/config.h"
#include "otad/http/range.h"
#include "otad/http/response.h"
#include "otad/otad.h"

#define BOUNDARY "otad-5f2c1b7e9d3a4068"

static const char *http_date(struct arena *a, int64_t unix_s)
{
    static const char day[] = "SunMonTueWedThuFriSat";
    static const char month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)unix_s;
    struct tm tm;

    if (unix_s == 0 || gmtime_r(&t, &tm) == NULL)
        return NULL;
    return arena_printf(a, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                        day + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday,
                        month + (ptrdiff_t)3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
                        tm.tm_min, tm.tm_sec);
}

/* Is tag (without quotes) in a list like `"a", W/"b"`?  weak: W/ tags count too. */
static bool tag_listed(const char *list, const char *tag, bool weak)
{
    size_t len = strlen(tag);

    while (*list != '\0') {
        bool is_weak;

        list += strspn(list, ", \t");
        if (*list == '*')
            return true;
        is_weak = strncmp(list, "W/", 2) == 0;
        list += is_weak ? 2 : 0;
        if (*list != '"')
            return false;
        list++;
        if (strncmp(list, tag, len) == 0 && list[len] == '"' && (weak || !is_weak))
            return true;
        list += strcspn(list, "\"");
        list += *list == '"';
    }
    return false;
}

enum precondition { GO_ON, NOT_MODIFIED, FAILED };

/* Dates are compared as texts: what we once sent comes back as it was. */
static enum precondition check(const struct http_request *rq, const struct http_file *f,
                               const char *date)
{
    const char *match = http_header(rq, "if-match");
    const char *none = http_header(rq, "if-none-match");
    const char *since = http_header(rq, "if-modified-since");

    if (match != NULL && (f->etag == NULL || !tag_listed(match, f->etag, false)))
        return FAILED;
    if (none != NULL)
        return f->etag != NULL && tag_listed(none, f->etag, true) ? NOT_MODIFIED : GO_ON;
    if (since != NULL && date != NULL && strcmp(since, date) == 0)
        return NOT_MODIFIED;
    return GO_ON;
}

/* May Range be honoured, or has the file changed since (If-Range)? */
static bool range_allowed(const struct http_request *rq, const struct http_file *f,
                          const char *date)
{
    const char *condition = http_header(rq, "if-range");

    if (rq->method != HTTP_GET || http_header_count(rq, "range") != 1)
        return false;
    if (condition == NULL)
        return true;
    if (*condition == '"')
        return f->etag != NULL && tag_listed(condition, f->etag, false);
    return date != NULL && strcmp(condition, date) == 0;
}

static void add_headers(struct http_request *rq, struct http_response *rs,
                        const struct http_file *f, const char *date)
{
    struct arena *a = rq->arena;

    http_header_add(rs, "Accept-Ranges", "bytes");
    if (f->etag != NULL)
        http_header_add(rs, "ETag", arena_printf(a, "\"%s\"", f->etag));
    if (date != NULL)
        http_header_add(rs, "Last-Modified", date);
    if (f->file_name != NULL && rs->status != 304)
        http_header_add(rs, "Content-Disposition",
                        arena_printf(a, "attachment; filename=\"%s\"", f->file_name));
}

static ota_err one_part(struct http_request *rq, struct http_response *rs, uint64_t offset,
                        uint64_t length)
{
    struct http_part *p = ARENA_NEW(rq->arena, struct http_part);

    if (p == NULL)
        return OTA_E_LIMIT;
    *p = (struct http_part){.head = "", .offset = offset, .length = length};
    rs->part = p;
    rs->part_count = 1;
    rs->tail = "";
    rs->length = length;
    return OTA_OK;
}

static const char *content_range(struct arena *a, const struct http_range *r, uint64_t size)
{
    return arena_printf(a, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r->offset,
                        r->offset + r->length - 1, size);
}

static ota_err many_parts(struct http_request *rq, struct http_response *rs,
                          const struct http_range *range, size_t count)
{
    struct http_part *p = arena_array(rq->arena, count, sizeof *p);
    uint64_t total = 0;

    if (p == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < count; i++) {
        const char *where = content_range(rq->arena, &range[i], rs->file.size_bytes);

        p[i].head = where == NULL ? NULL
                                  : arena_printf(rq->arena,
                                                 "\r\n--" BOUNDARY "\r\nContent-Type: %s\r\n"
                                                 "Content-Range: %s\r\n\r\n",
                                                 rs->content_type, where);
        if (p[i].head == NULL)
            return OTA_E_LIMIT;
        p[i].head_bytes = strlen(p[i].head);
        p[i].offset = range[i].offset;
        p[i].length = range[i].length;
        total += p[i].head_bytes + p[i].length;
    }
    rs->part = p;
    rs->part_count = count;
    rs->tail = "\r\n--" BOUNDARY "--\r\n";
    rs->length = total + strlen(rs->tail);
    rs->content_type = "multipart/byteranges; boundary=" BOUNDARY;
    return OTA_OK;
}

static void release(struct http_response *rs)
{
    (void)close(rs->file.fd);
    rs->kind = HTTP_NO_BODY;
}

static ota_err choose_parts(struct http_request *rq, struct http_response *rs, const char *date)
{
    struct http_range range[HTTP_RANGES_MAX];
    uint64_t size = rs->file.size_bytes;
    enum http_range_verdict v = HTTP_RANGE_NONE;
    size_t count = 0;

    if (range_allowed(rq, &rs->file, date))
        v = http_range_parse(http_header(rq, "range"), size, range, &count);
    if (v == HTTP_RANGE_NONE)
        return one_part(rq, rs, 0, size);
    if (v == HTTP_RANGE_BAD) {
        release(rs);
        rs->is_file = false;
        http_header_add(rs, "Content-Range", arena_printf(rq->arena, "bytes */%" PRIu64, size));
        return http_problem_status(rq, rs, 416, OTA_E_FORMAT, "bad-range",
                                   "The file has %" PRIu64 " bytes.", size);
    }
    rs->status = 206;
    if (count > 1)
        return many_parts(rq, rs, range, count);
    http_header_add(rs, "Content-Range", content_range(rq->arena, &range[0], size));
    return one_part(rq, rs, range[0].offset, range[0].length);
}

/*
 * May the proxy send it?  Only a plain GET: what a client says in preconditions is about our
 * tags, which the proxy does not know.
 */
static const char *accel_path(const struct http_request *rq, const struct http_file *f)
{
    static const char *const condition[] = {"if-match", "if-none-match", "if-range",
                                            "if-modified-since", "if-unmodified-since"};
    const char *prefix = rq->otad == NULL ? "" : rq->otad->config->accel_prefix;

    if (prefix == NULL || *prefix == '\0' || !rq->proxied || rq->method != HTTP_GET ||
        f->stored_name == NULL || f->size_bytes == 0)
        return NULL;
    for (size_t i = 0; i < sizeof condition / sizeof condition[0]; i++) {
        if (http_header_count(rq, condition[i]) > 0)
            return NULL;
    }
    return arena_printf(rq->arena, "%s%s", prefix, f->stored_name);
}

/* What the proxy will send: what is asked for if we understand it, else at most all. */
static uint64_t proxied_bytes(const struct http_request *rq, uint64_t size)
{
    struct http_range range[HTTP_RANGES_MAX];
    uint64_t total = 0;
    size_t count = 0;

    if (http_header_count(rq, "range") != 1 ||
        http_range_parse(http_header(rq, "range"), size, range, &count) != HTTP_RANGE_SOME)
        return size;
    for (size_t i = 0; i < count; i++)
        total += range[i].length;
    return total;
}

void http_send_file(struct http_request *rq, struct http_response *rs,
                    const struct http_file *file)
{
    const char *date = http_date(rq->arena, file->modified_unix_s);
    enum precondition p = check(rq, file, date);
    const char *accel;
    ota_err e;

    rs->kind = HTTP_FILE;
    rs->file = *file;
    rs->content_type =
        file->content_type != NULL ? file->content_type : "application/octet-stream";
    rs->status = p == NOT_MODIFIED ? 304 : 200;
    add_headers(rq, rs, file, date);
    if (p == FAILED) {
        release(rs);
        (void)http_problem_status(rq, rs, 412, OTA_E_CONFLICT, "precondition-failed",
                                  "The file is not the one named by If-Match.");
        return;
    }
    if (p == NOT_MODIFIED) {
        release(rs);
        return;
    }
    rs->is_file = true;
    accel = accel_path(rq, file);
    if (accel != NULL) {
        rs->proxied_bytes = proxied_bytes(rq, file->size_bytes);
        release(rs);
        http_header_add(rs, "X-Accel-Redirect", accel);
        return;
    }
    e = choose_parts(rq, rs, date);
    if (e != OTA_OK && rs->kind == HTTP_FILE) {
        release(rs);
        (void)http_problem(rq, rs, e, NULL, "The request needs too much memory.");
    }
}
