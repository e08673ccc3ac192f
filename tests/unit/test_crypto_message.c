/* link: crypto_message_host */
/*
 * Signatures over messages, as repository metadata have them: tests/vectors/crypto, and good
 * ones with a bit changed.  The devices' ports run the same (tests/sim/CMakeLists.txt).
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/image/crypto_message.h"

enum { LINE_BYTES = 1024, PART_BYTES = 256, GOOD = 15, ALL = 126 };

struct vector {
    uint8_t key[PART_BYTES], message[PART_BYTES], sig[PART_BYTES];
    size_t key_bytes, message_bytes, sig_bytes;
    bool ed25519, good;
    char name[PART_BYTES];
};

static size_t unhex(const char *text, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    if (strcmp(text, "-") == 0)
        return 0;
    for (; text[2 * n] != '\0'; n++)
        out[n] = (uint8_t)((strchr(digits, text[2 * n]) - digits) << 4 |
                           (strchr(digits, text[2 * n + 1]) - digits));
    return n;
}

static bool next(FILE *f, struct vector *v)
{
    char alg[16], verdict[16], key[LINE_BYTES], message[LINE_BYTES], sig[LINE_BYTES];

    if (fscanf(f, "%15s %15s %1023s %1023s %1023s %255s", alg, verdict, key, message, sig,
               v->name) != 6)
        return false;
    assert(strlen(key) < PART_BYTES && strlen(message) < PART_BYTES &&
           strlen(sig) < PART_BYTES);
    v->ed25519 = strcmp(alg, "ed25519") == 0;
    v->good = strcmp(verdict, "good") == 0;
    v->key_bytes = unhex(key, v->key);
    v->message_bytes = unhex(message, v->message);
    v->sig_bytes = unhex(sig, v->sig);
    assert(v->key_bytes == (v->ed25519 ? 32 : 64));
    return true;
}

static ota_err check(const struct vector *v)
{
    return v->ed25519
               ? crypto_verify_ed25519_message(v->key, v->message, v->message_bytes, v->sig)
               : crypto_verify_p256_message(v->key, v->message, v->message_bytes, v->sig,
                                            v->sig_bytes);
}

/* Of bits a sample: any place in a byte, every second byte. */
static void some_flips(struct vector *v)
{
    uint8_t *parts[] = {v->key, v->message, v->sig};
    size_t bytes[] = {v->key_bytes, v->message_bytes, v->sig_bytes};

    for (int p = 0; p < 3; p++)
        for (size_t bit = 0; bit < 8 * bytes[p]; bit += 17) {
            parts[p][bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert(check(v) == OTA_E_SIGNATURE);
            parts[p][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    assert(check(v) == OTA_OK);
}

/* What crypto_verify takes is the port's, by its profile: known, it keeps to its lengths. */
static bool takes(enum crypto_alg alg, const struct vector *v)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;
    ota_err e;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, v->message, v->message_bytes);
    crypto_sha256_final(&h, digest);
    e = crypto_verify(alg, v->key, v->key_bytes, digest, v->sig, v->sig_bytes);
    for (size_t len = 0; len <= CRYPTO_KEY_BYTES_MAX + 1 && e != OTA_E_FORMAT; len++)
        if (len != v->key_bytes)
            assert(crypto_verify(alg, v->key, len, digest, v->sig, v->sig_bytes) ==
                   OTA_E_SIGNATURE);
    for (size_t len = 0; len <= CRYPTO_SIGNATURE_BYTES_MAX + 1 && e != OTA_E_FORMAT; len++)
        if (len != v->sig_bytes)
            assert(crypto_verify(alg, v->key, v->key_bytes, digest, v->sig, len) ==
                   OTA_E_SIGNATURE);
    /* over a digest, P-256 signs the same; Ed25519 does not, and these are over messages */
    assert(e == OTA_E_FORMAT || e == (alg == CRYPTO_P256 ? OTA_OK : OTA_E_SIGNATURE));
    assert(crypto_verify((enum crypto_alg)3, v->key, v->key_bytes, digest, v->sig,
                         v->sig_bytes) == OTA_E_FORMAT);
    return e != OTA_E_FORMAT;
}

int main(void)
{
    FILE *f = fopen("tests/vectors/crypto/messages.txt", "r");
    struct vector v;
    int all = 0, good = 0, profiles = 0;

    assert(f != NULL);
    for (; next(f, &v); all++) {
        if (check(&v) != (v.good ? OTA_OK : OTA_E_SIGNATURE)) {
            (void)fprintf(stderr, "%s: should be %s\n", v.name, v.good ? "good" : "bad");
            assert(false);
        }
        if (v.good)
            good++;
        if (v.good && (strcmp(v.name, "rfc8032-test-3") == 0 ||
                       strcmp(v.name, "rfc6979-test-low-s") == 0))
            some_flips(&v);
        if (strcmp(v.name, "rfc8032-test-3") == 0)
            profiles += takes(CRYPTO_ED25519, &v);
        if (strcmp(v.name, "rfc6979-test-low-s") == 0)
            profiles += takes(CRYPTO_P256, &v);
    }
    (void)fclose(f);
    assert(all == ALL && good == GOOD && profiles >= 1);
    return 0;
}
