#ifndef OTAD_DB_UPDATE_INSIDE_H
#define OTAD_DB_UPDATE_INSIDE_H

#include "device_lock.h"
#include "update.h"

/* What updates of both doors stand on, for the files of db/ only.  The device is locked. */
struct update_new {
    int64_t release_id;
    const char *from_version; /* NULL = unknown */
    bool plain;               /* a session of the plain door, which begins now */
};

OTA_MUST_CHECK ota_err update_insert(struct db_tx *tx, const struct device_locked *d,
                                     const struct update_new *fresh, struct update *out);

/* One feedback, as db_update_feedback. */
OTA_MUST_CHECK ota_err update_feedback(struct db_tx *tx, int64_t device_no, int32_t id,
                                       const struct feedback *f, struct update *out);

/* With events.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err update_get(struct db_tx *tx, int32_t id, struct update *out);

#endif
