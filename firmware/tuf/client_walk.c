/*
 * Targets and the roles it delegates to, depth first in order of priority.  A role from the
 * store passes the gate again, under the delegator of this very lookup: one cached under an
 * older delegator is never believed.
 */
#include "client_parts.h"

#include <string.h>

const char *client_role_name(const struct tuf_client *c)
{
    return c->at == 0 ? "targets" : c->s.memory.visit[c->at - 1].name;
}

static enum tuf_verdict signed_by_visited(const struct tuf_client *c, const struct tuf_file *f)
{
    const struct tuf_visit *visit;

    if (c->at == 0)
        return client_signed_by_role(c, TUF_ROLE_TARGETS, f);
    visit = &c->s.memory.visit[c->at - 1];
    return tuf_signed_by(&visit->keys, &visit->role, &c->s.limits->keys, f->signatures,
                         f->body);
}

/* From the server or from the store: the same gate. */
static enum tuf_verdict accept_role(struct tuf_client *c, size_t len,
                                    struct canonical *out_body)
{
    struct tuf_listed listed;
    struct tuf_head head;
    struct tuf_file f;
    enum tuf_verdict v = tuf_snapshot_find(c->meta, client_role_name(c), &listed);

    if (v == TUF_GOOD)
        v = client_as_listed(c, &listed, len);
    if (v == TUF_GOOD)
        v = client_open_file(c, len, &f);
    if (v == TUF_GOOD)
        v = signed_by_visited(c, &f);
    if (v == TUF_GOOD)
        v = tuf_head_read(f.body, TUF_TARGETS, &head);
    if (v == TUF_GOOD)
        v = tuf_targets_check(f.body);
    if (v != TUF_GOOD)
        return v;
    if (head.version != listed.version)
        return TUF_VERSION;
    if (client_expired(c, &head))
        return TUF_EXPIRED;
    *(c->at == 0 ? &c->targets : &c->delegated) = head;
    *out_body = f.body;
    return TUF_GOOD;
}

/* Put a delegation at place `at` of the list; what no longer fits falls off its end. */
static enum tuf_verdict add_visit(struct tuf_client *c, unsigned at,
                                  const struct tuf_delegation *d)
{
    struct tuf_visit *list = c->s.memory.visit, spare;
    enum tuf_verdict v;

    if (c->count < c->s.memory.visits)
        c->count++;
    spare = list[c->count - 1];
    memmove(&list[at + 1], &list[at], (c->count - 1 - at) * sizeof *list);
    spare.terminating = d->terminating;
    spare.keys.count = 0;
    v = canonical_text(d->name, spare.name, sizeof spare.name) == OTA_OK ? TUF_GOOD
                                                                         : TUF_ROLE_NAME;
    if (v == TUF_GOOD)
        v = tuf_role_read(d->entry, d->keys, &c->s.limits->keys, &spare.keys, &spare.role);
    list[at] = spare;
    return v;
}

/* The roles behind this one that may speak of the path, in front of those that wait already. */
static enum tuf_verdict add_visits(struct tuf_client *c, struct canonical body)
{
    struct canonical_walk w = tuf_delegations(body);
    struct tuf_delegation d;
    unsigned at = c->at;
    enum tuf_verdict v = TUF_GOOD;

    while (v == TUF_GOOD && at < c->s.memory.visits && tuf_delegation_next(&w, body, &d)) {
        if (!tuf_delegation_covers(&d, c->path))
            continue;
        v = add_visit(c, at, &d);
        at++;
        if (d.terminating) {
            c->count = at; /* nobody else is asked */
            break;
        }
    }
    return v;
}

static bool visited(const struct tuf_client *c, const char *name)
{
    for (unsigned i = 0; i + 1 < c->at; i++)
        if (strcmp(c->s.memory.visit[i].name, name) == 0)
            return true;
    return false;
}

/* Out of the role's text: the target, or who may know it. *out_more: another role to look at.
 */
static enum tuf_verdict look(struct tuf_client *c, struct canonical body, bool *out_more)
{
    enum tuf_verdict v;

    *out_more = false;
    if (c->path == NULL) {
        c->step = TUF_READY;
        return TUF_GOOD;
    }
    v = tuf_target_find(body, c->path, &c->target);
    if (v == TUF_GOOD) {
        c->found = true;
        c->step = TUF_READY;
    }
    if (v != TUF_NO_TARGET)
        return v;
    v = add_visits(c, body);
    if (v != TUF_GOOD)
        return v;
    do {
        if (c->at >= c->count || c->at >= c->s.limits->delegations)
            return TUF_NO_TARGET;
        c->at++;
    } while (visited(c, client_role_name(c)));
    *out_more = true;
    return TUF_GOOD;
}

static enum tuf_verdict role_file(const struct tuf_client *c, char *name, size_t size)
{
    return tuf_file_name(client_role_name(c), 0, name, size) == OTA_OK ? TUF_GOOD
                                                                       : TUF_ROLE_NAME;
}

/* Look at roles as long as the store has them; else want the next. */
enum tuf_verdict client_walk(struct tuf_client *c)
{
    char name[3 * TUF_NAME_MAX + 8];
    bool more = true;
    enum tuf_verdict v = TUF_GOOD;

    while (v == TUF_GOOD && more) {
        struct tuf_listed listed;
        struct canonical body;
        size_t len = 0;

        c->step = TUF_WANTS_ROLE;
        v = tuf_snapshot_find(c->meta, client_role_name(c), &listed);
        if (v == TUF_GOOD)
            v = role_file(c, name, sizeof name);
        if (v != TUF_GOOD || !client_load(c, name, c->s.limits->targets_bytes, &len) ||
            accept_role(c, len, &body) != TUF_GOOD)
            break;
        v = look(c, body, &more);
    }
    return v;
}

enum tuf_verdict client_got_role(struct tuf_client *c, size_t len)
{
    char name[3 * TUF_NAME_MAX + 8];
    struct canonical body;
    bool more = false;
    enum tuf_verdict v = accept_role(c, len, &body);

    if (v == TUF_GOOD)
        v = role_file(c, name, sizeof name);
    if (v == TUF_GOOD)
        v = client_save(c, name, len);
    if (v == TUF_GOOD)
        v = look(c, body, &more);
    return v == TUF_GOOD && more ? client_walk(c) : v;
}
