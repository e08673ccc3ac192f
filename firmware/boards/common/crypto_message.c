/*
 * Signatures of repository metadata (SPEC 10.1).  The bootloader has no use for this, and so
 * nothing of it: an object of its own that only the agent pulls in.
 */
#include "../../image/crypto_message.h"

#include "crypto_ed25519.h"

ota_err crypto_verify_ed25519_message(const uint8_t key[32], const void *message, size_t len,
                                      const uint8_t sig[64])
{
    /* What is good is noted by its first bytes; no metadata is shorter than a digest. */
    return len < CRYPTO_DIGEST_BYTES ? OTA_E_SIGNATURE : ed25519_verify(key, message, len, sig);
}
