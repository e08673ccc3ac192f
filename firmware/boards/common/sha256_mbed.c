/*
 * SHA-256 for the smallest devices: mbed TLS's in its rolled form, half the size of BearSSL's.
 * Only its block function and what feeds it are compiled, under names of our own, since an app
 * may link a mbed TLS of its own for its connections.
 */
#include "../../image/crypto.h"

#define MBEDTLS_CONFIG_FILE             "sha256_mbed_config.h"
#define mbedtls_sha256_init             small_sha256_init
#define mbedtls_sha256_free             small_sha256_free
#define mbedtls_sha256_clone            small_sha256_clone
#define mbedtls_sha256_starts           small_sha256_starts
#define mbedtls_sha256_update           small_sha256_update
#define mbedtls_sha256_finish           small_sha256_finish
#define mbedtls_sha256                  small_sha256
#define mbedtls_internal_sha256_process small_sha256_process

#include "mbedtls/platform_util.h"
/* Images, manifests and public keys: nothing that is hashed is a secret. */
#define mbedtls_platform_zeroize(buf, len) ((void)(buf), (void)(len))

/* NOLINTNEXTLINE(bugprone-suspicious-include): the macros above are for this file of theirs */
#include "sha256.c"

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(struct crypto_sha256),
               "no room for mbed TLS's SHA-256");

static mbedtls_sha256_context *context(struct crypto_sha256 *h)
{
    return (mbedtls_sha256_context *)(void *)h->opaque;
}

void crypto_sha256_init(struct crypto_sha256 *h)
{
    (void)mbedtls_sha256_starts(context(h), 0);
}

/* None of the three can fail: there is no hardware behind them. */
void crypto_sha256_update(struct crypto_sha256 *h, const void *data, size_t len)
{
    (void)mbedtls_sha256_update(context(h), data, len);
}

void crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    (void)mbedtls_sha256_finish(context(h), out);
}
