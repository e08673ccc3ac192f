/*
 * Images as imgtool writes them: header, payload, protected TLVs (counter, boot record,
 * dependencies, vendor, class, custom ones), then digest, SIG_PURE, key and signature.
 */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../say.h"
#include "area.h"
#include "layout.h"

enum {
    HEADER_SIZE_MAX = 65535,
    BOOT_RECORD_BYTES_MAX = 256,
    DEPENDENCY_BYTES = 12,
};

/* Digest length and type for the key and --sha.  Errors, said: OTA_E_FORMAT. */
static ota_err hash_bits(const struct build_spec *s, const struct imgkey *key, unsigned *out)
{
    const struct imgkey_traits *t = key == NULL ? NULL : imgkey_traits(imgkey_kind(key));
    bool ed25519 = key != NULL && imgkey_kind(key) == IMGKEY_ED25519;
    unsigned wanted = s->sha_bits, by_key = s->pure ? 512 : t == NULL ? 256 : t->hash_bits;

    if (s->pure && !ed25519)
        return say_fail(OTA_E_FORMAT, "--pure goes with Ed25519 keys only");
    if (wanted == 0)
        wanted = by_key;
    if (t != NULL && wanted != by_key && !(ed25519 && wanted == 512))
        return say_fail(OTA_E_FORMAT, "a key of type %s does not go with --sha %u%s", t->type,
                        wanted, s->pure ? " and --pure" : "");
    *out = wanted;
    return OTA_OK;
}

static uint16_t hash_type(unsigned bits)
{
    return bits == 256 ? LAYOUT_SHA256 : bits == 384 ? LAYOUT_SHA384 : LAYOUT_SHA512;
}

/* A CBOR head: major type, and a length below 256. */
static void cbor_head(uint8_t *out, size_t *used, unsigned major, size_t n)
{
    if (n >= 24) {
        out[(*used)++] = (uint8_t)(major << 5 | 24);
        out[(*used)++] = (uint8_t)n;
    } else {
        out[(*used)++] = (uint8_t)(major << 5 | n);
    }
}

static void cbor_put(uint8_t *out, size_t *used, unsigned key, bool text, const void *value,
                     size_t n)
{
    cbor_head(out, used, 0, key);
    cbor_head(out, used, text ? 3 : 2, n);
    memcpy(out + *used, value, n);
    *used += n;
}

/*
 * Arm's software component claims: type, version, signer, what measured it, and last the
 * measurement, zeros that the bootloader replaces.
 */
static ota_err put_boot_record(struct area *a, const struct build_spec *s, unsigned bits,
                               const uint8_t *key_hash)
{
    static const uint8_t zeros[IMGKEY_HASH_BYTES_MAX];
    uint8_t record[BOOT_RECORD_BYTES_MAX];
    char version[24], hash[8];
    size_t used = 0;
    int n = snprintf(version, sizeof version, "%u.%u.%u", s->version.major, s->version.minor,
                     s->version.revision);

    (void)snprintf(hash, sizeof hash, "SHA%u", bits);
    cbor_head(record, &used, 5, 5);
    cbor_put(record, &used, 1, true, s->sw_type, strlen(s->sw_type));
    cbor_put(record, &used, 4, true, version, (size_t)n);
    cbor_put(record, &used, 5, false, key_hash, bits / 8);
    cbor_put(record, &used, 6, true, hash, strlen(hash));
    cbor_put(record, &used, 2, false, zeros, bits / 8);
    return area_put(a, LAYOUT_BOOT_RECORD, record, used);
}

static void store_version(bool big, uint8_t p[8], struct image_version v)
{
    p[0] = v.major;
    p[1] = v.minor;
    area_store16(big, p + 2, v.revision);
    area_store32(big, p + 4, v.build);
}

static ota_err put_dependency(struct area *a, const struct build_dependency *d)
{
    uint8_t value[DEPENDENCY_BYTES] = {d->image};

    store_version(a->big, value + 4, d->version);
    return area_put(a, LAYOUT_DEPENDENCY, value, sizeof value);
}

