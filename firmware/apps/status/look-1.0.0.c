/* 1.0.0: both user LEDs blink together, once a second. */
#include "look.h"

const struct look look = {.version = "1.0.0",
                          .name = "slow-blink",
                          .step_ms = 500,
                          .steps = 2,
                          .leds = {0x003, 0x000}};
