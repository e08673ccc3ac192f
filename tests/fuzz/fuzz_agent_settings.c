/* link: ota slot image */
/* The settings sector: what parses is written back and parses the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/image/le.h"
#include "firmware/ota/settings.h"
#include "firmware/slot/crc32.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ota_settings s, back;
    uint8_t written[OTA_SETTINGS_BYTES_MAX];
    size_t len, total;
    uint8_t *b = malloc(size + 1);

    assert(b != NULL);
    memcpy(b, data, size);
    if (size >= 16) { /* a right checksum, or nothing behind it is ever reached */
        total = le16_load(b + 10);
        if (total >= 16 && total <= size) {
            le32_store(b + total - 4, crc32_of(b, total - 4));
        }
    }
    if (ota_settings_parse(b, size, &s) == OTA_OK) {
        assert(ota_settings_write(&s, written, sizeof written, &len) == OTA_OK);
        assert(ota_settings_parse(written, len, &back) == OTA_OK);
        assert(strcmp(s.host, back.host) == 0 && strcmp(s.token, back.token) == 0);
        assert(s.port == back.port && s.ca_bytes == back.ca_bytes);
    }
    free(b);
    return 0;
}
