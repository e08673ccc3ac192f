/* link: otad_formats crypto_host */
/* Vector tables: a good one fits into an image of the file's size at the bases that it allows.
 */
#include <assert.h>

#include "otad/formats/cortexm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct image_source src = image_source_memory(data, (uint32_t)size);
    struct cortexm_info info;
    const enum cortexm_verdict v = cortexm_check(&src, &info);
    assert(v < CORTEXM_VERDICTS && cortexm_verdict_code(v) != NULL);
    assert(v != CORTEXM_UNREADABLE && (size >= 64 || v == CORTEXM_TRUNCATED));
    if (v != CORTEXM_GOOD)
        return 0;
    assert(info.lowest_base <= info.highest_base && info.highest_base <= info.entry);
    assert((uint64_t)info.lowest_base + size > info.entry);
    assert(info.handlers >= 3 && (info.stack & 3) == 0);
    return 0;
}
