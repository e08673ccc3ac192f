/*
 * Of each key and digest a few bytes are kept.  They are told apart from each other, not from
 * what somebody made up: only what was verified gets here.
 */
#include "proven.h"

#include <string.h>

struct mark {
    uint8_t key[4], digest[12];
};

static struct mark marks[PROVEN_MAX];
static uint32_t noted;

void proven_note(const uint8_t *key, const uint8_t digest[CRYPTO_DIGEST_BYTES])
{
    struct mark *m = &marks[noted % PROVEN_MAX];

    if (proven(key, digest))
        return;
    memcpy(m->key, key, sizeof m->key);
    memcpy(m->digest, digest, sizeof m->digest);
    noted++;
}

bool proven(const uint8_t *key, const uint8_t digest[CRYPTO_DIGEST_BYTES])
{
    for (const struct mark *m = marks; m < marks + PROVEN_MAX; m++)
        if (memcmp(m->key, key, sizeof m->key) == 0 &&
            memcmp(m->digest, digest, sizeof m->digest) == 0)
            return true;
    return false;
}
