/*
 * One scanner with two manners.  Looking: the text must be canonical as it stands, so the
 * latest name on each level is enough to see that members ascend.  Copying: white space and
 * needless escapes are dropped on the way; order is canonical_sort's matter.  No recursion:
 * nesting is a bit per level.
 */
#include "canonical.h"

#include <string.h>

#include "canonical_scan.h"

struct scan {
    const uint8_t *at, *end;
    uint8_t *out; /* NULL: looking */
    size_t len;   /* written       */
    unsigned depth;
    uint32_t objects;                           /* bit n: level n is an object */
    struct canonical last[CANONICAL_DEPTH_MAX]; /* looking: latest name of each level */
};

_Static_assert(CANONICAL_DEPTH_MAX <= 32, "one bit for each level");

static void emit(struct scan *s, uint8_t c)
{
    if (s->out != NULL)
        s->out[s->len++] = c;
}

static void skip_blank(struct scan *s)
{
    while (s->out != NULL && s->at < s->end &&
           (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

/* Take exactly c. */
static bool take(struct scan *s, uint8_t c)
{
    if (s->at >= s->end || *s->at != c)
        return false;
    s->at++;
    emit(s, c);
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* What stands behind a backslash; -1 if we don't take it. */
static int escaped(struct scan *s)
{
    uint8_t c = s->at < s->end ? *s->at++ : 0;
    int v = 0;

    if (c == '"' || c == '\\')
        return c;
    if (s->out == NULL)
        return -1;
    if (c == '/')
        return '/';
    if (c == 'n')
        return '\n';
    if (c != 'u' || s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        uint8_t d = *s->at++;
        int h = hex_digit(d >= 'A' && d <= 'F' ? (uint8_t)(d | 0x20) : d);

        if (h < 0)
            return -1;
        v = v << 4 | h;
    }
    return (v >= 0x20 && v <= 0x7e) || v == '\n' ? v : -1;
}

static ota_err string(struct scan *s)
{
    if (!take(s, '"'))
        return OTA_E_FORMAT;
    while (s->at < s->end) {
        int c = *s->at++;

        if (c == '"') {
            emit(s, '"');
            return OTA_OK;
        }
        if (c < 0x20 || c > 0x7e)
            return OTA_E_FORMAT;
        if (c == '\\') {
            c = escaped(s);
            if (c < 0)
                return OTA_E_FORMAT;
            if (c == '"' || c == '\\')
                emit(s, '\\');
        }
        emit(s, (uint8_t)c);
    }
    return OTA_E_FORMAT;
}

static ota_err name(struct scan *s)
{
    const uint8_t *start = s->at + 1;
    struct canonical n;
    ota_err e = string(s);

    if (e != OTA_OK)
        return e;
    n.at = start;
    n.len = (size_t)(s->at - start) - 1;
    if (s->out == NULL) {
        struct canonical *last = &s->last[s->depth - 1];

        if (last->at != NULL && canonical_compare(*last, n) >= 0)
            return OTA_E_FORMAT;
        *last = n;
    }
    skip_blank(s);
    return take(s, ':') ? OTA_OK : OTA_E_FORMAT;
}

static ota_err integer(struct scan *s)
{
    uint64_t v = 0;
    bool minus = take(s, '-');
    const uint8_t *start = s->at;
    bool zero = s->at < s->end && *s->at == '0'; /* kept: copying in place overwrites it */

    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - start < 17) {
        v = v * 10 + (uint64_t)(*s->at - '0');
        emit(s, *s->at++);
    }
    if (s->at == start || v > CANONICAL_UINT_MAX)
        return OTA_E_FORMAT;
    return zero && (minus || s->at - start > 1) ? OTA_E_FORMAT : OTA_OK;
}

static ota_err word(struct scan *s, const char *text)
{
    for (; *text != '\0'; text++)
        if (!take(s, (uint8_t)*text))
            return OTA_E_FORMAT;
    return OTA_OK;
}

static ota_err scalar(struct scan *s)
{
    switch (s->at < s->end ? *s->at : 0) {
    case '"':
        return string(s);
    case 't':
        return word(s, "true");
    case 'f':
        return word(s, "false");
    case 'n':
        return word(s, "null");
    default:
        return integer(s);
    }
}

static bool in_object(const struct scan *s)
{
    return (s->objects >> (s->depth - 1) & 1U) != 0;
}

/* An opening bracket, and the first name.  *out_more: a value has to follow. */
static ota_err enter(struct scan *s, bool *out_more)
{
    bool object = *s->at == '{';

    if (s->depth == CANONICAL_DEPTH_MAX)
        return OTA_E_LIMIT;
    emit(s, *s->at++);
    skip_blank(s);
    if (take(s, object ? '}' : ']')) {
        *out_more = false;
        return OTA_OK;
    }
    s->last[s->depth] = (struct canonical){NULL, 0};
    s->objects = (s->objects & ~(1U << s->depth)) | ((object ? 1U : 0U) << s->depth);
    s->depth++;
    *out_more = true;
    return object ? name(s) : OTA_OK;
}

/* Behind a value: closing brackets, or a comma and the next name. */
static ota_err leave(struct scan *s, bool *out_more)
{
    while (s->depth > 0) {
        skip_blank(s);
        if (take(s, ',')) {
            skip_blank(s);
            *out_more = true;
            return in_object(s) ? name(s) : OTA_OK;
        }
        if (!take(s, in_object(s) ? '}' : ']'))
            return OTA_E_FORMAT;
        s->depth--;
    }
    *out_more = false;
    return OTA_OK;
}

static ota_err scan(struct scan *s)
{
    ota_err e = OTA_OK;
    bool more = true;

    while (e == OTA_OK && more) {
        bool entered = false;

        skip_blank(s);
        if (s->at < s->end && (*s->at == '{' || *s->at == '['))
            e = enter(s, &entered);
        else
            e = scalar(s);
        if (e == OTA_OK && !entered)
            e = leave(s, &more);
    }
    skip_blank(s);
    return e == OTA_OK && s->at != s->end ? OTA_E_FORMAT : e;
}

ota_err canonical_check(const uint8_t *text, size_t len)
{
    struct scan s = {.at = text, .end = text + len};

    return scan(&s);
}

ota_err canonical_compact(const uint8_t *text, size_t len, uint8_t *out, size_t *out_len)
{
    struct scan s = {.at = text, .end = text + len, .out = out};
    ota_err e = scan(&s);

    if (e == OTA_OK)
        *out_len = s.len;
    return e;
}

/* --- reading --------------------------------------------------------------------------------
 */

size_t canonical_string_end(const uint8_t *text, size_t len, size_t at)
{
    for (at++; at < len && text[at] != '"'; at++)
        if (text[at] == '\\')
            at++;
    return at < len ? at : len;
}

/* Take the next value's text off the beginning of left. */
static struct canonical cut(struct canonical *left)
{
    struct canonical v = *left;
    unsigned depth = 0;
    size_t i = 0;

    for (; i < left->len; i++) {
        uint8_t c = left->at[i];

        if (c == '"') {
            i = canonical_string_end(left->at, left->len, i);
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                break;
            depth--;
        } else if ((c == ',' || c == ':') && depth == 0) {
            break;
        }
    }
    v.len = i < left->len ? i : left->len;
    left->at += v.len;
    left->len -= v.len;
    return v;
}

static bool begins(struct canonical v, uint8_t c)
{
    return v.len >= 2 && v.at[0] == c;
}

bool canonical_is_object(struct canonical v)
{
    return begins(v, '{');
}

bool canonical_is_array(struct canonical v)
{
    return begins(v, '[');
}

struct canonical_walk canonical_walk(struct canonical v)
{
    struct canonical_walk w = {{NULL, 0}};

    if (canonical_is_object(v) || canonical_is_array(v))
        w.left = (struct canonical){v.at + 1, v.len - 2};
    return w;
}

static void drop(struct canonical *left)
{
    if (left->len > 0) {
        left->at++;
        left->len--;
    }
}

bool canonical_next_item(struct canonical_walk *w, struct canonical *out_value)
{
    if (w->left.len == 0)
        return false;
    *out_value = cut(&w->left);
    drop(&w->left);
    return true;
}

bool canonical_next_member(struct canonical_walk *w, struct canonical *out_name,
                           struct canonical *out_value)
{
    struct canonical quoted;

    if (w->left.len == 0)
        return false;
    quoted = cut(&w->left);
    drop(&w->left);
    *out_value = cut(&w->left);
    drop(&w->left);
    return canonical_string(quoted, out_name);
}

struct canonical canonical_member_of(struct canonical object, struct canonical name)
{
    struct canonical_walk w = canonical_walk(object);
    struct canonical n, v;

    while (canonical_is_object(object) && canonical_next_member(&w, &n, &v))
        if (canonical_compare(n, name) == 0)
            return v;
    return (struct canonical){NULL, 0};
}

struct canonical canonical_member(struct canonical object, const char *name)
{
    return canonical_member_of(object, (struct canonical){(const uint8_t *)name, strlen(name)});
}

size_t canonical_count(struct canonical v)
{
    struct canonical_walk w = canonical_walk(v);
    struct canonical n, item;
    size_t count = 0;

    while (canonical_is_object(v) ? canonical_next_member(&w, &n, &item)
                                  : canonical_next_item(&w, &item))
        count++;
    return count;
}

bool canonical_string(struct canonical v, struct canonical *out_inside)
{
    if (!begins(v, '"') || v.at[v.len - 1] != '"')
        return false;
    *out_inside = (struct canonical){v.at + 1, v.len - 2};
    return true;
}

ota_err canonical_uint(struct canonical v, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    if (v.len == 0 || v.len > 16)
        return OTA_E_FORMAT;
    for (size_t i = 0; i < v.len; i++) {
        if (v.at[i] < '0' || v.at[i] > '9')
            return OTA_E_FORMAT;
        n = n * 10 + (uint64_t)(v.at[i] - '0');
    }
    if (n > max)
        return OTA_E_LIMIT;
    *out = n;
    return OTA_OK;
}

ota_err canonical_bool(struct canonical v, bool *out)
{
    if (v.len == 4 && memcmp(v.at, "true", 4) == 0)
        *out = true;
    else if (v.len == 5 && memcmp(v.at, "false", 5) == 0)
        *out = false;
    else
        return OTA_E_FORMAT;
    return OTA_OK;
}

ota_err canonical_hex(struct canonical v, uint8_t *out, size_t len)
{
    struct canonical digits;

    if (!canonical_string(v, &digits) || digits.len != 2 * len)
        return OTA_E_FORMAT;
    for (size_t i = 0; i < digits.len; i++)
        if (hex_digit(digits.at[i]) < 0)
            return OTA_E_FORMAT;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((unsigned)hex_digit(digits.at[2 * i]) << 4 |
                           (unsigned)hex_digit(digits.at[2 * i + 1]));
    return OTA_OK;
}

/* The next byte that an inside means; -1 at the end. */
static int meant(struct canonical *inside)
{
    if (inside->len > 1 && inside->at[0] == '\\')
        drop(inside);
    if (inside->len == 0)
        return -1;
    drop(inside);
    return inside->at[-1];
}

ota_err canonical_text(struct canonical v, char *out, size_t size)
{
    struct canonical inside, rest;
    size_t n = 0;

    if (!canonical_string(v, &inside))
        return OTA_E_FORMAT;
    for (rest = inside; meant(&rest) >= 0;)
        n++;
    if (n >= size)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)meant(&inside);
    out[n] = '\0';
    return OTA_OK;
}

int canonical_compare(struct canonical a, struct canonical b)
{
    int x, y;

    do {
        x = meant(&a);
        y = meant(&b);
    } while (x == y && x >= 0);
    return x - y;
}

bool canonical_same(struct canonical a, struct canonical b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool canonical_is(struct canonical v, const char *text)
{
    struct canonical inside;
    size_t n = strlen(text);

    if (!canonical_string(v, &inside))
        return false;
    for (size_t i = 0; i < n; i++)
        if (meant(&inside) != (uint8_t)text[i])
            return false;
    return inside.len == 0;
}
