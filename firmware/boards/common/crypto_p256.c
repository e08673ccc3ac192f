/*
 * The device's crypto port, P-256 profile.  An image or manifest signed with Ed25519 is refused
 * as unknown; what the agent needs of Ed25519 is crypto_message.c's.
 */
#include "p256_signature.h"
#include "proven.h"

enum { KEY_BYTES = 64 };

ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                      const uint8_t digest[CRYPTO_DIGEST_BYTES], const uint8_t *sig,
                      size_t sig_bytes)
{
    if (alg != CRYPTO_P256)
        return OTA_E_FORMAT;
    if (key_bytes != KEY_BYTES || p256_signature_verify(key, digest, sig, sig_bytes) != OTA_OK)
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
