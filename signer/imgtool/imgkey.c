/*
 * Keys of imgtool's six kinds with libcrypto.  Secrets stay inside libcrypto or, for encrypted
 * files and tokens, inside key.c; what is written leaves by imgkey_write and
 * imgkey_private_der.
 */
#include "imgkey.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "../../keys/pem.h"
#include "../ask.h"
#include "../key.h"
#include "../sample.h"
#include "../say.h"
#include "layout.h"

struct imgkey {
    EVP_PKEY *evp; /* the whole key, or its public half if held */
    struct key *held;
    enum imgkey_kind kind;
    bool private;
};

static const struct imgkey_traits traits[IMGKEY_KINDS] = {
    [IMGKEY_RSA2048] = {"rsa-2048", "rsa", LAYOUT_RSA2048, 256, 0},
    [IMGKEY_RSA3072] = {"rsa-3072", "rsa", LAYOUT_RSA3072, 256, 0},
    [IMGKEY_P256] = {"ecdsa-p256", "ecdsa", LAYOUT_ECDSA, 256, 72},
    [IMGKEY_P384] = {"ecdsa-p384", "ecdsap384", LAYOUT_ECDSA, 384, 103},
    [IMGKEY_ED25519] = {"ed25519", "ed25519", LAYOUT_ED25519, 256, 0},
    [IMGKEY_X25519] = {"x25519", "x25519", 0, 256, 0},
};

enum { PBKDF2_ROUNDS = 600000, SALT_BYTES = 16, PSS_SALT_BYTES = 32 };

const struct imgkey_traits *imgkey_traits(enum imgkey_kind kind)
{
    return &traits[kind];
}

enum imgkey_kind imgkey_kind(const struct imgkey *k)
{
    return k->kind;
}

bool imgkey_is_private(const struct imgkey *k)
{
    return k->private;
}

void imgkey_free(struct imgkey *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->evp);
    key_free(k->held);
    free(k);
}

static bool kind_of(EVP_PKEY *evp, enum imgkey_kind *out)
{
    char group[32] = "";
    size_t len = 0;

    switch (EVP_PKEY_get_base_id(evp)) {
    case EVP_PKEY_ED25519:
        *out = IMGKEY_ED25519;
        return true;
    case EVP_PKEY_X25519:
        *out = IMGKEY_X25519;
        return true;
    case EVP_PKEY_RSA:
        *out = EVP_PKEY_get_bits(evp) == 2048 ? IMGKEY_RSA2048 : IMGKEY_RSA3072;
        return EVP_PKEY_get_bits(evp) == 2048 || EVP_PKEY_get_bits(evp) == 3072;
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(evp, group, sizeof group, &len) != 1)
            return false;
        *out = strcmp(group, "prime256v1") == 0 ? IMGKEY_P256 : IMGKEY_P384;
        return *out == IMGKEY_P256 || strcmp(group, "secp384r1") == 0;
    default:
        return false;
    }
}

/* Takes evp and held over. */
static ota_err wrap(EVP_PKEY *evp, struct key *held, bool private, struct imgkey **out)
{
    struct imgkey *k = calloc(1, sizeof *k);

    ERR_clear_error();
    if (k == NULL || evp == NULL || !kind_of(evp, &k->kind)) {
        free(k);
        EVP_PKEY_free(evp);
        key_free(held);
        return OTA_E_FORMAT;
    }
    k->evp = evp;
    k->held = held;
    k->private = private;
    *out = k;
    return OTA_OK;
}

static EVP_PKEY *evp_public(const struct key_public *p)
{
    uint8_t point[1 + CRYPTO_KEY_BYTES_MAX] = {4};
    OSSL_PARAM params[3];
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *evp = NULL;

    if (p->alg == CRYPTO_ED25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p->key, 32);
    memcpy(point + 1, p->key, CRYPTO_KEY_BYTES_MAX);
    params[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"prime256v1"}, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    params[2] = OSSL_PARAM_construct_end();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_PUBLIC_KEY, params) != 1)
        evp = NULL;
    EVP_PKEY_CTX_free(ctx);
    return evp;
}

