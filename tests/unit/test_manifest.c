/* link: image PkgConfig::SODIUM */
/* The key manifest (SPEC 3): two of three, and nothing else, make it count. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/image/manifest_parts.h"
#include "tests/unit/image_maker.h"

enum { SIGNATURE = 4 + 64, BODY = sizeof test_manifest - 8 - SIGNATURE - SIGNATURE };

static const uint8_t *const seeds[] = {test_root1_seed, test_root2_seed, test_root3_seed,
                                       test_stranger_seed};

struct draft {
    uint8_t bytes[MANIFEST_BYTES_MAX];
    size_t len;
};

static void put(struct draft *d, const void *data, size_t len)
{
    assert(d->len + len <= sizeof d->bytes);
    memcpy(d->bytes + d->len, data, len);
    d->len += len;
}

/* The test manifest's body, then the signatures asked for: which root each claims to be, and
 * whose seed made it. */
static void begin(struct draft *d, unsigned count)
{
    const uint8_t head[8] = {'S', 'I', 'G', 'S', (uint8_t)count, 0, 0, 0};

    d->len = 0;
    put(d, test_manifest, BODY);
    put(d, head, sizeof head);
}

static void sign_as(struct draft *d, unsigned root, unsigned seed)
{
    const uint8_t head[4] = {(uint8_t)root, 1, 64, 0};
    uint8_t digest[32], sig[64];

    assert(crypto_hash_sha256(digest, d->bytes, BODY) == 0);
    maker_sign(seeds[seed], digest, sig);
    put(d, head, sizeof head);
    put(d, sig, sizeof sig);
}

static ota_err open_draft(const struct draft *d)
{
    struct manifest m;

    return manifest_open(d->bytes, d->len, test_roots, &m);
}

static void good_manifest(void)
{
    struct manifest m;
    size_t len = 0;

    assert(manifest_open(test_manifest, sizeof test_manifest, test_roots, &m) == OTA_OK);
    assert(m.sequence == 1 && m.key_count == 3);
    assert(m.key[0].alg == CRYPTO_ED25519 && m.key[0].purpose == MANIFEST_IMAGE);
    assert(m.key[0].key_bytes == 32 && memcmp(m.key[0].key, test_image_key, 32) == 0);
    assert(m.key[1].alg == CRYPTO_P256 && m.key[1].key_bytes == 64);
    assert(m.key[2].purpose == MANIFEST_RELEASE);
    assert(manifest_find(&m, MANIFEST_IMAGE, m.key[0].hash) == &m.key[0]);
    assert(manifest_find(&m, MANIFEST_IMAGE, m.key[1].hash) == &m.key[1]);
    assert(manifest_find(&m, MANIFEST_RELEASE, m.key[2].hash) == &m.key[2]);
    assert(manifest_find(&m, MANIFEST_RELEASE, m.key[0].hash) == NULL);
    assert(manifest_find(&m, MANIFEST_IMAGE, m.key[2].hash) == NULL);
    assert(manifest_find(&m, MANIFEST_IMAGE, (const uint8_t[32]){0}) == NULL);
    assert(manifest_length(test_manifest, sizeof test_manifest, &len) == OTA_OK);
    assert(len == sizeof test_manifest);
}

static void thresholds(void)
{
    struct draft d;

    begin(&d, 0);
    assert(open_draft(&d) == OTA_E_SIGNATURE);
    for (unsigned i = 0; i < 3; i++) { /* one of three */
        begin(&d, 1);
        sign_as(&d, i, i);
        assert(open_draft(&d) == OTA_E_SIGNATURE);
    }
    for (unsigned i = 0; i < 3; i++) { /* every two */
        for (unsigned j = i + 1; j < 3; j++) {
            begin(&d, 2);
            sign_as(&d, i, i);
            sign_as(&d, j, j);
            assert(open_draft(&d) == OTA_OK);
        }
    }
    begin(&d, 3);
    for (unsigned i = 0; i < 3; i++)
        sign_as(&d, i, i);
    assert(open_draft(&d) == OTA_OK);
    begin(&d, 3); /* two good ones and a bad one */
    sign_as(&d, 0, 0);
    sign_as(&d, 1, 1);
    sign_as(&d, 2, 3);
    assert(open_draft(&d) == OTA_E_SIGNATURE);
}

static void wrong_signers(void)
{
    struct draft d;

    begin(&d, 2); /* the same root twice */
    sign_as(&d, 0, 0);
    sign_as(&d, 0, 0);
    assert(open_draft(&d) == OTA_E_FORMAT);
    begin(&d, 2); /* one root under two numbers */
    sign_as(&d, 0, 0);
    sign_as(&d, 1, 0);
    assert(open_draft(&d) == OTA_E_SIGNATURE);
    begin(&d, 2); /* wrong order */
    sign_as(&d, 1, 1);
    sign_as(&d, 0, 0);
    assert(open_draft(&d) == OTA_E_FORMAT);
    begin(&d, 2); /* numbers exchanged */
    sign_as(&d, 0, 1);
    sign_as(&d, 1, 0);
    assert(open_draft(&d) == OTA_E_SIGNATURE);
    begin(&d, 2); /* a root that does not exist */
    sign_as(&d, 0, 0);
    sign_as(&d, 3, 3);
    assert(open_draft(&d) == OTA_E_FORMAT);
    begin(&d, 2); /* more said than there is, and less */
    sign_as(&d, 0, 0);
    assert(open_draft(&d) == OTA_E_FORMAT);
    begin(&d, 1);
    sign_as(&d, 0, 0);
    sign_as(&d, 1, 1);
    assert(open_draft(&d) == OTA_E_FORMAT);
    begin(&d, 4);
    assert(open_draft(&d) == OTA_E_FORMAT);
    begin(&d, 2); /* another algorithm than the root's */
    sign_as(&d, 0, 0);
    sign_as(&d, 1, 1);
    d.bytes[BODY + 8 + 1] = 2;
    assert(open_draft(&d) == OTA_E_SIGNATURE);
}

