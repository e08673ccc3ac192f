/*
 * A file joins the queue when at least one who may has signed it.  Then the most advanced set
 * that a client accepts as a whole is looked for: root, targets under that root, platform's
 * role under those targets, each the one that waits or the one that stands.  Nothing is
 * published that would leave the repository without a valid chain.
 */
#include "review.h"

#include <string.h>

#include "review_targets.h"

/* Devices take it for the time when root, targets or role say that they were made. */
enum { AHEAD_MAX_S = 86400 };

/* ---- who signs ----------------------------------------------------------------------------
 */

/* Does parent, the file that says who holds role, name holders? */
static bool holders(const struct review *r, enum repo_role role, const struct repo_file *parent,
                    struct holder *out)
{
    struct document d;
    if (parent->bytes == NULL ||
        document_open(parent->role, parent->bytes, parent->len, &d) != TUF_GOOD)
        return false;
    return role == REPO_PLATFORM
               ? holder_of_targets(d.part.body, r->state->platform, out) == TUF_GOOD
               : holder_of_root(d.part.body, repo_role_word(role), out) == TUF_GOOD;
}

static enum repo_role parent_of(enum repo_role role)
{
    return role == REPO_PLATFORM ? REPO_TARGETS : REPO_ROOT;
}

/* Have enough of those whom parent names signed f? */
static bool valid_under(const struct review *r, const struct repo_file *f,
                        const struct repo_file *parent)
{
    struct holder h;
    struct document d;
    return f->bytes != NULL && document_open(f->role, f->bytes, f->len, &d) == TUF_GOOD &&
           holders(r, f->role, parent, &h) && holder_signed(&h, &d);
}

static bool root_complete(const struct review *r, const struct repo_file *f)
{
    const struct repo_file *standing = &r->state->file[REPO_ROOT];
    return valid_under(r, f, f) && (standing->bytes == NULL || valid_under(r, f, standing));
}

/* ---- joining the queue --------------------------------------------------------------------
 */

enum { SIGNATURES_KEPT_MAX = 16 };

struct merge {
    const struct review *r;
    enum repo_role role;
    struct canonical body;
    const struct repo_file *self; /* of a root: it names its own signers, too */
    bool any_parent, any_standing;
    struct canonical entry[SIGNATURES_KEPT_MAX]; /* by keyid */
    size_t count;
};

static bool takes(const struct merge *m, const struct repo_file *parent, struct canonical entry,
                  bool *out_parent)
{
    struct holder h;
    if (!holders(m->r, m->role, parent, &h))
        return false;
    *out_parent = true;
    return holder_takes(&h, entry, m->body);
}

/* Is it by somebody who may sign this, by what stands or by what waits? */
static bool counts(struct merge *m, struct canonical entry)
{
    const struct repo_state *s = m->r->state;
    const enum repo_role parent = parent_of(m->role);
    bool good = takes(m, &s->file[parent], entry, &m->any_parent);
    m->any_standing = m->any_standing || good;
    for (size_t i = 0; !good && m->role != REPO_ROOT && i < s->pending_count; i++)
        if (s->pending[i].role == parent)
            good = takes(m, &s->pending[i], entry, &m->any_parent);
    return good || (m->role == REPO_ROOT && takes(m, m->self, entry, &m->any_parent));
}

static void merge_add(struct merge *m, struct canonical signatures)
{
    struct canonical_walk w = canonical_walk(signatures);
    struct canonical entry;
    while (m->count < SIGNATURES_KEPT_MAX && canonical_next_item(&w, &entry)) {
        const struct canonical id = canonical_member(entry, "keyid");
        size_t at = 0;
        int order = -1;
        while (at < m->count &&
               (order = canonical_compare(canonical_member(m->entry[at], "keyid"), id)) < 0)
            at++;
        if ((at < m->count && order == 0) || !counts(m, entry))
            continue;
        memmove(&m->entry[at + 1], &m->entry[at], (m->count - at) * sizeof m->entry[0]);
        m->entry[at] = entry;
        m->count++;
    }
}

