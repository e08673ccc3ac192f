/*
 * The device's SHA-512: mbed TLS's in its rolled form, 1.8 KB smaller than BearSSL's and no
 * slower.  Compiled under names of our own, since an app may link a mbed TLS of its own for its
 * connections.
 */
#include "sha512_small.h"

#define MBEDTLS_CONFIG_FILE             "sha512_mbed_config.h"
#define mbedtls_sha512_init             small_sha512_init
#define mbedtls_sha512_free             small_sha512_free
#define mbedtls_sha512_clone            small_sha512_clone
#define mbedtls_sha512_starts           small_sha512_starts
#define mbedtls_sha512_update           small_sha512_update
#define mbedtls_sha512_finish           small_sha512_finish
#define mbedtls_sha512                  small_sha512
#define mbedtls_internal_sha512_process small_sha512_process

#include "mbedtls/platform_util.h"
/* Images, manifests and public keys: nothing that is hashed is a secret. */
#define mbedtls_platform_zeroize(buf, len) ((void)(buf), (void)(len))

/* NOLINTNEXTLINE(bugprone-suspicious-include): the macros above are for this file of theirs */
#include "sha512.c"

#include <sodium/crypto_hash_sha512.h>

_Static_assert(sizeof(mbedtls_sha512_context) <= sizeof(struct crypto_sha512),
               "no room for mbed TLS's SHA-512");
_Static_assert(sizeof(mbedtls_sha512_context) <= sizeof(crypto_hash_sha512_state) &&
                   _Alignof(mbedtls_sha512_context) <= _Alignof(crypto_hash_sha512_state),
               "nor where libsodium makes room for its own");

static mbedtls_sha512_context *context(struct crypto_sha512 *h)
{
    return (mbedtls_sha512_context *)(void *)h->opaque;
}

void sha512_small_init(struct crypto_sha512 *h)
{
    (void)mbedtls_sha512_starts(context(h), 0);
}

/* None of the three can fail: there is no hardware behind them. */
void sha512_small_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    (void)mbedtls_sha512_update(context(h), data, len);
}

void sha512_small_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    (void)mbedtls_sha512_finish(context(h), out);
}
