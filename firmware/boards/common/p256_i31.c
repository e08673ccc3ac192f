/*
 * BearSSL's ECDSA verification over its generic prime curves, compiled for P-256 alone: smaller
 * buffers, and one unit in which the compiler sees that there is only this curve.  Their call
 * through the table of curves becomes a direct one.  For processors that multiply to 64 bits.
 */
#include "p256.h"

#include "inner.h"

#undef BR_MAX_EC_SIZE
#define BR_MAX_EC_SIZE        256
#define br_secp384r1          br_secp256r1 /* never asked for */
#define br_secp521r1          br_secp256r1
#define br_ecdsa_i31_vrfy_raw verify_raw
#define ALWAYS                __attribute__((always_inline)) static inline

ALWAYS uint32_t verify_raw(const br_ec_impl *impl, const void *hash, size_t hash_len,
                           const br_ec_public_key *pk, const void *sig, size_t sig_len);
ALWAYS uint32_t api_muladd(unsigned char *A, const unsigned char *B, size_t len,
                           const unsigned char *x, size_t xlen, const unsigned char *y,
                           size_t ylen, int curve);

static uint32_t difference[2 + 256 / 31]; /* as BearSSL has integers: a length, and words */

ALWAYS uint32_t is_zero_s(const uint32_t *s)
{
    return br_i31_iszero(s);
}

ALWAYS uint32_t is_zero_t1(const uint32_t *t1)
{
    memcpy(difference, t1, sizeof difference);
    return br_i31_iszero(t1);
}

/* NOLINTNEXTLINE(bugprone-suspicious-include): theirs, as a part of this file */
#include "ec/ec_secp256r1.c"
/* impl->muladd(...) */
#define muladd(A, B, len, x, xlen, y, ylen, curve)                                             \
    supported_curves, res = api_muladd(A, B, len, x, xlen, y, ylen, BR_EC_secp256r1)
#define br_i31_iszero(x) is_zero_##x(x) /* s is looked at, and t1 at the end */
/* NOLINTNEXTLINE(bugprone-suspicious-include): theirs, as a part of this file */
#include "ec/ecdsa_i31_vrfy_raw.c"
#undef br_i31_iszero
#undef muladd
/* NOLINTNEXTLINE(bugprone-suspicious-include): theirs, as a part of this file */
#include "ec/ec_prime_i31.c"

uint32_t p256_verify(const uint8_t point[65], const uint8_t digest[32], const uint8_t raw[64])
{
    const br_ec_public_key key = {BR_EC_secp256r1, (unsigned char *)(uintptr_t)point, 65};

    difference[1] = 1;
    return verify_raw(&br_ec_prime_i31, digest, 32, &key, raw, 64);
}

uint32_t p256_again(void)
{
    return br_i31_iszero(difference);
}
