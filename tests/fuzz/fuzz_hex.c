/* link: signer_imgtool */
/* Intel HEX: what is read can be written and read again, and is the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "signer/imgtool/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hex_range range, again;
    struct hex_piece piece;
    size_t line = 0, len = 0;
    char *text = NULL;
    ota_err e = hex_read((const char *)data, size, &range, &line);

    assert(line <= size);
    if (e != OTA_OK) {
        assert(e == OTA_E_FORMAT || e == OTA_E_LIMIT || e == OTA_E_NO_MEMORY);
        return 0;
    }
    assert(range.len > 0 && range.len <= HEX_SPAN_BYTES_MAX);
    if (range.len <= 1 << 16) { /* a wide one takes long */
        piece = (struct hex_piece){range.address, range.data, range.len};
        assert(hex_write(&piece, 1, &text, &len) == OTA_OK);
        assert(hex_read(text, len, &again, &line) == OTA_OK);
        assert(again.address == range.address && again.len == range.len);
        assert(memcmp(again.data, range.data, range.len) == 0);
        free(again.data);
        free(text);
    }
    free(range.data);
    return 0;
}
