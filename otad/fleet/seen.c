/*
 * What polls teach the memory model, on its way to the database and to the event callback.  A
 * device is in the queue at most once, however often it polls: that is what coalesces.
 */
#include <stdlib.h>
#include <string.h>

#include "inside.h"

/* Under the device's seen lock.  Without memory the device is not queued, and comes again. */
static void queue_push(struct fleet *f, struct fleet_device *d)
{
    enum { CAPACITY_MIN = 256 };
    (void)pthread_mutex_lock(&f->queue_lock);
    if (f->queue_count == f->queue_capacity) {
        const size_t capacity = f->queue_capacity == 0 ? CAPACITY_MIN : 2 * f->queue_capacity;
        struct queue_item *grown = realloc(f->queue, capacity * sizeof *grown);
        if (grown != NULL) {
            f->queue = grown;
            f->queue_capacity = capacity;
        }
    }
    if (f->queue_count < f->queue_capacity) {
        f->queue[f->queue_count++] = (struct queue_item){d->tenant_id, d->no};
        d->seen.queued = true;
    }
    (void)pthread_mutex_unlock(&f->queue_lock);
}

void seen_mark(struct fleet *f, struct fleet_device *d, const struct fleet_caller *who,
               struct heartbeat *h)
{
    pthread_mutex_t *lock = seen_lock_of(f, d);
    const char *address = who->address == NULL ? "" : who->address;
    const size_t len = strnlen(address, ADDRESS_BYTES - 1);
    (void)pthread_mutex_lock(lock);
    struct seen *s = &d->seen;
    if (who->now_unix_s > s->last_seen_at_unix_s)
        s->last_seen_at_unix_s = who->now_unix_s;
    memcpy(s->address, address, len);
    s->address[len] = '\0';
    if (h != NULL) {
        if (h->stale_since_unix_s != 0 && s->heartbeat != NULL &&
            s->heartbeat->stale_since_unix_s != 0)
            h->stale_since_unix_s = s->heartbeat->stale_since_unix_s;
        free(s->heartbeat);
        s->heartbeat = h;
        s->heartbeat_new = true;
    }
    if (!s->queued)
        queue_push(f, d);
    (void)pthread_mutex_unlock(lock);
}

/* ---- taking -------------------------------------------------------------------------- */

/* Ids of the devices to be told of, in the arena; count beyond the maximum means resync. */
struct tell_list {
    struct {
        int64_t tenant_id;
        const char *id;
    } item[EVENTS_AT_ONCE_MAX];
    size_t count;
};

static void tell_later(struct tell_list *list, struct arena *a, const struct fleet_device *d)
{
    if (list->count < EVENTS_AT_ONCE_MAX) {
        list->item[list->count].tenant_id = d->tenant_id;
        list->item[list->count].id = arena_strdup(a, d->id);
    }
    list->count++;
}

static void tell_all(struct fleet *f, const struct tell_list *list)
{
    if (list->count > EVENTS_AT_ONCE_MAX) {
        if (f->config.event != NULL)
            f->config.event(f->config.event_arg,
                            &(struct fleet_event){.kind = FLEET_EVENT_RESYNC});
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->item[i].id != NULL)
            tell_device(f, list->item[i].tenant_id, list->item[i].id);
    }
}

/* Under the shared lock. */
static ota_err seen_copy(struct fleet *f, struct fleet_device *d, struct arena *a,
                         struct fleet_seen *out, struct tell_list *list)
{
    ota_err err = OTA_OK;
    (void)pthread_mutex_lock(seen_lock_of(f, d));
    struct seen *s = &d->seen;
    *out = (struct fleet_seen){.tenant_id = d->tenant_id,
                               .device_no = d->no,
                               .last_seen_at_unix_s = s->last_seen_at_unix_s,
                               .has_heartbeat = s->heartbeat_new};
    memcpy(out->address, s->address, sizeof s->address);
    if (s->heartbeat_new)
        err = copy_heartbeat(a, s->heartbeat, &out->heartbeat);
    if (s->heartbeat_new || s->told_state != DEVICE_ONLINE)
        tell_later(list, a, d);
    s->told_state = DEVICE_ONLINE; /* it has just polled */
    s->heartbeat_new = false;
    s->queued = false;
    (void)pthread_mutex_unlock(seen_lock_of(f, d));
    return err;
}

/* The newest of the queue, at most max; they leave it. */
static size_t queue_pop(struct fleet *f, struct queue_item *out, size_t max)
{
    (void)pthread_mutex_lock(&f->queue_lock);
    const size_t n = f->queue_count < max ? f->queue_count : max;
    f->queue_count -= n;
    if (n > 0)
        memcpy(out, f->queue + f->queue_count, n * sizeof *out);
    (void)pthread_mutex_unlock(&f->queue_lock);
    return n;
}

