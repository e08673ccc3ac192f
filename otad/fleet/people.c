/*
 * People, their roles and their keys.  Accounts and roles are few: accounts are found by hash,
 * the roles of a tenant by walking through them.  Each is one allocation, replaced as a whole.
 */
#include "people.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"

struct account {
    int64_t tenant_id, id;
    uint32_t generation;
    bool disabled;
    const char *roles;
    char name[]; /* behind it roles */
};

struct role_permissions {
    int64_t platform_id; /* 0 = all */
    const char *permissions;
};

struct role {
    int64_t tenant_id, id;
    uint32_t generation;
    struct role *next;
    const char *name;
    size_t grant_count;
    struct role_permissions grant[]; /* behind it the texts */
};

uint64_t fleet_rights_version(struct fleet *f)
{
    return atomic_load(&f->rights_version);
}

/* ---- accounts ------------------------------------------------------------------------ */

struct account_key {
    int64_t tenant_id, id;
};

static bool match_account(const void *item, const void *key)
{
    const struct account *a = item;
    const struct account_key *k = key;
    return a->tenant_id == k->tenant_id && a->id == k->id;
}

static struct account *account_find(const struct fleet *f, int64_t tenant_id, int64_t id)
{
    const struct account_key key = {tenant_id, id};
    return table_find(&f->account_by_id, hash_number(f, tenant_id, id), match_account, &key);
}

static struct account *account_make(int64_t tenant_id, const struct fleet_account_row *row)
{
    const char *roles = row->roles != NULL ? row->roles : "";
    const size_t name_bytes = strlen(row->name) + 1, roles_bytes = strlen(roles) + 1;
    struct account *a = malloc(sizeof *a + name_bytes + roles_bytes);
    if (a == NULL)
        return NULL;
    *a = (struct account){.tenant_id = tenant_id, .id = row->id, .disabled = row->disabled};
    memcpy(a->name, row->name, name_bytes);
    memcpy(a->name + name_bytes, roles, roles_bytes);
    a->roles = a->name + name_bytes;
    return a;
}

ota_err fleet_put_account(struct fleet *f, int64_t tenant_id,
                          const struct fleet_account_row *row)
{
    struct account *a = account_make(tenant_id, row);
    if (a == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = OTA_OK;
    const uint32_t hash = hash_number(f, tenant_id, row->id);
    (void)pthread_rwlock_wrlock(&f->lock);
    a->generation = f->generation;
    struct account *old = account_find(f, tenant_id, row->id);
    if (old != NULL)
        table_replace(&f->account_by_id, hash, old, a);
    else
        err = table_add(&f->account_by_id, hash, a);
    (void)atomic_fetch_add(&f->rights_version, 1);
    (void)pthread_rwlock_unlock(&f->lock);
    free(err == OTA_OK ? old : a);
    return err;
}

/* Under the exclusive lock. */
static void account_drop(struct fleet *f, struct account *a)
{
    table_remove(&f->account_by_id, hash_number(f, a->tenant_id, a->id), a);
    free(a);
}

void fleet_remove_account(struct fleet *f, int64_t tenant_id, int64_t id)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    struct account *a = account_find(f, tenant_id, id);
    if (a != NULL)
        account_drop(f, a);
    (void)atomic_fetch_add(&f->rights_version, 1);
    (void)pthread_rwlock_unlock(&f->lock);
}

/* ---- roles --------------------------------------------------------------------------- */

/* Copy text to *at and go on behind it. */
static const char *text_put(char **at, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *put = memcpy(*at, text, bytes);
    *at += bytes;
    return put;
}

