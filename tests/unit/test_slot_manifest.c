/* link: boot slot image */
/* Key manifests in flash: which are taken, which not, and where they go; real signatures.  What
 * power cuts do to a change is tests/sim/sim_manifest.c's. */
#include <stdio.h>

#include "bootloader/boot.h"
#include "flash_memory.h"
#include "image_maker.h"

enum { SEQUENCE_AT = 12, CLASS_AT = 16 };

struct bytes {
    uint8_t at[1100];
    uint32_t len;
};

/* The test manifest with another sequence and class, signed again by two roots. */
static struct bytes made(uint32_t sequence, uint8_t class_xor)
{
    struct bytes b = {.len = sizeof test_manifest};
    uint16_t body;

    memcpy(b.at, test_manifest, sizeof test_manifest);
    body = le16_load(b.at + 10);
    le32_store(b.at + SEQUENCE_AT, sequence);
    b.at[CLASS_AT] ^= class_xor;
    for (uint32_t at = body + 8u, i = 0; i < b.at[body + 4]; i++) {
        const uint8_t *seed[] = {test_root1_seed, test_root2_seed, test_root3_seed};
        uint8_t digest[32];

        assert(crypto_hash_sha256(digest, b.at, body) == 0);
        maker_sign(seed[b.at[at]], digest, b.at + at + 4);
        at += 4u + 64;
    }
    return b;
}

static ota_err stage(const struct bytes *b)
{
    return slot_manifest_stage(&fm_map, test_roots, b->at, b->len);
}

static uint32_t in_force(void)
{
    struct manifest m;

    assert(slot_manifest(&fm_map, test_roots, &m) == OTA_OK);
    return m.sequence;
}

static uint32_t pending(void)
{
    struct manifest m;

    return slot_manifest_pending(&fm_map, test_roots, &m) == OTA_OK ? m.sequence : 0;
}

static void device_new(void)
{
    memset(fm_bytes, 0xff, sizeof fm_bytes);
    assert(slot_format(&fm_map, test_manifest, sizeof test_manifest, 0) == OTA_OK);
    assert(in_force() == 1 && pending() == 0);
}

static void test_refusals(void)
{
    struct bytes b = made(2, 0);

    device_new();
    b.len--;
    assert(stage(&b) == OTA_E_FORMAT);
    b = made(2, 0);
    b.at[b.len++] = 0;
    assert(stage(&b) == OTA_E_FORMAT);
    b = made(2, 0);
    b.at[CLASS_AT + 20] ^= 1;
    assert(stage(&b) != OTA_OK);
    b = made(2, 0);
    b.at[b.len - 1] ^= 1;
    assert(stage(&b) == OTA_E_SIGNATURE);
    b = made(1, 0);
    assert(stage(&b) == OTA_E_ROLLBACK);
    b = made(0, 0);
    assert(stage(&b) == OTA_E_ROLLBACK);
    b = made(2, 1);
    assert(stage(&b) == OTA_E_DENIED);
    assert(in_force() == 1 && pending() == 0);
    b = made(2, 0);
    fm_broken = true;
    assert(stage(&b) == OTA_E_IO);
    fm_broken = false;
    assert(in_force() == 1 && pending() == 0);
}

static void test_pending_is_replaced_and_comes_into_force(void)
{
    static const struct boot_hooks hooks = {NULL, NULL, NULL};
    struct image_info info = {.total_bytes = 100, .security_counter = 1};
    struct bytes two = made(2, 0), nine = made(9, 0), four = made(4, 0);
    struct boot_record r;
    struct maker m;

    device_new();
    assert(stage(&two) == OTA_OK && pending() == 2 && in_force() == 1);
    assert(stage(&nine) == OTA_OK && pending() == 9 && in_force() == 1);
    assert(stage(&four) == OTA_OK && pending() == 4); /* only what is in force counts */
    maker_good(&m, 1);
    memcpy(fm_bytes + fm_map.a_at, m.bytes, m.used);
    memcpy(fm_bytes + fm_map.b_at + FM_UNIT, m.bytes, m.used);
    assert(slot_request(&fm_map, &info) == OTA_OK);
    assert(stage(&nine) == OTA_E_CONFLICT);
    assert(boot_run(&fm_map, test_roots, BOOT_CAUSE_SOFT, NULL, &hooks, &r) == IMAGE_GOOD);
    assert(r.on_trial && in_force() == 1 && pending() == 4);
    assert(stage(&nine) == OTA_E_CONFLICT);
    assert(slot_confirm(&fm_map, &info) == OTA_OK);
    assert(in_force() == 4 && pending() == 0);
    assert(stage(&two) == OTA_E_ROLLBACK && stage(&four) == OTA_E_ROLLBACK);
    assert(stage(&nine) == OTA_OK && pending() == 9 && in_force() == 4);
}

