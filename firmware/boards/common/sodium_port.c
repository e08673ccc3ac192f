/*
 * What libsodium's Ed25519 verification expects around it, without an operating system: its
 * helpers, the devices' SHA-512, and from BearSSL the reduction of its digest modulo the
 * order of the group, which is much smaller there.
 */
#include "sha512_small.h"

#include <inner.h> /* BearSSL's integers */
#include <sodium/crypto_hash_sha512.h>
#include <sodium/utils.h>
#include <stddef.h>
#include <string.h>

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): libsodium's name */
void _crypto_sign_ed25519_ref10_hinit(crypto_hash_sha512_state *hs, int prehashed);
void sc25519_reduce(unsigned char s[64]);

/* sha512_mbed.c makes sure that there is room. */
static struct crypto_sha512 *context(crypto_hash_sha512_state *s)
{
    return (struct crypto_sha512 *)(void *)s;
}

int crypto_hash_sha512_init(crypto_hash_sha512_state *s)
{
    sha512_small_init(context(s));
    return 0;
}

int crypto_hash_sha512_update(crypto_hash_sha512_state *s, const unsigned char *in,
                              unsigned long long len)
{
    sha512_small_update(context(s), in, (size_t)len);
    return 0;
}

int crypto_hash_sha512_final(crypto_hash_sha512_state *s, unsigned char *out)
{
    sha512_small_final(context(s), out);
    return 0;
}

/* Plain Ed25519 only: nothing is ever hashed before (SPEC 2.4), so there is no prefix. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): as above */
void _crypto_sign_ed25519_ref10_hinit(crypto_hash_sha512_state *hs, int prehashed)
{
    (void)prehashed;
    (void)crypto_hash_sha512_init(hs);
}

static void reverse(unsigned char *to, const unsigned char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = from[len - 1 - i];
}

/* s (64 bytes, little endian) modulo the order of the group, into its first 32 bytes. */
void sc25519_reduce(unsigned char s[64])
{
    enum { WORDS = 20 }; /* 253 bits in words of 15, and the length in front */
    static const unsigned char order[32] = {
        0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7,
        0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
    };
    uint16_t m[WORDS], x[WORDS];
    unsigned char big_endian[64];

    br_i15_decode(m, order, sizeof order);
    reverse(big_endian, s, sizeof big_endian);
    br_i15_decode_reduce(x, big_endian, sizeof big_endian, m);
    br_i15_encode(big_endian, 32, x);
    reverse(s, big_endian, 32);
}

void sodium_memzero(void *const p, const size_t len)
{
    volatile unsigned char *b = p;

    for (size_t i = 0; i < len; i++)
        b[i] = 0;
}

int sodium_is_zero(const unsigned char *n, const size_t len)
{
    unsigned char any = 0;

    for (size_t i = 0; i < len; i++)
        any = (unsigned char)(any | n[i]);
    return any == 0;
}
