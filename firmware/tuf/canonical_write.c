/* Canonical text into a buffer.  That it is canonical is checked once, at the end. */
#include "canonical.h"

#include <string.h>

static void put(struct canonical_out *o, const void *bytes, size_t len)
{
    if (o->full || len > o->size - o->len) {
        o->full = true;
        return;
    }
    memcpy(o->at + o->len, bytes, len);
    o->len += len;
}

/* Before a value or a name. */
static void separate(struct canonical_out *o)
{
    if (o->comma)
        put(o, ",", 1);
    o->comma = true;
}

void canonical_begin(struct canonical_out *o, uint8_t *buf, size_t size)
{
    *o = (struct canonical_out){.at = buf, .size = size};
}

void canonical_open(struct canonical_out *o, char bracket)
{
    separate(o);
    put(o, &bracket, 1);
    o->comma = false;
}

void canonical_close(struct canonical_out *o, char bracket)
{
    put(o, &bracket, 1);
    o->comma = true;
}

void canonical_name(struct canonical_out *o, const char *name)
{
    canonical_put_text(o, name);
    put(o, ":", 1);
    o->comma = false;
}

void canonical_put_text(struct canonical_out *o, const char *text)
{
    separate(o);
    put(o, "\"", 1);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            put(o, "\\", 1);
        put(o, text, 1);
    }
    put(o, "\"", 1);
}

void canonical_put_uint(struct canonical_out *o, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;

    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    separate(o);
    put(o, digits + n, sizeof digits - n);
}

void canonical_put_bool(struct canonical_out *o, bool v)
{
    separate(o);
    put(o, v ? "true" : "false", v ? 4 : 5);
}

void canonical_put_hex(struct canonical_out *o, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    separate(o);
    put(o, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        put(o, &digits[bytes[i] >> 4], 1);
        put(o, &digits[bytes[i] & 15], 1);
    }
    put(o, "\"", 1);
}

void canonical_put(struct canonical_out *o, struct canonical v)
{
    separate(o);
    put(o, v.at, v.len);
}

ota_err canonical_end(const struct canonical_out *o, struct canonical *out)
{
    ota_err e = o->full ? OTA_E_LIMIT : canonical_check(o->at, o->len);

    if (e == OTA_OK)
        *out = (struct canonical){o->at, o->len};
    return e;
}
