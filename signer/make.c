/*
 * Writing MCUboot images (SPEC 2): header, payload, protected TLVs, then digest, KEYHASH and
 * signature, in imgtool's order so that the bytes are the same.
 */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../firmware/image/le.h"
#include "judge.h"
#include "say.h"

enum {
    TLV_KEYHASH = 0x01,
    TLV_SHA256 = 0x10,
    TLV_SHA512 = 0x12,
    TLV_ECDSA = 0x22,
    TLV_ED25519 = 0x24,
    TLV_SEC_CNT = 0x50,
    TLV_VID = 0x74,
    TLV_CID = 0x75,
    AREA_PROTECTED = 0x6908,
    AREA_UNPROTECTED = 0x6907,
    FLAG_ROM_FIXED = 0x100,
    HEADER_BYTES_MAX = 4096,
    TLVS_BYTES_MAX = 512, /* both areas */
};

struct writer {
    uint8_t *at;
    size_t used;
};

static void put(struct writer *w, const void *data, size_t len)
{
    memcpy(w->at + w->used, data, len);
    w->used += len;
}

static void put_u16(struct writer *w, uint32_t v)
{
    le16_store(w->at + w->used, (uint16_t)v);
    w->used += 2;
}

static void put_tlv(struct writer *w, uint32_t type, const void *data, size_t len)
{
    put_u16(w, type);
    put_u16(w, (uint32_t)len);
    put(w, data, len);
}

static uint32_t protected_bytes(const struct make_spec *s)
{
    uint32_t n = (s->has_counter ? 4u + 4 : 0) + (s->has_vendor ? 4u + 16 : 0) +
                 (s->has_class ? 4u + 16 : 0);

    return n == 0 ? 0 : n + 4;
}

static void put_header(uint8_t h[IMAGE_HEADER_BYTES], const struct make_spec *s,
                       uint32_t payload_bytes)
{
    memset(h, 0, IMAGE_HEADER_BYTES);
    le32_store(h, 0x96f3b83d);
    le32_store(h + 4, s->has_rom_fixed ? s->rom_fixed : 0);
    le16_store(h + 8, (uint16_t)s->header_bytes);
    le16_store(h + 10, (uint16_t)protected_bytes(s));
    le32_store(h + 12, payload_bytes);
    le32_store(h + 16, s->has_rom_fixed ? FLAG_ROM_FIXED : 0);
    h[20] = s->version.major;
    h[21] = s->version.minor;
    le16_store(h + 22, s->version.revision);
    le32_store(h + 24, s->version.build);
}

static void put_protected(struct writer *w, const struct make_spec *s)
{
    uint8_t counter[4];

    if (protected_bytes(s) == 0)
        return;
    put_u16(w, AREA_PROTECTED);
    put_u16(w, protected_bytes(s));
    le32_store(counter, s->counter);
    if (s->has_counter)
        put_tlv(w, TLV_SEC_CNT, counter, sizeof counter);
    if (s->has_vendor)
        put_tlv(w, TLV_VID, s->vendor.b, sizeof s->vendor.b);
    if (s->has_class)
        put_tlv(w, TLV_CID, s->hardware_class.b, sizeof s->hardware_class.b);
}

/* The unprotected area's contents; digest and KEYHASH have the same length. */
struct seal {
    uint32_t digest_type, sig_type;
    const uint8_t *digest, *hash, *sig;
    size_t digest_bytes, sig_bytes;
};

static void put_seal(struct writer *w, const struct seal *s)
{
    put_u16(w, AREA_UNPROTECTED);
    put_u16(w, (uint32_t)(4 + 3 * 4 + 2 * s->digest_bytes + s->sig_bytes));
    put_tlv(w, s->digest_type, s->digest, s->digest_bytes);
    put_tlv(w, TLV_KEYHASH, s->hash, s->digest_bytes);
    put_tlv(w, s->sig_type, s->sig, s->sig_bytes);
}

static ota_err put_sha512(struct writer *w, const struct key *key)
{
    uint8_t digest[CRYPTO_SHA512_BYTES], hash[CRYPTO_SHA512_BYTES], sig[64];
    struct manifest_key k = {.alg = key_public(key)->alg};
    struct crypto_sha512 h;
    ota_err e;

    memcpy(k.key, key_public(key)->key, sizeof k.key);
    if (manifest_key_hash_sha512(&k, hash) != OTA_OK)
        return say_fail(OTA_E_FORMAT, "--sha 512 goes with Ed25519 keys only");
    crypto_sha512_init(&h);
    crypto_sha512_update(&h, w->at, w->used);
    crypto_sha512_final(&h, digest);
    e = key_sign_message(key, digest, sizeof digest, sig);
    if (e == OTA_OK)
        put_seal(w, &(struct seal){TLV_SHA512, TLV_ED25519, digest, hash, sig, sizeof digest,
                                   sizeof sig});
    return e;
}

