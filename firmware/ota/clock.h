#ifndef OTA_CLOCK_H
#define OTA_CLOCK_H

#include <stdint.h>

/*
 * Time as the agent sees it: monotonic milliseconds since some start, never going back.  The
 * calendar is needed by TLS alone (certificate dates) and reaches it on a way of its own.
 *
 * Sleep counts: a device notices by its own time that it is kept from news (SPEC 10.7).  And
 * signed times never set that back, so a clock may not be fast by more than 100 millionths (a
 * crystal); one that is fast by 1 in 100 is a day ahead after 100 days, and takes a fresh
 * timestamp for an expired one.
 */
struct ota_clock {
    void *port;
    uint64_t (*now_ms)(void *port);
};

#endif
