/* The host's port of crypto_message.h: libsodium. */
#include "../../image/crypto_message.h"

#include <sodium.h>

ota_err crypto_verify_ed25519_message(const uint8_t key[32], const void *message, size_t len,
                                      const uint8_t sig[64])
{
    return crypto_sign_verify_detached(sig, message, len, key) == 0 ? OTA_OK : OTA_E_SIGNATURE;
}
