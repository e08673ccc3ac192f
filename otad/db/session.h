#ifndef OTAD_DB_SESSION_H
#define OTAD_DB_SESSION_H

#include "totp.h"
#include "user.h"

/* Sign-ins of people (SPEC 8.13).  The cookie's secret is known here only as its keyed hash. */
enum { SESSION_ADDRESS_MAX = 64, SESSION_AGENT_MAX = 256 }; /* characters */

struct session {
    uint8_t hash[32];
    int64_t id;             /* by which people name it; new ones have none yet              */
    const char *csrf_token; /* 1 to 64 characters                                           */
    struct user user;       /* when one is made: id and password_hash, which was shown good */
    const char *address, *agent; /* where it was made from; never NULL */
    int64_t created_at_unix_s, last_used_at_unix_s, expires_at_unix_s;
};

/*
 * Sign in: make the session, spend proof, remember the time; all or nothing.
 * Errors: OTA_E_AUTH (since asked, the person is gone, disabled, has another password, or has a
 * second factor that proof does not prove).
 */
OTA_MUST_CHECK ota_err db_session_start(struct db_scope *s, const struct session *session,
                                        const struct factor_proof *proof);

/* Errors: OTA_E_NOT_FOUND (none, expired, or the user is disabled).  Notes now and then that it
 * is used. */
OTA_MUST_CHECK ota_err db_session_get(struct db_scope *s, const uint8_t hash[32],
                                      struct session *out);

/* None is no error. */
OTA_MUST_CHECK ota_err db_session_delete(struct db_scope *s, const uint8_t hash[32]);

/* Sign-ins in force of a person, newest first; of each all but user and csrf_token.
 * Errors: OTA_E_NOT_FOUND (the person). */
OTA_MUST_CHECK ota_err db_session_list(struct db_scope *s, const char *user,
                                       const struct db_page *page, struct session **out,
                                       size_t *out_count);

/* End one of that person's.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_session_end(struct db_scope *s, const char *user, int64_t id);

/* End all of that person's but the one with this hash. */
OTA_MUST_CHECK ota_err db_session_end_others(struct db_scope *s, const char *user,
                                             const uint8_t hash[32]);

/*
 * A new password instead of session->user.password_hash; every sign-in ends, and session is the
 * only new one.  Errors: OTA_E_AUTH (the old one is not theirs any more).
 */
OTA_MUST_CHECK ota_err db_password_change(struct db_scope *s, const struct session *session,
                                          const char *password_hash);

/* The same password, hashed anew; nothing happens if it is another one by now. */
OTA_MUST_CHECK ota_err db_password_renew(struct db_scope *s, const struct user *user,
                                         const char *password_hash);

#endif
