/*
 * The key manifest (SPEC 3).
 *
 * Invariant: manifest_open fills *out only after every signature in the file was checked and at
 * least two different roots stand behind it.  The body is walked twice, once to check and once
 * to copy, because a second struct on a bootloader's stack would cost 900 bytes.
 */
#include "manifest.h"

#include <stdbool.h>
#include <string.h>

#include "le.h"
#include "manifest_parts.h"
#include "reader.h"
#include "sha512.h"

static const uint8_t body_magic[8] = {'O', 'T', 'A', 'D', 'K', 'E', 'Y', 'S'};
static const uint8_t signatures_magic[4] = {'S', 'I', 'G', 'S'};

/* Where things are in the fixed parts of a body and of its signatures (SPEC 3.1). */
enum {
    BODY_FORMAT_AT = 8,
    BODY_BYTES_AT = 10,
    BODY_SEQUENCE_AT = 12,
    BODY_CLASS_AT = 16,
    BODY_COUNT_AT = 32,
    BODY_ZERO_AT = 33,
    SIGNATURES_COUNT_AT = 4,
    SIGNATURES_ZERO_AT = 5,
};
_Static_assert((int)BODY_ZERO_AT + 3 == (int)MANIFEST_BODY_FIXED_BYTES, "three zeros end it");
_Static_assert((int)SIGNATURES_ZERO_AT + 3 == (int)MANIFEST_SIGNATURES_FIXED_BYTES, "and here");

static bool three_zeros(const uint8_t p[3])
{
    return (p[0] | p[1] | p[2]) == 0;
}

/* DER SubjectPublicKeyInfo up to the key itself (RFC 8410; P-256 below: RFC 5480). */
static const uint8_t ed25519_spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static size_t key_length(uint32_t alg)
{
    if (alg == CRYPTO_ED25519)
        return 32;
    return alg == CRYPTO_P256 ? 64 : 0;
}

ota_err manifest_key_hash(enum crypto_alg alg, const uint8_t *key, size_t key_bytes,
                          uint8_t out[CRYPTO_DIGEST_BYTES])
{
    static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    struct crypto_sha256 h;

    if (key_bytes == 0 || key_bytes != key_length(alg))
        return OTA_E_FORMAT;
    crypto_sha256_init(&h);
    if (alg == CRYPTO_ED25519)
        crypto_sha256_update(&h, ed25519_spki, sizeof ed25519_spki);
    else
        crypto_sha256_update(&h, p256, sizeof p256);
    crypto_sha256_update(&h, key, key_bytes);
    crypto_sha256_final(&h, out);
    return OTA_OK;
}

ota_err manifest_key_hash_sha512(const struct manifest_key *key, uint8_t out[64])
{
    struct crypto_sha512 h;

    if (key->alg != CRYPTO_ED25519)
        return OTA_E_FORMAT;
    crypto_sha512_init(&h);
    crypto_sha512_update(&h, ed25519_spki, sizeof ed25519_spki);
    crypto_sha512_update(&h, key->key, 32);
    crypto_sha512_final(&h, out);
    return OTA_OK;
}

/* A key where it lies in the body. */
struct key_view {
    uint8_t alg, purpose;
    uint16_t bytes;
    const uint8_t *at;
};

static ota_err key_read(struct reader *r, struct key_view *out)
{
    const uint8_t *head;

    if (reader_entry(r, &head, &out->at, &out->bytes) != OTA_OK)
        return OTA_E_FORMAT;
    out->alg = head[0];
    out->purpose = head[1];
    if (out->bytes == 0 || out->bytes != key_length(out->alg))
        return OTA_E_FORMAT;
    if (out->purpose == MANIFEST_IMAGE)
        return OTA_OK;
    /* minisign knows nothing but Ed25519. */
    return out->purpose == MANIFEST_RELEASE && out->alg == CRYPTO_ED25519 ? OTA_OK
                                                                          : OTA_E_FORMAT;
}

/* Does one of the first count keys equal the next one?  A key has one purpose. */
static bool key_repeats(const struct key_view *keys, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        if (keys[i].alg == keys[count].alg &&
            memcmp(keys[i].at, keys[count].at, keys[count].bytes) == 0)
            return true;
    }
    return false;
}

static ota_err key_copy(const struct key_view *view, struct manifest_key *out)
{
    memset(out, 0, sizeof *out);
    out->alg = (enum crypto_alg)view->alg;
    out->purpose = (enum manifest_purpose)view->purpose;
    out->key_bytes = (uint8_t)view->bytes;
    memcpy(out->key, view->at, view->bytes);
    return manifest_key_hash(out->alg, out->key, out->key_bytes, out->hash);
}

ota_err manifest_body_read(const uint8_t *body, size_t len, struct manifest *out)
{
    struct reader r = {body, len};
    struct key_view keys[MANIFEST_KEYS_MAX];
    const uint8_t *head;
    uint8_t count;

    if (reader_bytes(&r, MANIFEST_BODY_FIXED_BYTES, &head) != OTA_OK)
        return OTA_E_FORMAT;
    count = head[BODY_COUNT_AT];
    if (memcmp(head, body_magic, sizeof body_magic) != 0 ||
        le16_load(head + BODY_FORMAT_AT) != MANIFEST_FORMAT ||
        le16_load(head + BODY_BYTES_AT) != len || count == 0 ||
        !three_zeros(head + BODY_ZERO_AT))
        return OTA_E_FORMAT;
    if (count > MANIFEST_KEYS_MAX)
        return OTA_E_LIMIT;
    for (uint8_t i = 0; i < count; i++) {
        if (key_read(&r, &keys[i]) != OTA_OK || key_repeats(keys, i))
            return OTA_E_FORMAT;
        if (out != NULL && key_copy(&keys[i], &out->key[i]) != OTA_OK)
            return OTA_E_FORMAT;
    }
    if (r.left != 0)
        return OTA_E_FORMAT;
    if (out != NULL) {
        out->sequence = le32_load(head + BODY_SEQUENCE_AT);
        memcpy(out->hardware_class, head + BODY_CLASS_AT, sizeof out->hardware_class);
        out->key_count = count;
    }
    return OTA_OK;
}

