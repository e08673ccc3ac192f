/*
 * SHA256SUMS, BSD style (SPEC 5.1): one way to write a list, so that equal releases have equal
 * bytes and one signature.
 */
#include "sums.h"

#include <string.h>

static const char head[] = "SHA256 (";
static const char middle[] = ") = ";

enum { HEAD_BYTES = sizeof head - 1, MIDDLE_BYTES = sizeof middle - 1, HEX_BYTES = 64 };

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool sums_name_valid(const char *name, size_t len)
{
    static const char reserved[] = "SHA256SUMS"; /* and .minisig, .sig, .asc */

    if (len == 0 || len > SUMS_NAME_BYTES_MAX || !is_alnum(name[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(name[i]) && name[i] != '.' && name[i] != '_' && name[i] != '-')
            return false;
    }
    return len < sizeof reserved - 1 || memcmp(name, reserved, sizeof reserved - 1) != 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_read(const char *text, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    for (size_t i = 0; i < CRYPTO_DIGEST_BYTES; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

ota_err sums_line(const char *text, size_t len, struct sums_entry *out, size_t *out_used)
{
    size_t fixed = HEAD_BYTES + MIDDLE_BYTES + HEX_BYTES + 1;
    const char *newline = len == 0 ? NULL : memchr(text, '\n', len);
    struct sums_entry entry;
    size_t used, name_bytes;
    const char *behind;

    if (newline == NULL)
        return OTA_E_FORMAT;
    used = (size_t)(newline - text) + 1;
    if (used <= fixed)
        return OTA_E_FORMAT;
    name_bytes = used - fixed;
    behind = text + HEAD_BYTES + name_bytes;
    if (memcmp(text, head, HEAD_BYTES) != 0 || memcmp(behind, middle, MIDDLE_BYTES) != 0)
        return OTA_E_FORMAT;
    if (!sums_name_valid(text + HEAD_BYTES, name_bytes) ||
        !hex_read(behind + MIDDLE_BYTES, entry.sha256))
        return OTA_E_FORMAT;
    memset(entry.name, 0, sizeof entry.name);
    memcpy(entry.name, text + HEAD_BYTES, name_bytes);
    *out = entry;
    *out_used = used;
    return OTA_OK;
}

ota_err sums_parse(const char *text, size_t len, struct sums_entry *entries, size_t max,
                   size_t *out_count)
{
    size_t count = 0;

    while (len > 0) {
        size_t used;

        if (count == max)
            return OTA_E_LIMIT;
        if (sums_line(text, len, &entries[count], &used) != OTA_OK)
            return OTA_E_FORMAT;
        if (count > 0 && strcmp(entries[count - 1].name, entries[count].name) >= 0)
            return OTA_E_FORMAT;
        text += used;
        len -= used;
        count++;
    }
    if (count == 0)
        return OTA_E_FORMAT;
    *out_count = count;
    return OTA_OK;
}

const struct sums_entry *sums_find(const struct sums_entry *entries, size_t count,
                                   const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i];
    }
    return NULL;
}

ota_err sums_line_write(const struct sums_entry *entry, char *out, size_t room,
                        size_t *out_bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t name_bytes = strnlen(entry->name, sizeof entry->name);
    size_t bytes = HEAD_BYTES + name_bytes + MIDDLE_BYTES + HEX_BYTES + 1;

    if (!sums_name_valid(entry->name, name_bytes))
        return OTA_E_FORMAT;
    if (bytes > room)
        return OTA_E_LIMIT;
    memcpy(out, head, HEAD_BYTES);
    out += HEAD_BYTES;
    memcpy(out, entry->name, name_bytes);
    out += name_bytes;
    memcpy(out, middle, MIDDLE_BYTES);
    out += MIDDLE_BYTES;
    for (size_t i = 0; i < CRYPTO_DIGEST_BYTES; i++) {
        *out++ = digits[entry->sha256[i] >> 4];
        *out++ = digits[entry->sha256[i] & 15];
    }
    *out = '\n';
    *out_bytes = bytes;
    return OTA_OK;
}