static ota_err put_protected(struct area *a, const struct build_spec *s, unsigned bits,
                             const uint8_t *key_hash)
{
    uint8_t counter[4];
    ota_err e = OTA_OK;

    area_store32(a->big, counter, s->counter);
    if (s->has_counter)
        e = area_put(a, LAYOUT_SEC_CNT, counter, sizeof counter);
    if (e == OTA_OK && s->sw_type != NULL)
        e = put_boot_record(a, s, bits, key_hash);
    for (size_t i = 0; e == OTA_OK && i < s->dependencies; i++)
        e = put_dependency(a, &s->dependency[i]);
    if (e == OTA_OK && s->has_vendor)
        e = area_put(a, LAYOUT_VID, s->vendor.b, sizeof s->vendor.b);
    if (e == OTA_OK && s->has_class)
        e = area_put(a, LAYOUT_CID, s->hardware_class.b, sizeof s->hardware_class.b);
    for (size_t i = 0; e == OTA_OK && i < s->customs; i++)
        e = area_put(a, s->custom[i].tag, s->custom[i].value.data, s->custom[i].value.len);
    return e;
}

static void put_header(uint8_t *h, const struct build_spec *s, size_t payload, size_t protected)
{
    uint32_t flags = (s->load_address != 0 ? LAYOUT_RAM_LOAD : 0u) |
                     (s->rom_fixed != 0 ? LAYOUT_ROM_FIXED : 0u) |
                     (s->non_bootable ? LAYOUT_NON_BOOTABLE : 0u);

    memset(h, 0, IMAGE_HEADER_BYTES);
    area_store32(s->big, h, LAYOUT_MAGIC);
    area_store32(s->big, h + 4, s->rom_fixed != 0 ? s->rom_fixed : s->load_address);
    area_store16(s->big, h + 8, s->header_bytes);
    area_store16(s->big, h + 10, (uint32_t) protected);
    area_store32(s->big, h + 12, (uint32_t)payload);
    area_store32(s->big, h + 16, flags);
    store_version(s->big, h + 20, s->version);
}

static ota_err check_input(const struct build_spec *s, const struct file_bytes *input)
{
    if (s->header_bytes < IMAGE_HEADER_BYTES || s->header_bytes > HEADER_SIZE_MAX)
        return say_fail(OTA_E_FORMAT, "the header size must be %d to %d bytes",
                        IMAGE_HEADER_BYTES, HEADER_SIZE_MAX);
    if (s->pad_header)
        return OTA_OK;
    if (input->len < s->header_bytes)
        return say_fail(OTA_E_FORMAT, "the input is shorter than the header");
    for (size_t i = 0; i < s->header_bytes; i++) {
        if (input->data[i] == 0)
            continue;
        say_error("header padding was not requested and the input does not start with zeros");
        say_hint("give --pad-header if the program is linked to start behind the header");
        return OTA_E_FORMAT;
    }
    return OTA_OK;
}

