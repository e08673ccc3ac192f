/* link: minisign_host */
/* minisign files: what parses survives being written, and only the release key's verify. */
#include <assert.h>
#include <string.h>

#include "firmware/boards/host/minisign.h"
#include "tests/vectors/keys/test_keys.h"

static void comment(const char *text, size_t len)
{
    char again[MINISIG_COMMENT_BYTES_MAX + 1];
    struct minisig_release r;
    size_t n = 0;

    if (minisig_release_parse(text, len, &r) != OTA_OK)
        return;
    assert(minisig_release_write(&r, again, sizeof again, &n) == OTA_OK);
    assert(n == len && memcmp(again, text, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char again[MINISIG_BYTES_MAX + 32];
    uint8_t number[MINISIG_KEY_NUMBER_BYTES], key[32];
    struct minisig sig;
    size_t n = 0;

    comment(text, size);
    if (minisig_pubkey_parse(text, size, number, key) == OTA_OK)
        assert(minisig_pubkey_write(number, key, again, sizeof again, &n) == OTA_OK);
    if (minisig_parse(text, size, &sig) != OTA_OK)
        return 0;
    assert(sig.comment_bytes <= MINISIG_COMMENT_BYTES_MAX);
    comment(sig.comment, sig.comment_bytes);
    assert(minisig_write(&sig, "", again, sizeof again, &n) == OTA_OK);
    /* Nothing here signs this message. */
    assert(minisign_verify(test_release_key, sig.key_number, "other", 5, &sig) ==
           OTA_E_SIGNATURE);
    return 0;
}
