/*
 * Links under a lock of their own, which is taken after the model's, for moments.  An entry
 * stays while somebody has bytes of it or the database lacks some, so that nothing is lost.
 */
#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"

struct link_entry {
    int64_t tenant_id, id, expires_at_unix_s;
    struct link_account account;
    int64_t uses_writing, uses_waiting;
    uint32_t in_flight;
    bool revoked, is_writing;
    char created_by[];
};

struct links {
    pthread_mutex_t lock;
    struct table by_id;
    bool dirty; /* something waits to be written */
};

/* ---- the account ----------------------------------------------------------------------- */

int64_t link_used(const struct link_account *a)
{
    return a->known + a->writing + a->waiting;
}

bool link_reserve(struct link_account *a, int64_t bytes)
{
    if (bytes < 0 || bytes > a->budget || link_used(a) > a->budget - bytes)
        return false;
    a->waiting += bytes;
    return true;
}

void link_give_back(struct link_account *a, int64_t bytes)
{
    a->waiting -= bytes;
}

int64_t link_write_begin(struct link_account *a)
{
    a->writing = a->waiting;
    a->waiting = 0;
    return a->writing;
}

void link_write_done(struct link_account *a, int64_t known)
{
    a->known = known;
    a->writing = 0;
}

void link_write_failed(struct link_account *a)
{
    a->waiting += a->writing;
    a->writing = 0;
}

/* ---- the table ------------------------------------------------------------------------- */

