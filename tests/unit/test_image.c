/* link: image image_text PkgConfig::SODIUM */
/* Strict parsing and judging of images (SPEC 2): every refusal, every truncation, every bit. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/image_maker.h"

static struct manifest manifest;

static enum image_verdict parse_bytes(const void *data, size_t len, struct image_info *info)
{
    struct image_source src = image_source_memory(data, (uint32_t)len);
    enum image_verdict why = 0;
    ota_err e = image_parse(&src, info, &why);

    assert((e == OTA_OK) == (why == IMAGE_GOOD));
    if (why == IMAGE_TOO_LARGE)
        assert(e == OTA_E_LIMIT);
    else if (why == IMAGE_UNREADABLE)
        assert(e == OTA_E_IO);
    else if (why != IMAGE_GOOD)
        assert(e == OTA_E_FORMAT);
    return why;
}

static enum image_verdict parse(const struct maker *m)
{
    struct image_info info;

    return parse_bytes(m->bytes, m->used, &info);
}

static enum image_verdict judge(const void *data, size_t len, uint32_t floor)
{
    struct image_source src = image_source_memory(data, (uint32_t)len);
    struct image_policy policy = {&manifest, floor};
    struct image_info info;

    return image_verify(&src, &policy, NULL, NULL, &info);
}

static void good_image(void)
{
    struct image_info info;
    struct maker m;

    maker_good(&m, 77);
    assert(parse_bytes(m.bytes, m.used, &info) == IMAGE_GOOD);
    assert(info.header_bytes == MAKER_HEADER && info.payload_bytes == MAKER_PAYLOAD);
    assert(info.protected_bytes == 4 + 8 + 20 && info.total_bytes == m.used);
    assert(info.version.major == 1 && info.version.minor == 2 && info.version.revision == 3 &&
           info.version.build == 4);
    assert(info.has_security_counter && info.security_counter == 77);
    assert(info.has_hardware_class &&
           memcmp(info.hardware_class, manifest.hardware_class, 16) == 0);
    assert(info.alg == CRYPTO_ED25519 && info.signature_bytes == 64);
    assert(judge(m.bytes, m.used, 77) == IMAGE_GOOD);
    assert(judge(m.bytes, m.used, 78) == IMAGE_BELOW_FLOOR);
    assert(judge(m.bytes, m.used, 0) == IMAGE_GOOD);
    /* Bytes behind the image are no part of it. */
    assert(judge(m.bytes, sizeof m.bytes, 0) == IMAGE_GOOD);
}

/* A header field of n bytes at `at` is set to v; what comes of it? */
static enum image_verdict with_field(size_t at, size_t n, uint32_t v)
{
    uint8_t b[4];
    struct maker m;

    maker_good(&m, 1);
    le32_store(b, v);
    memcpy(m.bytes + at, b, n);
    return parse(&m);
}

