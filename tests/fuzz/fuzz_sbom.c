/* link: otad_formats crypto_host */
/* Bills of materials, and the whole choice of a format by name and contents. */
#include <assert.h>
#include <string.h>

#include "otad/formats/formats.h"
#include "otad/formats/sbom.h"

static void check(const struct image_source *src, enum sbom_format format)
{
    struct arena a;
    struct sbom_info info;
    const char *where = NULL;
    arena_init(&a, ARENA_REQUEST_BYTES);
    const enum sbom_verdict v = sbom_check(&a, src, format, &info, &where);
    assert(v < SBOM_VERDICTS && sbom_verdict_code(v) != NULL && sbom_verdict_text(v) != NULL);
    assert(v != SBOM_UNREADABLE && v != SBOM_NO_MEMORY && where != NULL);
    assert(v != SBOM_GOOD || (info.format == format && info.spec != NULL && where[0] == '\0'));
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const name[] = {"a.cdx.json",    "a.spdx.json",    "a.uf2",
                                       "a-esp32c3.bin", "a.cortex-m.bin", "a.bin"};
    const struct image_source src = image_source_memory(data, (uint32_t)size);
    check(&src, SBOM_CYCLONEDX);
    check(&src, SBOM_SPDX);
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        const struct format_claim claim = {
            .name = name[i], .source = &src, .platform = "esp8266"};
        struct format_facts facts = {0};
        struct format_refusal why = {0};
        struct arena a;
        arena_init(&a, ARENA_REQUEST_BYTES);
        const ota_err err = formats_check(&a, &claim, &facts, &why);
        assert(err == OTA_OK ||
               (err == OTA_E_SIGNATURE && why.code != NULL && why.text != NULL));
        assert(err != OTA_OK || (facts.format == FORMAT_NONE) == (facts.details == NULL));
        arena_done(&a);
    }
    return 0;
}
