/* link: signer_keys */
/* Key files: our encrypted form, whose header decides what opening it may cost, and PEM. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "signer/keybox.h"
#include "signer/pem.h"

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

static void check_key(struct pem_key *key)
{
    uint8_t raw[CRYPTO_KEY_BYTES_MAX];
    struct pem_key *again = NULL;
    size_t len = 0;

    if (pem_public(key, raw, &len) == OTA_OK) {
        assert(pem_public_new(pem_alg(key), raw, len, &again) == OTA_OK);
        pem_free(again);
    }
    pem_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pem_key *key = NULL;
    char *text = malloc(size + 1);

    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_box(text, size);
    if (keybox_is(text)) { /* libcrypto is slow to find out that it knows nothing of these */
        free(text);
        return 0;
    }
    if (pem_private_read(text, size, &key) == OTA_OK)
        check_key(key);
    if (pem_public_read(text, size, &key) == OTA_OK)
        check_key(key);
    free(text);
    return 0;
}
