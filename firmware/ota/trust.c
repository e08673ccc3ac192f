/*
 * One device's trust: firmware/tuf decides, this file keeps the books.  The root in flash is
 * replaced before anything is built on a new one; versions reach flash when a walk ends, well
 * or not, so that what was seen once is never taken back.
 */
#include "trust.h"

#include <string.h>

#include "notes.h"
#include "text.h"

static const char anywhere[] = "0/0"; /* a path to walk to when nothing is assigned */

/* --- the store -------------------------------------------------------------------------- */

static uint32_t clamp(uint64_t version)
{
    return version < UINT32_MAX ? (uint32_t)version : UINT32_MAX;
}

/* Whose answers are believed: independent of the order of keys. */
static void director_keys(const struct tuf_client *c, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    const struct tuf_keys *ring = &c->s.memory.keys;
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;

    memset(out, 0, CRYPTO_DIGEST_BYTES);
    for (unsigned i = 0; i < ring->count; i++) {
        if ((c->role[TUF_ROLE_DIRECTOR].members >> i & 1) == 0) {
            continue;
        }
        crypto_sha256_init(&h);
        crypto_sha256_update(&h, ring->key[i].key, ring->key[i].bytes);
        crypto_sha256_final(&h, digest);
        for (size_t k = 0; k < sizeof digest; k++) {
            out[k] ^= digest[k];
        }
    }
}

static ota_err store_load(void *arg, const char *name, uint8_t *buf, size_t max,
                          size_t *out_len)
{
    const struct trust *t = arg;

    if (strcmp(name, "root.json") != 0) {
        return OTA_E_NOT_FOUND;
    }
    if (t->state.root_bytes > max) {
        return OTA_E_LIMIT;
    }
    *out_len = t->state.root_bytes;
    return trust_root_read(&t->region, &t->state, buf);
}

/* What is signed offline has been signed: it is at least that late, whatever the server says.
 */
static void is_later_than(struct trust *t, const struct tuf_head *h)
{
    if (h->version != 0 && h->signed_unix_s > trust_time_s(t, t->walk_ms)) {
        t->state.time_s = h->signed_unix_s;
        t->base_ms = t->walk_ms;
        t->unsaved = true;
    }
}

/* Versions of the walk so far. */
static void note_versions(struct trust *t, struct trust_state *s)
{
    struct tuf_versions v;

    tuf_client_versions(&t->client, &v);
    s->root = clamp(v.root);
    s->timestamp = clamp(v.timestamp);
    s->snapshot = clamp(v.snapshot);
    s->targets = clamp(v.targets);
    s->role = clamp(v.role);
    s->root_expires_s = t->client.root.expires_unix_s;
    if (t->client.targets.version != 0) {
        s->targets_expires_s = t->client.targets.expires_unix_s;
    }
    if (t->client.delegated.version != 0) {
        s->role_expires_s = t->client.delegated.expires_unix_s;
    }
}

/* A new root.  Under new keys of the director its numbers begin anew: the old ones may have
 * been stolen, and lied. */
static ota_err store_save(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
    struct trust *t = arg;
    struct trust_state next;
    uint8_t keys[CRYPTO_DIGEST_BYTES];
    ota_err e;

    if (strcmp(name, "root.json") != 0) {
        return OTA_OK;
    }
    e = t->state.settled ? OTA_OK : trust_save(&t->region, &t->state);
    if (e) {
        return e;
    }
    next = t->state;
    director_keys(&t->client, keys);
    if (!crypto_equal(keys, t->director_keys, sizeof keys)) {
        next.director = 0;
    }
    note_versions(t, &next);
    e = trust_root_save(&t->region, &next, bytes, (uint32_t)len);
    if (e == OTA_OK) {
        t->state = next;
        memcpy(t->director_keys, keys, sizeof keys);
    }
    return e;
}

static ota_err store_forget(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return OTA_OK; /* nothing but the root is kept; versions are firmware/tuf's to begin anew */
}

/* --- start, time ------------------------------------------------------------------------ */

