/*
 * The device's crypto port, Ed25519 profile: SHA-256 from BearSSL, Ed25519 from libsodium.
 * P-256 is left out for size; an image or manifest signed with it is refused as unknown.
 */
#include "../../image/crypto.h"

#include <bearssl_hash.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct crypto_sha256),
               "no room for BearSSL's SHA-256");

static br_sha256_context *context(struct crypto_sha256 *h)
{
    return (br_sha256_context *)(void *)h->opaque;
}

void crypto_sha256_init(struct crypto_sha256 *h)
{
    br_sha256_init(context(h));
}

void crypto_sha256_update(struct crypto_sha256 *h, const void *data, size_t len)
{
    br_sha256_update(context(h), data, len);
}

void crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    br_sha256_out(context(h), out);
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
