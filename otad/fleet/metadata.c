/* Each repository is one allocation: its files, its targets and their texts lie behind it. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"

struct metadata {
    struct fleet_metadata_row row;
};

/* ---- filling ------------------------------------------------------------------------------
 */

static char *lay(char **at, const void *bytes, size_t len)
{
    char *to = *at;
    memcpy(to, bytes, len);
    *at += len;
    return to;
}

static size_t bytes_of(const struct fleet_metadata_row *row)
{
    size_t n = row->target_count * sizeof *row->target;
    for (int i = 0; i < REPO_ROLES; i++)
        n += row->file[i].len;
    for (size_t i = 0; i < row->target_count; i++)
        n += strlen(row->target[i].path) + strlen(row->target[i].entry) + 2;
    return n;
}

static struct metadata *metadata_make(const struct fleet_metadata_row *row)
{
    struct metadata *m = malloc(sizeof *m + bytes_of(row));
    if (m == NULL)
        return NULL;
    struct fleet_metadata_target *target = (struct fleet_metadata_target *)(void *)(m + 1);
    char *at = (char *)(target + row->target_count);
    m->row = *row;
    m->row.target = target;
    for (size_t i = 0; i < row->target_count; i++) {
        target[i] = row->target[i];
        target[i].path = lay(&at, row->target[i].path, strlen(row->target[i].path) + 1);
        target[i].entry = lay(&at, row->target[i].entry, strlen(row->target[i].entry) + 1);
    }
    for (int i = 0; i < REPO_ROLES; i++)
        if (row->file[i].bytes != NULL)
            m->row.file[i].bytes =
                (const uint8_t *)lay(&at, row->file[i].bytes, row->file[i].len);
    return m;
}

void release_is_listed(const struct fleet_platform *p, int64_t release_id,
                       struct offer_release *out)
{
    out->barred = p != NULL && p->metadata != NULL;
    out->beta_alone = false;
    for (size_t i = 0; out->barred && i < p->metadata->row.target_count; i++) {
        const struct fleet_metadata_target *t = &p->metadata->row.target[i];
        if (t->release_id == release_id) {
            out->barred = false;
            out->beta_alone = t->beta_alone;
        }
    }
}

