#ifndef OTAD_DB_USER_H
#define OTAD_DB_USER_H

#include "db.h"

/* People who sign in, and the one-time token that makes the first of them. */
struct user {
    int64_t id;
    const char *name;          /* 1 to 64 characters */
    const char *role;          /* admin, manager, operator, viewer */
    const char *password_hash; /* PHC string */
    bool disabled;
    int64_t created_at_unix_s;
};

OTA_MUST_CHECK ota_err db_user_count(struct db_scope *s, int64_t *out);

/* u->id and created_at are ignored.  Errors: OTA_E_CONFLICT already-exists. */
OTA_MUST_CHECK ota_err db_user_create(struct db_scope *s, const struct user *u,
                                      struct user *out);

/* As db_user_create, but only while there is no user.  Errors: OTA_E_CONFLICT already-exists.
 */
OTA_MUST_CHECK ota_err db_user_create_first(struct db_scope *s, const struct user *u,
                                            struct user *out);

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_user_get_by_name(struct db_scope *s, const char *name,
                                           struct user *out);

/* Keep the hash of the one valid setup token, replacing any earlier.
 * Errors: OTA_E_CONFLICT already-exists (there is a user, nothing to set up). */
OTA_MUST_CHECK ota_err db_setup_token_put(struct db_scope *s, const uint8_t hash[32],
                                          int64_t expires_at_unix_s);

/* Spend the token and create the first user, both or neither.
 * Errors: OTA_E_AUTH (wrong or expired), OTA_E_CONFLICT already-exists. */
OTA_MUST_CHECK ota_err db_setup_token_consume(struct db_scope *s, const uint8_t hash[32],
                                              const struct user *u, struct user *out);

#endif