static void equal_roots(void)
{
    struct manifest_root roots[3] = {test_roots[0], test_roots[0], test_roots[2]};
    struct manifest m;
    struct draft d;

    begin(&d, 2);
    sign_as(&d, 0, 0);
    sign_as(&d, 1, 0);
    assert(manifest_open(d.bytes, d.len, roots, &m) == OTA_E_SIGNATURE);
}

static void trailing(void)
{
    struct draft d;
    size_t len = 0;

    d.len = 0;
    put(&d, test_manifest, sizeof test_manifest);
    put(&d, "", 1);
    assert(open_draft(&d) == OTA_E_FORMAT);
    assert(manifest_length(d.bytes, d.len, &len) == OTA_OK && len == sizeof test_manifest);
}

static void truncated(void)
{
    for (size_t len = 0; len < sizeof test_manifest; len++) {
        uint8_t *copy = malloc(len == 0 ? 1 : len);
        struct manifest m;
        size_t total;

        assert(copy != NULL);
        memcpy(copy, test_manifest, len);
        assert(manifest_open(copy, len, test_roots, &m) == OTA_E_FORMAT);
        assert(manifest_length(copy, len, &total) == OTA_E_FORMAT);
        free(copy);
    }
}

static void every_bit(void)
{
    struct draft d = {.len = 0};

    put(&d, test_manifest, sizeof test_manifest);
    for (size_t bit = 0; bit < 8 * d.len; bit++) {
        d.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert(open_draft(&d) != OTA_OK);
        d.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert(open_draft(&d) == OTA_OK);
}

/* A body of these keys, without signatures: is its form right? */
struct wish {
    uint8_t alg, purpose;
    uint16_t bytes;
    uint8_t fill;
};

static ota_err body_of(const struct wish *wishes, unsigned count, unsigned said)
{
    struct draft d = {.len = 0};
    const uint8_t key[80] = {0};

    put(&d, test_manifest, 36);
    d.bytes[32] = (uint8_t)said;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t head[4] = {wishes[i].alg, wishes[i].purpose, (uint8_t)wishes[i].bytes, 0};
        size_t at;

        put(&d, head, sizeof head);
        at = d.len;
        put(&d, key, wishes[i].bytes);
        d.bytes[at] = wishes[i].fill;
    }
    le16_store(d.bytes + 10, (uint16_t)d.len);
    return manifest_body_read(d.bytes, d.len, NULL);
}

static void keys(void)
{
    const struct wish image = {1, 1, 32, 1}, p256 = {2, 1, 64, 2}, release = {1, 2, 32, 3};
    struct wish many[9];

    assert(body_of(&image, 1, 1) == OTA_OK);
    assert(body_of((const struct wish[]){image, p256, release}, 3, 3) == OTA_OK);
    assert(body_of(&image, 1, 0) == OTA_E_FORMAT);
    assert(body_of(&image, 1, 2) == OTA_E_FORMAT);
    assert(body_of((const struct wish[]){image, p256}, 2, 1) == OTA_E_FORMAT);
    assert(body_of((const struct wish[]){image, image}, 2, 2) == OTA_E_FORMAT);
    assert(body_of((const struct wish[]){image, {1, 2, 32, 1}}, 2, 2) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){0, 1, 32, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){3, 1, 32, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){1, 0, 32, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){1, 3, 32, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){1, 1, 31, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){1, 1, 64, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){1, 1, 0, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){2, 1, 65, 0}, 1, 1) == OTA_E_FORMAT);
    assert(body_of(&(const struct wish){2, 2, 64, 0}, 1, 1) == OTA_E_FORMAT);
    for (unsigned i = 0; i < 9; i++)
        many[i] = (struct wish){1, 1, 32, (uint8_t)i};
    assert(body_of(many, 8, 8) == OTA_OK);
    assert(body_of(many, 9, 9) == OTA_E_LIMIT);
}

/* KEYHASH against values from `openssl pkey -pubin -outform DER | sha256sum`. */
static void key_hashes(void)
{
    uint8_t hash[32];
    static const uint8_t image[4] = {0x77, 0x04, 0x9c, 0x36};
    static const uint8_t p256[4] = {0x6b, 0x43, 0x4c, 0xfa};

    assert(manifest_key_hash(CRYPTO_ED25519, test_image_key, 32, hash) == OTA_OK);
    assert(memcmp(hash, image, 4) == 0);
    assert(manifest_key_hash(CRYPTO_P256, test_image_p256_key, 64, hash) == OTA_OK);
    assert(memcmp(hash, p256, 4) == 0);
    assert(manifest_key_hash(CRYPTO_ED25519, test_image_key, 31, hash) == OTA_E_FORMAT);
    assert(manifest_key_hash((enum crypto_alg)7, test_image_key, 0, hash) == OTA_E_FORMAT);
}

int main(void)
{
    assert(sodium_init() >= 0);
    good_manifest();
    thresholds();
    wrong_signers();
    equal_roots();
    trailing();
    truncated();
    every_bit();
    keys();
    key_hashes();
    return 0;
}
