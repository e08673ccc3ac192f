#ifndef OTA_OUTCOME_H
#define OTA_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "../slot/slot.h"
#include "notes.h"

/* What is known right after a boot. */
struct ota_boot {
    struct slot_state slot;
    bool has_running; /* slot A parses */
    uint8_t running_digest[32];
};

/*
 * How did the update go that the notes speak of?  Pure: changes only the notes (phase, success,
 * reason, offset).  Returns true if they have to be saved.
 */
bool ota_outcome(const struct ota_boot *boot, struct ota_notes *n);

#endif