static ota_err put_unprotected(struct writer *w, const struct key *key)
{
    const struct key_public *public = key_public(key);
    uint8_t digest[CRYPTO_DIGEST_BYTES], sig[CRYPTO_SIGNATURE_BYTES_MAX];
    struct crypto_sha256 h;
    size_t sig_bytes = 0;
    ota_err e;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, w->at, w->used);
    crypto_sha256_final(&h, digest);
    e = key_sign(key, digest, sig, &sig_bytes);
    if (e != OTA_OK)
        return e;
    put_seal(w,
             &(struct seal){TLV_SHA256, public->alg == CRYPTO_ED25519 ? TLV_ED25519 : TLV_ECDSA,
                            digest, public->hash, sig, sizeof digest, sig_bytes});
    return OTA_OK;
}

/* The payload proper: without the room for the header, if the input brings it. */
static ota_err payload_of(const struct make_spec *s, const struct file_bytes *input,
                          const uint8_t **out, size_t *out_len)
{
    size_t skip = s->pad_header ? 0 : s->header_bytes;

    if (s->header_bytes < IMAGE_HEADER_BYTES || s->header_bytes > HEADER_BYTES_MAX)
        return say_fail(OTA_E_FORMAT, "the header size must be %d to %d bytes",
                        IMAGE_HEADER_BYTES, HEADER_BYTES_MAX);
    if (input->len > IMAGE_BYTES_MAX)
        return say_fail(OTA_E_LIMIT, "the input is larger than %d bytes", IMAGE_BYTES_MAX);
    for (size_t i = 0; i < skip; i++) {
        if (i < input->len && input->data[i] == 0)
            continue;
        say_error("the input does not start with %zu zero bytes, the room for the header",
                  skip);
        say_hint("give --pad-header if the program is linked to start behind the header");
        return OTA_E_FORMAT;
    }
    if (input->len == skip)
        return say_fail(OTA_E_FORMAT, "the input holds no program");
    *out = input->data + skip;
    *out_len = input->len - skip;
    return OTA_OK;
}

/* Trust nothing, not even ourselves: what leaves must verify. */
static ota_err check(const struct file_bytes *made, const struct key *key)
{
    struct image_source src = image_source_memory(made->data, (uint32_t)made->len);
    struct image_info info;
    enum image_verdict v = judge_with_key(&src, key_public(key), &info);

    if (v != IMAGE_GOOD || info.total_bytes != made->len)
        return say_fail(OTA_E_INTERNAL, "the image just made does not verify (%s)",
                        image_verdict_name(v));
    return OTA_OK;
}

ota_err make_image(const struct make_spec *spec, const struct key *key,
                   const struct file_bytes *input, struct file_bytes *out)
{
    struct writer w = {NULL, 0};
    const uint8_t *payload = NULL;
    size_t len = 0;
    ota_err e = payload_of(spec, input, &payload, &len);

    if (e != OTA_OK)
        return e;
    w.at = calloc(1, spec->header_bytes + len + TLVS_BYTES_MAX);
    if (w.at == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    put_header(w.at, spec, (uint32_t)len);
    if (spec->pad_header)
        memset(w.at + IMAGE_HEADER_BYTES, spec->pad_byte,
               spec->header_bytes - IMAGE_HEADER_BYTES);
    w.used = spec->header_bytes;
    put(&w, payload, len);
    put_protected(&w, spec);
    e = spec->sha512 ? put_sha512(&w, key) : put_unprotected(&w, key);
    if (e == OTA_OK)
        e = check(&(struct file_bytes){w.at, w.used}, key);
    if (e != OTA_OK) {
        free(w.at);
        return e;
    }
    *out = (struct file_bytes){w.at, w.used};
    return OTA_OK;
}

/* A decimal number at *text, at most max; *text moves behind it. */
static bool number(const char **text, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;
    const char *p = *text;

    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (uint64_t)(*p - '0');
        if (v > max)
            return false;
    }
    *text = p;
    *out = (uint32_t)v;
    return true;
}

static bool part(const char **text, char mark, uint32_t max, uint32_t *out)
{
    *out = 0;
    if (**text != mark)
        return true;
    (*text)++;
    return number(text, max, out);
}

ota_err make_version_parse(const char *text, struct image_version *out)
{
    uint32_t major, minor, revision = 0, build;
    bool ok = number(&text, UINT8_MAX, &major) && part(&text, '.', UINT8_MAX, &minor) &&
              part(&text, '.', UINT16_MAX, &revision) && part(&text, '+', UINT32_MAX, &build);

    if (!ok || *text != '\0')
        return OTA_E_FORMAT;
    *out = (struct image_version){(uint8_t)major, (uint8_t)minor, (uint16_t)revision, build};
    return OTA_OK;
}

uint32_t make_counter(struct image_version v)
{
    return (uint32_t)v.major << 24 | (uint32_t)v.minor << 16 | v.revision;
}

void make_version_text(struct image_version v, char out[MAKE_VERSION_TEXT_BYTES])
{
    int n = snprintf(out, MAKE_VERSION_TEXT_BYTES, "%u.%u.%u", (unsigned)v.major,
                     (unsigned)v.minor, (unsigned)v.revision);

    if (v.build != 0)
        (void)snprintf(out + n, MAKE_VERSION_TEXT_BYTES - (size_t)n, "+%lu",
                       (unsigned long)v.build);
}
