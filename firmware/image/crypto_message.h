#ifndef OTA_CRYPTO_MESSAGE_H
#define OTA_CRYPTO_MESSAGE_H

#include "crypto.h"

/*
 * What repository metadata needs beyond crypto.h (SPEC 10.1): Ed25519 over a message of any
 * length, as RFC 8032 has it.  A part of its own, so that a bootloader's port need not have it.
 * ECDSA over a message is crypto_verify of the message's SHA-256.
 * Errors: OTA_E_SIGNATURE.
 */
OTA_MUST_CHECK ota_err crypto_verify_ed25519_message(const uint8_t key[32], const void *message,
                                                     size_t len, const uint8_t sig[64]);

#endif
