/*
 * Judging an image as MCUboot does: each signature belongs to the key that was named last
 * before it, and counts only if that is ours.
 */
#include "check.h"

#include <string.h>

static unsigned bits_of(uint16_t type)
{
    return type == LAYOUT_SHA256 ? 256 : type == LAYOUT_SHA384 ? 384 : 512;
}

static bool is_hash(uint16_t type)
{
    return type == LAYOUT_SHA256 || type == LAYOUT_SHA384 || type == LAYOUT_SHA512;
}

static bool is_signature(uint16_t type)
{
    return type == LAYOUT_RSA2048 || type == LAYOUT_RSA3072 || type == LAYOUT_ECDSA ||
           type == LAYOUT_ED25519;
}

static enum check_verdict check_digest(const uint8_t *image, struct check_found *f)
{
    const struct layout *l = &f->layout;
    enum check_verdict v = CHECK_NO_DIGEST;
    struct layout_entry e;

    for (size_t at = 0; layout_next(image, l, &l->plain, &at, &e);) {
        f->is_signed = f->is_signed || is_signature(e.type);
        if (!is_hash(e.type))
            continue;
        f->digest_bytes = bits_of(e.type) / 8;
        if (imgkey_digest(bits_of(e.type), image, l->plain.at, f->digest) != OTA_OK ||
            e.len != f->digest_bytes || memcmp(e.value, f->digest, e.len) != 0)
            return CHECK_BAD_DIGEST;
        v = CHECK_GOOD;
    }
    return v;
}

/* Does a KEYHASH or PUBKEY entry name this key? */
static bool names(const struct layout_entry *e, const struct imgkey *key, unsigned bits)
{
    uint8_t der[IMGKEY_DER_BYTES_MAX], hash[IMGKEY_HASH_BYTES_MAX];
    size_t len = 0;

    if (imgkey_public_der(key, der, &len) != OTA_OK)
        return false;
    if (e->type == LAYOUT_PUBKEY)
        return e->len == len && memcmp(e->value, der, len) == 0;
    return imgkey_digest(bits, der, len, hash) == OTA_OK && e->len == bits / 8 &&
           memcmp(e->value, hash, e->len) == 0;
}

static enum check_verdict check_signature(const uint8_t *image, const struct imgkey *key,
                                          const struct check_found *f)
{
    const struct layout *l = &f->layout;
    struct layout_entry e;
    bool pure = layout_find(image, l, &l->plain, LAYOUT_SIG_PURE, &e), ours = false;
    const uint8_t *message = pure ? image : f->digest;
    size_t len = pure ? l->plain.at : f->digest_bytes;
    enum check_verdict v = CHECK_BAD_SIGNATURE;

    for (size_t at = 0; layout_next(image, l, &l->plain, &at, &e);) {
        if (e.type == LAYOUT_KEYHASH || e.type == LAYOUT_PUBKEY)
            ours = names(&e, key, (unsigned)f->digest_bytes * 8);
        if (e.type != imgkey_traits(imgkey_kind(key))->tlv ||
            imgkey_verify(key, message, len, e.value, e.len) != OTA_OK)
            continue;
        if (ours)
            return CHECK_GOOD;
        v = CHECK_OTHER_KEY;
    }
    return v;
}

enum check_verdict check_image(const uint8_t *image, size_t len, const struct imgkey *key,
                               struct check_found *out)
{
    enum check_verdict v;
    ota_err e;

    memset(out, 0, sizeof *out);
    e = layout_read(image, len, &out->layout);
    if (e != OTA_OK)
        return e == OTA_E_NOT_FOUND ? CHECK_NO_MAGIC : CHECK_BAD_TLVS;
    v = check_digest(image, out);
    return v == CHECK_GOOD && key != NULL ? check_signature(image, key, out) : v;
}
