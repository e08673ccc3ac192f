/* For ports that have no SHA-512: images that state such a digest are refused as unsupported.
 */
#include "sha512.h"

#include <string.h>

const bool crypto_has_sha512 = false;

void crypto_sha512_init(struct crypto_sha512 *h)
{
    memset(h, 0, sizeof *h);
}

void crypto_sha512_update(struct crypto_sha512 *h, const void *data, size_t len)
{
    (void)h;
    (void)data;
    (void)len;
}

void crypto_sha512_final(struct crypto_sha512 *h, uint8_t out[CRYPTO_SHA512_BYTES])
{
    (void)h;
    memset(out, 0, CRYPTO_SHA512_BYTES);
}

ota_err crypto_verify_sha512(const uint8_t key[32], const uint8_t digest[CRYPTO_SHA512_BYTES],
                             const uint8_t sig[64])
{
    (void)key;
    (void)digest;
    (void)sig;
    return OTA_E_SIGNATURE;
}
