#ifndef OTAD_FORMATS_CORTEXM_H
#define OTAD_FORMATS_CORTEXM_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/image/image.h"

/*
 * Raw binaries of Cortex-M chips (SPEC 5.4.3): no header but the vector table, which must make
 * sense.  It says little, so a file has to be named *.cortex-m.bin to be refused for it.
 */
enum cortexm_verdict {
    CORTEXM_GOOD = 0,
    CORTEXM_UNREADABLE,  /* the source failed: not the file's fault                        */
    CORTEXM_TRUNCATED,   /* shorter than a vector table                                    */
    CORTEXM_BAD_STACK,   /* the initial stack pointer is in no RAM, or not aligned         */
    CORTEXM_BAD_RESET,   /* the reset vector is no Thumb address, or where no flash is     */
    CORTEXM_BAD_VECTORS, /* other vectors lie elsewhere than the reset vector's image      */
    CORTEXM_VERDICTS
};

struct cortexm_info {
    uint32_t stack, entry; /* entry without the Thumb bit                                   */
    uint32_t lowest_base, highest_base; /* where it may begin, so that all vectors lie in it */
    uint8_t handlers;                   /* of those that the architecture names              */
};

/* *out counts only with CORTEXM_GOOD. */
enum cortexm_verdict cortexm_check(const struct image_source *src, struct cortexm_info *out);

const char *cortexm_verdict_code(enum cortexm_verdict v); /* "cortex-m-bad-reset" */
const char *cortexm_verdict_text(enum cortexm_verdict v);

#endif