/* A key of signer's own: from a token, or from an encrypted file. */
static ota_err held_read(const char *name, struct imgkey **out)
{
    struct key *held = NULL;
    ota_err e = key_read(name, &held);

    if (e != OTA_OK)
        return e;
    e = wrap(evp_public(key_public(held)), held, true, out);
    return e == OTA_OK ? e : say_fail(e, "%s: cannot use this key", name);
}

/* libcrypto asks for the passphrase: arg is what the user said, or NULL. */
static int passphrase_copy(char *buf, int size, int rwflag, void *arg)
{
    const struct secret *s = arg;

    (void)rwflag;
    if (s == NULL || s->text == NULL || s->len > (size_t)size)
        return -1;
    memcpy(buf, s->text, s->len);
    return (int)s->len;
}

static ota_err pem_read(const struct file_bytes *f, struct secret *passphrase,
                        struct imgkey **out)
{
    bool private = strstr((const char *)f->data, "PRIVATE KEY-----") != NULL;
    BIO *bio = BIO_new_mem_buf(f->data, (int)f->len);
    EVP_PKEY *evp = NULL;

    if (bio != NULL && private)
        evp = PEM_read_bio_PrivateKey(bio, NULL, passphrase_copy, passphrase);
    else if (bio != NULL)
        evp = PEM_read_bio_PUBKEY(bio, NULL, passphrase_copy, NULL);
    BIO_free(bio);
    return wrap(evp, NULL, private, out);
}

/* PKCS#8 with a passphrase, of any of the six kinds. */
static ota_err unlock(const char *name, const struct file_bytes *f, struct imgkey **out)
{
    struct secret passphrase = {NULL, 0};
    ota_err e = ask_secret(SECRET_PASSPHRASE, name, &passphrase);

    if (e != OTA_OK)
        return e;
    if (pem_read(f, &passphrase, out) != OTA_OK)
        e = say_fail(OTA_E_AUTH, "%s: the passphrase is not the right one", name);
    secret_free(&passphrase);
    return e;
}

static ota_err file_key(const char *name, const struct file_bytes *f, struct imgkey **out)
{
    ota_err e;

    if (pem_is_encrypted((const char *)f->data))
        return unlock(name, f, out);
    if (strstr((const char *)f->data, "OTAD ENCRYPTED KEY") != NULL)
        return held_read(name, out);
    e = pem_read(f, NULL, out);
    if (e != OTA_OK)
        say_error("%s is no PEM key of RSA-2048, RSA-3072, P-256, P-384, Ed25519 or X25519",
                  name);
    return e;
}

/* imgtool signs with published keys too, as development does; but it is said. */
static void warn_of_sample(const char *name, const struct imgkey *k)
{
    uint8_t hash[IMGKEY_HASH_BYTES_MAX];
    unsigned char *der = NULL;
    const char *source = NULL;
    int len = i2d_PUBKEY(k->evp, &der);

    if (len > 0 && imgkey_digest(256, der, (size_t)len, hash) == OTA_OK)
        source = sample_key_source(hash);
    OPENSSL_free(der);
    if (source != NULL && k->private && !sample_keys_allowed())
        say_warning("%s is published (%s): anybody can sign with it", name, source);
}

ota_err imgkey_read(const char *name, struct imgkey **out)
{
    struct file_bytes f = {NULL, 0};
    ota_err e;

    if (key_is_uri(name))
        return held_read(name, out);
    e = file_read(name, IMGKEY_FILE_BYTES_MAX, &f);
    if (e != OTA_OK)
        return e;
    e = file_key(name, &f, out);
    key_wipe_stack();
    key_wipe(f.data, f.len);
    file_free(&f);
    if (e == OTA_OK)
        warn_of_sample(name, *out);
    return e;
}

