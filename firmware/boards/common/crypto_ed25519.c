/*
 * The device's crypto port, Ed25519 profile: libsodium's.  P-256 is left out for size; an image
 * or manifest signed with it is refused as unknown.
 */
#include "../../image/crypto.h"

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                      const uint8_t digest[CRYPTO_DIGEST_BYTES], const uint8_t *sig,
                      size_t sig_bytes)
{
    if (alg != CRYPTO_ED25519)
        return OTA_E_FORMAT;
    if (key_bytes != crypto_sign_ed25519_PUBLICKEYBYTES ||
        sig_bytes != crypto_sign_ed25519_BYTES)
        return OTA_E_SIGNATURE;
    return crypto_sign_ed25519_verify_detached(sig, digest, CRYPTO_DIGEST_BYTES, key) == 0
               ? OTA_OK
               : OTA_E_SIGNATURE;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void crypto_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}