static enum tuf_verdict start(struct trust *t, const struct trust_self *self, uint64_t now_ms)
{
    const struct trust_state *s = &t->state;
    const struct tuf_setup setup = {
        .limits = &tuf_device_limits,
        .store = &t->store,
        .memory = {.file = t->file,
                   .file_bytes = TRUST_FILE_BYTES,
                   .meta = t->meta,
                   .meta_bytes = sizeof t->meta,
                   .keys = {.key = t->key, .max = TRUST_KEYS_MAX},
                   .visit = &t->visit,
                   .visits = 1},
        .floor = {.root = s->root,
                  .timestamp = s->timestamp,
                  .snapshot = s->snapshot,
                  .targets = s->targets,
                  .role = s->role,
                  .role_name = self == NULL ? NULL : self->platform},
        .now_unix_s = trust_time_s(t, now_ms)};

    t->walk_ms = now_ms;
    t->visit.keys = (struct tuf_keys){.key = t->role_key, .max = TRUST_KEYS_MAX};
    return tuf_client_start(&t->client, &setup, t->has_assigned ? t->assigned.path : anywhere);
}

/* A device that has seen nothing but its root is not left alone with it for ever. */
static void begin_new(struct trust *t)
{
    if (t->state.targets == 0 && t->state.targets_expires_s == 0) {
        t->state.targets_expires_s = t->state.time_s + TRUST_NEW_S;
    }
}

void trust_init(struct trust *t, const struct trust_region *region, uint8_t *file,
                uint64_t now_ms)
{
    ota_err e = OTA_E_NOT_FOUND;

    memset(t, 0, sizeof *t);
    t->file = file;
    t->base_ms = t->started_ms = t->saved_ms = now_ms;
    t->store = (struct tuf_store){
        .arg = t, .load = store_load, .save = store_save, .forget = store_forget};
    if (region != NULL) {
        t->region = *region;
        e = trust_load(region, &t->state);
    }
    if (e == OTA_E_NOT_FOUND) {
        return;
    }
    t->mode = TRUST_LOST;
    if (e == OTA_OK && start(t, NULL, now_ms) == TUF_GOOD) {
        t->mode = TRUST_ON;
        t->saved_time_s = t->state.time_s;
        t->state.root = clamp(t->client.root.version);
        t->state.root_expires_s = t->client.root.expires_unix_s;
        director_keys(&t->client, t->director_keys);
        is_later_than(t, &t->client.root);
        begin_new(t);
    }
}

uint64_t trust_time_s(const struct trust *t, uint64_t now_ms)
{
    return t->state.time_s + (now_ms - t->base_ms) / 1000;
}

bool trust_is_new(const struct trust *t)
{
    return t->state.role_expires_s == 0;
}

bool trust_expires_within(const struct trust *t, uint64_t now_ms, uint64_t seconds)
{
    const struct trust_state *s = &t->state;
    uint64_t until = s->root_expires_s;

    if (t->mode != TRUST_ON) {
        return t->mode == TRUST_LOST;
    }
    if (s->targets_expires_s != 0 && s->targets_expires_s < until) {
        until = s->targets_expires_s;
    }
    if (s->role_expires_s != 0 && s->role_expires_s < until) {
        until = s->role_expires_s;
    }
    return trust_time_s(t, now_ms) + seconds >= until;
}

/* A bucket that leaks: *paid_s is when it will be empty, each drop takes each_s, and so many
 * find room at once.  Own time may have been set back meanwhile. */
static bool drop(uint64_t *paid_s, uint64_t now_s, uint64_t each_s, uint64_t at_once)
{
    uint64_t full_s = now_s + each_s * at_once;

    if (*paid_s < now_s) {
        *paid_s = now_s;
    }
    if (*paid_s > full_s) {
        *paid_s = full_s;
    }
    if (*paid_s + each_s > full_s) {
        return false;
    }
    *paid_s += each_s;
    return true;
}

bool trust_may_begin(struct trust *t, uint64_t now_ms)
{
    return drop(&t->state.updates_s, trust_time_s(t, now_ms), TRUST_UPDATE_S,
                TRUST_UPDATES_AT_ONCE);
}

