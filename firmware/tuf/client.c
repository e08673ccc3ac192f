/*
 * TUF 1.0.34, section 5.  Each file passes the same gate, accept_*: length, digest, form,
 * signatures, version, what is trusted already, expiry; only then is it kept.
 */
#include "client.h"

#include <string.h>

#include "client_parts.h"

static enum tuf_verdict refuse(struct tuf_client *c, enum tuf_verdict v)
{
    if (v != TUF_GOOD)
        c->step = TUF_REFUSED;
    return v;
}

/* --- root -----------------------------------------------------------------------------------
 */

/* All roles of a root, their keys into ring. */
static enum tuf_verdict root_roles(const struct tuf_client *c, struct canonical body,
                                   struct tuf_keys *ring, struct tuf_role role[TUF_ROLES],
                                   bool *out_director)
{
    static const char *const names[] = {"root", "timestamp", "snapshot", "targets"};
    struct canonical keys = canonical_member(body, "keys");
    struct canonical roles = canonical_member(body, "roles");
    struct canonical director = canonical_member(body, "x-otad-director");
    enum tuf_verdict v = TUF_GOOD;

    ring->count = 0;
    for (unsigned i = 0; i < TUF_ROLE_DIRECTOR && v == TUF_GOOD; i++)
        v = tuf_role_read(canonical_member(roles, names[i]), keys, &c->s.limits->keys, ring,
                          &role[i]);
    role[TUF_ROLE_DIRECTOR] = (struct tuf_role){0};
    *out_director = director.len != 0;
    if (v == TUF_GOOD && *out_director)
        v = tuf_role_read(director, keys, &c->s.limits->keys, ring, &role[TUF_ROLE_DIRECTOR]);
    return v;
}

/* Keys of timestamp or snapshot changed: what they signed before counts no longer (5.3.11). */
static enum tuf_verdict recover(struct tuf_client *c)
{
    const struct tuf_store *s = c->s.store;

    c->s.floor.timestamp = 0;
    c->s.floor.snapshot = 0;
    c->s.floor.targets = 0;
    c->s.floor.role = 0;
    if (s->forget(s->arg, "timestamp.json") != OTA_OK ||
        s->forget(s->arg, "snapshot.json") != OTA_OK)
        return TUF_STORE;
    return TUF_GOOD;
}

/*
 * Two platforms may have the same root officers: a root that names its platform follows no root
 * of another, and none that names it is followed by one that doesn't.
 */
static enum tuf_verdict root_platform(const struct tuf_client *c, struct canonical body,
                                      bool first, bool *out_named)
{
    const struct canonical name = canonical_member(body, "x-otad-platform");
    const char *ours = c->s.floor.role_name;

    *out_named = name.len != 0;
    if (!*out_named)
        return !first && c->names_platform ? TUF_PLATFORM : TUF_GOOD;
    return ours == NULL || canonical_is(name, ours) ? TUF_GOOD : TUF_PLATFORM;
}

/* The root in memory.file.  The first one has to sign itself, others their predecessor too. */
static enum tuf_verdict accept_root(struct tuf_client *c, size_t len, bool first)
{
    struct tuf_keys *keys = &c->s.memory.keys, *spare = &c->s.memory.visit[0].keys, kept;
    struct canonical consistent;
    struct tuf_role role[TUF_ROLES];
    struct tuf_file f;
    struct tuf_head head;
    bool director = false, wants_consistent = false, named = false, same;
    enum tuf_verdict v = client_open_file(c, len, &f);

