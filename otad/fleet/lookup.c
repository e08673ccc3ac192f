/* Finding things in the memory model.  All of it under the lock, shared or exclusive. */
#include <string.h>

#include "inside.h"

struct fleet_tenant *tenant_by_id(const struct fleet *f, int64_t id)
{
    for (size_t i = 0; i < f->tenant_count; i++) {
        if (f->tenant[i].id == id)
            return &f->tenant[i];
    }
    return NULL;
}

const struct fleet_tenant *tenant_by_name(const struct fleet *f, const char *name)
{
    for (size_t i = 0; i < f->tenant_count; i++) {
        if (strcmp(f->tenant[i].name, name) == 0)
            return &f->tenant[i];
    }
    return NULL;
}

struct fleet_platform *platform_by_id(const struct fleet_tenant *t, int64_t id)
{
    for (size_t i = 0; i < t->platform_count; i++) {
        if (t->platform[i]->id == id)
            return t->platform[i];
    }
    return NULL;
}

bool list_has(const char *list, const char *word)
{
    const size_t len = strlen(word);
    while (list != NULL && *list != '\0') {
        const size_t n = strcspn(list, " ");
        if (n == len && memcmp(list, word, len) == 0)
            return true;
        list += n;
        list += *list == ' ';
    }
    return false;
}

const struct fleet_platform *platform_by_name(const struct fleet_tenant *t, const char *name)
{
    for (size_t i = 0; i < t->platform_count; i++) {
        const struct fleet_platform *p = t->platform[i];
        if (strcmp(p->name, name) == 0 || list_has(p->aliases, name))
            return p;
    }
    return NULL;
}

struct fleet_release *release_by_id(const struct fleet_tenant *t, int64_t id)
{
    for (size_t i = 0; i < t->release_count; i++) {
        if (t->release[i]->release.id == id)
            return t->release[i];
    }
    return NULL;
}

const struct fleet_release *release_newest_seen(const struct fleet_tenant *t,
                                                int64_t platform_id,
                                                const struct offer_device *d)
{
    const struct fleet_release *best = NULL;
    for (size_t i = 0; i < t->release_count; i++) {
        const struct fleet_release *r = t->release[i];
        if (r->platform_id != platform_id)
            continue;
        struct offer_release two[2] = {r->offer};
        if (best != NULL)
            two[1] = best->offer;
        if (fleet_newest_seen(d, two, best == NULL ? 1 : 2) == 0)
            best = r;
    }
    return best;
}

/* ---- hashed -------------------------------------------------------------------------- */

struct device_key {
    int64_t tenant_id, no;
    const char *id;
};

uint32_t hash_device_id(const struct fleet *f, int64_t tenant_id, const char *id)
{
    return table_hash(f->seed + (uint64_t)tenant_id, id, strlen(id));
}

uint32_t hash_number(const struct fleet *f, int64_t tenant_id, int64_t no)
{
    return table_hash(f->seed + (uint64_t)tenant_id, &no, sizeof no);
}

static bool match_id(const void *item, const void *key)
{
    const struct fleet_device *d = item;
    const struct device_key *k = key;
    return d->tenant_id == k->tenant_id && strcmp(d->id, k->id) == 0;
}

static bool match_no(const void *item, const void *key)
{
    const struct fleet_device *d = item;
    const struct device_key *k = key;
    return d->tenant_id == k->tenant_id && d->no == k->no;
}

struct fleet_device *device_by_id(const struct fleet *f, int64_t tenant_id, const char *id)
{
    const struct device_key key = {.tenant_id = tenant_id, .id = id};
    return table_find(&f->device_by_id, hash_device_id(f, tenant_id, id), match_id, &key);
}

struct fleet_device *device_by_no(const struct fleet *f, int64_t tenant_id, int64_t no)
{
    const struct device_key key = {.tenant_id = tenant_id, .no = no};
    return table_find(&f->device_by_no, hash_number(f, tenant_id, no), match_no, &key);
}

static bool match_key(const void *item, const void *key)
{
    const struct fleet_api_key_entry *k = item;
    return k->id == *(const int64_t *)key;
}

struct fleet_api_key_entry *key_by_id(const struct fleet *f, int64_t id)
{
    return table_find(&f->key_by_id, hash_number(f, 0, id), match_key, &id);
}

pthread_mutex_t *seen_lock_of(struct fleet *f, const struct fleet_device *d)
{
    return &f->seen_lock[(uint64_t)d->no % SEEN_LOCKS];
}
