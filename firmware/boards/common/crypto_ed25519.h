#ifndef COMMON_CRYPTO_ED25519_H
#define COMMON_CRYPTO_ED25519_H

#include "../../image/crypto.h"

/* Is sig (64 bytes) key's over these len bytes of digest?  A good one is noted (proven.h).
 * OTA_E_SIGNATURE. */
OTA_MUST_CHECK ota_err ed25519_verify(const uint8_t *key, const uint8_t *digest, size_t len,
                                      const uint8_t *sig);

#endif
