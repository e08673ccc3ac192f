/* PEM files and P-256 with libcrypto.  struct pem_key is an EVP_PKEY under another name. */
#include "pem.h"

#include <malloc.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *pkey(const struct pem_key *k)
{
    return (EVP_PKEY *)(uintptr_t)k; /* libcrypto's functions take no const keys */
}

/* --- libcrypto's memory: copies of keys that it makes for itself are wiped as it lets go of
 * them
 */

static void memory_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (p != NULL)
        OPENSSL_cleanse(p, malloc_usable_size(p));
    free(p);
}

static void *memory_new(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(len);
}

static void *memory_resize(void *p, size_t len, const char *file, int line)
{
    const size_t had = p == NULL ? 0 : malloc_usable_size(p);
    void *now = malloc(len);

    if (now == NULL)
        return NULL;
    if (p != NULL)
        memcpy(now, p, had < len ? had : len);
    memory_free(p, file, line);
    return now;
}

ota_err pem_init(void)
{
    return CRYPTO_set_mem_functions(memory_new, memory_resize, memory_free) == 1
               ? OTA_OK
               : OTA_E_INTERNAL;
}

/* Keys with a passphrase are refused: no prompt, whoever calls. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcrypto's type */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}

bool pem_is_encrypted(const char *text)
{
    return strstr(text, "BEGIN ENCRYPTED PRIVATE KEY") != NULL ||
           strstr(text, "Proc-Type: 4,ENCRYPTED") != NULL;
}

static bool is_p256(EVP_PKEY *k)
{
    char group[32];
    size_t len = 0;

    return EVP_PKEY_get_base_id(k) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(k, group, sizeof group, &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static ota_err accept(EVP_PKEY *k, struct pem_key **out)
{
    ERR_clear_error();
    if (k == NULL)
        return OTA_E_FORMAT;
    if (EVP_PKEY_get_base_id(k) != EVP_PKEY_ED25519 && !is_p256(k)) {
        EVP_PKEY_free(k);
        return OTA_E_LIMIT;
    }
    *out = (struct pem_key *)k;
    return OTA_OK;
}

ota_err pem_private_read(const void *text, size_t len, struct pem_key **out)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *k = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return accept(k, out);
}

struct passphrase {
    const char *text;
    size_t len;
};

/* The passphrase that came with the call. */
static int the_passphrase(char *buf, int size, int rwflag, void *arg)
{
    const struct passphrase *p = arg;

    (void)rwflag;
    if (size < 0 || p->len > (size_t)size)
        return -1;
    memcpy(buf, p->text, p->len);
    return (int)p->len;
}

ota_err pem_private_unlock(const void *text, size_t len, const char *passphrase,
                           size_t passphrase_bytes, struct pem_key **out)
{
    struct passphrase p = {passphrase, passphrase_bytes};
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *k = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, the_passphrase, &p);
    ota_err e;

    BIO_free(bio);
    e = accept(k, out);
    return e == OTA_E_FORMAT ? OTA_E_AUTH : e;
}

ota_err pem_public_read(const void *text, size_t len, struct pem_key **out)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *k = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return accept(k, out);
}

ota_err pem_p256_new(struct pem_key **out)
{
    EVP_PKEY *k = EVP_EC_gen("prime256v1");

    return k == NULL ? OTA_E_INTERNAL : accept(k, out);
}

ota_err pem_ed25519_new(const uint8_t seed[32], struct pem_key **out)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);

    return k == NULL ? OTA_E_INTERNAL : accept(k, out);
}

ota_err pem_public_new(enum crypto_alg alg, const uint8_t *key, size_t len,
                       struct pem_key **out)
{
    /* SubjectPublicKeyInfo of prime256v1, up to the point's X */
    static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[sizeof p256 + CRYPTO_KEY_BYTES_MAX];
    const uint8_t *at = der;

    if (alg == CRYPTO_ED25519)
        return accept(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, len), out);
    if (len != CRYPTO_KEY_BYTES_MAX)
        return OTA_E_FORMAT;
    memcpy(der, p256, sizeof p256);
    memcpy(der + sizeof p256, key, CRYPTO_KEY_BYTES_MAX);
    return accept(d2i_PUBKEY(NULL, &at, (long)sizeof der), out);
}

