/* link: tuf */
/* Any bytes as canonical JSON and as JSON to be made canonical: once it is, nothing changes it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/tuf/canonical.h"

enum { SLOTS = 4096 };

/* Read everything in it by the accessors, within its bytes. */
static size_t visit(struct canonical v, unsigned depth)
{
    struct canonical_walk w = canonical_walk(v);
    struct canonical name, item;
    size_t values = 1;
    char text[64];
    uint64_t n;

    assert(v.len > 0 && depth <= CANONICAL_DEPTH_MAX);
    if (canonical_is_object(v)) {
        while (canonical_next_member(&w, &name, &item)) {
            assert(canonical_same(canonical_member_of(v, name), item));
            values += visit(item, depth + 1);
        }
    } else if (canonical_is_array(v)) {
        while (canonical_next_item(&w, &item))
            values += visit(item, depth + 1);
    } else if (canonical_text(v, text, sizeof text) == OTA_OK) {
        assert(canonical_is(v, text) && strlen(text) <= v.len - 2);
    } else if (canonical_uint(v, CANONICAL_UINT_MAX, &n) == OTA_OK) {
        assert(n <= CANONICAL_UINT_MAX);
    }
    return values;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct canonical_slot slot[SLOTS];
    uint8_t *text, *copy;
    size_t len = 0;

    if (size > 20000)
        return 0;
    text = malloc(size + 1);
    copy = malloc(size + 1);
    assert(text != NULL && copy != NULL);
    if (canonical_check(data, size) == OTA_OK) {
        assert(canonical_compact(data, size, text, &len) == OTA_OK);
        assert(len == size && memcmp(text, data, len) == 0);
        assert(canonical_sort(text, len, copy, slot, SLOTS) == OTA_OK);
        assert(memcmp(text, data, len) == 0);
        assert(visit((struct canonical){data, size}, 0) > 0);
    }
    memcpy(text, data, size);
    if (canonical_compact(text, size, text, &len) == OTA_OK) { /* in place */
        assert(len <= size);
        if (canonical_sort(text, len, copy, slot, SLOTS) == OTA_OK)
            assert(canonical_check(text, len) == OTA_OK || memchr(text, '\n', len) != NULL);
    }
    free(text);
    free(copy);
    return 0;
}