static struct role *role_make(int64_t tenant_id, const struct fleet_role_row *row)
{
    size_t bytes = strlen(row->name) + 1;
    for (size_t i = 0; i < row->grant_count; i++)
        bytes += strlen(row->grants[i].permissions) + 1;
    struct role *r = malloc(sizeof *r + row->grant_count * sizeof r->grant[0] + bytes);
    if (r == NULL)
        return NULL;
    *r = (struct role){.tenant_id = tenant_id, .id = row->id, .grant_count = row->grant_count};
    char *text = (char *)&r->grant[row->grant_count];
    r->name = text_put(&text, row->name);
    for (size_t i = 0; i < row->grant_count; i++) {
        r->grant[i].platform_id = row->grants[i].platform_id;
        r->grant[i].permissions = text_put(&text, row->grants[i].permissions);
    }
    return r;
}

/* Take the role out of the list; NULL if it is not there.  Under the exclusive lock. */
static struct role *role_take(struct fleet *f, int64_t tenant_id, int64_t id)
{
    for (struct role **at = &f->role; *at != NULL; at = &(*at)->next) {
        struct role *r = *at;
        if (r->tenant_id == tenant_id && r->id == id) {
            *at = r->next;
            return r;
        }
    }
    return NULL;
}

static const struct role *role_find(const struct fleet *f, int64_t tenant_id, const char *name)
{
    for (const struct role *r = f->role; r != NULL; r = r->next)
        if (r->tenant_id == tenant_id && strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

ota_err fleet_put_role(struct fleet *f, int64_t tenant_id, const struct fleet_role_row *row)
{
    struct role *r = role_make(tenant_id, row);
    if (r == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_rwlock_wrlock(&f->lock);
    struct role *old = role_take(f, tenant_id, row->id);
    r->generation = f->generation;
    r->next = f->role;
    f->role = r;
    (void)atomic_fetch_add(&f->rights_version, 1);
    (void)pthread_rwlock_unlock(&f->lock);
    free(old);
    return OTA_OK;
}

void fleet_remove_role(struct fleet *f, int64_t tenant_id, int64_t id)
{
    (void)pthread_rwlock_wrlock(&f->lock);
    struct role *old = role_take(f, tenant_id, id);
    (void)atomic_fetch_add(&f->rights_version, 1);
    (void)pthread_rwlock_unlock(&f->lock);
    free(old);
}

/* ---- asking -------------------------------------------------------------------------- */

/* Room for the grants of a few roles, and the grants themselves. */
struct grant_list {
    struct fleet_grant *v;
    size_t count;
};

/* A platform that memory does not know is one that nobody can name. */
static ota_err grants_add(const struct fleet_tenant *t, const struct role *r, struct arena *a,
                          struct grant_list *out)
{
    for (size_t i = 0; i < r->grant_count; i++) {
        const struct role_permissions *g = &r->grant[i];
        const struct fleet_platform *p =
            g->platform_id == 0 ? NULL : platform_by_id(t, g->platform_id);
        if (g->platform_id != 0 && p == NULL)
            continue;
        struct fleet_grant *put = &out->v[out->count++];
        *put = (struct fleet_grant){.platform_id = g->platform_id,
                                    .platform = p == NULL ? NULL : arena_strdup(a, p->name),
                                    .permissions = arena_strdup(a, g->permissions)};
        if (put->permissions == NULL || (p != NULL && put->platform == NULL))
            return OTA_E_LIMIT;
    }
    return OTA_OK;
}

/* The grants of the tenant's roles that the list names. */
static ota_err grants_of(const struct fleet *f, int64_t tenant_id, const char *roles,
                         struct arena *a, struct grant_list *out)
{
    const struct fleet_tenant *t = tenant_by_id(f, tenant_id);
    size_t room = 0;
    for (const struct role *r = f->role; r != NULL; r = r->next)
        if (r->tenant_id == tenant_id && list_has(roles, r->name))
            room += r->grant_count;
    *out = (struct grant_list){.v = arena_array(a, room, sizeof *out->v)};
    ota_err err = out->v == NULL || t == NULL ? OTA_E_LIMIT : OTA_OK;
    for (const struct role *r = f->role; r != NULL && err == OTA_OK; r = r->next)
        if (r->tenant_id == tenant_id && list_has(roles, r->name))
            err = grants_add(t, r, a, out);
    return err;
}

static ota_err person_copy(const struct fleet *f, const struct account *from, struct arena *a,
                           struct fleet_person *out)
{
    struct grant_list grants;
    const ota_err err = grants_of(f, from->tenant_id, from->roles, a, &grants);
    if (err != OTA_OK)
        return err;
    *out = (struct fleet_person){.id = from->id,
                                 .name = arena_strdup(a, from->name),
                                 .roles = arena_strdup(a, from->roles),
                                 .grant_count = grants.count,
                                 .grants = grants.v};
    return out->name == NULL || out->roles == NULL ? OTA_E_LIMIT : OTA_OK;
}

ota_err fleet_person(struct fleet *f, int64_t tenant_id, int64_t account_id, struct arena *a,
                     struct fleet_person *out)
{
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct account *from = account_find(f, tenant_id, account_id);
    ota_err err = f->loaded ? OTA_OK : OTA_E_BUSY;
    if (err == OTA_OK && (from == NULL || from->disabled))
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = person_copy(f, from, a, out);
    (void)pthread_rwlock_unlock(&f->lock);
    return err;
}

ota_err fleet_role(struct fleet *f, int64_t tenant_id, const char *name, struct arena *a,
                   size_t *out_count, const struct fleet_grant **out)
{
    struct grant_list grants = {0};
    (void)pthread_rwlock_rdlock(&f->lock);
    ota_err err = f->loaded ? OTA_OK : OTA_E_BUSY;
    if (err == OTA_OK && role_find(f, tenant_id, name) == NULL)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = grants_of(f, tenant_id, name, a, &grants);
    (void)pthread_rwlock_unlock(&f->lock);
    if (err == OTA_OK) {
        *out = grants.v;
        *out_count = grants.count;
    }
    return err;
}

/* ---- API keys ------------------------------------------------------------------------ */

static size_t word_count(const char *list)
{
    size_t count = list[0] != '\0';
    for (; *list != '\0'; list++)
        count += *list == ' ';
    return count;
}

ota_err fleet_key_grants(struct fleet *f, const struct fleet_key *key, struct arena *a,
                         size_t *out_count, const struct fleet_grant **out)
{
    struct fleet_grant *v = arena_array(a, word_count(key->platforms), sizeof *v);
    size_t count = 0;
    if (v == NULL)
        return OTA_E_LIMIT;
    ota_err err = OTA_OK;
    (void)pthread_rwlock_rdlock(&f->lock);
    const struct fleet_tenant *t = tenant_by_id(f, key->tenant_id);
    for (size_t i = 0; t != NULL && i < t->platform_count && err == OTA_OK; i++) {
        const struct fleet_platform *p = t->platform[i];
        if (!list_has(key->platforms, p->name))
            continue;
        v[count] = (struct fleet_grant){.platform_id = p->id,
                                        .platform = arena_strdup(a, p->name),
                                        .permissions = key->scopes};
        err = v[count++].platform == NULL ? OTA_E_LIMIT : OTA_OK;
    }
    (void)pthread_rwlock_unlock(&f->lock);
    *out = v;
    *out_count = count;
    return err;
}

/* ---- with the whole ------------------------------------------------------------------ */

void people_sweep(struct fleet *f)
{
    for (size_t i = 0; i < f->account_by_id.capacity;) {
        struct account *a = f->account_by_id.slot[i].item;
        if (a != NULL && a->generation != f->generation)
            account_drop(f, a); /* which moves others into the slot */
        else
            i++;
    }
    for (struct role **at = &f->role; *at != NULL;) {
        struct role *r = *at;
        if (r->generation == f->generation) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        free(r);
    }
    (void)atomic_fetch_add(&f->rights_version, 1);
}

void people_free(struct fleet *f)
{
    for (size_t i = 0; i < f->account_by_id.capacity; i++)
        free(f->account_by_id.slot[i].item);
    while (f->role != NULL) {
        struct role *next = f->role->next;
        free(f->role);
        f->role = next;
    }
    table_done(&f->account_by_id);
}