/* The file with all signatures that count. */
static enum review_verdict merged(const struct merge *m, struct repo_file *out)
{
    struct canonical_out w;
    struct canonical whole;
    uint8_t *buf = arena_alloc(m->r->online.arena, REPO_FILE_BYTES_MAX);
    if (buf == NULL)
        return REVIEW_NO_MEMORY;
    canonical_begin(&w, buf, REPO_FILE_BYTES_MAX);
    canonical_open(&w, '{');
    canonical_name(&w, "signatures");
    canonical_open(&w, '[');
    for (size_t i = 0; i < m->count; i++)
        canonical_put(&w, m->entry[i]);
    canonical_close(&w, ']');
    canonical_name(&w, "signed");
    canonical_put(&w, m->body);
    canonical_close(&w, '}');
    if (canonical_end(&w, &whole) != OTA_OK)
        return REVIEW_TOO_LONG;
    out->bytes = whole.at;
    out->len = whole.len;
    return REVIEW_GOOD;
}

/* The same signed part among those that wait, or NULL. */
static const struct repo_file *waiting(const struct repo_state *s, const struct repo_file *f)
{
    for (size_t i = 0; i < s->pending_count; i++)
        if (s->pending[i].role == f->role && memcmp(s->pending[i].id, f->id, 32) == 0)
            return &s->pending[i];
    return NULL;
}

static enum review_verdict join(struct review *r, const struct document *d, struct repo_file *f)
{
    const struct repo_file *old = waiting(r->state, f);
    struct merge m = {.r = r, .role = f->role, .body = d->part.body, .self = f};
    struct document before;
    if (old != NULL && document_open(old->role, old->bytes, old->len, &before) == TUF_GOOD)
        merge_add(&m, before.part.signatures);
    merge_add(&m, d->part.signatures);
    if (old != NULL) {
        f->at_unix_s = old->at_unix_s;
        f->by = old->by;
    }
    const bool first_root = f->role == REPO_ROOT && r->state->file[REPO_ROOT].bytes == NULL;
    if (m.count == 0 && !m.any_parent && canonical_count(d->part.signatures) > 0)
        return REVIEW_NO_DELEGATION;
    if (m.count == 0 || (f->role == REPO_ROOT && !first_root && !m.any_standing))
        return REVIEW_BAD_SIGNATURE;
    return merged(&m, f);
}

/* ---- what a file must be ------------------------------------------------------------------
 */

/* Why a key of ours is not to be had, or does not sign. */
static enum review_verdict of_key(ota_err err)
{
    if (err == OTA_E_NOT_FOUND)
        return REVIEW_ONLINE_KEYS;
    return err == OTA_E_BUSY ? REVIEW_KEY_AWAY : REVIEW_NO_MEMORY;
}

/* Of two platforms with the same officers, neither's root may follow the other's. */
static bool is_of_platform(const struct review *r, struct canonical body)
{
    const struct repo_file *standing = &r->state->file[REPO_ROOT];
    const struct canonical name = canonical_member(body, "x-otad-platform");
    struct document d;
    if (name.len > 0)
        return canonical_is(name, r->state->platform);
    return standing->bytes == NULL ||
           document_open(REPO_ROOT, standing->bytes, standing->len, &d) != TUF_GOOD ||
           canonical_member(d.part.body, "x-otad-platform").len == 0;
}

