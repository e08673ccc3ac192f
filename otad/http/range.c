/*
 * Ranges beyond the end are clamped, those wholly beyond it dropped.  Overlapping ones multiply
 * what we would send and no honest client asks for them, so they are refused like too many.
 */
#include "otad/http/range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* One unsigned number without sign or blanks; *at moves behind it.  Saturates. */
static bool number(const char **at, uint64_t *out)
{
    uint64_t n = 0;

    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(**at - '0'), &n)) {
            *at += strspn(*at, "0123456789");
            *out = UINT64_MAX;
            return true;
        }
    }
    *out = n;
    return true;
}

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* "a-b", "a-" or "-n".  out->length 0: nothing of it lies within the file. */
static bool spec(const char **at, uint64_t size, struct http_range *out)
{
    uint64_t first, last = UINT64_MAX;

    *out = (struct http_range){0, 0};
    if (**at == '-') {
        (*at)++;
        if (!number(at, &last))
            return false;
        if (last > size)
            last = size;
        *out = (struct http_range){size - last, last};
        return true;
    }
    if (!number(at, &first) || **at != '-')
        return false;
    (*at)++;
    if (**at >= '0' && **at <= '9' && (!number(at, &last) || last < first))
        return false;
    if (first >= size)
        return true;
    if (last >= size)
        last = size - 1;
    *out = (struct http_range){first, last - first + 1};
    return true;
}

static bool overlap(const struct http_range *a, const struct http_range *b)
{
    return a->offset < b->offset + b->length && b->offset < a->offset + a->length;
}

static bool overlaps_any(const struct http_range *r, const struct http_range *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (overlap(r, &all[i]))
            return true;
    }
    return false;
}

enum http_range_verdict http_range_parse(const char *value, uint64_t size_bytes,
                                         struct http_range out[HTTP_RANGES_MAX],
                                         size_t *out_count)
{
    bool bad = false;
    size_t n = 0;

    if (strncasecmp(value, "bytes=", 6) != 0)
        return HTTP_RANGE_NONE;
    for (value += 6;; value++) {
        struct http_range r;

        skip_blanks(&value);
        if (!spec(&value, size_bytes, &r))
            return HTTP_RANGE_NONE;
        skip_blanks(&value);
        if (*value != ',' && *value != '\0')
            return HTTP_RANGE_NONE;
        if (r.length > 0) {
            if (n == HTTP_RANGES_MAX || overlaps_any(&r, out, n))
                bad = true;
            else
                out[n++] = r;
        }
        if (*value == '\0')
            break;
    }
    *out_count = n;
    return bad || n == 0 ? HTTP_RANGE_BAD : HTTP_RANGE_SOME;
}
