/*
 * MCUboot image v2, read strictly (SPEC 2).
 *
 * Invariant: every read lies below src->size_bytes and every sum of sizes is checked before it
 * is used, so that no image, however made, leads outside its slot.  The verdict starts as a
 * refusal in every function and becomes IMAGE_GOOD in exactly one place of each.
 */
#include "image.h"

#include <string.h>

#include "le.h"

#define MAGIC UINT32_C(0x96f3b83d) /* no enumerator: it does not fit an int */

enum {
    MAGIC_PROTECTED = 0x6908,
    MAGIC_UNPROTECTED = 0x6907,
    FLAGS_ENCRYPTED = 0x4 | 0x8,
    FLAGS_COMPRESSED = 0x200 | 0x400 | 0x800,
    FLAG_ROM_FIXED = 0x100, /* load_address is where it must lie; the only flag we allow */
    HEADER_BYTES_MAX = 4096,
    AREA_HEADER_BYTES = 4,
    ENTRY_HEADER_BYTES = 4,
    READ_BLOCK_BYTES = 512, /* stack of image_digest; no gain in speed beyond it */
};

/* TLV types (mcuboot's image.h numbers). */
enum {
    TLV_KEYHASH = 0x01,
    TLV_PUBKEY = 0x02,
    TLV_SHA256 = 0x10,
    TLV_SHA384 = 0x11,
    TLV_SHA512 = 0x12,
    TLV_RSA2048 = 0x20,
    TLV_ECDSA = 0x22,
    TLV_ED25519 = 0x24,
    TLV_SIG_PURE = 0x25,
    TLV_ENC_FIRST = 0x30,
    TLV_ENC_LAST = 0x34,
    TLV_SEC_CNT = 0x50,
    TLV_COMPRESSED_FIRST = 0x70,
    TLV_COMPRESSED_LAST = 0x73,
    TLV_UUID_CID = 0x75,
};

/* What was met so far, so that nothing counts twice. */
enum {
    SEEN_DIGEST = 1,
    SEEN_KEYHASH = 2,
    SEEN_SIGNATURE = 4,
    SEEN_UNPROTECTED = SEEN_DIGEST | SEEN_KEYHASH | SEEN_SIGNATURE,
    SEEN_SEC_CNT = 8,
    SEEN_CLASS = 16,
    SEEN_LONG_KEYHASH = 32,
};

struct entry {
    uint16_t type;
    uint16_t len;
    uint32_t at; /* of the value */
};

static enum image_verdict source_read(const struct image_source *src, uint32_t at, void *buf,
                                      size_t len)
{
    if (at > src->size_bytes || len > src->size_bytes - at)
        return IMAGE_TOO_LARGE;
    return src->read(src, at, buf, len) == OTA_OK ? IMAGE_GOOD : IMAGE_UNREADABLE;
}

static enum image_verdict header_read(const struct image_source *src, struct image_info *info)
{
    uint8_t h[IMAGE_HEADER_BYTES];
    enum image_verdict v = source_read(src, 0, h, sizeof h);

    if (v != IMAGE_GOOD)
        return v == IMAGE_TOO_LARGE ? IMAGE_BLANK : v;
    if (le32_load(h) != MAGIC)
        return IMAGE_BLANK;
    info->load_address = le32_load(h + 4);
    info->header_bytes = le16_load(h + 8);
    info->protected_bytes = le16_load(h + 10);
    info->payload_bytes = le32_load(h + 12);
    info->flags = le32_load(h + 16);
    info->version.major = h[20];
    info->version.minor = h[21];
    info->version.revision = le16_load(h + 22);
    info->version.build = le32_load(h + 24);
    if (le32_load(h + 28) != 0)
        return IMAGE_MALFORMED;
    if (info->header_bytes < IMAGE_HEADER_BYTES || info->header_bytes > HEADER_BYTES_MAX)
        return IMAGE_MALFORMED;
    if ((info->flags & FLAGS_ENCRYPTED) != 0)
        return IMAGE_ENCRYPTED;
    if ((info->flags & FLAGS_COMPRESSED) != 0)
        return IMAGE_COMPRESSED;
    if ((info->flags & ~(uint32_t)FLAG_ROM_FIXED) != 0)
        return IMAGE_UNSUPPORTED;
    return info->payload_bytes > IMAGE_BYTES_MAX ? IMAGE_TOO_LARGE : IMAGE_GOOD;
}

