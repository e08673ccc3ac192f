#ifndef OTAD_DEVICE_DEVICE_H
#define OTAD_DEVICE_DEVICE_H

#include "otad/http/route.h"

/* What devices ask: hawkBit DDI v1 (SPEC 6) and the plain door (SPEC 7), for main.c. */
extern const struct http_route device_routes[];
extern const size_t device_route_count;

/*
 * The guard of DDI's routes: verifies the device's credentials, registers one that a gateway
 * brings, and takes what its channel offers, before a body is read.
 */
http_handler device_admit;

/*
 * Hand out an artifact's bytes with everything that HTTP knows of ranges; also for the API.
 * Errors: OTA_E_LIMIT, OTA_E_IO (the store has lost it).
 */
struct artifact;
OTA_MUST_CHECK ota_err device_send_artifact(struct http_request *rq, struct http_response *rs,
                                            const struct artifact *a);

#endif