ota_err imgkey_new(enum imgkey_kind kind, struct imgkey **out)
{
    EVP_PKEY *evp = NULL;
    ota_err e;

    switch (kind) {
    case IMGKEY_RSA2048:
        evp = EVP_RSA_gen(2048);
        break;
    case IMGKEY_RSA3072:
        evp = EVP_RSA_gen(3072);
        break;
    case IMGKEY_P256:
        evp = EVP_EC_gen("prime256v1");
        break;
    case IMGKEY_P384:
        evp = EVP_EC_gen("secp384r1");
        break;
    case IMGKEY_ED25519:
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case IMGKEY_X25519:
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        break;
    case IMGKEY_KINDS:
        break;
    }
    e = wrap(evp, NULL, true, out);
    if (e != OTA_OK)
        return say_fail(OTA_E_INTERNAL, "libcrypto cannot make the key");
    return OTA_OK;
}

static const EVP_MD *md_of(unsigned bits)
{
    return bits == 256 ? EVP_sha256() : bits == 384 ? EVP_sha384() : EVP_sha512();
}

ota_err imgkey_digest(unsigned bits, const void *data, size_t len,
                      uint8_t out[IMGKEY_HASH_BYTES_MAX])
{
    unsigned n = 0;

    return EVP_Digest(data, len, out, &n, md_of(bits), NULL) == 1 && n == bits / 8
               ? OTA_OK
               : say_fail(OTA_E_INTERNAL, "libcrypto cannot hash");
}

ota_err imgkey_public_der(const struct imgkey *k, uint8_t out[IMGKEY_DER_BYTES_MAX],
                          size_t *out_len)
{
    bool rsa = k->kind == IMGKEY_RSA2048 || k->kind == IMGKEY_RSA3072;
    unsigned char *der = NULL;
    int len;

    if (EVP_PKEY_get_base_id(k->evp) == EVP_PKEY_EC) /* whatever the file said */
        (void)EVP_PKEY_set_utf8_string_param(k->evp, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                             "uncompressed");
    len = rsa ? i2d_PublicKey(k->evp, &der) : i2d_PUBKEY(k->evp, &der);
    if (len <= 0 || len > IMGKEY_DER_BYTES_MAX) {
        OPENSSL_free(der);
        return say_fail(OTA_E_INTERNAL, "libcrypto cannot encode the public key");
    }
    memcpy(out, der, (size_t)len);
    *out_len = (size_t)len;
    OPENSSL_free(der);
    return OTA_OK;
}

/* What stands in bio, malloc'd; the copy in bio is wiped and freed. */
static ota_err bio_take(BIO *bio, int written, struct file_bytes *out)
{
    char *text = NULL;
    long len = bio == NULL ? 0 : BIO_get_mem_data(bio, &text);
    struct file_bytes f = {written == 1 && len > 0 ? malloc((size_t)len + 1) : NULL, 0};

    if (f.data != NULL) {
        f.len = (size_t)len;
        memcpy(f.data, text, f.len);
        f.data[f.len] = 0;
        *out = f;
    }
    if (len > 0)
        OPENSSL_cleanse(text, (size_t)len);
    BIO_free(bio);
    return f.data != NULL ? OTA_OK : say_fail(OTA_E_INTERNAL, "libcrypto cannot write the key");
}

ota_err imgkey_public_pem(const struct imgkey *k, struct file_bytes *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = bio == NULL ? 0 : PEM_write_bio_PUBKEY(bio, k->evp);

    return bio_take(bio, ok, out);
}

