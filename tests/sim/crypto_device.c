/*
 * The device's crypto port, built for the host, against libcrypto: every signature that one
 * makes the other accepts, every changed bit is refused, digests agree.  What the port puts
 * together itself (doubled squarings, reduction modulo the group order) thus meets thousands
 * of random values and the edges of the group order.
 */
#include <assert.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/image/sha512.h"

enum { SIGNATURES = 1500, REDUCTIONS = 20000 };

void sc25519_reduce(unsigned char s[64]);

static uint32_t random_state = 2463534242u;

static void random_fill(uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 17;
        random_state ^= random_state << 5;
        p[i] = (uint8_t)(random_state >> 11);
    }
}

static void sign(const uint8_t seed[32], const uint8_t digest[32], uint8_t key[32],
                 uint8_t sig[64])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t key_len = 32, sig_len = 64;

    assert(pkey != NULL && ctx != NULL);
    assert(EVP_PKEY_get_raw_public_key(pkey, key, &key_len) == 1);
    assert(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1);
    assert(EVP_DigestSign(ctx, sig, &sig_len, digest, 32) == 1 && sig_len == 64);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

static void test_signatures(void)
{
    uint8_t seed[32], digest[32], key[32], sig[64];

    for (int i = 0; i < SIGNATURES; i++) {
        uint32_t bit;

        random_fill(seed, sizeof seed);
        random_fill(digest, sizeof digest);
        sign(seed, digest, key, sig);
        assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 64) == OTA_OK);
        random_fill((uint8_t *)&bit, sizeof bit);
        bit %= 8 * 64;
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 64) == OTA_E_SIGNATURE);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        digest[bit % 32] ^= 0x80;
        assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 64) == OTA_E_SIGNATURE);
    }
    assert(crypto_verify(CRYPTO_ED25519, key, 31, digest, sig, 64) == OTA_E_SIGNATURE);
    assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 63) == OTA_E_SIGNATURE);
    assert(crypto_verify(CRYPTO_P256, key, 32, digest, sig, 64) == OTA_E_FORMAT);
    memset(key, 0, sizeof key); /* a point of small order */
    assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 64) == OTA_E_SIGNATURE);
}

static void reduce_check(const uint8_t in[64], const BIGNUM *order, BN_CTX *ctx)
{
    uint8_t ours[64], theirs[32];
    BIGNUM *n = BN_lebin2bn(in, 64, NULL);

    assert(n != NULL && BN_mod(n, n, order, ctx) == 1);
    assert(BN_bn2lebinpad(n, theirs, sizeof theirs) == 32);
    memcpy(ours, in, sizeof ours);
    sc25519_reduce(ours);
    assert(memcmp(ours, theirs, sizeof theirs) == 0);
    BN_free(n);
}

static void test_reduction(void)
{
    BIGNUM *order = NULL, *n = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    uint8_t in[64];

    assert(BN_hex2bn(&order,
                     "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed") > 0);
    for (int i = 0; i < REDUCTIONS; i++) {
        random_fill(in, sizeof in);
        if (i % 3 == 0) /* short ones */
            memset(in + 32, 0, 32);
        reduce_check(in, order, ctx);
    }
    for (int multiple = 0; multiple < 16; multiple++)
        for (int delta = -2; delta <= 2; delta++) { /* around multiples of the order */
            assert(BN_copy(n, order) != NULL && BN_mul_word(n, (BN_ULONG)multiple) == 1);
            if (delta >= 0)
                assert(BN_add_word(n, (BN_ULONG)delta) == 1);
            else if (multiple > 0)
                assert(BN_sub_word(n, (BN_ULONG)-delta) == 1);
            assert(BN_bn2lebinpad(n, in, sizeof in) == 64);
            reduce_check(in, order, ctx);
        }
    memset(in, 0xff, sizeof in);
    reduce_check(in, order, ctx);
    BN_free(n);
    BN_free(order);
    BN_CTX_free(ctx);
}

static void test_digests(void)
{
    uint8_t data[600], ours[CRYPTO_SHA512_BYTES], theirs[CRYPTO_SHA512_BYTES];
    struct crypto_sha256 small;
    struct crypto_sha512 big;

    random_fill(data, sizeof data);
    for (size_t len = 0; len <= sizeof data; len++) {
        crypto_sha256_init(&small);
        crypto_sha256_update(&small, data, len / 3);
        crypto_sha256_update(&small, data + len / 3, len - len / 3);
        crypto_sha256_final(&small, ours);
        assert(EVP_Digest(data, len, theirs, NULL, EVP_sha256(), NULL) == 1);
        assert(memcmp(ours, theirs, CRYPTO_DIGEST_BYTES) == 0);
        crypto_sha512_init(&big);
        crypto_sha512_update(&big, data, len / 3);
        crypto_sha512_update(&big, data + len / 3, len - len / 3);
        crypto_sha512_final(&big, ours);
        assert(EVP_Digest(data, len, theirs, NULL, EVP_sha512(), NULL) == 1);
        assert(memcmp(ours, theirs, CRYPTO_SHA512_BYTES) == 0);
    }
}

int main(void)
{
    test_signatures();
    test_reduction();
    test_digests();
    printf("device crypto: %d signatures, %d reductions\n", SIGNATURES, REDUCTIONS);
    return 0;
}
