/*
 * What otad says of files.  Standard input: name, platform, sibling and its chip ("" = none),
 * each ending in a zero, then u32 length and the bytes; again and again.  One line each:
 * format or code, chip, details or text; separated by tabs.  For test_formats.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/image/le.h"
#include "otad/formats/formats.h"

static bool word(char out[128])
{
    int c = 0;
    size_t n = 0;
    while ((c = getchar()) > 0 && n < 127)
        out[n++] = (char)c;
    out[n] = '\0';
    return c == 0;
}

static void judge(const struct format_claim *claim)
{
    static const char *const name[] = {"file", "esp", "uf2", "cortex-m", "cyclonedx", "spdx"};
    struct arena arena;
    struct format_facts facts = {0};
    struct format_refusal why = {0};
    arena_init(&arena, ARENA_REQUEST_BYTES);
    const ota_err err = formats_check(&arena, claim, &facts, &why);
    if (err == OTA_OK)
        printf("%s\t%s\t%s\n", name[facts.format], facts.chip == NULL ? "" : facts.chip,
               facts.details == NULL ? "null" : facts.details);
    else if (err == OTA_E_SIGNATURE)
        printf("%s\t\t%s\n", why.code, why.text);
    else
        printf("error %s\t\t\n", ota_err_name(err));
    arena_done(&arena);
}

int main(void)
{
    char name[128], platform[128], sibling[128], chip[128];

    while (word(name) && word(platform) && word(sibling) && word(chip)) {
        uint8_t head[4];
        if (fread(head, 1, sizeof head, stdin) != sizeof head)
            return 1;
        const uint32_t len = le32_load(head);
        uint8_t *bytes = malloc(len + 1u); /* a copy of this size, for the sanitizer */
        if (bytes == NULL || fread(bytes, 1, len, stdin) != len)
            return 1;
        const struct image_source source = image_source_memory(bytes, len);
        judge(&(struct format_claim){.name = name,
                                     .source = &source,
                                     .platform = platform,
                                     .sibling = sibling[0] == '\0' ? NULL : sibling,
                                     .sibling_chip = chip[0] == '\0' ? NULL : chip});
        free(bytes);
    }
    return 0;
}
