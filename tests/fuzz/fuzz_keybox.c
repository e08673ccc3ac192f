/* link: keys */
/* Encrypted key files: their header decides what opening them may cost. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/keybox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is within the limits, and its text says the same again. */
static void check_box(const char *text, size_t len)
{
    static struct keybox box, again;
    char out[KEYBOX_TEXT_BYTES_MAX];
    size_t out_len = 0;

    if (keybox_parse(text, len, &box) != OTA_OK)
        return;
    assert(keybox_is(text));
    assert(box.cost.passes >= KEYBOX_PASSES_MIN && box.cost.passes <= KEYBOX_PASSES_MAX);
    assert(box.cost.kib >= KEYBOX_KIB_MIN && box.cost.kib <= KEYBOX_KIB_MAX);
    assert(box.sealed_at + KEYBOX_TAG_BYTES < box.len && box.len <= sizeof box.bytes);
    assert(keybox_write(&box, out, sizeof out - 1, &out_len) == OTA_OK);
    out[out_len] = '\0';
    assert(keybox_parse(out, out_len, &again) == OTA_OK);
    assert(again.len == box.len && memcmp(again.bytes, box.bytes, box.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_box(text, size);
    free(text);
    return 0;
}
