#ifndef OTAD_FORMATS_UF2_H
#define OTAD_FORMATS_UF2_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/image/image.h"

/*
 * UF2 files (SPEC 5.4.2): blocks of 512 bytes that a boot loader takes over USB.  Every block
 * is read; blocks of several families, and comments, may stand in one file.
 */
enum uf2_verdict {
    UF2_GOOD = 0,
    UF2_NOT_UF2,       /* the first block has not the magic                           */
    UF2_UNREADABLE,    /* the source failed: not the file's fault                     */
    UF2_BAD_LENGTH,    /* not a multiple of 512                                       */
    UF2_BAD_BLOCK,     /* a magic is missing                                          */
    UF2_BAD_PAYLOAD,   /* empty, odd, or larger than a block has room for             */
    UF2_BAD_NUMBERING, /* numbers of blocks do not count up to what they promise      */
    UF2_OVERLAP,       /* two blocks write the same address                           */
    UF2_BAD_TAG,       /* extension tags that leave their block                       */
    UF2_TOO_SCATTERED, /* more separate extents than anybody needs                    */
    UF2_TOO_MANY_FAMILIES,
    UF2_NOTHING, /* nothing in it goes to main flash                            */
    UF2_VERDICTS
};

enum { UF2_FAMILIES_MAX = 8, UF2_TEXT_BYTES = 65 };

struct uf2_family {
    uint32_t id; /* 0 = none is stated */
    uint32_t blocks, first_address, end_address, payload_bytes;
    uint32_t gaps; /* places where addresses do not follow each other */
};

struct uf2_info {
    uint32_t blocks;
    uint32_t comments; /* blocks that are not for main flash */
    bool container;    /* holds files for a file system      */
    uint8_t family_count;
    struct uf2_family family[UF2_FAMILIES_MAX];
    char version[UF2_TEXT_BYTES], device[UF2_TEXT_BYTES]; /* of its tags; may be empty */
};

/* Do the first eight bytes say that it is one?  False also when it cannot be read. */
bool uf2_claims(const struct image_source *src);

/* Judge the whole file.  *out counts only with UF2_GOOD. */
enum uf2_verdict uf2_check(const struct image_source *src, struct uf2_info *out);

/* "RP2040"; NULL if this otad has no name for it. */
const char *uf2_family_name(uint32_t id);

const char *uf2_verdict_code(enum uf2_verdict v); /* "uf2-overlap" */
const char *uf2_verdict_text(enum uf2_verdict v);

#endif
