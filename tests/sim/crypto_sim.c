/*
 * A crypto port for simulators, where a case is a hundred boots and only the order of things is
 * under test: a fast digest without any strength, and "signatures" that are the digest folded
 * with the public key.  Never linked into anything else.
 */
#include <string.h>

#include "../../firmware/image/sha512.h"
#include "crypto_sim.h"

struct state {
    uint64_t lane[4];
    uint64_t bytes;
};
_Static_assert(sizeof(struct state) <= sizeof(struct crypto_sha256), "no room for the state");

static struct state *state(struct crypto_sha256 *h)
{
    return (struct state *)(void *)h->opaque;
}

void crypto_sha256_init(struct crypto_sha256 *h)
{
    *state(h) = (struct state){{1, 2, 3, 4}, 0};
}

void crypto_sha256_update(struct crypto_sha256 *h, const void *data, size_t len)
{
    struct state *s = state(h);
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++, s->bytes++) {
        uint64_t *lane = &s->lane[s->bytes & 3];

        *lane = (*lane ^ p[i]) * UINT64_C(0x9e3779b97f4a7c15);
        *lane ^= *lane >> 29;
    }
}

void crypto_sha256_final(struct crypto_sha256 *h, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    struct state *s = state(h);

    for (int i = 0; i < 4; i++) {
        s->lane[i] =
            (s->lane[i] ^ s->bytes ^ s->lane[(i + 1) & 3] >> 7) * UINT64_C(0xd6e8feb86659fd93);
        s->lane[i] ^= s->lane[i] >> 32;
        memcpy(out + (size_t)8 * (size_t)i, &s->lane[i], 8);
    }
}

void crypto_sim_sign(const uint8_t key[32], const uint8_t digest[CRYPTO_DIGEST_BYTES],
                     uint8_t out[64])
{
    for (int i = 0; i < 64; i++)
        out[i] = (uint8_t)(digest[i & 31] ^ key[i & 31] ^ i * 37);
}

ota_err crypto_verify(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                      const uint8_t digest[CRYPTO_DIGEST_BYTES], const uint8_t *sig,
                      size_t sig_bytes)
{
    uint8_t want[64];

    if (alg != CRYPTO_ED25519 || key_bytes != 32 || sig_bytes != 64)
        return OTA_E_SIGNATURE;
    crypto_sim_sign(key, digest, want);
    return memcmp(want, sig, sizeof want) == 0 ? OTA_OK : OTA_E_SIGNATURE;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return memcmp(a, b, len) == 0;
}

void crypto_wipe(void *p, size_t len)
{
    memset(p, 0, len);
}

/* Of the two kinds of images one is enough here. */
const bool crypto_has_sha512 = false;

void crypto_sha512_init(struct crypto_sha512 *h)
{
    (void)h;
}

void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    (void)h;
    (void)data;
    (void)len;
}

void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    (void)h;
    memset(out, 0, CRYPTO_SHA512_BYTES);
}

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    (void)key;
    (void)digest;
    (void)sig;
    return OTA_E_SIGNATURE;
}
