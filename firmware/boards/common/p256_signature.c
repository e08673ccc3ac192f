/*
 * ECDSA from BearSSL, and the strict reading of its signatures, since BearSSL's own is lenient.
 */
#include "p256_signature.h"

#include <string.h>

#include "p256.h"

enum {
    NUMBER_BYTES = 32,
    KEY_BYTES = 2 * NUMBER_BYTES,
    DER_SEQUENCE = 0x30,
    DER_INTEGER = 0x02
};

/* A positive INTEGER in its shortest form at *at, right-aligned into out. */
static bool integer(const uint8_t **at, const uint8_t *end, uint8_t out[NUMBER_BYTES])
{
    const uint8_t *p = *at;
    size_t len;

    if (end - p < 3 || p[0] != DER_INTEGER)
        return false;
    len = p[1];
    p += 2;
    if (len == 0 || len > (size_t)(end - p) || p[0] > 0x7f)
        return false;
    *at = p + len;
    if (len > 1 && p[0] == 0) { /* only to keep the next byte from being a sign */
        if (p[1] <= 0x7f)
            return false;
        p++;
        len--;
    }
    if (len > NUMBER_BYTES)
        return false;
    memset(out, 0, NUMBER_BYTES - len);
    memcpy(out + NUMBER_BYTES - len, p, len);
    return true;
}

/* DER SEQUENCE of r and s, and nothing behind it. */
static bool signature_read(const uint8_t *sig, size_t len, uint8_t raw[2 * NUMBER_BYTES])
{
    const uint8_t *at = sig + 2, *end = sig + len;

    return len >= 8 && len <= CRYPTO_SIGNATURE_BYTES_MAX && sig[0] == DER_SEQUENCE &&
           sig[1] == len - 2 && integer(&at, end, raw) &&
           integer(&at, end, raw + NUMBER_BYTES) && at == end;
}

ota_err p256_signature_verify(const uint8_t *key, const uint8_t digest[CRYPTO_DIGEST_BYTES],
                              const uint8_t *sig, size_t sig_bytes)
{
    uint8_t point[1 + KEY_BYTES], raw[2 * NUMBER_BYTES];

    if (!signature_read(sig, sig_bytes, raw))
        return OTA_E_SIGNATURE;
    point[0] = 4; /* uncompressed */
    memcpy(point + 1, key, KEY_BYTES);
    if (p256_verify(point, digest, raw) != 1)
        return OTA_E_SIGNATURE;
    if (p256_again() != 1)
        return OTA_E_SIGNATURE;
    return OTA_OK;
}
