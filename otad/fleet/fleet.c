/*
 * The memory model as device handlers see it: who calls, and what to answer.  Everything here
 * takes the shared lock, looks up, copies out, and leaves.
 */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "firmware/image/crypto.h"
#include "inside.h"

/* ---- the whole ------------------------------------------------------------------------------
 */

ota_err fleet_new(const struct fleet_config *config, struct fleet **out)
{
    struct fleet *f = calloc(1, sizeof *f);
    if (f == NULL)
        return OTA_E_NO_MEMORY;
    f->config = *config;
    ota_err err = links_new(&f->links);
    if (err == OTA_OK)
        err = downloads_new(&f->downloads);
    if (err == OTA_OK)
        err = plains_new(&f->plains);
    if (err == OTA_OK && getrandom(&f->seed, sizeof f->seed, 0) != (ssize_t)sizeof f->seed)
        err = OTA_E_IO;
    if (err != OTA_OK) {
        links_free(f->links);
        downloads_free(f->downloads);
        plains_free(f->plains);
        free(f);
        return err;
    }
    pthread_rwlockattr_t attr;
    (void)pthread_rwlockattr_init(&attr);
    /* Polls never end; a change must not wait for a moment without any. */
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&f->lock, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    for (int i = 0; i < SEEN_LOCKS; i++)
        (void)pthread_mutex_init(&f->seen_lock[i], NULL);
    (void)pthread_mutex_init(&f->queue_lock, NULL);
    *out = f;
    return OTA_OK;
}

static void tenant_free(struct fleet_tenant *t)
{
    for (size_t i = 0; i < t->platform_count; i++) {
        free(t->platform[i]->metadata);
        free(t->platform[i]);
    }
    for (size_t i = 0; i < t->release_count; i++)
        free(t->release[i]);
    free(t->platform);
    free(t->release);
    free(t->gateway);
    free(t->name);
}

void fleet_free(struct fleet *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->device_by_id.capacity; i++) {
        struct fleet_device *d = f->device_by_id.slot[i].item;
        if (d != NULL) {
            free(d->update);
            free(d->last_update);
            free(d->seen.heartbeat);
            free(d);
        }
    }
    for (size_t i = 0; i < f->key_by_id.capacity; i++)
        free(f->key_by_id.slot[i].item);
    people_free(f);
    for (size_t i = 0; i < f->tenant_count; i++)
        tenant_free(&f->tenant[i]);
    free(f->tenant);
    free(f->queue);
    links_free(f->links);
    downloads_free(f->downloads);
    plains_free(f->plains);
    table_done(&f->device_by_id);
    table_done(&f->device_by_no);
    table_done(&f->key_by_id);
    for (int i = 0; i < SEEN_LOCKS; i++)
        (void)pthread_mutex_destroy(&f->seen_lock[i]);
    (void)pthread_mutex_destroy(&f->queue_lock);
    (void)pthread_rwlock_destroy(&f->lock);
    free(f);
}

bool fleet_is_loaded(struct fleet *f)
{
    (void)pthread_rwlock_rdlock(&f->lock);
    const bool loaded = f->loaded;
    (void)pthread_rwlock_unlock(&f->lock);
    return loaded;
}

ota_err fleet_tenant(struct fleet *f, const char *name, int64_t *out_tenant_id)
{
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_name(f, name);
    if (t != NULL)
        *out_tenant_id = t->id;
    (void)pthread_rwlock_unlock(&f->lock);
    return t == NULL ? OTA_E_NOT_FOUND : OTA_OK;
}

/* ---- who calls ----------------------------------------------------------------------- */

/* 0 if none of the tenant's gateways has this hash. */
static int64_t gateway_find(const struct fleet_tenant *t, const uint8_t *hash)
{
    for (size_t i = 0; i < t->gateway_count; i++) {
        if (crypto_equal(t->gateway[i].hash, hash, FLEET_HASH_BYTES))
            return t->gateway[i].id;
    }
    return 0;
}

