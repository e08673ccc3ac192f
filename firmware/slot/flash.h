#ifndef OTA_FLASH_H
#define OTA_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"

/*
 * NOR flash as the slot code sees it: six members a board fills in.  Addresses are bytes from
 * the start of the device.  Callers keep to the two units; drivers refuse what does not.
 */
struct flash {
    uint32_t size_bytes;
    uint32_t erase_bytes;   /* smallest erase, aligned to itself                              */
    uint32_t program_bytes; /* smallest program, aligned to itself; 1 to 32, a power of two   */
    uint8_t erased;         /* value of an erased byte: 0xff or 0x00                          */
    void *port;             /* belongs to the driver                                          */

    /* All three: OTA_E_IO if the hardware reports a failure (an uncorrectable read too),
     * OTA_E_LIMIT for an address or length outside the device or its units. */
    ota_err (*read)(const struct flash *f, uint32_t at, void *buf, size_t len);
    ota_err (*program)(const struct flash *f, uint32_t at, const void *buf, size_t len);
    ota_err (*erase)(const struct flash *f, uint32_t at); /* one erase unit */
};

#endif