ota_err fleet_put_metadata(struct fleet *f, int64_t tenant_id,
                           const struct fleet_metadata_row *row)
{
    struct metadata *m = metadata_make(row), *old = NULL;
    if (m == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_rwlock_wrlock(&f->lock);
    struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    struct fleet_platform *p = t == NULL ? NULL : platform_by_id(t, row->platform_id);
    if (p != NULL) {
        old = p->metadata;
        p->metadata = m;
        for (size_t i = 0; i < t->release_count; i++)
            if (t->release[i]->platform_id == p->id)
                release_is_listed(p, t->release[i]->release.id, &t->release[i]->offer);
        platform_find_newest(t, p);
    }
    (void)pthread_rwlock_unlock(&f->lock);
    free(p == NULL ? m : old);
    return p == NULL ? OTA_E_NOT_FOUND : OTA_OK;
}

struct metadata_end metadata_end_of(const struct fleet_platform *p, const char *name)
{
    const struct {
        enum repo_role role;
        const char *name;
    } offline[] = {{REPO_ROOT, "root"}, {REPO_TARGETS, "targets"}, {REPO_PLATFORM, name}};
    struct metadata_end first = {0};
    for (size_t i = 0; p != NULL && p->metadata != NULL && i < 3; i++) {
        const struct fleet_metadata_file *file = &p->metadata->row.file[offline[i].role];
        if (file->bytes != NULL &&
            (first.role == NULL || file->expires_unix_s < first.expires_unix_s))
            first = (struct metadata_end){offline[i].name, file->expires_unix_s};
    }
    return first;
}

/* ---- asking -------------------------------------------------------------------------------
 */

/* Under the shared lock. */
static ota_err find(const struct fleet *f, const struct fleet_metadata_at *at,
                    const struct fleet_tenant **out_tenant, const struct fleet_platform **out)
{
    const struct fleet_tenant *t = tenant_by_name(f, at->tenant);
    const struct fleet_platform *p = t == NULL ? NULL : platform_by_name(t, at->platform);
    if (!f->loaded)
        return OTA_E_BUSY;
    if (p == NULL || p->metadata == NULL)
        return OTA_E_NOT_FOUND;
    *out_tenant = t;
    *out = p;
    return OTA_OK;
}

ota_err fleet_metadata_find(struct fleet *f, const struct fleet_metadata_at *at,
                            struct arena *a, struct fleet_metadata_where *out)
{
    const struct fleet_tenant *t = NULL;
    const struct fleet_platform *p = NULL;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = find(f, at, &t, &p);
    if (err == OTA_OK) {
        *out = (struct fleet_metadata_where){.tenant_id = t->id,
                                             .platform = arena_strdup(a, p->name),
                                             .public_targets = p->metadata->row.public_targets};
        err = out->platform == NULL ? OTA_E_LIMIT : OTA_OK;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_metadata_file(struct fleet *f, const struct fleet_metadata_at *at,
                            enum repo_role role, struct arena *a,
                            struct fleet_metadata_file *out)
{
    const struct fleet_tenant *t = NULL;
    const struct fleet_platform *p = NULL;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = find(f, at, &t, &p);
    const struct fleet_metadata_file *file =
        err == OTA_OK ? &p->metadata->row.file[role] : NULL;
    if (err == OTA_OK && file->bytes == NULL)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK) {
        *out = *file;
        out->bytes = (const uint8_t *)arena_memdup(a, file->bytes, file->len);
        err = out->bytes == NULL ? OTA_E_LIMIT : OTA_OK;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

/* NULL = the platform has no such file that may be fetched. */
static const struct artifact *artifact_of(const struct fleet_tenant *t,
                                          const struct fleet_platform *p, const char *version,
                                          const char *name, int64_t *out_release_id)
{
    for (size_t i = 0; i < t->release_count; i++) {
        const struct release *r = &t->release[i]->release;
        if (t->release[i]->platform_id != p->id || r->state == RELEASE_WITHDRAWN ||
            strcmp(r->version, version) != 0)
            continue;
        for (size_t j = 0; j < r->artifact_count; j++)
            if (strcmp(r->artifacts[j].name, name) == 0) {
                *out_release_id = r->id;
                return &r->artifacts[j];
            }
    }
    return NULL;
}

static bool lists(const struct fleet_metadata_row *row, int64_t release_id,
                  const uint8_t sha256[32])
{
    for (size_t i = 0; i < row->target_count; i++)
        if (row->target[i].release_id == release_id &&
            memcmp(row->target[i].sha256, sha256, 32) == 0)
            return true;
    return false;
}

/* Under the shared lock.  Errors: OTA_E_NOT_FOUND, OTA_E_LIMIT. */
static ota_err artifact_copy(const struct fleet_tenant *t, const struct fleet_platform *p,
                             const char *version, const char *name, struct arena *a,
                             struct artifact *out, bool *out_listed)
{
    int64_t release_id = 0;
    const struct artifact *found = artifact_of(t, p, version, name, &release_id);
    if (found == NULL)
        return OTA_E_NOT_FOUND;
    *out = (struct artifact){.name = arena_strdup(a, found->name),
                             .size_bytes = found->size_bytes,
                             .kind = found->kind};
    memcpy(out->sha256, found->sha256, sizeof out->sha256);
    *out_listed = lists(&p->metadata->row, release_id, found->sha256);
    return out->name == NULL ? OTA_E_LIMIT : OTA_OK;
}

ota_err fleet_metadata_artifact(struct fleet *f, const struct fleet_metadata_at *at,
                                const char *version, const char *name, struct arena *a,
                                struct artifact *out, bool *out_listed)
{
    const struct fleet_tenant *t = NULL;
    const struct fleet_platform *p = NULL;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = find(f, at, &t, &p);
    if (err == OTA_OK)
        err = artifact_copy(t, p, version, name, a, out, out_listed);
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_metadata_artifact_of(struct fleet *f, const struct fleet_caller *who,
                                   const char *platform, const char *version, const char *name,
                                   struct arena *a, struct artifact *out)
{
    struct caller_found found;
    bool listed = false;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = caller_find(f, who, &found);
    const struct fleet_platform *p =
        err == OTA_OK ? platform_by_name(found.tenant, platform) : NULL;
    if (err == OTA_OK &&
        (p == NULL || p->metadata == NULL || p->id != found.device->platform_id))
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = artifact_copy(found.tenant, p, version, name, a, out, &listed);
    if (err == OTA_OK && !listed)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        seen_mark(f, found.device, who, NULL);
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

/* Which file of a release our agent takes, of those that DDI lists: the first *.bin, else the
 * first; NULL = none. */
static const struct artifact *file_of_agent(const struct release *r)
{
    const struct artifact *first = NULL;
    for (size_t i = 0; i < r->artifact_count; i++) {
        const struct artifact *a = &r->artifacts[i];
        const size_t len = strlen(a->name);
        if (!artifact_is_for_devices(a))
            continue;
        if (len >= 4 && strcmp(a->name + len - 4, ".bin") == 0)
            return a;
        first = first == NULL ? a : first;
    }
    return first;
}

/* The file of the update that the device is to install; NULL = none that is listed. */
static const struct fleet_metadata_target *assigned(const struct fleet_tenant *tenant,
                                                    const struct fleet_platform *p,
                                                    const struct fleet_device *d)
{
    const struct fleet_metadata_row *row = &p->metadata->row;
    const struct fleet_metadata_target *first = NULL;
    if (d->update == NULL || d->update->state == UPDATE_CANCELLING)
        return NULL;
    const struct fleet_release *r = release_by_id(tenant, d->update->release_id);
    const struct artifact *file = r == NULL ? NULL : file_of_agent(&r->release);
    for (size_t i = 0; i < row->target_count; i++) {
        const struct fleet_metadata_target *t = &row->target[i];
        if (t->release_id != d->update->release_id)
            continue;
        if (file != NULL && memcmp(t->sha256, file->sha256, sizeof t->sha256) == 0)
            return t;
        first = first == NULL ? t : first;
    }
    return first; /* for clients that choose otherwise */
}

ota_err fleet_director(struct fleet *f, const struct fleet_caller *who, struct arena *a,
                       struct fleet_director *out)
{
    struct caller_found found;
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = caller_find(f, who, &found);
    const struct fleet_platform *p =
        err == OTA_OK ? platform_by_id(found.tenant, found.device->platform_id) : NULL;
    if (err == OTA_OK && (p == NULL || p->metadata == NULL))
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK) {
        const struct fleet_metadata_target *t = assigned(found.tenant, p, found.device);
        *out = (struct fleet_director){0};
        memcpy(out->key, p->metadata->row.director_key, sizeof out->key);
        if (t != NULL) {
            out->path = arena_strdup(a, t->path);
            out->entry = arena_strdup(a, t->entry);
        }
        seen_mark(f, found.device, who, NULL);
        err = a->full ? OTA_E_LIMIT : OTA_OK;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

bool fleet_metadata_is_due(int64_t expires_unix_s, int64_t life_s, int64_t now_unix_s)
{
    const int64_t left_s = expires_unix_s - now_unix_s;
    return left_s <= life_s / 2 || left_s > life_s + METADATA_SKEW_S;
}

size_t fleet_metadata_due(struct fleet *f, const struct fleet_metadata_lives *lives,
                          struct arena *a, struct fleet_metadata_due *out, size_t max)
{
    size_t count = 0;
    (void)pthread_rwlock_rdlock(&f->lock);
    for (size_t i = 0; f->loaded && i < f->tenant_count; i++) {
        const struct fleet_tenant *t = &f->tenant[i];
        for (size_t j = 0; j < t->platform_count && count < max; j++) {
            const struct metadata *m = t->platform[j]->metadata;
            if (m == NULL || m->row.file[REPO_TIMESTAMP].bytes == NULL ||
                (!fleet_metadata_is_due(m->row.file[REPO_SNAPSHOT].expires_unix_s,
                                        lives->snapshot_s, lives->now_unix_s) &&
                 !fleet_metadata_is_due(m->row.file[REPO_TIMESTAMP].expires_unix_s,
                                        lives->timestamp_s, lives->now_unix_s)))
                continue;
            out[count] = (struct fleet_metadata_due){
                .tenant_id = t->id, .platform = arena_strdup(a, t->platform[j]->name)};
            count += out[count].platform != NULL;
        }
    }
    (void)pthread_rwlock_unlock(&f->lock);
    return count;
}
