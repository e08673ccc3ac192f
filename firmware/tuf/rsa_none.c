/* For builds without RSA: no key is one, and nothing is signed. */
#include "rsa.h"

ota_err tuf_rsa_read(const uint8_t *text, size_t len, struct crypto_rsa *out)
{
    (void)text;
    (void)len;
    (void)out;
    return OTA_E_FORMAT;
}

bool tuf_rsa_signed(const struct crypto_rsa *key, struct canonical message,
                    struct canonical sig)
{
    (void)key;
    (void)message;
    (void)sig;
    return false;
}
