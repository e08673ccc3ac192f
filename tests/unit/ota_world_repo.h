#ifndef OTA_WORLD_REPO_H
#define OTA_WORLD_REPO_H

/*
 * A platform's repository and its director for the world's server, made anew for every request
 * from a few numbers, so that a test changes one of them and sees what the device says.
 */
#include <stdarg.h>
#include <time.h>

#include "ota_world.h"

enum {
    R_FILE = 6000,
    R_TEXT = 5000,
    R_NOW = 1800000000, /* the server's clock when a world begins */
    R_DAY = 86400,
    R_SIGNERS = 5
};

/* Keys are known by a letter each: roots A B C, targets T, platform P Q R, snapshot s,
 * timestamp t, director d. */
struct repo {
    int64_t root_days, timestamp_days, snapshot_days, targets_days, role_days; /* lifetimes */
    int64_t lie_s; /* the director's clock is off by so much                            */
    const char *root_platform; /* what a root after the first names; NULL: "p", "": none      */
    int64_t root_made_days, role_made_days; /* when they were signed, from R_NOW on           */
    bool dated;         /* and root, targets and role say so                                 */
    int64_t mixed_days; /* the role that is served lives longer than the listed one          */
    const char *paths;  /* of the delegation                                                 */
    const char *role_name;
    const char *before;                    /* another delegation in front of it, or ""       */
    const char *device, *nonce;            /* the director's answer is for others            */
    const char *path;                      /* of the target                                  */
    const char *custom_class, *platform;   /* of the target; NULL: right                     */
    const char *swap, *swap_text, *absent; /* this file is that text; that one is not there  */
    unsigned roots;                        /* newest version of root                         */
    unsigned timestamp, snapshot, targets, role;
    unsigned listed_targets, listed_role; /* 0: as they are                                  */
    unsigned root_ahead;                  /* N.root.json is version N and so many            */
    unsigned root_threshold, role_threshold;
    unsigned director_since;  /* director_key is named by roots from here on; d before        */
    unsigned timestamp_since; /* timestamp_key likewise; t before                            */
    unsigned counter;
    unsigned asked, role_served, timestamps_served, roots_served;
    char root_keys[R_SIGNERS], root_signers[R_SIGNERS];
    char role_keys[R_SIGNERS], role_signers[R_SIGNERS + 2];
    char timestamp_signer, snapshot_signer, targets_signer, director_signer, director_key;
    char timestamp_key;
    char sha256[65];   /* as the role lists it; empty: as it is                              */
    bool clock_stands; /* the director's never moves                                         */
    bool assigns;
    bool targets_list; /* targets lists the image itself, as well as the role                */
};

static int64_t r_now(const struct world *w)
{
    const struct repo *r = w->more_arg;

    return R_NOW + r->lie_s + (r->clock_stands ? 0 : (int64_t)(w->now_ms / 1000));
}

static const char *r_time(int64_t unix_s, char out[24])
{
    time_t t = (time_t)unix_s;
    struct tm tm;

    assert(gmtime_r(&t, &tm) != NULL);
    assert(strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm) == 20);
    return out;
}

static const char *r_made(const struct repo *r, int64_t days, char out[64])
{
    char when[24];

    out[0] = '\0';
    if (r->dated) {
        snprintf(out, 64, ",\"x-otad-signed\":\"%s\"", r_time(R_NOW + days * R_DAY, when));
    }
    return out;
}

struct r_text {
    char at[R_TEXT];
    size_t len;
};

static void r_put(struct r_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void r_put(struct r_text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->at + t->len, sizeof t->at - t->len, format, args);
    va_end(args);
    assert(n >= 0 && t->len + (size_t)n < sizeof t->at);
    t->len += (size_t)n;
}

struct r_key {
    uint8_t public_key[32], secret[64];
    char public_hex[65], id[65], object[200];
};

static struct r_key r_key(char letter)
{
    struct r_key k;
    uint8_t seed[32], id[32];

    memset(seed, letter, sizeof seed);
    crypto_sign_seed_keypair(k.public_key, k.secret, seed);
    sodium_bin2hex(k.public_hex, sizeof k.public_hex, k.public_key, 32);
    snprintf(k.object, sizeof k.object,
             "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},\"scheme\":\"ed25519\"}",
             k.public_hex);
    crypto_hash_sha256(id, (const uint8_t *)k.object, strlen(k.object));
    sodium_bin2hex(k.id, sizeof k.id, id, 32);
    return k;
}

