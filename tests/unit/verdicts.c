/* What parsing and hashing say of images on standard input (u32 length, bytes; again and
 * again): one verdict's name a line.  For test_parser.py. */
#include <stdio.h>
#include <stdlib.h>

#include "firmware/image/image.h"
#include "firmware/image/le.h"

static const char *judge(const uint8_t *bytes, uint32_t len)
{
    struct image_source src = image_source_memory(bytes, len);
    struct image_info info;
    enum image_verdict v;

    if (image_parse(&src, &info, &v) == OTA_OK)
        v = image_contents(&src, &info, NULL, NULL);
    return image_verdict_name(v);
}

int main(void)
{
    uint8_t head[4];

    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        uint32_t len = le32_load(head);
        uint8_t *bytes = malloc(len + 1u); /* a copy of this size, for the sanitizer */

        if (bytes == NULL || fread(bytes, 1, len, stdin) != len)
            return 1;
        puts(judge(bytes, len));
        free(bytes);
    }
    return 0;
}
