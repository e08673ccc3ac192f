/*
 * The device's crypto port, Ed25519 profile: libsodium's.  P-256 is left out for size; an image
 * or manifest signed with it is refused as unknown.
 */
#include "crypto_ed25519.h"

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <string.h>

#include "proven.h"

/* What the last verification computed, to equal the first half of a good signature: it hands it
 * to our sodium_memcmp. */
static uint8_t computed[32];

int sodium_memcmp(const void *const a, const void *const b, size_t len)
{
    if (len == sizeof computed)
        memcpy(computed, b, sizeof computed);
    return crypto_equal(a, b, len) ? 0 : -1;
}

ota_err ed25519_verify(const uint8_t *key, const uint8_t *digest, size_t len,
                       const uint8_t *sig)
{
    computed[0] = (uint8_t)~sig[0]; /* verifications that give up early compute nothing */
    if (crypto_sign_ed25519_verify_detached(sig, digest, len, key) != 0)
        return OTA_E_SIGNATURE;
    if (memcmp(computed, sig, sizeof computed) != 0)
        return OTA_E_SIGNATURE;
    proven_note(key, digest);
    return OTA_OK;
}

ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                      const uint8_t digest[CRYPTO_DIGEST_BYTES], const uint8_t *sig,
                      size_t sig_bytes)
{
    if (alg != CRYPTO_ED25519)
        return OTA_E_FORMAT;
    if (key_bytes != crypto_sign_ed25519_PUBLICKEYBYTES ||
        sig_bytes != crypto_sign_ed25519_BYTES)
        return OTA_E_SIGNATURE;
    return ed25519_verify(key, digest, CRYPTO_DIGEST_BYTES, sig);
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
    sodium_memzero(p, len);
}
