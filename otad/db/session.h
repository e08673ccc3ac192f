#ifndef OTAD_DB_SESSION_H
#define OTAD_DB_SESSION_H

#include "user.h"

/* Sign-ins of people.  The cookie's secret is known here only as its keyed hash. */
struct session {
    uint8_t hash[32];
    const char *csrf_token; /* 1 to 64 characters */
    struct user user;       /* _put needs user.id alone */
    int64_t created_at_unix_s, last_used_at_unix_s, expires_at_unix_s;
};

/* The same hash again replaces. */
OTA_MUST_CHECK ota_err db_session_put(struct db_scope *s, const struct session *session);

/* Errors: OTA_E_NOT_FOUND (none, expired, or the user is disabled). */
OTA_MUST_CHECK ota_err db_session_get(struct db_scope *s, const uint8_t hash[32],
                                      struct session *out);

/* last_used is now, and expires_at later; none is no error. */
OTA_MUST_CHECK ota_err db_session_touch(struct db_scope *s, const uint8_t hash[32],
                                        int64_t expires_at_unix_s);

/* None is no error. */
OTA_MUST_CHECK ota_err db_session_delete(struct db_scope *s, const uint8_t hash[32]);

#endif
