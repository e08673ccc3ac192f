#ifndef OTA_CRYPTO_RSA_H
#define OTA_CRYPTO_RSA_H

#include "crypto.h"

/*
 * RSA for clients of repositories on hosts (firmware/tuf/rsa.h).  No image, no key manifest and
 * no device has it; the host's port alone implements it.
 */
enum { CRYPTO_RSA_BYTES_MIN = 256, CRYPTO_RSA_BYTES_MAX = 512 };

struct crypto_rsa {
    uint32_t exponent;
    uint16_t bytes;                        /* of the modulus */
    uint8_t modulus[CRYPTO_RSA_BYTES_MAX]; /* big endian, its first byte not 0 */
};

/*
 * RSASSA-PSS (RFC 8017) with SHA-256 for the message and its mask, and a salt of any length.
 * Errors: OTA_E_SIGNATURE, also if sig is not as long as the modulus.
 */
OTA_MUST_CHECK ota_err crypto_verify_rsa_pss_message(const struct crypto_rsa *key,
                                                     const void *message, size_t len,
                                                     const uint8_t *sig, size_t sig_bytes);

#endif
