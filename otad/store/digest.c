/*
 * libcrypto's EVP, because it uses the processor's SHA instructions.  The methods are fetched
 * once: looking them up for every file costs more than a small file.
 */
#include "otad/store/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { METHODS = 3 };

static const char *const names[METHODS] = {"SHA2-256", "SHA1", "MD5"};
static EVP_MD *methods[METHODS];
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

struct digester {
    EVP_MD_CTX *context[METHODS];
};

static void fetch(void)
{
    for (size_t i = 0; i < METHODS; i++)
        methods[i] = EVP_MD_fetch(NULL, names[i], NULL);
}

void digester_free(struct digester *d)
{
    for (size_t i = 0; i < METHODS; i++)
        EVP_MD_CTX_free(d->context[i]);
    free(d);
}

ota_err digester_new(struct digester **out)
{
    struct digester *d = calloc(1, sizeof *d);

    if (d == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_once(&fetched, fetch);
    for (size_t i = 0; i < METHODS; i++) {
        d->context[i] = EVP_MD_CTX_new();
        if (d->context[i] == NULL || methods[i] == NULL ||
            EVP_DigestInit_ex2(d->context[i], methods[i], NULL) != 1) {
            digester_free(d);
            return OTA_E_INTERNAL;
        }
    }
    *out = d;
    return OTA_OK;
}

ota_err digester_add(struct digester *d, const void *data, size_t len)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (EVP_DigestUpdate(d->context[i], data, len) != 1)
            return OTA_E_INTERNAL;
    }
    return OTA_OK;
}

ota_err digester_end(struct digester *d, struct digests *out)
{
    bool ok = EVP_DigestFinal_ex(d->context[0], out->sha256.b, NULL) == 1 &&
              EVP_DigestFinal_ex(d->context[1], out->sha1, NULL) == 1 &&
              EVP_DigestFinal_ex(d->context[2], out->md5, NULL) == 1;

    return ok ? OTA_OK : OTA_E_INTERNAL;
}
