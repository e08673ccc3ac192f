/* link: otad_formats crypto_host */
/* ESP files: whatever the bytes, parsing stays inside them, and facts of good ones make sense.
 */
#include <assert.h>
#include <string.h>

#include "otad/formats/esp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct image_source src = image_source_memory(data, (uint32_t)size);
    struct esp_info info;
    const bool claims = esp_claims(&src);
    const enum esp_verdict v = esp_check(&src, &info);
    assert(v < ESP_VERDICTS && esp_verdict_code(v) != NULL && esp_verdict_text(v) != NULL);
    assert(v != ESP_UNREADABLE);
    if (v != ESP_GOOD)
        return 0;
    assert(claims && info.image_bytes > 0 && info.image_bytes <= size);
    assert(esp_what_name(info.what) != NULL);
    assert((info.what == ESP_PARTITIONS) == (info.chip == NULL));
    assert(info.what == ESP_PARTITIONS || info.flash_mode != NULL);
    assert(info.segments <= ESP_SEGMENTS_MAX);
    assert(memchr(info.version, 0, sizeof info.version) != NULL &&
           memchr(info.project, 0, sizeof info.project) != NULL &&
           memchr(info.idf, 0, sizeof info.idf) != NULL);
    assert(info.what != ESP_MERGED || info.app_offset < info.image_bytes);
    return 0;
}
