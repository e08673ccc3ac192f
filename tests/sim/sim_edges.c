/*
 * The edges of the slot code and the boot loop that lives under power cuts do not reach:
 * limits, malformed but checksummed records, calls in the wrong phase, manifests that must be
 * refused, flash without hope.  Assertions, one situation each.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../../bootloader/boot.h"
#include "../../firmware/image/le.h"
#include "../../firmware/slot/crc32.h"
#include "../../firmware/slot/journal.h"
#include "flash_sim.h"
#include "images_sim.h"

enum { KEY = 11, UNIT = 512 };

static struct sim sim;
static struct sim_image image_1, image_2;
static struct sim_manifest manifest_1;
static const struct sim_geometry geometry = {UNIT, 16, 0xff, 3};

static unsigned long said, steps;

static void say(void *arg, enum boot_action action, uint32_t why)
{
    (void)arg;
    said += (unsigned long)action + (why != 0);
}

static void step(void *arg, uint32_t at, uint32_t of)
{
    (void)arg;
    assert(at < of);
    steps++;
}

static const struct boot_hooks hooks = {NULL, step, say};

static void device_new(void)
{
    sim_init(&sim, &geometry, 1);
    assert(slot_format(&sim.map, manifest_1.bytes, manifest_1.len, 10) == OTA_OK);
    sim_put(&sim, sim.map.a_at, image_1.bytes, image_1.len);
    sim.powered = true;
    assert(setjmp(sim.off) == 0); /* no power cuts here: a jump is a broken rule */
}

static enum image_verdict boot(struct boot_record *r, const struct boot_record *previous)
{
    sim_power_on(&sim);
    return boot_run(&sim.map, sim_roots, BOOT_CAUSE_WATCHDOG, previous, &hooks, r);
}

/* A record with a good checksum, whatever it says. */
static void record_put(uint32_t at, uint8_t type, uint8_t part, uint8_t parts, uint8_t bytes,
                       uint32_t sequence)
{
    uint8_t raw[LOG_RECORD_BYTES] = {type, part, parts, bytes};

    le32_store(raw + 4, sequence);
    le32_store(raw + 28, crc32_of(raw, 28));
    sim_put(&sim, at, raw, sizeof raw);
}

static void test_log_limits(void)
{
    uint8_t data[LOG_ENTRY_BYTES_MAX + 1] = {0};
    struct log_found found;
    struct log l;

    sim_init(&sim, &geometry, 1);
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_E_NOT_FOUND);
    assert(log_format(&l, &sim.flash, 0, 1, data, 0) == OTA_E_LIMIT);
    assert(log_format(&l, &sim.flash, 0, 0, data, 4) == OTA_E_LIMIT);
    assert(log_format(&l, &sim.flash, 0, 15, data, 4) == OTA_E_LIMIT);
    assert(log_format(&l, &sim.flash, 0, 1, data, sizeof data) == OTA_E_LIMIT);
    assert(log_format(&l, &sim.flash, 0, 1, data, 4) == OTA_OK);
    assert(log_put(&l, 1, data, sizeof data) == OTA_E_LIMIT);
    assert(log_note(&l, data, 0) == OTA_E_LIMIT);
    assert(log_note(&l, data, LOG_NOTE_BYTES_MAX + 1) == OTA_E_LIMIT);
    assert(log_note(&l, data, LOG_NOTE_BYTES_MAX) == OTA_OK);
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_OK && found.note_bytes == 20);
    assert(log_note(&l, data, 4) == OTA_E_LIMIT); /* nothing was put since log_open */
    assert(log_put(&l, 1, data, 4) == OTA_OK);
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_OK && found.note_bytes == 0);
    assert(!l.must_change && log_note(&l, data, 4) == OTA_E_LIMIT);

    sim.flash.erase_bytes = 256;
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_E_LIMIT);
    assert(log_format(&l, &sim.flash, 0, 1, data, 4) == OTA_E_LIMIT);
    sim.flash.erase_bytes = 1u << 22;
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_E_LIMIT);
    sim.flash.erase_bytes = UNIT;
    sim.flash.program_bytes = 64;
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_E_LIMIT);
}