static int r_by_id(const void *a, const void *b)
{
    return strcmp(((const struct r_key *)a)->id, ((const struct r_key *)b)->id);
}

/* {"id":{key},...} in the order of ids. */
static void r_put_keys(struct r_text *t, const char *letters)
{
    struct r_key k[16];
    size_t n = strlen(letters);

    assert(n <= 16);
    for (size_t i = 0; i < n; i++) {
        k[i] = r_key(letters[i]);
    }
    qsort(k, n, sizeof k[0], r_by_id);
    r_put(t, "{");
    for (size_t i = 0; i < n; i++) {
        r_put(t, "%s\"%s\":%s", i == 0 ? "" : ",", k[i].id, k[i].object);
    }
    r_put(t, "}");
}

static void r_put_ids(struct r_text *t, const char *letters)
{
    r_put(t, "[");
    for (size_t i = 0; letters[i] != '\0'; i++) {
        r_put(t, "%s\"%s\"", i == 0 ? "" : ",", r_key(letters[i]).id);
    }
    r_put(t, "]");
}

/* The file: this signed part, by these keys. */
static void r_sign(struct r_text *out, const struct r_text *part, const char *letters)
{
    uint8_t sig[64];
    char hex[129];

    out->len = 0;
    r_put(out, "{\"signatures\":[");
    for (size_t i = 0; letters[i] != '\0'; i++) {
        struct r_key k = r_key(letters[i]);

        crypto_sign_detached(sig, NULL, (const uint8_t *)part->at, part->len, k.secret);
        sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
        r_put(out, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}", i == 0 ? "" : ",", k.id, hex);
    }
    r_put(out, "],\"signed\":%s}", part->at);
}

static void r_root(const struct repo *r, unsigned version, struct r_text *out)
{
    struct r_text s = {.len = 0};
    char when[24], made[64], letters[16], director[2] = {'d', '\0'}, one[2] = {'\0', '\0'};
    char timestamp = 't';

    if (r->director_since != 0 && version >= r->director_since) {
        director[0] = r->director_key;
    }
    if (r->timestamp_since != 0 && version >= r->timestamp_since) {
        timestamp = r->timestamp_key;
    }
    snprintf(letters, sizeof letters, "%sTs%c%s", r->root_keys, timestamp, director);
    r_put(&s, "{\"_type\":\"root\",\"consistent_snapshot\":true,\"expires\":\"%s\",\"keys\":",
          r_time(R_NOW + r->root_days * R_DAY, when));
    r_put_keys(&s, letters);
    r_put(&s, ",\"roles\":{\"root\":{\"keyids\":");
    r_put_ids(&s, r->root_keys);
    r_put(&s, ",\"threshold\":%u}", r->root_threshold);
    for (const char *role = "sTt"; *role != '\0'; role++) {
        one[0] = *role;
        if (*role == 't') {
            one[0] = timestamp;
        }
        r_put(&s, ",\"%s\":{\"keyids\":",
              *role == 's'   ? "snapshot"
              : *role == 'T' ? "targets"
                             : "timestamp");
        r_put_ids(&s, one);
        r_put(&s, ",\"threshold\":1}");
    }
    r_put(&s, "},\"spec_version\":\"1.0.34\",\"version\":%u,\"x-otad-director\":{\"keyids\":",
          version);
    r_put_ids(&s, director);
    r_put(&s, ",\"threshold\":1}");
    if (version == 1 || r->root_platform == NULL) {
        r_put(&s, ",\"x-otad-platform\":\"p\"");
    } else if (r->root_platform[0] != '\0') {
        r_put(&s, ",\"x-otad-platform\":\"%s\"", r->root_platform);
    }
    r_put(&s, "%s}", r_made(r, version == 1 ? 0 : r->root_made_days, made));
    r_sign(out, &s, version == 1 ? "AB" : r->root_signers);
}

static void r_put_target(const struct world *w, struct r_text *t, const char *sha256)
{
    const struct repo *r = w->more_arg;
    char right[37];
    const uint8_t *c = test_manifest + W_CLASS_AT;

    snprintf(right, sizeof right,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", c[0], c[1],
             c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14],
             c[15]);
    r_put(t,
          "{\"%s\":{\"custom\":{\"channel\":\"stable\",\"counter\":%u,\"hwClass\":\"%s\","
          "\"platform\":\"%s\",\"version\":\"1.1.0\"},\"hashes\":{\"sha256\":\"%s\"},"
          "\"length\":%u}}",
          r->path, r->counter, r->custom_class != NULL ? r->custom_class : right,
          r->platform != NULL ? r->platform : "p", sha256, w->file_bytes);
}