    if (v == TUF_GOOD)
        v = tuf_head_read(f.body, TUF_ROOT, &head);
    if (v == TUF_GOOD)
        v = root_roles(c, f.body, spare, role, &director);
    if (v == TUF_GOOD && !first) {
        v = client_signed_by_role(c, TUF_ROLE_ROOT, &f);
        v = v == TUF_THRESHOLD ? TUF_OLD_THRESHOLD : v;
    }
    if (v == TUF_GOOD)
        v = tuf_signed_by(spare, &role[TUF_ROLE_ROOT], &c->s.limits->keys, f.signatures,
                          f.body);
    if (v != TUF_GOOD)
        return v;
    if (!first && head.version != c->root.version + 1)
        return TUF_VERSION;
    v = root_platform(c, f.body, first, &named);
    if (v != TUF_GOOD)
        return v;
    consistent = canonical_member(f.body, "consistent_snapshot");
    if (consistent.len != 0 && canonical_bool(consistent, &wants_consistent) != OTA_OK)
        return TUF_MEMBER;
    same = first || (tuf_role_same_signers(keys, &c->role[TUF_ROLE_TIMESTAMP], spare,
                                           &role[TUF_ROLE_TIMESTAMP]) &&
                     tuf_role_same_signers(keys, &c->role[TUF_ROLE_SNAPSHOT], spare,
                                           &role[TUF_ROLE_SNAPSHOT]));
    kept = *keys;
    *keys = *spare;
    *spare = kept;
    memcpy(c->role, role, sizeof role);
    c->has_director = director;
    c->names_platform = named;
    c->consistent_snapshot = wants_consistent;
    c->root = head;
    return same ? TUF_GOOD : recover(c);
}

/* --- timestamp ------------------------------------------------------------------------------
 */

static enum tuf_verdict read_timestamp(struct tuf_client *c, size_t len, struct tuf_head *head,
                                       struct tuf_listed *snapshot)
{
    struct tuf_file f;
    enum tuf_verdict v = client_open_file(c, len, &f);

    if (v == TUF_GOOD)
        v = client_signed_by_role(c, TUF_ROLE_TIMESTAMP, &f);
    if (v == TUF_GOOD)
        v = tuf_head_read(f.body, TUF_TIMESTAMP, head);
    return v == TUF_GOOD ? tuf_timestamp_read(f.body, snapshot) : v;
}

/* No newer root: its expiry counts now.  What the store has is the reference, expired or not.
 */
static enum tuf_verdict begin_timestamp(struct tuf_client *c)
{
    struct tuf_head head;
    struct tuf_listed snapshot;
    size_t len = 0;

    if (client_expired(c, &c->root))
        return TUF_EXPIRED;
    c->step = TUF_WANTS_TIMESTAMP;
    if (client_load(c, "timestamp", c->s.limits->timestamp_bytes, &len) &&
        read_timestamp(c, len, &head, &snapshot) == TUF_GOOD) {
        c->timestamp = head;
        c->snapshot = snapshot;
    }
    return TUF_GOOD;
}

static enum tuf_verdict accept_timestamp(struct tuf_client *c, size_t len)
{
    struct tuf_head head;
    struct tuf_listed snapshot;
    enum tuf_verdict v = read_timestamp(c, len, &head, &snapshot);
    const struct tuf_versions *floor = &c->s.floor;
    uint64_t version_min, snapshot_min;

    if (v != TUF_GOOD)
        return v;
    version_min =
        c->timestamp.version > floor->timestamp ? c->timestamp.version : floor->timestamp;
    snapshot_min = c->timestamp.version != 0 && c->snapshot.version > floor->snapshot
                       ? c->snapshot.version
                       : floor->snapshot;
    if (head.version < version_min)
        return TUF_ROLLBACK;
    if (head.version == c->timestamp.version) /* nothing new: the one we have goes on */
        return client_expired(c, &c->timestamp) ? TUF_EXPIRED : TUF_GOOD;
    if (snapshot.version < snapshot_min)
        return TUF_ROLLBACK;
    if (client_expired(c, &head))
        return TUF_EXPIRED;
    c->timestamp = head;
    c->snapshot = snapshot;
    return client_save(c, "timestamp", len);
}

/* --- snapshot -------------------------------------------------------------------------------
 */

static enum tuf_verdict read_snapshot(struct tuf_client *c, size_t len, struct tuf_head *head,
                                      struct canonical *meta)
{
    struct tuf_file f;
    enum tuf_verdict v = client_open_file(c, len, &f);

    if (v == TUF_GOOD)
        v = client_signed_by_role(c, TUF_ROLE_SNAPSHOT, &f);
    if (v == TUF_GOOD)
        v = tuf_head_read(f.body, TUF_SNAPSHOT, head);
    return v == TUF_GOOD ? tuf_snapshot_read(f.body, meta) : v;
}

