#ifndef OTAD_FORMATS_FORMATS_H
#define OTAD_FORMATS_FORMATS_H

#include "firmware/image/err.h"
#include "firmware/image/image.h"
#include "otad/arena.h"

/*
 * What a release's file is, and whether it is whole (SPEC 5.4).  A file is judged by what its
 * contents claim (magic numbers that nothing else begins with), and by what its name promises:
 * *.uf2, *.cdx.json, *.spdx.json, *.cortex-m.bin, and *.bin that name an ESP chip.  What
 * neither claims nor promises anything is just a file.
 */
enum file_format {
    FORMAT_NONE = 0,
    FORMAT_ESP,
    FORMAT_UF2,
    FORMAT_CORTEX_M,
    FORMAT_CYCLONEDX,
    FORMAT_SPDX
};

/* The file, and what is known of the place that it is uploaded to. */
struct format_claim {
    const char *name;
    const struct image_source *source;
    const char *platform;     /* its name may tell the chip                                  */
    const char *sibling;      /* name of another file that is for the platform's chip ...    */
    const char *sibling_chip; /* ... which is this one; both NULL = none is known            */
};

struct format_facts {
    enum file_format format;
    const char *chip;    /* of ESP images, "ESP32-C3"; else NULL          */
    const char *details; /* JSON object in the arena; NULL = FORMAT_NONE  */
};

struct format_refusal {
    const char *code; /* stable, "esp-bad-checksum"           */
    const char *text; /* what is wrong, and what to do        */
};

/*
 * Errors: OTA_E_SIGNATURE (the file is refused: *out_why says why), OTA_E_LIMIT (arena full),
 * OTA_E_IO (the source failed), OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err formats_check(struct arena *a, const struct format_claim *claim,
                                     struct format_facts *out, struct format_refusal *out_why);

#endif
