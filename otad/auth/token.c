/*
 * Random secrets and their keyed hashes, over libsodium.  The pepper is created with O_EXCL and
 * linked into place only when complete, so two processes starting at once agree on one file.
 */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(TOKEN_HASH_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");
_Static_assert(TOKEN_PEPPER_BYTES == crypto_generichash_KEYBYTES, "BLAKE2b key");

static const char api_key_prefix[] = "otad_";

ota_err token_init(void)
{
    return sodium_init() < 0 ? OTA_E_INTERNAL : OTA_OK;
}

static ota_err pepper_read(const char *path, struct token_pepper *out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO;
    uint8_t buf[TOKEN_PEPPER_BYTES + 1];
    const ssize_t n = read(fd, buf, sizeof buf);
    (void)close(fd);
    if (n < 0)
        return OTA_E_IO;
    if (n != TOKEN_PEPPER_BYTES)
        return OTA_E_FORMAT;
    memcpy(out->b, buf, sizeof out->b);
    sodium_memzero(buf, sizeof buf);
    return OTA_OK;
}

static ota_err pepper_make(const char *path)
{
    char temporary[4096];
    const int n = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary)
        return OTA_E_LIMIT;
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return OTA_E_IO;
    uint8_t fresh[TOKEN_PEPPER_BYTES];
    randombytes_buf(fresh, sizeof fresh);
    bool good = write(fd, fresh, sizeof fresh) == (ssize_t)sizeof fresh && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    sodium_memzero(fresh, sizeof fresh);
    /* Lost the race: the other one's file counts. */
    if (good && link(temporary, path) != 0 && errno != EEXIST)
        good = false;
    (void)unlink(temporary);
    return good ? OTA_OK : OTA_E_IO;
}

ota_err token_pepper_load(const char *state_dir, struct token_pepper *out)
{
    char path[4096];
    const int n = snprintf(path, sizeof path, "%s/pepper", state_dir);
    if (n < 0 || (size_t)n >= sizeof path - 32)
        return OTA_E_LIMIT;
    ota_err err = pepper_read(path, out);
    if (err != OTA_E_NOT_FOUND)
        return err;
    err = pepper_make(path);
    return err == OTA_OK ? pepper_read(path, out) : err;
}

void token_new(char out[TOKEN_TEXT_BYTES])
{
    uint8_t raw[TOKEN_SECRET_BYTES];
    randombytes_buf(raw, sizeof raw);
    (void)sodium_bin2hex(out, TOKEN_TEXT_BYTES, raw, sizeof raw);
    sodium_memzero(raw, sizeof raw);
}

struct token_hash token_hash(const struct token_pepper *pepper, const char *text, size_t len)
{
    struct token_hash h;
    (void)crypto_generichash(h.b, sizeof h.b, (const unsigned char *)text, len, pepper->b,
                             sizeof pepper->b);
    return h;
}

bool token_hash_equal(const struct token_hash *a, const struct token_hash *b)
{
    return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool token_text_equal(const char *a, const char *b)
{
    const size_t len = strlen(a);
    return len == strlen(b) && sodium_memcmp(a, b, len) == 0;
}

void token_api_key_write(int64_t id, const char *secret, char out[TOKEN_API_KEY_BYTES])
{
    (void)snprintf(out, TOKEN_API_KEY_BYTES, "%s%lld_%s", api_key_prefix, (long long)id,
                   secret);
}

ota_err token_api_key_parse(const char *text, int64_t *out_id, const char **out_secret)
{
    const size_t prefix = sizeof api_key_prefix - 1;
    if (strncmp(text, api_key_prefix, prefix) != 0)
        return OTA_E_FORMAT;
    int64_t id = 0;
    const char *p = text + prefix;
    int digits = 0;
    for (; *p >= '0' && *p <= '9'; p++, digits++) {
        if (digits == 18)
            return OTA_E_FORMAT;
        id = id * 10 + (*p - '0');
    }
    if (digits == 0 || text[prefix] == '0' || *p != '_')
        return OTA_E_FORMAT;
    p++;
    if (strlen(p) != TOKEN_TEXT_BYTES - 1 ||
        strspn(p, "0123456789abcdef") != TOKEN_TEXT_BYTES - 1)
        return OTA_E_FORMAT;
    *out_id = id;
    *out_secret = p;
    return OTA_OK;
}

void token_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}
