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
 * Take the next bytes: a view that lives as long as the buffer.
 * Errors: OTA_E_FORMAT if too few are left; r and *out are then unchanged.
 */
OTA_MUST_CHECK ota_err reader_bytes(struct reader *r, size_t len, const uint8_t **out);

/*
 * Take an entry, as keys, signatures and settings are written: two bytes that say what it is
 * (*out_head), its length u16 (little endian), and that many bytes (*out_value).
 * Errors: OTA_E_FORMAT if it is not all there; r then stands somewhere in it.
 */
OTA_MUST_CHECK ota_err reader_entry(struct reader *r, const uint8_t **out_head,
                                    const uint8_t **out_value, uint16_t *out_bytes);

#endif
