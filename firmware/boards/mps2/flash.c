/*
 * NOR flash over the emulator's file-backed RAM.  The rules of real flash are enforced here:
 * erasing fills a whole unit, programming only clears bits, both within the units.  Stores are
 * words in ascending order, so that a killed emulator leaves what a power cut would.
 */
#include "board.h"

#include <string.h>

#include "../../ota/trust_map.h"

SLOT_MAP_CHECK(BOARD);
TRUST_MAP_CHECK(BOARD);

static volatile uint32_t *word(uint32_t at)
{
    return (volatile uint32_t *)(uintptr_t)(BOARD_FLASH_BASE + at);
}

static ota_err check(const struct flash *f, uint32_t at, size_t len, uint32_t unit)
{
    if (at % unit != 0 || len % unit != 0 || at > f->size_bytes || len > f->size_bytes - at)
        return OTA_E_LIMIT;
    return OTA_OK;
}

static ota_err flash_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    ota_err e = check(f, at, len, 1);

    if (e == OTA_OK)
        memcpy(buf, (const void *)(uintptr_t)(BOARD_FLASH_BASE + at), len);
    return e;
}

static ota_err flash_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    const uint8_t *from = buf;
    ota_err e = check(f, at, len, BOARD_PROGRAM_BYTES);

    for (size_t i = 0; e == OTA_OK && i < len; i += BOARD_PROGRAM_BYTES) {
        uint32_t value;
        volatile uint32_t *to = word(at + (uint32_t)i);

        memcpy(&value, from + i, sizeof value);
        *to &= value;
        if (*to != value)
            e = OTA_E_IO;
    }
    return e;
}

static ota_err flash_erase(const struct flash *f, uint32_t at)
{
    ota_err e = check(f, at, BOARD_ERASE_BYTES, BOARD_ERASE_BYTES);

    for (uint32_t i = 0; e == OTA_OK && i < BOARD_ERASE_BYTES; i += 4)
        *word(at + i) = UINT32_MAX;
    return e;
}

static const struct flash board_flash = {
    .size_bytes = BOARD_FLASH_BYTES,
    .erase_bytes = BOARD_ERASE_BYTES,
    .program_bytes = BOARD_PROGRAM_BYTES,
    .erased = BOARD_ERASED,
    .read = flash_read,
    .program = flash_program,
    .erase = flash_erase,
};

const struct slot_map board_map = {
    .flash = &board_flash,
    .journal_at = BOARD_JOURNAL_AT,
    .manifest_at = BOARD_MANIFEST_AT,
    .agent_at = BOARD_AGENT_AT,
    .settings_at = BOARD_SETTINGS_AT,
    .a_at = BOARD_SLOT_A_AT,
    .b_at = BOARD_SLOT_B_AT,
    .slot_bytes = BOARD_SLOT_BYTES,
};