/* Whatever resets it, half of the time that it was on is in flash, and all but an hour. */
static bool time_is_due(const struct trust *t, uint64_t now_ms)
{
    uint64_t known_s = (t->saved_ms - t->started_ms) / 1000, step_s = TRUST_SAVE_S;

    if (known_s < TRUST_SAVE_S) {
        step_s = known_s < TRUST_SAVE_FIRST_S ? TRUST_SAVE_FIRST_S : known_s;
    }
    return now_ms - t->saved_ms >= step_s * 1000;
}

/* Versions are new, or the server's time has leapt. */
static bool is_news(const struct trust *t, uint64_t now_ms)
{
    return t->unsaved || trust_time_s(t, now_ms) >= t->saved_time_s + TRUST_SAVE_S;
}

ota_err trust_keep(struct trust *t, uint64_t now_ms)
{
    bool due = time_is_due(t, now_ms) ||
               (is_news(t, now_ms) &&
                drop(&t->writes_s, now_ms / 1000, TRUST_WRITE_S, TRUST_WRITES_AT_ONCE));

    return due ? trust_keep_now(t, now_ms) : OTA_OK;
}

ota_err trust_keep_now(struct trust *t, uint64_t now_ms)
{
    uint64_t now_s = trust_time_s(t, now_ms);
    ota_err e;

    if (t->mode != TRUST_ON) {
        return OTA_OK;
    }
    t->base_ms = now_ms - (now_ms - t->base_ms) % 1000;
    t->state.time_s = now_s;
    e = trust_save(&t->region, &t->state);
    t->saved_ms = now_ms;
    t->saved_time_s = now_s; /* a flash that refuses is not asked at every poll */
    t->unsaved = t->unsaved && e != OTA_OK;
    return e;
}

/* --- the director ----------------------------------------------------------------------- */

enum tuf_verdict trust_director(struct trust *t, const struct trust_self *self,
                                const uint8_t nonce[TUF_NONCE_BYTES], size_t len,
                                uint64_t now_ms)
{
    struct tuf_question question = {.device = self->device_id,
                                    .version_min = t->state.director};
    struct tuf_answer answer;
    enum tuf_verdict v;

    t->has_assigned = false;
    memcpy(question.nonce, nonce, sizeof question.nonce);
    v = tuf_director_check((struct canonical){t->file, len}, &t->client.s.memory.keys,
                           &t->client.role[TUF_ROLE_DIRECTOR], &tuf_device_limits.keys,
                           &question, &answer);
    if (v == TUF_GOOD && answer.path.len != 0) {
        v = tuf_assigned_keep(&answer, &t->assigned);
        t->has_assigned = v == TUF_GOOD;
    }
    if (v != TUF_GOOD) {
        return v;
    }
    /* The first answer under new keys sets the time, back too, but not before the root that
     * names them; others never do. */
    if (t->state.director == 0 || answer.version > trust_time_s(t, now_ms)) {
        if (t->state.director == 0) {
            t->unsaved = true;
            t->state.targets_expires_s = t->state.targets == 0 ? 0 : t->state.targets_expires_s;
        }
        t->state.time_s = answer.version;
        t->base_ms = t->walk_ms = now_ms;
        is_later_than(t, &t->client.root);
        begin_new(t);
    }
    t->state.director = answer.version;
    return TUF_GOOD;
}

/* --- the walk --------------------------------------------------------------------------- */

enum tuf_verdict trust_walk(struct trust *t, const struct trust_self *self, uint64_t now_ms)
{
    return start(t, self, now_ms);
}

bool trust_wants(struct trust *t, char name[TRUST_NAME_MAX], size_t *out_bytes_max)
{
    return tuf_client_wants(&t->client, name, TRUST_NAME_MAX, out_bytes_max);
}

/* Keep the books after a step; the walk without a target ends well where none is listed. */
static enum tuf_verdict stepped(struct trust *t, const struct trust_self *self,
                                enum tuf_verdict v)
{
    struct trust_state before = t->state;

