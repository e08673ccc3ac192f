/* The device can do images that state a SHA-512 digest: Ed25519 needs that hash anyway. */
#include "crypto_ed25519.h"
#include "sha512_small.h"

const bool crypto_has_sha512 = true;

void crypto_sha512_init(struct crypto_sha512 *h)
{
    sha512_small_init(h);
}

void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    sha512_small_update(h, data, len);
}

void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    sha512_small_final(h, out);
}

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    return crypto_ed25519_verify(key, digest, CRYPTO_SHA512_BYTES, sig);
}
