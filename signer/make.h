#ifndef SIGNER_MAKE_H
#define SIGNER_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "../firmware/image/image.h"
#include "file.h"
#include "key.h"
#include "uuid.h"

/* What `signer sign` is asked to make; bytes as imgtool makes them (SPEC 2). */
struct make_spec {
    struct image_version version;
    uint32_t header_bytes;
    bool pad_header;  /* else the input starts with header_bytes zeros */
    uint8_t pad_byte; /* what the room behind the header is filled with then */
    bool has_counter, has_vendor, has_class, has_rom_fixed;
    bool sha512; /* Ed25519 only: digest and KEYHASH are SHA-512 */
    uint32_t counter;
    uint32_t rom_fixed;
    struct uuid vendor, hardware_class;
};

/*
 * The signed image, malloc'd in *out.  It has been parsed and verified again.
 * Errors, said: OTA_E_FORMAT (input not as told), OTA_E_LIMIT, OTA_E_NO_MEMORY, OTA_E_INTERNAL.
 */
OTA_MUST_CHECK ota_err make_image(const struct make_spec *spec, const struct key *key,
                                  const struct file_bytes *input, struct file_bytes *out);

/* MAJOR[.MINOR[.REVISION]][+BUILD].  Errors: OTA_E_FORMAT, not said. */
OTA_MUST_CHECK ota_err make_version_parse(const char *text, struct image_version *out);

/* imgtool's `-s auto`. */
uint32_t make_counter(struct image_version v);

enum { MAKE_VERSION_TEXT_BYTES = 32 };
/* MAJOR.MINOR.REVISION, and +BUILD unless it is 0. */
void make_version_text(struct image_version v, char out[MAKE_VERSION_TEXT_BYTES]);

#endif
