/* link: otad_formats crypto_host */
/* UF2: whatever the bytes, a good file's sums are those of its blocks. */
#include <assert.h>
#include <string.h>

#include "otad/formats/uf2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct image_source src = image_source_memory(data, (uint32_t)size);
    struct uf2_info info;
    const bool claims = uf2_claims(&src);
    const enum uf2_verdict v = uf2_check(&src, &info);
    uint32_t blocks = 0;
    assert(v < UF2_VERDICTS && uf2_verdict_code(v) != NULL && uf2_verdict_text(v) != NULL);
    assert(v != UF2_UNREADABLE && claims == (v != UF2_NOT_UF2));
    if (v != UF2_GOOD)
        return 0;
    assert(size == (size_t)512 * info.blocks && info.family_count <= UF2_FAMILIES_MAX);
    for (unsigned i = 0; i < info.family_count; i++) {
        const struct uf2_family *f = &info.family[i];
        blocks += f->blocks;
        assert(f->payload_bytes <= 476 * f->blocks && f->gaps < f->blocks);
        assert(f->payload_bytes == 0 || f->end_address - f->first_address >= f->payload_bytes);
    }
    assert(blocks == info.blocks);
    assert(memchr(info.version, 0, sizeof info.version) != NULL &&
           memchr(info.device, 0, sizeof info.device) != NULL);
    return 0;
}
