/* link: tuf */
/* Public keys of repositories, PEM in all its spellings: what is taken keeps to its limits. */
#include <assert.h>
#include <string.h>

#include "firmware/tuf/rsa.h"
#include "firmware/tuf/spki.h"

enum { DER_MAX = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sig[] = "\"00\"";
    uint8_t der[DER_MAX], point[64];
    struct crypto_rsa key;
    size_t len = 0;

    if (tuf_spki_pem(data, size, der, sizeof der, &len) == OTA_OK)
        assert(len <= sizeof der);
    if (tuf_spki_p256(data, size, point) == OTA_OK)
        assert(size >= 2 * sizeof point);
    if (tuf_rsa_read(data, size, &key) == OTA_OK) {
        assert(key.bytes >= CRYPTO_RSA_BYTES_MIN && key.bytes <= CRYPTO_RSA_BYTES_MAX);
        assert(key.modulus[0] != 0 && (key.modulus[key.bytes - 1] & 1) == 1);
        assert(key.exponent >= 65537 && (key.exponent & 1) == 1);
        assert(!tuf_rsa_signed(&key, (struct canonical){data, size},
                               (struct canonical){sig, sizeof sig - 1}));
    }
    return 0;
}
