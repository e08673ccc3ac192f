/* UUIDs of version 5 (RFC 9562): names hashed with SHA-1, which is libcrypto's. */
#include "uuid.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *p = NULL;

    if (c >= 'A' && c <= 'F')
        c = (char)(c - 'A' + 'a');
    p = c == '\0' ? NULL : strchr(digits, c);
    return p == NULL ? -1 : (int)(p - digits);
}

/* 8-4-4-4-12 hex digits, dashes where they belong. */
static bool literal(const char *text, struct uuid *out)
{
    size_t byte = 0;
    int high, low;

    if (strlen(text) != UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < UUID_TEXT_BYTES - 1;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        high = hex_value(text[i++]);
        low = hex_value(text[i++]);
        if (high < 0 || low < 0)
            return false;
        out->b[byte++] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool version5(const struct uuid *space, const char *name, struct uuid *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, space->b, sizeof space->b) == 1 &&
              EVP_DigestUpdate(ctx, name, strlen(name)) == 1 &&
              EVP_DigestFinal_ex(ctx, digest, NULL) == 1;

    EVP_MD_CTX_free(ctx);
    if (!ok)
        return false;
    memcpy(out->b, digest, sizeof out->b);
    out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x50);
    out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
    return true;
}

bool uuid_vendor(const char *name, struct uuid *out)
{
    static const struct uuid dns = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
                                     0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

    return literal(name, out) || version5(&dns, name, out);
}

bool uuid_class(const struct uuid *vendor, const char *name, struct uuid *out)
{
    return literal(name, out) || version5(vendor, name, out);
}

void uuid_text(const uint8_t b[16], char out[UUID_TEXT_BYTES])
{
    (void)snprintf(out, UUID_TEXT_BYTES,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
}
