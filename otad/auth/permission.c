/*
 * The one table of rights.  A row is a role, a column a permission; an API key has the columns
 * that its scopes name.  Both are then narrowed by platform.  Nothing else in otad decides who
 * may do what.
 */
#include "permission.h"

#include <string.h>

#define BIT(p) (1U << (unsigned)(p))

static const char *const permission_names[PERM_COUNT] = {
    [PERM_DEVICE_READ] = "device.read",           [PERM_DEVICE_WRITE] = "device.write",
    [PERM_RELEASE_READ] = "release.read",         [PERM_RELEASE_UPLOAD] = "release.upload",
    [PERM_RELEASE_MANAGE] = "release.manage",     [PERM_RELEASE_PROMOTE] = "release.promote",
    [PERM_RELEASE_WITHDRAW] = "release.withdraw", [PERM_LINK_CREATE] = "link.create",
    [PERM_AUDIT_READ] = "audit.read",             [PERM_PLATFORM_MANAGE] = "platform.manage",
    [PERM_KEY_MANAGE] = "key.manage",             [PERM_USER_MANAGE] = "user.manage",
};

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_NONE] = "none",       [ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator",
    [ROLE_MANAGER] = "manager", [ROLE_ADMIN] = "admin",
};

enum {
    READS = BIT(PERM_DEVICE_READ) | BIT(PERM_RELEASE_READ),
    OPERATES = BIT(PERM_DEVICE_WRITE) | BIT(PERM_LINK_CREATE), /* assigns and cancels, too */
    MANAGES = BIT(PERM_RELEASE_UPLOAD) | BIT(PERM_RELEASE_MANAGE) | BIT(PERM_RELEASE_PROMOTE) |
              BIT(PERM_RELEASE_WITHDRAW) | BIT(PERM_AUDIT_READ),
    OWNS = BIT(PERM_PLATFORM_MANAGE) | BIT(PERM_KEY_MANAGE) | BIT(PERM_USER_MANAGE),
};

static const uint32_t role_rights[ROLE_COUNT] = {
    [ROLE_NONE] = 0,
    [ROLE_VIEWER] = READS,
    [ROLE_OPERATOR] = READS | OPERATES,
    [ROLE_MANAGER] = READS | OPERATES | MANAGES,
    [ROLE_ADMIN] = READS | OPERATES | MANAGES | OWNS,
};

static uint32_t rights_of(const struct principal *who)
{
    switch (who->kind) {
    case PRINCIPAL_USER:
        return (unsigned)who->role < ROLE_COUNT ? role_rights[who->role] : 0;
    case PRINCIPAL_API_KEY:
        return who->scopes;
    case PRINCIPAL_NONE:
        break;
    }
    return 0;
}

static bool covers_platform(const struct principal *who, const char *platform)
{
    if (who->all_platforms)
        return true;
    if (platform == NULL)
        return false;
    for (unsigned i = 0; i < who->platform_count && i < PRINCIPAL_PLATFORMS_MAX; i++)
        if (strcmp(who->platforms[i], platform) == 0)
            return true;
    return false;
}

bool permission_has(const struct principal *who, enum permission what, const char *platform)
{
    return permission_has_any(who, what) && covers_platform(who, platform);
}

bool permission_has_any(const struct principal *who, enum permission what)
{
    return (unsigned)what < PERM_COUNT && (rights_of(who) & BIT(what)) != 0;
}

const char *permission_name(enum permission p)
{
    return (unsigned)p < PERM_COUNT ? permission_names[p] : NULL;
}

bool permission_parse(const char *text, enum permission *out)
{
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        if (strcmp(text, permission_names[p]) == 0) {
            *out = (enum permission)p;
            return true;
        }
    }
    return false;
}

const char *role_name(enum role r)
{
    return (unsigned)r < ROLE_COUNT ? role_names[r] : role_names[ROLE_NONE];
}

enum role role_parse(const char *text)
{
    for (unsigned r = 0; r < ROLE_COUNT; r++)
        if (strcmp(text, role_names[r]) == 0)
            return (enum role)r;
    return ROLE_NONE;
}
