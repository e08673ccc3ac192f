#ifndef OTAD_DB_PLAIN_H
#define OTAD_DB_PLAIN_H

#include "update.h"

/* Update sessions of the plain door (SPEC 8.15). */
enum plain_state {
    PLAIN_STARTED = 1,
    PLAIN_DOWNLOADING,
    PLAIN_INSTALLING,
    PLAIN_SUCCEEDED,
    PLAIN_FAILED
};
enum plain_state plain_state_parse(const char *text); /* 0 for any other text */

struct plain_report {
    const char *device, *platform; /* platform: name or alias */
    int32_t id;                    /* 0 = the device's open session */
    enum plain_state state;
    int32_t progress_percent; /* -1 = not told */
    const char *from_version; /* NULL = what the device is known to run */
    const char *version;
    const char *reason;   /* NULL = none */
    uint32_t devices_max; /* of the plain door; more are not made known */
};

/*
 * What a client tells.  `started` opens a session, and makes an unknown device known; if one to
 * this version is open it goes on, one to another version is closed as failed, `superseded`.
 * The last report repeated word by word changes nothing.  On the release's platform, whatever
 * state it is in.
 * Errors: OTA_E_NOT_FOUND (platform, release, session); OTA_E_CONFLICT closed, other-door (a
 * device of DDI, or of another platform); OTA_E_LIMIT too-many.
 */
OTA_MUST_CHECK ota_err db_plain_report(struct db_scope *s, const struct plain_report *report,
                                       int32_t *out_id);

/* Close a session that has heard nothing for silence_s as failed, `no-answer`; one that has is
 * left alone, and no error. */
OTA_MUST_CHECK ota_err db_plain_silence(struct db_scope *s, int32_t id, uint32_t silence_s);

#endif
