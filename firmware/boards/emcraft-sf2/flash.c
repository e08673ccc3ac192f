/*
 * The serial NOR flash S25SL12801 on the first SPI controller of the SmartFusion2: erases by 64
 * KiB, programs within pages of 256 bytes.  One chip select is one command; the controller
 * keeps the chip selected for as many bytes as it is told before.
 */
#include <stddef.h>

#include "../../ota/trust_map.h"
#include "board.h"
#include "sf2.h"

SLOT_MAP_CHECK(EMCRAFT);
TRUST_MAP_CHECK(EMCRAFT);

enum {
    CMD_WRITE_ENABLE = 0x06,
    CMD_STATUS = 0x05,
    CMD_READ = 0x03,
    CMD_PROGRAM = 0x02,
    CMD_ERASE = 0xd8,
    STATUS_BUSY = 1,
    HEAD_BYTES = 4, /* command and address */
    PAGE_BYTES = 256,
    CHUNK_BYTES = 256,
    POLLS_MAX = 10000000 /* an erase takes seconds at most */
};

static void transfer_begin(uint32_t bytes)
{
    SF2_SPI_CONTROL = 0;
    SF2_SPI_DFSIZE = 8;
    SF2_SPI_SS = 1;
    SF2_SPI_CONTROL = SF2_SPI_ENABLE | SF2_SPI_MASTER | bytes << SF2_SPI_FRAMES_SHIFT |
                      SF2_SPI_KEEP_SELECTED | SF2_SPI_BIG_FIFO;
}

static uint8_t exchange(uint8_t out)
{
    SF2_SPI_TX = out;
    while ((SF2_SPI_STATUS & SF2_SPI_RX_EMPTY) != 0) {
    }
    return (uint8_t)SF2_SPI_RX;
}

static void command(uint8_t what)
{
    transfer_begin(1);
    (void)exchange(what);
}

/* Begin a transfer of a command, an address and len bytes. */
static void head(uint8_t what, uint32_t at, size_t len)
{
    transfer_begin(HEAD_BYTES + (uint32_t)len);
    (void)exchange(what);
    (void)exchange((uint8_t)(at >> 16));
    (void)exchange((uint8_t)(at >> 8));
    (void)exchange((uint8_t)at);
}

static ota_err wait_ready(void)
{
    for (uint32_t i = 0; i < POLLS_MAX; i++) {
        transfer_begin(2);
        (void)exchange(CMD_STATUS);
        if ((exchange(0) & STATUS_BUSY) == 0)
            return OTA_OK;
    }
    return OTA_E_IO;
}

static ota_err check(const struct flash *f, uint32_t at, size_t len, uint32_t unit)
{
    if (at % unit != 0 || len % unit != 0 || at > f->size_bytes || len > f->size_bytes - at)
        return OTA_E_LIMIT;
    return OTA_OK;
}

static ota_err flash_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    uint8_t *to = buf;
    ota_err e = check(f, at, len, 1);

    for (size_t done = 0; e == OTA_OK && done < len;) {
        size_t some = len - done < CHUNK_BYTES ? len - done : CHUNK_BYTES;

        head(CMD_READ, at + (uint32_t)done, some);
        for (size_t i = 0; i < some; i++)
            to[done++] = exchange(0);
    }
    return e;
}

/* Program within one page, and see that it arrived. */
static ota_err page_program(uint32_t at, const uint8_t *from, size_t len)
{
    ota_err e;

    command(CMD_WRITE_ENABLE);
    head(CMD_PROGRAM, at, len);
    for (size_t i = 0; i < len; i++)
        (void)exchange(from[i]);
    e = wait_ready();
    if (e != OTA_OK)
        return e;
    head(CMD_READ, at, len);
    for (size_t i = 0; i < len; i++)
        if (exchange(0) != from[i])
            e = OTA_E_IO;
    return e;
}

static ota_err flash_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    const uint8_t *from = buf;
    ota_err e = check(f, at, len, EMCRAFT_PROGRAM_BYTES);

    for (size_t done = 0; e == OTA_OK && done < len;) {
        size_t room = PAGE_BYTES - (at + done) % PAGE_BYTES;
        size_t some = len - done < room ? len - done : room;

        e = page_program(at + (uint32_t)done, from + done, some);
        done += some;
    }
    return e;
}

static ota_err flash_erase(const struct flash *f, uint32_t at)
{
    ota_err e = check(f, at, EMCRAFT_ERASE_BYTES, EMCRAFT_ERASE_BYTES);

    if (e != OTA_OK)
        return e;
    command(CMD_WRITE_ENABLE);
    head(CMD_ERASE, at, 0);
    return wait_ready();
}

static const struct flash board_flash = {
    .size_bytes = EMCRAFT_FLASH_BYTES,
    .erase_bytes = EMCRAFT_ERASE_BYTES,
    .program_bytes = EMCRAFT_PROGRAM_BYTES,
    .erased = EMCRAFT_ERASED,
    .read = flash_read,
    .program = flash_program,
    .erase = flash_erase,
};

const struct slot_map board_map = {
    .flash = &board_flash,
    .journal_at = EMCRAFT_JOURNAL_AT,
    .manifest_at = EMCRAFT_MANIFEST_AT,
    .agent_at = EMCRAFT_AGENT_AT,
    .settings_at = EMCRAFT_SETTINGS_AT,
    .a_at = EMCRAFT_SLOT_A_AT,
    .b_at = EMCRAFT_SLOT_B_AT,
    .slot_bytes = EMCRAFT_SLOT_BYTES,
};
