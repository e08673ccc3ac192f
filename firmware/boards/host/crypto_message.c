/* The host's port of crypto_message.h: libsodium, and the P-256 of crypto.c. */
#include "../../image/crypto_message.h"

#include <sodium.h>

ota_err crypto_verify_ed25519_message(const uint8_t key[32], const void *message, size_t len,
                                      const uint8_t sig[64])
{
    return crypto_sign_verify_detached(sig, message, len, key) == 0 ? OTA_OK : OTA_E_SIGNATURE;
}

ota_err crypto_verify_p256_message(const uint8_t key[64], const void *message, size_t len,
                                   const uint8_t *sig, size_t sig_bytes)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, message, len);
    crypto_sha256_final(&h, digest);
    return crypto_verify(CRYPTO_P256, key, 64, digest, sig, sig_bytes);
}
