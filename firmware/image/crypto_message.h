#ifndef OTA_CRYPTO_MESSAGE_H
#define OTA_CRYPTO_MESSAGE_H

#include "crypto.h"

/*
 * What repository metadata needs beyond crypto.h (SPEC 10.1): signatures over a message of any
 * length.  A part of its own, so that a bootloader's port need not have it.  Every port has
 * both, whatever crypto_verify takes: who may release is not a question of what a boot costs.
 * Errors: OTA_E_SIGNATURE.
 */

/* As RFC 8032 has it. */
OTA_MUST_CHECK ota_err crypto_verify_ed25519_message(const uint8_t key[32], const void *message,
                                                     size_t len, const uint8_t sig[64]);

/* ECDSA over the message's SHA-256; key X || Y, sig strict DER, 8 to 72 bytes. */
OTA_MUST_CHECK ota_err crypto_verify_p256_message(const uint8_t key[64], const void *message,
                                                  size_t len, const uint8_t *sig,
                                                  size_t sig_bytes);

#endif
