#ifndef TEST_FLASH_MEMORY_H
#define TEST_FLASH_MEMORY_H

#include <assert.h>
#include <string.h>

#include "firmware/slot/slot.h"

/* A small device in memory for tests that are not about flash: it obeys, or fails on demand. */
enum {
    FM_UNIT = 2048,
    FM_SLOT = 3 * FM_UNIT,
    FM_A = 7 * FM_UNIT,
    FM_BYTES = FM_A + 2 * FM_SLOT + FM_UNIT
};

static uint8_t fm_bytes[FM_BYTES];
static bool fm_broken; /* nothing can be written */

static inline ota_err fm_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    assert(at <= f->size_bytes && len <= f->size_bytes - at);
    memcpy(buf, fm_bytes + at, len);
    return OTA_OK;
}

static inline ota_err fm_program(const struct flash *f, uint32_t at, const void *buf,
                                 size_t len)
{
    assert(at % f->program_bytes == 0 && len % f->program_bytes == 0);
    assert(at <= f->size_bytes && len <= f->size_bytes - at);
    if (fm_broken)
        return OTA_E_IO;
    for (size_t i = 0; i < len; i++)
        assert(fm_bytes[at + i] == f->erased);
    memcpy(fm_bytes + at, buf, len);
    return OTA_OK;
}

static inline ota_err fm_erase(const struct flash *f, uint32_t at)
{
    assert(at % f->erase_bytes == 0 && at < f->size_bytes);
    if (fm_broken)
        return OTA_E_IO;
    memset(fm_bytes + at, f->erased, f->erase_bytes);
    return OTA_OK;
}

static const struct flash fm_flash = {.size_bytes = FM_BYTES,
                                      .erase_bytes = FM_UNIT,
                                      .program_bytes = 8,
                                      .erased = 0xff,
                                      .read = fm_read,
                                      .program = fm_program,
                                      .erase = fm_erase};
static const struct slot_map fm_map = {.flash = &fm_flash,
                                       .journal_at = 0,
                                       .manifest_at = 2 * FM_UNIT,
                                       .agent_at = 4 * FM_UNIT,
                                       .settings_at = 6 * FM_UNIT,
                                       .a_at = FM_A,
                                       .b_at = FM_A + FM_SLOT,
                                       .slot_bytes = FM_SLOT};

#endif