/* Records that only nonsense or an attacker could have written are passed over. */
static void test_log_malformed_records(void)
{
    struct log_found found;
    struct log l;

    sim_init(&sim, &geometry, 1);
    record_put(0, 1, 0, 1, 20, 1);     /* good: base 1 */
    record_put(32, 1, 1, 2, 40, 2);    /* begins with its second part */
    record_put(64, 1, 2, 2, 40, 3);    /* part beyond its parts */
    record_put(96, 1, 0, 3, 40, 4);    /* parts that do not match the length */
    record_put(128, 1, 0, 13, 255, 5); /* more parts than an entry has */
    record_put(160, 15, 0, 2, 40, 6);  /* a note of two parts */
    record_put(192, 1, 0, 1, 20, 99);  /* a sequence that does not belong here */
    record_put(224, 1, 0, 2, 40, 8);   /* an entry that is broken off */
    record_put(256, 1, 0, 1, 0, 9);    /* an entry of nothing */
    record_put(288, 1, 0, 0, 0, 10);   /* and of no records */
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_OK);
    assert(found.bytes == 20 && found.note_bytes == 0 && l.next == 10);
    assert(l.must_change);            /* there is no predecessor */
    record_put(UNIT, 1, 0, 1, 20, 5); /* a second unit that is no neighbour of the first */
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_OK && l.page == 1 && l.must_change);
    sim_rot(&sim, (struct sim_rot){0, 0, 1});
    sim_rot(&sim, (struct sim_rot){0, UNIT, 1});
    assert(log_open(&l, &sim.flash, 0, &found) == OTA_E_IO);
}

static void journal_is_none(const uint8_t *entry, size_t len, uint8_t type)
{
    struct journal j;
    struct log l;

    assert(log_format(&l, &sim.flash, 0, type, entry, len) == OTA_OK);
    assert(journal_open(&j, &sim.map) == OTA_E_NOT_FOUND);
}

static void test_journal_entries_that_are_none(void)
{
    uint8_t entry[100] = {0};

    device_new();
    journal_is_none(entry, 19, 1);
    journal_is_none(entry, 20, 2); /* a swap of a state's size */
    journal_is_none(entry, 100, 1);
    entry[0] = 3; /* no phase */
    journal_is_none(entry, 20, 1);
    entry[0] = 1;
    entry[20 + 1] = 3; /* no phase afterwards */
    journal_is_none(entry, 100, 2);
    entry[20 + 1] = 0;
    le16_store(entry + 20 + 8, 4); /* extents beyond the slots */
    journal_is_none(entry, 100, 2);
    le16_store(entry + 20 + 8, 0);
    le16_store(entry + 20 + 6, 2);
    le16_store(entry + 20 + 10, 2);
    journal_is_none(entry, 100, 2);
}

static void test_a_failed_read_brings_no_older_truth_back(void)
{
    struct image_info info = {.total_bytes = 100, .security_counter = 77};
    struct slot_state s;
    uint32_t calls;

    device_new();
    assert(slot_request(&sim.map, &info) == OTA_OK);
    assert(slot_confirm(&sim.map, &info) == OTA_OK);
    calls = sim.calls;
    assert(slot_state_get(&sim.map, &s) == OTA_OK && s.security_floor == 77);
    calls = sim.calls - calls;
    sim.fail_for = 1;
    for (uint32_t call = 1; call <= calls; call++) {
        sim.fail_at = sim.calls + call;
        assert(slot_state_get(&sim.map, &s) == OTA_OK);
        assert(s.security_floor == 77 && s.phase == SLOT_REQUESTED);
    }
    sim.fail_for = 0;
}

