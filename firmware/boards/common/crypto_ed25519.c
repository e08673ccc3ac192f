/*
 * The device's crypto port, Ed25519 profile: libsodium's.  An image or manifest signed with
 * P-256 is refused as unknown; what the agent needs of P-256 is crypto_message.c's.
 */
#include "crypto_ed25519.h"

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include "proven.h"

ota_err crypto_ed25519_verify(const uint8_t *key, const uint8_t *digest, size_t len,
                              const uint8_t *sig)
{
    if (ed25519_verify(key, digest, len, sig) != OTA_OK)
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
    return crypto_ed25519_verify(key, digest, CRYPTO_DIGEST_BYTES, sig);
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
