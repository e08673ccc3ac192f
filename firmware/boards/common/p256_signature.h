#ifndef COMMON_P256_SIGNATURE_H
#define COMMON_P256_SIGNATURE_H

#include "../../image/crypto.h"

/*
 * ECDSA over P-256 for devices: is sig key's (X, Y: 64 bytes) over this digest?  Exactly one
 * DER encoding of a signature is accepted, 8 to 72 bytes.  A good answer was looked at twice.
 * OTA_E_SIGNATURE.
 */
OTA_MUST_CHECK ota_err p256_signature_verify(const uint8_t *key,
                                             const uint8_t digest[CRYPTO_DIGEST_BYTES],
                                             const uint8_t *sig, size_t sig_bytes);

#endif
