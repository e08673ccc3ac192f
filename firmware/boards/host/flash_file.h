#ifndef HOST_FLASH_FILE_H
#define HOST_FLASH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../ota/trust_store.h"
#include "../../slot/slot.h"

/*
 * A device's flash in a host file, mapped into memory: what was stored survives a killed
 * process.  The driver enforces NOR rules.  The boards whose maps are known: "host" (board.h)
 * and those of QEMU's MPS2 family ("mps2-an386" ...), whose file is the emulator's.
 */
struct flash_file {
    struct flash flash;
    struct slot_map map;
    struct trust_region trust;
    const char *board;
    uint8_t *bytes;
    size_t file_bytes;
    int fd;
};

/*
 * Open an existing file.  board: a name, or NULL to tell it by the file's size.
 * Errors: OTA_E_NOT_FOUND (no such file), OTA_E_FORMAT (no known board's size), OTA_E_IO.
 * The struct must not move while open.
 */
OTA_MUST_CHECK ota_err flash_file_open(struct flash_file *f, const char *path,
                                       const char *board, bool writable);

/* Make a file of erased flash, in place of whatever the path names, and open it.
 * Errors: OTA_E_NOT_FOUND (no such board), OTA_E_IO. */
OTA_MUST_CHECK ota_err flash_file_make(struct flash_file *f, const char *path,
                                       const char *board);

void flash_file_close(struct flash_file *f);

#endif
