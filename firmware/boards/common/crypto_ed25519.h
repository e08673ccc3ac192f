#ifndef COMMON_CRYPTO_ED25519_H
#define COMMON_CRYPTO_ED25519_H

#include "ed25519.h"

/* ed25519_verify of a digest of len bytes, CRYPTO_DIGEST_BYTES at least; a good one is noted
 * (proven.h).  OTA_E_SIGNATURE. */
OTA_MUST_CHECK ota_err crypto_ed25519_verify(const uint8_t *key, const uint8_t *digest,
                                             size_t len, const uint8_t *sig);

#endif
