#ifndef OTA_CRYPTO_H
#define OTA_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * The cryptography that image, slot and bootloader need, declared here and linked from a port:
 * `firmware/boards/host/crypto.c` (libsodium, libcrypto) or a board's own.  No primitive of our
 * own anywhere (SPEC 1.3).
 */
enum { CRYPTO_DIGEST_BYTES = 32, CRYPTO_KEY_BYTES_MAX = 64, CRYPTO_SIGNATURE_BYTES_MAX = 72 };

/* Stable numbers: they stand in key manifests (SPEC 3). */
enum crypto_alg {
    CRYPTO_ED25519 = 1, /* key 32 bytes (RFC 8032), signature 64 bytes                        */
    CRYPTO_P256 = 2     /* key 64 bytes (X || Y, big endian), signature DER, 8 to 72 bytes    */
};

/* Storage for an incremental SHA-256; what is inside belongs to the port. */
struct crypto_sha256 {
    _Alignas(8) uint8_t opaque[128];
};

void crypto_sha256_init(struct crypto_sha256 *h);
void crypto_sha256_update(struct crypto_sha256 *h, const void *data, size_t len);
/* h holds nothing useful afterwards. */
void crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[CRYPTO_DIGEST_BYTES]);

/*
 * Is sig a signature by key over this SHA-256 digest?  Ed25519 signs the 32 digest bytes as its
 * message; ECDSA signs the digest itself (SPEC 2.4).
 * Errors: OTA_E_SIGNATURE (wrong, or lengths that cannot be right), OTA_E_FORMAT (alg unknown
 * to this port).
 */
OTA_MUST_CHECK ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                                     const uint8_t digest[CRYPTO_DIGEST_BYTES],
                                     const uint8_t *sig, size_t sig_bytes);

/* Constant time in the contents. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Never optimised away. */
void crypto_wipe(void *p, size_t len);

#endif