/* Read a value of exactly len bytes that may occur once. */
static enum image_verdict value_once(const struct image_source *src, const struct entry *e,
                                     uint32_t *seen, uint32_t bit, void *out, size_t len)
{
    if ((*seen & bit) != 0 || e->len != len)
        return IMAGE_MALFORMED;
    *seen |= bit;
    return source_read(src, e->at, out, len);
}

static enum image_verdict entry_protected(const struct image_source *src, const struct entry *e,
                                          uint32_t *seen, struct image_info *info)
{
    uint8_t counter[4];
    enum image_verdict v;

    if (e->type == TLV_SEC_CNT) {
        v = value_once(src, e, seen, SEEN_SEC_CNT, counter, sizeof counter);
        if (v != IMAGE_GOOD)
            return v;
        info->has_security_counter = true;
        info->security_counter = le32_load(counter);
        return IMAGE_GOOD;
    }
    if (e->type == TLV_UUID_CID) {
        info->has_hardware_class = true;
        return value_once(src, e, seen, SEEN_CLASS, info->hardware_class, IMAGE_CLASS_BYTES);
    }
    if (e->type >= TLV_ENC_FIRST && e->type <= TLV_ENC_LAST)
        return IMAGE_ENCRYPTED;
    if (e->type >= TLV_COMPRESSED_FIRST && e->type <= TLV_COMPRESSED_LAST)
        return IMAGE_COMPRESSED;
    /* Digests, keys and signatures belong into the other area: here another reader of the
     * format might take them for the real ones. */
    return e->type <= TLV_SIG_PURE ? IMAGE_MALFORMED : IMAGE_GOOD;
}

static enum image_verdict digest_entry(const struct image_source *src, const struct entry *e,
                                       uint32_t *seen, struct image_info *info, uint8_t len)
{
    info->digest_bytes = len;
    return value_once(src, e, seen, SEEN_DIGEST, info->digest, len);
}

static enum image_verdict entry_unprotected(const struct image_source *src,
                                            const struct entry *e, uint32_t *seen,
                                            struct image_info *info)
{
    switch (e->type) {
    case TLV_SHA256:
        return digest_entry(src, e, seen, info, CRYPTO_DIGEST_BYTES);
    case TLV_SHA512:
        return digest_entry(src, e, seen, info, CRYPTO_SHA512_BYTES);
    case TLV_KEYHASH:
        if (e->len != CRYPTO_DIGEST_BYTES && e->len != CRYPTO_SHA512_BYTES)
            return IMAGE_MALFORMED;
        *seen |= e->len == CRYPTO_SHA512_BYTES ? SEEN_LONG_KEYHASH : 0u;
        return value_once(src, e, seen, SEEN_KEYHASH, info->key_hash, e->len);
    case TLV_ED25519:
        info->alg = CRYPTO_ED25519;
        info->signature_bytes = 64;
        return value_once(src, e, seen, SEEN_SIGNATURE, info->signature, 64);
    case TLV_ECDSA:
        if (e->len < 8 || e->len > CRYPTO_SIGNATURE_BYTES_MAX)
            return IMAGE_MALFORMED;
        info->alg = CRYPTO_P256;
        info->signature_bytes = (uint8_t)e->len;
        return value_once(src, e, seen, SEEN_SIGNATURE, info->signature, e->len);
    default:
        break;
    }
    if (e->type == TLV_SIG_PURE)
        return IMAGE_PURE;
    if (e->type >= TLV_ENC_FIRST && e->type <= TLV_ENC_LAST)
        return IMAGE_ENCRYPTED;
    if (e->type == TLV_PUBKEY || e->type == TLV_SHA384 ||
        (e->type >= TLV_RSA2048 && e->type < TLV_SIG_PURE))
        return IMAGE_UNSUPPORTED;
    return IMAGE_MALFORMED;
}

/* One area of total bytes, its header included, at `at`. */
static enum image_verdict area_read(const struct image_source *src, uint32_t at, uint32_t total,
                                    bool is_protected, uint32_t *seen, struct image_info *info)
{
    uint32_t end = at + total;
    uint8_t h[ENTRY_HEADER_BYTES];

    for (at += AREA_HEADER_BYTES; at != end;) {
        struct entry e;
        enum image_verdict v;

        if (end - at < ENTRY_HEADER_BYTES)
            return IMAGE_MALFORMED;
        v = source_read(src, at, h, sizeof h);
        if (v != IMAGE_GOOD)
            return v;
        e.type = le16_load(h);
        e.len = le16_load(h + 2);
        e.at = at + ENTRY_HEADER_BYTES;
        if (e.len > end - e.at)
            return IMAGE_MALFORMED;
        v = is_protected ? entry_protected(src, &e, seen, info)
                         : entry_unprotected(src, &e, seen, info);
        if (v != IMAGE_GOOD)
            return v;
        at = e.at + e.len;
    }
    return IMAGE_GOOD;
}

