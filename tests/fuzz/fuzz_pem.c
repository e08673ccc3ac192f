/* link: keys */
/* PEM files of keys: what is accepted is Ed25519 or P-256, and its public half makes a key
 * again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    if (pem_private_read(text, size, &key) == OTA_OK)
        check_key(key);
    if (pem_public_read(text, size, &key) == OTA_OK)
        check_key(key);
    free(text);
    return 0;
}
