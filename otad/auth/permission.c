/*
 * The one table of rights.  A row is a role, a column a permission; a role of one's own and an
 * API key bring their columns with them.  permission_has.c asks it.
 */
#include "permission.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BIT(p) (1U << (unsigned)(p))

static const char *const permission_names[PERM_COUNT] = {
    [PERM_DEVICE_READ] = "device.read",
    [PERM_DEVICE_WRITE] = "device.write",
    [PERM_RELEASE_READ] = "release.read",
    [PERM_RELEASE_UPLOAD] = "release.upload",
    [PERM_RELEASE_MANAGE] = "release.manage",
    [PERM_RELEASE_PROMOTE] = "release.promote",
    [PERM_RELEASE_WITHDRAW] = "release.withdraw",
    [PERM_LINK_CREATE] = "link.create",
    [PERM_AUDIT_READ] = "audit.read",
    [PERM_PLATFORM_MANAGE] = "platform.manage",
    [PERM_KEY_MANAGE] = "key.manage",
    [PERM_USER_MANAGE] = "user.manage",
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

/* sql/schema.sql knows them as may_give(); tests/db/test_rights.c compares both. */
static const permission_set rights_of_role[ROLE_COUNT] = {
    [ROLE_NONE] = 0,
    [ROLE_VIEWER] = READS,
    [ROLE_OPERATOR] = READS | OPERATES,
    [ROLE_MANAGER] = READS | OPERATES | MANAGES,
    [ROLE_ADMIN] = READS | OPERATES | MANAGES | OWNS,
};

permission_set role_rights(enum role r)
{
    return (unsigned)r < ROLE_COUNT ? rights_of_role[r] : 0;
}

permission_set permission_anywhere(const struct principal *who)
{
    permission_set rights = who->everywhere;
    for (uint32_t i = 0; i < who->grant_count; i++)
        rights |= who->grants[i].rights;
    return who->kind == PRINCIPAL_NONE ? 0 : rights;
}

bool permission_is_global(enum permission p)
{
    return p == PERM_KEY_MANAGE || p == PERM_USER_MANAGE;
}

/* ---- making -------------------------------------------------------------------------- */

bool permission_grant(struct principal *who, permission_set what, int64_t platform_id,
                      const char *platform)
{
    if (platform == NULL) {
        who->everywhere |= what;
        return true;
    }
    for (uint32_t i = 0; i < who->grant_count; i++) {
        if (strcmp(who->grants[i].platform, platform) == 0) {
            who->grants[i].rights |= what;
            return true;
        }
    }
    const size_t len = strlen(platform);
    if (who->grant_count == PRINCIPAL_GRANTS_MAX || len >= PRINCIPAL_PLATFORM_BYTES)
        return false;
    struct grant *g = &who->grants[who->grant_count++];
    *g = (struct grant){.platform_id = platform_id, .rights = what};
    memcpy(g->platform, platform, len + 1);
    return true;
}

/* ---- the setting --------------------------------------------------------------------- */

/* Text that may not fit: what does not is counted, not written. */
struct text {
    char *out;
    size_t room, len;
};

static void put(struct text *t, const char *piece)
{
    for (; *piece != '\0'; piece++, t->len++)
        if (t->len < t->room)
            t->out[t->len] = *piece;
}

static void put_number(struct text *t, int64_t n)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    put(t, digits);
}

/* "{1,2}", the platforms with this right beside those of rights everywhere. */
static void put_platforms(struct text *t, const struct principal *who, enum permission p)
{
    bool first = true;
    put(t, "{");
    for (uint32_t i = 0; i < who->grant_count; i++) {
        if (!permission_in(who->grants[i].rights, p))
            continue;
        put(t, first ? "" : ",");
        put_number(t, who->grants[i].platform_id);
        first = false;
    }
    put(t, "}");
}

/* Of the grants themselves: it must hold where the asking was forgotten. */
size_t permission_setting(const struct principal *who, char *out, size_t room)
{
    struct text t = {.out = out, .room = room};
    put(&t, "{\"self\":");
    if (who->kind == PRINCIPAL_USER)
        put_number(&t, who->id);
    else
        put(&t, "null");
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        if (!permission_in(permission_anywhere(who), (enum permission)p))
            continue;
        put(&t, ",\"");
        put(&t, permission_names[p]);
        put(&t, "\":\"");
        if (permission_in(who->everywhere, (enum permission)p))
            put(&t, "*");
        else
            put_platforms(&t, who, (enum permission)p);
        put(&t, "\"");
    }
    put(&t, "}");
    if (room > 0)
        out[t.len < room ? t.len : room - 1] = '\0';
    return t.len;
}

/* ---- names --------------------------------------------------------------------------- */

const char *permission_name(enum permission p)
{
    return (unsigned)p < PERM_COUNT ? permission_names[p] : NULL;
}

static bool parse(const char *text, size_t len, enum permission *out)
{
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        if (strlen(permission_names[p]) == len && memcmp(text, permission_names[p], len) == 0) {
            *out = (enum permission)p;
            return true;
        }
    }
    return false;
}

bool permission_parse(const char *text, enum permission *out)
{
    return parse(text, strlen(text), out);
}

permission_set permission_set_parse(const char *words)
{
    permission_set set = 0;
    while (*words != '\0') {
        const size_t len = strcspn(words, " ");
        enum permission p = PERM_NONE;
        if (parse(words, len, &p))
            set |= BIT(p);
        words += len + (words[len] == ' ' ? 1 : 0);
    }
    return set;
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
