/*
 * Signing keys over libsodium; PEM and P-256 come from pem.c.
 *
 * Invariant: an Ed25519 secret exists only in sodium_malloc'd memory (and for moments inside
 * libcrypto's own, which it wipes); P-256 secrets stay inside libcrypto.
 */
#include "key.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../firmware/boards/host/minisign.h"
#include "file.h"
#include "pem.h"
#include "say.h"

struct key {
    struct key_public public;
    uint8_t *ed25519;     /* crypto_sign_SECRETKEYBYTES in locked memory, or NULL */
    struct pem_key *p256; /* or NULL */
};

ota_err key_init(void)
{
    return sodium_init() < 0 ? say_fail(OTA_E_INTERNAL, "libsodium cannot start") : OTA_OK;
}

const char *key_alg_name(enum crypto_alg alg)
{
    return alg == CRYPTO_ED25519 ? "ed25519" : "p256";
}

void *key_secret_alloc(size_t len)
{
    return sodium_malloc(len);
}

void key_secret_free(void *p)
{
    sodium_free(p);
}

void key_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

uint32_t key_random(uint32_t limit)
{
    return randombytes_uniform(limit);
}

static ota_err public_of(const struct pem_key *pem, struct key_public *out)
{
    ota_err e = pem_public(pem, out->key, &out->bytes);

    out->alg = pem_alg(pem);
    if (e == OTA_OK)
        e = manifest_key_hash(out->alg, out->key, out->bytes, out->hash);
    return e;
}

/* Takes pem over. */
static ota_err from_pem(struct pem_key *pem, struct key **out)
{
    struct key *k = calloc(1, sizeof *k);
    uint8_t *seed = sodium_malloc(crypto_sign_SEEDBYTES);
    uint8_t again[crypto_sign_PUBLICKEYBYTES];
    ota_err e = k == NULL || seed == NULL ? OTA_E_NO_MEMORY : public_of(pem, &k->public);

    if (e == OTA_OK && k->public.alg == CRYPTO_ED25519) {
        k->ed25519 = sodium_malloc(crypto_sign_SECRETKEYBYTES);
        e = k->ed25519 == NULL ? OTA_E_NO_MEMORY : pem_ed25519_seed(pem, seed);
        if (e == OTA_OK)
            (void)crypto_sign_seed_keypair(again, k->ed25519, seed);
    } else if (e == OTA_OK) {
        k->p256 = pem;
        pem = NULL;
    }
    pem_free(pem);
    sodium_free(seed);
    if (e != OTA_OK) {
        key_free(k);
        return say_fail(e, "cannot use the key: %s", ota_err_name(e));
    }
    *out = k;
    return OTA_OK;
}

ota_err key_new(enum crypto_alg alg, struct key **out)
{
    struct pem_key *pem = NULL;
    uint8_t *seed = NULL;
    ota_err e;

    if (alg == CRYPTO_P256) {
        e = pem_p256_new(&pem);
    } else {
        seed = sodium_malloc(crypto_sign_SEEDBYTES);
        if (seed == NULL)
            return say_fail(OTA_E_NO_MEMORY, "no locked memory for a key (ulimit -l)");
        randombytes_buf(seed, crypto_sign_SEEDBYTES);
        e = pem_ed25519_new(seed, &pem);
        sodium_free(seed);
    }
    return e == OTA_OK ? from_pem(pem, out) : say_fail(e, "libcrypto cannot make a key");
}

static ota_err format_said(ota_err e, const char *path, const char *text, bool private)
{
    if (e == OTA_E_LIMIT)
        say_error("%s holds a key that is neither Ed25519 nor P-256", path);
    else if (private && pem_is_encrypted(text))
        say_error("%s is encrypted", path);
    else if (private)
        say_error("%s is no private key in PEM form (PKCS#8)", path);
    else
        say_error("%s is no public key in PEM form", path);
    if (private && pem_is_encrypted(text))
        say_hint("`openssl pkey -in %s -out PLAIN` (umask 077) takes the passphrase off", path);
    else if (private && strstr(text, "BEGIN PUBLIC KEY") != NULL)
        say_hint("it is the public half; signing needs the private one");
    return e;
}

