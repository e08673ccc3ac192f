#ifndef SIGNER_IMGTOOL_LAYOUT_H
#define SIGNER_IMGTOOL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../firmware/image/err.h"
#include "../../firmware/image/image.h"

/*
 * Any MCUboot image as imgtool makes it, either byte order: where its parts lie.  Wider than
 * firmware/image, which takes only what our devices boot; pure, no heap, nothing trusted.
 */

#define LAYOUT_MAGIC UINT32_C(0x96f3b83d) /* beyond an enumerator's range */

enum layout_tlv {
    LAYOUT_KEYHASH = 0x01,
    LAYOUT_PUBKEY = 0x02,
    LAYOUT_SHA256 = 0x10,
    LAYOUT_SHA384 = 0x11,
    LAYOUT_SHA512 = 0x12,
    LAYOUT_RSA2048 = 0x20,
    LAYOUT_ECDSA = 0x22,
    LAYOUT_RSA3072 = 0x23,
    LAYOUT_ED25519 = 0x24,
    LAYOUT_SIG_PURE = 0x25,
    LAYOUT_DEPENDENCY = 0x40,
    LAYOUT_SEC_CNT = 0x50,
    LAYOUT_BOOT_RECORD = 0x60,
    LAYOUT_VID = 0x74,
    LAYOUT_CID = 0x75,
};

enum layout_flag {
    LAYOUT_ENCRYPTED = 0x4 | 0x8,
    LAYOUT_NON_BOOTABLE = 0x10,
    LAYOUT_RAM_LOAD = 0x20,
    LAYOUT_ROM_FIXED = 0x100,
};

enum {
    LAYOUT_AREA_PLAIN = 0x6907,
    LAYOUT_AREA_PROTECTED = 0x6908,
    LAYOUT_BOOT_MAGIC_BYTES = 16,
};

struct layout_area {
    size_t at;      /* of the area's own four bytes */
    uint32_t bytes; /* with them */
};

struct layout {
    bool big;
    uint32_t load_address, header_bytes, protected_bytes, payload_bytes, flags;
    struct image_version version;
    struct layout_area protected; /* bytes = 0: none */
    struct layout_area plain;
    size_t end; /* of the plain area: what a bootloader looks at */
};

/*
 * Errors: OTA_E_NOT_FOUND (no magic: not an image), OTA_E_FORMAT (an area is missing, wrong, or
 * its entries do not fill it), *out unchanged.
 */
OTA_MUST_CHECK ota_err layout_read(const uint8_t *image, size_t len, struct layout *out);

struct layout_entry {
    uint16_t type;
    uint16_t len;
    const uint8_t *value;
    size_t at; /* of the entry's head */
};

/*
 * The entry at *at, which starts at 0 and moves on; false at the end.  The area is one that
 * layout_read found in this image.
 */
bool layout_next(const uint8_t *image, const struct layout *l, const struct layout_area *area,
                 size_t *at, struct layout_entry *out);

/* The first entry of this type in the area.  false: none. */
bool layout_find(const uint8_t *image, const struct layout *l, const struct layout_area *area,
                 uint16_t type, struct layout_entry *out);

/* The alignment that the trailer magic at the end of the file speaks of; 0: there is none. */
uint32_t layout_trailer_align(const uint8_t *image, size_t len);

/* imgtool's name of a type, or "UNKNOWN". */
const char *layout_tlv_name(uint16_t type);

/* The trailer magic of alignment (8 or more), as it stands at the end of a slot. */
void layout_boot_magic(bool big, uint32_t max_align, uint8_t out[LAYOUT_BOOT_MAGIC_BYTES]);

#endif
