/* link: crypto_host PkgConfig::SODIUM */
/* The host's crypto port against published vectors and forged signatures. */
#include <assert.h>
#include <string.h>

#include "firmware/image/crypto.h"

static size_t unhex(const char *text, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; text[2 * n] != '\0'; n++)
        out[n] = (uint8_t)((strchr(digits, text[2 * n]) - digits) << 4 |
                           (strchr(digits, text[2 * n + 1]) - digits));
    return n;
}

static void sha256_is(const void *data, size_t len, const char *hex)
{
    uint8_t want[32], got[32];
    struct crypto_sha256 h;

    assert(unhex(hex, want) == 32);
    for (size_t step = 1; step <= 64; step++) { /* any division into pieces */
        crypto_sha256_init(&h);
        for (size_t at = 0; at < len; at += step)
            crypto_sha256_update(&h, (const uint8_t *)data + at,
                                 len - at < step ? len - at : step);
        crypto_sha256_final(&h, got);
        assert(memcmp(want, got, 32) == 0);
    }
}

/* FIPS 180-4 examples. */
static void sha256(void)
{
    sha256_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* The key of RFC 8032, 7.1, TEST 1, and its (deterministic) signature over SHA-256 of "abc". */
static const char ed_key[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char ed_digest[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char ed_sig[] = "096f5569d807ee8ac7b1913da70cf0aab335c258f4b94c8f210dd141e9743927"
                             "c8d1a6b378872a72c9446c1f75e6dc7b2def98bd0c214be6706d48791f57680a";

/* P-256 key and digest of RFC 6979, A.2.5 (SHA-256, "sample"), its r and s in DER. */
static const char ec_key[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                             "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char ec_digest[] =
    "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";
static const char ec_sig[] =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

static void every_flip(enum crypto_alg alg, const char *key_hex, const char *digest_hex,
                       const char *sig_hex)
{
    uint8_t key[64], digest[32], sig[80];
    size_t key_bytes = unhex(key_hex, key), sig_bytes = unhex(sig_hex, sig);
    uint8_t *parts[] = {key, digest, sig};
    size_t bytes[] = {key_bytes, 32, sig_bytes};

    assert(unhex(digest_hex, digest) == 32);
    assert(crypto_verify(alg, key, key_bytes, digest, sig, sig_bytes) == OTA_OK);
    for (int p = 0; p < 3; p++) {
        for (size_t bit = 0; bit < 8 * bytes[p]; bit++) {
            parts[p][bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert(crypto_verify(alg, key, key_bytes, digest, sig, sig_bytes) ==
                   OTA_E_SIGNATURE);
            parts[p][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    for (size_t len = 0; len <= 72; len++) { /* every other length */
        if (len != sig_bytes)
            assert(crypto_verify(alg, key, key_bytes, digest, sig, len) == OTA_E_SIGNATURE);
    }
    assert(crypto_verify(alg, key, key_bytes - 1, digest, sig, sig_bytes) == OTA_E_SIGNATURE);
    assert(crypto_verify((enum crypto_alg)3, key, key_bytes, digest, sig, sig_bytes) ==
           OTA_E_FORMAT);
}

/* The same numbers r and s, encoded in ways that DER forbids. */
static void strict_der(void)
{
    static const char *const forged[] = {
        /* sequence length in two bytes */
        "308146022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        /* negative r: the zero in front is missing */
        "30450220efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        /* empty numbers, zeros */
        "3006020100020100",
        "30040200020000000000",
    };
    uint8_t key[64], digest[32], sig[80];

    assert(unhex(ec_key, key) == 64 && unhex(ec_digest, digest) == 32);
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        size_t len = unhex(forged[i], sig);

        assert(crypto_verify(CRYPTO_P256, key, 64, digest, sig, len) == OTA_E_SIGNATURE);
    }
    /* A trailing byte within the allowed length, on a shorter signature: r = s = 1 is wrong
     * anyway, but must not crash either. */
    assert(crypto_verify(CRYPTO_P256, key, 64, digest,
                         (const uint8_t *)"\x30\x06\x02\x01\x01\x02\x01\x01\x00",
                         9) == OTA_E_SIGNATURE);
    memset(key, 0xff, sizeof key); /* no point of the curve */
    assert(unhex(ec_sig, sig) == 72);
    assert(crypto_verify(CRYPTO_P256, key, 64, digest, sig, 72) == OTA_E_SIGNATURE);
    memset(key, 0, sizeof key);
    assert(crypto_verify(CRYPTO_P256, key, 64, digest, sig, 72) == OTA_E_SIGNATURE);
}

static void small_order_keys(void)
{
    uint8_t key[32] = {1}, sig[64] = {1}, digest[32] = {0};

    assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 64) == OTA_E_SIGNATURE);
    memset(key, 0, sizeof key);
    assert(crypto_verify(CRYPTO_ED25519, key, 32, digest, sig, 64) == OTA_E_SIGNATURE);
}

static void helpers(void)
{
    char secret[] = "secret";

    assert(crypto_equal("abc", "abc", 3) && !crypto_equal("abc", "abd", 3));
    assert(crypto_equal("a", "b", 0));
    crypto_wipe(secret, sizeof secret);
    assert(memcmp(secret, "\0\0\0\0\0\0", sizeof secret) == 0);
}

int main(void)
{
    sha256();
    every_flip(CRYPTO_ED25519, ed_key, ed_digest, ed_sig);
    every_flip(CRYPTO_P256, ec_key, ec_digest, ec_sig);
    strict_der();
    small_order_keys();
    helpers();
    return 0;
}