ota_err key_read(const char *path, struct key **out)
{
    enum { ROOM = 16384 };
    char *text = sodium_malloc(ROOM);
    struct pem_key *pem = NULL;
    size_t len = 0;
    ota_err e;

    if (text == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no locked memory for a key (ulimit -l)");
    e = file_read_secret(path, text, ROOM, &len);
    if (e == OTA_OK) {
        text[len] = '\0';
        e = pem_private_read(text, len, &pem);
        if (e != OTA_OK)
            (void)format_said(e, path, text, true);
    }
    sodium_free(text);
    return e == OTA_OK ? from_pem(pem, out) : e;
}

void key_free(struct key *k)
{
    if (k == NULL)
        return;
    sodium_free(k->ed25519);
    pem_free(k->p256);
    free(k);
}

const struct key_public *key_public(const struct key *k)
{
    return &k->public;
}

void key_sibling(const char *path, const char *ending, char *out, size_t room)
{
    size_t len = strlen(path);

    if (len > 4 && strcmp(path + len - 4, ".pem") == 0)
        len -= 4;
    (void)snprintf(out, room, "%.*s%s", (int)len, path, ending);
}

/* The key as libcrypto's, to be written; free with pem_free unless it is k's own. */
static ota_err to_pem(const struct key *k, struct pem_key **out)
{
    if (k->p256 != NULL) {
        *out = k->p256;
        return OTA_OK;
    }
    return pem_ed25519_new(k->ed25519, out); /* the secret key starts with its seed */
}

ota_err key_write(const struct key *k, const char *path, bool force)
{
    char public_path[4096], public_text[PEM_BYTES_MAX];
    char *text = sodium_malloc(PEM_BYTES_MAX);
    struct pem_key *pem = NULL;
    size_t len = 0, public_len = 0;
    ota_err e = text == NULL ? OTA_E_NO_MEMORY : to_pem(k, &pem);

    key_sibling(path, ".pub", public_path, sizeof public_path);
    if (e == OTA_OK)
        e = pem_private_write(pem, text, PEM_BYTES_MAX, &len);
    if (e == OTA_OK)
        e = pem_public_write(pem, public_text, sizeof public_text, &public_len);
    if (e != OTA_OK)
        say_error("cannot encode the key");
    if (e == OTA_OK && !force)
        e = file_absent(path);
    if (e == OTA_OK && !force)
        e = file_absent(public_path);
    if (e == OTA_OK)
        e = file_write_new(path, text, len, 0600, force);
    if (e == OTA_OK)
        e = file_write_new(public_path, public_text, public_len, 0644, force);
    sodium_free(text);
    if (pem != k->p256)
        pem_free(pem);
    return e;
}

ota_err key_sign(const struct key *k, const uint8_t digest[CRYPTO_DIGEST_BYTES],
                 uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len)
{
    ota_err e = OTA_OK;

    if (k->p256 != NULL) {
        e = pem_p256_sign(k->p256, digest, out, out_len);
    } else {
        (void)crypto_sign_detached(out, NULL, digest, CRYPTO_DIGEST_BYTES, k->ed25519);
        *out_len = crypto_sign_BYTES;
    }
    if (e != OTA_OK || crypto_verify(k->public.alg, k->public.key, k->public.bytes, digest, out,
                                     *out_len) != OTA_OK)
        return say_fail(OTA_E_INTERNAL, "the signature just made does not verify");
    return OTA_OK;
}

static ota_err ed25519_only(const struct key *k)
{
    if (k->ed25519 != NULL)
        return OTA_OK;
    say_error("this key is P-256; releases are signed with Ed25519, as minisign does");
    say_hint("make one with `signer keygen --purpose release -o FILE`");
    return OTA_E_FORMAT;
}

ota_err key_minisign(const struct key *k, const void *message, size_t len, const char *comment,
                     struct minisig *out)
{
    uint8_t digest[64], global[MINISIG_SIGNATURE_BYTES + MINISIG_COMMENT_BYTES_MAX];
    ota_err e = ed25519_only(k);
    size_t n = strlen(comment);

    if (e != OTA_OK)
        return e;
    if (n > MINISIG_COMMENT_BYTES_MAX)
        return say_fail(OTA_E_LIMIT, "the trusted comment is too long");
    memset(out, 0, sizeof *out);
    minisign_key_number(k->public.key, out->key_number);
    (void)crypto_generichash(digest, sizeof digest, message, len, NULL, 0);
    (void)crypto_sign_detached(out->signature, NULL, digest, sizeof digest, k->ed25519);
    (void)snprintf(out->comment, sizeof out->comment, "%s", comment);
    out->comment_bytes = n;
    memcpy(global, out->signature, MINISIG_SIGNATURE_BYTES);
    memcpy(global + MINISIG_SIGNATURE_BYTES, out->comment, out->comment_bytes);
    (void)crypto_sign_detached(out->global_signature, NULL, global,
                               MINISIG_SIGNATURE_BYTES + out->comment_bytes, k->ed25519);
    if (minisign_verify(k->public.key, out->key_number, message, len, out) != OTA_OK)
        return say_fail(OTA_E_INTERNAL, "the signature just made does not verify");
    return OTA_OK;
}

ota_err key_sign_message(const struct key *k, const void *message, size_t len,
                         uint8_t out[MINISIG_SIGNATURE_BYTES])
{
    ota_err e = ed25519_only(k);

    if (e == OTA_OK)
        (void)crypto_sign_detached(out, NULL, message, len, k->ed25519);
    return e;
}

static bool is_private(const char *text)
{
    return strstr(text, "PRIVATE KEY-----") != NULL;
}

ota_err key_public_read(const char *path, struct key_public *out)
{
    struct file_bytes f;
    struct pem_key *pem = NULL;
    ota_err e = file_read(path, 16384, &f);

    if (e != OTA_OK)
        return e;
    e = is_private((char *)f.data) ? pem_private_read(f.data, f.len, &pem)
                                   : pem_public_read(f.data, f.len, &pem);
    if (e == OTA_OK)
        e = public_of(pem, out);
    else
        (void)format_said(e, path, (char *)f.data, is_private((char *)f.data));
    pem_free(pem);
    sodium_memzero(f.data, f.len);
    file_free(&f);
    return e;
}
