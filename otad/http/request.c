/*
 * What handlers ask of a request.  Everything here works on the copied header table and the raw
 * query; nothing reads from the network.
 */
#include "otad/http/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const method_table[] = {
    [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT", [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
};

const char *http_method_name(enum http_method m)
{
    return m < HTTP_METHODS ? method_table[m] : "?";
}

const char *http_header(const struct http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->header_count; i++) {
        if (strcasecmp(rq->header[i].name, name) == 0)
            return rq->header[i].value;
    }
    return NULL;
}

size_t http_header_count(const struct http_request *rq, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < rq->header_count; i++)
        n += strcasecmp(rq->header[i].name, name) == 0;
    return n;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* No control characters, and UTF-8 without overlong forms or surrogates (RFC 3629). */
static bool is_clean(const unsigned char *s)
{
    while (*s != '\0') {
        size_t more;

        if (*s < 0x80) {
            if (*s < ' ' || *s == 0x7f)
                return false;
            s++;
            continue;
        }
        if (*s < 0xc2 || *s > 0xf4)
            return false;
        if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
            (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
            return false;
        for (more = *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3, s++; more > 0; more--, s++) {
            if ((*s & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

bool http_decode(const char *text, size_t len, bool plus_is_blank, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '%') {
            int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = len - i > 2 ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return is_clean((const unsigned char *)out);
}

const char *http_query(const struct http_request *rq, const char *name)
{
    const char *at = rq->raw_query;
    size_t name_len = strlen(name);

    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, "&");
        const char *equals = memchr(at, '=', len);
        size_t key = equals == NULL ? len : (size_t)(equals - at);

        if (key == name_len && memcmp(at, name, key) == 0) {
            const char *value = equals == NULL ? at + len : equals + 1;
            size_t value_len = (size_t)(at + len - value);
            char *out = arena_alloc(rq->arena, value_len + 1);

            return out != NULL && http_decode(value, value_len, true, out) ? out : NULL;
        }
        at += len;
        at += *at == '&';
    }
    return NULL;
}

const char *http_cookie(const struct http_request *rq, const char *name)
{
    size_t name_len = strlen(name);

    for (size_t i = 0; i < rq->header_count; i++) {
        const char *at = rq->header[i].value;

        if (strcasecmp(rq->header[i].name, "cookie") != 0)
            continue;
        while (*at != '\0') {
            size_t len = strcspn(at, ";");

            if (len > name_len && at[name_len] == '=' && memcmp(at, name, name_len) == 0)
                return arena_memdup(rq->arena, at + name_len + 1, len - name_len - 1);
            at += len;
            at += strspn(at, "; \t");
        }
    }
    return NULL;
}

ota_err http_query_int(const struct http_request *rq, const char *name, int64_t absent,
                       int64_t min, int64_t max, int64_t *out)
{
    const char *text = http_query(rq, name);
    long long value;
    char *end;

    if (text == NULL) {
        *out = absent;
        return OTA_OK;
    }
    errno = 0;
    value = strtoll(text, &end, 10);
    if (*text == '\0' || *text == ' ' || *text == '+' || *end != '\0')
        return OTA_E_FORMAT;
    if (errno != 0 || value < min || value > max)
        return OTA_E_LIMIT;
    *out = value;
    return OTA_OK;
}
