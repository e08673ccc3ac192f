/*
 * libsodium's Ed25519 group arithmetic, compiled small: doubled squarings are done by its
 * multiplication, and its unrolled reduction modulo the group order is renamed away;
 * sodium_port.c gives one by BearSSL's integers.
 */
#include "private/ed25519_ref10.h"

/* 2 f^2 as (f + f) f: the product's inputs stay below its bounds, unlike f f + f f. */
static void square_twice(fe25519 h, const fe25519 f)
{
    fe25519 twice;

    fe25519_add(twice, f, f);
    fe25519_mul(h, twice, f);
}

#define fe25519_sq2(h, f) square_twice(h, f)
#define sc25519_reduce    sc25519_reduce_unrolled

/* NOLINTNEXTLINE(bugprone-suspicious-include): the macros above are for this file of theirs */
#include "crypto_core/ed25519/ref10/ed25519_ref10.c"
