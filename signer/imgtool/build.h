#ifndef SIGNER_IMGTOOL_BUILD_H
#define SIGNER_IMGTOOL_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "../../firmware/image/image.h"
#include "../file.h"
#include "../uuid.h"
#include "imgkey.h"

/* What `imgtool sign` is asked to make.  Pure but for libcrypto: bytes in, bytes out. */
enum {
    BUILD_CUSTOM_MAX = 32,
    BUILD_CUSTOM_BYTES_MAX = 32768,
    BUILD_DEPENDENCIES_MAX = 16,
    BUILD_SW_TYPE_BYTES_MAX = 12,
    BUILD_SECTORS_DEFAULT = 128,
};

struct build_custom {
    uint16_t tag;
    struct file_bytes value;
};

struct build_dependency {
    uint8_t image;
    struct image_version version;
};

enum build_vector { BUILD_IMAGE, BUILD_PAYLOAD, BUILD_DIGEST };

struct build_spec {
    struct image_version version;
    uint32_t header_bytes, slot_bytes;
    uint32_t align, max_align, max_sectors;
    uint32_t load_address, rom_fixed; /* 0 = not given */
    uint32_t counter;
    uint8_t erased;
    bool has_counter, has_vendor, has_class;
    bool pad_header, pad, confirm, test, overwrite_only, big, non_bootable;
    bool pure, full_key, pad_sig;
    unsigned sha_bits; /* 0 = auto */
    struct uuid vendor, hardware_class;
    const char *sw_type; /* of the boot record, or NULL */
    struct build_dependency dependency[BUILD_DEPENDENCIES_MAX];
    size_t dependencies;
    struct build_custom custom[BUILD_CUSTOM_MAX];
    size_t customs;
    enum build_vector vector;
};

/* Who signs: a private key, or a signature made elsewhere with the public key it is of. */
struct build_signer {
    const struct imgkey *key;           /* NULL: the image is unsigned */
    const struct file_bytes *signature; /* NULL: key signs */
};

struct build_result {
    struct file_bytes image; /* header, payload, TLVs; or the vector to sign */
    uint8_t signature[IMGKEY_SIG_BYTES_MAX];
    size_t signature_bytes; /* 0: none */
};

/*
 * Input is the program, with header_bytes zeros before it unless pad_header.
 * Errors, said: OTA_E_FORMAT (input or options not as they must be), OTA_E_LIMIT (the slot is
 * too small), OTA_E_SIGNATURE (the given signature is not this image's), OTA_E_NO_MEMORY,
 * OTA_E_INTERNAL.  Free result.image.
 */
OTA_MUST_CHECK ota_err build_image(const struct build_spec *spec,
                                   const struct build_signer *signer,
                                   const struct file_bytes *input, struct build_result *out);

/* Bytes at the end of the slot that the bootloader needs for itself. */
uint64_t build_trailer_bytes(const struct build_spec *spec);

/* Fill image up to the whole slot: erased bytes, image_ok if confirmed, magic at the end.
 * Errors, said: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err build_pad(const struct build_spec *spec, struct file_bytes *image);

/* The image in Intel HEX from address on; padded, the trailer's set fields alone.
 * Errors, said: OTA_E_LIMIT, OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err build_hex(const struct build_spec *spec, const struct file_bytes *image,
                                 uint32_t address, struct file_bytes *out);

#endif
