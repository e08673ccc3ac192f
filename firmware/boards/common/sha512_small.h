#ifndef COMMON_SHA512_SMALL_H
#define COMMON_SHA512_SMALL_H

#include "../../image/sha512.h"

/*
 * The device's SHA-512 (mbed TLS's, sha512_mbed.c).  Ed25519 needs it in every agent; whether a
 * profile takes images that state such digests (image/sha512.h) is another question.
 */
void sha512_small_init(struct crypto_sha512 *h);
void sha512_small_update(struct crypto_sha512 *h, const void *data, size_t len);
/* h holds nothing useful afterwards. */
void sha512_small_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES]);

#endif
