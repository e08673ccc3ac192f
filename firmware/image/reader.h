#ifndef OTA_READER_H
#define OTA_READER_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Bounded read position over bytes the caller owns.  Never copies, never grows. */
struct reader {
    const uint8_t *at;
    size_t left; /* bytes from at to the end */
};

/*
 * Take the next bytes: an integer (little endian), or a view that lives as long as the buffer.
 * Errors: OTA_E_FORMAT if too few are left; r and *out are then unchanged.
 */
OTA_MUST_CHECK ota_err reader_u8(struct reader *r, uint8_t *out);
OTA_MUST_CHECK ota_err reader_u16(struct reader *r, uint16_t *out);
OTA_MUST_CHECK ota_err reader_u32(struct reader *r, uint32_t *out);
OTA_MUST_CHECK ota_err reader_bytes(struct reader *r, size_t len, const uint8_t **out);

#endif
