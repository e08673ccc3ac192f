/*
 * Canonical JSON in fixed buffers, signed with the key of ours that root names.  Nothing here
 * decides whether to publish.
 */
#include "online.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SPEC_VERSION "1.0.34"

const char *online_member(enum online_role role)
{
    return role == ONLINE_DIRECTOR ? "x-otad-director" : online_role_name(role);
}

static bool holds(const struct holder *h, const uint8_t key[ONLINE_PUBLIC_BYTES])
{
    for (unsigned i = 0; i < h->ring.count; i++)
        if ((h->role.members >> i & 1U) != 0 && h->ring.key[i].alg == CRYPTO_ED25519 &&
            memcmp(h->ring.key[i].key, key, ONLINE_PUBLIC_BYTES) == 0)
            return true;
    return false;
}

bool online_is_among(struct online_keys *keys, const struct holder *h)
{
    struct online_public ours[ONLINE_KEYS_MAX];
    for (int role = 0; role < ONLINE_ROLES; role++)
        for (size_t i = online_keys_list(keys, (enum online_role)role, ours); i-- > 0;)
            if (holds(h, ours[i].key))
                return true;
    return false;
}

ota_err online_key_of(struct online_keys *keys, struct canonical root, enum online_role role,
                      uint8_t out[ONLINE_PUBLIC_BYTES])
{
    struct online_public ours[ONLINE_KEYS_MAX];
    struct holder h;
    if (holder_of_root(root, online_member(role), &h) != TUF_GOOD || h.role.threshold != 1)
        return OTA_E_NOT_FOUND;
    for (size_t i = online_keys_list(keys, role, ours); i-- > 0;) {
        if (!holds(&h, ours[i].key))
            continue;
        memcpy(out, ours[i].key, ONLINE_PUBLIC_BYTES);
        return OTA_OK;
    }
    return online_keys_are_unknown(keys, role) ? OTA_E_BUSY : OTA_E_NOT_FOUND;
}

bool online_is_due(const struct repo_file *f, int64_t life_s, int64_t now_unix_s)
{
    return f->bytes == NULL || fleet_metadata_is_due(f->expires_unix_s, life_s, now_unix_s);
}

int64_t online_next_version(int64_t standing, int64_t now_unix_s)
{
    enum { DEVICE_BITS = 32 };
    const bool fits = now_unix_s >> DEVICE_BITS == 0;
    return fits && now_unix_s > standing ? now_unix_s : standing + 1;
}

