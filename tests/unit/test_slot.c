/* link: boot slot image */
/* Slots, requests and key manifests over a flash in memory, with the real cryptography. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/boot.h"
#include "firmware/slot/crc32.h"
#include "firmware/slot/journal.h"
#include "tests/vectors/keys/test_keys.h"

enum { UNIT = 4096, SLOT = 4 * UNIT, BYTES = 8 * UNIT + 2 * SLOT };

static uint8_t bytes[BYTES];
static unsigned long writes; /* programs and erases */

static ota_err mem_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    assert(at <= f->size_bytes && len <= f->size_bytes - at);
    memcpy(buf, bytes + at, len);
    return OTA_OK;
}

static ota_err mem_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    const uint8_t *from = buf;

    assert(at % f->program_bytes == 0 && len % f->program_bytes == 0);
    assert(at <= f->size_bytes && len <= f->size_bytes - at);
    for (size_t i = 0; i < len; i++) {
        assert(bytes[at + i] == f->erased);
        bytes[at + i] = from[i];
    }
    writes++;
    return OTA_OK;
}

static ota_err mem_erase(const struct flash *f, uint32_t at)
{
    assert(at % f->erase_bytes == 0 && at < f->size_bytes);
    memset(bytes + at, f->erased, f->erase_bytes);
    writes++;
    return OTA_OK;
}

static const struct flash flash = {.size_bytes = BYTES,
                                   .erase_bytes = UNIT,
                                   .program_bytes = 8,
                                   .erased = 0xff,
                                   .read = mem_read,
                                   .program = mem_program,
                                   .erase = mem_erase};
static const struct slot_map map = {.flash = &flash,
                                    .journal_at = 0,
                                    .manifest_at = 2 * UNIT,
                                    .agent_at = 4 * UNIT,
                                    .settings_at = 6 * UNIT,
                                    .a_at = 7 * UNIT,
                                    .b_at = 7 * UNIT + SLOT,
                                    .slot_bytes = SLOT};

static void device_new(uint32_t floor)
{
    memset(bytes, 0xff, sizeof bytes);
    assert(slot_format(&map, test_manifest, sizeof test_manifest, floor) == OTA_OK);
}

static struct slot_state state(void)
{
    struct slot_state s;

    assert(slot_state_get(&map, &s) == OTA_OK);
    return s;
}

static void test_crc32(void)
{
    assert(crc32_of("123456789", 9) == 0xcbf43926u);
    assert(crc32_of("", 0) == 0);
}

static void test_a_blank_flash_has_no_state(void)
{
    struct slot_state s;

    memset(bytes, 0xff, sizeof bytes);
    assert(slot_state_get(&map, &s) == OTA_E_NOT_FOUND);
    memset(bytes, 0x00, sizeof bytes);
    assert(slot_state_get(&map, &s) == OTA_E_NOT_FOUND);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 131 + (i >> 7));
    assert(slot_state_get(&map, &s) == OTA_E_NOT_FOUND);
}

static void test_format_and_manifest(void)
{
    struct manifest m;
    struct manifest_root strangers[MANIFEST_ROOTS];

    device_new(7);
    assert(state().phase == SLOT_IDLE && state().security_floor == 7);
    assert(state().manifest_sequence == 1);
    assert(slot_manifest(&map, test_roots, &m) == OTA_OK && m.sequence == 1);
    assert(slot_manifest_pending(&map, test_roots, &m) == OTA_E_NOT_FOUND);
    memcpy(strangers, test_roots, sizeof strangers);
    strangers[0].key[3] ^= 1;
    assert(slot_manifest(&map, strangers, &m) == OTA_E_NOT_FOUND);
    assert(slot_manifest_stage(&map, test_roots, test_manifest, sizeof test_manifest) ==
           OTA_E_ROLLBACK);
    bytes[map.manifest_at + 20] ^= 1;
    assert(slot_manifest(&map, test_roots, &m) == OTA_E_NOT_FOUND);
}

static void test_a_manifest_that_changes_after_the_check_is_refused(void)
{
    struct slot_manifest_ref ref;
    struct manifest m;

    device_new(0);
    assert(slot_manifest_find(&map, test_roots, SLOT_MANIFEST_IN_FORCE, &ref) == OTA_OK);
    assert(slot_manifest_load(&map, &ref, &m) == OTA_OK);
    bytes[map.manifest_at + 44] ^= 4; /* in the first key */
    assert(slot_manifest_load(&map, &ref, &m) == OTA_E_SIGNATURE);
}

static void test_staging(void)
{
    uint8_t data[UNIT + 100];
    struct image_source staged = slot_staged(&map);
    uint8_t back[sizeof data];

    device_new(0);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    memset(bytes + map.b_at + UNIT, 0x11, SLOT - UNIT); /* of an earlier download */
    assert(slot_stage(&map, 0, data, sizeof data) == OTA_OK);
    assert(staged.read(&staged, 0, back, sizeof back) == OTA_OK);
    assert(memcmp(back, data, sizeof data) == 0);
    assert(bytes[map.b_at + UNIT + sizeof data] == 0xff);
    assert(slot_stage(&map, UNIT, data, 16) == OTA_OK); /* a download that is resumed */
    assert(slot_stage(&map, UNIT + 16, data + 16, 16) == OTA_OK);
    assert(slot_stage(&map, 3, data, 8) == OTA_E_LIMIT);
    assert(slot_stage(&map, SLOT, data, 8) == OTA_E_LIMIT);
    assert(slot_stage(&map, SLOT - 8, data, 16) == OTA_E_LIMIT);
    assert(staged.read(&staged, SLOT - 4, back, 8) == OTA_E_LIMIT);
}

