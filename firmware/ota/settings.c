/*
 * The settings sector (SPEC 4.5): a header, tagged entries, a checksum.  Every entry stands
 * there exactly once; strings hold only characters that are safe in a URL path, a header and
 * JSON, so that nothing behind the parser has to quote them.
 */
#include "settings.h"

#include <string.h>

#include "../image/le.h"
#include "../image/reader.h"
#include "../slot/crc32.h"

enum { MAGIC_BYTES = 8, HEAD_BYTES = 12, CRC_BYTES = 4, FORMAT = 1, PORT_MAX = 65535 };

enum tag {
    TAG_HOST = 1,
    TAG_PORT = 2,
    TAG_SERVER_NAME = 3,
    TAG_TENANT = 4,
    TAG_DEVICE_ID = 5,
    TAG_AUTH = 6,
    TAG_TOKEN = 7,
    TAG_PLATFORM = 8,
    TAG_POLL = 9,
    TAG_HEARTBEAT = 10,
    TAG_CA = 11,
    TAG_LAST = TAG_CA
};

static const uint8_t magic[MAGIC_BYTES] = {'O', 'T', 'A', 'D', 'S', 'E', 'T', 'T'};

struct string_entry {
    enum tag tag;
    size_t offset, cap;
};

#define STRING(tag, member)                                                                    \
    {                                                                                          \
        tag, offsetof(struct ota_settings, member), sizeof((struct ota_settings *)0)->member   \
    }

static const struct string_entry string_entries[] = {
    STRING(TAG_HOST, host),     STRING(TAG_SERVER_NAME, server_name),
    STRING(TAG_TENANT, tenant), STRING(TAG_DEVICE_ID, device_id),
    STRING(TAG_TOKEN, token),   STRING(TAG_PLATFORM, platform),
};
enum { STRINGS = sizeof string_entries / sizeof string_entries[0] };

static const struct string_entry *string_entry(unsigned tag)
{
    for (size_t i = 0; i < STRINGS; i++) {
        if ((unsigned)string_entries[i].tag == tag) {
            return &string_entries[i];
        }
    }
    return NULL;
}

static bool plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._-:+=~", c) != NULL);
}

static ota_err take_string(const struct string_entry *e, const uint8_t *value, size_t len,
                           struct ota_settings *out)
{
    if (len == 0) {
        return OTA_E_FORMAT;
    }
    if (len >= e->cap) {
        return OTA_E_LIMIT;
    }
    for (size_t i = 0; i < len; i++) {
        if (!plain(value[i])) {
            return OTA_E_FORMAT;
        }
    }
    memcpy((char *)out + e->offset, value, len);
    ((char *)out)[e->offset + len] = '\0';
    return OTA_OK;
}

static ota_err take_number(unsigned tag, const uint8_t *value, size_t len,
                           struct ota_settings *out)
{
    uint32_t v;

    if (len != 4) {
        return OTA_E_FORMAT;
    }
    v = le32_load(value);
    switch (tag) {
    case TAG_PORT:
        out->port = (uint16_t)v;
        return v >= 1 && v <= PORT_MAX ? OTA_OK : OTA_E_FORMAT;
    case TAG_AUTH:
        out->auth = v == OTA_AUTH_GATEWAY ? OTA_AUTH_GATEWAY : OTA_AUTH_TARGET;
        return v == OTA_AUTH_TARGET || v == OTA_AUTH_GATEWAY ? OTA_OK : OTA_E_FORMAT;
    case TAG_POLL:
        out->poll_s = v;
        return OTA_OK;
    default:
        out->heartbeat_s = v;
        return OTA_OK;
    }
}

static ota_err take_entry(unsigned tag, const uint8_t *value, size_t len,
                          struct ota_settings *out)
{
    const struct string_entry *e = string_entry(tag);

    if (e != NULL) {
        return take_string(e, value, len, out);
    }
    if (tag != TAG_CA) {
        return take_number(tag, value, len, out);
    }
    if (len == 0 || len > OTA_CA_MAX) {
        return OTA_E_LIMIT;
    }
    memcpy(out->ca, value, len);
    out->ca_bytes = (uint16_t)len;
    return OTA_OK;
}

static ota_err take_entries(struct reader *r, struct ota_settings *out)
{
    uint32_t seen = 0;

    while (r->left > 0) {
        const uint8_t *head, *value;
        uint16_t len;
        uint8_t tag;
        ota_err e;

        if (reader_entry(r, &head, &value, &len)) {
            return OTA_E_FORMAT;
        }
        tag = head[0];
        if (tag < TAG_HOST || tag > TAG_LAST || head[1] != 0 || (seen & 1u << tag) != 0) {
            return OTA_E_FORMAT;
        }
        seen |= 1u << tag;
        e = take_entry(tag, value, len, out);
        if (e) {
            return e;
        }
    }
    return seen == (1u << (TAG_LAST + 1)) - 2 ? OTA_OK : OTA_E_FORMAT;
}

