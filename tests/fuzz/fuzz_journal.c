/* link: boot slot image */
/*
 * Any flash contents at all: the boot loop ends within a bound, reads and writes nothing
 * outside the declared areas, and starts only an authentic image.
 *
 * Input: u8 options (1 erased value is 0x00, 2 journal records get right checksums), u8 program
 * unit (power of two), u16 sectors that cannot be read, u16 sectors that cannot be written,
 * then the flash from its first byte; what is missing is blank.  The seeds are the flash of a
 * device that is idle, asked for an update, in the middle of a swap, and on trial.
 */
#include <assert.h>
#include <string.h>

#include "bootloader/boot.h"
#include "firmware/image/le.h"
#include "firmware/slot/crc32.h"
#include "tests/vectors/keys/test_keys.h"

enum {
    UNIT = 512,
    SECTORS = 14, /* journal 2, manifest 2, agent 2, settings 1, A 3, B 4 */
    BYTES = SECTORS * UNIT,
    OPTION_BYTES = 6,
    OPERATIONS_MAX = 60000, /* erases and programs of one boot */
    RECORD = 32
};

static uint8_t bytes[BYTES];
static unsigned long operations;
static uint32_t unreadable, unwritable;

static bool in_area(uint32_t at) /* that a bootloader may write: journal, A, B */
{
    return at / UNIT < 2 || at / UNIT >= 7;
}

static ota_err fz_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    (void)f;
    assert(at <= BYTES && len <= BYTES - at);
    for (uint32_t s = at / UNIT; len > 0 && s <= (at + len - 1) / UNIT; s++) {
        if ((unreadable >> s & 1) != 0)
            return OTA_E_IO;
    }
    memcpy(buf, bytes + at, len);
    return OTA_OK;
}

static ota_err fz_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    assert(at % f->program_bytes == 0 && len % f->program_bytes == 0 && len > 0);
    assert(at < BYTES && len <= UNIT - at % UNIT && in_area(at));
    assert(++operations < OPERATIONS_MAX);
    if ((unwritable >> at / UNIT & 1) != 0)
        return OTA_E_IO;
    memcpy(bytes + at, buf, len);
    return OTA_OK;
}

static ota_err fz_erase(const struct flash *f, uint32_t at)
{
    assert(at % UNIT == 0 && at < BYTES && in_area(at));
    assert(++operations < OPERATIONS_MAX);
    if ((unwritable >> at / UNIT & 1) != 0)
        return OTA_E_IO;
    memset(bytes + at, f->erased, UNIT);
    return OTA_OK;
}

static struct flash flash = {.size_bytes = BYTES,
                             .erase_bytes = UNIT,
                             .read = fz_read,
                             .program = fz_program,
                             .erase = fz_erase};
static const struct slot_map map = {.flash = &flash,
                                    .journal_at = 0,
                                    .manifest_at = 2 * UNIT,
                                    .agent_at = 4 * UNIT,
                                    .settings_at = 6 * UNIT,
                                    .a_at = 7 * UNIT,
                                    .b_at = 10 * UNIT,
                                    .slot_bytes = 3 * UNIT};

static void seal_records(void)
{
    for (uint32_t at = 0; at < 2 * UNIT; at += RECORD) {
        if (bytes[at] != flash.erased)
            le32_store(bytes + at + RECORD - 4, crc32_of(bytes + at, RECORD - 4));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct boot_hooks hooks = {NULL, NULL, NULL};
    struct slot_state state;
    struct boot_record r;

    if (size < OPTION_BYTES || size > OPTION_BYTES + BYTES)
        return 0;
    flash.erased = (data[0] & 1) != 0 ? 0x00 : 0xff;
    flash.program_bytes = 1u << data[1] % 6;
    unreadable = le16_load(data + 2);
    unwritable = le16_load(data + 4);
    memset(bytes, flash.erased, sizeof bytes);
    memcpy(bytes, data + OPTION_BYTES, size - OPTION_BYTES);
    if ((data[0] & 2) != 0)
        seal_records();
    operations = 0;
    if (slot_state_get(&map, &state) == OTA_OK)
        assert(state.phase <= SLOT_SWAPPING);
    for (int boot = 0; boot < 2; boot++) {
        enum image_verdict v;

        operations = 0;
        v = boot_run(&map, test_roots, BOOT_CAUSE_SOFT, NULL, &hooks, &r);
        assert(boot_record_valid(&r));
        if (v == IMAGE_GOOD) {
            struct manifest m;
            struct image_policy policy = {&m, 0};
            struct image_source a = slot_running(&map);
            struct image_info info;

            assert(slot_manifest(&map, test_roots, &m) == OTA_OK);
            assert(image_verify(&a, &policy, NULL, NULL, &info) == IMAGE_GOOD);
        }
    }
    return 0;
}
