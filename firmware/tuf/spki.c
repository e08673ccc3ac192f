/* PEM of one fixed form: the DER in front of the point never differs for P-256. */
#include "spki.h"

#include <stdbool.h>
#include <string.h>

enum { PREFIX_BYTES = 26, DER_BYTES = PREFIX_BYTES + 65 };

/* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING ... } */
static const uint8_t prefix[PREFIX_BYTES] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '/')
        return c == '+' ? 62 : 63;
    return -1;
}

/* Base64 in lines; padding only behind the last byte. */
static ota_err decode(const uint8_t *text, size_t len, uint8_t out[DER_BYTES])
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0, i = 0;

    for (; i < len && n < DER_BYTES; i++) {
        int d;

        if (text[i] == '\n')
            continue;
        d = base64_digit(text[i]);
        if (d < 0)
            return OTA_E_FORMAT;
        bits = (bits << 6 | (uint32_t)d) & 0xfff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    for (; i < len; i++)
        if (text[i] != '=' && text[i] != '\n')
            return OTA_E_FORMAT;
    return n == DER_BYTES ? OTA_OK : OTA_E_FORMAT;
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static ota_err point(const uint8_t *text, uint8_t out[64])
{
    if (text[0] != '0' || text[1] != '4')
        return OTA_E_FORMAT;
    for (size_t i = 0; i < 64; i++) {
        int hi = nibble(text[2 + 2 * i]), lo = nibble(text[3 + 2 * i]);

        if (hi < 0 || lo < 0)
            return OTA_E_FORMAT;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return OTA_OK;
}

ota_err tuf_spki_p256(const uint8_t *text, size_t len, uint8_t out[64])
{
    static const char head[] = "-----BEGIN PUBLIC KEY-----\n";
    static const char foot[] = "-----END PUBLIC KEY-----";
    size_t head_len = sizeof head - 1, foot_len = sizeof foot - 1;
    uint8_t der[DER_BYTES];

    if (len == 130)
        return point(text, out);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    if (len < head_len + foot_len || memcmp(text, head, head_len) != 0 ||
        memcmp(text + len - foot_len, foot, foot_len) != 0 ||
        decode(text + head_len, len - head_len - foot_len, der) != OTA_OK ||
        memcmp(der, prefix, sizeof prefix) != 0 || der[PREFIX_BYTES] != 0x04)
        return OTA_E_FORMAT;
    memcpy(out, der + PREFIX_BYTES + 1, 64);
    return OTA_OK;
}