static enum review_verdict check_root(struct review *r, struct canonical body)
{
    enum { OFFLINE = 2 };
    static const char *const roles[] = {"root", "targets", "snapshot", "timestamp"};
    uint8_t key[ONLINE_PUBLIC_BYTES];
    bool consistent = false;
    struct holder h;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        r->meta = holder_of_root(body, roles[i], &h);
        if (r->meta != TUF_GOOD)
            return REVIEW_BAD_METADATA;
        if (i < OFFLINE && online_is_among(r->online.keys, &h))
            return REVIEW_OWN_KEY;
    }
    if (canonical_bool(canonical_member(body, "consistent_snapshot"), &consistent) != OTA_OK ||
        !consistent)
        return REVIEW_CONSISTENT;
    for (int o = 0; o < ONLINE_ROLES; o++) {
        const ota_err err = online_key_of(r->online.keys, body, (enum online_role)o, key);
        if (err != OTA_OK)
            return of_key(err);
    }
    if (!is_of_platform(r, body))
        return REVIEW_WRONG_PLATFORM;
    return document_root_fits(body) ? REVIEW_GOOD : REVIEW_TOO_MANY_KEYS;
}

static enum review_verdict check_delegation(const struct review *r, struct canonical body)
{
    struct canonical_walk w = tuf_delegations(body);
    struct tuf_delegation d, other;
    struct holder h;
    const bool one =
        tuf_delegation_next(&w, body, &d) && !tuf_delegation_next(&w, body, &other);
    const struct canonical paths =
        one ? canonical_member(d.entry, "paths") : (struct canonical){0};
    struct canonical_walk p = canonical_walk(paths);
    struct canonical path = {0};
    if (!one || canonical_count(canonical_member(body, "targets")) > 0 || !d.terminating ||
        !canonical_is(d.name, r->state->platform) || canonical_count(paths) != 1 ||
        !canonical_next_item(&p, &path) || !canonical_is(path, "*/*") ||
        holder_of_targets(body, r->state->platform, &h) != TUF_GOOD)
        return REVIEW_BAD_DELEGATION;
    return online_is_among(r->online.keys, &h) ? REVIEW_OWN_KEY : REVIEW_GOOD;
}

static enum review_verdict check_content(struct review *r, const struct repo_file *f,
                                         const struct document *d, struct repo_change *out)
{
    if (f->role == REPO_ROOT)
        return check_root(r, d->part.body);
    r->meta = tuf_targets_check(d->part.body);
    if (r->meta != TUF_GOOD)
        return REVIEW_BAD_METADATA;
    if (f->role == REPO_TARGETS)
        return check_delegation(r, d->part.body);
    if (canonical_member(d->part.body, "delegations").len > 0)
        return REVIEW_BAD_DELEGATION; /* a device follows one, not two */
    memcpy(out->floor, r->state->floor, sizeof out->floor);
    return review_targets(r, d->part.body, out);
}

static enum review_verdict check_version(const struct review *r, const struct repo_file *f,
                                         int64_t named, bool *out_same)
{
    const struct repo_file *standing = &r->state->file[f->role];
    struct document d;
    uint8_t id[32];
    if (named != 0 && named != f->version)
        return REVIEW_OTHER_VERSION;
    if (standing->bytes == NULL)
        return f->version == 1 || f->role != REPO_ROOT ? REVIEW_GOOD : REVIEW_VERSION_GAP;
    if (f->version == standing->version &&
        document_open(f->role, standing->bytes, standing->len, &d) == TUF_GOOD) {
        document_id(&d, id);
        *out_same = memcmp(id, f->id, sizeof id) == 0;
    }
    if (f->version <= standing->version)
        return *out_same ? REVIEW_GOOD : REVIEW_LOWER_VERSION;
    return f->version == standing->version + 1 ? REVIEW_GOOD : REVIEW_VERSION_GAP;
}

/* ---- publishing ---------------------------------------------------------------------------
 */

/* Root, targets, platform's role: of the queue or standing; bytes NULL = none. */
struct chain {
    const struct repo_file *file[REPO_PLATFORM + 1];
};

static bool is_new(const struct review *r, const struct repo_file *f)
{
    return f != &r->state->file[f->role];
}

