/* link: image */
/* Images: whatever the bytes, parsing stays inside them, and nothing verifies that the keys of
 * the manifest did not sign. */
#include <assert.h>
#include <string.h>

#include "firmware/image/image.h"
#include "tests/vectors/keys/test_keys.h"

static bool in_corpus(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct manifest manifest;
    struct image_policy policy = {&manifest, 0};
    struct image_source src = image_source_memory(data, (uint32_t)size);
    struct image_info info;
    enum image_verdict why, verdict;

    if (manifest.key_count == 0)
        assert(manifest_open(test_manifest, sizeof test_manifest, test_roots, &manifest) ==
               OTA_OK);
    if (image_parse(&src, &info, &why) == OTA_OK) {
        assert(why == IMAGE_GOOD);
        assert(info.total_bytes <= size && info.header_bytes >= IMAGE_HEADER_BYTES);
        assert(info.signature_bytes <= sizeof info.signature);
    } else {
        assert(why != IMAGE_GOOD);
    }
    verdict = image_verify(&src, &policy, NULL, NULL, &info);
    assert(verdict != IMAGE_GOOD || in_corpus(data, size));
    return 0;
}

/* The one signed image among the seeds; what follows an image may be anything. */
static bool in_corpus(const uint8_t *data, size_t size)
{
    static const uint8_t digest[32] = {0x22, 0xf8, 0x83, 0xa4, 0x55, 0x87, 0xfa, 0x1c,
                                       0xdc, 0xf9, 0xf1, 0xff, 0x4e, 0x1a, 0xa9, 0x3f,
                                       0xd0, 0x04, 0x47, 0xf9, 0x56, 0xa1, 0x32, 0x57,
                                       0xd6, 0x94, 0x70, 0x3f, 0x0e, 0xc1, 0x33, 0x34};
    struct image_source src = image_source_memory(data, (uint32_t)size);
    struct image_info info;
    enum image_verdict why;

    return image_parse(&src, &info, &why) == OTA_OK &&
           memcmp(info.digest, digest, sizeof digest) == 0;
}
