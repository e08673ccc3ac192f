/*
 * The device's crypto port, P-256 profile: ECDSA from BearSSL, and the strict reading of its
 * signatures, since BearSSL's own is lenient: exactly one DER encoding of a signature is
 * accepted.  Ed25519 is left out for size; what is signed with it is refused as unknown.
 */
#include "../../image/crypto.h"
#include "p256.h"
#include "proven.h"

#include <string.h>

enum { NUMBER_BYTES = 32, DER_SEQUENCE = 0x30, DER_INTEGER = 0x02 };

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

ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                      const uint8_t digest[CRYPTO_DIGEST_BYTES], const uint8_t *sig,
                      size_t sig_bytes)
{
    uint8_t point[1 + 2 * NUMBER_BYTES], raw[2 * NUMBER_BYTES];

    if (alg != CRYPTO_P256)
        return OTA_E_FORMAT;
    if (key_bytes != 2 * NUMBER_BYTES || !signature_read(sig, sig_bytes, raw))
        return OTA_E_SIGNATURE;
    point[0] = 4; /* uncompressed */
    memcpy(point + 1, key, key_bytes);
    if (p256_verify(point, digest, raw) != 1)
        return OTA_E_SIGNATURE;
    if (p256_again() != 1)
        return OTA_E_SIGNATURE;
    proven_note(key, digest);
    return OTA_OK;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differ = 0;

    for (size_t i = 0; i < len; i++)
        differ |= (uint8_t)(x[i] ^ y[i]);
    return differ == 0;
}

void crypto_wipe(void *p, size_t len)
{
    volatile uint8_t *x = p;

    while (len-- > 0)
        x[len] = 0;
}
