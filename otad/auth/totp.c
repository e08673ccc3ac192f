/*
 * One-time codes.  HMAC-SHA-1 comes from libcrypto, sealing (XChaCha20-Poly1305) and the key's
 * derivation (BLAKE2b with a context of its own) from libsodium.  Numbers that an account is
 * bound to are little endian, as everywhere.
 */
#include "totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    SHA1_BYTES = 20,
    DIGITS = 6,
    MODULUS = 1000000,
    RECOVERY_LETTERS = 8,
    WHOSE_BYTES = 16
};

_Static_assert(TOTP_SEALED_BYTES ==
                   NONCE_BYTES + TOTP_SECRET_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce, secret, tag");
_Static_assert(TOKEN_PEPPER_BYTES == crypto_kdf_KEYBYTES, "the pepper is the master key");
_Static_assert(sizeof(struct totp_key) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

void totp_key_make(const struct token_pepper *pepper, struct totp_key *out)
{
    static const char context[crypto_kdf_CONTEXTBYTES + 1] = "otadtotp";
    (void)crypto_kdf_derive_from_key(out->b, sizeof out->b, 1, context, pepper->b);
}

void totp_secret_new(struct totp_secret *out)
{
    randombytes_buf(out->b, sizeof out->b);
}

/* ---- text -----------------------------------------------------------------------------------
 */

void totp_secret_write(const struct totp_secret *s, char out[TOTP_SECRET_TEXT_BYTES])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t i = 0; i < TOTP_SECRET_TEXT_BYTES - 1; i++) {
        const size_t bit = 5 * i, byte = bit / 8;
        const unsigned next = byte + 1 < sizeof s->b ? s->b[byte + 1] : 0;
        const unsigned word = ((unsigned)s->b[byte] << 8) | next;
        out[i] = letters[(word >> (11 - bit % 8)) & 31];
    }
    out[TOTP_SECRET_TEXT_BYTES - 1] = '\0';
}

/* RFC 3986's unreserved characters as they are, all others as %XX. */
static bool append_escaped(char *out, size_t room, size_t *len, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~";
    static const char hex[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (*len + 4 > room)
            return false;
        if (strchr(plain, *text) != NULL) {
            out[(*len)++] = *text;
        } else {
            out[(*len)++] = '%';
            out[(*len)++] = hex[c >> 4];
            out[(*len)++] = hex[c & 15];
        }
    }
    out[*len] = '\0';
    return true;
}

static bool append(char *out, size_t room, size_t *len, const char *text)
{
    const size_t n = strlen(text);
    if (*len + n + 1 > room)
        return false;
    memcpy(out + *len, text, n + 1);
    *len += n;
    return true;
}

ota_err totp_uri(const struct totp_secret *s, const char *issuer, const char *name,
                 char out[TOTP_URI_BYTES])
{
    char secret[TOTP_SECRET_TEXT_BYTES], text[TOTP_URI_BYTES];
    size_t len = 0;
    totp_secret_write(s, secret);
    const bool fits = append(text, sizeof text, &len, "otpauth://totp/") &&
                      append_escaped(text, sizeof text, &len, issuer) &&
                      append(text, sizeof text, &len, ":") &&
                      append_escaped(text, sizeof text, &len, name) &&
                      append(text, sizeof text, &len, "?secret=") &&
                      append(text, sizeof text, &len, secret) &&
                      append(text, sizeof text, &len, "&issuer=") &&
                      append_escaped(text, sizeof text, &len, issuer) &&
                      append(text, sizeof text, &len, "&algorithm=SHA1&digits=6&period=30");
    if (fits)
        memcpy(out, text, len + 1);
    token_wipe(secret, sizeof secret);
    token_wipe(text, sizeof text);
    return fits ? OTA_OK : OTA_E_LIMIT;
}

/* ---- codes ----------------------------------------------------------------------------------
 */

ota_err totp_value(const uint8_t *secret, size_t len, uint64_t step, uint32_t *out)
{
    uint8_t message[8], mac[SHA1_BYTES];
    unsigned int mac_bytes = 0;
    for (int i = 0; i < 8; i++)
        message[i] = (uint8_t)(step >> (8 * (7 - i)));
    if (HMAC(EVP_sha1(), secret, (int)len, message, sizeof message, mac, &mac_bytes) == NULL ||
        mac_bytes != sizeof mac)
        return OTA_E_INTERNAL;
    const uint8_t *at = mac + (mac[SHA1_BYTES - 1] & 15);
    *out = ((uint32_t)(at[0] & 0x7f) << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) |
           at[3];
    token_wipe(mac, sizeof mac);
    return OTA_OK;
}