static void header_fields(void)
{
    assert(with_field(0, 4, 0x96f3b83c) == IMAGE_BLANK);
    assert(with_field(0, 4, 0xffffffff) == IMAGE_BLANK);
    assert(with_field(28, 4, 1) == IMAGE_MALFORMED);
    assert(with_field(28, 4, 0x01000000) == IMAGE_MALFORMED);
    assert(with_field(8, 2, 31) == IMAGE_MALFORMED);
    assert(with_field(8, 2, 0) == IMAGE_MALFORMED);
    assert(with_field(8, 2, 4097) == IMAGE_MALFORMED);
    assert(with_field(8, 2, 0xffff) == IMAGE_MALFORMED);
    assert(with_field(8, 2, 32) ==
           IMAGE_MALFORMED); /* then the areas are not where they were */
    assert(with_field(8, 2, 4096) == IMAGE_TOO_LARGE);
    assert(with_field(10, 2, 0) == IMAGE_MALFORMED);
    assert(with_field(10, 2, 31) == IMAGE_MALFORMED);
    assert(with_field(10, 2, 33) == IMAGE_MALFORMED);
    assert(with_field(12, 4, 0xffffffff) == IMAGE_TOO_LARGE);
    assert(with_field(12, 4, IMAGE_BYTES_MAX + 1) == IMAGE_TOO_LARGE);
    assert(with_field(12, 4, IMAGE_BYTES_MAX) == IMAGE_TOO_LARGE);
    assert(with_field(12, 4, MAKER_PAYLOAD - 1) == IMAGE_MALFORMED);
    assert(with_field(16, 4, 0x100) == IMAGE_GOOD); /* ROM_FIXED */
    for (unsigned bit = 0; bit < 32; bit++) {
        enum image_verdict want = bit == 2 || bit == 3   ? IMAGE_ENCRYPTED
                                  : bit >= 9 && bit < 12 ? IMAGE_COMPRESSED
                                                         : IMAGE_UNSUPPORTED;

        if (bit != 8)
            assert(with_field(16, 4, UINT32_C(1) << bit) == want);
    }
    /* Not in the header's judgement: load address and version. */
    assert(with_field(4, 4, 0xffffffff) == IMAGE_GOOD);
    assert(with_field(20, 4, 0xffffffff) == IMAGE_GOOD);
    assert(with_field(24, 4, 0xffffffff) == IMAGE_GOOD);
}

/* A good image with one more entry of this type in the protected area. */
static enum image_verdict protected_entry(unsigned type, size_t len)
{
    uint8_t value[128] = {0};
    struct maker m;

    maker_init(&m);
    maker_area(&m, 0x6908);
    maker_counter(&m, 5);
    maker_tlv(&m, 0x75, manifest.hardware_class, 16);
    maker_tlv(&m, type, value, len);
    maker_protect(&m);
    maker_finish(&m, test_image_seed, test_image_key);
    assert(parse(&m) != IMAGE_GOOD || judge(m.bytes, m.used, 5) == IMAGE_GOOD);
    return parse(&m);
}

static void protected_area(void)
{
    struct maker m;

    for (unsigned type = 0; type <= 0x25; type++)
        assert(protected_entry(type, 32) == IMAGE_MALFORMED);
    for (unsigned type = 0x30; type <= 0x34; type++)
        assert(protected_entry(type, 16) == IMAGE_ENCRYPTED);
    for (unsigned type = 0x70; type <= 0x73; type++)
        assert(protected_entry(type, 4) == IMAGE_COMPRESSED);
    assert(protected_entry(0x50, 4) == IMAGE_MALFORMED); /* twice */
    assert(protected_entry(0x75, 16) == IMAGE_MALFORMED);
    assert(protected_entry(0x40, 12) == IMAGE_GOOD);
    assert(protected_entry(0x60, 100) == IMAGE_GOOD);
    assert(protected_entry(0x74, 16) == IMAGE_GOOD);
    assert(protected_entry(0x00a0, 0) == IMAGE_GOOD);
    assert(protected_entry(0xfffe, 1) == IMAGE_GOOD);

    /* Exact lengths of what we read. */
    for (size_t len = 0; len < 40; len++) {
        uint8_t value[40] = {0};

        maker_init(&m);
        maker_area(&m, 0x6908);
        maker_tlv(&m, 0x50, value, len);
        maker_protect(&m);
        maker_finish(&m, test_image_seed, test_image_key);
        assert(parse(&m) == (len == 4 ? IMAGE_GOOD : IMAGE_MALFORMED));
        maker_init(&m);
        maker_area(&m, 0x6908);
        maker_tlv(&m, 0x75, value, len);
        maker_protect(&m);
        maker_finish(&m, test_image_seed, test_image_key);
        assert(parse(&m) == (len == 16 ? IMAGE_GOOD : IMAGE_MALFORMED));
    }
    /* An entry that reaches beyond its area, and a rest too short for an entry. */
    maker_good(&m, 1);
    le16_store(m.bytes + MAKER_HEADER + MAKER_PAYLOAD + 4 + 8 + 2, 17);
    assert(parse(&m) == IMAGE_MALFORMED);
    maker_init(&m);
    maker_area(&m, 0x6908);
    maker_counter(&m, 1);
    maker_put(&m, "\0\0\0", 3);
    le16_store(m.bytes + m.area_at + 2, (uint16_t)(m.used - m.area_at));
    maker_protect(&m);
    maker_finish(&m, test_image_seed, test_image_key);
    assert(parse(&m) == IMAGE_MALFORMED);
    /* Not announced in the header; the wrong magic. */
    maker_good(&m, 1);
    le16_store(m.bytes + MAKER_HEADER + MAKER_PAYLOAD, 0x6907);
    assert(parse(&m) == IMAGE_MALFORMED);
}

