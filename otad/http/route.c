/*
 * Matching: the raw path is cut at '/', each segment decoded once and strictly, then compared
 * with the patterns.  Among the rows that fit, the one whose first difference is a literal
 * wins.
 */
#include "otad/http/route.h"

#include <string.h>

struct path {
    char *segment[HTTP_SEGMENTS_MAX];
    size_t count;
};

static bool is_plain_segment(const char *s)
{
    return *s != '\0' && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && strchr(s, '/') == NULL;
}

/* "/" has no segments; a slash at the end is one empty segment and refused. */
static ota_err split(struct arena *a, const char *raw, struct path *out)
{
    out->count = 0;
    if (*raw != '/')
        return OTA_E_FORMAT;
    if (raw[1] == '\0')
        return OTA_OK;
    while (*raw == '/') {
        size_t len = strcspn(++raw, "/");
        char *decoded = arena_alloc(a, len + 1);

        if (out->count == HTTP_SEGMENTS_MAX || decoded == NULL)
            return OTA_E_LIMIT;
        if (!http_decode(raw, len, false, decoded) || !is_plain_segment(decoded))
            return OTA_E_FORMAT;
        out->segment[out->count++] = decoded;
        raw += len;
    }
    return *raw == '\0' ? OTA_OK : OTA_E_FORMAT;
}

static const char *join(struct arena *a, const struct path *p)
{
    size_t len = 1;
    char *text, *at;

    for (size_t i = 0; i < p->count; i++)
        len += strlen(p->segment[i]) + 1;
    text = at = arena_alloc(a, len + 1);
    if (text == NULL)
        return NULL;
    *at = '/';
    for (size_t i = 0; i < p->count; i++) {
        size_t n = strlen(p->segment[i]);

        *at++ = '/';
        memcpy(at, p->segment[i], n);
        at += n;
    }
    return text;
}

/*
 * Does path fit pattern?  *out_weight has a bit for each literal segment, the first the
 * highest, so that larger means more literal further left.
 */
static bool fits(const char *pattern, const struct path *p, unsigned *out_weight)
{
    unsigned weight = 0;

    if (pattern[1] == '\0') {
        *out_weight = 0;
        return p->count == 0;
    }
    for (size_t i = 0; i < p->count; i++) {
        const char *have = p->segment[i];

        if (*pattern++ != '/')
            return false;
        weight <<= 1;
        if (*pattern == '{') {
            pattern += strcspn(pattern, "/");
            continue;
        }
        while (*have != '\0' && *have == *pattern)
            have++, pattern++;
        if (*have != '\0' || (*pattern != '/' && *pattern != '\0'))
            return false;
        weight |= 1;
    }
    *out_weight = weight;
    return *pattern == '\0';
}

static void capture(const char *pattern, const struct path *p, struct http_request *rq)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count && *pattern == '/'; i++) {
        size_t len = strcspn(++pattern, "/");

        if (*pattern == '{' && n < HTTP_CAPTURES_MAX)
            rq->capture[n++] = p->segment[i];
        pattern += len;
    }
}

static bool serves(enum http_method row, enum http_method asked)
{
    return row == asked || (row == HTTP_GET && asked == HTTP_HEAD);
}

static unsigned allowed_by(enum http_method row)
{
    return row == HTTP_GET ? 1u << HTTP_GET | 1u << HTTP_HEAD : 1u << row;
}

ota_err http_route_find(const struct http_routes *tables, size_t count, const char *raw_path,
                        struct http_request *rq, unsigned *out_allowed)
{
    const struct http_route *best = NULL;
    unsigned best_weight = 0, allowed = 0, allowed_weight = 0;
    struct path p;
    ota_err e = split(rq->arena, raw_path, &p);

    if (e != OTA_OK)
        return e;
    rq->path = join(rq->arena, &p);
    if (rq->path == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            const struct http_route *row = &tables[i].row[k];
            unsigned weight;

            if (!fits(row->pattern, &p, &weight))
                continue;
            /* A literal path hides the captures that it would also fit, for all methods. */
            if (allowed == 0 || weight > allowed_weight) {
                allowed = 0;
                allowed_weight = weight;
                best = NULL;
            }
            if (weight < allowed_weight)
                continue;
            allowed |= allowed_by(row->method);
            if (serves(row->method, rq->method) && (best == NULL || weight >= best_weight)) {
                best = row;
                best_weight = weight;
            }
        }
    }
    *out_allowed = allowed;
    if (best == NULL)
        return allowed == 0 ? OTA_E_NOT_FOUND : OTA_E_DENIED;
    rq->route = best;
    capture(best->pattern, &p, rq);
    return OTA_OK;
}
