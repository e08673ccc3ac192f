/*
 * The host's crypto port: Ed25519, comparison and wiping from libsodium, SHA-256 and P-256 from
 * libcrypto.  SHA-256 is libcrypto's because it uses the processor's instructions: uploads are
 * hashed at disk speed.
 */
#define OPENSSL_API_COMPAT                                                                     \
    10101 /* SHA256_*, SHA512_*: state on the caller's stack, no allocation */

#include "../../image/sha512.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct crypto_sha256), "no room for SHA256_CTX");

static SHA256_CTX *context(struct crypto_sha256 *h)
{
    return (SHA256_CTX *)(void *)h->opaque;
}

void crypto_sha256_init(struct crypto_sha256 *h)
{
    (void)SHA256_Init(context(h));
}

void crypto_sha256_update(struct crypto_sha256 *h, const void *data, size_t len)
{
    (void)SHA256_Update(context(h), data, len);
}

void crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    (void)SHA256_Final(out, context(h));
}

/* X || Y as a public key, NULL if it is no point of the curve. */
static EVP_PKEY *p256_key(const uint8_t key[64])
{
    char group[] = "prime256v1";
    uint8_t point[65] = {0x04};
    OSSL_PARAM params[3];
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx;

    memcpy(point + 1, key, 64);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    params[2] = OSSL_PARAM_construct_end();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* libcrypto accepts only strict DER here: it encodes what it decoded and compares. */
static ota_err p256_verify(const uint8_t key[64], const uint8_t digest[CRYPTO_DIGEST_BYTES],
                           const uint8_t *sig, size_t sig_bytes)
{
    ota_err e = OTA_E_SIGNATURE;
    EVP_PKEY *pkey = p256_key(key);
    EVP_PKEY_CTX *ctx = pkey == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_verify(ctx, sig, sig_bytes, digest, CRYPTO_DIGEST_BYTES) == 1)
        e = OTA_OK;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return e;
}

ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                      const uint8_t digest[CRYPTO_DIGEST_BYTES], const uint8_t *sig,
                      size_t sig_bytes)
{
    switch (alg) {
    case CRYPTO_ED25519:
        if (key_bytes != crypto_sign_PUBLICKEYBYTES || sig_bytes != crypto_sign_BYTES)
            return OTA_E_SIGNATURE;
        return crypto_sign_verify_detached(sig, digest, CRYPTO_DIGEST_BYTES, key) == 0
                   ? OTA_OK
                   : OTA_E_SIGNATURE;
    case CRYPTO_P256:
        if (key_bytes != 64 || sig_bytes < 8 || sig_bytes > CRYPTO_SIGNATURE_BYTES_MAX)
            return OTA_E_SIGNATURE;
        return p256_verify(key, digest, sig, sig_bytes);
    }
    return OTA_E_FORMAT;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void crypto_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

_Static_assert(sizeof(SHA512_CTX) <= sizeof(struct crypto_sha512), "no room for SHA512_CTX");

const bool crypto_has_sha512 = true;

static SHA512_CTX *context512(struct crypto_sha512 *h)
{
    return (SHA512_CTX *)(void *)h->opaque;
}

void crypto_sha512_init(struct crypto_sha512 *h)
{
    (void)SHA512_Init(context512(h));
}

void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    (void)SHA512_Update(context512(h), data, len);
}

void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    (void)SHA512_Final(out, context512(h));
}

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    return crypto_sign_verify_detached(sig, digest, CRYPTO_SHA512_BYTES, key) == 0
               ? OTA_OK
               : OTA_E_SIGNATURE;
}