static void policy_tlvs(void)
{
    struct maker m;

    maker_init(&m); /* no protected area at all */
    maker_finish(&m, test_image_seed, test_image_key);
    assert(parse(&m) == IMAGE_GOOD && judge(m.bytes, m.used, 0) == IMAGE_NO_POLICY_TLV);
    maker_init(&m);
    maker_area(&m, 0x6908);
    maker_counter(&m, 1);
    maker_protect(&m);
    maker_finish(&m, test_image_seed, test_image_key);
    assert(judge(m.bytes, m.used, 0) == IMAGE_NO_POLICY_TLV);
    maker_init(&m);
    maker_area(&m, 0x6908);
    maker_tlv(&m, 0x75, manifest.hardware_class, 16);
    maker_protect(&m);
    maker_finish(&m, test_image_seed, test_image_key);
    assert(judge(m.bytes, m.used, 0) == IMAGE_NO_POLICY_TLV);
    maker_init(&m);
    maker_policy(&m, 1, (const uint8_t *)"some other class");
    maker_finish(&m, test_image_seed, test_image_key);
    assert(judge(m.bytes, m.used, 0) == IMAGE_WRONG_CLASS);
    maker_good(&m, UINT32_MAX);
    assert(judge(m.bytes, m.used, UINT32_MAX) == IMAGE_GOOD);
}

/* The unprotected area from a list of entries; what does parsing say? */
struct entry {
    unsigned type;
    size_t len;
};

static enum image_verdict unprotected(const struct entry *e, size_t count)
{
    uint8_t value[300] = {0};
    struct maker m;

    maker_init(&m);
    maker_policy(&m, 1, manifest.hardware_class);
    maker_area(&m, 0x6907);
    for (size_t i = 0; i < count; i++)
        maker_tlv(&m, e[i].type, value, e[i].len);
    return parse(&m);
}

#define UNPROTECTED(...)                                                                       \
    unprotected((const struct entry[]){__VA_ARGS__},                                           \
                sizeof((const struct entry[]){__VA_ARGS__}) / sizeof(struct entry))

