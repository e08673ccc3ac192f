/*
 * Files are read whole into guarded memory, keys are swapped under a lock, and what is replaced
 * is wiped by sodium_free.  A file is made with O_EXCL under another name and linked into place
 * when it is complete, so two processes that start at once agree on one key.
 *
 * Invariant: nobody holds the lock while a token is asked.
 */
#include "online_key.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credential.h"
#include "keys/private.h"
#include "keys/token_uri.h"

enum { PATH_BYTES = 4096, SEED = 32, LOOK_MS = 10000 };

_Static_assert(SEED == crypto_sign_SEEDBYTES, "a PKCS#8 Ed25519 key is its seed");

struct secret_key {
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
};

/* Neither: there is none. */
struct key {
    struct secret_key *secret; /* sodium_malloc */
    struct online_public pub;  /* of secret */
    struct token_signer *token;
};

struct key_set {
    struct key key[ONLINE_ROLES][ONLINE_KEYS_MAX];
};

struct online_keys {
    struct token_signers *tokens;
    pthread_rwlock_t lock;
    struct key_set set; /* under lock */
};

static const char *const role_name[ONLINE_ROLES] = {"snapshot", "timestamp", "director"};

const char *online_role_name(enum online_role role)
{
    return role_name[role];
}

/* ---- one key ------------------------------------------------------------------------------
 */

/* SHA-256 of the key's canonical JSON. */
static void id_make(struct online_public *p)
{
    char hex[2 * ONLINE_PUBLIC_BYTES + 1], text[160];
    uint8_t digest[crypto_hash_sha256_BYTES];
    (void)sodium_bin2hex(hex, sizeof hex, p->key, sizeof p->key);
    const int n = snprintf(
        text, sizeof text,
        "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},\"scheme\":\"ed25519\"}", hex);
    (void)crypto_hash_sha256(digest, (const unsigned char *)text, (unsigned long long)n);
    (void)sodium_bin2hex(p->id, sizeof p->id, digest, sizeof digest);
}

static void key_drop(struct key *k)
{
    sodium_free(k->secret); /* wipes */
    token_signer_release(k->token);
    *k = (struct key){0};
}

static ota_err key_from_seed(const uint8_t seed[SEED], struct key *out)
{
    out->secret = sodium_malloc(sizeof *out->secret);
    if (out->secret == NULL)
        return OTA_E_NO_MEMORY;
    (void)crypto_sign_seed_keypair(out->pub.key, out->secret->sk, seed);
    id_make(&out->pub);
    return OTA_OK;
}

/* ---- files --------------------------------------------------------------------------------
 */

/* The text of a file, which ends in a zero byte; buf is guarded and has PRIVATE_ROOM bytes. */
static ota_err file_read(const char *path, char *buf, size_t *out_len, struct why *why)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return why_fail(why, errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO, "cannot open %s: %s",
                        path, strerror(errno));
    const bool private =
        fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    const ssize_t n = private ? read(fd, buf, PRIVATE_ROOM - 1) : 0;
    (void)close(fd);
    if (n < 0)
        return why_fail(why, OTA_E_IO, "cannot read %s: %s", path, strerror(errno));
    buf[n] = '\0';
    *out_len = (size_t)n;
    if (!private)
        why_hint(why, "chmod 600 %s", path);
    return private ? OTA_OK
                   : why_fail(why, OTA_E_FORMAT, "%s is a key that others may read", path);
}

static ota_err passphrase_read(void *ctx, const char *name, struct secret *out, struct why *why)
{
    const struct online_config *config = ctx;
    char path[TOKEN_PATH_BYTES];
    bool exposed = false;
    if (*config->passphrase_file == '\0' && !credential_path("otad.passphrase", path)) {
        why_hint(why, "online_key_passphrase_file, or the systemd credential otad.passphrase");
        return why_fail(why, OTA_E_AUTH, "%s wants a passphrase, and there is none", name);
    }
    if (*config->passphrase_file == '\0')
        return secret_line_read(path, out, &exposed, why);
    ota_err err = secret_line_read(config->passphrase_file, out, &exposed, why);
    if (err == OTA_OK && exposed) {
        secret_free(out);
        err = why_fail(why, OTA_E_FORMAT, "%s is a passphrase that others may read",
                       config->passphrase_file);
    }
    return err == OTA_E_NOT_FOUND ? OTA_E_IO : err;
}

