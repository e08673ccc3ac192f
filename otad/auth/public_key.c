/*
 * Public keys as people hand them in.  Of all that DER allows, the two encodings that standard
 * tools write for our algorithms are accepted, byte for byte.
 */
#include "public_key.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum { ED25519_BYTES = 32, P256_BYTES = 64, DER_BYTES_MAX = 128 };

static const uint8_t ed25519_prefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                         0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static ota_err decode(const char *text, size_t len, const char *ignore, uint8_t *out,
                      size_t room, size_t *out_bytes)
{
    const char *end = NULL;
    if (len / 4 > room / 3 + 1)
        return OTA_E_LIMIT;
    if (sodium_base642bin(out, room, text, len, ignore, out_bytes, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return OTA_E_FORMAT;
    return end == text + len ? OTA_OK : OTA_E_FORMAT;
}

ota_err base64_decode(const char *text, size_t len, uint8_t *out, size_t room,
                      size_t *out_bytes)
{
    return decode(text, len, NULL, out, room, out_bytes);
}

static bool is_key(const uint8_t *der, size_t len, const uint8_t *prefix, size_t prefix_bytes,
                   size_t key_bytes)
{
    return len == prefix_bytes + key_bytes && memcmp(der, prefix, prefix_bytes) == 0;
}

ota_err public_key_parse(const char *pem, struct manifest_root *out)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----";
    static const char end[] = "-----END PUBLIC KEY-----";
    const char *from = strstr(pem, begin);
    const char *to = from != NULL ? strstr(from, end) : NULL;
    if (to == NULL || strspn(pem, " \r\n\t") != (size_t)(from - pem) ||
        to[sizeof end - 1 + strspn(to + sizeof end - 1, " \r\n\t")] != '\0')
        return OTA_E_FORMAT;
    from += sizeof begin - 1;

    uint8_t der[DER_BYTES_MAX];
    size_t len = 0;
    if (decode(from, (size_t)(to - from), "\r\n", der, sizeof der, &len) != OTA_OK)
        return OTA_E_FORMAT;
    struct manifest_root root = {0};
    if (is_key(der, len, ed25519_prefix, sizeof ed25519_prefix, ED25519_BYTES)) {
        root.alg = CRYPTO_ED25519;
        root.key_bytes = ED25519_BYTES;
    } else if (is_key(der, len, p256_prefix, sizeof p256_prefix, P256_BYTES)) {
        root.alg = CRYPTO_P256;
        root.key_bytes = P256_BYTES;
    } else {
        return OTA_E_FORMAT;
    }
    memcpy(root.key, der + len - root.key_bytes, root.key_bytes);
    *out = root;
    return OTA_OK;
}
