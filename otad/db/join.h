#ifndef OTAD_DB_JOIN_H
#define OTAD_DB_JOIN_H

#include "session.h"

/* One-time links by which people choose a password (SPEC 8.13), made by an admin. */
struct join_link {
    uint8_t hash[32]; /* keyed, of the token */
    int64_t expires_at_unix_s;
};

enum join_kind { JOIN_INVITATION, JOIN_RESET };

/* Of u only name and roles count.
 * Errors: OTA_E_CONFLICT already-exists, no-role. */
OTA_MUST_CHECK ota_err db_user_invite(struct db_scope *s, const struct user *u,
                                      const struct join_link *link, struct user *out);

/* The password and every sign-in end, drop_totp: the second factor too; link is the one way
 * back in.  Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT last-admin. */
OTA_MUST_CHECK ota_err db_user_reset(struct db_scope *s, const char *name, bool drop_totp,
                                     const struct join_link *link);

/* Whose it is.  Errors: OTA_E_NOT_FOUND (unknown, used, expired, or the person is disabled). */
OTA_MUST_CHECK ota_err db_join_get(struct db_scope *s, const uint8_t hash[32],
                                   struct user *out_user, enum join_kind *out_kind);

/*
 * Spend the link: the password is session->user.password_hash, all sign-ins end, session is the
 * new one, proof is spent; all or nothing.
 * Errors: OTA_E_NOT_FOUND (as db_join_get), OTA_E_AUTH (proof does not prove the second
 * factor).
 */
OTA_MUST_CHECK ota_err db_join_spend(struct db_scope *s, const uint8_t hash[32],
                                     const struct session *session,
                                     const struct factor_proof *proof);

#endif
