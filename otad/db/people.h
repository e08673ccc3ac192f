#ifndef OTAD_DB_PEOPLE_H
#define OTAD_DB_PEOPLE_H

#include "session.h"
#include "tx.h"
#include "user.h"

/*
 * For the files of db/ that change what people may do.  Whoever takes a right away (disable,
 * delete, other roles, a role's other grants) first takes the lock, then writes, then asks
 * whether an admin is left: so two at once cannot each take away what they take for the
 * second-last one.
 */

/* Alone with the tenant's accounts and roles until commit. */
OTA_MUST_CHECK ota_err tx_people_lock(struct db_tx *tx);

/* Has nobody rights on more platforms one by one than a principal holds?  To be asked after a
 * role was changed or given.  Errors: OTA_E_CONFLICT too-many-platforms. */
OTA_MUST_CHECK ota_err tx_roles_fit(struct db_tx *tx);

/* Is there an active person with the role admin, which has every right?
 * Errors: OTA_E_CONFLICT last-admin. */
OTA_MUST_CHECK ota_err tx_admin_left(struct db_tx *tx);

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err tx_user_get(struct db_tx *tx, int64_t id, struct user *out);
OTA_MUST_CHECK ota_err tx_user_get_by_name(struct db_tx *tx, const char *name,
                                           struct user *out);

/* As db_user_create; tells the memory model, not the audit log. */
OTA_MUST_CHECK ota_err tx_user_create(struct db_tx *tx, const struct user *u, struct user *out);
/* Errors: OTA_E_CONFLICT no-role. */
OTA_MUST_CHECK ota_err tx_user_roles_put(struct db_tx *tx, int64_t id,
                                         const struct db_names *roles);
/* A query whose one argument is the person's id. */
OTA_MUST_CHECK ota_err tx_user_by_id(struct db_tx *tx, int query, int64_t id);

/* A person as the audit log tells of them; NULL if the arena is full. */
const char *tx_user_text(struct db_tx *tx, const struct user *u);

/* Sign in, for whoever has just proved to be session->user.  Errors: as db_session_start. */
OTA_MUST_CHECK ota_err tx_session_start(struct db_tx *tx, const struct session *session,
                                        const struct factor_proof *proof);
/* End all of them but the one with this hash; NULL = all.  Open event streams learn of it, as
 * of every end of a sign-in, by CHANGE_ACCOUNT. */
OTA_MUST_CHECK ota_err tx_sessions_end(struct db_tx *tx, int64_t user_id,
                                       const uint8_t *but_hash);

/* Spend proof, if the person has a second factor.  Errors: OTA_E_AUTH (proof is none, or was
 * spent before). */
OTA_MUST_CHECK ota_err tx_factor_spend(struct db_tx *tx, int64_t user_id,
                                       const struct factor_proof *proof);
/* The second factor and its recovery codes are gone; none is no error. */
OTA_MUST_CHECK ota_err tx_factor_remove(struct db_tx *tx, int64_t user_id);

#endif
