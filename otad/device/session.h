#ifndef OTAD_DEVICE_SESSION_H
#define OTAD_DEVICE_SESSION_H

#include "caller.h"

/*
 * Update sessions of the plain door (SPEC 8.15): told by the client (POST .../sessions), or
 * gathered from what it asks for, if it says who it is.
 */
http_handler plain_session_post;

/* Who asks: ?device=, X-Device-Id, x-ESP8266-STA-MAC or x-ESP32-STA-MAC; NULL = does not say,
 * or no id of SPEC 1.2. */
const char *session_device(const struct http_request *rq);

/*
 * The answer to a client that asked for the newest release r stands in rs: bytes from the first
 * one on mean that it begins to load r, 304 that it runs r.  version: what it says it runs,
 * NULL = nothing.  No SQL here.
 */
void session_note(const struct http_request *rq, const struct http_response *rs,
                  const struct release *r, const char *version);

#endif
