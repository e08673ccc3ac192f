/* link: otad_tuf */
/*
 * Files for the review queue, one a line: a letter for the role, two hexadecimal digits that
 * say which of eight keys sign, and the part to be signed; any other line is sent as it is.  So
 * an input goes as far as managers with keys can go.  Whatever comes, the queue stays bounded,
 * no channel goes back, and a device that trusts the first root follows each publication.
 */
#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/tuf/device.h"
#include "otad/tuf/review.h"

enum {
    LINES_MAX = 16,
    KEYS = 8,
    ROOTS_MAX = LINES_MAX + 1,
    ARENA_BYTES = 8 * 1024 * 1024,
    NOW = 1795183200 /* 2026-11-20T14:00:00Z */
};

static const char platform[] = "nrf52840";
static const uint8_t hw_class[16] = {1};

struct signer {
    uint8_t secret[64];
    char id[65];
};

/* What outlives an input. */
static struct online_keys *online;
static struct signer signers[KEYS];

/* ---- keys, made of names as tests/vectors/make_review.py makes them ------------------------
 */

static void seed_of(const char *name, uint8_t out[32])
{
    assert(crypto_hash_sha256(out, (const uint8_t *)name, strlen(name)) == 0);
}

static void signer_make(const char *name, struct signer *out)
{
    static const char form[] = "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},"
                               "\"scheme\":\"ed25519\"}";
    uint8_t seed[32], public[32], digest[32];
    char hex[65], object[256];
    seed_of(name, seed);
    assert(crypto_sign_seed_keypair(public, out->secret, seed) == 0);
    (void)sodium_bin2hex(hex, sizeof hex, public, sizeof public);
    (void)snprintf(object, sizeof object, form, hex);
    seed_of(object, digest);
    (void)sodium_bin2hex(out->id, sizeof out->id, digest, sizeof digest);
}

