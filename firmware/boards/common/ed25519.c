/* Ed25519 by libsodium, and a second look at what it computed. */
#include "ed25519.h"

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <string.h>

/* What the last verification computed, to equal the first half of a good signature: it hands it
 * to our sodium_memcmp. */
static uint8_t computed[32];

int sodium_memcmp(const void *const a, const void *const b, size_t len)
{
    if (len == sizeof computed)
        memcpy(computed, b, sizeof computed);
    return crypto_equal(a, b, len) ? 0 : -1;
}

ota_err ed25519_verify(const uint8_t *key, const void *message, size_t len, const uint8_t *sig)
{
    computed[0] = (uint8_t)~sig[0]; /* verifications that give up early compute nothing */
    if (crypto_sign_ed25519_verify_detached(sig, message, len, key) != 0)
        return OTA_E_SIGNATURE;
    if (memcmp(computed, sig, sizeof computed) != 0)
        return OTA_E_SIGNATURE;
    return OTA_OK;
}
