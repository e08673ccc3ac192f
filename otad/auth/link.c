/*
 * One fixed layout, so that reading is copying.  The hash is checked before a byte is believed.
 */
#include "link.h"

#include <sodium.h>
#include <string.h>

enum {
    FORMAT = 1,
    NUMBERS = 7,
    SUBKEY_LINK = 1,
    NUMBERS_AT = 4,
    SHA256_AT = NUMBERS_AT + 8 * NUMBERS
};

_Static_assert(TOKEN_PEPPER_BYTES == crypto_kdf_KEYBYTES, "the pepper is a master key");

struct link_key link_key_derive(const struct token_pepper *pepper)
{
    static const char context[crypto_kdf_CONTEXTBYTES + 1] = "otadlink";
    struct link_key key;
    (void)crypto_kdf_derive_from_key(key.b, sizeof key.b, SUBKEY_LINK, context, pepper->b);
    return key;
}

static void hash(const struct link_key *key, const uint8_t payload[LINK_PAYLOAD_BYTES],
                 uint8_t out[TOKEN_HASH_BYTES])
{
    (void)crypto_generichash(out, TOKEN_HASH_BYTES, payload, LINK_PAYLOAD_BYTES, key->b,
                             sizeof key->b);
}

static void put_number(uint8_t *to, int64_t n)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)((uint64_t)n >> (8 * i));
}

static int64_t get_number(const uint8_t *from)
{
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | from[i];
    return (int64_t)n;
}

ota_err link_token_write(const struct link_key *key, const struct link_claim *c,
                         char out[LINK_TEXT_BYTES])
{
    const int64_t number[NUMBERS] = {c->tenant_id,  c->link_id,        c->maker_id,
                                     c->release_id, c->made_at_unix_s, c->expires_at_unix_s,
                                     c->byte_budget};
    uint8_t token[LINK_TOKEN_BYTES] = {FORMAT, (uint8_t)c->maker, (uint8_t)c->methods, 0};
    for (int i = 0; i < NUMBERS; i++) {
        if (number[i] < 0)
            return OTA_E_INTERNAL;
        put_number(token + NUMBERS_AT + (ptrdiff_t)8 * i, number[i]);
    }
    memcpy(token + SHA256_AT, c->sha256, sizeof c->sha256);
    hash(key, token, token + LINK_PAYLOAD_BYTES);
    (void)sodium_bin2base64(out, LINK_TEXT_BYTES, token, sizeof token,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return OTA_OK;
}

ota_err link_token_read(const struct link_key *key, const char *text, struct link_claim *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t token[LINK_TOKEN_BYTES], wanted[TOKEN_HASH_BYTES];
    size_t bytes = 0;
    const size_t len = strnlen(text, LINK_TEXT_BYTES);
    /* libsodium 1.0.18 takes some bytes beyond ASCII for letters: a token has one spelling. */
    if (len != LINK_TEXT_BYTES - 1 || strspn(text, alphabet) != len ||
        sodium_base642bin(token, sizeof token, text, len, NULL, &bytes, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        bytes != sizeof token)
        return OTA_E_AUTH;
    hash(key, token, wanted);
    if (sodium_memcmp(wanted, token + LINK_PAYLOAD_BYTES, sizeof wanted) != 0)
        return OTA_E_AUTH;
    if (token[0] != FORMAT || token[1] < LINK_MAKER_PERSON || token[1] > LINK_MAKER_KEY)
        return OTA_E_AUTH; /* made by a later otad */
    const uint8_t *number = token + NUMBERS_AT;
    *out = (struct link_claim){.maker = (enum link_maker)token[1],
                               .methods = token[2],
                               .tenant_id = get_number(number),
                               .link_id = get_number(number + 8),
                               .maker_id = get_number(number + 16),
                               .release_id = get_number(number + 24),
                               .made_at_unix_s = get_number(number + 32),
                               .expires_at_unix_s = get_number(number + 40),
                               .byte_budget = get_number(number + 48)};
    memcpy(out->sha256, token + SHA256_AT, sizeof out->sha256);
    return OTA_OK;
}