static void test_calls_while_swapping(void)
{
    struct image_info info = {.total_bytes = 100};
    struct journal_swap swap = {.mode = JOURNAL_FORWARD};
    struct slot_state s;
    struct journal j;
    uint8_t data[16] = {0};

    device_new();
    assert(journal_open(&j, &sim.map) == OTA_OK);
    assert(journal_put_swap(&j, &swap) == OTA_OK);
    assert(slot_state_get(&sim.map, &s) == OTA_OK && s.phase == SLOT_SWAPPING);
    assert(slot_stage(&sim.map, 0, data, sizeof data) == OTA_E_CONFLICT);
    assert(slot_request(&sim.map, &info) == OTA_E_CONFLICT);
    assert(slot_request_withdraw(&sim.map) == OTA_E_CONFLICT);
    assert(slot_confirm(&sim.map, &info) == OTA_E_CONFLICT);
    assert(slot_manifest_stage(&sim.map, sim_roots, manifest_1.bytes, manifest_1.len) ==
           OTA_E_CONFLICT);
}

static void test_reads_and_writes_beyond_a_slot(void)
{
    struct image_source a;
    uint8_t data[16];

    device_new();
    a = slot_running(&sim.map);
    assert(a.read(&a, a.size_bytes + 1, data, 0) == OTA_E_LIMIT);
    assert(a.read(&a, a.size_bytes - 4, data, 8) == OTA_E_LIMIT);
    assert(slot_stage(&sim.map, sim.map.slot_bytes + UNIT, data, 16) == OTA_E_LIMIT);
    assert(slot_stage(&sim.map, sim.map.slot_bytes, data, 16) == OTA_E_LIMIT);
}

static void test_manifests_that_must_be_refused(void)
{
    struct sim_manifest m;

    device_new();
    sim_manifest_make(&m, 2, KEY);
    sim_manifest_sign(&m, 16, 1); /* for other hardware */
    assert(slot_manifest_stage(&sim.map, sim_roots, m.bytes, m.len) == OTA_E_DENIED);
    sim_manifest_make_large(&m, 2);
    assert(m.len > UNIT);
    assert(slot_manifest_stage(&sim.map, sim_roots, m.bytes, m.len) == OTA_E_LIMIT);
    assert(slot_format(&sim.map, m.bytes, m.len, 0) == OTA_E_LIMIT);
    assert(slot_format(&sim.map, m.bytes, 15, 0) == OTA_E_LIMIT);
    assert(slot_format(&sim.map, m.bytes, 820, 0) == OTA_E_LIMIT);

    assert(slot_manifest_stage(&sim.map, sim_roots, m.bytes, 40) == OTA_E_FORMAT);
    sim.flash.erase_bytes = 2 * UNIT; /* room for more than a manifest can be */
    assert(slot_format(&sim.map, m.bytes, 820, 0) == OTA_E_LIMIT);
    sim.flash.erase_bytes = UNIT;
    sim.fail_for = 1;
    for (uint32_t call = 1; call <= 4; call++) { /* erases, the first program, the first read */
        sim.fail_at = sim.calls + call;
        assert(slot_format(&sim.map, manifest_1.bytes, manifest_1.len, 0) == OTA_E_IO);
    }
    sim.fail_for = 0;
    device_new();

    /* the one in force is lost, a later one stands in: what lies between is too old */
    sim_manifest_make(&m, 5, KEY);
    sim_put(&sim, sim.map.manifest_at, m.bytes, m.len);
    sim_manifest_make(&m, 3, KEY);
    assert(slot_manifest_stage(&sim.map, sim_roots, m.bytes, m.len) == OTA_E_ROLLBACK);
}