/* The files of a role that may be the next: those that wait, newest first, then what stands. */
static const struct repo_file *candidate(const struct review *r, enum repo_role role, size_t n)
{
    const struct repo_state *s = r->state;
    const int64_t standing = s->file[role].bytes == NULL ? 0 : s->file[role].version;
    for (size_t i = s->pending_count; i-- > 0;) {
        const struct repo_file *f = &s->pending[i];
        if (f->role == role && (standing == 0 || f->version == standing + 1) &&
            f->expires_unix_s > r->online.now_unix_s && n-- == 0)
            return f;
    }
    return n == 0 ? &s->file[role] : NULL;
}

/* May clients be left with this chain? */
static bool chain_holds(struct review *r, const struct chain *c, struct repo_change *out)
{
    const struct repo_file *root = c->file[REPO_ROOT], *targets = c->file[REPO_TARGETS],
                           *role = c->file[REPO_PLATFORM];
    if (root->bytes == NULL || (is_new(r, root) && !root_complete(r, root)))
        return false;
    if (targets->bytes == NULL)
        return role->bytes == NULL;
    if (!valid_under(r, targets, root) || !valid_under(r, role, targets))
        return false;
    struct document d;
    if (!is_new(r, role))
        return true;
    return document_open(role->role, role->bytes, role->len, &d) == TUF_GOOD &&
           check_content(r, role, &d, out) == REVIEW_GOOD;
}

/* The most advanced chain that holds and is not what stands. */
static bool choose(struct review *r, struct chain *out_chain, struct repo_change *out)
{
    struct chain c;
    for (size_t i = 0; (c.file[REPO_ROOT] = candidate(r, REPO_ROOT, i)) != NULL; i++)
        for (size_t j = 0; (c.file[REPO_TARGETS] = candidate(r, REPO_TARGETS, j)) != NULL; j++)
            for (size_t k = 0; (c.file[REPO_PLATFORM] = candidate(r, REPO_PLATFORM, k)) != NULL;
                 k++) {
                out->set_targets = false;
                memcpy(out->floor, r->state->floor, sizeof out->floor);
                if ((!is_new(r, c.file[REPO_ROOT]) && !is_new(r, c.file[REPO_TARGETS]) &&
                     !is_new(r, c.file[REPO_PLATFORM])) ||
                    !chain_holds(r, &c, out))
                    continue;
                *out_chain = c;
                return true;
            }
    out->set_targets = false;
    return false;
}

static void publish(struct repo_change *out, const struct repo_file *f, const char *by)
{
    struct repo_file *to = &out->publish[out->publish_count++];
    *to = *f;
    to->by = by;
}

/* Snapshot and timestamp for this chain: made anew when asked, due, or signed by a key that
 * root does not name. */
static ota_err freshen(struct review *r, const struct chain *c, bool changed,
                       struct repo_change *out)
{
    const struct repo_file *root = c->file[REPO_ROOT];
    const struct repo_file *snapshot = &r->state->file[REPO_SNAPSHOT];
    const struct repo_file *timestamp = &r->state->file[REPO_TIMESTAMP];
    const struct online *o = &r->online;
    struct document d;
    struct repo_file fresh;
    ota_err err = OTA_OK;
    if (c->file[REPO_TARGETS]->bytes == NULL)
        return OTA_OK;
    if (document_open(REPO_ROOT, root->bytes, root->len, &d) != TUF_GOOD)
        return OTA_E_INTERNAL;
    const bool new_snapshot = changed || !valid_under(r, snapshot, root) ||
                              online_is_due(snapshot, o->snapshot_s, o->now_unix_s);
    if (new_snapshot) {
        err = online_snapshot(o, d.part.body, r->state->platform, c->file[REPO_TARGETS],
                              c->file[REPO_PLATFORM],
                              online_next_version(snapshot->version, o->now_unix_s), &fresh);
        if (err != OTA_OK)
            return err;
        publish(out, &fresh, r->by);
        snapshot = &out->publish[out->publish_count - 1];
    }
    if (!new_snapshot && valid_under(r, timestamp, root) &&
        !online_is_due(timestamp, o->timestamp_s, o->now_unix_s))
        return OTA_OK;
    err = online_timestamp(o, d.part.body, snapshot,
                           online_next_version(timestamp->version, o->now_unix_s), &fresh);
    if (err == OTA_OK)
        publish(out, &fresh, r->by);
    return err;
}