/* The area header at `at`: its magic and total, which must lie inside the source. */
static enum image_verdict area_header(const struct image_source *src, uint32_t at,
                                      uint16_t magic, uint32_t *out_total)
{
    uint8_t h[AREA_HEADER_BYTES];
    enum image_verdict v = source_read(src, at, h, sizeof h);

    if (v != IMAGE_GOOD)
        return v;
    *out_total = le16_load(h + 2);
    if (le16_load(h) != magic || *out_total < AREA_HEADER_BYTES)
        return IMAGE_MALFORMED;
    return *out_total > src->size_bytes - at ? IMAGE_TOO_LARGE : IMAGE_GOOD;
}

/* Digest, KEYHASH and signature are there and go together. */
static enum image_verdict unprotected_check(uint32_t seen, const struct image_info *info)
{
    bool big = info->digest_bytes == CRYPTO_SHA512_BYTES;

    if ((seen & SEEN_UNPROTECTED) != SEEN_UNPROTECTED ||
        ((seen & SEEN_LONG_KEYHASH) != 0) != big)
        return IMAGE_MALFORMED;
    return big && (!crypto_has_sha512 || info->alg != CRYPTO_ED25519) ? IMAGE_UNSUPPORTED
                                                                      : IMAGE_GOOD;
}

static enum image_verdict areas_read(const struct image_source *src, struct image_info *info)
{
    uint32_t at = info->header_bytes + info->payload_bytes;
    uint32_t seen = 0, total;
    enum image_verdict v;

    if (info->protected_bytes != 0) {
        v = area_header(src, at, MAGIC_PROTECTED, &total);
        if (v != IMAGE_GOOD)
            return v;
        if (total != info->protected_bytes)
            return IMAGE_MALFORMED;
        v = area_read(src, at, total, true, &seen, info);
        if (v != IMAGE_GOOD)
            return v;
        at += total;
    }
    v = area_header(src, at, MAGIC_UNPROTECTED, &total);
    if (v != IMAGE_GOOD)
        return v;
    v = area_read(src, at, total, false, &seen, info);
    if (v != IMAGE_GOOD)
        return v;
    v = unprotected_check(seen, info);
    if (v != IMAGE_GOOD)
        return v;
    info->total_bytes = at + total;
    return IMAGE_GOOD;
}

ota_err image_parse(const struct image_source *src, struct image_info *out,
                    enum image_verdict *out_why)
{
    struct image_info info;
    enum image_verdict v;

    memset(&info, 0, sizeof info);
    v = header_read(src, &info);
    if (v == IMAGE_GOOD)
        v = areas_read(src, &info);
    *out_why = v;
    if (v == IMAGE_GOOD) {
        *out = info;
        return OTA_OK;
    }
    if (v == IMAGE_UNREADABLE)
        return OTA_E_IO;
    return v == IMAGE_TOO_LARGE ? OTA_E_LIMIT : OTA_E_FORMAT;
}

/* One that image_parse let pass; always false, and known to be, where the port has none. */
static bool is_sha512(const struct image_info *info)
{
    return crypto_has_sha512 && info->digest_bytes == CRYPTO_SHA512_BYTES;
}

/* Either hash, as the image states. */
union hash {
    struct crypto_sha256 small;
    struct crypto_sha512 big;
};

static void hash_init(union hash *h, bool big)
{
    if (big)
        crypto_sha512_init(&h->big);
    else
        crypto_sha256_init(&h->small);
}

static void hash_update(union hash *h, bool big, const void *data, size_t len)
{
    if (big)
        crypto_sha512_update(&h->big, data, len);
    else
        crypto_sha256_update(&h->small, data, len);
}

static void hash_final(union hash *h, bool big, uint8_t out[IMAGE_DIGEST_BYTES_MAX])
{
    if (big)
        crypto_sha512_final(&h->big, out);
    else
        crypto_sha256_final(&h->small, out);
}

