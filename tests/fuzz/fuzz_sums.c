/* link: image_sums */
/* SHA256SUMS: what parses is written back as the same bytes. */
#include <assert.h>
#include <string.h>

#include "firmware/image/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sums_entry entries[SUMS_ENTRIES_MAX];
    const char *text = (const char *)data;
    size_t count = 0;

    if (sums_parse(text, size, entries, SUMS_ENTRIES_MAX, &count) != OTA_OK)
        return 0;
    for (size_t i = 0, at = 0; i < count; i++) {
        char line[256];
        size_t n = 0;

        assert(sums_line_write(&entries[i], line, sizeof line, &n) == OTA_OK);
        assert(at + n <= size && memcmp(text + at, line, n) == 0);
        assert(sums_find(entries, count, entries[i].name) == &entries[i]);
        at += n;
    }
    return 0;
}
