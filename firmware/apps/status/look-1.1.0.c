/* 1.1.0: the user LEDs alternate, and a light runs over the eight others. */
#include "look.h"

const struct look look = {.version = "1.1.0",
                          .name = "running-light",
                          .step_ms = 100,
                          .steps = 8,
                          .leds = {0x005, 0x00a, 0x011, 0x022, 0x041, 0x082, 0x101, 0x202}};