/* Header, payload and protected area in one buffer with room for the plain area. */
static ota_err assemble(const struct build_spec *s, const struct file_bytes *input,
                        const struct area *protected, struct file_bytes *out)
{
    size_t head = s->pad_header ? s->header_bytes : 0, body = head + input->len;
    uint8_t *p = malloc(body + area_bytes(protected) + AREA_BYTES_MAX);

    if (p == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    memset(p, s->erased, head);
    if (input->len > 0)
        memcpy(p + head, input->data, input->len);
    put_header(p, s, body - s->header_bytes, area_bytes(protected));
    memcpy(p + body, protected->at, area_bytes(protected));
    *out = (struct file_bytes){p, body + area_bytes(protected)};
    return OTA_OK;
}

/* What is signed: the digest, or with --pure everything before the plain area. */
struct message {
    const uint8_t *data;
    size_t len;
};

static ota_err sign(const struct build_spec *s, const struct build_signer *signer,
                    const struct message *m, struct build_result *r)
{
    const struct imgkey_traits *t = imgkey_traits(imgkey_kind(signer->key));
    ota_err e = OTA_OK;

    if (signer->signature == NULL) {
        e = imgkey_sign(signer->key, m->data, m->len, r->signature, &r->signature_bytes);
        if (e != OTA_OK || !s->pad_sig || t->padded_sig <= r->signature_bytes)
            return e;
        memset(r->signature + r->signature_bytes, 0, t->padded_sig - r->signature_bytes);
        r->signature_bytes = t->padded_sig;
        return e;
    }
    if (signer->signature->len > sizeof r->signature)
        return say_fail(OTA_E_FORMAT, "the given signature is too long to be one");
    memcpy(r->signature, signer->signature->data, signer->signature->len);
    r->signature_bytes = signer->signature->len;
    if (imgkey_verify(signer->key, m->data, m->len, r->signature, r->signature_bytes) == OTA_OK)
        return OTA_OK;
    say_error("the given signature is not one of this image by this key: nothing is written");
    say_hint("sign the output of --vector-to-sign made with the very same options");
    return OTA_E_SIGNATURE;
}

struct key_bytes {
    uint8_t der[IMGKEY_DER_BYTES_MAX], hash[IMGKEY_HASH_BYTES_MAX];
    size_t der_bytes;
    unsigned bits; /* of hash, and of the image's digest */
};

static ota_err put_plain(struct area *a, const struct build_spec *s,
                         const struct build_signer *signer, const struct key_bytes *key,
                         const uint8_t *digest, struct build_result *r)
{
    struct message m = {digest, key->bits / 8};
    const uint8_t yes = 1;
    ota_err e = area_put(a, hash_type(key->bits), digest, key->bits / 8);

    if (s->pure)
        m = (struct message){r->image.data, r->image.len};
    if (e == OTA_OK && s->pure)
        e = area_put(a, LAYOUT_SIG_PURE, &yes, sizeof yes);
    if (e != OTA_OK || signer->key == NULL)
        return e;
    if (s->full_key)
        e = area_put(a, LAYOUT_PUBKEY, key->der, key->der_bytes);
    else
        e = area_put(a, LAYOUT_KEYHASH, key->hash, key->bits / 8);
    if (e == OTA_OK)
        e = sign(s, signer, &m, r);
    if (e == OTA_OK)
        e = area_put(a, imgkey_traits(imgkey_kind(signer->key))->tlv, r->signature,
                     r->signature_bytes);
    return e;
}

static ota_err fits(const struct build_spec *s, const struct file_bytes *image)
{
    uint64_t trailer = build_trailer_bytes(s);

    if (s->slot_bytes == 0 || image->len + trailer <= s->slot_bytes)
        return OTA_OK;
    return say_fail(OTA_E_LIMIT,
                    "image size (0x%zx) + trailer (0x%llx) exceeds requested size 0x%lx",
                    image->len, (unsigned long long)trailer, (unsigned long)s->slot_bytes);
}

/* r->image holds what is hashed; the plain area comes behind it, or the digest in its place. */
static ota_err finish(const struct build_spec *s, const struct build_signer *signer,
                      const struct key_bytes *key, struct build_result *r)
{
    uint8_t digest[IMGKEY_HASH_BYTES_MAX];
    struct area plain = {.at = NULL};
    ota_err e = imgkey_digest(key->bits, r->image.data, r->image.len, digest);

    if (e != OTA_OK || s->vector == BUILD_PAYLOAD)
        return e;
    if (s->vector == BUILD_DIGEST) {
        memcpy(r->image.data, digest, key->bits / 8);
        r->image.len = key->bits / 8;
        return OTA_OK;
    }
    e = area_init(&plain, LAYOUT_AREA_PLAIN, s->big);
    if (e == OTA_OK)
        e = put_plain(&plain, s, signer, key, digest, r);
    if (e == OTA_OK) {
        memcpy(r->image.data + r->image.len, plain.at, area_bytes(&plain));
        r->image.len += area_bytes(&plain);
        e = fits(s, &r->image);
    }
    area_free(&plain);
    return e;
}

static ota_err key_bytes_of(const struct build_spec *s, const struct imgkey *key,
                            struct key_bytes *out)
{
    ota_err e = hash_bits(s, key, &out->bits);

    if (e == OTA_OK && key != NULL)
        e = imgkey_public_der(key, out->der, &out->der_bytes);
    if (e == OTA_OK && key != NULL)
        e = imgkey_digest(out->bits, out->der, out->der_bytes, out->hash);
    return e;
}

ota_err build_image(const struct build_spec *spec, const struct build_signer *signer,
                    const struct file_bytes *input, struct build_result *out)
{
    struct key_bytes key = {.der_bytes = 0};
    struct build_result r = {.signature_bytes = 0};
    struct area protected = {.at = NULL};
    ota_err e = check_input(spec, input);

    if (e == OTA_OK)
        e = key_bytes_of(spec, signer->key, &key);
    if (e == OTA_OK)
        e = area_init(&protected, LAYOUT_AREA_PROTECTED, spec->big);
    if (e == OTA_OK) {
        e = put_protected(&protected, spec, key.bits, key.hash);
        if (e != OTA_OK)
            say_error("the protected TLVs have more than 65535 bytes");
    }
    if (e == OTA_OK)
        e = assemble(spec, input, &protected, &r.image);
    area_free(&protected);
    if (e == OTA_OK)
        e = finish(spec, signer, &key, &r);
    if (e != OTA_OK) {
        file_free(&r.image);
        return e;
    }
    *out = r;
    return OTA_OK;
}
