/* The vector table of ARMv6-M to ARMv8-M: stack pointer, reset, then handlers. */
#include "cortexm.h"

#include "firmware/image/le.h"

enum { VECTORS = 16, TABLE_BYTES = 4 * VECTORS, BASE_ALIGN = 128 };

struct verdict_row {
    const char *code, *text;
};

static const struct verdict_row rows[CORTEXM_VERDICTS] = {
    [CORTEXM_GOOD] = {"good", "The file is good."},
    [CORTEXM_UNREADABLE] = {"store-failed", "The file could not be read back."},
    [CORTEXM_TRUNCATED] = {"cortex-m-truncated",
                           "The file is shorter than a Cortex-M vector table."},
    [CORTEXM_BAD_STACK] = {"cortex-m-bad-stack",
                           "The first word of a raw Cortex-M binary is the initial stack "
                           "pointer; here it points to no RAM. Is this an ELF or hex file, or "
                           "does the vector table stand elsewhere?"},
    [CORTEXM_BAD_RESET] =
        {"cortex-m-bad-reset",
         "The second word of a raw Cortex-M binary is the reset vector; here "
         "it is no Thumb address in flash. Is the file for another processor?"},
    [CORTEXM_BAD_VECTORS] = {"cortex-m-bad-vectors",
                             "The vectors of the raw Cortex-M binary point out of it: it was "
                             "cut, or is linked in parts."},
};

const char *cortexm_verdict_code(enum cortexm_verdict v)
{
    return rows[v].code;
}

const char *cortexm_verdict_text(enum cortexm_verdict v)
{
    return rows[v].text;
}

/* The architecture's SRAM, and the core-coupled RAM that vendors put below it.  The stack grows
 * down, so one past the end of RAM is right. */
static bool is_ram(uint32_t a)
{
    return (a > 0x1ff00000U && a <= 0x40000000U) || (a > 0x10000000U && a <= 0x10100000U);
}

/* The architecture's code region, and memory-mapped flash of i.MX RT and the like. */
static bool is_flash(uint32_t a)
{
    return a < 0x20000000U || (a >= 0x30000000U && a < 0x30400000U) ||
           (a >= 0x60000000U && a < 0xa0000000U);
}

/* Handlers that the architecture names.  The seventh is one in ARMv8-M only, and NXP's chips
 * keep a checksum there; the rest of the first sixteen is reserved. */
static bool is_handler(unsigned i)
{
    return (i >= 1 && i <= 6) || i == 11 || i == 12 || i == 14 || i == 15;
}

enum cortexm_verdict cortexm_check(const struct image_source *src, struct cortexm_info *out)
{
    uint8_t t[TABLE_BYTES];
    uint32_t lowest = UINT32_MAX, highest = 0;
    *out = (struct cortexm_info){0};
    if (src->size_bytes < sizeof t)
        return CORTEXM_TRUNCATED;
    if (src->read(src, 0, t, sizeof t) != OTA_OK)
        return CORTEXM_UNREADABLE;
    out->stack = le32_load(t);
    out->entry = le32_load(t + 4) & ~1U;
    if ((out->stack & 3) != 0 || !is_ram(out->stack))
        return CORTEXM_BAD_STACK;
    if ((le32_load(t + 4) & 1) == 0 || !is_flash(out->entry))
        return CORTEXM_BAD_RESET;
    for (unsigned i = 1; i < VECTORS; i++) {
        const uint32_t v = le32_load(t + (size_t)4 * i);
        if (!is_handler(i) || v == 0)
            continue;
        if ((v & 1) == 0)
            return CORTEXM_BAD_VECTORS;
        out->handlers++;
        lowest = (v & ~1U) < lowest ? v & ~1U : lowest;
        highest = (v & ~1U) > highest ? v & ~1U : highest;
    }
    /* NMI and hard fault are there in every core. */
    if (le32_load(t + 8) == 0 || le32_load(t + 12) == 0 || highest - lowest >= src->size_bytes)
        return CORTEXM_BAD_VECTORS;
    const uint32_t below = highest >= src->size_bytes ? highest - src->size_bytes + 1 : 0;
    out->lowest_base = (below + BASE_ALIGN - 1) / BASE_ALIGN * BASE_ALIGN;
    out->highest_base = lowest / BASE_ALIGN * BASE_ALIGN;
    return out->lowest_base <= out->highest_base ? CORTEXM_GOOD : CORTEXM_BAD_VECTORS;
}
