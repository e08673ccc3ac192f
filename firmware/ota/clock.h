#ifndef OTA_CLOCK_H
#define OTA_CLOCK_H

#include <stdint.h>

/*
 * Time as the agent sees it: monotonic milliseconds since some start, never going back.  The
 * calendar is needed by TLS alone (certificate dates) and reaches it on a way of its own.
 */
struct ota_clock {
    void *port;
    uint64_t (*now_ms)(void *port);
};

#endif