void pem_free(struct pem_key *k)
{
    EVP_PKEY_free(pkey(k));
}

enum crypto_alg pem_alg(const struct pem_key *k)
{
    return EVP_PKEY_get_base_id(pkey(k)) == EVP_PKEY_ED25519 ? CRYPTO_ED25519 : CRYPTO_P256;
}

ota_err pem_public(const struct pem_key *k, uint8_t out[CRYPTO_KEY_BYTES_MAX], size_t *out_len)
{
    uint8_t point[1 + CRYPTO_KEY_BYTES_MAX];
    size_t len = 32;

    if (pem_alg(k) == CRYPTO_ED25519) {
        if (EVP_PKEY_get_raw_public_key(pkey(k), out, &len) != 1 || len != 32)
            return OTA_E_INTERNAL;
        *out_len = len;
        return OTA_OK;
    }
    /* Uncompressed whatever the file said. */
    if (EVP_PKEY_set_utf8_string_param(pkey(k), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed") != 1 ||
        EVP_PKEY_get_octet_string_param(pkey(k), OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                        &len) != 1 ||
        len != sizeof point || point[0] != 4)
        return OTA_E_INTERNAL;
    memcpy(out, point + 1, CRYPTO_KEY_BYTES_MAX);
    *out_len = CRYPTO_KEY_BYTES_MAX;
    return OTA_OK;
}

ota_err pem_ed25519_seed(const struct pem_key *k, uint8_t out[32])
{
    size_t len = 32;

    return EVP_PKEY_get_raw_private_key(pkey(k), out, &len) == 1 && len == 32 ? OTA_OK
                                                                              : OTA_E_INTERNAL;
}

/* Copy what was written to bio, wipe it there, and free it. */
static ota_err bio_take(BIO *bio, int written, char *out, size_t room, size_t *out_len)
{
    char *text = NULL;
    long len = bio == NULL ? 0 : BIO_get_mem_data(bio, &text);
    ota_err e = written == 1 && len > 0 ? OTA_OK : OTA_E_INTERNAL;

    if (e == OTA_OK && (size_t)len > room)
        e = OTA_E_LIMIT;
    if (e == OTA_OK) {
        memcpy(out, text, (size_t)len);
        *out_len = (size_t)len;
    }
    if (len > 0)
        OPENSSL_cleanse(text, (size_t)len);
    BIO_free(bio);
    return e;
}

ota_err pem_private_write(const struct pem_key *k, char *out, size_t room, size_t *out_len)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int ok = bio == NULL
                 ? 0
                 : PEM_write_bio_PKCS8PrivateKey(bio, pkey(k), NULL, NULL, 0, NULL, NULL);

    return bio_take(bio, ok, out, room, out_len);
}

ota_err pem_public_write(const struct pem_key *k, char *out, size_t room, size_t *out_len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = bio == NULL ? 0 : PEM_write_bio_PUBKEY(bio, pkey(k));

    return bio_take(bio, ok, out, room, out_len);
}

ota_err pem_p256_sign(const struct pem_key *k, const uint8_t digest[CRYPTO_DIGEST_BYTES],
                      uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey(k), NULL);
    size_t len = CRYPTO_SIGNATURE_BYTES_MAX;
    ota_err e = OTA_E_INTERNAL;

    if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
        EVP_PKEY_sign(ctx, out, &len, digest, CRYPTO_DIGEST_BYTES) == 1) {
        *out_len = len;
        e = OTA_OK;
    }
    EVP_PKEY_CTX_free(ctx);
    return e;
}

ota_err pem_p256_der(const uint8_t rs[64], uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX],
                     size_t *out_len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(rs, 32, NULL), *s = BN_bin2bn(rs + 32, 32, NULL);
    uint8_t *at = out;
    int len;

    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return OTA_E_INTERNAL;
    }
    len = i2d_ECDSA_SIG(sig, NULL);
    if (len > 0 && len <= CRYPTO_SIGNATURE_BYTES_MAX)
        len = i2d_ECDSA_SIG(sig, &at);
    else
        len = 0;
    ECDSA_SIG_free(sig);
    *out_len = (size_t)len;
    return len > 0 ? OTA_OK : OTA_E_INTERNAL;
}