static ota_err key_from_pem(const char *path, const struct pem_key *pem, struct key *out,
                            struct why *why)
{
    if (pem_alg(pem) != CRYPTO_ED25519)
        return why_fail(why, OTA_E_FORMAT, "%s is a P-256 key; otad's own keys are Ed25519",
                        path);
    uint8_t *seed = sodium_malloc(SEED);
    ota_err err = seed == NULL ? OTA_E_NO_MEMORY : pem_ed25519_seed(pem, seed);
    if (err == OTA_OK)
        err = key_from_seed(seed, out);
    sodium_free(seed);
    return err;
}

static ota_err key_read(const struct online_config *config, const char *path, struct key *out,
                        struct why *why)
{
    const struct asker asker = {.passphrase = passphrase_read,
                                .ctx = (void *)(uintptr_t)config};
    char *text = sodium_malloc(PRIVATE_ROOM);
    struct pem_key *pem = NULL;
    size_t len = 0;
    if (text == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = file_read(path, text, &len, why);
    if (err == OTA_OK)
        err = private_open(path, text, len, &asker, &pem, why);
    if (err == OTA_OK)
        err = key_from_pem(path, pem, out, why);
    pem_free(pem);
    sodium_free(text);
    return err == OTA_E_LIMIT ? OTA_E_FORMAT : err;
}

/* The whole text is on the disk under another name before it has its own. */
static bool text_store(const char *path, const char *text)
{
    char temporary[PATH_BYTES];
    const int n = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary)
        return false;
    (void)unlink(temporary); /* of a process that had our number and fell */
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    const size_t len = strlen(text);
    bool good = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    if (good && link(temporary, path) != 0 && errno != EEXIST)
        good = false;
    (void)unlink(temporary);
    return good;
}