/* The list of files outlives the text it stands in. */
static enum tuf_verdict keep_meta(struct tuf_client *c, uint64_t version, struct canonical meta)
{
    if (meta.len > c->s.memory.meta_bytes)
        return TUF_LIMIT;
    memcpy(c->s.memory.meta, meta.at, meta.len);
    c->meta = (struct canonical){c->s.memory.meta, meta.len};
    c->snapshot_version = version;
    return TUF_GOOD;
}

static enum tuf_verdict above_floor(const struct tuf_client *c, struct canonical meta)
{
    const struct tuf_versions *floor = &c->s.floor;
    struct tuf_listed listed;
    enum tuf_verdict v = tuf_snapshot_find(meta, "targets", &listed);

    if (v != TUF_GOOD)
        return v;
    if (listed.version < floor->targets)
        return TUF_ROLLBACK;
    if (floor->role == 0 || floor->role_name == NULL)
        return TUF_GOOD;
    v = tuf_snapshot_find(meta, floor->role_name, &listed);
    if (v != TUF_GOOD)
        return v == TUF_UNLISTED ? TUF_VANISHED : v;
    return listed.version < floor->role ? TUF_ROLLBACK : TUF_GOOD;
}

static enum tuf_verdict accept_snapshot(struct tuf_client *c, size_t len)
{
    struct tuf_head head;
    struct canonical meta;
    enum tuf_verdict v = client_as_listed(c, &c->snapshot, len);

    if (v == TUF_GOOD)
        v = read_snapshot(c, len, &head, &meta);
    if (v != TUF_GOOD)
        return v;
    if (head.version != c->snapshot.version)
        return TUF_VERSION;
    if (c->snapshot_version != 0)
        v = tuf_snapshot_follows(c->meta, meta);
    if (v == TUF_GOOD)
        v = above_floor(c, meta);
    if (v != TUF_GOOD)
        return v;
    if (client_expired(c, &head))
        return TUF_EXPIRED;
    v = keep_meta(c, head.version, meta);
    return v == TUF_GOOD ? client_save(c, "snapshot", len) : v;
}

/* *out_current: the store's snapshot is the one that the timestamp names. */
static enum tuf_verdict begin_snapshot(struct tuf_client *c, bool *out_current)
{
    struct tuf_head head;
    struct canonical meta;
    size_t len = 0;

    *out_current = false;
    c->step = TUF_WANTS_SNAPSHOT;
    c->snapshot_version = 0;
    if (!client_load(c, "snapshot", c->s.limits->snapshot_bytes, &len) ||
        read_snapshot(c, len, &head, &meta) != TUF_GOOD)
        return TUF_GOOD;
    *out_current = head.version == c->snapshot.version && !client_expired(c, &head) &&
                   client_as_listed(c, &c->snapshot, len) == TUF_GOOD;
    return keep_meta(c, head.version, meta);
}

/* --- the cycle ------------------------------------------------------------------------------
 */

static void reset(struct tuf_client *c, const struct tuf_setup *setup)
{
    memset(c, 0, sizeof *c);
    c->s = *setup;
    c->s.memory.keys.count = 0;
}

enum tuf_verdict tuf_client_root(struct tuf_client *c, const struct tuf_setup *setup,
                                 size_t len)
{
    reset(c, setup);
    if (len > setup->limits->root_bytes || len > setup->memory.file_bytes)
        return refuse(c, TUF_LENGTH);
    return refuse(c, accept_root(c, len, true));
}

enum tuf_verdict tuf_client_start(struct tuf_client *c, const struct tuf_setup *setup,
                                  const char *path)
{
    size_t len = 0;

    reset(c, setup);
    c->path = path;
    if (!client_load(c, "root", setup->limits->root_bytes, &len))
        return refuse(c, TUF_STORE);
    c->step = TUF_WANTS_ROOT;
    return refuse(c, accept_root(c, len, true));
}

/* Bytes to take of what the step wants; 0 if it says that it is longer than we take. */
static size_t bytes_max(const struct tuf_client *c, const struct tuf_listed *listed,
                        size_t limit)
{
    if (limit > c->s.memory.file_bytes)
        limit = c->s.memory.file_bytes;
    return listed != NULL && listed->has_length && listed->length < limit
               ? (size_t)listed->length
               : limit;
}

