/*
 * NOR flash in a mapped file.  Erasing fills a unit, programming only clears bits, both within
 * their units; the kernel keeps what was stored when the process is killed.
 */
#include "flash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../ota/trust_map.h"
#include "../emcraft-sf2/map.h"
#include "../mps2/map.h"
#include "board.h"

SLOT_MAP_CHECK(HOST);
TRUST_MAP_CHECK(HOST);

struct known_board {
    const char *name;
    size_t file_bytes;
    uint32_t flash_bytes, erase_bytes, program_bytes;
    uint8_t erased;
    struct slot_map map;
    uint32_t trust_at;
};

/* One map for the whole family of boards. */
#define MPS2(name)                                                                             \
    {                                                                                          \
        name, BOARD_FLASH_FILE_BYTES, BOARD_FLASH_BYTES, BOARD_ERASE_BYTES,                    \
            BOARD_PROGRAM_BYTES, BOARD_ERASED,                                                 \
            {NULL,                                                                             \
             BOARD_JOURNAL_AT,                                                                 \
             BOARD_MANIFEST_AT,                                                                \
             BOARD_AGENT_AT,                                                                   \
             BOARD_SETTINGS_AT,                                                                \
             BOARD_SLOT_A_AT,                                                                  \
             BOARD_SLOT_B_AT,                                                                  \
             BOARD_SLOT_BYTES},                                                                \
            BOARD_TRUST_AT                                                                     \
    }

static const struct known_board boards[] = {
    {"host",
     HOST_FLASH_BYTES,
     HOST_FLASH_BYTES,
     HOST_ERASE_BYTES,
     HOST_PROGRAM_BYTES,
     HOST_ERASED,
     {NULL, HOST_JOURNAL_AT, HOST_MANIFEST_AT, HOST_AGENT_AT, HOST_SETTINGS_AT, HOST_SLOT_A_AT,
      HOST_SLOT_B_AT, HOST_SLOT_BYTES},
     HOST_TRUST_AT},
    MPS2("mps2-an386"),
    MPS2("mps2-an385"),
    MPS2("mps2-an500"),
    {"emcraft-sf2",
     EMCRAFT_FLASH_BYTES,
     EMCRAFT_FLASH_BYTES,
     EMCRAFT_ERASE_BYTES,
     EMCRAFT_PROGRAM_BYTES,
     EMCRAFT_ERASED,
     {NULL, EMCRAFT_JOURNAL_AT, EMCRAFT_MANIFEST_AT, EMCRAFT_AGENT_AT, EMCRAFT_SETTINGS_AT,
      EMCRAFT_SLOT_A_AT, EMCRAFT_SLOT_B_AT, EMCRAFT_SLOT_BYTES},
     EMCRAFT_TRUST_AT},
};
enum { BOARDS = sizeof boards / sizeof boards[0] };

static const struct known_board *board_named(const char *name)
{
    for (size_t i = 0; i < BOARDS; i++)
        if (strcmp(boards[i].name, name) == 0)
            return &boards[i];
    return NULL;
}

static const struct known_board *board_sized(size_t bytes)
{
    for (size_t i = 0; i < BOARDS; i++)
        if (boards[i].file_bytes == bytes)
            return &boards[i];
    return NULL;
}

static ota_err check(const struct flash *f, uint32_t at, size_t len, uint32_t unit)
{
    if (at % unit != 0 || len % unit != 0 || at > f->size_bytes || len > f->size_bytes - at)
        return OTA_E_LIMIT;
    return OTA_OK;
}

static uint8_t *bytes_of(const struct flash *f)
{
    return ((const struct flash_file *)f->port)->bytes;
}

static ota_err file_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    ota_err e = check(f, at, len, 1);

    if (e == OTA_OK)
        memcpy(buf, bytes_of(f) + at, len);
    return e;
}

static ota_err file_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    const uint8_t *from = buf;
    uint8_t *to = bytes_of(f) + at;
    ota_err e = check(f, at, len, f->program_bytes);

    for (size_t i = 0; e == OTA_OK && i < len; i++) {
        to[i] &= from[i];
        if (to[i] != from[i])
            e = OTA_E_IO;
    }
    return e;
}

static ota_err file_erase(const struct flash *f, uint32_t at)
{
    ota_err e = check(f, at, f->erase_bytes, f->erase_bytes);

    if (e == OTA_OK)
        memset(bytes_of(f) + at, f->erased, f->erase_bytes);
    return e;
}

static ota_err map_in(struct flash_file *f, const struct known_board *b, bool writable)
{
    f->bytes = mmap(NULL, f->file_bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                    MAP_SHARED, f->fd, 0);
    if (f->bytes == MAP_FAILED) {
        (void)close(f->fd);
        return OTA_E_IO;
    }
    f->board = b->name;
    f->flash = (struct flash){.size_bytes = b->flash_bytes,
                              .erase_bytes = b->erase_bytes,
                              .program_bytes = b->program_bytes,
                              .erased = b->erased,
                              .port = f,
                              .read = file_read,
                              .program = file_program,
                              .erase = file_erase};
    f->map = b->map;
    f->map.flash = &f->flash;
    f->trust = (struct trust_region){.flash = &f->flash, .at = b->trust_at};
    return OTA_OK;
}

ota_err flash_file_open(struct flash_file *f, const char *path, const char *board,
                        bool writable)
{
    const struct known_board *b = NULL;
    struct stat st;

    f->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (f->fd < 0)
        return errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO;
    if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode)) {
        f->file_bytes = (size_t)st.st_size;
        b = board == NULL ? board_sized(f->file_bytes) : board_named(board);
    }
    if (b == NULL || b->file_bytes != f->file_bytes) {
        (void)close(f->fd);
        return OTA_E_FORMAT;
    }
    return map_in(f, b, writable);
}

ota_err flash_file_make(struct flash_file *f, const char *path, const char *board)
{
    const struct known_board *b = board_named(board);
    ota_err e;

    if (b == NULL)
        return OTA_E_NOT_FOUND;
    f->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (f->fd < 0)
        return OTA_E_IO;
    f->file_bytes = b->file_bytes;
    if (ftruncate(f->fd, (off_t)b->file_bytes) != 0) {
        (void)close(f->fd);
        return OTA_E_IO;
    }
    e = map_in(f, b, true);
    if (e == OTA_OK)
        memset(f->bytes, b->erased, b->file_bytes);
    return e;
}

void flash_file_close(struct flash_file *f)
{
    (void)munmap(f->bytes, f->file_bytes);
    (void)close(f->fd);
}
