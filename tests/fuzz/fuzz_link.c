/* link: otad_auth */
/* Tokens of download links: none is believed but those that were made. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "otad/auth/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A good token with the input's bytes laid over it. */
static void check_altered(const struct link_key *key, const uint8_t *data, size_t size)
{
    static const struct link_claim claim = {
        .maker = LINK_MAKER_KEY, .methods = LINK_METHOD_GET, .tenant_id = 1, .link_id = 2};
    char good[LINK_TEXT_BYTES], text[LINK_TEXT_BYTES];
    struct link_claim out;
    assert(link_token_write(key, &claim, good) == OTA_OK);
    memcpy(text, good, sizeof text);
    for (size_t i = 0; i + 1 < size; i += 2)
        text[data[i] % (LINK_TEXT_BYTES - 1)] = (char)data[i + 1];
    const ota_err err = link_token_read(key, text, &out);
    assert((err == OTA_OK) == (strcmp(text, good) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct token_pepper pepper = {{7}};
    const struct link_key key = link_key_derive(&pepper);
    struct link_claim out;
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    assert(link_token_read(&key, text, &out) == OTA_E_AUTH);
    free(text);
    check_altered(&key, data, size);
    return 0;
}
