/*
 * Signatures of repository metadata (SPEC 10.1), both kinds in every profile.  The bootloader
 * has no use for this, and so nothing of it: an object of its own that only the agent pulls in,
 * and with it the other profile's curve.
 */
#include "../../image/crypto_message.h"

#include "ed25519.h"
#include "p256_signature.h"

ota_err crypto_verify_ed25519_message(const uint8_t key[32], const void *message, size_t len,
                                      const uint8_t sig[64])
{
    return ed25519_verify(key, message, len, sig);
}

ota_err crypto_verify_p256_message(const uint8_t key[64], const void *message, size_t len,
                                   const uint8_t *sig, size_t sig_bytes)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, message, len);
    crypto_sha256_final(&h, digest);
    return p256_signature_verify(key, digest, sig, sig_bytes);
}
