#ifndef SIGNER_IMGTOOL_DUMP_H
#define SIGNER_IMGTOOL_DUMP_H

#include <stdio.h>

#include "layout.h"

/* What dumpinfo tells about an image, in imgtool's three forms. */
enum dump_form { DUMP_HUMAN, DUMP_YAML, DUMP_JSON };

struct dump_trailer {
    uint8_t magic[LAYOUT_BOOT_MAGIC_BYTES]; /* the last bytes of the file, whatever they are */
    uint32_t align;                         /* 0: no trailer magic, no fields */
    uint8_t image_ok, copy_done, swap_info;
    uint32_t swap_size;
    uint32_t key_field_bytes; /* 0: the image is not encrypted */
};

struct dump {
    const char *name;
    const uint8_t *image;
    size_t len;
    struct layout layout;
    bool has_trailer; /* something stands behind the TLVs */
    struct dump_trailer trailer;
};

/* Read the image, which must stay.  Errors: layout_read's. */
OTA_MUST_CHECK ota_err dump_read(const char *name, const uint8_t *image, size_t len,
                                 struct dump *out);
void dump_print(FILE *to, const struct dump *d, enum dump_form form);

#endif