static ota_err key_make(const char *path, struct why *why)
{
    char *text = sodium_malloc(PEM_BYTES_MAX);
    uint8_t *seed = sodium_malloc(SEED);
    struct pem_key *pem = NULL;
    size_t len = 0;
    ota_err err = text == NULL || seed == NULL ? OTA_E_NO_MEMORY : OTA_OK;
    if (err == OTA_OK) {
        randombytes_buf(seed, SEED);
        err = pem_ed25519_new(seed, &pem);
    }
    if (err == OTA_OK)
        err = pem_private_write(pem, text, PEM_BYTES_MAX - 1, &len);
    if (err == OTA_OK) {
        text[len] = '\0';
        err = text_store(path, text)
                  ? OTA_OK
                  : why_fail(why, OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
    }
    pem_free(pem);
    sodium_free(seed);
    sodium_free(text);
    return err;
}

/* ---- all of them --------------------------------------------------------------------------
 */

static void set_drop(struct key_set *set)
{
    for (int r = 0; r < ONLINE_ROLES; r++)
        for (int i = 0; i < ONLINE_KEYS_MAX; i++)
            key_drop(&set->key[r][i]);
}

/* In the state folder: the first is made when it is missing; its successor need not be there.
 */
static ota_err own_file(const struct online_config *config, int role, int place,
                        struct key *out, struct why *why)
{
    char path[PATH_BYTES];
    struct why absent = {0};
    const int n = snprintf(path, sizeof path, "%s/tuf-%s%s.pem", config->state_dir,
                           role_name[role], place == 0 ? "" : ".next");
    if (n < 0 || n >= PATH_BYTES - 32)
        return OTA_E_LIMIT;
    ota_err err = key_read(config, path, out, &absent);
    if (err == OTA_E_NOT_FOUND && place > 0)
        return OTA_OK;
    if (err != OTA_E_NOT_FOUND) {
        *why = absent;
        return err;
    }
    err = key_make(path, why);
    return err == OTA_OK ? key_read(config, path, out, why) : err;
}

static ota_err token(const struct online_keys *keys, const struct online_config *config,
                     int role, const char *uri, struct key *out, struct why *why)
{
    struct token_signer_setup setup = {
        .sessions = role == ONLINE_DIRECTOR ? config->director_sessions : 1,
        .timeout_ms = config->token_timeout_ms,
        .look_ms = LOOK_MS};
    if (strlen(uri) >= sizeof setup.key.uri ||
        strlen(config->pin_file) >= sizeof setup.key.pin_file)
        return why_fail(why, OTA_E_FORMAT,
                        "the URI of a key, or the path of a PIN, is too long");
    (void)snprintf(setup.key.uri, sizeof setup.key.uri, "%s", uri);
    (void)snprintf(setup.key.pin_file, sizeof setup.key.pin_file, "%s", config->pin_file);
    if (*config->pin_file == '\0')
        setup.key.pin_is_credential = credential_path("otad.pin", setup.key.pin_file);
    return token_signer_get(keys->tokens, &setup, &out->token, why);
}

static ota_err place_read(const struct online_keys *keys, const struct online_config *config,
                          int role, int place, struct key *out, struct why *why)
{
    const char *name = config->key[role][place];
    if (*name == '\0')
        return own_file(config, role, place, out, why);
    if (token_uri_is(name))
        return token(keys, config, role, name, out, why);
    const ota_err err = key_read(config, name, out, why);
    return err == OTA_E_NOT_FOUND ? OTA_E_IO : err;
}

static ota_err set_read(const struct online_keys *keys, const struct online_config *config,
                        struct key_set *out, struct why *why)
{
    ota_err err = online_keys_check(config, why);
    *out = (struct key_set){0};
    for (int r = 0; err == OTA_OK && r < ONLINE_ROLES; r++)
        for (int i = 0; err == OTA_OK && i < ONLINE_KEYS_MAX; i++)
            err = place_read(keys, config, r, i, &out->key[r][i], why);
    if (err != OTA_OK)
        set_drop(out);
    return err;
}

ota_err online_keys_check(const struct online_config *config, struct why *why)
{
    struct token_uri uri;
    char wrong[160] = "";
    for (int r = 0; r < ONLINE_ROLES; r++)
        for (int i = 0; i < ONLINE_KEYS_MAX; i++) {
            const char *name = config->key[r][i], *next = i == 0 ? "" : "_next";
            if (*name == '\0' || *name == '/')
                continue;
            if (!token_uri_is(name))
                return why_fail(why, OTA_E_FORMAT,
                                "%s_key%s is neither an absolute path nor a pkcs11: URI",
                                role_name[r], next);
            if (token_uri_parse(name, &uri, wrong, sizeof wrong) != OTA_OK)
                return why_fail(why, OTA_E_FORMAT, "%s_key%s: %s", role_name[r], next, wrong);
        }
    return OTA_OK;
}

ota_err online_keys_open(const struct online_config *config, struct online_keys **out,
                         struct why *why)
{
    struct online_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = token_signers_new(&keys->tokens);
    if (err == OTA_OK)
        err = set_read(keys, config, &keys->set, why);
    if (err != OTA_OK) {
        token_signers_free(keys->tokens);
        free(keys);
        return err;
    }
    (void)pthread_rwlock_init(&keys->lock, NULL);
    *out = keys;
    return OTA_OK;
}

void online_keys_close(struct online_keys *keys)
{
    if (keys == NULL)
        return;
    set_drop(&keys->set);
    token_signers_free(keys->tokens);
    (void)pthread_rwlock_destroy(&keys->lock);
    free(keys);
}

ota_err online_keys_reload(struct online_keys *keys, const struct online_config *config,
                           struct why *why)
{
    struct key_set fresh, old;
    const ota_err err = set_read(keys, config, &fresh, why);
    if (err != OTA_OK)
        return err;
    (void)pthread_rwlock_wrlock(&keys->lock);
    old = keys->set;
    keys->set = fresh;
    (void)pthread_rwlock_unlock(&keys->lock);
    set_drop(&old);
    token_signers_retry(keys->tokens);
    return OTA_OK;
}

/* The public half of k.  false: there is no key, or its token has not told it yet. */
static bool public_of(const struct key *k, struct online_public *out)
{
    if (k->secret != NULL)
        *out = k->pub;
    else if (k->token == NULL || !token_signer_public(k->token, out->key))
        return false;
    else
        id_make(out);
    return true;
}

size_t online_keys_list(struct online_keys *keys, enum online_role role,
                        struct online_public out[ONLINE_KEYS_MAX])
{
    size_t count = 0;
    (void)pthread_rwlock_rdlock(&keys->lock);
    for (int i = 0; i < ONLINE_KEYS_MAX; i++)
        if (public_of(&keys->set.key[role][i], &out[count]))
            count++;
    (void)pthread_rwlock_unlock(&keys->lock);
    return count;
}

bool online_keys_are_unknown(struct online_keys *keys, enum online_role role)
{
    struct online_public pub;
    bool unknown = false;
    (void)pthread_rwlock_rdlock(&keys->lock);
    for (int i = 0; i < ONLINE_KEYS_MAX; i++) {
        const struct key *k = &keys->set.key[role][i];
        unknown = unknown || (k->token != NULL && !public_of(k, &pub));
    }
    (void)pthread_rwlock_unlock(&keys->lock);
    return unknown;
}

/* The key of this role with this public half; NULL: it is not known to be ours. */
static const struct key *find(const struct key_set *set, enum online_role role,
                              const uint8_t key[ONLINE_PUBLIC_BYTES], struct online_public *out)
{
    for (int i = 0; i < ONLINE_KEYS_MAX; i++) {
        const struct key *k = &set->key[role][i];
        if (public_of(k, out) && memcmp(out->key, key, ONLINE_PUBLIC_BYTES) == 0)
            return k;
    }
    return NULL;
}

ota_err online_sign(struct online_keys *keys, enum online_role role,
                    const uint8_t key[ONLINE_PUBLIC_BYTES], const void *msg, size_t len,
                    uint8_t out_sig[ONLINE_SIGNATURE_BYTES], char out_id[ONLINE_ID_TEXT_BYTES])
{
    struct token_signer *held = NULL;
    struct online_public pub;
    (void)pthread_rwlock_rdlock(&keys->lock);
    const struct key *k = find(&keys->set, role, key, &pub);
    const bool found = k != NULL;
    if (found && k->token != NULL) {
        held = k->token;
        token_signer_hold(held);
    } else if (found) {
        (void)crypto_sign_detached(out_sig, NULL, msg, len, k->secret->sk);
    }
    (void)pthread_rwlock_unlock(&keys->lock);
    if (!found)
        return online_keys_are_unknown(keys, role) ? OTA_E_BUSY : OTA_E_NOT_FOUND;
    if (out_id != NULL)
        memcpy(out_id, pub.id, sizeof pub.id);
    const ota_err err = held == NULL ? OTA_OK : token_signer_sign(held, msg, len, out_sig);
    token_signer_release(held);
    return err;
}

uint64_t online_keys_news(struct online_keys *keys)
{
    return token_signers_news(keys->tokens);
}

enum online_keeper online_key_keeper(struct online_keys *keys, enum online_role role, int place,
                                     struct token_signer_stats *out_stats)
{
    (void)pthread_rwlock_rdlock(&keys->lock);
    const struct key *k = &keys->set.key[role][place];
    const enum online_keeper keeper = k->token != NULL    ? ONLINE_TOKEN
                                      : k->secret != NULL ? ONLINE_FILE
                                                          : ONLINE_NONE;
    if (keeper == ONLINE_TOKEN)
        token_signer_stats(k->token, out_stats);
    (void)pthread_rwlock_unlock(&keys->lock);
    return keeper;
}
