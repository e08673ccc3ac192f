#ifndef TEST_IMAGE_MAKER_H
#define TEST_IMAGE_MAKER_H

#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "firmware/image/image.h"
#include "firmware/image/le.h"
#include "tests/vectors/keys/test_keys.h"

/*
 * Images made piece by piece, right and wrong, independently of signer.  Fields may be changed
 * between maker_init and maker_finish; bytes may be changed in between, too.
 */
struct maker {
    uint8_t bytes[4096];
    size_t used;
    size_t area_at; /* of the area that is open */
};

enum { MAKER_HEADER = 64, MAKER_PAYLOAD = 1000 };

static inline void maker_put(struct maker *m, const void *data, size_t len)
{
    assert(m->used + len <= sizeof m->bytes);
    memcpy(m->bytes + m->used, data, len);
    m->used += len;
}

static inline void maker_u16(struct maker *m, unsigned v)
{
    uint8_t b[2];

    le16_store(b, (uint16_t)v);
    maker_put(m, b, 2);
}

/* Header and payload of version 1.2.3+4. */
static inline void maker_init(struct maker *m)
{
    uint8_t payload[MAKER_PAYLOAD];

    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7 + 1);
    le32_store(m->bytes, 0x96f3b83d);
    le16_store(m->bytes + 8, MAKER_HEADER);
    le32_store(m->bytes + 12, MAKER_PAYLOAD);
    m->bytes[20] = 1;
    m->bytes[21] = 2;
    le16_store(m->bytes + 22, 3);
    le32_store(m->bytes + 24, 4);
    m->used = MAKER_HEADER;
    maker_put(m, payload, sizeof payload);
}

static inline void maker_area(struct maker *m, unsigned magic)
{
    m->area_at = m->used;
    maker_u16(m, magic);
    maker_u16(m, 4);
}

static inline void maker_tlv(struct maker *m, unsigned type, const void *data, size_t len)
{
    maker_u16(m, type);
    maker_u16(m, (unsigned)len);
    maker_put(m, data, len);
    le16_store(m->bytes + m->area_at + 2, (uint16_t)(m->used - m->area_at));
}

/* The area that is open becomes the protected one. */
static inline void maker_protect(struct maker *m)
{
    le16_store(m->bytes + 10, (uint16_t)(m->used - m->area_at));
}

static inline void maker_counter(struct maker *m, uint32_t counter)
{
    uint8_t b[4];

    le32_store(b, counter);
    maker_tlv(m, 0x50, b, sizeof b);
}

/* Protected area with counter and class. */
static inline void maker_policy(struct maker *m, uint32_t counter, const uint8_t class[16])
{
    maker_area(m, 0x6908);
    maker_counter(m, counter);
    maker_tlv(m, 0x75, class, 16);
    maker_protect(m);
}

static inline void maker_digest(const struct maker *m, size_t len, uint8_t out[32])
{
    assert(crypto_hash_sha256(out, m->bytes, len) == 0);
}

static inline void maker_sign(const uint8_t seed[32], const uint8_t digest[32], uint8_t out[64])
{
    uint8_t public[32], secret[64];

    assert(crypto_sign_seed_keypair(public, secret, seed) == 0);
    assert(crypto_sign_detached(out, NULL, digest, 32, secret) == 0);
}

/* Unprotected area: digest, KEYHASH and signature by the key with this seed. */
static inline void maker_finish(struct maker *m, const uint8_t seed[32], const uint8_t key[32])
{
    uint8_t digest[32], hash[32], sig[64];

    maker_digest(m, m->used, digest);
    assert(manifest_key_hash(CRYPTO_ED25519, key, 32, hash) == OTA_OK);
    maker_sign(seed, digest, sig);
    maker_area(m, 0x6907);
    maker_tlv(m, 0x10, digest, 32);
    maker_tlv(m, 0x01, hash, 32);
    maker_tlv(m, 0x24, sig, 64);
}

static inline struct manifest maker_manifest(void)
{
    struct manifest m;

    assert(manifest_open(test_manifest, sizeof test_manifest, test_roots, &m) == OTA_OK);
    return m;
}

/* A good image for the test manifest's class. */
static inline void maker_good(struct maker *m, uint32_t counter)
{
    struct manifest manifest = maker_manifest();

    maker_init(m);
    maker_policy(m, counter, manifest.hardware_class);
    maker_finish(m, test_image_seed, test_image_key);
}

#endif
