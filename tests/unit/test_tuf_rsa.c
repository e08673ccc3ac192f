/* link: tuf */
/* RSA keys of repositories: tests/vectors/crypto/rsa.txt, what reading and verifying say of
 * each. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/tuf/rsa.h"

enum {
    HEX_BYTES = 8192,
    PART_BYTES = HEX_BYTES / 2,
    NAME_BYTES = 64,
    GOOD_KEYS_MAX = 8,
    KEYS = 58,
    GOOD_KEYS = 7,
    SIGNATURES = 69,
    GOOD_SIGNATURES = 17
};

struct named {
    char name[NAME_BYTES];
    struct crypto_rsa key;
};

static struct named good_keys[GOOD_KEYS_MAX];
static char first[HEX_BYTES], second[HEX_BYTES];
static unsigned keys, keys_good, signatures, signatures_good;

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

static void check(bool as_it_should, const char *name)
{
    if (!as_it_should)
        (void)fprintf(stderr, "%s: another verdict was right\n", name);
    assert(as_it_should);
}

static void a_key(FILE *f)
{
    static uint8_t pem[PART_BYTES];
    char name[NAME_BYTES], verdict[NAME_BYTES];
    struct crypto_rsa key;
    uint8_t *exact;
    size_t len;
    ota_err want, e;

    assert(fscanf(f, "%63s %63s %8191s", name, verdict, first) == 3);
    len = unhex(first, pem);
    exact = malloc(len + 1); /* of its length, so that a sanitizer sees one byte too many */
    assert(exact != NULL);
    memcpy(exact, pem, len);
    want = strcmp(verdict, "ok") == 0      ? OTA_OK
           : strcmp(verdict, "limit") == 0 ? OTA_E_LIMIT
                                           : OTA_E_FORMAT;
    e = tuf_rsa_read(exact, len, &key);
    free(exact);
    check(e == want, name);
    keys++;
    if (e == OTA_OK) {
        assert(keys_good < GOOD_KEYS_MAX);
        (void)snprintf(good_keys[keys_good].name, NAME_BYTES, "%s", name);
        good_keys[keys_good++].key = key;
    }
}

/* The signature as a string of metadata, whatever its length; and, if it has the key's, as the
 * port is given it. */
static void a_signature(FILE *f)
{
    static uint8_t message[PART_BYTES], sig[PART_BYTES];
    static char string[HEX_BYTES + 2];
    char of[NAME_BYTES], verdict[NAME_BYTES], name[NAME_BYTES];
    const struct named *n = good_keys;
    size_t len, sig_bytes;
    bool want;

    assert(fscanf(f, "%63s %63s %8191s %8191s %63s", of, verdict, first, second, name) == 5);
    while (strcmp(n->name, of) != 0)
        n++;
    assert(n < good_keys + keys_good);
    len = unhex(first, message);
    sig_bytes = unhex(second, sig);
    want = strcmp(verdict, "good") == 0;
    (void)snprintf(string, sizeof string, "\"%s\"", sig_bytes == 0 ? "" : second);
    check(tuf_rsa_signed(&n->key, (struct canonical){message, len},
                         (struct canonical){(const uint8_t *)string, strlen(string)}) == want,
          name);
    check((crypto_verify_rsa_pss_message(&n->key, message, len, sig, sig_bytes) == OTA_OK) ==
              want,
          name);
    signatures++;
    signatures_good += want;
}

int main(void)
{
    FILE *f = fopen("tests/vectors/crypto/rsa.txt", "r");
    char kind[4];

    assert(f != NULL);
    while (fscanf(f, "%3s", kind) == 1) {
        if (strcmp(kind, "key") == 0)
            a_key(f);
        else
            a_signature(f);
    }
    (void)fclose(f);
    assert(keys == KEYS && keys_good == GOOD_KEYS);
    assert(signatures == SIGNATURES && signatures_good == GOOD_SIGNATURES);
    return 0;
}
