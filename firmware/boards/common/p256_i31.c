/*
 * BearSSL's ECDSA verification over its generic prime curves, compiled for P-256 alone: smaller
 * buffers, and since everything is in one unit, the compiler drops the other curves.  For
 * processors that multiply to 64 bits.
 */
#include "p256.h"

#include "inner.h"

#undef BR_MAX_EC_SIZE
#define BR_MAX_EC_SIZE 256
#define br_secp384r1   br_secp256r1 /* never asked for */
#define br_secp521r1   br_secp256r1

#include "ec/ecdsa_i31_vrfy_raw.c"
#include "ec/ec_prime_i31.c"

uint32_t p256_verify(const uint8_t point[65], const uint8_t digest[32], const uint8_t raw[64])
{
    br_ec_public_key key = {BR_EC_secp256r1, (unsigned char *)(uintptr_t)point, 65};

    return br_ecdsa_i31_vrfy_raw(&br_ec_prime_i31, digest, 32, &key, raw, 64);
}