/* Total length from the header; 0 if this is none. */
static size_t total_of(const uint8_t *bytes, size_t len)
{
    if (len < HEAD_BYTES || memcmp(bytes, magic, MAGIC_BYTES) != 0 ||
        le16_load(bytes + 8) != FORMAT) {
        return 0;
    }
    return le16_load(bytes + 10);
}

ota_err ota_settings_parse(const uint8_t *bytes, size_t len, struct ota_settings *out)
{
    struct ota_settings s = {0};
    size_t total = total_of(bytes, len);
    struct reader r;
    ota_err e;

    if (total < HEAD_BYTES + CRC_BYTES || total > len) {
        return OTA_E_FORMAT;
    }
    if (total > OTA_SETTINGS_BYTES_MAX) {
        return OTA_E_LIMIT;
    }
    if (crc32_of(bytes, total - CRC_BYTES) != le32_load(bytes + total - CRC_BYTES)) {
        return OTA_E_FORMAT;
    }
    r = (struct reader){bytes + HEAD_BYTES, total - HEAD_BYTES - CRC_BYTES};
    e = take_entries(&r, &s);
    if (e == OTA_OK) {
        *out = s;
    }
    return e;
}

struct writer {
    uint8_t *buf;
    size_t cap, len;
    bool full;
};

static void put(struct writer *w, unsigned tag, const void *value, size_t len)
{
    if (w->full || len > UINT16_MAX || w->cap - w->len < 4 + len) {
        w->full = true;
        return;
    }
    w->buf[w->len] = (uint8_t)tag;
    w->buf[w->len + 1] = 0;
    le16_store(w->buf + w->len + 2, (uint16_t)len);
    memcpy(w->buf + w->len + 4, value, len);
    w->len += 4 + len;
}

static void put_u32(struct writer *w, unsigned tag, uint32_t v)
{
    uint8_t b[4];

    le32_store(b, v);
    put(w, tag, b, sizeof b);
}

ota_err ota_settings_write(const struct ota_settings *in, uint8_t *buf, size_t cap,
                           size_t *out_len)
{
    struct writer w = {.buf = buf, .cap = cap, .len = HEAD_BYTES};
    struct ota_settings check;
    ota_err e;

    if (cap < HEAD_BYTES + CRC_BYTES) {
        return OTA_E_LIMIT;
    }
    w.cap = cap - CRC_BYTES;
    memcpy(buf, magic, MAGIC_BYTES);
    le16_store(buf + 8, FORMAT);
    for (size_t i = 0; i < STRINGS; i++) {
        const char *s = (const char *)in + string_entries[i].offset;

        const char *end = memchr(s, '\0', string_entries[i].cap);

        if (end == NULL) {
            return OTA_E_LIMIT;
        }
        put(&w, string_entries[i].tag, s, (size_t)(end - s));
    }
    put_u32(&w, TAG_PORT, in->port);
    put_u32(&w, TAG_AUTH, (uint32_t)in->auth);
    put_u32(&w, TAG_POLL, in->poll_s);
    put_u32(&w, TAG_HEARTBEAT, in->heartbeat_s);
    put(&w, TAG_CA, in->ca, in->ca_bytes);
    if (w.full) {
        return OTA_E_LIMIT;
    }
    le16_store(buf + 10, (uint16_t)(w.len + CRC_BYTES));
    le32_store(buf + w.len, crc32_of(buf, w.len));
    e = ota_settings_parse(buf, w.len + CRC_BYTES, &check);
    if (e == OTA_OK) {
        *out_len = w.len + CRC_BYTES;
    }
    return e;
}

ota_err ota_settings_load(const struct slot_map *m, uint8_t *buf, struct ota_settings *out)
{
    const struct flash *f = m->flash;
    size_t total;

    if (f->read(f, m->settings_at, buf, HEAD_BYTES)) {
        return OTA_E_IO;
    }
    total = total_of(buf, HEAD_BYTES);
    if (total == 0) {
        for (size_t i = 0; i < HEAD_BYTES; i++) {
            if (buf[i] != f->erased) {
                return OTA_E_FORMAT;
            }
        }
        return OTA_E_NOT_FOUND;
    }
    if (total > OTA_SETTINGS_BYTES_MAX || total > f->erase_bytes) {
        return OTA_E_LIMIT;
    }
    if (f->read(f, m->settings_at, buf, total)) {
        return OTA_E_IO;
    }
    return ota_settings_parse(buf, total, out);
}
