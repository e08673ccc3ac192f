#ifndef COMMON_ED25519_H
#define COMMON_ED25519_H

#include "../../image/crypto.h"

/*
 * libsodium's Ed25519 for devices: is sig (64 bytes) key's (32 bytes) over these len bytes?  A
 * good answer was looked at twice.  OTA_E_SIGNATURE.
 */
OTA_MUST_CHECK ota_err ed25519_verify(const uint8_t *key, const void *message, size_t len,
                                      const uint8_t *sig);

#endif
