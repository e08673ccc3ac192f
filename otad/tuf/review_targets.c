/*
 * Each target must be a stored file of this platform's release, word for word, and a channel
 * never goes back: what a device would refuse, or should, is refused here.
 */
#include "review_targets.h"

#include <string.h>

enum { UUID_TEXT = 36 };

/* A target's custom, SPEC 10.2. */
struct custom {
    char channel[8], hw_class[UUID_TEXT + 1], platform[64], version[VERSION_TEXT_MAX + 1];
    uint64_t counter;
};

static bool custom_read(struct canonical v, struct custom *out)
{
#define TEXT(name, member)                                                                     \
    (canonical_text(canonical_member(v, name), out->member, sizeof out->member) == OTA_OK)
    return canonical_is_object(v) && TEXT("channel", channel) && TEXT("hwClass", hw_class) &&
           TEXT("platform", platform) && TEXT("version", version) &&
           canonical_uint(canonical_member(v, "counter"), UINT32_MAX, &out->counter) == OTA_OK;
#undef TEXT
}

/* Lower-case, with its hyphens. */
static bool uuid_read(const char *text, uint8_t out[16])
{
    char hex[2 + 32 + 1] = "\"";
    size_t n = 1;
    if (strlen(text) != UUID_TEXT)
        return false;
    for (size_t i = 0; i < UUID_TEXT; i++) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen != (text[i] == '-'))
            return false;
        if (!hyphen)
            hex[n++] = text[i];
    }
    hex[n++] = '"';
    return canonical_hex((struct canonical){.at = (const uint8_t *)hex, .len = n}, out, 16) ==
           OTA_OK;
}

static enum review_verdict check_class(const struct review *r, const struct custom *c,
                                       const struct repo_artifact *a)
{
    uint8_t class[16];
    if (!uuid_read(c->hw_class, class))
        return REVIEW_BAD_CUSTOM;
    if ((r->state->has_class && memcmp(class, r->state->hardware_class, 16) != 0) ||
        (a->is_image && memcmp(class, a->hardware_class, 16) != 0))
        return REVIEW_WRONG_CLASS;
    return REVIEW_GOOD;
}

static enum review_verdict check_custom(const struct review *r, const struct custom *c,
                                        const char *version, const struct repo_artifact *a)
{
    if (strcmp(c->platform, r->state->platform) != 0)
        return REVIEW_WRONG_PLATFORM;
    if (strcmp(c->version, version) != 0)
        return REVIEW_WRONG_VERSION;
    if (c->counter != a->security_counter)
        return REVIEW_WRONG_COUNTER;
    return channel_parse(c->channel) == CHANNEL_NONE ? REVIEW_BAD_CUSTOM : check_class(r, c, a);
}

static enum review_verdict find(const struct review *r, const char *version, const char *name,
                                struct repo_artifact *out)
{
    const ota_err err = r->store->find(r->store->arg, version, name, out);
    if (err == OTA_E_NOT_FOUND)
        return REVIEW_NOT_STORED;
    if (err != OTA_OK)
        return REVIEW_BUSY;
    if (out->state == RELEASE_WITHDRAWN)
        return REVIEW_WITHDRAWN;
    return out->state == RELEASE_DRAFT ? REVIEW_NOT_STORED : REVIEW_GOOD;
}

static enum review_verdict check_target(const struct review *r, const char *path,
                                        const struct tuf_target *t, struct custom *c,
                                        struct repo_artifact *a)
{
    char version[VERSION_TEXT_MAX + 1];
    const char *slash = strchr(path, '/');
    if (slash == NULL || strchr(slash + 1, '/') != NULL || slash[1] == '\0' ||
        (size_t)(slash - path) >= sizeof version)
        return REVIEW_BAD_PATH;
    memcpy(version, path, (size_t)(slash - path));
    version[slash - path] = '\0';
    if (version_of(version).len == 0)
        return REVIEW_BAD_PATH;
    if (!custom_read(t->custom, c))
        return REVIEW_BAD_CUSTOM;
    const enum review_verdict v = find(r, version, slash + 1, a);
    if (v != REVIEW_GOOD)
        return v;
    if (t->length != (uint64_t)a->size_bytes)
        return REVIEW_WRONG_LENGTH;
    if (!t->hashes.has_sha256 || memcmp(t->hashes.sha256, a->sha256, 32) != 0)
        return REVIEW_WRONG_HASH;
    return check_custom(r, c, version, a);
}