static void unprotected_area(void)
{
    const struct entry digest = {0x10, 32}, hash = {0x01, 32}, ed = {0x24, 64}, ec = {0x22, 70};

    assert(UNPROTECTED(digest, hash, ed) == IMAGE_GOOD);
    assert(UNPROTECTED(ed, hash, digest) == IMAGE_GOOD); /* any order */
    assert(UNPROTECTED(digest, hash, ec) == IMAGE_GOOD);
    assert(unprotected(NULL, 0) == IMAGE_MALFORMED);
    assert(UNPROTECTED(hash, ed) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, ed) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, digest, hash, ed) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash, hash, ed) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash, ed, ed) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash, ed, ec) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash, ed, {0x00a0, 4}) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash, ed, {0x50, 4}) == IMAGE_MALFORMED);
    assert(UNPROTECTED(digest, hash, ed, {0x75, 16}) == IMAGE_MALFORMED);
    for (size_t len = 0; len < 100; len++) {
        assert(UNPROTECTED({0x12, len}, {0x01, 64}, ed) ==
               (len == 64 ? IMAGE_GOOD : IMAGE_MALFORMED));
        assert(UNPROTECTED({0x12, 64}, {0x01, len}, ed) ==
               (len == 64 ? IMAGE_GOOD : IMAGE_MALFORMED));
        assert(UNPROTECTED({0x10, len}, hash, ed) ==
               (len == 32 ? IMAGE_GOOD : IMAGE_MALFORMED));
        assert(UNPROTECTED(digest, {0x01, len}, ed) ==
               (len == 32 ? IMAGE_GOOD : IMAGE_MALFORMED));
        assert(UNPROTECTED(digest, hash, {0x24, len}) ==
               (len == 64 ? IMAGE_GOOD : IMAGE_MALFORMED));
        assert(UNPROTECTED(digest, hash, {0x22, len}) ==
               (len >= 8 && len <= 72 ? IMAGE_GOOD : IMAGE_MALFORMED));
    }
    assert(UNPROTECTED({0x12, 64}, {0x01, 64}, ec) == IMAGE_UNSUPPORTED);
    assert(UNPROTECTED({0x12, 64}, digest, {0x01, 64}, ed) == IMAGE_MALFORMED);
    assert(UNPROTECTED({0x12, 64}, {0x25, 1}, {0x01, 64}, ed) == IMAGE_PURE); /* as imgtool */
    /* What the format knows and we refuse: RSA, SHA-384, pure, encryption, whole keys. */
    for (unsigned type = 0; type < 0x100; type++) {
        bool unsupported = type == 0x02 || type == 0x11 || (type >= 0x20 && type < 0x25);
        enum image_verdict want = type == 0x25                   ? IMAGE_PURE
                                  : type >= 0x30 && type <= 0x34 ? IMAGE_ENCRYPTED
                                  : unsupported                  ? IMAGE_UNSUPPORTED
                                                                 : IMAGE_MALFORMED;

        if (type == 0x01 || type == 0x10 || type == 0x12 || type == 0x22 || type == 0x24)
            continue;
        assert(UNPROTECTED({type, 32}) == want);
    }
}

static void signatures(void)
{
    uint8_t other[32] = {1};
    struct maker m, swapped;

    maker_init(&m);
    maker_policy(&m, 1, manifest.hardware_class);
    maker_finish(&m, test_stranger_seed, test_stranger_key);
    assert(judge(m.bytes, m.used, 0) == IMAGE_UNKNOWN_KEY);
    /* A stranger who states the known key's hash. */
    maker_init(&m);
    maker_policy(&m, 1, manifest.hardware_class);
    maker_finish(&m, test_stranger_seed, test_image_key);
    assert(judge(m.bytes, m.used, 0) == IMAGE_BAD_SIGNATURE);
    /* A release key signs no images. */
    maker_init(&m);
    maker_policy(&m, 1, manifest.hardware_class);
    maker_finish(&m, test_release_seed, test_release_key);
    assert(judge(m.bytes, m.used, 0) == IMAGE_UNKNOWN_KEY);
    /* An Ed25519 signature under the P-256 key's hash. */
    maker_good(&m, 1);
    assert(manifest.key[1].alg == CRYPTO_P256);
    memcpy(m.bytes + m.used - 68 - 32, manifest.key[1].hash, 32);
    assert(judge(m.bytes, m.used, 0) == IMAGE_BAD_SIGNATURE);
    /* The signature of another image. */
    maker_good(&m, 1);
    maker_good(&swapped, 2);
    memcpy(swapped.bytes + swapped.used - 64, m.bytes + m.used - 64, 64);
    assert(judge(swapped.bytes, swapped.used, 0) == IMAGE_BAD_SIGNATURE);
    /* Digest of something else, signed rightly. */
    maker_init(&m);
    maker_policy(&m, 1, manifest.hardware_class);
    maker_finish(&m, test_image_seed, test_image_key);
    memcpy(m.bytes + m.used - 140 + 4, other, 32);
    maker_sign(test_image_seed, other, m.bytes + m.used - 64);
    assert(judge(m.bytes, m.used, 0) == IMAGE_BAD_DIGEST);
}

