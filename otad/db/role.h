#ifndef OTAD_DB_ROLE_H
#define OTAD_DB_ROLE_H

#include "db.h"

/*
 * Roles of one's own (SPEC 8.13), and how many have those that are built in.  What a permission
 * means, and what is built in, is auth/permission.h's.
 */
enum { ROLE_PLATFORMS_MAX = 64 }; /* of a person's roles together, those on '*' aside */

struct role_grant {
    int64_t platform_id;  /* read only */
    const char *platform; /* canonical name; NULL = all */
    struct db_names permissions;
};

struct role_row {
    int64_t id;        /* 0 = built in */
    const char *name;  /* a name of SPEC 1.2 */
    const char *title; /* NULL when built in */
    size_t grant_count;
    const struct role_grant *grants; /* of each platform one at most; none when built in */
    int64_t user_count;
};

/* All of them, by name. */
OTA_MUST_CHECK ota_err db_role_list(struct db_scope *s, const struct db_page *page,
                                    struct role_row **out, size_t *out_count);

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_role_get(struct db_scope *s, const char *name, struct role_row *out);

/*
 * Make it, or change title and grants; name, title and grants of r count.
 * Errors: OTA_E_NOT_FOUND (a platform), OTA_E_CONFLICT built-in, too-many-platforms (somebody
 * would have rights on more than ROLE_PLATFORMS_MAX), OTA_E_DENIED (a right that the caller
 * lacks).
 */
OTA_MUST_CHECK ota_err db_role_put(struct db_scope *s, const struct role_row *r,
                                   struct role_row *out);

/* Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT built-in, in-use. */
OTA_MUST_CHECK ota_err db_role_delete(struct db_scope *s, const char *name);

#endif