static void online_write(const char *folder, const char *role)
{
    static const uint8_t head[16] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                     0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    uint8_t der[48];
    char base64[128], path[128], text[256];
    memcpy(der, head, sizeof head);
    seed_of(role, der + sizeof head);
    (void)sodium_bin2base64(base64, sizeof base64, der, sizeof der,
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(text, sizeof text,
                   "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n", base64);
    (void)snprintf(path, sizeof path, "%s/tuf-%s.pem", folder, role);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void keys_make(void)
{
    static const char *const names[KEYS] = {
        "officer", "second-officer", "head", "second-head", "ann", "bob", "cid", "stranger"};
    char folder[] = "/tmp/otad-fuzz-review.XXXXXX", path[128];
    const struct online_config config = {.state_dir = folder,
                                         .key = {{"", ""}, {"", ""}, {"", ""}},
                                         .pin_file = "",
                                         .passphrase_file = "",
                                         .director_sessions = 1,
                                         .token_timeout_ms = 1000};
    struct why why = {0};
    assert(sodium_init() >= 0 && mkdtemp(folder) != NULL);
    for (size_t i = 0; i < KEYS; i++)
        signer_make(names[i], &signers[i]);
    for (int role = 0; role < ONLINE_ROLES; role++)
        online_write(folder, online_role_name((enum online_role)role));
    assert(online_keys_open(&config, &online, &why) == OTA_OK);
    for (int role = 0; role < ONLINE_ROLES; role++) {
        (void)snprintf(path, sizeof path, "%s/tuf-%s.pem", folder,
                       online_role_name((enum online_role)role));
        assert(unlink(path) == 0);
    }
    assert(rmdir(folder) == 0);
}

/* ---- what is stored ------------------------------------------------------------------------
 */

/* Versions 1.0.0 to 1.9.0 of app.dat; the counter is the second number.  1.8.0 is withdrawn,
 * and of 1.9.0 a file is missing. */
static ota_err find(void *arg, const char *version, const char *name, struct repo_artifact *out)
{
    (void)arg;
    if (strlen(version) != 5 || strncmp(version, "1.", 2) != 0 ||
        strcmp(version + 3, ".0") != 0 || version[2] < '0' || version[2] > '9' ||
        strcmp(name, "app.dat") != 0)
        return OTA_E_NOT_FOUND;
    const int n = version[2] - '0';
    *out = (struct repo_artifact){.release_id = n + 1,
                                  .state = n == 8   ? RELEASE_WITHDRAWN
                                           : n == 9 ? RELEASE_DRAFT
                                                    : RELEASE_COMPLETE,
                                  .security_counter = (uint32_t)n,
                                  .size_bytes = 100};
    assert(version_parse(version, &out->version) == OTA_OK);
    return OTA_OK;
}

static const struct repo_store store = {NULL, find};

/* ---- the repository and a device ----------------------------------------------------------
 */

struct world {
    struct arena arena;
    struct repo_state state;
    struct repo_file pending[3 * REPO_PENDING_MAX + 1];
    struct repo_file root[ROOTS_MAX]; /* all that were published */
    size_t roots;
    struct tuf_versions device; /* what it remembers */
    char path[TUF_PATH_MAX];    /* that the role lists; "" = none is */
};

static ota_err load_root(void *arg, const char *name, uint8_t *buf, size_t max, size_t *out_len)
{
    const struct repo_file *first = arg;
    if (strcmp(name, "root.json") != 0)
        return OTA_E_NOT_FOUND;
    assert(first->len <= max);
    memcpy(buf, first->bytes, first->len);
    *out_len = first->len;
    return OTA_OK;
}

static ota_err save_none(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
    (void)arg;
    (void)name;
    (void)bytes;
    (void)len;
    return OTA_OK;
}

static ota_err forget_none(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return OTA_OK;
}

/* NULL = there is none. */
static const struct repo_file *served(const struct world *w, const char *name)
{
    char have[REPO_NAME_BYTES];
    for (size_t i = 0; i < w->roots; i++) {
        repo_file_name(REPO_ROOT, platform, w->root[i].version, have);
        if (strcmp(have, name) == 0)
            return &w->root[i];
    }
    for (int role = REPO_TARGETS; role < REPO_ROLES; role++) {
        repo_file_name((enum repo_role)role, platform, w->state.file[role].version, have);
        if (w->state.file[role].bytes != NULL && strcmp(have, name) == 0)
            return &w->state.file[role];
    }
    return NULL;
}

/* With a device's memory and limits, from the very first root on. */
static void device_walks(struct world *w)
{
    static struct tuf_device device;
    const struct tuf_store kept = {&w->root[0], load_root, save_none, forget_none};
    struct tuf_setup setup;
    char name[REPO_NAME_BYTES];
    size_t max = 0;
    tuf_device_setup(&device, &kept, &setup);
    setup.now_unix_s = NOW;
    setup.floor = w->device;
    enum tuf_verdict v =
        tuf_client_start(&device.client, &setup, w->path[0] == '\0' ? "9.9.9/none" : w->path);
    while (v == TUF_GOOD && tuf_client_wants(&device.client, name, sizeof name, &max)) {
        const struct repo_file *f = served(w, name);
        if (f != NULL) {
            assert(f->len <= max && f->len <= sizeof device.file);
            memcpy(device.file, f->bytes, f->len);
        }
        v = f != NULL ? tuf_client_got(&device.client, f->len)
                      : tuf_client_absent(&device.client);
    }
    const enum tuf_verdict due = w->path[0] == '\0' ? TUF_NO_TARGET : TUF_GOOD;
    if (v != due)
        (void)fprintf(stderr, "a device says of %s: %s\n", name, tuf_verdict_name(v));
    assert(v == due && device.client.found == (due == TUF_GOOD));
    assert(device.client.root.version == (uint64_t)w->state.file[REPO_ROOT].version);
    assert(device.client.targets.version == (uint64_t)w->state.file[REPO_TARGETS].version);
    assert(device.client.delegated.version == (uint64_t)w->state.file[REPO_PLATFORM].version);
    tuf_client_versions(&device.client, &w->device);
    w->device.root = (uint64_t)w->root[0].version; /* it walks all of them each time */
    w->device.role_name = platform;
}

/* ---- as otad/db/tuf.c writes a change ------------------------------------------------------
 */

static void remove_pending(struct world *w, enum repo_role role, const uint8_t *id,
                           int64_t up_to)
{
    size_t n = 0;
    for (size_t i = 0; i < w->state.pending_count; i++) {
        const struct repo_file *f = &w->pending[i];
        if (f->role != role || (id != NULL ? memcmp(f->id, id, 32) != 0 : f->version > up_to))
            w->pending[n++] = *f;
    }
    w->state.pending_count = n;
}

static void keep_pending(struct world *w, const struct repo_file *f)
{
    for (size_t i = 0; i < w->state.pending_count; i++)
        if (w->pending[i].role == f->role && memcmp(w->pending[i].id, f->id, 32) == 0) {
            w->pending[i] = *f;
            return;
        }
    assert(w->state.pending_count < sizeof w->pending / sizeof w->pending[0]);
    w->pending[w->state.pending_count++] = *f;
}

static void publish(struct world *w, const struct repo_file *f)
{
    static const size_t max[REPO_ROLES] = {[REPO_ROOT] = REPO_FILE_BYTES_MAX,
                                           [REPO_TARGETS] = REPO_FILE_BYTES_MAX,
                                           [REPO_PLATFORM] = REPO_FILE_BYTES_MAX,
                                           [REPO_SNAPSHOT] = REPO_SNAPSHOT_BYTES_MAX,
                                           [REPO_TIMESTAMP] = REPO_TIMESTAMP_BYTES_MAX};
    const struct repo_file *standing = &w->state.file[f->role];
    assert(f->len <= max[f->role] && f->expires_unix_s > NOW);
    assert(standing->bytes == NULL ||
           (f->role > REPO_PLATFORM ? f->version > standing->version
                                    : f->version == standing->version + 1));
    w->state.file[f->role] = *f;
    if (f->role == REPO_ROOT) {
        assert(w->roots < ROOTS_MAX);
        w->root[w->roots++] = *f;
    }
    if (f->role <= REPO_PLATFORM)
        remove_pending(w, f->role, NULL, f->version);
}

static void apply(struct world *w, const struct repo_change *c)
{
    if (c->drop != NULL) {
        uint8_t id[32];
        memcpy(id, c->drop->id, sizeof id); /* it lies in the list that changes */
        remove_pending(w, c->drop->role, id, 0);
    }
    if (c->keep.bytes != NULL)
        keep_pending(w, &c->keep);
    for (size_t i = 0; i < c->publish_count; i++)
        publish(w, &c->publish[i]);
    if (c->publish_count == 0)
        return;
    assert(c->target_count <= REPO_TARGETS_MAX && c->has_director_key);
    if (c->set_targets)
        (void)snprintf(w->path, sizeof w->path, "%s",
                       c->target_count == 0 ? "" : c->target[0].path);
    for (int i = CHANNEL_STABLE; i < REPO_CHANNELS; i++) {
        const struct repo_floor *old = &w->state.floor[i], *new = &c->floor[i];
        assert(version_compare(&new->version, &old->version) >= 0);
        assert(new->counter >= old->counter);
    }
    memcpy(w->state.floor, c->floor, sizeof w->state.floor);
    if (w->state.file[REPO_TARGETS].bytes != NULL)
        device_walks(w);
}

/* ---- an input ------------------------------------------------------------------------------
 */

static struct review review_of(struct world *w)
{
    return (struct review){.state = &w->state,
                           .store = &store,
                           .online = {.keys = online,
                                      .arena = &w->arena,
                                      .now_unix_s = NOW,
                                      .snapshot_s = 604800,
                                      .timestamp_s = 86400},
                           .by = "fuzz"};
}

static void look_at_queue(struct world *w)
{
    size_t waits[REPO_ROLES] = {0};
    struct review r = review_of(w);
    struct repo_change c;
    for (size_t i = 0; i < w->state.pending_count; i++) {
        struct review_item item;
        review_look(&r, &w->pending[i], &item);
        assert(item.signed_count <= item.key_count && item.key_count <= REVIEW_SIGNERS_MAX);
        assert(item.waits_for != NULL);
        assert(++waits[w->pending[i].role] <= REPO_PENDING_MAX);
    }
    assert(review_renew(&r, &c) == REVIEW_GOOD && c.publish_count == 0);
}

/* {"signatures":[...],"signed":body}, in the arena. */
static const char *sign(struct world *w, unsigned mask, const char *body, size_t len)
{
    const size_t size = len + (size_t)KEYS * 256 + 64;
    char *text = arena_alloc(&w->arena, size);
    assert(text != NULL);
    size_t n = (size_t)snprintf(text, size, "{\"signatures\":[");
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t sig[64];
        char hex[129];
        if ((mask >> i & 1) == 0)
            continue;
        assert(crypto_sign_detached(sig, NULL, (const uint8_t *)body, len, signers[i].secret) ==
               0);
        (void)sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
        n += (size_t)snprintf(text + n, size - n, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}",
                              text[n - 1] == '[' ? "" : ",", signers[i].id, hex);
    }
    n += (size_t)snprintf(text + n, size - n, "],\"signed\":");
    memcpy(text + n, body, len);
    memcpy(text + n + len, "}", 2);
    return text;
}

