/* The device can do images that state a SHA-512 digest: Ed25519 needs that hash anyway. */
#include "../../image/sha512.h"

#include "crypto_ed25519.h"

const bool crypto_has_sha512 = true;

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    return ed25519_verify(key, digest, CRYPTO_SHA512_BYTES, sig);
}
