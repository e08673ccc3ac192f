/* The host's port of crypto_rsa.h: libcrypto. */
#include "../../image/crypto_rsa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

static EVP_PKEY *key_of(const struct crypto_rsa *key)
{
    BIGNUM *n = BN_bin2bn(key->modulus, key->bytes, NULL), *e = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *out = NULL;

    if (n != NULL && e != NULL && build != NULL && ctx != NULL &&
        BN_set_word(e, key->exponent) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
        (params = OSSL_PARAM_BLD_to_param(build)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_PUBLIC_KEY, params);
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(n);
    return out;
}

ota_err crypto_verify_rsa_pss_message(const struct crypto_rsa *key, const void *message,
                                      size_t len, const uint8_t *sig, size_t sig_bytes)
{
    EVP_PKEY *pkey = key_of(key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL; /* belongs to ctx */
    bool good = pkey != NULL && ctx != NULL && sig_bytes == key->bytes &&
                EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, pkey) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(how, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_AUTO) == 1 &&
                EVP_DigestVerify(ctx, sig, sig_bytes, message, len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good ? OTA_OK : OTA_E_SIGNATURE;
}