static enum review_verdict publish_chain(struct review *r, const struct chain *c,
                                         struct repo_change *out)
{
    struct document d;
    const struct repo_file *root = c->file[REPO_ROOT];
    for (int role = REPO_ROOT; role <= REPO_PLATFORM; role++)
        if (is_new(r, c->file[role]))
            publish(out, c->file[role], r->by);
    ota_err err = freshen(
        r, c, is_new(r, c->file[REPO_TARGETS]) || is_new(r, c->file[REPO_PLATFORM]), out);
    if (err != OTA_OK)
        return of_key(err);
    if (document_open(REPO_ROOT, root->bytes, root->len, &d) != TUF_GOOD)
        return REVIEW_NO_MEMORY;
    err = online_key_of(r->online.keys, d.part.body, ONLINE_DIRECTOR, out->director_key);
    out->has_director_key = err == OTA_OK;
    return err == OTA_OK ? REVIEW_GOOD : of_key(err);
}

/* The oldest of a role goes when there are too many. */
static const struct repo_file *crowded_out(const struct repo_state *s,
                                           const struct repo_file *f)
{
    const struct repo_file *oldest = NULL;
    size_t count = 0;
    for (size_t i = s->pending_count; i-- > 0;)
        if (s->pending[i].role == f->role) {
            oldest = &s->pending[i];
            count++;
        }
    return count >= REPO_PENDING_MAX ? oldest : NULL;
}

/* The state as if f waited in it. */
static enum review_verdict with_waiting(struct review *r, const struct repo_file *f,
                                        struct repo_state *out)
{
    const struct repo_state *s = r->state;
    struct repo_file *list = arena_array(r->online.arena, s->pending_count + 1, sizeof *list);
    if (list == NULL)
        return REVIEW_NO_MEMORY;
    *out = *s;
    out->pending = list;
    out->pending_count = 0;
    for (size_t i = 0; i < s->pending_count; i++)
        if (s->pending[i].role != f->role || memcmp(s->pending[i].id, f->id, 32) != 0)
            list[out->pending_count++] = s->pending[i];
    list[out->pending_count++] = *f;
    return REVIEW_GOOD;
}

static enum review_verdict settle(struct review *r, const struct repo_file *f,
                                  struct repo_change *out)
{
    struct repo_state after;
    struct chain c;
    enum review_verdict v = with_waiting(r, f, &after);
    if (v != REVIEW_GOOD)
        return v;
    const struct repo_state *before = r->state;
    r->state = &after; /* what chosen files point into outlives it: the arena's */
    if (choose(r, &c, out))
        v = publish_chain(r, &c, out);
    r->state = before;
    out->keep = *f;
    out->drop = waiting(before, f) == NULL ? crowded_out(before, f) : NULL;
    return v;
}

static bool is_reserved(const char *platform)
{
    return repo_role_parse(platform) != REPO_ROLES && strcmp(platform, "platform") != 0;
}

enum review_verdict review_put(struct review *r, enum repo_role role, int64_t version,
                               const uint8_t *text, size_t len, struct repo_change *out)
{
    struct repo_file f = {.role = role, .by = r->by, .at_unix_s = r->online.now_unix_s};
    struct document d;
    bool same = false;
    *out = (struct repo_change){0};
    if (is_reserved(r->state->platform))
        return REVIEW_RESERVED_NAME;
    const ota_err err = document_canonical(r->online.arena, text, len, &f.bytes, &f.len);
    if (err != OTA_OK)
        return err == OTA_E_LIMIT ? REVIEW_TOO_LONG : REVIEW_NOT_CANONICAL;
    r->meta = document_open(role, f.bytes, f.len, &d);
    if (r->meta != TUF_GOOD || d.head.version == 0)
        return REVIEW_BAD_METADATA;
    f.version = (int64_t)d.head.version;
    f.expires_unix_s = (int64_t)d.head.expires_unix_s;
    document_id(&d, f.id);
    enum review_verdict v = check_version(r, &f, version, &same);
    if (v != REVIEW_GOOD || same)
        return v;
    if (f.expires_unix_s <= r->online.now_unix_s)
        return REVIEW_EXPIRED;
    if ((int64_t)d.head.signed_unix_s > r->online.now_unix_s + AHEAD_MAX_S)
        return REVIEW_AHEAD;
    v = join(r, &d, &f);
    if (v == REVIEW_GOOD)
        v = check_content(r, &f, &d, out);
    return v == REVIEW_GOOD ? settle(r, &f, out) : v;
}

