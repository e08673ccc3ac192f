/* PEM to bytes.  Strict where it matters: padding and foreign characters are errors. */
#include "pem.h"

#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64 * 1024, NO_DIGIT = -1, SPKI_BYTES_MAX = 128 };

static int digit_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? NO_DIGIT : (int)(at - digits);
}

static ota_err base64(const char *from, const char *to, uint8_t *out, size_t cap,
                      size_t *out_len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    for (; from < to && *from != '='; from++) {
        int d = digit_of(*from);

        if (*from == '\n' || *from == '\r') {
            continue;
        }
        if (d == NO_DIGIT) {
            return OTA_E_FORMAT;
        }
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8) {
            have -= 8;
            if (n == cap) {
                return OTA_E_LIMIT;
            }
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    for (; from < to; from++) {
        if (strchr("=\r\n", *from) == NULL) {
            return OTA_E_FORMAT;
        }
    }
    *out_len = n;
    return OTA_OK;
}

ota_err pem_decode(const char *text, const char *label, uint8_t *out, size_t cap,
                   size_t *out_len)
{
    char begin[64];
    char end[64];
    const char *from, *to;

    if (snprintf(begin, sizeof begin, "-----BEGIN %s-----", label) >= (int)sizeof begin ||
        snprintf(end, sizeof end, "-----END %s-----", label) >= (int)sizeof end) {
        return OTA_E_LIMIT;
    }
    from = strstr(text, begin);
    if (from == NULL) {
        return OTA_E_NOT_FOUND;
    }
    from += strlen(begin);
    to = strstr(from, end);
    return to == NULL ? OTA_E_FORMAT : base64(from, to, out, cap, out_len);
}

ota_err pem_root(const char *text, struct manifest_root *out)
{
    /* Everything of a SubjectPublicKeyInfo before the key itself (RFC 8410, RFC 5480). */
    static const uint8_t ed25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[SPKI_BYTES_MAX];
    size_t len, head;
    ota_err e = pem_decode(text, "PUBLIC KEY", der, sizeof der, &len);

    if (e) {
        return e;
    }
    if (len == sizeof ed25519 + 32 && memcmp(der, ed25519, sizeof ed25519) == 0) {
        head = sizeof ed25519;
        out->alg = CRYPTO_ED25519;
    } else if (len == sizeof p256 + 64 && memcmp(der, p256, sizeof p256) == 0) {
        head = sizeof p256;
        out->alg = CRYPTO_P256;
    } else {
        return OTA_E_FORMAT;
    }
    out->key_bytes = (uint8_t)(len - head);
    memcpy(out->key, der + head, len - head);
    return OTA_OK;
}

const char *pem_file(const char *path)
{
    static char text[FILE_BYTES_MAX + 1];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL) {
        return NULL;
    }
    n = fread(text, 1, sizeof text, f);
    fclose(f);
    if (n == sizeof text) {
        return NULL;
    }
    text[n] = '\0';
    return text;
}