static void test_request_and_withdraw(void)
{
    struct image_info info = {.total_bytes = 100};
    uint8_t data[8] = {0};

    device_new(0);
    assert(slot_request_withdraw(&map) == OTA_OK);
    assert(slot_request(&map, &info) == OTA_OK);
    assert(state().phase == SLOT_REQUESTED);
    assert(slot_stage(&map, 0, data, 8) == OTA_E_CONFLICT);
    assert(slot_manifest_stage(&map, test_roots, test_manifest, sizeof test_manifest) ==
           OTA_E_CONFLICT);
    assert(slot_request_withdraw(&map) == OTA_OK);
    assert(state().phase == SLOT_IDLE);
    info.total_bytes = SLOT + 1;
    assert(slot_request(&map, &info) == OTA_E_LIMIT);
}

static void trial_begin(uint8_t tries, uint32_t sequence)
{
    struct journal j;
    struct journal_state s;

    assert(journal_open(&j, &map) == OTA_OK);
    s = j.state;
    s.phase = SLOT_TRIAL;
    s.tries_left = tries;
    s.trial_sequence = sequence;
    assert(journal_put_state(&j, &s) == OTA_OK);
}

static void test_confirm_raises_the_floor_once(void)
{
    struct image_info info = {.total_bytes = 100, .security_counter = 9};
    unsigned long before;
    uint8_t data[8] = {0};

    device_new(5);
    trial_begin(1, 4);
    assert(slot_request(&map, &info) == OTA_E_CONFLICT);
    assert(slot_request_withdraw(&map) == OTA_E_CONFLICT);
    assert(slot_stage(&map, 0, data, 8) == OTA_E_CONFLICT);
    assert(state().security_floor == 5 && state().tries_left == 1);
    assert(slot_confirm(&map, &info) == OTA_OK);
    assert(state().phase == SLOT_IDLE && state().security_floor == 9);
    assert(state().manifest_sequence == 4);
    before = writes;
    assert(slot_confirm(&map, &info) == OTA_OK);
    assert(writes == before); /* harmless, and free */
    info.security_counter = 3;
    assert(slot_confirm(&map, &info) == OTA_OK);
    assert(state().security_floor == 9); /* it never falls */
}

static void test_the_journal_outlives_many_entries(void)
{
    struct image_info info = {.total_bytes = 100};

    device_new(5);
    for (int i = 0; i < 1000; i++) {
        assert(slot_request(&map, &info) == OTA_OK);
        assert(state().phase == SLOT_REQUESTED);
        assert(slot_request_withdraw(&map) == OTA_OK);
        assert(state().phase == SLOT_IDLE && state().security_floor == 5);
    }
    assert(writes < 6000); /* entry and seal, and an erase a hundred entries */
}

static void test_boot_record(void)
{
    struct boot_record r = {.decision = BOOT_REVERTED, .boot_count = 3};

    assert(!boot_record_valid(&r));
    boot_record_seal(&r);
    assert(boot_record_valid(&r));
    r.cause ^= 1;
    assert(!boot_record_valid(&r));
}

/* Nothing in the slots: the loader must end without starting anything, whatever the journal. */
static void test_empty_slots_boot_nothing(void)
{
    const struct boot_hooks hooks = {NULL, NULL, NULL};
    struct image_info info = {.total_bytes = 100};
    struct boot_record r;

    device_new(0);
    assert(boot_run(&map, test_roots, BOOT_CAUSE_POWER, NULL, &hooks, &r) != IMAGE_GOOD);
    assert(slot_request(&map, &info) == OTA_OK);
    assert(boot_run(&map, test_roots, BOOT_CAUSE_POWER, NULL, &hooks, &r) != IMAGE_GOOD);
    assert(state().phase == SLOT_IDLE && state().last_decision == BOOT_REFUSED);
    assert(state().last_why == IMAGE_BLANK);
    trial_begin(2, 1);
    assert(boot_run(&map, test_roots, BOOT_CAUSE_FAULT, NULL, &hooks, &r) != IMAGE_GOOD);
    memset(bytes, 0xff, sizeof bytes);
    assert(boot_run(&map, test_roots, BOOT_CAUSE_POWER, NULL, &hooks, &r) != IMAGE_GOOD);
    memset(bytes, 0x00, sizeof bytes);
}

int main(void)
{
    test_crc32();
    test_a_blank_flash_has_no_state();
    test_format_and_manifest();
    test_a_manifest_that_changes_after_the_check_is_refused();
    test_staging();
    test_request_and_withdraw();
    test_confirm_raises_the_floor_once();
    test_the_journal_outlives_many_entries();
    test_boot_record();
    test_empty_slots_boot_nothing();
    puts("slot: ok");
    return 0;
}
