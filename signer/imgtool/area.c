/* TLV areas as imgtool writes them, byte for byte, big-endian ones too. */
#include "area.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 4, VENDOR_MIN = 0xa0 };

void area_store16(bool big, uint8_t *p, uint32_t v)
{
    p[big ? 1 : 0] = (uint8_t)v;
    p[big ? 0 : 1] = (uint8_t)(v >> 8);
}

void area_store32(bool big, uint8_t *p, uint32_t v)
{
    area_store16(big, p + (big ? 2 : 0), v & 0xffff);
    area_store16(big, p + (big ? 0 : 2), v >> 16);
}

ota_err area_init(struct area *a, uint16_t magic, bool big)
{
    *a = (struct area){.at = malloc(AREA_BYTES_MAX), .used = 0, .big = big};
    if (a->at == NULL)
        return OTA_E_NO_MEMORY;
    area_store16(big, a->at, magic);
    return OTA_OK;
}

void area_free(struct area *a)
{
    free(a->at);
    a->at = NULL;
}

size_t area_bytes(const struct area *a)
{
    return a->used == 0 ? 0 : HEAD_BYTES + a->used;
}

ota_err area_put(struct area *a, uint16_t type, const void *value, size_t len)
{
    uint8_t *p = a->at + HEAD_BYTES + a->used;

    if (len > AREA_BYTES_MAX || a->used + 2 * (size_t)HEAD_BYTES + len > AREA_BYTES_MAX)
        return OTA_E_LIMIT;
    /* Types below the vendors' are one byte and a zero in either order. */
    area_store16(a->big && type >= VENDOR_MIN, p, type);
    area_store16(a->big, p + 2, (uint32_t)len);
    memcpy(p + HEAD_BYTES, value, len);
    a->used += HEAD_BYTES + len;
    area_store16(a->big, a->at + 2, (uint32_t)area_bytes(a));
    return OTA_OK;
}
