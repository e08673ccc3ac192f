#ifndef OTAD_DB_USER_H
#define OTAD_DB_USER_H

#include "db.h"

/* People who sign in, and the one-time token that makes the first of them (SPEC 8.4, 8.13). */
struct user {
    int64_t id;
    const char *name;          /* 1 to 64 characters                                        */
    struct db_names roles;     /* names, sorted                                             */
    const char *password_hash; /* PHC string; NULL = none yet: invited, or reset            */
    bool disabled;
    bool totp;                                         /* a second factor is in force */
    int64_t created_at_unix_s, last_sign_in_at_unix_s; /* 0 = never                         */
    const char *created_by;
};

/* "invited" (has no password yet), "active" or "disabled". */
static inline const char *user_state(const struct user *u)
{
    if (u->disabled)
        return "disabled";
    return u->password_hash == NULL ? "invited" : "active";
}

OTA_MUST_CHECK ota_err db_user_count(struct db_scope *s, int64_t *out);

/* Of u only name, roles and password_hash count.
 * Errors: OTA_E_CONFLICT already-exists, no-role (one of them is unknown). */
OTA_MUST_CHECK ota_err db_user_create(struct db_scope *s, const struct user *u,
                                      struct user *out);

/* As db_user_create, but only while there is no user.  Errors: OTA_E_CONFLICT already-exists.
 */
OTA_MUST_CHECK ota_err db_user_create_first(struct db_scope *s, const struct user *u,
                                            struct user *out);

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_user_get_by_name(struct db_scope *s, const char *name,
                                           struct user *out);

/* By name. */
OTA_MUST_CHECK ota_err db_user_list(struct db_scope *s, const struct db_page *page,
                                    struct user **out, size_t *out_count);

/* NULL = stays as it is. */
struct user_patch {
    const struct db_names *roles;
    const bool *disabled; /* true also ends all sign-ins, and the one-time link */
};

/* Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT last-admin, no-role. */
OTA_MUST_CHECK ota_err db_user_patch(struct db_scope *s, const char *name,
                                     const struct user_patch *patch, struct user *out);

/* With all that is theirs.  Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT last-admin. */
OTA_MUST_CHECK ota_err db_user_delete(struct db_scope *s, const char *name);

/* Keep the hash of the one valid setup token, replacing any earlier.
 * Errors: OTA_E_CONFLICT already-exists (there is a user, nothing to set up). */
OTA_MUST_CHECK ota_err db_setup_token_put(struct db_scope *s, const uint8_t hash[32],
                                          int64_t expires_at_unix_s);

/* Spend the token and create the first user, both or neither.
 * Errors: OTA_E_AUTH (wrong or expired), OTA_E_CONFLICT already-exists. */
OTA_MUST_CHECK ota_err db_setup_token_consume(struct db_scope *s, const uint8_t hash[32],
                                              const struct user *u, struct user *out);

#endif
