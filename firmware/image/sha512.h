#ifndef OTA_SHA512_H
#define OTA_SHA512_H

#include "crypto.h"

/*
 * What images that state a SHA-512 digest need beyond crypto.h (SPEC 2.4).  A part of its own,
 * because only Ed25519 images may state one: a port for P-256 alone links sha512_none.c, and
 * then such images are refused as unsupported.
 */
enum { CRYPTO_SHA512_BYTES = 64 };

/* Can this port do it?  The rest is called only if so. */
extern const bool crypto_has_sha512;

/* Storage for an incremental SHA-512; what is inside belongs to the port. */
struct crypto_sha512 {
    _Alignas(8) uint8_t opaque[216];
};

void crypto_sha512_init(struct crypto_sha512 *h);
void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len);
/* h holds nothing useful afterwards. */
void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES]);

/* Is sig an Ed25519 signature by key over the 64 bytes of this digest as its message? */
OTA_MUST_CHECK ota_err crypto_verify_sha512(const uint8_t key[32],
                                            const uint8_t digest[CRYPTO_SHA512_BYTES],
                                            const uint8_t sig[64]);

#endif
