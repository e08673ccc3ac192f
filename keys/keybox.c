/*
 * The bytes of an encrypted key file and their text.
 *
 * Invariant: nothing is derived from parameters that are outside the limits, and no byte of the
 * plaintext is handed out unless all bytes are authentic.
 */
#include "keybox.h"

#include <sodium.h>
#include <string.h>

#include "../firmware/image/le.h"

static const char text_begin[] = "-----BEGIN OTAD ENCRYPTED KEY-----\n";
static const char text_end[] = "-----END OTAD ENCRYPTED KEY-----\n";
static const uint8_t magic[8] = {'o', 't', 'a', 'd', '-', 'k', 'e', 'y'};

enum {
    FORMAT = 1,
    KDF_ARGON2ID13 = 1,
    CIPHER_XCHACHA20_POLY1305 = 1,
    FORMAT_AT = 8,
    KDF_AT = 9,
    CIPHER_AT = 10,
    ALG_AT = 11,
    PASSES_AT = 12,
    KIB_AT = 16,
    SALT_AT = 20,
    NONCE_AT = 36,
    KEY_AT = KEYBOX_HEADER_BYTES,
    LINE = 64, /* base64 digits, as PEM has them */
};

_Static_assert((int)KEYBOX_SALT_BYTES == (int)crypto_pwhash_argon2id_SALTBYTES, "salt");
_Static_assert(NONCE_AT + KEYBOX_NONCE_BYTES == KEYBOX_HEADER_BYTES, "header");
_Static_assert((int)KEYBOX_NONCE_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
               "nonce");
_Static_assert((int)KEYBOX_TAG_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

const struct keybox_cost keybox_interactive = {2, 64 * 1024};
const struct keybox_cost keybox_moderate = {3, 256 * 1024};
const struct keybox_cost keybox_sensitive = {4, 1024 * 1024};

bool keybox_is(const char *text)
{
    return strncmp(text, text_begin, sizeof text_begin - 2) == 0; /* whatever ends the line */
}

static bool cost_fits(const struct keybox_cost *c)
{
    return c->passes >= KEYBOX_PASSES_MIN && c->passes <= KEYBOX_PASSES_MAX &&
           c->kib >= KEYBOX_KIB_MIN && c->kib <= KEYBOX_KIB_MAX;
}

/* The base64 between the two lines; nothing but white space may stand behind them. */
static ota_err text_decode(const char *text, size_t len, struct keybox *out)
{
    const size_t begin = sizeof text_begin - 2, end_bytes = sizeof text_end - 2;
    const char *stop = NULL;

    if (len < begin || !keybox_is(text))
        return OTA_E_FORMAT;
    if (sodium_base642bin(out->bytes, sizeof out->bytes, text + begin, len - begin, "\r\n",
                          &out->len, &stop, sodium_base64_VARIANT_ORIGINAL) != 0)
        return OTA_E_FORMAT;
    if ((size_t)(text + len - stop) < end_bytes || memcmp(stop, text_end, end_bytes) != 0)
        return OTA_E_FORMAT;
    for (stop += end_bytes; stop < text + len; stop++) {
        if (strchr("\r\n \t", *stop) == NULL || *stop == '\0')
            return OTA_E_FORMAT;
    }
    return OTA_OK;
}

ota_err keybox_parse(const char *text, size_t len, struct keybox *out)
{
    ota_err e;

    memset(out, 0, sizeof *out);
    e = text_decode(text, len, out);
    if (e != OTA_OK)
        return e;
    if (out->len < KEYBOX_HEADER_BYTES || memcmp(out->bytes, magic, sizeof magic) != 0 ||
        out->bytes[FORMAT_AT] != FORMAT || out->bytes[KDF_AT] != KDF_ARGON2ID13 ||
        out->bytes[CIPHER_AT] != CIPHER_XCHACHA20_POLY1305)
        return OTA_E_FORMAT;
    if (out->bytes[ALG_AT] != CRYPTO_ED25519 && out->bytes[ALG_AT] != CRYPTO_P256)
        return OTA_E_FORMAT;
    out->alg = (enum crypto_alg)out->bytes[ALG_AT];
    out->key_bytes = out->alg == CRYPTO_ED25519 ? 32 : 64;
    out->sealed_at = KEY_AT + out->key_bytes;
    if (out->len <= out->sealed_at + KEYBOX_TAG_BYTES)
        return OTA_E_FORMAT;
    memcpy(out->key, out->bytes + KEY_AT, out->key_bytes);
    out->cost =
        (struct keybox_cost){le32_load(out->bytes + PASSES_AT), le32_load(out->bytes + KIB_AT)};
    return cost_fits(&out->cost) ? OTA_OK : OTA_E_LIMIT;
}

/* key is crypto_aead_xchacha20poly1305_ietf_KEYBYTES in locked memory. */
static ota_err derive(const struct keybox *box, const char *passphrase, size_t len,
                      uint8_t *key)
{
    if (!cost_fits(&box->cost))
        return OTA_E_LIMIT;
    return crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase, len,
                         box->bytes + SALT_AT, box->cost.passes, (size_t)box->cost.kib * 1024,
                         crypto_pwhash_ALG_ARGON2ID13) == 0
               ? OTA_OK
               : OTA_E_NO_MEMORY;
}