/* Name and limit of the file that the step wants. */
static const char *wanted(const struct tuf_client *c, uint64_t *version, size_t *max)
{
    const struct tuf_limits *l = c->s.limits;
    struct tuf_listed listed = {0};

    *version = 0;
    switch (c->step) {
    case TUF_WANTS_ROOT:
        *version = c->root.version + 1;
        *max = bytes_max(c, NULL, l->root_bytes);
        return "root";
    case TUF_WANTS_TIMESTAMP:
        *max = bytes_max(c, NULL, l->timestamp_bytes);
        return "timestamp";
    case TUF_WANTS_SNAPSHOT:
        *version = c->consistent_snapshot ? c->snapshot.version : 0;
        *max = bytes_max(c, &c->snapshot, l->snapshot_bytes);
        return "snapshot";
    case TUF_WANTS_ROLE:
        (void)tuf_snapshot_find(c->meta, client_role_name(c), &listed);
        *version = c->consistent_snapshot ? listed.version : 0;
        *max = bytes_max(c, &listed, l->targets_bytes);
        return client_role_name(c);
    case TUF_READY:
    case TUF_REFUSED:
        break;
    }
    return NULL;
}

bool tuf_client_wants(struct tuf_client *c, char *name, size_t size, size_t *out_bytes_max)
{
    uint64_t version = 0;
    const char *role = wanted(c, &version, out_bytes_max);

    if (role == NULL)
        return false;
    if (tuf_file_name(role, version, name, size) != OTA_OK)
        name[0] = '\0'; /* nobody serves that: absent */
    return true;
}

enum tuf_verdict tuf_client_got(struct tuf_client *c, size_t len)
{
    uint64_t version;
    size_t max = 0;
    bool current = false;
    enum tuf_verdict v;

    if (wanted(c, &version, &max) == NULL || len > max)
        return refuse(c, TUF_LENGTH);
    switch (c->step) {
    case TUF_WANTS_ROOT:
        v = accept_root(c, len, false);
        if (v == TUF_GOOD)
            v = client_save(c, "root", len);
        if (v == TUF_GOOD && ++c->roots_taken == c->s.limits->roots)
            v = begin_timestamp(c);
        return refuse(c, v);
    case TUF_WANTS_TIMESTAMP:
        v = accept_timestamp(c, len);
        if (v == TUF_GOOD)
            v = begin_snapshot(c, &current);
        return refuse(c, v == TUF_GOOD && current ? client_walk(c) : v);
    case TUF_WANTS_SNAPSHOT:
        v = accept_snapshot(c, len);
        return refuse(c, v == TUF_GOOD ? client_walk(c) : v);
    case TUF_WANTS_ROLE:
        return refuse(c, client_got_role(c, len));
    case TUF_READY:
    case TUF_REFUSED:
        break;
    }
    return refuse(c, TUF_ABSENT);
}

enum tuf_verdict tuf_client_absent(struct tuf_client *c)
{
    return refuse(c, c->step == TUF_WANTS_ROOT ? begin_timestamp(c) : TUF_ABSENT);
}

enum tuf_verdict tuf_client_find(struct tuf_client *c, const char *path)
{
    if (c->step != TUF_READY)
        return refuse(c, TUF_ABSENT);
    c->path = path;
    c->at = 0;
    c->count = 0;
    c->found = false;
    return refuse(c, client_walk(c));
}

void tuf_client_versions(const struct tuf_client *c, struct tuf_versions *out)
{
    struct tuf_listed listed;

    *out = c->s.floor;
    out->root = c->root.version;
    if (c->timestamp.version != 0)
        out->timestamp = c->timestamp.version;
    if (c->snapshot_version == 0)
        return;
    out->snapshot = c->snapshot_version;
    if (tuf_snapshot_find(c->meta, "targets", &listed) == TUF_GOOD)
        out->targets = listed.version;
    if (out->role_name != NULL &&
        tuf_snapshot_find(c->meta, out->role_name, &listed) == TUF_GOOD)
        out->role = listed.version;
}