/* A revoked key boots nothing from then on, even when the manifest that revoked it is lost. */
static void test_an_older_one_never_comes_back(void)
{
    static const struct boot_hooks hooks = {NULL, NULL, NULL};
    struct image_info info = {.total_bytes = 100, .security_counter = 1};
    struct bytes two = made(2, 0);
    struct boot_record r;
    struct manifest m;
    struct maker image;

    device_new();
    maker_good(&image, 1);
    memcpy(fm_bytes + fm_map.a_at, image.bytes, image.used);
    memcpy(fm_bytes + fm_map.b_at + FM_UNIT, image.bytes, image.used);
    assert(stage(&two) == OTA_OK && slot_request(&fm_map, &info) == OTA_OK);
    assert(boot_run(&fm_map, test_roots, BOOT_CAUSE_SOFT, NULL, &hooks, &r) == IMAGE_GOOD);
    assert(slot_confirm(&fm_map, &info) == OTA_OK && in_force() == 2);
    for (uint32_t sector = 0; sector < 2; sector++) { /* whichever holds sequence 2 */
        uint8_t *at = &fm_bytes[fm_map.manifest_at + sector * FM_UNIT];

        if (le32_load(at + SEQUENCE_AT) == 2)
            at[CLASS_AT] ^= 1;
    }
    assert(slot_manifest(&fm_map, test_roots, &m) == OTA_E_NOT_FOUND && pending() == 0);
    assert(boot_run(&fm_map, test_roots, BOOT_CAUSE_SOFT, NULL, &hooks, &r) != IMAGE_GOOD);
}

/* A torn write may state any sequence, that of the one in force too: that must not make it the
 * one to keep. */
static void test_the_one_in_force_is_kept_whatever_the_other_states(void)
{
    struct bytes two = made(2, 0);

    for (uint32_t kept = 0; kept < 2; kept++) {
        uint32_t torn = fm_map.manifest_at + (1 - kept) * FM_UNIT;

        device_new();
        if (kept == 1) {
            memcpy(fm_bytes + fm_map.manifest_at + FM_UNIT, test_manifest,
                   sizeof test_manifest);
            memset(fm_bytes + fm_map.manifest_at, 0xff, FM_UNIT);
        }
        memset(fm_bytes + torn, 0x5a, FM_UNIT);
        le32_store(fm_bytes + torn + SEQUENCE_AT, 1);
        assert(in_force() == 1 && pending() == 0);
        assert(stage(&two) == OTA_OK);
        assert(in_force() == 1 && pending() == 2);
    }
}

static void test_the_highest_sequence_ends_it(void)
{
    struct bytes last = made(UINT32_MAX, 0), more = made(7, 0);

    memset(fm_bytes, 0xff, sizeof fm_bytes);
    assert(slot_format(&fm_map, last.at, last.len, 0) == OTA_OK);
    assert(in_force() == UINT32_MAX && pending() == 0);
    assert(stage(&more) == OTA_E_ROLLBACK && stage(&last) == OTA_E_ROLLBACK);
}

int main(void)
{
    test_refusals();
    test_pending_is_replaced_and_comes_into_force();
    test_an_older_one_never_comes_back();
    test_the_one_in_force_is_kept_whatever_the_other_states();
    test_the_highest_sequence_ends_it();
    puts("slot_manifest: ok");
    return 0;
}