ota_err keybox_open(const struct keybox *box, const char *passphrase, size_t passphrase_bytes,
                    char *out, size_t room, size_t *out_len)
{
    uint8_t *key = sodium_malloc(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    unsigned long long n = 0;
    ota_err e = key == NULL ? OTA_E_NO_MEMORY : OTA_OK;

    if (box->len - box->sealed_at - KEYBOX_TAG_BYTES > room)
        e = OTA_E_LIMIT;
    if (e == OTA_OK)
        e = derive(box, passphrase, passphrase_bytes, key);
    if (e == OTA_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(
                           (unsigned char *)out, &n, NULL, box->bytes + box->sealed_at,
                           box->len - box->sealed_at, box->bytes, box->sealed_at,
                           box->bytes + NONCE_AT, key) != 0)
        e = OTA_E_AUTH;
    if (e == OTA_OK)
        *out_len = (size_t)n;
    sodium_free(key);
    return e;
}

ota_err keybox_seal(struct keybox *box, const char *passphrase, size_t passphrase_bytes,
                    const char *plain, size_t len)
{
    uint8_t *key = NULL;
    unsigned long long n = 0;
    ota_err e;

    if (len == 0 || len > KEYBOX_PLAIN_BYTES_MAX)
        return OTA_E_LIMIT;
    key = sodium_malloc(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (key == NULL)
        return OTA_E_NO_MEMORY;
    box->sealed_at = KEY_AT + box->key_bytes;
    memcpy(box->bytes, magic, sizeof magic);
    box->bytes[FORMAT_AT] = FORMAT;
    box->bytes[KDF_AT] = KDF_ARGON2ID13;
    box->bytes[CIPHER_AT] = CIPHER_XCHACHA20_POLY1305;
    box->bytes[ALG_AT] = (uint8_t)box->alg;
    le32_store(box->bytes + PASSES_AT, box->cost.passes);
    le32_store(box->bytes + KIB_AT, box->cost.kib);
    randombytes_buf(box->bytes + SALT_AT, KEYBOX_SALT_BYTES + KEYBOX_NONCE_BYTES);
    memcpy(box->bytes + KEY_AT, box->key, box->key_bytes);
    e = derive(box, passphrase, passphrase_bytes, key);
    if (e == OTA_OK) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
            box->bytes + box->sealed_at, &n, (const unsigned char *)plain, len, box->bytes,
            box->sealed_at, NULL, box->bytes + NONCE_AT, key);
        box->len = box->sealed_at + (size_t)n;
    }
    sodium_free(key);
    return e;
}

ota_err keybox_write(const struct keybox *box, char *out, size_t room, size_t *out_len)
{
    char digits[sodium_base64_ENCODED_LEN(KEYBOX_BYTES_MAX, sodium_base64_VARIANT_ORIGINAL)];
    size_t count, used = 0;

    (void)sodium_bin2base64(digits, sizeof digits, box->bytes, box->len,
                            sodium_base64_VARIANT_ORIGINAL);
    count = strlen(digits);
    if (sizeof text_begin + count + count / LINE + 1 + sizeof text_end > room)
        return OTA_E_LIMIT;
    memcpy(out, text_begin, sizeof text_begin - 1);
    used = sizeof text_begin - 1;
    for (size_t at = 0; at < count; at += LINE) {
        size_t n = count - at < LINE ? count - at : LINE;

        memcpy(out + used, digits + at, n);
        used += n;
        out[used++] = '\n';
    }
    memcpy(out + used, text_end, sizeof text_end - 1);
    *out_len = used + sizeof text_end - 1;
    return OTA_OK;
}