/* The highest version of a channel, and its counter. */
static void raise(struct repo_floor *top, const struct repo_artifact *a)
{
    if (version_compare(&a->version, &top->version) > 0)
        *top = (struct repo_floor){.version = a->version, .counter = a->security_counter};
}

static enum review_verdict check_floors(const struct repo_floor *top, struct repo_floor *floor)
{
    for (int c = CHANNEL_STABLE; c <= CHANNEL_BETA; c++) {
        if (top[c].version.len == 0)
            continue; /* nothing on this channel just now */
        if (version_compare(&top[c].version, &floor[c].version) < 0)
            return REVIEW_VERSION_TOO_LOW;
        if (top[c].counter < floor[c].counter)
            return REVIEW_COUNTER_TOO_LOW;
        floor[c] = top[c];
    }
    return REVIEW_GOOD;
}

static bool too_many_releases(const struct repo_change *c)
{
    size_t releases = 0;
    for (size_t i = 0; i < c->target_count; i++) {
        size_t j = 0;
        while (j < i && c->target[j].release_id != c->target[i].release_id)
            j++;
        releases += j == i;
    }
    return releases > REPO_RELEASES_MAX;
}

static enum review_verdict take(struct review *r, struct canonical body, const char *path,
                                struct canonical entry, struct repo_floor *top,
                                struct repo_change *out)
{
    struct tuf_target t;
    struct repo_artifact a;
    struct custom c;
    r->meta = tuf_target_find(body, path, &t);
    if (r->meta != TUF_GOOD)
        return REVIEW_BAD_METADATA;
    const enum review_verdict v = check_target(r, path, &t, &c, &a);
    if (v != REVIEW_GOOD)
        return v;
    if (out->target_count == REPO_TARGETS_MAX)
        return REVIEW_TOO_MANY;
    struct repo_target *to = &out->target[out->target_count++];
    *to = (struct repo_target){
        .path = arena_strdup(r->online.arena, path),
        .entry = arena_memdup(r->online.arena, entry.at, entry.len),
        .release_id = a.release_id,
    };
    memcpy(to->sha256, a.sha256, sizeof to->sha256);
    raise(&top[channel_parse(c.channel)], &a);
    return r->online.arena->full ? REVIEW_NO_MEMORY : REVIEW_GOOD;
}

enum review_verdict review_targets(struct review *r, struct canonical body,
                                   struct repo_change *out)
{
    struct canonical_walk w = canonical_walk(canonical_member(body, "targets"));
    struct repo_floor top[REPO_CHANNELS] = {0};
    struct canonical name, entry;
    enum review_verdict v = REVIEW_GOOD;
    out->target_count = 0;
    while (v == REVIEW_GOOD && canonical_next_member(&w, &name, &entry)) {
        char path[TUF_PATH_MAX];
        if (name.len >= sizeof path || memchr(name.at, '\\', name.len) != NULL)
            return REVIEW_BAD_PATH;
        memcpy(path, name.at, name.len);
        path[name.len] = '\0';
        v = take(r, body, path, entry, top, out);
    }
    if (v == REVIEW_GOOD && too_many_releases(out))
        v = REVIEW_TOO_MANY;
    out->set_targets = v == REVIEW_GOOD;
    return v == REVIEW_GOOD ? check_floors(top, out->floor) : v;
}
