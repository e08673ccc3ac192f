/* link: image */
/* Key manifests: nothing opens whose body the roots did not sign. */
#include <assert.h>
#include <string.h>

#include "firmware/image/manifest_parts.h"
#include "tests/vectors/keys/test_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest_parts parts;
    struct manifest m;
    size_t len = 0;

    if (manifest_split(data, size, &parts) == OTA_OK) {
        assert(parts.total_bytes <= size && parts.body == data);
        assert(manifest_length(data, size, &len) == OTA_OK && len == parts.total_bytes);
        assert(manifest_body_read(parts.body, parts.body_bytes, &m) == OTA_OK);
        assert(m.key_count >= 1 && m.key_count <= MANIFEST_KEYS_MAX);
    }
    if (manifest_open(data, size, test_roots, &m) == OTA_OK) {
        size_t body = sizeof test_manifest - 8 - (size_t)2 * 68;

        assert(size >= body && memcmp(data, test_manifest, body) == 0);
    }
    return 0;
}
