/*
 * SubjectPublicKeyInfo of an RSA key, read strictly: one encoding of a key is taken, so that
 * what is looked at here and what libcrypto is given are the same numbers.
 */
#include "rsa.h"

#include <string.h>

#include "spki.h"

enum {
    DER_BYTES = CRYPTO_RSA_BYTES_MAX + 64, /* what stands around the modulus takes 38 */
    SEQUENCE = 0x30,
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    EXPONENT_MIN = 65537
};

struct der {
    const uint8_t *at;
    size_t left;
};

/* AlgorithmIdentifier { rsaEncryption, NULL } (RFC 3279) */
static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                    0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

/* The next value with its length in the shortest form. */
static bool take(struct der *d, uint8_t tag, struct der *out)
{
    size_t head = 2, len;

    if (d->left < head || d->at[0] != tag)
        return false;
    len = d->at[1];
    if (len > 0x80) {
        size_t more = len - 0x80;

        head += more;
        if (more > 2 || d->left < head)
            return false;
        len = more == 1 ? d->at[2] : (size_t)d->at[2] << 8 | d->at[3];
        if (len < (more == 1 ? 0x80U : 0x100U))
            return false;
    } else if (len == 0x80) {
        return false;
    }
    if (len > d->left - head)
        return false;
    *out = (struct der){d->at + head, len};
    d->at += head + len;
    d->left -= head + len;
    return true;
}

/* A positive number in its shortest form; *out is without the zero that keeps it positive. */
static bool take_number(struct der *d, struct der *out)
{
    struct der n;

    if (!take(d, INTEGER, &n) || n.left == 0 || n.at[0] > 0x7f)
        return false;
    if (n.at[0] == 0) {
        if (n.left == 1 || n.at[1] <= 0x7f)
            return false;
        n.at++;
        n.left--;
    }
    *out = n;
    return true;
}

static bool split(struct der all, struct der *modulus, struct der *exponent)
{
    struct der info, bits, numbers;

    if (!take(&all, SEQUENCE, &info) || all.left != 0 || info.left < sizeof algorithm ||
        memcmp(info.at, algorithm, sizeof algorithm) != 0)
        return false;
    info.at += sizeof algorithm;
    info.left -= sizeof algorithm;
    if (!take(&info, BIT_STRING, &bits) || info.left != 0 || bits.left == 0 || bits.at[0] != 0)
        return false;
    bits.at++;
    bits.left--;
    return take(&bits, SEQUENCE, &numbers) && bits.left == 0 &&
           take_number(&numbers, modulus) && take_number(&numbers, exponent) &&
           numbers.left == 0;
}

static bool fits(const struct der *n)
{
    return n->left <= CRYPTO_RSA_BYTES_MAX &&
           (n->left > CRYPTO_RSA_BYTES_MIN ||
            (n->left == CRYPTO_RSA_BYTES_MIN && n->at[0] > 0x7f));
}

ota_err tuf_rsa_read(const uint8_t *text, size_t len, struct crypto_rsa *out)
{
    uint8_t der[DER_BYTES];
    struct der all = {der, 0}, modulus, exponent;
    ota_err e = tuf_spki_pem(text, len, der, sizeof der, &all.left);

    if (e != OTA_OK)
        return e;
    if (!split(all, &modulus, &exponent) || (modulus.at[modulus.left - 1] & 1) == 0)
        return OTA_E_FORMAT;
    if (!fits(&modulus) || exponent.left > sizeof out->exponent)
        return OTA_E_LIMIT;
    out->exponent = 0;
    for (size_t i = 0; i < exponent.left; i++)
        out->exponent = out->exponent << 8 | exponent.at[i];
    if (out->exponent < EXPONENT_MIN)
        return OTA_E_LIMIT;
    memset(out->modulus, 0, sizeof out->modulus);
    memcpy(out->modulus, modulus.at, modulus.left);
    out->bytes = (uint16_t)modulus.left;
    return (out->exponent & 1) != 0 ? OTA_OK : OTA_E_FORMAT;
}

bool tuf_rsa_signed(const struct crypto_rsa *key, struct canonical message,
                    struct canonical sig)
{
    uint8_t bytes[CRYPTO_RSA_BYTES_MAX];

    return canonical_hex(sig, bytes, key->bytes) == OTA_OK &&
           crypto_verify_rsa_pss_message(key, message.at, message.len, bytes, key->bytes) ==
               OTA_OK;
}