void online_time(int64_t unix_s, char out[ONLINE_TIME_BYTES])
{
    const time_t t = (time_t)unix_s;
    struct tm tm = {0};
    (void)gmtime_r(&t, &tm);
    (void)strftime(out, ONLINE_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

ota_err online_wrap(struct canonical body, const char *keyid,
                    const uint8_t sig[ONLINE_SIGNATURE_BYTES], uint8_t *buf, size_t size,
                    struct canonical *out)
{
    struct canonical_out w;
    canonical_begin(&w, buf, size);
    canonical_open(&w, '{');
    canonical_name(&w, "signatures");
    canonical_open(&w, '[');
    canonical_open(&w, '{');
    canonical_name(&w, "keyid");
    canonical_put_text(&w, keyid);
    canonical_name(&w, "sig");
    canonical_put_hex(&w, sig, ONLINE_SIGNATURE_BYTES);
    canonical_close(&w, '}');
    canonical_close(&w, ']');
    canonical_name(&w, "signed");
    canonical_put(&w, body);
    canonical_close(&w, '}');
    return canonical_end(&w, out);
}

/* ---- snapshot and timestamp ---------------------------------------------------------------
 */

static void put_listed(struct canonical_out *w, const char *name, const struct repo_file *f)
{
    uint8_t digest[32];
    document_sha256(f->bytes, f->len, digest);
    canonical_name(w, name);
    canonical_open(w, '{');
    canonical_name(w, "hashes");
    canonical_open(w, '{');
    canonical_name(w, "sha256");
    canonical_put_hex(w, digest, sizeof digest);
    canonical_close(w, '}');
    canonical_name(w, "length");
    canonical_put_uint(w, f->len);
    canonical_name(w, "version");
    canonical_put_uint(w, (uint64_t)f->version);
    canonical_close(w, '}');
}

static void begin(struct canonical_out *w, uint8_t *buf, const char *type, int64_t expires)
{
    char time_text[ONLINE_TIME_BYTES];
    online_time(expires, time_text);
    canonical_begin(w, buf, REPO_FILE_BYTES_MAX);
    canonical_open(w, '{');
    canonical_name(w, "_type");
    canonical_put_text(w, type);
    canonical_name(w, "expires");
    canonical_put_text(w, time_text);
    canonical_name(w, "meta");
    canonical_open(w, '{');
}

/* Close, sign, and put into the arena. */
static ota_err finish(const struct online *o, struct canonical_out *w, struct canonical root,
                      enum online_role role, struct repo_file *f)
{
    uint8_t key[ONLINE_PUBLIC_BYTES], sig[ONLINE_SIGNATURE_BYTES];
    char id[ONLINE_ID_TEXT_BYTES];
    struct canonical body, whole;
    const size_t max =
        role == ONLINE_SNAPSHOT ? REPO_SNAPSHOT_BYTES_MAX : REPO_TIMESTAMP_BYTES_MAX;
    uint8_t *out = arena_alloc(o->arena, max);
    canonical_close(w, '}');
    canonical_name(w, "spec_version");
    canonical_put_text(w, SPEC_VERSION);
    canonical_name(w, "version");
    canonical_put_uint(w, (uint64_t)f->version);
    canonical_close(w, '}');
    ota_err err = out == NULL ? OTA_E_LIMIT : canonical_end(w, &body);
    if (err == OTA_OK)
        err = online_key_of(o->keys, root, role, key);
    if (err == OTA_OK)
        err = online_sign(o->keys, role, key, body.at, body.len, sig, id);
    if (err == OTA_OK)
        err = online_wrap(body, id, sig, out, max, &whole);
    if (err != OTA_OK)
        return err;
    f->bytes = whole.at;
    f->len = whole.len;
    return OTA_OK;
}

ota_err online_snapshot(const struct online *o, struct canonical root, const char *platform,
                        const struct repo_file *targets, const struct repo_file *role,
                        int64_t version, struct repo_file *out)
{
    char name[REPO_NAME_BYTES];
    uint8_t buf[REPO_FILE_BYTES_MAX];
    struct canonical_out w;
    struct repo_file f = {.role = REPO_SNAPSHOT,
                          .version = version,
                          .expires_unix_s = o->now_unix_s + o->snapshot_s,
                          .at_unix_s = o->now_unix_s};
    (void)snprintf(name, sizeof name, "%s.json", platform);
    begin(&w, buf, "snapshot", f.expires_unix_s);
    const bool first = strcmp(name, "targets.json") < 0;
    if (first)
        put_listed(&w, name, role);
    put_listed(&w, "targets.json", targets);
    if (!first)
        put_listed(&w, name, role);
    const ota_err err = finish(o, &w, root, ONLINE_SNAPSHOT, &f);
    if (err == OTA_OK)
        *out = f;
    return err;
}

ota_err online_timestamp(const struct online *o, struct canonical root,
                         const struct repo_file *snapshot, int64_t version,
                         struct repo_file *out)
{
    uint8_t buf[REPO_FILE_BYTES_MAX];
    struct canonical_out w;
    struct repo_file f = {.role = REPO_TIMESTAMP,
                          .version = version,
                          .expires_unix_s = o->now_unix_s + o->timestamp_s,
                          .at_unix_s = o->now_unix_s};
    begin(&w, buf, "timestamp", f.expires_unix_s);
    put_listed(&w, "snapshot.json", snapshot);
    const ota_err err = finish(o, &w, root, ONLINE_TIMESTAMP, &f);
    if (err == OTA_OK)
        *out = f;
    return err;
}