ota_err totp_check(const struct totp_secret *s, const char *code, int64_t now_s,
                   int64_t last_step, int64_t *out_step)
{
    const int64_t now_step = now_s / TOTP_STEP_S;
    int64_t found = -1;
    if (strlen(code) != DIGITS)
        return OTA_E_AUTH;
    for (int64_t step = now_step + TOTP_WINDOW; step >= now_step - TOTP_WINDOW; step--) {
        char wanted[DIGITS + 1 + 4];
        uint32_t value = 0;
        const ota_err err = totp_value(s->b, sizeof s->b, (uint64_t)step, &value);
        if (err != OTA_OK)
            return err;
        (void)snprintf(wanted, sizeof wanted, "%06u", (unsigned)(value % MODULUS));
        const int equal = sodium_memcmp(wanted, code, DIGITS) == 0;
        found = equal && step > last_step ? step : found;
        token_wipe(wanted, sizeof wanted);
    }
    if (found < 0)
        return OTA_E_AUTH;
    *out_step = found;
    return OTA_OK;
}

/* ---- sealing --------------------------------------------------------------------------------
 */

static void whose(int64_t tenant, int64_t account, uint8_t out[WHOSE_BYTES])
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)tenant >> (8 * i));
        out[8 + i] = (uint8_t)((uint64_t)account >> (8 * i));
    }
}

void totp_seal(const struct totp_key *key, int64_t tenant, int64_t account,
               const struct totp_secret *s, uint8_t out[TOTP_SEALED_BYTES])
{
    uint8_t ad[WHOSE_BYTES];
    whose(tenant, account, ad);
    randombytes_buf(out, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, s->b, sizeof s->b,
                                                     ad, sizeof ad, NULL, out, key->b);
}

ota_err totp_open(const struct totp_key *key, int64_t tenant, int64_t account,
                  const uint8_t sealed[TOTP_SEALED_BYTES], struct totp_secret *out)
{
    uint8_t ad[WHOSE_BYTES];
    struct totp_secret s;
    whose(tenant, account, ad);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(s.b, NULL, NULL, sealed + NONCE_BYTES,
                                                   TOTP_SEALED_BYTES - NONCE_BYTES, ad,
                                                   sizeof ad, sealed, key->b) != 0)
        return OTA_E_SIGNATURE;
    *out = s;
    token_wipe(&s, sizeof s);
    return OTA_OK;
}

/* ---- recovery codes -------------------------------------------------------------------------
 */

/* Crockford's base32: no letter that looks like another. */
static const char recovery_letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

void recovery_code_new(char out[RECOVERY_CODE_BYTES])
{
    char *p = out;
    for (int i = 0; i < RECOVERY_LETTERS; i++) {
        if (i == RECOVERY_LETTERS / 2)
            *p++ = '-';
        *p++ = recovery_letters[randombytes_uniform(sizeof recovery_letters - 1)];
    }
    *p = '\0';
}

/* '\0' for what stands in no code. */
static char spell(char c)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    if (c >= 'A' && c <= 'Z')
        c = lower[c - 'A'];
    if (c == 'o')
        return '0';
    if (c == 'i' || c == 'l')
        return '1';
    if (c == '\0' || strchr(recovery_letters, c) == NULL)
        return '\0';
    return c;
}

enum factor_code factor_code_read(const char *text, char out[RECOVERY_CODE_BYTES])
{
    size_t len = 0, digits = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '-')
            continue;
        if (len == RECOVERY_LETTERS || spell(*text) == '\0')
            return FACTOR_CODE_NONE;
        digits += *text >= '0' && *text <= '9';
        out[len++] = spell(*text);
    }
    out[len] = '\0';
    if (len == DIGITS && digits == DIGITS)
        return FACTOR_CODE_TOTP;
    return len == RECOVERY_LETTERS ? FACTOR_CODE_RECOVERY : FACTOR_CODE_NONE;
}

struct token_hash recovery_code_hash(const struct token_pepper *pepper, int64_t tenant,
                                     int64_t account, const char *code)
{
    char plain[RECOVERY_CODE_BYTES] = {0}, text[96];
    (void)factor_code_read(code, plain);
    const int n = snprintf(text, sizeof text, "recovery code %lld %lld %s", (long long)tenant,
                           (long long)account, plain);
    const struct token_hash hash = token_hash(pepper, text, (size_t)n);
    token_wipe(plain, sizeof plain);
    token_wipe(text, sizeof text);
    return hash;
}
