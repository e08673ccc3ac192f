#ifndef SIGNER_IMGTOOL_AREA_H
#define SIGNER_IMGTOOL_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../firmware/image/err.h"

/* A TLV area being written, in either byte order: head and entries. */
enum { AREA_BYTES_MAX = 65535 };

struct area {
    uint8_t *at; /* malloc'd */
    size_t used; /* 0: nothing was put, and nothing is to be written */
    bool big;
};

/* Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err area_init(struct area *a, uint16_t magic, bool big);
void area_free(struct area *a);

/* Append an entry.  Errors: OTA_E_LIMIT (the area would pass 65,535 bytes). */
OTA_MUST_CHECK ota_err area_put(struct area *a, uint16_t type, const void *value, size_t len);

/* Bytes of the finished area, 0 without an entry. */
size_t area_bytes(const struct area *a);

/* Store numbers in an image's byte order. */
void area_store16(bool big, uint8_t *p, uint32_t v);
void area_store32(bool big, uint8_t *p, uint32_t v);

#endif