ota_err fleet_take_seen(struct fleet *f, size_t max, struct arena *a, struct fleet_seen **out,
                        size_t *out_count)
{
    struct tell_list *list = ARENA_NEW(a, struct tell_list);
    struct queue_item *item = arena_array(a, max, sizeof *item);
    struct fleet_seen *seen = arena_array(a, max, sizeof *seen);
    if (list == NULL || item == NULL || seen == NULL)
        return OTA_E_LIMIT;
    const size_t n = queue_pop(f, item, max);
    size_t count = 0;
    (void)pthread_rwlock_rdlock(&f->lock);
    for (size_t i = 0; i < n; i++) {
        struct fleet_device *d = device_by_no(f, item[i].tenant_id, item[i].device_no);
        /* A heartbeat that finds no room is dropped: the next one comes soon. */
        if (d != NULL && seen_copy(f, d, a, &seen[count], list) != OTA_OK)
            seen[count].has_heartbeat = false;
        count += d != NULL;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    tell_all(f, list);
    *out = seen;
    *out_count = count;
    return OTA_OK;
}

void fleet_return_seen(struct fleet *f, const struct fleet_seen *seen, size_t count)
{
    (void)pthread_rwlock_rdlock(&f->lock);
    for (size_t i = 0; i < count; i++) {
        struct fleet_device *d = device_by_no(f, seen[i].tenant_id, seen[i].device_no);
        if (d == NULL)
            continue;
        (void)pthread_mutex_lock(seen_lock_of(f, d));
        d->seen.heartbeat_new = d->seen.heartbeat_new || seen[i].has_heartbeat;
        if (!d->seen.queued)
            queue_push(f, d);
        (void)pthread_mutex_unlock(seen_lock_of(f, d));
    }
    (void)pthread_rwlock_unlock(&f->lock);
}

size_t fleet_take_used(struct fleet *f, struct fleet_used *out, size_t max)
{
    size_t n = 0;
    (void)pthread_rwlock_rdlock(&f->lock);
    (void)pthread_mutex_lock(&f->queue_lock);
    for (size_t i = 0; i < f->key_by_id.capacity && n < max; i++) {
        struct fleet_api_key_entry *k = f->key_by_id.slot[i].item;
        if (k == NULL || k->used_at_unix_s == 0)
            continue;
        out[n++] = (struct fleet_used){k->tenant_id, k->id, k->used_at_unix_s};
        k->used_at_unix_s = 0;
    }
    (void)pthread_mutex_unlock(&f->queue_lock);
    (void)pthread_rwlock_unlock(&f->lock);
    return n;
}

/* ---- telling ------------------------------------------------------------------------- */

void tell_device(struct fleet *f, int64_t tenant_id, const char *id)
{
    enum { BYTES = 64 * 1024 };
    struct device d;
    struct arena a;
    if (f->config.event == NULL)
        return;
    arena_init(&a, BYTES);
    if (fleet_device_get(f, tenant_id, id, &a, &d) == OTA_OK)
        f->config.event(f->config.event_arg, &(struct fleet_event){.kind = FLEET_EVENT_DEVICE,
                                                                   .tenant_id = tenant_id,
                                                                   .device = &d});
    arena_done(&a);
}

void fleet_tell_update(struct fleet *f, int64_t tenant_id, const struct update *update)
{
    if (f->config.event != NULL)
        f->config.event(f->config.event_arg, &(struct fleet_event){.kind = FLEET_EVENT_UPDATE,
                                                                   .tenant_id = tenant_id,
                                                                   .update = update});
}

void fleet_tell_release(struct fleet *f, int64_t tenant_id, const struct release *release)
{
    if (f->config.event != NULL)
        f->config.event(f->config.event_arg, &(struct fleet_event){.kind = FLEET_EVENT_RELEASE,
                                                                   .tenant_id = tenant_id,
                                                                   .release = release});
}

void fleet_tell_overdue(struct fleet *f, int64_t now_unix_s)
{
    enum { BYTES = 1024 * 1024 };
    struct arena a;
    arena_init(&a, BYTES);
    struct tell_list *list = ARENA_NEW(&a, struct tell_list);
    (void)pthread_rwlock_rdlock(&f->lock);
    for (size_t i = 0; list != NULL && i < f->device_by_no.capacity; i++) {
        struct fleet_device *d = f->device_by_no.slot[i].item;
        if (d == NULL)
            continue;
        (void)pthread_mutex_lock(seen_lock_of(f, d));
        const enum device_state now =
            device_state_at(d->seen.last_seen_at_unix_s, now_unix_s, f->config.lateness);
        if (now != d->seen.told_state && !d->seen.queued) {
            d->seen.told_state = (uint8_t)now;
            tell_later(list, &a, d);
        }
        (void)pthread_mutex_unlock(seen_lock_of(f, d));
    }
    (void)pthread_rwlock_unlock(&f->lock);
    if (list != NULL)
        tell_all(f, list);
    arena_done(&a);
}

void fleet_stats(struct fleet *f, int64_t now_unix_s, struct fleet_stats *out)
{
    *out = (struct fleet_stats){0};
    (void)pthread_rwlock_rdlock(&f->lock);
    for (size_t i = 0; i < f->device_by_no.capacity; i++) {
        const struct fleet_device *d = f->device_by_no.slot[i].item;
        if (d == NULL)
            continue;
        pthread_mutex_t *lock = seen_lock_of(f, d);
        (void)pthread_mutex_lock(lock);
        const int64_t seen = d->seen.last_seen_at_unix_s;
        const struct heartbeat *beat = d->seen.heartbeat;
        out->stale += beat != NULL && beat->stale_since_unix_s != 0;
        (void)pthread_mutex_unlock(lock);
        out->devices[device_state_at(seen, now_unix_s, f->config.lateness)]++;
        if (d->update != NULL)
            out->open_updates[d->update->state]++;
    }
    (void)pthread_rwlock_unlock(&f->lock);
}
