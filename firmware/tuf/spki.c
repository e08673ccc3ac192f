/* PEM of public keys; for P-256 the DER in front of the point never differs. */
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

/* Base64 in lines, padded as it has to be, and nothing in the bits that are left over. */
static ota_err decode(const uint8_t *text, size_t len, uint8_t *out, size_t max,
                      size_t *out_len)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0, digits = 0, pads = 0;

    for (size_t i = 0; i < len; i++) {
        int d = base64_digit(text[i]);

        if (text[i] == '\n')
            continue;
        if (text[i] == '=') {
            pads++;
            continue;
        }
        if (d < 0 || pads > 0)
            return OTA_E_FORMAT;
        digits++;
        bits = (bits << 6 | (uint32_t)d) & 0xfff;
        held += 6;
        if (held >= 8) {
            if (n == max)
                return OTA_E_LIMIT;
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    if ((digits + pads) % 4 != 0 || pads > 2 || (bits & ((1U << held) - 1)) != 0)
        return OTA_E_FORMAT;
    *out_len = n;
    return OTA_OK;
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

ota_err tuf_spki_pem(const uint8_t *text, size_t len, uint8_t *out, size_t max, size_t *out_len)
{
    static const char head[] = "-----BEGIN PUBLIC KEY-----\n";
    static const char foot[] = "-----END PUBLIC KEY-----";
    size_t head_len = sizeof head - 1, foot_len = sizeof foot - 1;

    while (len > 0 && text[len - 1] == '\n')
        len--;
    if (len < head_len + foot_len || memcmp(text, head, head_len) != 0 ||
        memcmp(text + len - foot_len, foot, foot_len) != 0)
        return OTA_E_FORMAT;
    return decode(text + head_len, len - head_len - foot_len, out, max, out_len);
}

ota_err tuf_spki_p256(const uint8_t *text, size_t len, uint8_t out[64])
{
    uint8_t der[DER_BYTES];
    size_t n = 0;

    if (len == 130)
        return point(text, out);
    if (tuf_spki_pem(text, len, der, sizeof der, &n) != OTA_OK || n != sizeof der ||
        memcmp(der, prefix, sizeof prefix) != 0 || der[PREFIX_BYTES] != 0x04)
        return OTA_E_FORMAT;
    memcpy(out, der + PREFIX_BYTES + 1, 64);
    return OTA_OK;
}