/* The signatures at r: ascending roots, lengths that their algorithm can have. */
static ota_err signatures_read(struct reader *r, struct manifest_parts *parts)
{
    const uint8_t *head;
    uint8_t count;

    if (reader_bytes(r, MANIFEST_SIGNATURES_FIXED_BYTES, &head) != OTA_OK)
        return OTA_E_FORMAT;
    count = head[SIGNATURES_COUNT_AT];
    if (memcmp(head, signatures_magic, sizeof signatures_magic) != 0 ||
        count > MANIFEST_ROOTS || !three_zeros(head + SIGNATURES_ZERO_AT))
        return OTA_E_FORMAT;
    for (uint8_t i = 0; i < count; i++) {
        struct manifest_signature *s = &parts->signature[i];

        if (reader_entry(r, &head, &s->at, &s->bytes) != OTA_OK)
            return OTA_E_FORMAT;
        s->root = head[0];
        s->alg = head[1];
        if (s->root >= MANIFEST_ROOTS || s->bytes > CRYPTO_SIGNATURE_BYTES_MAX ||
            key_length(s->alg) == 0)
            return OTA_E_FORMAT;
        if (i > 0 && s->root <= parts->signature[i - 1].root)
            return OTA_E_FORMAT;
    }
    parts->signature_count = count;
    return OTA_OK;
}

ota_err manifest_split(const uint8_t *bytes, size_t len, struct manifest_parts *out)
{
    struct reader r = {bytes, len};
    struct manifest_parts parts;
    uint16_t body_bytes;
    ota_err e;

    if (len < MANIFEST_BODY_FIXED_BYTES)
        return OTA_E_FORMAT;
    body_bytes = le16_load(bytes + BODY_BYTES_AT);
    if (body_bytes > MANIFEST_BYTES_MAX)
        return OTA_E_LIMIT;
    if (reader_bytes(&r, body_bytes, &parts.body) != OTA_OK)
        return OTA_E_FORMAT;
    parts.body_bytes = body_bytes;
    e = manifest_body_read(parts.body, parts.body_bytes, NULL);
    if (e == OTA_OK)
        e = signatures_read(&r, &parts);
    if (e != OTA_OK)
        return e;
    parts.total_bytes = len - r.left;
    *out = parts;
    return OTA_OK;
}

ota_err manifest_length(const uint8_t *bytes, size_t len, size_t *out)
{
    struct manifest_parts parts;
    ota_err e = manifest_split(bytes, len, &parts);

    if (e == OTA_OK)
        *out = parts.total_bytes;
    return e;
}

static bool root_is(const struct manifest_root *a, const struct manifest_root *b)
{
    return a->alg == b->alg && a->key_bytes == b->key_bytes &&
           crypto_equal(a->key, b->key, a->key_bytes);
}

/* Two of three means nothing when two are the same. */
static bool roots_differ(const struct manifest_root roots[MANIFEST_ROOTS])
{
    return !root_is(&roots[0], &roots[1]) && !root_is(&roots[0], &roots[2]) &&
           !root_is(&roots[1], &roots[2]);
}

void manifest_digest(const struct manifest_parts *parts, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, parts->body, parts->body_bytes);
    crypto_sha256_final(&h, out);
}

ota_err manifest_signed(const struct manifest_parts *parts,
                        const uint8_t digest[CRYPTO_DIGEST_BYTES],
                        const struct manifest_root roots[MANIFEST_ROOTS])
{
    if (parts->signature_count < MANIFEST_THRESHOLD || !roots_differ(roots))
        return OTA_E_SIGNATURE;
    for (uint8_t i = 0; i < parts->signature_count; i++) {
        const struct manifest_signature *s = &parts->signature[i];
        const struct manifest_root *root = &roots[s->root];

        if (s->alg != (uint8_t)root->alg || crypto_verify(root->alg, root->key, root->key_bytes,
                                                          digest, s->at, s->bytes) != OTA_OK)
            return OTA_E_SIGNATURE;
    }
    return OTA_OK;
}

ota_err manifest_open(const uint8_t *bytes, size_t len,
                      const struct manifest_root roots[MANIFEST_ROOTS], struct manifest *out)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct manifest_parts parts;
    ota_err e = manifest_split(bytes, len, &parts);

    if (e != OTA_OK)
        return e;
    if (parts.total_bytes != len)
        return OTA_E_FORMAT;
    manifest_digest(&parts, digest);
    e = manifest_signed(&parts, digest, roots);
    return e == OTA_OK ? manifest_body_read(parts.body, parts.body_bytes, out) : e;
}

const struct manifest_key *manifest_find(const struct manifest *m,
                                         enum manifest_purpose purpose,
                                         const uint8_t hash[CRYPTO_DIGEST_BYTES])
{
    for (uint8_t i = 0; i < m->key_count && i < MANIFEST_KEYS_MAX; i++) {
        if (m->key[i].purpose == purpose &&
            crypto_equal(m->key[i].hash, hash, CRYPTO_DIGEST_BYTES))
            return &m->key[i];
    }
    return NULL;
}
