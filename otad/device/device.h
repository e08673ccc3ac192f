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

#endif
