/*
 * Where the parts of an MCUboot image lie.  Every offset is checked against the length before a
 * byte is read; an image whose areas are not filled exactly by whole entries is refused.
 */
#include "layout.h"

#include <string.h>

#include "../../firmware/image/le.h"

enum { AREA_HEAD_BYTES = 4, ENTRY_HEAD_BYTES = 4 };

static uint16_t u16(bool big, const uint8_t *p)
{
    return (uint16_t)(big ? p[0] << 8 | p[1] : le16_load(p));
}

static uint32_t u32(bool big, const uint8_t *p)
{
    return big ? (uint32_t)u16(true, p) << 16 | u16(true, p + 2) : le32_load(p);
}

/*
 * imgtool writes the types it knows as one byte and a zero in either byte order, vendors' ones
 * (low byte 0xa0 and above) in the order of the rest.
 */
static uint16_t type_of(bool big, const uint8_t *p)
{
    return big && p[1] != 0 ? u16(true, p) : le16_load(p);
}

static bool entry_read(const uint8_t *image, const struct layout *l,
                       const struct layout_area *area, size_t *at, struct layout_entry *out)
{
    size_t left = area->bytes - AREA_HEAD_BYTES - *at;
    const uint8_t *p = image + area->at + AREA_HEAD_BYTES + *at;
    uint16_t len;

    if (left < ENTRY_HEAD_BYTES)
        return false;
    len = u16(l->big, p + 2);
    if (left - ENTRY_HEAD_BYTES < len)
        return false;
    *out = (struct layout_entry){type_of(l->big, p), len, p + ENTRY_HEAD_BYTES,
                                 (size_t)(p - image)};
    *at += (size_t)ENTRY_HEAD_BYTES + len;
    return true;
}

bool layout_next(const uint8_t *image, const struct layout *l, const struct layout_area *area,
                 size_t *at, struct layout_entry *out)
{
    return area->bytes >= AREA_HEAD_BYTES && *at <= area->bytes - AREA_HEAD_BYTES &&
           entry_read(image, l, area, at, out);
}

bool layout_find(const uint8_t *image, const struct layout *l, const struct layout_area *area,
                 uint16_t type, struct layout_entry *out)
{
    struct layout_entry e;

    for (size_t at = 0; layout_next(image, l, area, &at, &e);) {
        if (e.type == type) {
            *out = e;
            return true;
        }
    }
    return false;
}

/* The area at this offset: its magic, its length, and entries that fill it. */
static ota_err area_read(const uint8_t *image, size_t len, const struct layout *l, size_t at,
                         uint16_t magic, struct layout_area *out)
{
    struct layout_area area = {.at = at, .bytes = 0};
    struct layout_entry ignored;
    size_t used = 0;

    if (at > len || len - at < AREA_HEAD_BYTES || u16(l->big, image + at) != magic)
        return OTA_E_FORMAT;
    area.bytes = u16(l->big, image + at + 2);
    if (area.bytes < AREA_HEAD_BYTES || area.bytes > len - at)
        return OTA_E_FORMAT;
    while (layout_next(image, l, &area, &used, &ignored))
        ;
    if (used != area.bytes - AREA_HEAD_BYTES)
        return OTA_E_FORMAT;
    *out = area;
    return OTA_OK;
}

ota_err layout_read(const uint8_t *image, size_t len, struct layout *out)
{
    struct layout l = {.big = false};
    size_t at;
    ota_err e = OTA_OK;

    if (len < IMAGE_HEADER_BYTES)
        return OTA_E_NOT_FOUND;
    l.big = u32(true, image) == LAYOUT_MAGIC;
    if (!l.big && u32(false, image) != LAYOUT_MAGIC)
        return OTA_E_NOT_FOUND;
    l.load_address = u32(l.big, image + 4);
    l.header_bytes = u16(l.big, image + 8);
    l.protected_bytes = u16(l.big, image + 10);
    l.payload_bytes = u32(l.big, image + 12);
    l.flags = u32(l.big, image + 16);
    l.version = (struct image_version){image[20], image[21], u16(l.big, image + 22),
                                       u32(l.big, image + 24)};
    if (l.header_bytes < IMAGE_HEADER_BYTES || l.header_bytes > len ||
        l.payload_bytes > len - l.header_bytes)
        return OTA_E_FORMAT;
    at = (size_t)l.header_bytes + l.payload_bytes;
    if (l.protected_bytes != 0) {
        e = area_read(image, len, &l, at, LAYOUT_AREA_PROTECTED, &l.protected);
        if (e == OTA_OK && l.protected.bytes != l.protected_bytes)
            e = OTA_E_FORMAT;
    }
    if (e == OTA_OK)
        e = area_read(image, len, &l, at + l.protected.bytes, LAYOUT_AREA_PLAIN, &l.plain);
    if (e != OTA_OK)
        return e;
    l.end = l.plain.at + l.plain.bytes;
    *out = l;
    return OTA_OK;
}

static const uint8_t magic_eight[LAYOUT_BOOT_MAGIC_BYTES] = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2,
                                                             0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f,
                                                             0x2c, 0xb6, 0x79, 0x80};
static const uint8_t magic_other[LAYOUT_BOOT_MAGIC_BYTES - 2] = {
    0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a};

void layout_boot_magic(bool big, uint32_t max_align, uint8_t out[LAYOUT_BOOT_MAGIC_BYTES])
{
    memcpy(out, magic_eight, sizeof magic_eight);
    if (max_align == 8)
        return;
    out[big ? 1 : 0] = (uint8_t)max_align;
    out[big ? 0 : 1] = 0;
    memcpy(out + 2, magic_other, sizeof magic_other);
}

uint32_t layout_trailer_align(const uint8_t *image, size_t len)
{
    const uint8_t *end;
    uint32_t align;

    if (len < LAYOUT_BOOT_MAGIC_BYTES)
        return 0;
    end = image + len - LAYOUT_BOOT_MAGIC_BYTES;
    if (memcmp(end, magic_eight, sizeof magic_eight) == 0)
        return 8;
    align = (uint32_t)end[0] + end[1]; /* in either order one of them is zero */
    return memcmp(end + 2, magic_other, sizeof magic_other) == 0 &&
                   (end[0] == 0 || end[1] == 0) && (align == 8 || align == 16 || align == 32)
               ? align
               : 0;
}

const char *layout_tlv_name(uint16_t type)
{
    static const struct {
        uint16_t type;
        const char *name;
    } names[] = {
        {0x01, "KEYHASH"},       {0x02, "PUBKEY"},     {0x10, "SHA256"},
        {0x11, "SHA384"},        {0x12, "SHA512"},     {0x20, "RSA2048"},
        {0x22, "ECDSASIG"},      {0x23, "RSA3072"},    {0x24, "ED25519"},
        {0x25, "SIG_PURE"},      {0x30, "ENCRSA2048"}, {0x31, "ENCKW"},
        {0x32, "ENCEC256"},      {0x33, "ENCX25519"},  {0x34, "ENCX25519_SHA512"},
        {0x40, "DEPENDENCY"},    {0x50, "SEC_CNT"},    {0x60, "BOOT_RECORD"},
        {0x70, "DECOMP_SIZE"},   {0x71, "DECOMP_SHA"}, {0x72, "DECOMP_SIGNATURE"},
        {0x73, "COMP_DEC_SIZE"}, {0x74, "UUID_VID"},   {0x75, "UUID_CID"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].type == type)
            return names[i].name;
    }
    return "UNKNOWN";
}
