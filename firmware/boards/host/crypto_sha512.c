/* The host's SHA-512 for images: libcrypto's, and libsodium's Ed25519. */
#define OPENSSL_API_COMPAT 10101 /* SHA512_*: state on the caller's stack, no allocation */

#include "../../image/sha512.h"

#include <openssl/sha.h>
#include <sodium.h>

_Static_assert(sizeof(SHA512_CTX) <= sizeof(struct crypto_sha512), "no room for SHA512_CTX");

const bool crypto_has_sha512 = true;

static SHA512_CTX *context(struct crypto_sha512 *h)
{
    return (SHA512_CTX *)(void *)h->opaque;
}

void crypto_sha512_init(struct crypto_sha512 *h)
{
    (void)SHA512_Init(context(h));
}

void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    (void)SHA512_Update(context(h), data, len);
}

void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    (void)SHA512_Final(out, context(h));
}

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    return crypto_sign_verify_detached(sig, digest, CRYPTO_SHA512_BYTES, key) == 0
               ? OTA_OK
               : OTA_E_SIGNATURE;
}