static void r_role(const struct world *w, struct r_text *out)
{
    const struct repo *r = w->more_arg;
    struct r_text s = {.len = 0};
    char when[24], made[64];

    r_put(&s,
          "{\"_type\":\"targets\",\"expires\":\"%s\",\"spec_version\":\"1.0.34\",\"targets\":",
          r_time(R_NOW + r->role_days * R_DAY, when));
    if (w->file_bytes == 0) {
        r_put(&s, "{}");
    } else {
        r_put_target(w, &s, r->sha256[0] != '\0' ? r->sha256 : w->sha256);
    }
    r_put(&s, ",\"version\":%u%s}", r->role, r_made(r, r->role_made_days, made));
    r_sign(out, &s, r->role_signers);
}

static void r_targets(const struct world *w, struct r_text *out)
{
    const struct repo *r = w->more_arg;
    struct r_text s = {.len = 0};
    char when[24], made[64], signer[2] = {r->targets_signer, '\0'};

    r_put(&s, "{\"_type\":\"targets\",\"delegations\":{\"keys\":");
    r_put_keys(&s, r->role_keys);
    r_put(&s, ",\"roles\":[%s{\"keyids\":", r->before);
    r_put_ids(&s, r->role_keys);
    r_put(&s,
          ",\"name\":\"%s\",\"paths\":[\"%s\"],\"terminating\":true,\"threshold\":%u}]},"
          "\"expires\":\"%s\",\"spec_version\":\"1.0.34\",\"targets\":",
          r->role_name, r->paths, r->role_threshold,
          r_time(R_NOW + r->targets_days * R_DAY, when));
    if (r->targets_list && w->file_bytes != 0) {
        r_put_target(w, &s, w->sha256);
    } else {
        r_put(&s, "{}");
    }
    r_put(&s, ",\"version\":%u%s}", r->targets, r_made(r, r->role_made_days, made));
    r_sign(out, &s, signer);
}

static void r_put_listed(struct r_text *t, const char *name, const struct r_text *file,
                         unsigned version)
{
    uint8_t digest[32];
    char hex[65];

    crypto_hash_sha256(digest, (const uint8_t *)file->at, file->len);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    r_put(t, "\"%s.json\":{\"hashes\":{\"sha256\":\"%s\"},\"length\":%zu,\"version\":%u}", name,
          hex, file->len, version);
}

static void r_snapshot(const struct world *w, struct r_text *out)
{
    const struct repo *r = w->more_arg;
    struct r_text s = {.len = 0}, targets, role;
    char when[24], signer[2] = {r->snapshot_signer, '\0'};

    r_targets(w, &targets);
    r_role(w, &role);
    r_put(&s, "{\"_type\":\"snapshot\",\"expires\":\"%s\",\"meta\":{",
          r_time(R_NOW + r->snapshot_days * R_DAY, when));
    r_put_listed(&s, "p", &role, r->listed_role != 0 ? r->listed_role : r->role);
    r_put(&s, ",");
    r_put_listed(&s, "targets", &targets,
                 r->listed_targets != 0 ? r->listed_targets : r->targets);
    r_put(&s, "},\"spec_version\":\"1.0.34\",\"version\":%u}", r->snapshot);
    r_sign(out, &s, signer);
}

static void r_timestamp(const struct world *w, struct r_text *out)
{
    const struct repo *r = w->more_arg;
    struct r_text s = {.len = 0}, snapshot;
    char when[24], signer[2] = {r->timestamp_signer, '\0'};

    r_snapshot(w, &snapshot);
    r_put(&s, "{\"_type\":\"timestamp\",\"expires\":\"%s\",\"meta\":{",
          r_time(R_NOW + r->timestamp_days * R_DAY, when));
    r_put_listed(&s, "snapshot", &snapshot, r->snapshot);
    r_put(&s, "},\"spec_version\":\"1.0.34\",\"version\":%u}", r->timestamp);
    r_sign(out, &s, signer);
}