ota_err caller_find(const struct fleet *f, const struct fleet_caller *who,
                    struct caller_found *out)
{
    *out = (struct caller_found){0};
    if (!f->loaded)
        return OTA_E_BUSY;
    out->tenant = tenant_by_name(f, who->tenant);
    if (out->tenant == NULL)
        return OTA_E_AUTH;
    if (out->tenant->behind)
        return OTA_E_BUSY;
    out->device = device_by_id(f, out->tenant->id, who->device_id);
    if (who->is_gateway) {
        out->gateway_id = gateway_find(out->tenant, who->token_hash);
        if (out->gateway_id == 0)
            return OTA_E_AUTH;
        return out->device == NULL ? OTA_E_NOT_FOUND : OTA_OK;
    }
    if (out->device == NULL || !out->device->has_token ||
        !crypto_equal(out->device->token_hash, who->token_hash, FLEET_HASH_BYTES))
        return OTA_E_AUTH;
    return OTA_OK;
}

/* ---- polls --------------------------------------------------------------------------- */

static struct offer_device offer_view(const struct fleet_device *d)
{
    return (struct offer_device){
        .channel = (enum channel)d->channel,
        .version = d->version_key,
        .security_counter = d->security_counter,
        .skip_release_id = d->skip_release_id,
    };
}

/* The newest that may be installed over what runs: nearly always the newest of all, else the
 * stepping stone on the way there.  NULL = none. */
static const struct fleet_release *newest_for(const struct fleet_tenant *t,
                                              const struct fleet_platform *p,
                                              const struct offer_device *d)
{
    const struct fleet_release *newest = p->newest[d->channel];
    return newest == NULL || !offer_is_below_minimum(d, &newest->offer)
               ? newest
               : release_newest_seen(t, p->id, d);
}

/* What its channel has for a device without an open update; 0 = nothing. */
static int64_t offer_due(const struct fleet_tenant *t, const struct fleet_device *d)
{
    const struct fleet_platform *p = platform_by_id(t, d->platform_id);
    if (p == NULL || !p->follow_channel)
        return 0;
    const struct offer_device view = offer_view(d);
    const struct fleet_release *r = newest_for(t, p, &view);
    return r != NULL && offer_verdict_channel(&view, &r->offer) == OFFER_TAKE ? r->offer.id : 0;
}

/* What the platform of the device adds to an answer. */
static void platform_says(const struct fleet_tenant *t, const struct fleet_device *d,
                          struct fleet_poll *out)
{
    const struct fleet_platform *p = platform_by_id(t, d->platform_id);
    if (p == NULL)
        return;
    out->key_manifest_sequence = p->key_manifest_sequence;
    out->has_director = p->metadata != NULL;
}

/* The same for the same answer, another one for the next update. */
static uint32_t change_token(const struct update *u)
{
    const int64_t what[2] = {u->id, u->release_id};
    return table_hash(0, what, sizeof what) & INT32_MAX;
}

