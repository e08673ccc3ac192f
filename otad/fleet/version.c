/*
 * Versions as sortable bytes: three big-endian numbers; 0xff if there is no pre-release, else
 * its identifiers, numeric ones (2, number of digits, digits) before others (3, characters, 1),
 * and 1 at the end, so that a longer list is higher.
 */
#include "version.h"

#include <stdbool.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 9, END = 1, NUMERIC = 2, ALPHANUMERIC = 3, NO_PRERELEASE = 0xff };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* One of the three numbers; *text moves behind it. */
static bool number_parse(const char **text, struct version *v)
{
    const char *p = *text;
    uint32_t n = 0;
    size_t digits = 0;
    for (; is_digit(p[digits]) && digits <= NUMBER_DIGITS_MAX; digits++)
        n = n * 10 + (uint32_t)(p[digits] - '0');
    if (digits == 0 || digits > NUMBER_DIGITS_MAX || (digits > 1 && p[0] == '0'))
        return false;
    v->key[v->len++] = (uint8_t)(n >> 24);
    v->key[v->len++] = (uint8_t)(n >> 16);
    v->key[v->len++] = (uint8_t)(n >> 8);
    v->key[v->len++] = (uint8_t)n;
    *text = p + digits;
    return true;
}

/* Length of the dot separated identifier at p, 0 = none. */
static size_t identifier_length(const char *p, bool *out_numeric)
{
    size_t len = 0;
    *out_numeric = true;
    for (; is_identifier(p[len]); len++)
        *out_numeric = *out_numeric && is_digit(p[len]);
    return len;
}

static bool prerelease_parse(const char **text, struct version *v)
{
    const char *p = *text, *start = p;
    for (;;) {
        bool numeric = false;
        const size_t len = identifier_length(p, &numeric);
        if (len == 0 || (size_t)(p - start) + len > VERSION_PRERELEASE_MAX)
            return false;
        if (numeric && len > 1 && p[0] == '0')
            return false;
        v->key[v->len++] = numeric ? NUMERIC : ALPHANUMERIC;
        if (numeric)
            v->key[v->len++] = (uint8_t)len;
        memcpy(v->key + v->len, p, len);
        v->len = (uint8_t)(v->len + len);
        if (!numeric)
            v->key[v->len++] = END;
        p += len;
        if (*p != '.')
            break;
        p++;
    }
    v->key[v->len++] = END;
    *text = p;
    return true;
}

static bool build_is_good(const char *p)
{
    for (;;) {
        bool numeric = false;
        const size_t len = identifier_length(p, &numeric);
        if (len == 0)
            return false;
        p += len;
        if (*p == '\0')
            return true;
        if (*p++ != '.')
            return false;
    }
}

ota_err version_parse(const char *text, struct version *out)
{
    struct version v = {0};
    const char *p = text;
    if (strnlen(text, VERSION_TEXT_MAX + 1) > VERSION_TEXT_MAX)
        return OTA_E_FORMAT;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && *p++ != '.')
            return OTA_E_FORMAT;
        if (!number_parse(&p, &v))
            return OTA_E_FORMAT;
    }
    if (*p == '-') {
        p++;
        if (!prerelease_parse(&p, &v))
            return OTA_E_FORMAT;
    } else {
        v.key[v.len++] = NO_PRERELEASE;
    }
    if (*p == '+' ? !build_is_good(p + 1) : *p != '\0')
        return OTA_E_FORMAT;
    *out = v;
    return OTA_OK;
}

struct version version_of(const char *text)
{
    struct version v = {0};
    if (text == NULL || version_parse(text, &v) != OTA_OK)
        v.len = 0;
    return v;
}

int version_compare(const struct version *a, const struct version *b)
{
    const size_t shorter = a->len < b->len ? a->len : b->len;
    const int order = memcmp(a->key, b->key, shorter);
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a->len > b->len) - (a->len < b->len);
}
