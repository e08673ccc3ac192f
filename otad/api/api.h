#ifndef OTAD_API_API_H
#define OTAD_API_API_H

#include "otad/fleet/fleet.h"
#include "otad/http/route.h"

/* The HTTP API of admins and CI (SPEC 8), for main.c. */
struct otad;

extern const struct http_route api_routes[];
extern const size_t api_route_count;

/* What is about the server and not about a fleet: metrics. */
extern const struct http_route api_service_routes[];
extern const size_t api_service_route_count;

/*
 * The server's guard: who calls, from where, and may they, before a body is read.  Fills
 * rq->principal.  Device routes are handed to device_admit.
 */
http_handler api_admit;

/* fleet_config.event with a struct otad as arg: what changed, told to everybody who listens. */
void api_publish(void *otad, const struct fleet_event *e);

/*
 * Snapshots and timestamps are renewed by a thread from now on.  Needs config, db, fleet, feed
 * and online_keys.  Errors: OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err renewal_start(struct otad *otad);
void renewal_stop(struct otad *otad); /* without one it does nothing */

/*
 * When no user exists: make the one-time set-up link and log where it stands.  Needs config, db
 * and auth.  Errors: OTA_E_IO, OTA_E_LIMIT, OTA_E_BUSY.
 */
OTA_MUST_CHECK ota_err api_start(struct otad *otad);

#endif