static void test_manifests_found_and_not_found(void)
{
    struct sim_manifest m;
    struct manifest out;
    struct slot_manifest_ref ref;
    struct journal j;

    device_new();
    /* found, and another one when it is read */
    assert(slot_manifest_find(&sim.map, sim_roots, SLOT_MANIFEST_IN_FORCE, &ref) == OTA_OK);
    ref.digest[0] ^= 1;
    assert(slot_manifest_load(&sim.map, &ref, &out) == OTA_E_SIGNATURE);

    /* nothing can follow the last sequence there is */
    assert(journal_open(&j, &sim.map) == OTA_OK);
    j.state.manifest_sequence = UINT32_MAX;
    assert(journal_settle(&j) == OTA_OK);
    assert(slot_manifest_pending(&sim.map, sim_roots, &out) == OTA_E_NOT_FOUND);
    assert(slot_manifest(&sim.map, sim_roots, &out) == OTA_E_NOT_FOUND);

    /* without a journal the newest is in force, and none pending */
    memset(sim.now, 0xff, (size_t)2 * UNIT);
    assert(slot_manifest(&sim.map, sim_roots, &out) == OTA_OK && out.sequence == 1);
    assert(slot_manifest_pending(&sim.map, sim_roots, &out) == OTA_E_NOT_FOUND);
    sim_manifest_make(&m, 9, KEY);
    sim_put(&sim, sim.map.manifest_at + UNIT, m.bytes, m.len);
    assert(slot_manifest(&sim.map, sim_roots, &out) == OTA_OK && out.sequence == 9);
    sim.now[sim.map.manifest_at + UNIT + 40] ^= 1;
    assert(slot_manifest(&sim.map, sim_roots, &out) == OTA_OK && out.sequence == 1);
    sim.now[sim.map.manifest_at + 40] ^= 1;
    assert(slot_manifest(&sim.map, sim_roots, &out) == OTA_E_NOT_FOUND);
}

/* A higher counter does not make up for a lower version. */
static void test_a_lower_version_is_refused(void)
{
    struct image_info info = {.total_bytes = 100};
    struct sim_image older;
    struct boot_record r;

    device_new();
    sim_put(&sim, sim.map.a_at, image_2.bytes, image_2.len);
    sim_image_make(&older, 1, 99, KEY, 300);
    sim_put(&sim, sim.map.b_at + UNIT, older.bytes, older.len);
    assert(slot_request(&sim.map, &info) == OTA_OK);
    assert(boot(&r, NULL) == IMAGE_GOOD);
    assert(r.decision == BOOT_REFUSED && r.why == IMAGE_BELOW_FLOOR && r.version.major == 2);
}

static void test_a_forged_image_is_refused(void)
{
    struct image_info info = {.total_bytes = 100};
    struct boot_record r;

    device_new();
    sim_put(&sim, sim.map.b_at + UNIT, image_2.bytes, image_2.len);
    sim.now[sim.map.b_at + UNIT + image_2.len - 1] ^= 1;
    assert(slot_request(&sim.map, &info) == OTA_OK);
    assert(boot(&r, NULL) == IMAGE_GOOD);
    assert(r.decision == BOOT_REFUSED && r.why == IMAGE_BAD_SIGNATURE && r.version.major == 1);
}

static void test_the_boot_record_counts_boots(void)
{
    struct boot_record r, again;

    device_new();
    assert(boot(&r, NULL) == IMAGE_GOOD && r.boot_count == 1 && r.on_trial == 0);
    assert(boot_record_valid(&r) && r.cause == BOOT_CAUSE_WATCHDOG && r.decision == BOOT_RUN);
    assert(boot(&again, &r) == IMAGE_GOOD && again.boot_count == 2);
    again.crc ^= 1;
    assert(boot(&r, &again) == IMAGE_GOOD && r.boot_count == 1);
    assert(boot(&again, &r) == IMAGE_GOOD && again.boot_count == 2);
    sim_power_on(&sim);
    assert(boot_run(&sim.map, sim_roots, BOOT_CAUSE_POWER, &again, &hooks, &r) == IMAGE_GOOD);
    assert(r.boot_count == 1); /* since power-on */
}

static void test_hooks_hear_a_swap(void)
{
    struct image_info info = {.total_bytes = 100};
    struct boot_record r;

    device_new();
    sim_put(&sim, sim.map.b_at + UNIT, image_2.bytes, image_2.len);
    assert(slot_request(&sim.map, &info) == OTA_OK);
    said = steps = 0;
    assert(boot(&r, NULL) == IMAGE_GOOD && r.on_trial == 1 && r.tries_left == 2);
    assert(said > 0 && steps > 0);
    sim.now[sim.map.a_at + 100] ^= 1; /* the image on trial rots */
    assert(boot(&r, NULL) == IMAGE_GOOD && r.version.major == 1);
    assert(r.decision == BOOT_REVERTED && r.why == IMAGE_BAD_DIGEST);
}

