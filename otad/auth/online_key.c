/*
 * Files are read whole into guarded memory, keys are swapped under a lock, and what is replaced
 * is wiped by sodium_free.  A file is made with O_EXCL under another name and linked into place
 * when it is complete, so two processes that start at once agree on one key.
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

enum { PATH_BYTES = 4096, PEM_BYTES_MAX = 512, DER_PREFIX = 16, SEED = 32 };

_Static_assert(SEED == crypto_sign_SEEDBYTES, "a PKCS#8 Ed25519 key is its seed");

/* RFC 8410: version 0, id-Ed25519, OCTET STRING of an OCTET STRING of 32 bytes. */
static const uint8_t der_prefix[DER_PREFIX] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                               0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const char pem_begin[] = "-----BEGIN PRIVATE KEY-----\n";
static const char pem_end[] = "-----END PRIVATE KEY-----\n";

struct secret {
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
};

struct key {
    struct secret *secret; /* sodium_malloc; NULL = there is none */
    struct online_public pub;
};

struct key_set {
    struct key key[ONLINE_ROLES][ONLINE_KEYS_MAX];
};

struct online_keys {
    const char *state_dir;
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

static ota_err path_of(const struct online_keys *keys, int role, int place,
                       char out[PATH_BYTES])
{
    const int n = snprintf(out, PATH_BYTES, "%s/tuf-%s%s.pem", keys->state_dir, role_name[role],
                           place == 0 ? "" : ".next");
    return n < 0 || n >= PATH_BYTES - 32 ? OTA_E_LIMIT : OTA_OK;
}

/* The text of a PEM file; buf is guarded. */
static ota_err file_read(const char *path, char buf[PEM_BYTES_MAX])
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO;
    const bool private =
        fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    const ssize_t n = private ? read(fd, buf, PEM_BYTES_MAX - 1) : 0;
    (void)close(fd);
    if (n < 0)
        return OTA_E_IO;
    buf[n] = '\0';
    return private ? OTA_OK : OTA_E_FORMAT;
}

static ota_err pem_read(const char *text, struct key *out)
{
    const size_t begin = sizeof pem_begin - 1;
    const char *end = strstr(text, pem_end), *stopped = NULL;
    uint8_t *der = sodium_malloc(DER_PREFIX + SEED);
    size_t len = 0;
    ota_err err = OTA_E_FORMAT;
    if (der == NULL)
        return OTA_E_NO_MEMORY;
    if (strncmp(text, pem_begin, begin) == 0 && end != NULL &&
        sodium_base642bin(der, DER_PREFIX + SEED, text + begin, (size_t)(end - text) - begin,
                          "\r\n", &len, &stopped, sodium_base64_VARIANT_ORIGINAL) == 0 &&
        stopped == end && len == DER_PREFIX + SEED && memcmp(der, der_prefix, DER_PREFIX) == 0)
        err = key_from_seed(der + DER_PREFIX, out);
    sodium_free(der);
    return err;
}

static ota_err key_read(const char *path, struct key *out)
{
    char *text = sodium_malloc(PEM_BYTES_MAX);
    if (text == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = file_read(path, text);
    if (err == OTA_OK)
        err = pem_read(text, out);
    sodium_free(text);
    return err;
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

static ota_err key_make(const char *path)
{
    char *text = sodium_malloc(PEM_BYTES_MAX);
    uint8_t *der = sodium_malloc(DER_PREFIX + SEED);
    ota_err err = OTA_E_NO_MEMORY;
    if (text != NULL && der != NULL) {
        char *base64 = text + sizeof pem_begin - 1;
        memcpy(der, der_prefix, DER_PREFIX);
        randombytes_buf(der + DER_PREFIX, SEED);
        memcpy(text, pem_begin, sizeof pem_begin);
        (void)sodium_bin2base64(
            base64,
            sodium_base64_ENCODED_LEN(DER_PREFIX + SEED, sodium_base64_VARIANT_ORIGINAL), der,
            DER_PREFIX + SEED, sodium_base64_VARIANT_ORIGINAL);
        const size_t len = strlen(text);
        (void)snprintf(text + len, PEM_BYTES_MAX - len, "\n%s", pem_end);
        err = text_store(path, text) ? OTA_OK : OTA_E_IO;
    }
    sodium_free(der);
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

/* The first is made when it is missing; its successor need not be there. */
static ota_err place_read(const struct online_keys *keys, int role, int place, struct key *out)
{
    char path[PATH_BYTES];
    ota_err err = path_of(keys, role, place, path);
    if (err == OTA_OK)
        err = key_read(path, out);
    if (err != OTA_E_NOT_FOUND)
        return err;
    if (place > 0)
        return OTA_OK;
    err = key_make(path);
    return err == OTA_OK ? key_read(path, out) : err;
}

static ota_err set_read(const struct online_keys *keys, struct key_set *out)
{
    ota_err err = OTA_OK;
    *out = (struct key_set){0};
    for (int r = 0; err == OTA_OK && r < ONLINE_ROLES; r++)
        for (int i = 0; err == OTA_OK && i < ONLINE_KEYS_MAX; i++)
            err = place_read(keys, r, i, &out->key[r][i]);
    if (err != OTA_OK)
        set_drop(out);
    return err == OTA_E_NOT_FOUND ? OTA_E_IO : err;
}

ota_err online_keys_open(const char *state_dir, struct online_keys **out)
{
    struct online_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return OTA_E_NO_MEMORY;
    keys->state_dir = state_dir;
    const ota_err err = set_read(keys, &keys->set);
    if (err != OTA_OK) {
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
    (void)pthread_rwlock_destroy(&keys->lock);
    free(keys);
}

ota_err online_keys_reload(struct online_keys *keys)
{
    struct key_set fresh, old;
    const ota_err err = set_read(keys, &fresh);
    if (err != OTA_OK)
        return err;
    (void)pthread_rwlock_wrlock(&keys->lock);
    old = keys->set;
    keys->set = fresh;
    (void)pthread_rwlock_unlock(&keys->lock);
    set_drop(&old);
    return OTA_OK;
}

size_t online_keys_list(struct online_keys *keys, enum online_role role,
                        struct online_public out[ONLINE_KEYS_MAX])
{
    size_t count = 0;
    (void)pthread_rwlock_rdlock(&keys->lock);
    for (int i = 0; i < ONLINE_KEYS_MAX; i++)
        if (keys->set.key[role][i].secret != NULL)
            out[count++] = keys->set.key[role][i].pub;
    (void)pthread_rwlock_unlock(&keys->lock);
    return count;
}

ota_err online_sign(struct online_keys *keys, enum online_role role,
                    const uint8_t key[ONLINE_PUBLIC_BYTES], const void *msg, size_t len,
                    uint8_t out_sig[ONLINE_SIGNATURE_BYTES], char out_id[ONLINE_ID_TEXT_BYTES])
{
    ota_err err = OTA_E_NOT_FOUND;
    (void)pthread_rwlock_rdlock(&keys->lock);
    for (int i = 0; err != OTA_OK && i < ONLINE_KEYS_MAX; i++) {
        const struct key *k = &keys->set.key[role][i];
        if (k->secret == NULL || memcmp(k->pub.key, key, ONLINE_PUBLIC_BYTES) != 0)
            continue;
        (void)crypto_sign_detached(out_sig, NULL, msg, len, k->secret->sk);
        if (out_id != NULL)
            memcpy(out_id, k->pub.id, sizeof k->pub.id);
        err = OTA_OK;
    }
    (void)pthread_rwlock_unlock(&keys->lock);
    return err;
}
