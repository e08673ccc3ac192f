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

ota_err reader_entry(struct reader *r, const uint8_t **out_head, const uint8_t **out_value,
                     uint16_t *out_bytes)
{
    enum { HEAD_BYTES = 4, LENGTH_AT = 2 };

    if (reader_bytes(r, HEAD_BYTES, out_head) != OTA_OK)
        return OTA_E_FORMAT;
    *out_bytes = le16_load(*out_head + LENGTH_AT);
    return reader_bytes(r, *out_bytes, out_value);
}