/* As it will be judged, or as it is. */
static const char *canonical_of(struct world *w, const char *body, size_t len, size_t *out_len)
{
    uint8_t *sorted = arena_alloc(&w->arena, len + 1), *copy = arena_alloc(&w->arena, len + 1);
    struct canonical_slot *slot = arena_array(&w->arena, 256, sizeof *slot);
    assert(sorted != NULL && copy != NULL && slot != NULL);
    if (canonical_compact((const uint8_t *)body, len, sorted, out_len) == OTA_OK &&
        canonical_sort(sorted, *out_len, copy, slot, 256) == OTA_OK)
        return (const char *)sorted;
    *out_len = len;
    return body;
}

static unsigned hex_of(char c)
{
    const char *digits = "0123456789abcdef", *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? 16 : (unsigned)(at - digits);
}

static void one_line(struct world *w, const char *line, size_t len)
{
    const enum repo_role role = line[0] == 'r'   ? REPO_ROOT
                                : line[0] == 't' ? REPO_TARGETS
                                                 : REPO_PLATFORM;
    const char *text = line;
    size_t text_len = len;
    if (len > 3 && hex_of(line[1]) < 16 && hex_of(line[2]) < 16) {
        size_t body_len = 0;
        const char *body = canonical_of(w, line + 3, len - 3, &body_len);
        text = sign(w, hex_of(line[1]) << 4 | hex_of(line[2]), body, body_len);
        text_len = strlen(text);
    }
    struct review r = review_of(w);
    struct repo_change *c = arena_alloc(&w->arena, sizeof *c);
    assert(c != NULL);
    const enum review_verdict v = review_put(&r, role, 0, (const uint8_t *)text, text_len, c);
    assert(v < REVIEW_VERDICTS && review_text(v) != NULL && v != REVIEW_NO_MEMORY);
    assert((review_err(v) == OTA_OK) == (v == REVIEW_GOOD));
    if (v != REVIEW_GOOD)
        return;
    apply(w, c);
    look_at_queue(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    const char *at = (const char *)data, *end = at + size;
    if (online == NULL)
        keys_make();
    w = (struct world){.state = {.tenant = "DEFAULT", .platform = platform, .has_class = true}};
    w.state.pending = w.pending;
    memcpy(w.state.hardware_class, hw_class, sizeof hw_class);
    for (int i = 0; i < REPO_ROLES; i++)
        w.state.file[i].role = (enum repo_role)i;
    arena_init(&w.arena, ARENA_BYTES);
    for (int i = 0; i < LINES_MAX && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t len = (size_t)((newline == NULL ? end : newline) - at);
        if (len > 0)
            one_line(&w, at, len);
        at += len + 1;
    }
    arena_done(&w.arena);
    return 0;
}
