#ifndef OTAD_DB_DEVICE_LOCK_H
#define OTAD_DB_DEVICE_LOCK_H

#include "device.h"
#include "otad/fleet/offer.h"
#include "tx.h"

/* A device whose row is ours until commit, and what decisions about it need. */
struct device_locked {
    int64_t no, platform_id; /* platform_id 0 = not known */
    bool platform_chosen;
    bool plain;          /* of the plain door */
    const char *version; /* NULL = unknown */
    struct offer_device offer;
};

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err device_lock(struct db_tx *tx, const char *id, struct device_locked *out);
OTA_MUST_CHECK ota_err device_lock_no(struct db_tx *tx, int64_t no, struct device_locked *out);

/* Make a device of the plain door, and its audit entry.  Errors: OTA_E_LIMIT with too-many when
 * there are devices_max of them. */
OTA_MUST_CHECK ota_err device_make_plain(struct db_tx *tx, const char *id, int64_t platform_id,
                                         uint32_t devices_max, int64_t *out_no);

/* 0 if it has none. */
OTA_MUST_CHECK ota_err device_open_update(struct db_tx *tx, int64_t device_no, int32_t *out_id);

/* With attributes. */
OTA_MUST_CHECK ota_err device_get_no(struct db_tx *tx, int64_t no, struct device *out);

#endif