    note_versions(t, &t->state);
    is_later_than(t, &t->client.root);
    is_later_than(t, &t->client.targets);
    is_later_than(t, &t->client.delegated);
    t->unsaved = t->unsaved || before.timestamp != t->state.timestamp ||
                 before.snapshot != t->state.snapshot || before.targets != t->state.targets ||
                 before.role != t->state.role ||
                 before.targets_expires_s != t->state.targets_expires_s ||
                 before.role_expires_s != t->state.role_expires_s;
    return v == TUF_NO_TARGET && !t->has_assigned && t->client.delegated.version != 0 &&
                   strcmp(t->visit.name, self->platform) == 0
               ? TUF_GOOD
               : v;
}

enum tuf_verdict trust_got(struct trust *t, const struct trust_self *self, size_t len)
{
    return stepped(t, self, tuf_client_got(&t->client, len));
}

enum tuf_verdict trust_absent(struct trust *t, const struct trust_self *self)
{
    return stepped(t, self, tuf_client_absent(&t->client));
}

bool trust_assigns(const struct trust *t, uint64_t length,
                   const uint8_t sha256[CRYPTO_DIGEST_BYTES])
{
    const struct tuf_assigned *a = &t->assigned;

    return t->has_assigned && a->length == length && a->hashes.has_sha256 &&
           crypto_equal(a->hashes.sha256, sha256, CRYPTO_DIGEST_BYTES);
}

static void class_text(const uint8_t *b, char out[37])
{
    static const uint8_t group[] = {4, 2, 2, 2, 6};
    struct text t = text_over(out, 37);

    for (size_t i = 0; i < sizeof group; i++) {
        text_str(&t, i == 0 ? "" : "-");
        text_hex(&t, b, group[i]);
        b += group[i];
    }
}

/* Is the image for a device like this one, and not too old for it? */
static uint16_t misfit(const struct trust_self *self, struct canonical custom)
{
    char hardware_class[37];
    uint64_t counter;

    if (!canonical_is(canonical_member(custom, "platform"), self->platform)) {
        return OTA_REASON_TUF_PLATFORM;
    }
    if (self->hardware_class != NULL) {
        class_text(self->hardware_class, hardware_class);
        if (!canonical_is(canonical_member(custom, "hwClass"), hardware_class)) {
            return OTA_REASON_TUF_CLASS;
        }
    }
    return canonical_uint(canonical_member(custom, "counter"), UINT32_MAX, &counter) ||
                   counter < self->security_floor
               ? OTA_REASON_TUF_COUNTER
               : OTA_REASON_NONE;
}

uint16_t trust_fits(const struct trust *t, const struct trust_self *self, uint64_t length,
                    const uint8_t sha256[CRYPTO_DIGEST_BYTES])
{
    const struct tuf_client *c = &t->client;
    enum tuf_verdict v;

    if (!trust_assigns(t, length, sha256)) {
        return OTA_REASON_TUF_NOT_ASSIGNED;
    }
    /* listed by the platform's role, and by no other */
    if (!c->found || c->at != 1 || strcmp(t->visit.name, self->platform) != 0) {
        return OTA_REASON_TUF + TUF_NO_TARGET;
    }
    v = tuf_assigned_is(&t->assigned, &c->target);
    return v == TUF_GOOD ? misfit(self, c->target.custom) : (uint16_t)(OTA_REASON_TUF + v);
}

const char *trust_verdict_name(enum tuf_verdict v)
{
    static const char *const names[] = {
        "tuf-good",         "tuf-not-canonical", "tuf-member",   "tuf-type",
        "tuf-spec-version", "tuf-key",           "tuf-keyid",    "tuf-twice",
        "tuf-threshold",    "tuf-old-threshold", "tuf-version",  "tuf-rollback",
        "tuf-vanished",     "tuf-expired",       "tuf-length",   "tuf-hash",
        "tuf-unlisted",     "tuf-absent",        "tuf-limit",    "tuf-role-name",
        "tuf-no-target",    "tuf-other-target",  "tuf-platform", "tuf-device",
        "tuf-nonce",        "tuf-store",         "tuf-fetch"};

    _Static_assert(sizeof names / sizeof names[0] == TUF_VERDICTS, "every verdict has a name");
    return (unsigned)v < TUF_VERDICTS ? names[v] : "tuf-unknown";
}
