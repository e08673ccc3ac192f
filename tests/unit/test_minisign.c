/* link: minisign_host PkgConfig::SODIUM */
/* minisign's signatures: theirs verify with us, and nothing altered does. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/boards/host/minisign.h"
#include "tests/unit/image_maker.h"

/* Made by minisign 0.11 over the text "hello\n", prehashed. */
static const char foreign[] = "untrusted comment: signature from minisign secret key\n"
                              "RURNRiW4aq9gwduj4VGOKh7C5X17ULsL60xk7NWj+"
                              "rcZY36AgJCYnUveMkvlYRWN5LqRarB+UErJUu7r6+1babLDllogjrqBgQo=\n"
                              "trusted comment: hello from minisign\n"
                              "xamE+dxBmV28KtlLpxdnMYiyH64RCFwJ0zlOlaYTpVvjKBixmA0B/"
                              "bih0HOhAe4HvmGzuE7Oi7Wvf8xoZzBqDA==\n";
static const char foreign_key[] = "untrusted comment: minisign public key C160AF6AB825464D\n"
                                  "RWRNRiW4aq9gwSoMozRwLf+7sCmbKTaar+Ms1hHZ3iuky5TgagXSWcv+\n";

static void foreign_signature(void)
{
    char message[] = "hello\n";
    uint8_t number[8], key[32];
    struct minisig sig, bad;

    assert(minisig_parse(foreign, sizeof foreign - 1, &sig) == OTA_OK);
    assert(minisig_pubkey_parse(foreign_key, sizeof foreign_key - 1, number, key) == OTA_OK);
    assert(minisign_verify(key, number, message, 6, &sig) == OTA_OK);
    assert(minisign_verify(key, number, message, 5, &sig) == OTA_E_SIGNATURE);
    for (int bit = 0; bit < 48; bit++) {
        message[bit / 8] = (char)(message[bit / 8] ^ 1 << bit % 8);
        assert(minisign_verify(key, number, message, 6, &sig) == OTA_E_SIGNATURE);
        message[bit / 8] = (char)(message[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t i = 0; i < 64; i++) {
        bad = sig;
        bad.signature[i] ^= 1;
        assert(minisign_verify(key, number, message, 6, &bad) == OTA_E_SIGNATURE);
        bad = sig;
        bad.global_signature[i] ^= 1;
        assert(minisign_verify(key, number, message, 6, &bad) == OTA_E_SIGNATURE);
    }
    bad = sig; /* the trusted comment is covered */
    bad.comment[0] = 'H';
    assert(minisign_verify(key, number, message, 6, &bad) == OTA_E_SIGNATURE);
    bad = sig;
    bad.comment_bytes--;
    assert(minisign_verify(key, number, message, 6, &bad) == OTA_E_SIGNATURE);
    bad = sig;
    bad.comment_bytes = MINISIG_COMMENT_BYTES_MAX + 1;
    assert(minisign_verify(key, number, message, 6, &bad) == OTA_E_SIGNATURE);
    bad = sig;
    bad.key_number[7] ^= 1;
    assert(minisign_verify(key, number, message, 6, &bad) == OTA_E_SIGNATURE);
    assert(minisign_verify(test_release_key, number, message, 6, &sig) == OTA_E_SIGNATURE);
}

/* A release signature over sums, with any key, number and comment. */
static size_t sign(const uint8_t seed[32], const uint8_t number_of[32], const char *sums,
                   const char *comment, char out[MINISIG_BYTES_MAX])
{
    uint8_t public[32], secret[64], digest[64], global[64 + MINISIG_COMMENT_BYTES_MAX];
    struct minisig sig = {.comment_bytes = strlen(comment)};
    size_t n = 0;

    minisign_key_number(number_of, sig.key_number);
    memcpy(sig.comment, comment, sig.comment_bytes);
    assert(crypto_sign_seed_keypair(public, secret, seed) == 0);
    assert(crypto_generichash(digest, 64, (const uint8_t *)sums, strlen(sums), NULL, 0) == 0);
    assert(crypto_sign_detached(sig.signature, NULL, digest, 64, secret) == 0);
    memcpy(global, sig.signature, 64);
    memcpy(global + 64, comment, sig.comment_bytes);
    assert(crypto_sign_detached(sig.global_signature, NULL, global, 64 + sig.comment_bytes,
                                secret) == 0);
    assert(minisig_write(&sig, "test", out, MINISIG_BYTES_MAX, &n) == OTA_OK);
    return n;
}

static void release(void)
{
    static const char sums[] = "SHA256 (x) = ...\n",
                      good[] = "otad platform=p version=1 counter=7";
    struct manifest m = maker_manifest();
    struct minisign_release r;
    char text[MINISIG_BYTES_MAX];
    size_t n = sign(test_release_seed, test_release_key, sums, good, text);

    assert(minisign_release_open(&m, sums, strlen(sums), text, n, &r) == OTA_OK);
    assert(strcmp(r.what.platform, "p") == 0 && strcmp(r.what.version, "1") == 0);
    assert(r.what.counter == 7);
    assert(minisign_release_open(&m, sums, strlen(sums), text, n, &r) == OTA_OK);
    assert(minisign_release_open(&m, sums, strlen(sums) - 1, text, n, &r) == OTA_E_SIGNATURE);
    assert(minisign_release_open(&m, sums, strlen(sums), text, n - 1, &r) == OTA_E_FORMAT);
    /* A stranger, under their own number and under ours. */
    n = sign(test_stranger_seed, test_stranger_key, sums, good, text);
    assert(minisign_release_open(&m, sums, strlen(sums), text, n, &r) == OTA_E_NOT_FOUND);
    n = sign(test_stranger_seed, test_release_key, sums, good, text);
    assert(minisign_release_open(&m, sums, strlen(sums), text, n, &r) == OTA_E_SIGNATURE);
    /* An image key releases nothing. */
    n = sign(test_image_seed, test_image_key, sums, good, text);
    assert(minisign_release_open(&m, sums, strlen(sums), text, n, &r) == OTA_E_NOT_FOUND);
    /* Signed rightly, but not as a release of ours. */
    n = sign(test_release_seed, test_release_key, sums, "just a comment", text);
    assert(minisign_release_open(&m, sums, strlen(sums), text, n, &r) == OTA_E_FORMAT);
}

int main(void)
{
    assert(sodium_init() >= 0);
    foreign_signature();
    release();
    return 0;
}
