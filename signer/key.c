/*
 * Signing keys over libsodium; what files and tokens hold comes from keys/.
 *
 * Invariant: an Ed25519 secret exists only in sodium_malloc'd memory (and for moments inside
 * libcrypto's own, which it wipes); P-256 secrets stay inside libcrypto; those of tokens there.
 */
#include "key.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../firmware/boards/host/minisign.h"
#include "../keys/private.h"
#include "../keys/token.h"
#include "../keys/token_uri.h"
#include "file.h"
#include "sample.h"
#include "say.h"

struct key {
    struct key_public public;
    uint8_t *ed25519;        /* crypto_sign_SECRETKEYBYTES in locked memory, or NULL */
    struct pem_key *p256;    /* or NULL */
    struct token_key *token; /* or NULL */
};

ota_err key_init(void)
{
    if (pem_init() != OTA_OK)
        return say_fail(OTA_E_INTERNAL, "libcrypto cannot start");
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

void key_wipe_stack(void)
{
    enum { DEPTH_BYTES = 64 * 1024 }; /* more than reading or using a key takes */

    sodium_stackzero(DEPTH_BYTES);
}

void key_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

uint32_t key_random(uint32_t limit)
{
    return randombytes_uniform(limit);
}

void key_random_bytes(void *out, size_t len)
{
    randombytes_buf(out, len);
}

bool key_is_uri(const char *name)
{
    return token_uri_is(name);
}

ota_err key_sample_check(const struct key_public *public, const char *name)
{
    const char *source = sample_key_source(public->hash);

    if (source == NULL || sample_keys_allowed())
        return OTA_OK;
    say_error("%s is a sample key; everybody has its private half (%s)", name, source);
    say_hint("make one with `signer keygen`; for trials there is --allow-sample-key");
    return OTA_E_DENIED;
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
    struct why why = {0};

    private_tell(&why, e, path, text, private);
    return say_why(e, &why);
}

/* A private key's text, in whichever form. */
static ota_err private_of(const char *path, char *text, size_t len, struct pem_key **out)
{
    const struct asker asker = ask_for_keys();
    struct why why = {0};

    return say_why(private_open(path, text, len, &asker, out, &why), &why);
}

static ota_err read_file(const char *path, struct key **out)
{
    char *text = sodium_malloc(PRIVATE_ROOM);
    struct pem_key *pem = NULL;
    size_t len = 0;
    ota_err e;

    if (text == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no locked memory for a key (ulimit -l)");
    e = file_read_secret(path, text, PRIVATE_ROOM, &len);
    if (e == OTA_OK) {
        text[len] = '\0';
        e = private_of(path, text, len, &pem);
    }
    sodium_free(text);
    return e == OTA_OK ? from_pem(pem, out) : e;
}

ota_err key_file_is_encrypted(const char *path, bool *out)
{
    char *text = sodium_malloc(PRIVATE_ROOM);
    size_t len = 0;
    ota_err e = OTA_E_NO_MEMORY;

    if (text != NULL)
        e = file_read_secret(path, text, PRIVATE_ROOM, &len);
    if (e == OTA_OK) {
        text[len] = '\0';
        *out = private_is_encrypted(text);
    }
    sodium_free(text);
    return e;
}

static ota_err public_as(const struct token_public *p, struct key_public *out)
{
    out->alg = p->alg;
    out->bytes = p->key_bytes;
    memcpy(out->key, p->key, p->key_bytes);
    return manifest_key_hash(out->alg, out->key, out->bytes, out->hash);
}

static ota_err public_of_token(const struct token_key *token, struct key_public *out)
{
    return public_as(token_key_public(token), out);
}

/* Takes token over. */
static ota_err from_token(struct token_key *token, struct key **out)
{
    struct key *k = calloc(1, sizeof *k);
    ota_err e = k == NULL ? OTA_E_NO_MEMORY : public_of_token(token, &k->public);

    if (e != OTA_OK) {
        token_key_free(token);
        free(k);
        return say_fail(e, "cannot use the key: %s", ota_err_name(e));
    }
    k->token = token;
    *out = k;
    return OTA_OK;
}

ota_err key_token_new(const char *uri, enum crypto_alg alg, struct key **out)
{
    const struct asker asker = ask_for_keys();
    struct token_key *token = NULL;
    struct why why = {0};
    ota_err e = say_why(token_key_new(uri, alg, &asker, &token, &why), &why);

    return e == OTA_OK ? from_token(token, out) : e;
}

static ota_err read_token(const char *uri, struct key **out)
{
    const struct asker asker = ask_for_keys();
    struct token_key *token = NULL;
    struct why why = {0};
    ota_err e = say_why(token_key_open(uri, &asker, &token, &why), &why);

    return e == OTA_OK ? from_token(token, out) : e;
}

ota_err key_read(const char *name, struct key **out)
{
    struct key *k = NULL;
    ota_err e = key_is_uri(name) ? read_token(name, &k) : read_file(name, &k);

    key_wipe_stack();
    if (e == OTA_OK)
        e = key_sample_check(&k->public, key_is_uri(name) ? "the token's key" : name);
    if (e != OTA_OK)
        key_free(k);
    else
        *out = k;
    return e;
}

void key_free(struct key *k)
{
    if (k == NULL)
        return;
    sodium_free(k->ed25519);
    pem_free(k->p256);
    token_key_free(k->token);
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
    if (k->ed25519 == NULL) {
        say_error("this key does not leave its token");
        return OTA_E_DENIED;
    }
    return pem_ed25519_new(k->ed25519, out); /* the secret key starts with its seed */
}

/* PKCS#8 text of len bytes gives way to our encrypted form. */
static ota_err box_text(const struct key_public *public, const struct secret *passphrase,
                        const struct keybox_cost *cost, char *text, size_t *len)
{
    struct keybox box = {.cost = *cost, .alg = public->alg, .key_bytes = public->bytes};
    ota_err e;

    memcpy(box.key, public->key, public->bytes);
    e = keybox_seal(&box, passphrase->text, passphrase->len, text, *len);
    if (e == OTA_OK)
        e = keybox_write(&box, text, KEYBOX_TEXT_BYTES_MAX, len);
    return e == OTA_OK ? OTA_OK : say_fail(e, "cannot encrypt the key: %s", ota_err_name(e));
}

ota_err key_write_private(const struct key *k, const char *path, const struct keybox_cost *cost,
                          enum secret_kind kind, bool force)
{
    struct secret passphrase = {NULL, 0};
    struct pem_key *pem = NULL;
    char *text = NULL;
    size_t len = 0;
    ota_err e = force ? OTA_OK : file_absent(path);

    if (e == OTA_OK)
        e = to_pem(k, &pem);
    if (e == OTA_OK && cost != NULL)
        e = ask_new(kind, path, &passphrase);
    if (e == OTA_OK && (text = sodium_malloc(KEYBOX_TEXT_BYTES_MAX)) == NULL)
        e = say_fail(OTA_E_NO_MEMORY, "no locked memory for a key (ulimit -l)");
    if (e == OTA_OK && pem_private_write(pem, text, PEM_BYTES_MAX, &len) != OTA_OK)
        e = say_fail(OTA_E_INTERNAL, "cannot encode the key");
    if (e == OTA_OK && cost != NULL)
        e = box_text(&k->public, &passphrase, cost, text, &len);
    if (e == OTA_OK)
        e = file_write_new(path, text, len, 0600, force);
    sodium_free(text);
    secret_free(&passphrase);
    if (pem != k->p256)
        pem_free(pem);
    return e;
}

ota_err key_public_write(const struct key_public *public, const char *path, bool force)
{
    char text[PEM_BYTES_MAX];
    struct pem_key *pem = NULL;
    size_t len = 0;
    ota_err e = pem_public_new(public->alg, public->key, public->bytes, &pem);

    if (e == OTA_OK)
        e = pem_public_write(pem, text, sizeof text, &len);
    pem_free(pem);
    if (e != OTA_OK)
        return say_fail(e, "cannot encode the key");
    return file_write_new(path, text, len, 0644, force);
}

static ota_err write_both(const struct key *k, const char *path, const struct keybox_cost *cost,
                          enum secret_kind kind, bool force)
{
    char public_path[4096];
    ota_err e = OTA_OK;

    key_sibling(path, ".pub", public_path, sizeof public_path);
    if (!force)
        e = file_absent(path);
    if (e == OTA_OK && !force)
        e = file_absent(public_path);
    if (e == OTA_OK)
        e = key_write_private(k, path, cost, kind, force);
    return e == OTA_OK ? key_public_write(&k->public, public_path, force) : e;
}

ota_err key_write(const struct key *k, const char *path, bool force)
{
    return write_both(k, path, NULL, SECRET_PASSPHRASE, force);
}

ota_err key_write_encrypted(const struct key *k, const char *path,
                            const struct keybox_cost *cost, enum secret_kind passphrase,
                            bool force)
{
    return write_both(k, path, cost, passphrase, force);
}

static ota_err token_sign(const struct token_key *k, const void *message, size_t len,
                          uint8_t out[64])
{
    struct why why = {0};

    return say_why(token_key_sign(k, message, len, out, &why), &why);
}

/* Ed25519 over a message, wherever the key is. */
static ota_err ed25519_sign(const struct key *k, const void *message, size_t len,
                            uint8_t out[crypto_sign_BYTES])
{
    if (k->token != NULL)
        return token_sign(k->token, message, len, out);
    (void)crypto_sign_detached(out, NULL, message, len, k->ed25519);
    return OTA_OK;
}

static ota_err p256_sign(const struct key *k, const uint8_t digest[CRYPTO_DIGEST_BYTES],
                         uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len)
{
    uint8_t rs[64];
    ota_err e;

    if (k->token == NULL)
        return pem_p256_sign(k->p256, digest, out, out_len);
    e = token_sign(k->token, digest, CRYPTO_DIGEST_BYTES, rs);
    return e == OTA_OK ? pem_p256_der(rs, out, out_len) : e;
}

ota_err key_sign(const struct key *k, const uint8_t digest[CRYPTO_DIGEST_BYTES],
                 uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len)
{
    ota_err e;

    *out_len = crypto_sign_BYTES;
    if (k->public.alg == CRYPTO_P256)
        e = p256_sign(k, digest, out, out_len);
    else
        e = ed25519_sign(k, digest, CRYPTO_DIGEST_BYTES, out);
    if (e != OTA_OK)
        return e;
    if (crypto_verify(k->public.alg, k->public.key, k->public.bytes, digest, out, *out_len) !=
        OTA_OK)
        return say_fail(OTA_E_INTERNAL, "the signature just made does not verify");
    return OTA_OK;
}

static ota_err ed25519_only(const struct key *k)
{
    if (k->public.alg == CRYPTO_ED25519)
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
    e = ed25519_sign(k, digest, sizeof digest, out->signature);
    if (e != OTA_OK)
        return e;
    (void)snprintf(out->comment, sizeof out->comment, "%s", comment);
    out->comment_bytes = n;
    memcpy(global, out->signature, MINISIG_SIGNATURE_BYTES);
    memcpy(global + MINISIG_SIGNATURE_BYTES, out->comment, out->comment_bytes);
    e = ed25519_sign(k, global, MINISIG_SIGNATURE_BYTES + out->comment_bytes,
                     out->global_signature);
    if (e != OTA_OK)
        return e;
    if (minisign_verify(k->public.key, out->key_number, message, len, out) != OTA_OK)
        return say_fail(OTA_E_INTERNAL, "the signature just made does not verify");
    return OTA_OK;
}

ota_err key_sign_message(const struct key *k, const void *message, size_t len,
                         uint8_t out[MINISIG_SIGNATURE_BYTES])
{
    ota_err e = ed25519_only(k);

    if (e == OTA_OK)
        e = ed25519_sign(k, message, len, out);
    if (e == OTA_OK && k->token != NULL &&
        crypto_sign_verify_detached(out, message, len, k->public.key) != 0)
        e = say_fail(OTA_E_INTERNAL, "the signature just made does not verify");
    return e;
}

/* An encrypted file tells its public half without its passphrase. */
static ota_err public_of_box(const char *path, const char *text, size_t len,
                             struct key_public *out)
{
    struct keybox box;
    ota_err e = keybox_parse(text, len, &box);

    if (e != OTA_OK)
        return format_said(e, path, text, true);
    out->alg = box.alg;
    out->bytes = box.key_bytes;
    memcpy(out->key, box.key, box.key_bytes);
    return manifest_key_hash(out->alg, out->key, out->bytes, out->hash);
}

static ota_err public_of_uri(const char *uri, struct key_public *out)
{
    const struct asker asker = ask_for_keys();
    struct token_public found;
    struct why why = {0};
    ota_err e = say_why(token_public_read(uri, &asker, &found, &why), &why);

    return e == OTA_OK ? public_as(&found, out) : e;
}

static bool is_private(const char *text)
{
    return strstr(text, "PRIVATE KEY-----") != NULL;
}

static ota_err public_of_text(const char *path, char *text, size_t len, struct key_public *out)
{
    struct pem_key *pem = NULL;
    ota_err e;

    if (keybox_is(text))
        return public_of_box(path, text, len, out);
    if (is_private(text)) {
        e = private_of(path, text, len, &pem);
    } else {
        e = pem_public_read(text, len, &pem);
        if (e != OTA_OK)
            (void)format_said(e, path, text, false);
    }
    if (e == OTA_OK)
        e = public_of(pem, out);
    pem_free(pem);
    return e;
}

ota_err key_public_read(const char *name, struct key_public *out)
{
    struct file_bytes f;
    ota_err e;

    if (key_is_uri(name))
        return public_of_uri(name, out);
    e = file_read(name, PRIVATE_ROOM - 1, &f);
    if (e != OTA_OK)
        return e;
    e = public_of_text(name, (char *)f.data, f.len, out);
    key_wipe_stack();
    sodium_memzero(f.data, f.len);
    file_free(&f);
    return e;
}
