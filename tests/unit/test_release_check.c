/* link: otad_api_pure PkgConfig::SODIUM */
/* The judgement over releases, with real signatures by the test keys and everything that can be
 * forged. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "firmware/boards/host/minisign.h"
#include "otad/api/release_check.h"
#include "tests/vectors/keys/test_keys.h"

enum { PAYLOAD_BYTES = 600, IMAGE_ROOM = 1200 };

static struct manifest manifest;

/* What the image says; good() is right for 1.2.3 with counter 5. */
struct recipe {
    uint8_t major, minor;
    uint16_t revision;
    uint32_t build, counter;
    const uint8_t *seed, *key;
    uint8_t class_flip; /* xor into the hardware class */
    int damage_at;      /* flip this byte afterwards, -1 = none */
};

static struct recipe good(void)
{
    return (struct recipe){.major = 1,
                           .minor = 2,
                           .revision = 3,
                           .counter = 5,
                           .seed = test_image_seed,
                           .key = test_image_key,
                           .damage_at = -1};
}

static size_t put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    return 2;
}

static size_t put32(uint8_t *p, uint32_t v)
{
    return put16(p, v & 0xffff) + put16(p + 2, v >> 16);
}

static size_t put_tlv(uint8_t *p, uint32_t type, const void *value, size_t len)
{
    put16(p, type);
    put16(p + 2, (uint32_t)len);
    memcpy(p + 4, value, len);
    return 4 + len;
}

static void key_hash(const uint8_t *key, uint8_t out[32])
{
    assert(manifest_key_hash(CRYPTO_ED25519, key, 32, out) == OTA_OK);
}

static void sign(const uint8_t *seed, const void *message, size_t len, uint8_t out[64])
{
    uint8_t public[32], secret[64];
    assert(crypto_sign_seed_keypair(public, secret, seed) == 0);
    assert(crypto_sign_detached(out, NULL, message, len, secret) == 0);
}

static size_t make_image(const struct recipe *r, uint8_t out[IMAGE_ROOM])
{
    uint8_t class[16], counter[4], digest[32], hash[32], signature[64];
    size_t at = 0;
    memset(out, 0, IMAGE_ROOM);
    at += put32(out, 0x96f3b83d);
    at += put32(out + at, 0x1000);
    at += put16(out + at, 32);
    at += put16(out + at, 4 + 8 + 20);
    at += put32(out + at, PAYLOAD_BYTES);
    at += put32(out + at, 0);
    out[at++] = r->major;
    out[at++] = r->minor;
    at += put16(out + at, r->revision);
    at += put32(out + at, r->build);
    at += put32(out + at, 0);
    assert(at == 32);
    for (int i = 0; i < PAYLOAD_BYTES; i++)
        out[at++] = (uint8_t)(i * 7);
    memcpy(class, manifest.hardware_class, sizeof class);
    class[3] ^= r->class_flip;
    put32(counter, r->counter);
    at += put16(out + at, 0x6908);
    at += put16(out + at, 4 + 8 + 20);
    at += put_tlv(out + at, 0x50, counter, sizeof counter);
    at += put_tlv(out + at, 0x75, class, sizeof class);
    (void)crypto_hash_sha256(digest, out, at);
    key_hash(r->key, hash);
    sign(r->seed, digest, sizeof digest, signature);
    at += put16(out + at, 0x6907);
    at += put16(out + at, 4 + 36 + 36 + 68);
    at += put_tlv(out + at, 0x10, digest, sizeof digest);
    at += put_tlv(out + at, 0x01, hash, sizeof hash);
    at += put_tlv(out + at, 0x24, signature, sizeof signature);
    if (r->damage_at >= 0)
        out[r->damage_at] ^= 1;
    return at;
}

/* One release in the making. */
struct draft {
    uint8_t image[IMAGE_ROOM];
    size_t image_bytes;
    char sums[2048], minisig[MINISIG_BYTES_MAX];
    size_t sums_bytes, minisig_bytes;
};

static void add_sum(struct draft *d, const char *name, const void *data, size_t len)
{
    struct sums_entry e;
    size_t used = 0;
    (void)snprintf(e.name, sizeof e.name, "%s", name);
    (void)crypto_hash_sha256(e.sha256, data, len);
    assert(sums_line_write(&e, d->sums + d->sums_bytes, sizeof d->sums - d->sums_bytes,
                           &used) == OTA_OK);
    d->sums_bytes += used;
}

static void sign_sums(struct draft *d, const char *comment, const uint8_t *seed,
                      const uint8_t *key)
{
    struct minisig sig = {.comment_bytes = strlen(comment)};
    uint8_t hash[64], whole[64 + MINISIG_COMMENT_BYTES_MAX];
    minisign_key_number(key, sig.key_number);
    (void)crypto_generichash(hash, sizeof hash, (const uint8_t *)d->sums, d->sums_bytes, NULL,
                             0);
    sign(seed, hash, sizeof hash, sig.signature);
    memcpy(sig.comment, comment, sig.comment_bytes);
    memcpy(whole, sig.signature, 64);
    memcpy(whole + 64, comment, sig.comment_bytes);
    sign(seed, whole, 64 + sig.comment_bytes, sig.global_signature);
    assert(minisig_write(&sig, "signature of a test", d->minisig, sizeof d->minisig,
                         &d->minisig_bytes) == OTA_OK);
}

