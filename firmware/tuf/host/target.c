/* One target: hashed while it is written beside its place, renamed into it when it is right. */
#include "target.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

enum { PATH_BYTES = 4096, BLOCK_BYTES = 16384 };

struct incoming {
    FILE *out; /* NULL: only hash */
    uint64_t len;
    struct crypto_sha256 sha256;
    struct crypto_sha512 sha512;
};

static void begin(struct incoming *in, FILE *out)
{
    in->out = out;
    in->len = 0;
    crypto_sha256_init(&in->sha256);
    crypto_sha512_init(&in->sha512);
}

static ota_err put(void *arg, const uint8_t *bytes, size_t len)
{
    struct incoming *in = arg;

    in->len += len;
    crypto_sha256_update(&in->sha256, bytes, len);
    crypto_sha512_update(&in->sha512, bytes, len);
    return in->out == NULL || fwrite(bytes, 1, len, in->out) == len ? OTA_OK : OTA_E_NO_MEMORY;
}

static enum tuf_verdict judge(struct incoming *in, const struct tuf_target *t)
{
    uint8_t sha256[CRYPTO_DIGEST_BYTES], sha512[CRYPTO_SHA512_BYTES];

    crypto_sha256_final(&in->sha256, sha256);
    crypto_sha512_final(&in->sha512, sha512);
    if (in->len != t->length)
        return TUF_LENGTH;
    if ((t->hashes.has_sha256 && memcmp(sha256, t->hashes.sha256, sizeof sha256) != 0) ||
        (t->hashes.has_sha512 && memcmp(sha512, t->hashes.sha512, sizeof sha512) != 0))
        return TUF_HASH;
    return TUF_GOOD;
}

static bool there_already(const char *path, const struct tuf_target *t)
{
    FILE *f = fopen(path, "rb");
    uint8_t block[BLOCK_BYTES];
    struct incoming in;
    size_t n;

    if (f == NULL)
        return false;
    begin(&in, NULL);
    while ((n = fread(block, 1, sizeof block, f)) > 0 && in.len <= t->length)
        (void)put(&in, block, n);
    (void)fclose(f);
    return judge(&in, t) == TUF_GOOD;
}

/* BASE/DIR/HASH.NAME, percent-encoded but for the slashes. */
static bool url_of(const struct tuf_client *c, const char *base, char *out, size_t size)
{
    static const char plain[] = "-_.~/";
    const struct tuf_hashes *h = &c->target.hashes;
    const uint8_t *digest = h->has_sha256 ? h->sha256 : h->sha512;
    size_t digest_bytes = h->has_sha256 ? sizeof h->sha256 : sizeof h->sha512;
    const char *slash = strrchr(c->path, '/');
    const char *name = slash == NULL ? c->path : slash + 1;
    size_t n = strlen(base);

    if (n + 3 * strlen(c->path) + 2 * digest_bytes + 4 > size)
        return false;
    memcpy(out, base, n);
    if (n == 0 || out[n - 1] != '/')
        out[n++] = '/';
    for (const char *p = c->path;; p++) {
        if (p == name && c->consistent_snapshot) {
            for (size_t i = 0; i < digest_bytes; i++, n += 2)
                (void)snprintf(out + n, 3, "%02x", digest[i]);
            out[n++] = '.';
        }
        if (*p == '\0')
            break;
        if ((*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') ||
            strchr(plain, *p) != NULL)
            out[n++] = *p;
        else
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned)(unsigned char)*p);
    }
    out[n] = '\0';
    return true;
}

/* The percent-encoded path, without the ".json" that metadata has. */
static bool place_of(const struct tuf_client *c, const char *folder, char *out, size_t size)
{
    char name[PATH_BYTES];
    size_t n;

    if (tuf_file_name(c->path, 0, name, sizeof name) != OTA_OK)
        return false;
    n = strlen(name) - strlen(".json");
    name[n] = '\0';
    return files_path(folder, name, out, size) == OTA_OK;
}

static enum tuf_verdict verdict_of(ota_err e)
{
    if (e == OTA_OK)
        return TUF_GOOD;
    if (e == OTA_E_LIMIT)
        return TUF_LENGTH;
    if (e == OTA_E_NOT_FOUND)
        return TUF_ABSENT;
    return e == OTA_E_NO_MEMORY ? TUF_STORE : TUF_FETCH;
}

enum tuf_verdict target_download(const struct tuf_client *c, struct fetch *f,
                                 const struct target_places *places)
{
    char url[PATH_BYTES], place[PATH_BYTES], fresh[PATH_BYTES + 8];
    struct incoming in;
    struct fetch_sink sink = {&in, put};
    enum tuf_verdict v;
    FILE *out;

    if (!place_of(c, places->folder, place, sizeof place) ||
        !url_of(c, places->base_url, url, sizeof url))
        return TUF_LIMIT;
    if (there_already(place, &c->target))
        return TUF_GOOD;
    (void)snprintf(fresh, sizeof fresh, "%s.new", place);
    out = fopen(fresh, "wb");
    if (out == NULL)
        return TUF_STORE;
    begin(&in, out);
    v = verdict_of(fetch_get(f, url, (size_t)c->target.length, &sink));
    if (fclose(out) != 0 && v == TUF_GOOD)
        v = TUF_STORE;
    if (v == TUF_GOOD)
        v = judge(&in, &c->target);
    if (v == TUF_GOOD && rename(fresh, place) != 0)
        v = TUF_STORE;
    if (v != TUF_GOOD)
        (void)unlink(fresh);
    return v;
}
