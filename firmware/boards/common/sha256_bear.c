/*
 * The device's SHA-256, Ed25519 profile: BearSSL's.  The state is set up here, because
 * their own set-up links a table of everything that SHA-224 and SHA-256 can do.
 */
#include "../../image/crypto.h"

#include <string.h>

#include <bearssl_hash.h>
#include <inner.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct crypto_sha256),
               "no room for BearSSL's SHA-256");

static br_sha256_context *context(struct crypto_sha256 *h)
{
    return (br_sha256_context *)(void *)h->opaque;
}

void crypto_sha256_init(struct crypto_sha256 *h)
{
    br_sha256_context *c = context(h);

    memset(c, 0, sizeof *c);
    memcpy(c->val, br_sha256_IV, sizeof c->val);
}

void crypto_sha256_update(struct crypto_sha256 *h, const void *data, size_t len)
{
    br_sha256_update(context(h), data, len);
}

void crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    br_sha256_out(context(h), out);
}
