/* link: signer_imgtool */
/* Images of any kind: areas lie within the file, entries fill them, and dumpinfo tells it. */
#include <assert.h>
#include <stdio.h>

#include "signer/imgtool/dump.h"

static void walk(const uint8_t *image, const struct layout *l, const struct layout_area *area)
{
    struct layout_entry e, found;
    size_t at = 0, end = area->at + 4;

    while (layout_next(image, l, area, &at, &e)) {
        assert(e.at == end && e.value == image + e.at + 4);
        assert(layout_tlv_name(e.type) != NULL);
        assert(layout_find(image, l, area, e.type, &found) && found.type == e.type);
        end = e.at + 4 + e.len;
    }
    assert(area->bytes == 0 || end == area->at + area->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct dump d;

    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    assert(nowhere != NULL);
    if (dump_read("name: \"of\" a\nfile", data, size, &d) != OTA_OK)
        return 0;
    assert(d.layout.end <= size && d.layout.plain.bytes >= 4);
    assert(d.layout.plain.at >= (size_t)d.layout.header_bytes + d.layout.payload_bytes);
    walk(data, &d.layout, &d.layout.protected);
    walk(data, &d.layout, &d.layout.plain);
    dump_print(nowhere, &d, DUMP_HUMAN);
    dump_print(nowhere, &d, DUMP_YAML);
    dump_print(nowhere, &d, DUMP_JSON);
    return 0;
}
