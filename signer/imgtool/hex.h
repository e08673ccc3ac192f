#ifndef SIGNER_IMGTOOL_HEX_H
#define SIGNER_IMGTOOL_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "../../firmware/image/err.h"

/* Intel HEX, record types 0 to 5, as a flat range of bytes; no files and no words here. */
struct hex_range {
    uint8_t *data; /* malloc'd; gaps are 0xff */
    size_t len;
    uint32_t address; /* of the first byte */
};

/* The value of a hexadecimal digit in either case, or -1. */
int hex_digit(char c);

enum { HEX_SPAN_BYTES_MAX = 64 * 1024 * 1024 }; /* from the lowest byte to the highest */

/*
 * Read a file of text_len bytes.  Strict: every line a whole record with the right sum, no byte
 * given twice, nothing but empty lines behind the end record, which must be there.
 * Errors: OTA_E_FORMAT with *out_line the number of the line (from 1), OTA_E_LIMIT (the range
 * is too wide), OTA_E_NO_MEMORY.  *out is written only on success and freed by the caller.
 */
OTA_MUST_CHECK ota_err hex_read(const char *text, size_t text_len, struct hex_range *out,
                                size_t *out_line);

/* Bytes at an address; the pieces of a file ascend and do not overlap. */
struct hex_piece {
    uint32_t address;
    const uint8_t *data;
    size_t len;
};

/*
 * Write records of up to 16 bytes, neighbouring pieces joined, with an extended linear address
 * wherever 64 KiB begin if any byte lies above the first 64 KiB.
 * Errors: OTA_E_LIMIT (beyond 32 bits), OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err hex_write(const struct hex_piece *piece, size_t count, char **out,
                                 size_t *out_len);

#endif
