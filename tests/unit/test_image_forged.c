/* link: image image_text */
/* Golden and forged images, made without our own code: the verdict on each is the expected one.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/image/image.h"
#include "tests/vectors/keys/test_keys.h"

#define FOLDER "tests/vectors/images/"

static const char *verdict_on(const char *file, const struct manifest *manifest)
{
    static uint8_t bytes[65536];
    struct image_policy policy = {manifest, 5};
    struct image_source src;
    struct image_info info;
    char path[256];
    size_t len;
    FILE *f;

    (void)snprintf(path, sizeof path, FOLDER "%s", file);
    f = fopen(path, "rb");
    assert(f != NULL);
    len = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    src = image_source_memory(bytes, (uint32_t)len);
    return image_verdict_name(image_verify(&src, &policy, NULL, NULL, &info));
}

int main(void)
{
    FILE *f = fopen(FOLDER "expected.txt", "r");
    unsigned images = 0, wrong = 0;
    char line[256], file[128], want[32];
    struct manifest manifest;

    assert(manifest_open(test_manifest, sizeof test_manifest, test_roots, &manifest) == OTA_OK);
    assert(f != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        const char *got;

        if (line[0] == '#')
            continue;
        assert(sscanf(line, "%127s %31s", file, want) == 2);
        got = verdict_on(file, &manifest);
        if (strcmp(got, want) != 0) {
            (void)fprintf(stderr, "%s: %s, expected %s\n", file, got, want);
            wrong++;
        }
        images++;
    }
    (void)fclose(f);
    assert(images > 40 && wrong == 0);
    return 0;
}