/* Not inlined: its blocks must be gone from the stack when the signature is verified. */
__attribute__((noinline)) enum image_verdict image_contents(const struct image_source *src,
                                                            struct image_info *info,
                                                            void (*progress)(void *arg),
                                                            void *arg)
{
    uint32_t end = info->header_bytes + info->payload_bytes + info->protected_bytes;
    bool big = is_sha512(info);
    uint8_t block[READ_BLOCK_BYTES], digest[IMAGE_DIGEST_BYTES_MAX];
    size_t len = big ? CRYPTO_SHA512_BYTES : CRYPTO_DIGEST_BYTES;
    union hash h;

    hash_init(&h, big);
    for (uint32_t at = 0; at < end;) {
        uint32_t n = end - at < sizeof block ? end - at : (uint32_t)sizeof block;

        if (source_read(src, at, block, n) != IMAGE_GOOD)
            return IMAGE_UNREADABLE;
        hash_update(&h, big, block, n);
        at += n;
        if (progress != NULL)
            progress(arg);
    }
    hash_final(&h, big, digest);
    if (!crypto_equal(digest, info->digest, len))
        return IMAGE_BAD_DIGEST;
    memcpy(info->digest, digest, len);
    return IMAGE_GOOD;
}

/* KEYHASH is made with the hash of the image. */
static bool names(const struct image_info *info, const struct manifest_key *key)
{
    uint8_t hash[CRYPTO_SHA512_BYTES];

    if (!is_sha512(info))
        return crypto_equal(key->hash, info->key_hash, CRYPTO_DIGEST_BYTES);
    if (manifest_key_hash_sha512(key, hash) != OTA_OK)
        return false;
    return crypto_equal(hash, info->key_hash, sizeof hash);
}

const struct manifest_key *image_key(const struct image_info *info, const struct manifest *m)
{
    for (uint8_t i = 0; i < m->key_count && i < MANIFEST_KEYS_MAX; i++) {
        if (m->key[i].purpose == MANIFEST_IMAGE && names(info, &m->key[i]))
            return &m->key[i];
    }
    return NULL;
}

static ota_err signature_check(const struct image_info *info, const struct manifest_key *key)
{
    if (key->alg != info->alg)
        return OTA_E_SIGNATURE;
    if (is_sha512(info))
        return crypto_verify_sha512(key->key, info->digest, info->signature);
    return crypto_verify(key->alg, key->key, key->key_bytes, info->digest, info->signature,
                         info->signature_bytes);
}

enum image_verdict image_signed(const struct image_info *info, const struct manifest_key *key)
{
    if (!names(info, key))
        return IMAGE_UNKNOWN_KEY;
    return signature_check(info, key) == OTA_OK ? IMAGE_GOOD : IMAGE_BAD_SIGNATURE;
}

/* What the protected TLVs must say, before anything is hashed. */
static enum image_verdict policy_check(const struct image_policy *policy,
                                       const struct image_info *info)
{
    if (!info->has_security_counter || !info->has_hardware_class)
        return IMAGE_NO_POLICY_TLV;
    if (!crypto_equal(info->hardware_class, policy->manifest->hardware_class,
                      IMAGE_CLASS_BYTES))
        return IMAGE_WRONG_CLASS;
    return info->security_counter < policy->security_floor ? IMAGE_BELOW_FLOOR : IMAGE_GOOD;
}

enum image_verdict image_verify(const struct image_source *src,
                                const struct image_policy *policy, void (*progress)(void *arg),
                                void *arg, struct image_info *out)
{
    const struct manifest_key *key;
    enum image_verdict v;

    if (image_parse(src, out, &v) != OTA_OK)
        return v;
    v = policy_check(policy, out);
    if (v != IMAGE_GOOD)
        return v;
    v = image_contents(src, out, progress, arg);
    if (v != IMAGE_GOOD)
        return v;
    key = image_key(out, policy->manifest);
    if (key == NULL)
        return IMAGE_UNKNOWN_KEY;
    return signature_check(out, key) == OTA_OK ? IMAGE_GOOD : IMAGE_BAD_SIGNATURE;
}

static int order(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

int image_version_compare(struct image_version a, struct image_version b)
{
    if (a.major != b.major)
        return order(a.major, b.major);
    if (a.minor != b.minor)
        return order(a.minor, b.minor);
    return order(a.revision, b.revision);
}

static ota_err memory_read(const struct image_source *src, uint32_t at, void *buf, size_t len)
{
    if (at > src->size_bytes || len > src->size_bytes - at)
        return OTA_E_LIMIT;
    memcpy(buf, (const uint8_t *)src->port + at, len);
    return OTA_OK;
}

struct image_source image_source_memory(const void *data, uint32_t len)
{
    /* port is not const because drivers may need that; memory_read only reads. */
    return (struct image_source){
        .size_bytes = len, .port = (void *)(uintptr_t)data, .read = memory_read};
}
