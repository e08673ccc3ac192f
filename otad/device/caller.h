#ifndef OTAD_DEVICE_CALLER_H
#define OTAD_DEVICE_CALLER_H

#include "otad/db/db.h"
#include "otad/device/device.h"
#include "otad/fleet/fleet.h"
#include "otad/http/request.h"
#include "otad/http/response.h"

/* What the handlers of device dialects share: who calls, and errors as hawkBit words them. */

/* SPEC 1.2. */
bool device_id_valid(const char *text);

int64_t device_now(void);

/*
 * The caller by path and Authorization header: `TargetToken T` or `GatewayToken T`.  Nothing is
 * verified here; every fleet_* function does that.
 * Errors: OTA_E_AUTH (no credential that we know), OTA_E_FORMAT (the id is none).
 */
OTA_MUST_CHECK ota_err device_caller(const struct http_request *rq, struct fleet_caller *out);

/* The same where the path says the tenant alone, of a device that calls itself id. */
OTA_MUST_CHECK ota_err device_caller_called(const struct http_request *rq, const char *id,
                                            struct fleet_caller *out);

/* Is there a credential of these two kinds? */
bool device_brings_token(const struct http_request *rq);

/* A scope that writes in the device's name. */
struct db_scope device_scope(const struct http_request *rq, int64_t tenant_id);

/* hawkBit's error body; 401 has none.  Returns e. */
ota_err device_error(struct http_request *rq, struct http_response *rs, ota_err e, int status,
                     const char *message);

/* The answer for a failed fleet_* or db_* call. */
ota_err device_problem(struct http_request *rq, struct http_response *rs, ota_err e);

/* Lower-case hex in the arena, NULL when it is full. */
const char *device_hex(struct arena *a, const void *bytes, size_t len);

/* What the route's pattern calls by name ("{platform}"); NULL if it does not. */
const char *device_captured(const struct http_request *rq, const char *name);

/*
 * The newest release of the route's {platform} on the channel ?channel=, and whether one who
 * runs version (NULL = unknown) should take it.  For callers with an API key. Errors:
 * OTA_E_FORMAT (no such channel), and fleet_newest's.
 */
struct release;
OTA_MUST_CHECK ota_err device_newest(const struct http_request *rq, const char *version,
                                     struct release *out, bool *newer);

#endif
