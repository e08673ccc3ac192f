#ifndef STATUS_LOOK_H
#define STATUS_LOOK_H

#include <stdint.h>

/* How this version of the app shows itself.  One file per version defines it: what an update
 * changes is seen on the LEDs, on the console and in the heartbeat. */
struct look {
    const char *version;
    const char *name;
    uint16_t step_ms; /* between two steps of the pattern */
    uint8_t steps;
    uint16_t leds[10]; /* one mask per step */
};

extern const struct look look;

#endif
