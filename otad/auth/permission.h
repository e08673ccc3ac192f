#ifndef OTAD_AUTH_PERMISSION_H
#define OTAD_AUTH_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Who may do what (SPEC 8.2).  Every right in otad is asked of permission_has and of nothing
 * else.  A principal has rights everywhere and rights by platform: a person those of their
 * roles together, an API key its scopes on its platforms.
 */
enum permission {
    PERM_DEVICE_READ,
    PERM_DEVICE_WRITE,
    PERM_RELEASE_READ,
    PERM_RELEASE_UPLOAD,
    PERM_RELEASE_MANAGE,
    PERM_RELEASE_PROMOTE,
    PERM_RELEASE_WITHDRAW,
    PERM_LINK_CREATE,
    PERM_AUDIT_READ,
    PERM_PLATFORM_MANAGE,
    PERM_KEY_MANAGE,
    PERM_USER_MANAGE,
    PERM_COUNT,
    PERM_NONE = PERM_COUNT /* a route that only asks who, not whether */
};

/* Permissions as a set: bit (1 << permission). */
typedef uint32_t permission_set;

/* Roles that are built in; they count on all platforms.  ROLE_NONE may do nothing. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_MANAGER, ROLE_ADMIN, ROLE_COUNT };

enum principal_kind {
    PRINCIPAL_NONE,   /* nobody: permission_has is always false */
    PRINCIPAL_USER,   /* a person with a session                */
    PRINCIPAL_API_KEY /* a machine with scopes and platforms    */
};

enum {
    PRINCIPAL_GRANTS_MAX = 64,    /* platforms that rights are had on one by one */
    PRINCIPAL_NAME_BYTES = 65,    /* with the ending zero */
    PRINCIPAL_PLATFORM_BYTES = 64 /* with the ending zero */
};

/* Rights on one platform. */
struct grant {
    int64_t platform_id;
    permission_set rights;
    char platform[PRINCIPAL_PLATFORM_BYTES]; /* canonical name */
};

/* Filled once per request, plain data afterwards. */
struct principal {
    enum principal_kind kind;
    int64_t tenant;
    int64_t id;                /* of the account or of the API key                       */
    permission_set everywhere; /* on all platforms, those that are still to come as well */
    uint32_t grant_count;
    struct grant grants[PRINCIPAL_GRANTS_MAX]; /* one for each platform */
    char name[PRINCIPAL_NAME_BYTES];           /* for created_by and the log */
    uint8_t credential[32]; /* hash of what was shown, to ask later if it still holds */
};

/*
 * May who do this to platform (its canonical name, not an alias)?  platform NULL means the
 * whole installation: only a right everywhere counts there.
 */
bool permission_has(const struct principal *who, enum permission what, const char *platform);

/* Has who any right on platform, so that it exists for them? */
bool permission_has_some(const struct principal *who, const char *platform);

/* May who do this somewhere, so that a list may be asked for? */
bool permission_has_any(const struct principal *who, enum permission what);

/* Has who all of these on platform (NULL: everywhere), so that they may hand them out? */
bool permission_has_all(const struct principal *who, permission_set what, const char *platform);

/* All that who may do somewhere. */
permission_set permission_anywhere(const struct principal *who);

/* Add rights: everywhere if platform is NULL.  False, and nothing added, if there are
 * PRINCIPAL_GRANTS_MAX other platforms already or the name is too long. */
bool permission_grant(struct principal *who, permission_set what, int64_t platform_id,
                      const char *platform);

/*
 * The rights of who as the setting otad.rights of a transaction (sql/schema.sql): what
 * row-level security goes by.  Returns its length; written with an ending zero if room is
 * larger than that.
 */
size_t permission_setting(const struct principal *who, char *out, size_t room);

/* "device.read"; NULL for numbers that are none. */
const char *permission_name(enum permission p);
/* False if text names no permission. */
bool permission_parse(const char *text, enum permission *out);
/* Permissions separated by one space; words that name none are left out. */
permission_set permission_set_parse(const char *words);
static inline bool permission_in(permission_set set, enum permission p)
{
    return (unsigned)p < PERM_COUNT && (set >> (unsigned)p & 1U) != 0;
}
/* Those that count on all platforms only. */
bool permission_is_global(enum permission p);

/* "admin", "manager", "operator", "viewer", "none". */
const char *role_name(enum role r);
/* ROLE_NONE for any other text. */
enum role role_parse(const char *text);
permission_set role_rights(enum role r);

#endif
