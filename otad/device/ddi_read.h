#ifndef OTAD_DEVICE_DDI_READ_H
#define OTAD_DEVICE_DDI_READ_H

#include "otad/db/device.h"
#include "otad/fleet/update_state.h"
#include "otad/json.h"

/*
 * What devices send in DDI v1, read as tolerantly as its clients need: unknown and legacy
 * members are ignored, ids may be numbers or strings, details one string or a list.  Pure.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT, with *fault saying where.
 */
struct ddi_config {
    enum attributes_mode mode;
    struct device_attribute *attributes;
    size_t count;
};

OTA_MUST_CHECK ota_err ddi_read_config(struct arena *a, const char *text, size_t len,
                                       struct ddi_config *out, struct json_fault *fault);

OTA_MUST_CHECK ota_err ddi_read_feedback(struct arena *a, const char *text, size_t len,
                                         struct feedback *out, struct json_fault *fault);

/* Heartbeat of SPEC 6.2: longer strings and numbers that are none count as not told. */
OTA_MUST_CHECK ota_err ddi_read_heartbeat(struct arena *a, const char *text, size_t len,
                                          int64_t now_unix_s, struct heartbeat *out,
                                          struct json_fault *fault);

#endif
