/*
 * Filling the memory model.  Each put builds the new entry outside the lock, swaps it in under
 * the exclusive lock, and keeps of the old one only what polls have taught it.
 */
#include "apply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inside.h"

/* list with room for one more element than count; NULL without memory, list then stays. */
static void *room(void *list, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return list; /* it was grown to the next power of two */
    return realloc(list, (count == 0 ? 1 : 2 * count) * size);
}

ota_err fleet_put_tenant(struct fleet *f, int64_t id, const char *name)
{
    char *copy = strdup(name);
    if (copy == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_tenant *t = tenant_by_id(f, id), *grown = f->tenant;
    if (t == NULL)
        grown = room(f->tenant, f->tenant_count, sizeof *grown);
    if (t != NULL) {
        free(t->name);
        t->name = copy;
    } else if (grown != NULL) {
        f->tenant = grown;
        f->tenant[f->tenant_count++] = (struct fleet_tenant){.id = id, .name = copy};
    } else {
        free(copy);
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return t == NULL && grown == NULL ? OTA_E_NO_MEMORY : OTA_OK;
}

/* ---- platforms and releases ---------------------------------------------------------- */

/* What a device of unknown version sees on a channel as newest. */
static const struct fleet_release *newest_on(const struct fleet_tenant *t, int64_t platform_id,
                                             enum channel channel)
{
    return release_newest_seen(t, platform_id, &(struct offer_device){.channel = channel});
}

void platform_find_newest(const struct fleet_tenant *t, struct fleet_platform *p)
{
    if (p == NULL)
        return;
    p->newest[CHANNEL_STABLE] = newest_on(t, p->id, CHANNEL_STABLE);
    p->newest[CHANNEL_BETA] = newest_on(t, p->id, CHANNEL_BETA);
}

static struct fleet_platform *platform_make(const struct fleet_platform_row *row)
{
    const char *aliases = row->aliases == NULL ? "" : row->aliases;
    const size_t name_bytes = strlen(row->name) + 1, aliases_bytes = strlen(aliases) + 1;
    struct fleet_platform *p = malloc(sizeof *p + name_bytes + aliases_bytes);
    if (p == NULL)
        return NULL;
    char *text = (char *)(p + 1);
    memcpy(text, row->name, name_bytes);
    memcpy(text + name_bytes, aliases, aliases_bytes);
    *p = (struct fleet_platform){.id = row->id,
                                 .follow_channel = row->follow_channel,
                                 .key_manifest_sequence = row->key_manifest_sequence,
                                 .name = text,
                                 .aliases = text + name_bytes};
    return p;
}

/* p is taken over on success. */
static ota_err platform_swap(struct fleet_tenant *t, struct fleet_platform *p)
{
    for (size_t i = 0; i < t->platform_count; i++) {
        if (t->platform[i]->id == p->id) {
            p->metadata = t->platform[i]->metadata;
            free(t->platform[i]);
            t->platform[i] = p;
            platform_find_newest(t, p);
            return OTA_OK;
        }
    }
    struct fleet_platform **grown =
        room(t->platform, t->platform_count, sizeof(struct fleet_platform *));
    if (grown == NULL)
        return OTA_E_NO_MEMORY;
    t->platform = grown;
    t->platform[t->platform_count++] = p;
    platform_find_newest(t, p);
    return OTA_OK;
}

ota_err fleet_put_platform(struct fleet *f, int64_t tenant_id,
                           const struct fleet_platform_row *row)
{
    struct fleet_platform *p = platform_make(row);
    if (p == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    const ota_err err = t == NULL ? OTA_E_NOT_FOUND : platform_swap(t, p);
    (void)pthread_rwlock_unlock(&f->lock);
    if (err != OTA_OK)
        free(p);
    return err;
}

/* r is taken over on success; *out_old is what it replaces, to be freed. */
static ota_err release_swap(struct fleet_tenant *t, struct fleet_release *r,
                            struct fleet_release **out_old)
{
    size_t i = 0;
    while (i < t->release_count && t->release[i]->release.id != r->release.id)
        i++;
    if (i == t->release_count) {
        struct fleet_release **grown =
            room(t->release, t->release_count, sizeof(struct fleet_release *));
        if (grown == NULL)
            return OTA_E_NO_MEMORY;
        t->release = grown;
        t->release[t->release_count++] = NULL;
    }
    *out_old = t->release[i];
    t->release[i] = r;
    struct fleet_platform *p = platform_by_id(t, r->platform_id);
    release_is_listed(p, r->release.id, &r->offer);
    platform_find_newest(t, p);
    return OTA_OK;
}

ota_err fleet_put_release(struct fleet *f, int64_t tenant_id,
                          const struct fleet_release_row *row)
{
    struct fleet_release *r = clone_release(row), *old = NULL;
    if (r == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    const ota_err err = t == NULL ? OTA_E_NOT_FOUND : release_swap(t, r, &old);
    const bool loaded = f->loaded;
    (void)pthread_rwlock_unlock(&f->lock);
    free(err == OTA_OK ? old : r);
    if (err == OTA_OK && loaded)
        fleet_tell_release(f, tenant_id, &row->release);
    return err;
}

/* ---- gateways and keys --------------------------------------------------------------- */

static ota_err gateway_swap(struct fleet_tenant *t, const struct fleet_gateway *g)
{
    size_t i = 0;
    while (i < t->gateway_count && t->gateway[i].id != g->id)
        i++;
    if (i == t->gateway_count) {
        struct fleet_gateway *grown = room(t->gateway, t->gateway_count, sizeof *grown);
        if (grown == NULL)
            return OTA_E_NO_MEMORY;
        t->gateway = grown;
        t->gateway_count++;
    }
    t->gateway[i] = *g;
    return OTA_OK;
}

ota_err fleet_put_gateway(struct fleet *f, int64_t tenant_id,
                          const struct fleet_gateway_row *row)
{
    struct fleet_gateway g = {.id = row->id};
    memcpy(g.hash, row->hash, sizeof g.hash);
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    g.generation = f->generation;
    const ota_err err = t == NULL ? OTA_E_NOT_FOUND : gateway_swap(t, &g);
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

/* Its place stays, as nobody's: id 0 is no gateway.  So room is counted right. */
static void gateway_drop(struct fleet_gateway *g)
{
    *g = (struct fleet_gateway){0};
}

void fleet_remove_gateway(struct fleet *f, int64_t tenant_id, int64_t id)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    for (size_t i = 0; t != NULL && i < t->gateway_count; i++) {
        if (t->gateway[i].id == id)
            gateway_drop(&t->gateway[i]);
    }
    (void)pthread_rwlock_unlock(&f->lock);
}

static struct fleet_api_key_entry *key_make(int64_t tenant_id, const struct fleet_key_row *row)
{
    const size_t name = strlen(row->name) + 1, scopes = strlen(row->scopes) + 1;
    const size_t platforms = strlen(row->platforms) + 1;
    struct fleet_api_key_entry *k = malloc(sizeof *k + name + scopes + platforms);
    if (k == NULL)
        return NULL;
    char *text = (char *)(k + 1);
    memcpy(text, row->name, name);
    memcpy(text + name, row->scopes, scopes);
    memcpy(text + name + scopes, row->platforms, platforms);
    *k = (struct fleet_api_key_entry){.tenant_id = tenant_id,
                                      .id = row->id,
                                      .expires_at_unix_s = row->expires_at_unix_s,
                                      .name = text,
                                      .scopes = text + name,
                                      .platforms = text + name + scopes};
    memcpy(k->hash, row->hash, sizeof k->hash);
    return k;
}

ota_err fleet_put_key(struct fleet *f, int64_t tenant_id, const struct fleet_key_row *row)
{
    struct fleet_api_key_entry *k = key_make(tenant_id, row);
    if (k == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = OTA_OK;
    (void)pthread_rwlock_wrlock(&f->lock);
    k->generation = f->generation;
    struct fleet_api_key_entry *old = key_by_id(f, row->id);
    if (old != NULL) {
        k->used_at_unix_s = old->used_at_unix_s;
        table_replace(&f->key_by_id, hash_number(f, 0, row->id), old, k);
    } else {
        err = table_add(&f->key_by_id, hash_number(f, 0, row->id), k);
    }
    (void)atomic_fetch_add(&f->rights_version, 1);
    (void)pthread_rwlock_unlock(&f->lock);
    free(err == OTA_OK ? old : k);
    return err;
}

static void key_drop(struct fleet *f, struct fleet_api_key_entry *k)
{
    table_remove(&f->key_by_id, hash_number(f, 0, k->id), k);
    free(k);
}

void fleet_remove_key(struct fleet *f, int64_t tenant_id, int64_t id)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_api_key_entry *k = key_by_id(f, id);
    if (k != NULL && k->tenant_id == tenant_id)
        key_drop(f, k);
    (void)atomic_fetch_add(&f->rights_version, 1);
    (void)pthread_rwlock_unlock(&f->lock);
}

/* ---- devices ------------------------------------------------------------------------- */

static void device_free(struct fleet_device *d)
{
    if (d == NULL)
        return;
    free(d->update);
    free(d->last_update);
    free(d->seen.heartbeat);
    free(d);
}

static void texts_put(struct fleet_device *to, const struct device *d)
{
    const size_t id_bytes = strlen(d->id) + 1, name_bytes = strlen(d->name) + 1;
    memcpy(to->id, d->id, id_bytes);
    memcpy(to->id + id_bytes, d->name, name_bytes);
    to->name = to->id + id_bytes;
    to->version = NULL;
    if (d->version != NULL) {
        memcpy(to->id + id_bytes + name_bytes, d->version, strlen(d->version) + 1);
        to->version = to->id + id_bytes + name_bytes;
    }
}

static struct fleet_device *device_make(const struct fleet *f, int64_t tenant_id,
                                        const struct fleet_device_row *row)
{
    const struct device *from = &row->device;
    const size_t version_bytes = from->version == NULL ? 0 : strlen(from->version) + 1;
    struct fleet_device *d =
        malloc(sizeof *d + strlen(from->id) + 1 + strlen(from->name) + 1 + version_bytes);
    if (d == NULL)
        return NULL;
    *d = (struct fleet_device){
        .tenant_id = tenant_id,
        .no = from->no,
        .platform_id = row->platform_id,
        .skip_release_id = row->skip_release_id,
        .installed_update_id = row->installed_update_id,
        .registered_at_unix_s = from->registered_at_unix_s,
        .security_counter = row->security_counter,
        .channel = (uint8_t)from->channel,
        .has_token = row->has_token,
        .config_wanted = row->config_wanted,
        .plain = from->plain,
        .version_key = version_of(from->version),
        .seen = {.last_seen_at_unix_s = from->last_seen_at_unix_s},
    };
    memcpy(d->token_hash, row->token_hash, sizeof d->token_hash);
    texts_put(d, from);
    if (from->address != NULL && strlen(from->address) < sizeof d->seen.address)
        memcpy(d->seen.address, from->address, strlen(from->address) + 1);
    d->seen.told_state = (uint8_t)device_state_at(from->last_seen_at_unix_s,
                                                  (int64_t)time(NULL), f->config.lateness);
    if (from->has_update)
        d->update = clone_update(&from->update);
    if (from->has_last_update)
        d->last_update = clone_update_end(&from->last_update);
    if (from->has_heartbeat)
        d->seen.heartbeat = clone_heartbeat(&from->heartbeat);
    if ((from->has_update && d->update == NULL) ||
        (from->has_last_update && d->last_update == NULL) ||
        (from->has_heartbeat && d->seen.heartbeat == NULL)) {
        device_free(d);
        return NULL;
    }
    return d;
}

/* What polls have taught the old entry and the database does not know yet. */
static void keep_seen(struct fleet_device *d, struct fleet_device *old)
{
    d->seen.queued = old->seen.queued;
    if (old->seen.last_seen_at_unix_s >= d->seen.last_seen_at_unix_s) {
        d->seen.last_seen_at_unix_s = old->seen.last_seen_at_unix_s;
        memcpy(d->seen.address, old->seen.address, sizeof d->seen.address);
    }
    d->seen.told_state = old->seen.told_state;
    const struct heartbeat *mine = d->seen.heartbeat, *theirs = old->seen.heartbeat;
    if (theirs != NULL && (mine == NULL || theirs->at_unix_s >= mine->at_unix_s)) {
        free(d->seen.heartbeat);
        d->seen.heartbeat = old->seen.heartbeat;
        d->seen.heartbeat_new = old->seen.heartbeat_new;
        old->seen.heartbeat = NULL;
    }
}

/* Under the exclusive lock.  d is taken over on success. */
static ota_err device_swap(struct fleet *f, struct fleet_device *d,
                           struct fleet_device **out_old)
{
    const uint32_t by_id = hash_device_id(f, d->tenant_id, d->id);
    const uint32_t by_no = hash_number(f, d->tenant_id, d->no);
    struct fleet_device *old = device_by_no(f, d->tenant_id, d->no);
    d->generation = f->generation;
    if (old != NULL) { /* a device's id never changes */
        keep_seen(d, old);
        table_replace(&f->device_by_id, by_id, old, d);
        table_replace(&f->device_by_no, by_no, old, d);
        *out_old = old;
        return OTA_OK;
    }
    ota_err err = table_add(&f->device_by_id, by_id, d);
    if (err != OTA_OK)
        return err;
    err = table_add(&f->device_by_no, by_no, d);
    if (err != OTA_OK)
        table_remove(&f->device_by_id, by_id, d);
    return err;
}

/* Under the exclusive lock. */
static void device_drop(struct fleet *f, struct fleet_device *d)
{
    table_remove(&f->device_by_id, hash_device_id(f, d->tenant_id, d->id), d);
    table_remove(&f->device_by_no, hash_number(f, d->tenant_id, d->no), d);
}

/* Copied, since another thread may replace the platform. */
struct platform_name {
    char text[64];
};

/* Under the lock. */
static struct platform_name platform_name_of(const struct fleet *f,
                                             const struct fleet_device *d)
{
    struct platform_name name = {.text = ""};
    const struct fleet_tenant *t = tenant_by_id(f, d->tenant_id);
    const struct fleet_platform *p = t == NULL ? NULL : platform_by_id(t, d->platform_id);
    if (p != NULL && strlen(p->name) < sizeof name.text)
        memcpy(name.text, p->name, strlen(p->name) + 1);
    return name;
}

/* To those who may see the platform that it has left.  Without locks. */
static void tell_gone(const struct fleet *f, const struct fleet_device *d,
                      const struct platform_name *platform)
{
    const struct device gone = {.no = d->no,
                                .id = d->id,
                                .name = d->name,
                                .platform = platform->text[0] == '\0' ? NULL : platform->text,
                                .address = ""};
    if (f->config.event != NULL)
        f->config.event(f->config.event_arg,
                        &(struct fleet_event){.kind = FLEET_EVENT_DEVICE_GONE,
                                              .tenant_id = d->tenant_id,
                                              .device = &gone});
}

ota_err fleet_put_device(struct fleet *f, int64_t tenant_id, const struct fleet_device_row *row)
{
    struct fleet_device *d = device_make(f, tenant_id, row), *old = NULL, *namesake = NULL;
    struct platform_name left = {.text = ""};
    if (d == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_rwlock_wrlock(&f->lock);
    /* Deleted and registered again before we heard of the first: one id, another number. */
    namesake = device_by_id(f, tenant_id, row->device.id);
    if (namesake != NULL && namesake->no != row->device.no)
        device_drop(f, namesake);
    else
        namesake = NULL;
    const ota_err err = device_swap(f, d, &old);
    const bool loaded = f->loaded;
    const bool moved = err == OTA_OK && old != NULL && old->platform_id != row->platform_id;
    if (moved)
        left = platform_name_of(f, old);
    (void)pthread_rwlock_unlock(&f->lock);
    if (moved && loaded)
        tell_gone(f, old, &left);
    device_free(namesake);
    device_free(err == OTA_OK ? old : d);
    if (err == OTA_OK && loaded)
        tell_device(f, tenant_id, row->device.id);
    return err;
}

void fleet_remove_device(struct fleet *f, int64_t tenant_id, int64_t device_no)
{
    struct platform_name platform;
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_device *d = device_by_no(f, tenant_id, device_no);
    if (d != NULL) {
        platform = platform_name_of(f, d);
        device_drop(f, d);
    }
    const bool loaded = f->loaded;
    (void)pthread_rwlock_unlock(&f->lock);
    if (d != NULL && loaded)
        tell_gone(f, d, &platform);
    device_free(d);
}

void fleet_set_behind(struct fleet *f, int64_t tenant_id, bool behind)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    if (t != NULL)
        t->behind = behind;
    (void)pthread_rwlock_unlock(&f->lock);
}

/* ---- reading everything anew --------------------------------------------------------- */

void fleet_reload_begin(struct fleet *f)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    f->generation++;
    (void)pthread_rwlock_unlock(&f->lock);
}

/* Removal moves others into the slot, so the slot is looked at again. */
static void sweep_devices(struct fleet *f)
{
    for (size_t i = 0; i < f->device_by_no.capacity;) {
        struct fleet_device *d = f->device_by_no.slot[i].item;
        if (d != NULL && d->generation != f->generation) {
            device_drop(f, d);
            device_free(d);
        } else {
            i++;
        }
    }
}

static void sweep_keys(struct fleet *f)
{
    for (size_t i = 0; i < f->key_by_id.capacity;) {
        struct fleet_api_key_entry *k = f->key_by_id.slot[i].item;
        if (k != NULL && k->generation != f->generation)
            key_drop(f, k);
        else
            i++;
    }
}

static void sweep_gateways(struct fleet *f)
{
    for (size_t t = 0; t < f->tenant_count; t++) {
        for (size_t i = 0; i < f->tenant[t].gateway_count; i++) {
            if (f->tenant[t].gateway[i].generation != f->generation)
                gateway_drop(&f->tenant[t].gateway[i]);
        }
    }
}

void fleet_reload_end(struct fleet *f)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    sweep_devices(f);
    sweep_keys(f);
    sweep_gateways(f);
    people_sweep(f);
    const bool again = f->loaded;
    f->loaded = true;
    (void)pthread_rwlock_unlock(&f->lock);
    if (again && f->config.event != NULL)
        f->config.event(f->config.event_arg, &(struct fleet_event){.kind = FLEET_EVENT_RESYNC});
}
