/*
 * Decoding primitives for formats that lie whole in memory (SPEC 3): everything is taken from
 * the front, bounded, byte by byte.  No casts to packed structs, no byte order assumed.
 */
#include "reader.h"

#include "le.h"

ota_err reader_bytes(struct reader *r, size_t len, const uint8_t **out)
{
    if (len > r->left)
        return OTA_E_FORMAT;
    *out = r->at;
    r->at += len;
    r->left -= len;
    return OTA_OK;
}

ota_err reader_u8(struct reader *r, uint8_t *out)
{
    const uint8_t *p;

    if (reader_bytes(r, 1, &p) != OTA_OK)
        return OTA_E_FORMAT;
    *out = *p;
    return OTA_OK;
}

ota_err reader_u16(struct reader *r, uint16_t *out)
{
    const uint8_t *p;

    if (reader_bytes(r, 2, &p) != OTA_OK)
        return OTA_E_FORMAT;
    *out = le16_load(p);
    return OTA_OK;
}

ota_err reader_u32(struct reader *r, uint32_t *out)
{
    const uint8_t *p;

    if (reader_bytes(r, 4, &p) != OTA_OK)
        return OTA_E_FORMAT;
    *out = le32_load(p);
    return OTA_OK;
}