/* A sector of A takes nothing any more: each boot gives up after a bounded effort. */
static void test_a_dead_slot_ends_in_recovery(void)
{
    struct boot_record r;

    device_new();
    sim_put(&sim, sim.map.b_at, image_1.bytes, image_1.len);
    sim.now[sim.map.a_at + 100] ^= 1;
    sim_rot(&sim, (struct sim_rot){0, sim.map.a_at, 2});
    for (int i = 0; i < 3; i++)
        assert(boot(&r, NULL) != IMAGE_GOOD);
    memset(sim.broken, 0, sizeof sim.broken); /* the flash recovers, and so does the device */
    assert(boot(&r, NULL) == IMAGE_GOOD && r.version.major == 1);
}

/* Install image_2 while a sector goes bad at an operation, and works again after that boot.
 * True if it went bad in time. */
static bool sector_fails_for_a_boot(const struct sim_image *old, struct sim_rot rot)
{
    struct image_info info = {.total_bytes = 100};
    struct boot_record r;
    uint32_t operations;

    device_new();
    sim_put(&sim, sim.map.a_at, old->bytes, old->len);
    sim_put(&sim, sim.map.b_at + UNIT, image_2.bytes, image_2.len);
    assert(slot_request(&sim.map, &info) == OTA_OK);
    sim_rot(&sim, rot);
    (void)boot(&r, NULL);
    operations = sim.operations;
    sim_rot(&sim, (struct sim_rot){0, 0, 0});
    memset(sim.broken, 0, sizeof sim.broken);
    assert(boot(&r, NULL) == IMAGE_GOOD);
    assert(memcmp(sim.now + sim.map.a_at, old->bytes, old->len) == 0 ||
           memcmp(sim.now + sim.map.a_at, image_2.bytes, image_2.len) == 0);
    return rot.at <= operations;
}

/* Whatever a sector does in one boot, no image is lost that the next one could put together. */
static void test_a_sector_that_fails_for_a_boot(void)
{
    static struct sim_image old;

    sim_image_make(&old, 1, 10, KEY, 1300);
    for (uint32_t sector = 0; sector < 7; sector++)
        for (uint8_t how = 1; how <= 3; how++) {
            struct sim_rot rot = {1, sim.map.a_at + sector * UNIT, how};

            while (sector_fails_for_a_boot(&old, rot))
                rot.at++;
            assert(rot.at > 100);
        }
}

/* Units too small for a journal: nothing is written, nothing is in force, nothing starts. */
static void test_a_map_without_room_for_a_journal(void)
{
    struct boot_record r;

    device_new();
    sim.flash.erase_bytes = 256;
    assert(boot(&r, NULL) == IMAGE_UNKNOWN_KEY); /* no manifest without a journal's word */
    assert(r.decision == BOOT_RUN && r.on_trial == 0);
}

int main(void)
{
    sim_image_make(&image_1, 1, 10, KEY, 700);
    sim_image_make(&image_2, 2, 20, KEY, 900);
    sim_manifest_make(&manifest_1, 1, KEY);
    test_log_limits();
    test_log_malformed_records();
    test_journal_entries_that_are_none();
    test_a_failed_read_brings_no_older_truth_back();
    test_calls_while_swapping();
    test_reads_and_writes_beyond_a_slot();
    test_manifests_that_must_be_refused();
    test_manifests_found_and_not_found();
    test_a_lower_version_is_refused();
    test_a_forged_image_is_refused();
    test_the_boot_record_counts_boots();
    test_hooks_hear_a_swap();
    test_a_dead_slot_ends_in_recovery();
    test_a_sector_that_fails_for_a_boot();
    test_a_map_without_room_for_a_journal();
    puts("edges: ok");
    return 0;
}