/* The context for RSA-PSS and ECDSA over a digest of this length, or NULL. */
static EVP_PKEY_CTX *digest_context(const struct imgkey *k, size_t len,
                                    int (*init)(EVP_PKEY_CTX *ctx))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->evp, NULL);
    bool rsa = k->kind == IMGKEY_RSA2048 || k->kind == IMGKEY_RSA3072;
    bool ok = ctx != NULL && len == traits[k->kind].hash_bits / 8u && init(ctx) == 1;

    if (ok && rsa)
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, PSS_SALT_BYTES) == 1 &&
             EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;
    if (ok)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static bool sign_digest(const struct imgkey *k, const void *message, size_t len, uint8_t *out,
                        size_t *out_len)
{
    EVP_PKEY_CTX *ctx = digest_context(k, len, EVP_PKEY_sign_init);
    bool ok;

    *out_len = IMGKEY_SIG_BYTES_MAX;
    ok = ctx != NULL && EVP_PKEY_sign(ctx, out, out_len, message, len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool sign_message(const struct imgkey *k, const void *message, size_t len, uint8_t *out,
                         size_t *out_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok;

    *out_len = IMGKEY_SIG_BYTES_MAX;
    ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->evp) == 1 &&
         EVP_DigestSign(ctx, out, out_len, message, len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool sign_held(const struct imgkey *k, const void *message, size_t len, uint8_t *out,
                      size_t *out_len)
{
    if (k->kind == IMGKEY_ED25519) {
        *out_len = MINISIG_SIGNATURE_BYTES;
        return key_sign_message(k->held, message, len, out) == OTA_OK;
    }
    return len == CRYPTO_DIGEST_BYTES && key_sign(k->held, message, out, out_len) == OTA_OK;
}

ota_err imgkey_sign(const struct imgkey *k, const void *message, size_t len,
                    uint8_t out[IMGKEY_SIG_BYTES_MAX], size_t *out_len)
{
    bool ok;

    if (traits[k->kind].tlv == 0)
        return say_fail(OTA_E_FORMAT, "an %s key signs nothing", traits[k->kind].type);
    if (!k->private) {
        say_error("this key is a public one: it cannot sign");
        say_hint("give the private key, or --vector-to-sign to have it signed elsewhere");
        return OTA_E_FORMAT;
    }
    ok = k->held != NULL             ? sign_held(k, message, len, out, out_len)
         : k->kind == IMGKEY_ED25519 ? sign_message(k, message, len, out, out_len)
                                     : sign_digest(k, message, len, out, out_len);
    ERR_clear_error();
    if (!ok || imgkey_verify(k, message, len, out, *out_len) != OTA_OK)
        return say_fail(OTA_E_INTERNAL, "the key does not make a signature that verifies");
    return OTA_OK;
}

ota_err imgkey_verify(const struct imgkey *k, const void *message, size_t len,
                      const uint8_t *sig, size_t sig_len)
{
    EVP_PKEY_CTX *ctx = NULL;
    EVP_MD_CTX *md = NULL;
    bool ok = false;

    if (k->kind == IMGKEY_ED25519) {
        md = EVP_MD_CTX_new();
        ok = md != NULL && EVP_DigestVerifyInit(md, NULL, NULL, NULL, k->evp) == 1 &&
             EVP_DigestVerify(md, sig, sig_len, message, len) == 1;
    } else if (traits[k->kind].tlv != 0) {
        /* --pad-sig puts zeros behind the DER */
        if (traits[k->kind].tlv == LAYOUT_ECDSA && sig_len > 2 && sig[1] + 2u < sig_len)
            sig_len = sig[1] + 2u;
        ctx = digest_context(k, len, EVP_PKEY_verify_init);
        ok = ctx != NULL && EVP_PKEY_verify(ctx, sig, sig_len, message, len) == 1;
    }
    EVP_MD_CTX_free(md);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok ? OTA_OK : OTA_E_SIGNATURE;
}

/* The length of the DER element at p, head included; 0 if it is not all there. */
static size_t der_element(const uint8_t *p, size_t left, size_t *out_head)
{
    size_t n, head = 2;

    if (left < 2)
        return 0;
    n = p[1];
    if (n >= 0x80) {
        size_t more = n & 0x7f;

        if (more == 0 || more > 2 || left < 2 + more)
            return 0;
        n = more == 1 ? p[2] : (size_t)p[2] << 8 | p[3];
        head += more;
    }
    *out_head = head;
    return n <= left - head ? head + n : 0;
}

/* RSAPrivateKey without what follows from it: version, n, e, d, p, q stay. */
static bool rsa_minimal(struct file_bytes *f)
{
    size_t head = 0, at, ignored, body;

    if (der_element(f->data, f->len, &head) != f->len || head != 4)
        return false;
    at = head;
    for (int i = 0; i < 6; i++) {
        size_t n = der_element(f->data + at, f->len - at, &ignored);

        if (n == 0)
            return false;
        at += n;
    }
    body = at - head;
    OPENSSL_cleanse(f->data + at, f->len - at);
    f->data[2] = (uint8_t)(body >> 8);
    f->data[3] = (uint8_t)body;
    f->len = at;
    return true;
}

static int private_encode(EVP_PKEY *evp, bool pkcs8, unsigned char **out)
{
    PKCS8_PRIV_KEY_INFO *info;
    int len;

    if (!pkcs8)
        return i2d_PrivateKey(evp, out);
    info = EVP_PKEY2PKCS8(evp);
    len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, out);
    PKCS8_PRIV_KEY_INFO_free(info);
    return len;
}

ota_err imgkey_private_der(const struct imgkey *k, bool pkcs8, bool minimal,
                           struct file_bytes *out)
{
    bool rsa = k->kind == IMGKEY_RSA2048 || k->kind == IMGKEY_RSA3072;
    bool ec = k->kind == IMGKEY_P256 || k->kind == IMGKEY_P384;
    struct file_bytes f = {NULL, 0};
    unsigned char *der = NULL;
    int len;

    if (!k->private || k->held != NULL)
        return say_fail(OTA_E_FORMAT, "the private key is needed in a file, not encrypted");
    if (k->kind == IMGKEY_ED25519 || (rsa && pkcs8) || (!rsa && !ec && !pkcs8))
        return say_fail(OTA_E_FORMAT, "%s keys are not written in this form",
                        traits[k->kind].type);
    if (ec && minimal)
        (void)EVP_PKEY_set_int_param(k->evp, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 0);
    len = private_encode(k->evp, pkcs8, &der);
    if (len > 0)
        f.data = malloc((size_t)len);
    if (f.data != NULL) {
        f.len = (size_t)len;
        memcpy(f.data, der, f.len);
    }
    if (len > 0)
        OPENSSL_cleanse(der, (size_t)len);
    OPENSSL_free(der);
    if (f.data == NULL || (rsa && minimal && !rsa_minimal(&f))) {
        file_free(&f);
        return say_fail(OTA_E_INTERNAL, "libcrypto cannot encode the key");
    }
    *out = f;
    return OTA_OK;
}

/* PKCS#8 with PBES2 and our count of rounds: libcrypto's own writer knows only 2,048. */
static int write_encrypted(BIO *bio, EVP_PKEY *evp, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(evp);
    X509_ALGOR *pbe = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PBKDF2_ROUNDS, NULL, SALT_BYTES,
                                        NULL, NID_hmacWithSHA256);
    X509_SIG *sig = NULL;
    int ok = 0;

    if (info != NULL && pbe != NULL)
        sig = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, pbe);
    if (sig == NULL)
        X509_ALGOR_free(pbe);
    else
        ok = PEM_write_bio_PKCS8(bio, sig);
    X509_SIG_free(sig);
    PKCS8_PRIV_KEY_INFO_free(info);
    return ok;
}

ota_err imgkey_write(const struct imgkey *k, const char *path, const char *passphrase,
                     bool replace)
{
    struct file_bytes f = {NULL, 0};
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = 0;
    ota_err e;

    if (bio != NULL && passphrase != NULL)
        ok = write_encrypted(bio, k->evp, passphrase);
    else if (bio != NULL)
        ok = PEM_write_bio_PKCS8PrivateKey(bio, k->evp, NULL, NULL, 0, NULL, NULL);
    e = bio_take(bio, ok, &f);
    if (e != OTA_OK)
        return e;
    e = file_write_new(path, f.data, f.len, 0600, replace);
    key_wipe(f.data, f.len);
    file_free(&f);
    return e;
}