static void r_director(const struct world *w, const char *nonce, struct r_text *out)
{
    struct repo *r = w->more_arg;
    struct r_text s = {.len = 0};
    char when[24], signer[2] = {r->director_signer, '\0'};

    r_put(&s,
          "{\"_type\":\"targets\",\"device\":\"%s\",\"expires\":\"%s\",\"nonce\":\"%.32s\",",
          r->device, r_time(r_now(w) + 60, when), r->nonce != NULL ? r->nonce : nonce);
    r_put(&s, "\"spec_version\":\"1.0.34\",\"targets\":");
    if (r->assigns && w->offered) {
        r_put_target(w, &s, w->sha256);
    } else {
        r_put(&s, "{}");
    }
    r_put(&s, ",\"time\":\"%s\",\"version\":%lld}", r_time(r_now(w), when),
          (long long)r_now(w));
    r_sign(out, &s, signer);
}

/* The metadata file of this name; false if there is none. */
static bool r_file(struct world *w, const char *name, struct r_text *out)
{
    struct repo *r = w->more_arg;
    unsigned version = 0;
    const char *role = name;

    if (r->absent != NULL && strcmp(name, r->absent) == 0) {
        return false;
    }
    if (strcmp(name, "timestamp.json") == 0) {
        r->timestamps_served++;
        r_timestamp(w, out);
        return true;
    }
    version = w_number(name, &role);
    if (strcmp(role, ".root.json") == 0 && version >= 1 && version <= r->roots) {
        r->roots_served++;
        r_root(r, version + r->root_ahead, out);
    } else if (strcmp(role, ".snapshot.json") == 0 && version == r->snapshot) {
        r_snapshot(w, out);
    } else if (strcmp(role, ".targets.json") == 0) {
        r_targets(w, out);
    } else if (strcmp(role, ".p.json") == 0) {
        r->role_served++;
        r->role_days += r->mixed_days;
        r_role(w, out);
        r->role_days -= r->mixed_days;
    } else {
        return false;
    }
    return true;
}

static bool r_serve(struct world *w, const char *rq)
{
    static const char folder[] = "GET /tuf/t/p/metadata/";
    static const char ask[] = "GET /t/controller/v1/d/director?nonce=";
    struct repo *r = w->more_arg;
    struct r_text t;
    char name[80];

    if (strncmp(rq, ask, sizeof ask - 1) == 0) {
        r->asked++;
        r_director(w, rq + sizeof ask - 1, &t);
        w_answer(w, 200, "", t.at, t.len);
        return true;
    }
    if (strncmp(rq, folder, sizeof folder - 1) != 0 ||
        sscanf(rq + sizeof folder - 1, "%79[^ ]", name) != 1) {
        return false;
    }
    if (r->swap != NULL && strcmp(r->swap, name) == 0) {
        w_json(w, r->swap_text);
    } else if (r_file(w, name, &t)) {
        w_answer(w, 200, "", t.at, t.len);
    } else {
        w_answer(w, 404, "", "", 0);
    }
    return true;
}

/* As from the factory: root 1, and nothing is known but that. */
static void r_provision(struct world *w)
{
    struct trust_state none = {.root_bytes = 0};
    struct r_text root;

    memset(w->mem + W_TRUST_AT, 0xff, (size_t)TRUST_COPIES * W_ERASE);
    r_root(w->more_arg, 1, &root);
    assert(trust_root_save(&w->trust, &none, (const uint8_t *)root.at, (uint32_t)root.len) ==
           OTA_OK);
}

/* A device with root 1, and its server with the repository. */
static struct world *r_new(struct repo *r)
{
    struct world *w = w_new();

    *r = (struct repo){.roots = 1,
                       .timestamp = 1,
                       .snapshot = 1,
                       .targets = 1,
                       .role = 1,
                       .root_days = 365,
                       .timestamp_days = 1,
                       .snapshot_days = 7,
                       .targets_days = 30,
                       .role_days = 30,
                       .root_keys = "ABC",
                       .root_signers = "AB",
                       .root_threshold = 2,
                       .role_keys = "PQR",
                       .role_signers = "PQ",
                       .role_threshold = 2,
                       .timestamp_signer = 't',
                       .snapshot_signer = 's',
                       .targets_signer = 'T',
                       .director_signer = 'd',
                       .paths = "*/*",
                       .role_name = "p",
                       .before = "",
                       .device = "d",
                       .assigns = true,
                       .path = "1.1.0/fw.bin",
                       .counter = 2};
    w->more = r_serve;
    w->more_arg = r;
    w->director = true;
    r_provision(w);
    return w;
}

#endif