ota_err links_new(struct links **out)
{
    struct links *l = calloc(1, sizeof *l);
    if (l == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_mutex_init(&l->lock, NULL);
    *out = l;
    return OTA_OK;
}

void links_free(struct links *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->by_id.capacity; i++)
        free(l->by_id.slot[i].item);
    table_done(&l->by_id);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

struct link_name {
    int64_t tenant_id, id;
};

static bool match(const void *item, const void *key)
{
    const struct link_entry *e = item;
    const struct link_name *name = key;
    return e->tenant_id == name->tenant_id && e->id == name->id;
}

/* Under the lock. */
static struct link_entry *find(const struct fleet *f, int64_t tenant_id, int64_t id)
{
    const struct link_name name = {tenant_id, id};
    return table_find(&f->links->by_id, hash_number(f, tenant_id, id), match, &name);
}

static ota_err add(struct fleet *f, int64_t tenant_id, const struct fleet_link_row *row)
{
    const size_t len = strlen(row->created_by);
    struct link_entry *e = calloc(1, sizeof *e + len + 1);
    if (e == NULL)
        return OTA_E_NO_MEMORY;
    e->tenant_id = tenant_id;
    e->id = row->id;
    e->expires_at_unix_s = row->expires_at_unix_s;
    e->account = (struct link_account){.budget = row->byte_budget, .known = row->bytes_used};
    e->revoked = row->revoked;
    memcpy(e->created_by, row->created_by, len + 1);
    const ota_err err = table_add(&f->links->by_id, hash_number(f, tenant_id, e->id), e);
    if (err != OTA_OK)
        free(e);
    return err;
}

ota_err fleet_put_link(struct fleet *f, int64_t tenant_id, const struct fleet_link_row *row)
{
    (void)pthread_mutex_lock(&f->links->lock);
    struct link_entry *e = find(f, tenant_id, row->id);
    ota_err err = OTA_OK;
    if (e != NULL)
        e->revoked = row->revoked;
    else
        err = add(f, tenant_id, row);
    (void)pthread_mutex_unlock(&f->links->lock);
    return err;
}

/* ---- use ------------------------------------------------------------------------------- */

static enum fleet_link verdict(const struct link_entry *e)
{
    if (e == NULL)
        return FLEET_LINK_UNKNOWN;
    if (e->revoked)
        return FLEET_LINK_REVOKED;
    return link_used(&e->account) >= e->account.budget ? FLEET_LINK_USED_UP : FLEET_LINK_LIVE;
}

enum fleet_link fleet_link_look(struct fleet *f, int64_t tenant_id, int64_t id, struct arena *a,
                                const char **out_who)
{
    (void)pthread_mutex_lock(&f->links->lock);
    const struct link_entry *e = find(f, tenant_id, id);
    const enum fleet_link v = verdict(e);
    *out_who = e == NULL ? NULL : arena_strdup(a, e->created_by);
    (void)pthread_mutex_unlock(&f->links->lock);
    return v;
}

enum fleet_link fleet_link_reserve(struct fleet *f, int64_t tenant_id, int64_t id,
                                   int64_t bytes)
{
    (void)pthread_mutex_lock(&f->links->lock);
    struct link_entry *e = find(f, tenant_id, id);
    enum fleet_link v = verdict(e);
    if (v == FLEET_LINK_LIVE && !link_reserve(&e->account, bytes))
        v = FLEET_LINK_USED_UP;
    if (v == FLEET_LINK_LIVE) {
        e->in_flight++;
        e->uses_waiting++;
        f->links->dirty = true;
    }
    (void)pthread_mutex_unlock(&f->links->lock);
    return v;
}

void fleet_link_end(struct fleet *f, int64_t tenant_id, int64_t id, int64_t reserved,
                    int64_t sent)
{
    (void)pthread_mutex_lock(&f->links->lock);
    struct link_entry *e = find(f, tenant_id, id); /* there, for it was in flight */
    if (e != NULL && sent < reserved) {
        link_give_back(&e->account, reserved - sent);
        f->links->dirty = true;
    }
    if (e != NULL)
        e->in_flight--;
    (void)pthread_mutex_unlock(&f->links->lock);
}

ota_err fleet_file_get(struct fleet *f, int64_t tenant_id, int64_t release_id, const char *name,
                       struct arena *a, struct fleet_file *out)
{
    ota_err err = OTA_E_NOT_FOUND;
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    const struct fleet_release *r = t == NULL ? NULL : release_by_id(t, release_id);
    if (!f->loaded)
        err = OTA_E_BUSY;
    for (size_t i = 0; err == OTA_E_NOT_FOUND && r != NULL && i < r->release.artifact_count;
         i++) {
        const struct artifact *found = &r->release.artifacts[i];
        if (strcmp(found->name, name) != 0)
            continue;
        *out = (struct fleet_file){
            .platform = arena_strdup(a, r->release.platform),
            .version = arena_strdup(a, r->release.version),
            .state = r->release.state,
            .artifact = {.name = arena_strdup(a, name), .size_bytes = found->size_bytes}};
        memcpy(out->artifact.sha256, found->sha256, sizeof found->sha256);
        err = a->full ? OTA_E_LIMIT : OTA_OK;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

/* ---- write-behind ---------------------------------------------------------------------- */

static bool owes(const struct link_entry *e)
{
    return e->account.waiting != 0 || e->uses_waiting != 0;
}

size_t fleet_take_link_uses(struct fleet *f, struct fleet_link_use *out, size_t max)
{
    struct links *l = f->links;
    size_t count = 0;
    (void)pthread_mutex_lock(&l->lock);
    size_t i = l->dirty ? 0 : l->by_id.capacity;
    for (; i < l->by_id.capacity && count < max; i++) {
        struct link_entry *e = l->by_id.slot[i].item;
        if (e == NULL || e->is_writing || !owes(e))
            continue;
        e->is_writing = true;
        e->uses_writing = e->uses_waiting;
        e->uses_waiting = 0;
        out[count++] = (struct fleet_link_use){.tenant_id = e->tenant_id,
                                               .link_id = e->id,
                                               .bytes = link_write_begin(&e->account),
                                               .uses = e->uses_writing};
    }
    l->dirty = count == max; /* there may be more */
    (void)pthread_mutex_unlock(&l->lock);
    return count;
}

void fleet_link_written(struct fleet *f, int64_t tenant_id, int64_t id, int64_t bytes_used)
{
    (void)pthread_mutex_lock(&f->links->lock);
    struct link_entry *e = find(f, tenant_id, id);
    if (e != NULL && e->is_writing) {
        link_write_done(&e->account, bytes_used);
        e->uses_writing = 0;
        e->is_writing = false;
    }
    (void)pthread_mutex_unlock(&f->links->lock);
}

void fleet_links_failed(struct fleet *f)
{
    struct links *l = f->links;
    (void)pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->by_id.capacity; i++) {
        struct link_entry *e = l->by_id.slot[i].item;
        if (e == NULL || !e->is_writing)
            continue;
        link_write_failed(&e->account);
        e->uses_waiting += e->uses_writing;
        e->uses_writing = 0;
        e->is_writing = false;
        l->dirty = true;
    }
    (void)pthread_mutex_unlock(&l->lock);
}

void fleet_link_known(struct fleet *f, int64_t tenant_id, int64_t id, int64_t bytes_used)
{
    (void)pthread_mutex_lock(&f->links->lock);
    struct link_entry *e = find(f, tenant_id, id);
    if (e != NULL && !e->is_writing)
        e->account.known = bytes_used;
    (void)pthread_mutex_unlock(&f->links->lock);
}

/* Removing moves entries back, so the place is looked at again. */
void fleet_links_expire(struct fleet *f, int64_t now_unix_s)
{
    struct links *l = f->links;
    (void)pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->by_id.capacity;) {
        struct link_entry *e = l->by_id.slot[i].item;
        if (e == NULL || e->expires_at_unix_s > now_unix_s || e->in_flight > 0 ||
            e->is_writing || owes(e)) {
            i++;
            continue;
        }
        table_remove(&l->by_id, hash_number(f, e->tenant_id, e->id), e);
        free(e);
    }
    (void)pthread_mutex_unlock(&l->lock);
}

size_t fleet_links_count(struct fleet *f)
{
    (void)pthread_mutex_lock(&f->links->lock);
    const size_t count = f->links->by_id.count;
    (void)pthread_mutex_unlock(&f->links->lock);
    return count;
}
