#ifndef OTAD_DB_UPDATE_H
#define OTAD_DB_UPDATE_H

#include "db.h"
#include "otad/fleet/model.h"
#include "otad/fleet/update_state.h"

enum {
    UPDATE_EVENTS_MAX = 1000
}; /* kept per update; later ones change state but are not kept */

/*
 * Assign version by hand.
 * Errors: OTA_E_NOT_FOUND (device or release); OTA_E_CONFLICT update-in-progress, same-version,
 * version-too-low, counter-too-low, incomplete, withdrawn, no-platform.
 */
OTA_MUST_CHECK ota_err db_update_create(struct db_scope *s, const char *device_id,
                                        const char *version, struct update *out);

/* What fleet_poll said is due.  An open update of the device is returned instead of a second.
 * Errors: OTA_E_NOT_FOUND; OTA_E_CONFLICT not-offered (no longer true: just poll again). */
OTA_MUST_CHECK ota_err db_update_offer(struct db_scope *s, int64_t device_no,
                                       int64_t release_id, struct update *out);

/* With events.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_update_get(struct db_scope *s, int32_t id, struct update *out);

/* Of one device, with events, newest first, keyset by id.  Errors: OTA_E_NOT_FOUND (device). */
OTA_MUST_CHECK ota_err db_update_list_device(struct db_scope *s, const char *device_id,
                                             const struct db_page *page, struct update **out,
                                             size_t *out_count);

/* NULL, 0 and false = any. */
struct update_filter {
    bool open_only;
    const char *platform; /* name or alias */
    enum update_state state;
    const char *version, *device;
    int64_t from_unix_s, to_unix_s; /* made from <= t < to */
};

/* Of all devices, without events, newest first, keyset by id.
 * Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_update_list(struct db_scope *s, const struct update_filter *filter,
                                      const struct db_page *page, struct update **out,
                                      size_t *out_count);

/*
 * One feedback of the device: appended and acted upon, both or neither.  The last feedback
 * repeated word by word changes nothing and is OTA_OK, also the one that closed the update.
 * Success sets the device's version, and wants configData.  Failure and cancellation keep the
 * release from being offered to it again by itself.
 * Errors: OTA_E_NOT_FOUND (no such update of this device); OTA_E_CONFLICT closed.
 */
OTA_MUST_CHECK ota_err db_update_feedback(struct db_scope *s, const char *device_id, int32_t id,
                                          const struct feedback *f, struct update *out);

/* Feedback on cancelAction.  As db_update_feedback; also OTA_E_CONFLICT closed when nothing is
 * being cancelled. */
OTA_MUST_CHECK ota_err db_update_cancel_feedback(struct db_scope *s, const char *device_id,
                                                 int32_t id, const struct feedback *f,
                                                 struct update *out);

/* The device has fetched deploymentBase.  Again: no error.
 * Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT closed. */
OTA_MUST_CHECK ota_err db_update_retrieved(struct db_scope *s, const char *device_id,
                                           int32_t id, struct update *out);

/* Not retrieved yet: cancelled at once; else cancelling.  Again: no error.
 * Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT closed. */
OTA_MUST_CHECK ota_err db_update_cancel(struct db_scope *s, int32_t id, struct update *out);

#endif