enum review_verdict review_renew(struct review *r, struct repo_change *out)
{
    const struct repo_state *s = r->state;
    const struct chain c = {
        {&s->file[REPO_ROOT], &s->file[REPO_TARGETS], &s->file[REPO_PLATFORM]}};
    struct document d;
    *out = (struct repo_change){0};
    memcpy(out->floor, s->floor, sizeof out->floor);
    if (s->file[REPO_ROOT].bytes == NULL || s->file[REPO_TARGETS].bytes == NULL)
        return REVIEW_GOOD;
    if (document_open(REPO_ROOT, s->file[REPO_ROOT].bytes, s->file[REPO_ROOT].len, &d) !=
        TUF_GOOD)
        return REVIEW_BAD_METADATA;
    ota_err err = freshen(r, &c, false, out);
    if (err != OTA_OK)
        return of_key(err);
    err = online_key_of(r->online.keys, d.part.body, ONLINE_DIRECTOR, out->director_key);
    out->has_director_key = err == OTA_OK;
    if (err == OTA_E_BUSY) { /* as it was: its token will come back */
        out->has_director_key = s->has_director_key;
        memcpy(out->director_key, s->director_key, sizeof out->director_key);
    }
    return REVIEW_GOOD;
}

/* ---- what waits ---------------------------------------------------------------------------
 */

static void look_holder(const struct holder *h, const struct document *d,
                        struct review_item *out)
{
    for (unsigned i = 0; i < h->ring.count; i++) {
        unsigned at = 0;
        while (at < out->key_count && memcmp(out->key[at], h->ring.key[i].id, 32) != 0)
            at++;
        if (at == REVIEW_SIGNERS_MAX || at < out->key_count)
            continue;
        memcpy(out->key[at], h->ring.key[i].id, 32);
        out->has_signed[at] = holder_key_signed(h, i, d);
        out->signed_count += out->has_signed[at];
        out->key_count++;
    }
    if (h->role.threshold > out->threshold)
        out->threshold = h->role.threshold;
}

void review_look(const struct review *r, const struct repo_file *f, struct review_item *out)
{
    const struct repo_state *s = r->state;
    const enum repo_role parent = parent_of(f->role);
    struct holder h;
    struct document d;
    *out = (struct review_item){.waits_for = "signatures"};
    if (document_open(f->role, f->bytes, f->len, &d) != TUF_GOOD)
        return;
    /* By what waits, as that is what it would be published with; else by what stands. */
    const struct repo_file *by = &s->file[parent];
    for (size_t i = 0; f->role != REPO_ROOT && i < s->pending_count; i++)
        if (s->pending[i].role == parent)
            by = &s->pending[i];
    if (holders(r, f->role, by, &h))
        look_holder(&h, &d, out);
    if (f->role == REPO_ROOT && holders(r, f->role, f, &h))
        look_holder(&h, &d, out);
    out->complete = f->role == REPO_ROOT ? root_complete(r, f) : valid_under(r, f, by);
    if (out->complete)
        out->waits_for = f->role == REPO_PLATFORM  ? "targets"
                         : f->role == REPO_TARGETS ? "role"
                                                   : "targets";
}