static const char comment_good[] = "otad platform=mps2-an386 version=1.2.3 counter=5";

static void make_draft(struct draft *d, const struct recipe *r, const char *comment)
{
    memset(d, 0, sizeof *d);
    d->image_bytes = make_image(r, d->image);
    add_sum(d, "app.bin", d->image, d->image_bytes);
    add_sum(d, "notes.txt", "hello", 5);
    sign_sums(d, comment, test_release_seed, test_release_key);
}

static struct release_claim claim_of(const struct draft *d)
{
    return (struct release_claim){.manifest = &manifest,
                                  .platform = "mps2-an386",
                                  .version = "1.2.3",
                                  .sums = d->sums,
                                  .sums_bytes = d->sums_bytes,
                                  .minisig = d->minisig,
                                  .minisig_bytes = d->minisig_bytes};
}

static enum release_verdict sums_verdict(const struct draft *d)
{
    static struct release_sums sums;
    const struct release_claim claim = claim_of(d);
    return release_check_sums(&claim, &sums).verdict;
}

static void check_sums(void)
{
    static struct draft d;
    static struct release_sums sums;
    const struct recipe r = good();
    make_draft(&d, &r, comment_good);
    struct release_claim claim = claim_of(&d);
    assert(release_check_sums(&claim, &sums).verdict == RELEASE_GOOD);
    assert(sums.security_counter == 5 && sums.count == 2);
    assert(strlen(sums.signed_by) == 16);

    claim.version = "1.2.4";
    assert(release_check_sums(&claim, &sums).verdict == RELEASE_OTHER_VERSION);
    claim.version = "1.2";
    assert(release_check_sums(&claim, &sums).verdict == RELEASE_BAD_VERSION);
    claim = claim_of(&d);
    claim.platform = "esp8266";
    assert(release_check_sums(&claim, &sums).verdict == RELEASE_OTHER_PLATFORM);
    claim = claim_of(&d);
    struct manifest other = manifest;
    for (unsigned i = 0; i < other.key_count; i++)
        other.key[i].purpose = MANIFEST_IMAGE;
    claim.manifest = &other;
    assert(release_check_sums(&claim, &sums).verdict == RELEASE_UNKNOWN_KEY);

    for (size_t i = 0; i < d.sums_bytes; i++) { /* any byte of the sums */
        d.sums[i] ^= 1;
        const enum release_verdict v = sums_verdict(&d);
        assert(v == RELEASE_BAD_SUMS || v == RELEASE_BAD_SIGNATURE);
        d.sums[i] ^= 1;
    }
    size_t refused = 0;
    for (size_t i = 0; i < d.minisig_bytes; i++) { /* any byte of the signature file */
        d.minisig[i] ^= 1;
        refused += sums_verdict(&d) != RELEASE_GOOD;
        d.minisig[i] ^= 1;
    }
    /* Only the untrusted comment may change unnoticed. */
    assert(refused + strlen("signature of a test") >= d.minisig_bytes);
    assert(sums_verdict(&d) == RELEASE_GOOD);
    for (size_t cut = 0; cut < d.minisig_bytes; cut++) {
        claim = claim_of(&d);
        claim.minisig_bytes = cut;
        const enum release_verdict v = release_check_sums(&claim, &sums).verdict;
        assert(v == RELEASE_BAD_MINISIG || cut == d.minisig_bytes - 1);
    }
    d.sums_bytes--;
    assert(sums_verdict(&d) == RELEASE_BAD_SUMS);
    d.sums_bytes = 0;
    assert(sums_verdict(&d) == RELEASE_BAD_SUMS);
}

static void check_signers(void)
{
    static struct draft d;
    const struct recipe r = good();
    make_draft(&d, &r, comment_good);
    sign_sums(&d, comment_good, test_stranger_seed, test_stranger_key);
    assert(sums_verdict(&d) == RELEASE_UNKNOWN_KEY);
    sign_sums(&d, comment_good, test_stranger_seed, test_release_key); /* borrowed number */
    assert(sums_verdict(&d) == RELEASE_BAD_SIGNATURE);
    sign_sums(&d, comment_good, test_image_seed, test_image_key); /* not its purpose */
    assert(sums_verdict(&d) == RELEASE_UNKNOWN_KEY);
    sign_sums(&d, "otad platform=mps2-an386 version=1.2.3", test_release_seed,
              test_release_key);
    assert(sums_verdict(&d) == RELEASE_BAD_MINISIG);
    sign_sums(&d, "otad platform=mps2-an385 version=1.2.3 counter=5", test_release_seed,
              test_release_key);
    assert(sums_verdict(&d) == RELEASE_OTHER_PLATFORM);
}