/* Exactly sized copies let the sanitizer see any read behind the end. */
static void truncated(void)
{
    struct maker m;

    maker_good(&m, 1);
    for (size_t len = 0; len < m.used; len++) {
        uint8_t *copy = malloc(len == 0 ? 1 : len);
        struct image_info info;
        enum image_verdict v;

        assert(copy != NULL);
        memcpy(copy, m.bytes, len);
        v = parse_bytes(copy, len, &info);
        assert(v == (len < 32 ? IMAGE_BLANK : IMAGE_TOO_LARGE));
        assert(judge(copy, len, 0) == v);
        free(copy);
    }
}

static void every_bit(void)
{
    struct maker m;

    maker_good(&m, 1);
    for (size_t bit = 0; bit < 8 * m.used; bit++) {
        m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert(judge(m.bytes, m.used, 0) != IMAGE_GOOD);
        m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert(judge(m.bytes, m.used, 0) == IMAGE_GOOD);
}

/* A source whose n-th read fails. */
static unsigned reads_left;

static ota_err failing_read(const struct image_source *src, uint32_t at, void *buf, size_t len)
{
    if (reads_left-- == 0)
        return OTA_E_IO;
    assert(at <= src->size_bytes && len <= src->size_bytes - at);
    memcpy(buf, (const uint8_t *)src->port + at, len);
    return OTA_OK;
}

static void unreadable(void)
{
    struct image_policy policy = {&manifest, 0};
    struct image_info info;
    struct image_source src;
    enum image_verdict v = IMAGE_UNREADABLE;
    struct maker m;
    unsigned n = 0;

    maker_good(&m, 1);
    src = image_source_memory(m.bytes, (uint32_t)m.used);
    src.read = failing_read;
    for (; v != IMAGE_GOOD; n++) {
        reads_left = n;
        v = image_verify(&src, &policy, NULL, NULL, &info);
        assert(v == IMAGE_UNREADABLE || v == IMAGE_GOOD);
    }
    assert(n > 10); /* header, areas, entries, blocks: each of them failed once */
}

static void count_call(void *arg)
{
    ++*(unsigned *)arg;
}

static void progress(void)
{
    struct image_policy policy = {&manifest, 0};
    struct image_source src;
    struct image_info info;
    struct maker m;
    unsigned calls = 0;

    maker_good(&m, 1);
    src = image_source_memory(m.bytes, (uint32_t)m.used);
    assert(image_verify(&src, &policy, count_call, &calls, &info) == IMAGE_GOOD);
    assert(calls >= (MAKER_HEADER + MAKER_PAYLOAD) / 512);
}

static void versions(void)
{
    const struct image_version v = {1, 2, 3, 4};

    assert(image_version_compare(v, (struct image_version){1, 2, 3, 9}) == 0);
    assert(image_version_compare(v, (struct image_version){1, 2, 4, 0}) == -1);
    assert(image_version_compare(v, (struct image_version){1, 2, 2, 9}) == 1);
    assert(image_version_compare(v, (struct image_version){1, 3, 0, 0}) == -1);
    assert(image_version_compare(v, (struct image_version){0, 9, 9, 0}) == 1);
    assert(image_version_compare(v, (struct image_version){2, 0, 0, 0}) == -1);
}

static void words(void)
{
    for (int v = IMAGE_BLANK; v <= IMAGE_UNREADABLE; v++) {
        assert(strcmp(image_verdict_name((enum image_verdict)v), "unknown") != 0);
        assert(strcmp(image_verdict_text((enum image_verdict)v), "unknown verdict") != 0);
    }
    assert(strcmp(image_verdict_name(IMAGE_GOOD), "good") == 0);
    assert(strcmp(image_verdict_name((enum image_verdict)99), "unknown") == 0);
    assert(strcmp(ota_err_name(OTA_E_INTERNAL), "internal") == 0);
    assert(strcmp(ota_err_name((ota_err)99), "unknown") == 0);
}

int main(void)
{
    assert(sodium_init() >= 0);
    manifest = maker_manifest();
    good_image();
    header_fields();
    protected_area();
    policy_tlvs();
    unprotected_area();
    signatures();
    truncated();
    every_bit();
    unreadable();
    progress();
    versions();
    words();
    return 0;
}
