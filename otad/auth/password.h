#ifndef OTAD_AUTH_PASSWORD_H
#define OTAD_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/image/err.h"

/*
 * Passwords of people: argon2id as PHC strings (19 MiB, 2 passes, 1 lane).  The only file that
 * sees libargon2.  At most PASSWORD_CONCURRENT run at once; others wait their turn, for
 * PASSWORD_WAIT_S at most, so that sign-ins cannot eat the machine.
 */
enum {
    PASSWORD_BYTES_MIN = 12,
    PASSWORD_BYTES_MAX = 256,
    PASSWORD_PHC_BYTES = 160, /* with the ending zero */
    PASSWORD_CONCURRENT = 2,
    PASSWORD_WAIT_S = 10
};

/* Once per process.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err password_init(void);

/*
 * Hash for storing.  Errors: OTA_E_FORMAT (shorter than the minimum), OTA_E_LIMIT (longer than
 * the maximum), OTA_E_NO_MEMORY, OTA_E_BUSY (too many wait).
 */
OTA_MUST_CHECK ota_err password_hash(const char *password, char out[PASSWORD_PHC_BYTES]);

/*
 * Does password belong to phc?  phc NULL (no such user) takes as long as a wrong password, and
 * so does a hash with lower parameters than today's.
 * Errors: OTA_E_AUTH (it does not), OTA_E_BUSY (memory is short just now, or too many wait).
 */
OTA_MUST_CHECK ota_err password_verify(const char *phc, const char *password);

/* Was phc made with lower parameters than today's, so that it is to be made anew? */
bool password_outdated(const char *phc);

#endif
