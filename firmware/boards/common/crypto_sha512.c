/* The device's SHA-512 for images, where Ed25519 needs one anyway: BearSSL's. */
#include "../../image/sha512.h"

#include <bearssl_hash.h>
#include <sodium/crypto_sign_ed25519.h>

_Static_assert(sizeof(br_sha512_context) <= sizeof(struct crypto_sha512),
               "no room for BearSSL's SHA-512");

const bool crypto_has_sha512 = true;

static br_sha512_context *context(struct crypto_sha512 *h)
{
    return (br_sha512_context *)(void *)h->opaque;
}

void crypto_sha512_init(struct crypto_sha512 *h)
{
    br_sha512_init(context(h));
}

void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    br_sha512_update(context(h), data, len);
}

void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    br_sha512_out(context(h), out);
}

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    return crypto_sign_ed25519_verify_detached(sig, digest, CRYPTO_SHA512_BYTES, key) == 0
               ? OTA_OK
               : OTA_E_SIGNATURE;
}
