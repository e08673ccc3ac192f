/* link: ota slot image */
/* The head of a server's answer to a device. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/ota/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http1_answer a;
    bool keep;
    char *head = malloc(size + 1);

    assert(head != NULL);
    memcpy(head, data, size);
    if (http1_head_parse(head, size, &a, &keep) == OTA_OK) {
        assert(a.status >= 200 && a.status < 600);
        assert(size >= 4 && memcmp(head + size - 4, "\r\n\r\n", 4) == 0);
        assert(!a.has_range || (a.range_first <= a.range_last && a.range_last < a.range_total));
        assert(memchr(a.etag, '\0', sizeof a.etag) != NULL && strpbrk(a.etag, "\r\n") == NULL);
        assert(a.retry_after_s <= 86400);
    }
    free(head);
    return 0;
}
