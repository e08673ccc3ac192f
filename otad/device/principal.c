/* Roles and grants of the memory model, added up to what somebody may do. */
#include "principal.h"

#include <string.h>
#include <time.h>

#include "otad/otad.h"

static void name_put(struct principal *who, const char *name)
{
    const size_t len = strnlen(name, sizeof who->name - 1);
    memcpy(who->name, name, len);
    who->name[len] = '\0';
}

/* More platforms than a principal holds are refused where roles are made and given; should they
 * come about nevertheless, the right is missing, not too many. */
static void grants_put(struct principal *who, const struct fleet_grant *grants, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)permission_grant(who, permission_set_parse(grants[i].permissions),
                               grants[i].platform_id, grants[i].platform);
}

static void roles_put(struct principal *who, const char *words)
{
    char word[16];
    while (*words != '\0') {
        const size_t len = strcspn(words, " ");
        if (len < sizeof word) {
            memcpy(word, words, len);
            word[len] = '\0';
            who->everywhere |= role_rights(role_parse(word));
        }
        words += len + (words[len] == ' ' ? 1 : 0);
    }
}

static ota_err person(const struct otad *otad, int64_t tenant_id, int64_t id, struct arena *a,
                      struct principal *out)
{
    struct fleet_person p;
    const ota_err err = fleet_person(otad->fleet, tenant_id, id, a, &p);
    if (err != OTA_OK)
        return err;
    *out = (struct principal){.kind = PRINCIPAL_USER, .tenant = tenant_id, .id = id};
    name_put(out, p.name);
    roles_put(out, p.roles);
    grants_put(out, p.grants, p.grant_count);
    return OTA_OK;
}

ota_err device_principal_of_key(const struct otad *otad, const struct fleet_key *key,
                                struct arena *a, struct principal *out)
{
    const struct fleet_grant *grants = NULL;
    size_t count = 0;
    *out =
        (struct principal){.kind = PRINCIPAL_API_KEY, .tenant = key->tenant_id, .id = key->id};
    name_put(out, key->name);
    if (strcmp(key->platforms, "*") == 0) {
        out->everywhere = permission_set_parse(key->scopes);
        return OTA_OK;
    }
    const ota_err err = fleet_key_grants(otad->fleet, key, a, &count, &grants);
    if (err == OTA_OK)
        grants_put(out, grants, count);
    return err;
}

ota_err device_principal(const struct otad *otad, int64_t tenant_id, enum principal_kind kind,
                         int64_t id, struct arena *a, struct principal *out)
{
    struct fleet_key key;
    if (kind == PRINCIPAL_USER)
        return person(otad, tenant_id, id, a, out);
    if (kind != PRINCIPAL_API_KEY)
        return OTA_E_NOT_FOUND;
    const ota_err err =
        fleet_api_key_now(otad->fleet, tenant_id, id, (int64_t)time(NULL), a, &key);
    return err == OTA_OK ? device_principal_of_key(otad, &key, a, out) : err;
}

ota_err device_role_rights(const struct otad *otad, int64_t tenant_id, const char *role,
                           struct arena *a, struct principal *out)
{
    const struct fleet_grant *grants = NULL;
    size_t count = 0;
    *out = (struct principal){.kind = PRINCIPAL_USER, .tenant = tenant_id};
    out->everywhere = role_rights(role_parse(role));
    if (role_parse(role) != ROLE_NONE)
        return OTA_OK;
    const ota_err err = fleet_role(otad->fleet, tenant_id, role, a, &count, &grants);
    if (err == OTA_OK)
        grants_put(out, grants, count);
    return err;
}

ota_err device_scope_rights(struct db_scope *scope, const struct principal *who)
{
    const size_t len = permission_setting(who, NULL, 0);
    char *text = arena_alloc(scope->arena, len + 1);
    if (text == NULL)
        return OTA_E_LIMIT;
    (void)permission_setting(who, text, len + 1);
    scope->rights = text;
    return OTA_OK;
}
