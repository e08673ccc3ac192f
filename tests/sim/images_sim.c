/* Byte by byte after SPEC 2 and 3, apart from the code under test. */
#include "images_sim.h"

#include <stdlib.h>
#include <string.h>

#include "../../firmware/image/le.h"
#include "crypto_sim.h"

static const uint8_t hardware_class[16] = "sim hardware 001";

#define ROOT(n)                                                                                \
    {                                                                                          \
        CRYPTO_ED25519, 32,                                                                    \
        {                                                                                      \
            (n), 1, 2, 3, (n)                                                                  \
        }                                                                                      \
    }
const struct manifest_root sim_roots[MANIFEST_ROOTS] = {ROOT(101), ROOT(102), ROOT(103)};

static void image_key(uint8_t key, uint8_t out[32])
{
    memset(out, key, 32);
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
    memcpy(p, data, len);
    return p + len;
}

static uint8_t *put_tlv(uint8_t *p, uint16_t type, const void *value, uint16_t len)
{
    le16_store(p, type);
    le16_store(p + 2, len);
    return put(p + 4, value, len);
}

static uint8_t *put_area(uint8_t *p, uint16_t magic, uint16_t total)
{
    le16_store(p, magic);
    le16_store(p + 2, total);
    return p + 4;
}

static void digest_of(const uint8_t *data, size_t len, uint8_t out[32])
{
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, data, len);
    crypto_sha256_final(&h, out);
}

void sim_image_make(struct sim_image *out, uint8_t major, uint32_t counter, uint8_t key,
                    uint32_t payload_bytes)
{
    uint8_t public_key[32], hash[32], digest[32], signature[64], *p = out->bytes;

    memset(out, 0, sizeof *out);
    le32_store(p, 0x96f3b83d);
    le16_store(p + 8, 32);
    le16_store(p + 10, 32);
    le32_store(p + 12, payload_bytes);
    p[20] = major;
    p += 32;
    for (uint32_t i = 0; i < payload_bytes; i++) /* the middle is alike in all images */
        p[i] = (uint8_t)(i >= 480 && i < 1024 ? i * 3 : i * major + counter);
    p += payload_bytes;
    p = put_area(p, 0x6908, 32);
    le32_store(digest, counter);
    p = put_tlv(p, 0x50, digest, 4);
    p = put_tlv(p, 0x75, hardware_class, 16);
    digest_of(out->bytes, (size_t)(p - out->bytes), digest);
    image_key(key, public_key);
    if (manifest_key_hash(CRYPTO_ED25519, public_key, sizeof public_key, hash) != OTA_OK)
        abort();
    crypto_sim_sign(public_key, digest, signature);
    p = put_area(p, 0x6907, 144);
    p = put_tlv(p, 0x10, digest, 32);
    p = put_tlv(p, 0x01, hash, 32);
    p = put_tlv(p, 0x24, signature, 64);
    out->len = (uint32_t)(p - out->bytes);
}

/* Magic to hardware class; returns where the keys begin. */
static uint8_t *put_head(struct sim_manifest *out, uint32_t body, uint32_t sequence,
                         uint8_t keys)
{
    uint8_t *p = out->bytes;

    memset(out, 0, sizeof *out);
    p = put(p, "OTADKEYS", 8);
    le16_store(p, 1);
    le16_store(p + 2, (uint16_t)body);
    le32_store(p + 4, sequence);
    p = put(p + 8, hardware_class, 16);
    p[0] = keys;
    return p + 4;
}

static void put_signatures(struct sim_manifest *m)
{
    uint32_t body = le16_load(m->bytes + 10);
    uint8_t digest[32], signature[64], *p = m->bytes + body;

    digest_of(m->bytes, body, digest);
    p = put(p, "SIGS", 4);
    p[0] = 2;
    p += 4;
    for (uint8_t root = 0; root < 2; root++) {
        p[0] = root;
        p[1] = CRYPTO_ED25519;
        le16_store(p + 2, 64);
        crypto_sim_sign(sim_roots[root].key, digest, signature);
        p = put(p + 4, signature, sizeof signature);
    }
    m->len = (uint32_t)(p - m->bytes);
}

void sim_manifest_make(struct sim_manifest *out, uint32_t sequence, uint8_t key)
{
    uint8_t *p = put_head(out, 36 + 4 + 32, sequence, 1);

    p[0] = CRYPTO_ED25519;
    p[1] = MANIFEST_IMAGE;
    le16_store(p + 2, 32);
    image_key(key, p + 4);
    put_signatures(out);
}

void sim_manifest_make_large(struct sim_manifest *out, uint32_t sequence)
{
    uint8_t *p = put_head(out, 36 + 8 * (4 + 64), sequence, 8);

    for (uint8_t i = 0; i < 8; i++, p += 4 + 64) {
        p[0] = CRYPTO_P256;
        p[1] = MANIFEST_IMAGE;
        le16_store(p + 2, 64);
        memset(p + 4, i + 1, 64);
    }
    put_signatures(out);
}

void sim_manifest_sign(struct sim_manifest *m, uint32_t at, uint8_t value)
{
    m->bytes[at] = value;
    put_signatures(m);
}