ota_err fleet_poll(struct fleet *f, const struct fleet_caller *who, struct fleet_poll *out)
{
    struct caller_found found;
    (void)pthread_rwlock_rdlock(&f->lock);
    const ota_err err = caller_find(f, who, &found);
    if (err == OTA_OK || err == OTA_E_NOT_FOUND)
        *out =
            (struct fleet_poll){.tenant_id = found.tenant->id, .gateway_id = found.gateway_id};
    if (err == OTA_OK) {
        struct fleet_device *d = found.device;
        out->device_no = d->no;
        out->config_wanted = d->config_wanted;
        out->installed_update_id = d->installed_update_id;
        platform_says(found.tenant, d, out);
        if (d->update != NULL) {
            out->action =
                d->update->state == UPDATE_CANCELLING ? FLEET_CANCEL : FLEET_DEPLOYMENT;
            out->update_id = d->update->id;
            out->change = change_token(d->update);
            out->update_pending = d->update->state == UPDATE_PENDING;
        } else {
            out->offer_release_id = offer_due(found.tenant, d);
        }
        seen_mark(f, d, who, NULL);
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_deployment(struct fleet *f, const struct fleet_caller *who, int32_t update_id,
                         struct arena *a, struct fleet_deployment *out)
{
    struct caller_found found;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = caller_find(f, who, &found);
    const struct update *u = err == OTA_OK ? found.device->update : NULL;
    const struct fleet_release *r =
        u == NULL ? NULL : release_by_id(found.tenant, u->release_id);
    if (err == OTA_OK && (u == NULL || u->id != update_id || r == NULL))
        err = OTA_E_CONFLICT;
    if (err == OTA_OK)
        err = copy_update(a, u, &out->update);
    if (err == OTA_OK)
        err = copy_release(a, &r->release, &out->release);
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

/* NULL if the release has no such artifact. */
static const struct artifact *artifact_find(const struct fleet_release *r, const char *name)
{
    for (size_t i = 0; r != NULL && i < r->release.artifact_count; i++) {
        if (strcmp(r->release.artifacts[i].name, name) == 0)
            return &r->release.artifacts[i];
    }
    return NULL;
}

ota_err fleet_artifact(struct fleet *f, const struct fleet_caller *who, int64_t release_id,
                       const char *name, struct arena *a, struct artifact *out)
{
    struct caller_found found;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = caller_find(f, who, &found);
    const struct artifact *artifact = NULL;
    if (err == OTA_OK && found.device->update != NULL &&
        found.device->update->release_id == release_id)
        artifact = artifact_find(release_by_id(found.tenant, release_id), name);
    if (err == OTA_OK && artifact == NULL)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK) {
        *out = *artifact;
        out->name = arena_strdup(a, artifact->name);
        out->version = artifact->version == NULL ? NULL : arena_strdup(a, artifact->version);
        if (out->name == NULL || (artifact->version != NULL && out->version == NULL))
            err = OTA_E_LIMIT;
        seen_mark(f, found.device, who, NULL);
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_heartbeat(struct fleet *f, const struct fleet_caller *who,
                        const struct heartbeat *h)
{
    struct caller_found found;
    struct heartbeat *copy = clone_heartbeat(h);
    if (copy == NULL)
        return OTA_E_NO_MEMORY;
    copy->at_unix_s = who->now_unix_s;
    copy->stale_since_unix_s = h->stale_since_unix_s == 0 ? 0 : who->now_unix_s;
    (void)pthread_rwlock_rdlock(&f->lock);
    const ota_err err = caller_find(f, who, &found);
    if (err == OTA_OK)
        seen_mark(f, found.device, who, copy);
    (void)pthread_rwlock_unlock(&f->lock);
    if (err != OTA_OK)
        free(copy);
    return err;
}

/* ---- one device ---------------------------------------------------------------------- */

/* Under the shared lock. */
static ota_err device_copy(struct fleet *f, const struct fleet_tenant *t,
                           struct fleet_device *d, struct arena *a, struct device *out)
{
    const struct fleet_platform *p = platform_by_id(t, d->platform_id);
    *out = (struct device){
        .no = d->no,
        .id = arena_strdup(a, d->id),
        .name = arena_strdup(a, d->name),
        .platform = p == NULL ? NULL : arena_strdup(a, p->name),
        .channel = (enum channel)d->channel,
        .version = d->version == NULL ? NULL : arena_strdup(a, d->version),
        .registered_at_unix_s = d->registered_at_unix_s,
        .has_update = d->update != NULL,
        .has_last_update = d->last_update != NULL,
    };
    ota_err err = OTA_OK;
    if (d->update != NULL)
        err = copy_update(a, d->update, &out->update);
    if (err == OTA_OK && d->last_update != NULL)
        err = copy_update_end(a, d->last_update, &out->last_update);
    out->target_version = d->update == NULL ? NULL : out->update.version;
    (void)pthread_mutex_lock(seen_lock_of(f, d));
    out->last_seen_at_unix_s = d->seen.last_seen_at_unix_s;
    out->address = arena_strdup(a, d->seen.address);
    out->has_heartbeat = d->seen.heartbeat != NULL;
    if (err == OTA_OK && d->seen.heartbeat != NULL)
        err = copy_heartbeat(a, d->seen.heartbeat, &out->heartbeat);
    (void)pthread_mutex_unlock(seen_lock_of(f, d));
    out->published = metadata_end_of(p, out->platform);
    return err == OTA_OK && a->full ? OTA_E_LIMIT : err;
}

ota_err fleet_device_get(struct fleet *f, int64_t tenant_id, const char *id, struct arena *a,
                         struct device *out)
{
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    struct fleet_device *d = device_by_id(f, tenant_id, id);
    const ota_err err = t == NULL || d == NULL ? OTA_E_NOT_FOUND : device_copy(f, t, d, a, out);
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

/* ---- API keys and the plain door ----------------------------------------------------- */

ota_err fleet_api_key(struct fleet *f, int64_t id, const uint8_t hash[FLEET_HASH_BYTES],
                      int64_t now_unix_s, struct arena *a, struct fleet_key *out)
{
    ota_err err = OTA_E_AUTH;
    (void)pthread_rwlock_rdlock(&f->lock);
    struct fleet_api_key_entry *k = key_by_id(f, id);
    if (!f->loaded)
        err = OTA_E_BUSY;
    else if (k != NULL && crypto_equal(k->hash, hash, FLEET_HASH_BYTES) &&
             (k->expires_at_unix_s == 0 || now_unix_s < k->expires_at_unix_s))
        err = OTA_OK;
    if (err == OTA_OK) {
        err = copy_key(a, k, out);
        (void)pthread_mutex_lock(&f->queue_lock);
        k->used_at_unix_s = now_unix_s;
        (void)pthread_mutex_unlock(&f->queue_lock);
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_api_key_now(struct fleet *f, int64_t tenant_id, int64_t id, int64_t now_unix_s,
                          struct arena *a, struct fleet_key *out)
{
    ota_err err = OTA_E_NOT_FOUND;
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_api_key_entry *k = key_by_id(f, id);
    if (k != NULL && k->tenant_id == tenant_id &&
        (k->expires_at_unix_s == 0 || now_unix_s < k->expires_at_unix_s)) {
        err = copy_key(a, k, out);
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_platform(struct fleet *f, int64_t tenant_id, const char *name, struct arena *a,
                       const char **out_name)
{
    ota_err err = OTA_E_NOT_FOUND;
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    const struct fleet_platform *p = t == NULL ? NULL : platform_by_name(t, name);
    if (p != NULL) {
        *out_name = arena_strdup(a, p->name);
        err = *out_name == NULL ? OTA_E_LIMIT : OTA_OK;
    } else if (t != NULL && t->behind) {
        err = OTA_E_BUSY;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_newest(struct fleet *f, const struct fleet_wish *wish, struct arena *a,
                     struct release *out, bool *out_newer)
{
    const struct offer_device view = {
        .channel = wish->channel == CHANNEL_BETA ? CHANNEL_BETA : CHANNEL_STABLE,
        .version = version_of(wish->current_version),
        .unknown_takes = true,
    };
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_id(f, wish->tenant_id);
    const struct fleet_platform *p = t == NULL ? NULL : platform_by_name(t, wish->platform);
    const struct fleet_release *r = p == NULL ? NULL : newest_for(t, p, &view);
    const bool newer = r != NULL && offer_verdict_channel(&view, &r->offer) == OFFER_TAKE;
    if (p != NULL && !newer) /* nothing for what runs: it learns what there is */
        r = p->newest[view.channel];
    ota_err err = f->loaded ? OTA_OK : OTA_E_BUSY;
    if (err == OTA_OK && r == NULL)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = copy_release(a, &r->release, out);
    if (err == OTA_OK)
        *out_newer = newer;
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}
