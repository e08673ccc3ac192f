/*
 * Intel HEX.  Reading goes over the text twice: the first pass checks every record and finds
 * the range, the second fills it in; what the first accepted the second cannot trip over.
 */
#include "hex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_DATA = 0,
    RECORD_END = 1,
    RECORD_SEGMENT = 2,
    RECORD_START_SEGMENT = 3,
    RECORD_LINEAR = 4,
    RECORD_START_LINEAR = 5,
    RECORD_BYTES_MAX = 255,
    LINE_BYTES_MAX = 1 + 2 * (5 + RECORD_BYTES_MAX) + 1, /* with the newline */
    WRITE_BYTES = 16,
};

struct record {
    uint8_t len, type;
    uint16_t offset;
    uint8_t data[RECORD_BYTES_MAX];
};

/* Where the text is read and what data records count from. */
struct cursor {
    const char *at;
    size_t left;
    size_t line;
    uint32_t base;
    bool ended;
};

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* One line without its ending as a record.  Errors: OTA_E_FORMAT. */
static ota_err record_read(const char *line, size_t len, struct record *out)
{
    uint8_t bytes[5 + RECORD_BYTES_MAX];
    unsigned sum = 0;
    size_t n = (len - 1) / 2;

    if (line[0] != ':' || len % 2 != 1 || n < 5 || n > sizeof bytes)
        return OTA_E_FORMAT;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(line[1 + 2 * i]), low = hex_digit(line[2 + 2 * i]);

        if (high < 0 || low < 0)
            return OTA_E_FORMAT;
        bytes[i] = (uint8_t)(high << 4 | low);
        sum += bytes[i];
    }
    if (bytes[0] != n - 5 || (sum & 0xff) != 0)
        return OTA_E_FORMAT;
    out->len = bytes[0];
    out->offset = (uint16_t)(bytes[1] << 8 | bytes[2]);
    out->type = bytes[3];
    memcpy(out->data, bytes + 4, out->len);
    return OTA_OK;
}

/* The next line of the text, without CR and LF; empty ones are skipped.  false: none is left.
 */
static bool line_next(struct cursor *c, const char **out, size_t *out_len)
{
    while (c->left > 0) {
        const char *line = c->at;
        const char *end = memchr(line, '\n', c->left);
        size_t whole = end == NULL ? c->left : (size_t)(end - line) + 1;
        size_t len = end == NULL ? whole : whole - 1;

        c->at += whole;
        c->left -= whole;
        c->line++;
        while (len > 0 && line[len - 1] == '\r')
            len--;
        if (len == 0)
            continue;
        *out = line;
        *out_len = len;
        return true;
    }
    return false;
}

/* What a record other than data means.  Errors: OTA_E_FORMAT. */
static ota_err control(struct cursor *c, const struct record *r)
{
    unsigned value = r->len < 2 ? 0 : (unsigned)(r->data[0] << 8 | r->data[1]);

    switch (r->type) {
    case RECORD_END:
        c->ended = true;
        return r->len == 0 ? OTA_OK : OTA_E_FORMAT;
    case RECORD_SEGMENT:
        c->base = value << 4;
        return r->len == 2 && r->offset == 0 ? OTA_OK : OTA_E_FORMAT;
    case RECORD_LINEAR:
        c->base = value << 16;
        return r->len == 2 && r->offset == 0 ? OTA_OK : OTA_E_FORMAT;
    case RECORD_START_SEGMENT:
    case RECORD_START_LINEAR:
        return r->len == 4 && r->offset == 0 ? OTA_OK : OTA_E_FORMAT;
    default:
        return OTA_E_FORMAT;
    }
}

/*
 * The next data record with its address; *out_more is false at the end of the file.  A record
 * that would run beyond its 64 KiB is refused: programs disagree about where it goes on.
 */
static ota_err data_next(struct cursor *c, struct record *out, uint32_t *out_address,
                         bool *out_more)
{
    const char *line = NULL;
    size_t len = 0;
    ota_err e;

    *out_more = false;
    while (line_next(c, &line, &len)) {
        if (c->ended || len >= LINE_BYTES_MAX)
            return OTA_E_FORMAT;
        e = record_read(line, len, out);
        if (e != OTA_OK)
            return e;
        if (out->type != RECORD_DATA) {
            e = control(c, out);
            if (e != OTA_OK)
                return e;
            continue;
        }
        if (out->len == 0)
            continue;
        if ((uint32_t)out->offset + out->len > 0x10000)
            return OTA_E_FORMAT;
        *out_address = c->base + out->offset;
        *out_more = true;
        return OTA_OK;
    }
    return c->ended ? OTA_OK : OTA_E_FORMAT;
}

static ota_err bounds(const char *text, size_t text_len, uint32_t *out_first,
                      uint32_t *out_last, size_t *out_line)
{
    struct cursor c = {.at = text, .left = text_len};
    uint32_t first = UINT32_MAX, last = 0, address = 0;
    struct record r;
    bool more = true;
    ota_err e = OTA_OK;

    while (e == OTA_OK && more) {
        e = data_next(&c, &r, &address, &more);
        if (e != OTA_OK || !more)
            break;
        first = address < first ? address : first;
        last = address + (r.len - 1u) > last ? address + (r.len - 1u) : last;
    }
    *out_line = c.line;
    if (e == OTA_OK && first > last)
        e = OTA_E_FORMAT; /* no data at all */
    if (e == OTA_OK && last - first >= HEX_SPAN_BYTES_MAX)
        e = OTA_E_LIMIT;
    *out_first = first;
    *out_last = last;
    return e;
}

