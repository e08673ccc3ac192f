/* link: keys */
/* Encrypted key files: opened by the passphrase alone, and by no altered byte. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "firmware/image/le.h"
#include "keys/keybox.h"

static const char plain[] = "-----BEGIN PRIVATE KEY-----\nnot really\n";
static const char pass[] = "correct horse";

static struct keybox sealed(enum crypto_alg alg)
{
    struct keybox box = {.cost = keybox_interactive, .alg = alg};

    box.key_bytes = alg == CRYPTO_ED25519 ? 32 : 64;
    memset(box.key, 7, box.key_bytes);
    assert(keybox_seal(&box, pass, sizeof pass - 1, plain, sizeof plain - 1) == OTA_OK);
    return box;
}

static ota_err opened(const struct keybox *box, const char *with)
{
    char out[KEYBOX_PLAIN_BYTES_MAX] = "";
    size_t len = 0;
    ota_err e = keybox_open(box, with, strlen(with), out, sizeof out, &len);

    if (e == OTA_OK)
        assert(len == sizeof plain - 1 && memcmp(out, plain, len) == 0);
    else
        assert(strstr(out, "PRIVATE") == NULL);
    return e;
}

static ota_err reparsed(const struct keybox *box, struct keybox *out)
{
    char text[KEYBOX_TEXT_BYTES_MAX];
    size_t len = 0;

    assert(keybox_write(box, text, sizeof text - 1, &len) == OTA_OK);
    text[len] = '\0';
    return keybox_parse(text, len, out);
}

static void test_round_trip(void)
{
    for (int alg = CRYPTO_ED25519; alg <= CRYPTO_P256; alg++) {
        struct keybox box = sealed((enum crypto_alg)alg), again;

        assert(reparsed(&box, &again) == OTA_OK);
        assert(again.alg == box.alg && again.key_bytes == box.key_bytes);
        assert(memcmp(again.key, box.key, box.key_bytes) == 0);
        assert(again.cost.passes == keybox_interactive.passes);
        assert(again.cost.kib == keybox_interactive.kib);
        assert(opened(&again, pass) == OTA_OK);
        assert(opened(&again, "correct hors") == OTA_E_AUTH);
    }
}

static void test_nothing_twice(void)
{
    struct keybox a = sealed(CRYPTO_ED25519), b = sealed(CRYPTO_ED25519);

    assert(memcmp(a.bytes + 20, b.bytes + 20, 16) != 0); /* salt */
    assert(memcmp(a.bytes + 36, b.bytes + 36, 24) != 0); /* nonce */
    assert(memcmp(a.bytes + a.sealed_at, b.bytes + b.sealed_at, 16) != 0);
}

/* Cost, salt, nonce, public key, ciphertext, tag: all are authenticated. */
static void test_altered(void)
{
    const struct keybox box = sealed(CRYPTO_ED25519);
    const size_t at[] = {12, 20, 36, 59, 60, 91, 92, box.len - 1};

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct keybox changed = box, again;

        changed.bytes[at[i]] ^= 1; /* 12: two passes become three, which is allowed */
        assert(reparsed(&changed, &again) == OTA_OK);
        assert(opened(&again, pass) == OTA_E_AUTH);
    }
}

static void test_malformed(void)
{
    const struct keybox box = sealed(CRYPTO_P256);
    struct keybox again;

    for (size_t at = 0; at < 12; at++) { /* magic, format, KDF, cipher, algorithm */
        struct keybox changed = box;

        changed.bytes[at] ^= 0x40;
        assert(reparsed(&changed, &again) == OTA_E_FORMAT);
    }
    for (size_t len = 0; len <= box.sealed_at + KEYBOX_TAG_BYTES; len++) {
        struct keybox changed = box;

        changed.len = len;
        assert(reparsed(&changed, &again) == OTA_E_FORMAT);
    }
}

/* Weaker than we make them, or an attack on whoever opens them: refused before any work. */
static void test_cost(void)
{
    static const struct {
        uint32_t passes, kib;
        ota_err e;
    } cases[] = {
        {2, 65536, OTA_OK},        {16, 1048576, OTA_OK},
        {1, 65536, OTA_E_LIMIT},   {0, 65536, OTA_E_LIMIT},
        {17, 65536, OTA_E_LIMIT},  {UINT32_MAX, 65536, OTA_E_LIMIT},
        {3, 65535, OTA_E_LIMIT},   {3, 0, OTA_E_LIMIT},
        {3, 1048577, OTA_E_LIMIT}, {3, UINT32_MAX, OTA_E_LIMIT},
    };
    struct keybox box = sealed(CRYPTO_ED25519), again;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        le32_store(box.bytes + 12, cases[i].passes);
        le32_store(box.bytes + 16, cases[i].kib);
        assert(reparsed(&box, &again) == cases[i].e);
    }
    box.cost = (struct keybox_cost){1, 8};
    assert(keybox_seal(&box, pass, 1, plain, sizeof plain - 1) == OTA_E_LIMIT);
}

static void test_text(void)
{
    const struct keybox box = sealed(CRYPTO_ED25519);
    char text[KEYBOX_TEXT_BYTES_MAX + 8];
    struct keybox again;
    size_t len = 0;

    assert(keybox_write(&box, text, sizeof text, &len) == OTA_OK);
    memcpy(text + len, "\r\n \n", 5);
    assert(keybox_parse(text, len + 4, &again) == OTA_OK);
    memcpy(text + len, "more", 5);
    assert(keybox_parse(text, len + 4, &again) == OTA_E_FORMAT);
    text[len] = '\0';
    for (size_t cut = 0; cut < len - 1; cut++)
        assert(keybox_parse(text, cut, &again) == OTA_E_FORMAT);
    assert(keybox_parse(text + 1, len - 1, &again) == OTA_E_FORMAT);
    text[40] = '*';
    assert(keybox_parse(text, len, &again) == OTA_E_FORMAT);
    assert(!keybox_is("-----BEGIN PRIVATE KEY-----\n") && keybox_is(text));
    assert(keybox_write(&box, text, 250, &len) == OTA_E_LIMIT);
}

int main(void)
{
    assert(sodium_init() >= 0);
    test_round_trip();
    test_nothing_twice();
    test_altered();
    test_malformed();
    test_cost();
    test_text();
    return 0;
}
