/* link: image image_text */
/* Images of imgtool's: what our policy allows parses and verifies, the rest is refused as said.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/image/image.h"

#define FOLDER "tests/vectors/imgtool/"

struct vector_key {
    char name[32];
    struct manifest manifest; /* with this key alone */
};

static struct vector_key keys[4];
static size_t key_count;

static size_t unhex(const char *text, uint8_t *out)
{
    size_t n = 0;

    for (; text[2 * n] != '\0'; n++) {
        const char pair[3] = {text[2 * n], text[2 * n + 1], '\0'};

        out[n] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

static void key_line(const char *line)
{
    struct vector_key *k = &keys[key_count++];
    char alg[16], hex[256];
    struct manifest_key *mk = &k->manifest.key[0];

    assert(key_count <= 4);
    assert(sscanf(line, "key %31s %15s %255s", k->name, alg, hex) == 3);
    k->manifest.key_count = 1;
    mk->alg = strcmp(alg, "p256") == 0 ? CRYPTO_P256 : CRYPTO_ED25519;
    mk->purpose = MANIFEST_IMAGE;
    mk->key_bytes = (uint8_t)unhex(hex, mk->key);
    assert(manifest_key_hash(mk->alg, mk->key, mk->key_bytes, mk->hash) == OTA_OK);
}

static struct vector_key *key_of(const char *name)
{
    for (size_t i = 0; i < key_count; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

struct expected {
    char file[32], verdict[16], key[32], version[40], counter[16], class[40], padded[8];
};

static void same_fields(const struct expected *x, const struct image_info *info, size_t len)
{
    char version[40];
    uint8_t class[16] = {0};

    (void)snprintf(version, sizeof version, "%u.%u.%u+%lu", info->version.major,
                   info->version.minor, info->version.revision,
                   (unsigned long)info->version.build);
    assert(strcmp(version, x->version) == 0);
    assert(info->has_security_counter == (x->counter[0] != '-'));
    if (info->has_security_counter)
        assert(info->security_counter == strtoul(x->counter, NULL, 10));
    assert(info->has_hardware_class == (x->class[0] != '-'));
    if (info->has_hardware_class) {
        assert(unhex(x->class, class) == 16);
        assert(memcmp(info->hardware_class, class, 16) == 0);
    }
    assert(strcmp(x->padded, "padded") == 0 ? info->total_bytes < len
                                            : info->total_bytes == len);
}

/* Digest and signature by the key it was made with, and by no other. */
static void authentic(const struct expected *x, const struct image_source *src,
                      struct image_info *info)
{
    struct vector_key *key = key_of(x->key);
    struct image_policy policy = {NULL, 0};

    assert(key != NULL);
    assert(image_contents(src, info, NULL, NULL) == IMAGE_GOOD);
    assert(image_signed(info, &key->manifest.key[0]) == IMAGE_GOOD);
    for (size_t i = 0; i < key_count; i++) {
        enum image_verdict want = &keys[i] == key ? IMAGE_GOOD : IMAGE_UNKNOWN_KEY;

        if (!info->has_security_counter || !info->has_hardware_class)
            want = IMAGE_NO_POLICY_TLV;
        memcpy(keys[i].manifest.hardware_class, info->hardware_class, 16);
        policy.manifest = &keys[i].manifest;
        assert(image_verify(src, &policy, NULL, NULL, info) == want);
    }
}

static void image_line(const char *line)
{
    struct expected x;
    struct image_source src;
    struct image_info info;
    enum image_verdict why;
    uint8_t *bytes;
    char path[128];
    size_t len;
    FILE *f;

    assert(sscanf(line, "image %31s %15s %31s %39s %15s %39s %7s", x.file, x.verdict, x.key,
                  x.version, x.counter, x.class, x.padded) == 7);
    (void)snprintf(path, sizeof path, FOLDER "out/%s", x.file);
    f = fopen(path, "rb");
    bytes = malloc(1 << 20);
    assert(f != NULL && bytes != NULL);
    len = fread(bytes, 1, 1 << 20, f);
    (void)fclose(f);
    src = image_source_memory(bytes, (uint32_t)len);
    assert((image_parse(&src, &info, &why) == OTA_OK) == (why == IMAGE_GOOD));
    if (strcmp(image_verdict_name(why), x.verdict) != 0)
        (void)fprintf(stderr, "%s: %s, expected %s\n", x.file, image_verdict_name(why),
                      x.verdict);
    assert(strcmp(image_verdict_name(why), x.verdict) == 0);
    if (why == IMAGE_GOOD) {
        same_fields(&x, &info, len);
        authentic(&x, &src, &info);
    }
    free(bytes);
}

int main(void)
{
    FILE *f = fopen(FOLDER "expected.txt", "r");
    unsigned images = 0;
    char line[512];

    assert(f != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "key ", 4) == 0) {
            key_line(line);
        } else {
            image_line(line);
            images++;
        }
    }
    (void)fclose(f);
    assert(key_count == 3 && images > 150);
    return 0;
}
