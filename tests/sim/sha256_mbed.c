/*
 * The P-256 profile's SHA-256, built for the host, against libcrypto: every length over several
 * blocks, in two parts cut at every place, and at every alignment.
 */
#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "../../firmware/image/crypto.h"

enum { LENGTH_MAX = 4 * 64 + 1, ALIGNMENTS = 4, LARGE_BYTES = 100001 };

static void compare(const uint8_t *data, size_t first, size_t len)
{
    uint8_t ours[CRYPTO_DIGEST_BYTES], theirs[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, data, first);
    crypto_sha256_update(&h, data + first, len - first);
    crypto_sha256_final(&h, ours);
    assert(EVP_Digest(data, len, theirs, NULL, EVP_sha256(), NULL) == 1);
    assert(memcmp(ours, theirs, sizeof ours) == 0);
}

int main(void)
{
    static uint8_t data[LARGE_BYTES];
    uint32_t digests = 0;

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i >> 3 ^ i);
    for (size_t len = 0; len <= LENGTH_MAX; len++) {
        for (size_t first = 0; first <= len; first++, digests++)
            compare(data + len % ALIGNMENTS, first, len);
    }
    compare(data, LARGE_BYTES / 3, LARGE_BYTES);
    printf("%u digests agree\n", digests + 1);
    return 0;
}
