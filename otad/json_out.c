/*
 * The builder: appends to one buffer in the arena that doubles when full.  The first failure
 * sticks and makes every later call do nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "otad/json.h"

enum { TEXT_BYTES_FIRST = 512 };

void json_out_begin(struct json_out *o, struct arena *a)
{
    *o = (struct json_out){.arena = a};
}

static bool reserve(struct json_out *o, size_t more)
{
    size_t cap = o->cap == 0 ? TEXT_BYTES_FIRST : o->cap;
    char *text;

    if (o->failed)
        return false;
    if (more < o->cap - o->len)
        return true;
    while (cap - o->len <= more)
        cap *= 2;
    text = arena_alloc(o->arena, cap);
    if (text == NULL) {
        o->failed = true;
        return false;
    }
    if (o->len > 0)
        memcpy(text, o->text, o->len);
    o->text = text;
    o->cap = cap;
    return true;
}

static void put(struct json_out *o, const char *bytes, size_t len)
{
    if (!reserve(o, len))
        return;
    memcpy(o->text + o->len, bytes, len);
    o->len += len;
}

/* Bytes of the well-formed UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char first, last, low, high;
        unsigned char bytes;
    } form[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
        if (s[0] < form[i].first || s[0] > form[i].last)
            continue;
        if (left < form[i].bytes || s[1] < form[i].low || s[1] > form[i].high)
            return 0;
        for (size_t k = 2; k < form[i].bytes; k++) {
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        }
        return form[i].bytes;
    }
    return 0;
}

static void put_escape(struct json_out *o, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = strchr(from, c);
    char text[8];

    if (at != NULL && c != '\0')
        (void)snprintf(text, sizeof text, "\\%c", to[at - from]);
    else
        (void)snprintf(text, sizeof text, "\\u%04x", c);
    put(o, text, strlen(text));
}

static void put_string(struct json_out *o, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t start = 0, i = 0;

    put(o, "\"", 1);
    while (i < len) {
        size_t n = s[i] < 0x80 ? 1 : utf8_sequence(s + i, len - i);

        if (n > 1 || (n == 1 && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] != 0x7f)) {
            i += n;
            continue;
        }
        put(o, text + start, i - start);
        if (n == 1)
            put_escape(o, s[i]);
        else
            put(o, "\xef\xbf\xbd", 3);
        start = ++i;
    }
    put(o, text + start, i - start);
    put(o, "\"", 1);
}

static void put_key(struct json_out *o, const char *key)
{
    if (o->comma)
        put(o, ",", 1);
    o->comma = true;
    if (key == NULL)
        return;
    put_string(o, key, strlen(key));
    put(o, ":", 1);
}

static void open_level(struct json_out *o, const char *key, const char *bracket)
{
    put_key(o, key);
    put(o, bracket, 1);
    o->comma = false;
    o->depth++;
}

static void close_level(struct json_out *o, const char *bracket)
{
    put(o, bracket, 1);
    o->comma = true;
    o->depth--;
}

void json_open_object(struct json_out *o, const char *key)
{
    open_level(o, key, "{");
}

void json_close_object(struct json_out *o)
{
    close_level(o, "}");
}

void json_open_array(struct json_out *o, const char *key)
{
    open_level(o, key, "[");
}

void json_close_array(struct json_out *o)
{
    close_level(o, "]");
}

void json_put_string_len(struct json_out *o, const char *key, const char *text, size_t len)
{
    put_key(o, key);
    put_string(o, text, len);
}

void json_put_string(struct json_out *o, const char *key, const char *text)
{
    if (text == NULL)
        json_put_null(o, key);
    else
        json_put_string_len(o, key, text, strlen(text));
}

void json_put_int(struct json_out *o, const char *key, int64_t value)
{
    char text[24];

    put_key(o, key);
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    put(o, text, strlen(text));
}

void json_put_bool(struct json_out *o, const char *key, bool value)
{
    put_key(o, key);
    put(o, value ? "true" : "false", value ? 4 : 5);
}

void json_put_null(struct json_out *o, const char *key)
{
    put_key(o, key);
    put(o, "null", 4);
}

void json_put_hex(struct json_out *o, const char *key, const void *bytes, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *b = bytes;

    put_key(o, key);
    put(o, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        const char pair[2] = {hex[b[i] >> 4], hex[b[i] & 15]};

        put(o, pair, 2);
    }
    put(o, "\"", 1);
}

void json_put_time(struct json_out *o, const char *key, int64_t unix_s)
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    char text[64];

    if (unix_s == 0 || gmtime_r(&t, &tm) == NULL) {
        json_put_null(o, key);
        return;
    }
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    json_put_string(o, key, text);
}

void json_put_raw(struct json_out *o, const char *key, const char *text)
{
    if (text == NULL) {
        json_put_null(o, key);
        return;
    }
    put_key(o, key);
    put(o, text, strlen(text));
}

ota_err json_out_end(struct json_out *o, const char **out_text, size_t *out_len)
{
    put(o, "", 1);
    if (o->failed)
        return OTA_E_LIMIT;
    if (o->depth != 0)
        return OTA_E_INTERNAL;
    *out_text = o->text;
    *out_len = o->len - 1;
    return OTA_OK;
}
