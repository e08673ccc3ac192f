#ifndef OTAD_AUTH_PERMISSION_H
#define OTAD_AUTH_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Who may do what (SPEC 8.2).  Every right in otad is asked of permission_has and of nothing
 * else; the table behind it is role x permission, narrowed by the principal's platforms.
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

/* Roles of people.  ROLE_NONE may do nothing. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_MANAGER, ROLE_ADMIN, ROLE_COUNT };

enum principal_kind {
    PRINCIPAL_NONE,   /* nobody: permission_has is always false */
    PRINCIPAL_USER,   /* a person with a session                */
    PRINCIPAL_API_KEY /* a machine with scopes and platforms    */
};

enum {
    PRINCIPAL_PLATFORMS_MAX = 16,
    PRINCIPAL_NAME_BYTES = 65,    /* with the ending zero */
    PRINCIPAL_PLATFORM_BYTES = 64 /* with the ending zero */
};

/* Filled once per request by auth_admit, plain data afterwards. */
struct principal {
    enum principal_kind kind;
    int64_t tenant;
    int64_t id; /* of the user or of the API key                    */
    enum role role;
    uint32_t scopes;    /* API key: bit (1 << permission)                     */
    bool all_platforms; /* else only the named ones                           */
    uint8_t platform_count;
    char platforms[PRINCIPAL_PLATFORMS_MAX][PRINCIPAL_PLATFORM_BYTES];
    char name[PRINCIPAL_NAME_BYTES]; /* for created_by and the log */
    uint8_t credential[32]; /* hash of what was shown, to ask later if it still holds */
};

/*
 * May who do this to platform (its canonical name, not an alias)?  platform NULL means the
 * whole installation: only a principal for all platforms has a right there.
 */
bool permission_has(const struct principal *who, enum permission what, const char *platform);

/* May who do this somewhere, so that a list may be asked for and then filtered? */
bool permission_has_any(const struct principal *who, enum permission what);

/* "device.read"; NULL for numbers that are none. */
const char *permission_name(enum permission p);
/* False if text names no permission. */
bool permission_parse(const char *text, enum permission *out);

/* "admin", "manager", "operator", "viewer", "none". */
const char *role_name(enum role r);
/* ROLE_NONE for any other text. */
enum role role_parse(const char *text);

#endif