/* seen has one bit for each byte of the range. */
static ota_err place(const struct record *r, size_t at, uint8_t *data, uint8_t *seen)
{
    for (size_t i = 0; i < r->len; i++, at++) {
        uint8_t bit = (uint8_t)(1u << (at & 7));

        if ((seen[at >> 3] & bit) != 0)
            return OTA_E_FORMAT;
        seen[at >> 3] |= bit;
        data[at] = r->data[i];
    }
    return OTA_OK;
}

static ota_err fill(const char *text, size_t text_len, struct hex_range *range, uint8_t *seen,
                    size_t *out_line)
{
    struct cursor c = {.at = text, .left = text_len};
    struct record r;
    uint32_t address = 0;
    bool more = true;
    ota_err e = OTA_OK;

    while (e == OTA_OK && more) {
        e = data_next(&c, &r, &address, &more);
        if (e == OTA_OK && more)
            e = place(&r, address - range->address, range->data, seen);
    }
    *out_line = c.line;
    return e;
}

ota_err hex_read(const char *text, size_t text_len, struct hex_range *out, size_t *out_line)
{
    struct hex_range range = {NULL, 0, 0};
    uint32_t last = 0;
    uint8_t *seen;
    ota_err e = bounds(text, text_len, &range.address, &last, out_line);

    if (e != OTA_OK)
        return e;
    range.len = (size_t)(last - range.address) + 1;
    range.data = malloc(range.len);
    seen = calloc(1, range.len / 8 + 1);
    if (range.data == NULL || seen == NULL) {
        e = OTA_E_NO_MEMORY;
    } else {
        memset(range.data, 0xff, range.len);
        e = fill(text, text_len, &range, seen, out_line);
    }
    free(seen);
    if (e != OTA_OK)
        free(range.data);
    else
        *out = range;
    return e;
}

/* The record being collected and the text so far. */
struct writer {
    char *text;
    size_t used;
    bool linear; /* some byte lies above 64 KiB */
    bool begun;
    uint32_t high; /* of the last extended linear address */
    struct record pending;
    uint32_t address;
};

static void record_write(struct writer *w, uint8_t type, uint16_t offset, const uint8_t *data,
                         uint8_t len)
{
    static const char digit[] = "0123456789ABCDEF";
    uint8_t head[4] = {len, (uint8_t)(offset >> 8), (uint8_t)offset, type};
    unsigned sum = 0;
    char *p = w->text + w->used;

    *p++ = ':';
    for (size_t i = 0; i < sizeof head + len + 1; i++) {
        uint8_t b = i < 4          ? head[i]
                    : i < 4u + len ? data[i - 4]
                                   : (uint8_t)(0x100 - (sum & 0xff));

        sum += b;
        *p++ = digit[b >> 4];
        *p++ = digit[b & 15];
    }
    *p++ = '\n';
    w->used = (size_t)(p - w->text);
}

static void flush(struct writer *w)
{
    uint32_t high = w->address >> 16;
    const uint8_t base[2] = {(uint8_t)(high >> 8), (uint8_t)high};

    if (w->pending.len == 0)
        return;
    if (w->linear && (!w->begun || high != w->high))
        record_write(w, RECORD_LINEAR, 0, base, sizeof base);
    w->begun = true;
    w->high = high;
    record_write(w, RECORD_DATA, (uint16_t)w->address, w->pending.data, w->pending.len);
    w->pending.len = 0;
}

static void byte_write(struct writer *w, uint32_t address, uint8_t byte)
{
    if (w->pending.len == WRITE_BYTES || (address & 0xffff) == 0 ||
        address != w->address + w->pending.len)
        flush(w);
    if (w->pending.len == 0)
        w->address = address;
    w->pending.data[w->pending.len++] = byte;
}

ota_err hex_write(const struct hex_piece *piece, size_t count, char **out, size_t *out_len)
{
    struct writer w = {.linear = false};
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t end = (uint64_t)piece[i].address + piece[i].len;

        if (end > (uint64_t)UINT32_MAX + 1 || piece[i].len > HEX_SPAN_BYTES_MAX)
            return OTA_E_LIMIT;
        w.linear = w.linear || end > 0x10000;
        bytes += piece[i].len;
    }
    /* A line of 44 characters for 16 bytes; three lines more for each piece and each 64 KiB. */
    w.text = malloc((bytes / WRITE_BYTES + 3 * (bytes / 0x10000 + 2) * (count + 1)) * 44);
    if (w.text == NULL)
        return OTA_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < piece[i].len; j++)
            byte_write(&w, piece[i].address + (uint32_t)j, piece[i].data[j]);
    }
    flush(&w);
    record_write(&w, RECORD_END, 0, NULL, 0);
    *out = w.text;
    *out_len = w.used;
    return OTA_OK;
}