static struct release_judgement file_judgement(const struct draft *d, const char *name,
                                               const void *data, size_t len)
{
    static struct release_sums sums;
    const struct release_claim claim = claim_of(d);
    const struct image_source source = image_source_memory(data, (uint32_t)len);
    struct release_upload file = {.name = name, .source = &source};
    struct image_info image;
    bool is_image = true;
    assert(release_check_sums(&claim, &sums).verdict == RELEASE_GOOD);
    (void)crypto_hash_sha256(file.sha256.b, data, len);
    const struct release_judgement j =
        release_check_file(&claim, &sums, &file, &is_image, &image);
    assert(is_image ==
           (j.verdict == RELEASE_GOOD && len >= 4 && memcmp(data, "=\270\363\226", 4) == 0));
    assert(!is_image || image.security_counter == 5);
    return j;
}

static struct release_judgement image_judgement(struct recipe r)
{
    static struct draft d;
    make_draft(&d, &r, comment_good);
    return file_judgement(&d, "app.bin", d.image, d.image_bytes);
}

static void check_images(void)
{
    struct recipe r = good();
    assert(image_judgement(r).verdict == RELEASE_GOOD);
    r.build = 9;
    assert(image_judgement(r).verdict == RELEASE_GOOD); /* build is not compared */
    r = good();
    r.revision = 4;
    assert(image_judgement(r).verdict == RELEASE_OTHER_VERSION);
    r = good();
    r.counter = 4;
    assert(image_judgement(r).verdict == RELEASE_OTHER_COUNTER);
    r.counter = 6;
    assert(image_judgement(r).verdict == RELEASE_OTHER_COUNTER);
    r = good();
    r.class_flip = 1;
    assert(image_judgement(r).image == IMAGE_WRONG_CLASS);
    r = good();
    r.seed = test_stranger_seed;
    assert(image_judgement(r).image == IMAGE_BAD_SIGNATURE);
    r.key = test_stranger_key;
    assert(image_judgement(r).image == IMAGE_UNKNOWN_KEY);
    r = good();
    r.seed = test_release_seed;
    r.key = test_release_key;
    assert(image_judgement(r).image == IMAGE_UNKNOWN_KEY);
    assert(strcmp(release_judgement_code(image_judgement(r)), "unknown-key") == 0);
    assert(release_judgement_err(image_judgement(r)) == OTA_E_SIGNATURE);

    static struct draft d;
    r = good();
    make_draft(&d, &r, comment_good);
    const int total = (int)d.image_bytes;
    for (int i = 0; i < total; i++) { /* every single byte flipped, and signed into the sums */
        r.damage_at = i;
        const struct release_judgement j = image_judgement(r);
        assert(j.verdict != RELEASE_GOOD);
        assert(i >= 4 || j.verdict == RELEASE_NOT_AN_IMAGE);
    }
}

static void check_files(void)
{
    static struct draft d;
    const struct recipe r = good();
    make_draft(&d, &r, comment_good);
    assert(file_judgement(&d, "notes.txt", "hello", 5).verdict == RELEASE_GOOD);
    assert(file_judgement(&d, "notes.txt", "hellO", 5).verdict == RELEASE_DIGEST_DIFFERS);
    assert(file_judgement(&d, "notes.txt", d.image, d.image_bytes).verdict ==
           RELEASE_DIGEST_DIFFERS);
    assert(file_judgement(&d, "app.bin", d.image, d.image_bytes - 1).verdict ==
           RELEASE_DIGEST_DIFFERS);
    assert(file_judgement(&d, "other.txt", "hello", 5).verdict == RELEASE_NOT_IN_SUMS);
    assert(file_judgement(&d, "../app.bin", "hello", 5).verdict == RELEASE_NOT_IN_SUMS);

    memset(&d, 0, sizeof d);
    add_sum(&d, "empty", "", 0);
    add_sum(&d, "raw.bin", "raw", 3);
    sign_sums(&d, comment_good, test_release_seed, test_release_key);
    assert(file_judgement(&d, "empty", "", 0).verdict == RELEASE_GOOD);
    assert(file_judgement(&d, "raw.bin", "raw", 3).verdict == RELEASE_NOT_AN_IMAGE);
    struct manifest files_only = manifest;
    for (unsigned i = 0; i < files_only.key_count; i++)
        files_only.key[i].purpose = MANIFEST_RELEASE;
    const struct manifest kept = manifest;
    manifest = files_only;
    assert(file_judgement(&d, "raw.bin", "raw", 3).verdict == RELEASE_GOOD);
    manifest = kept;
}

int main(void)
{
    assert(sodium_init() >= 0);
    assert(manifest_open(test_manifest, sizeof test_manifest, test_roots, &manifest) == OTA_OK);
    check_sums();
    check_signers();
    check_images();
    check_files();
    for (int v = RELEASE_GOOD; v <= RELEASE_IMAGE_REFUSED; v++) {
        const struct release_judgement j = {(enum release_verdict)v, IMAGE_BAD_DIGEST};
        assert(release_judgement_code(j)[0] != '\0' && release_judgement_text(j)[0] != '\0');
        assert((release_judgement_err(j) == OTA_OK) == (v == RELEASE_GOOD));
    }
    return 0;
}
