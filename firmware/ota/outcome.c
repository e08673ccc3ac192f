/*
 * From what a boot left behind to how the update went.  The running image decides: if its
 * digest is the one asked for, the update is in; if not, the boot record says why, and when
 * even that was lost in a power cut, one more attempt finds out.
 */
#include "outcome.h"

#include <string.h>

#include "../slot/boot_record.h"

enum { ATTEMPTS_MAX = 2 };

static bool fail(struct ota_notes *n, uint16_t reason)
{
    n->phase = OTA_REPORT;
    n->success = false;
    n->reason = reason;
    return true;
}

static uint16_t reverted_because(const struct slot_state *s)
{
    if (s->last_why != 0) {
        return (uint16_t)s->last_why;
    }
    return s->last_cause == BOOT_CAUSE_FAULT ? OTA_REASON_CRASHED : OTA_REASON_NOT_CONFIRMED;
}

static bool runs_new_image(const struct ota_boot *boot, struct ota_notes *n)
{
    if (boot->slot.phase == SLOT_TRIAL) {
        bool changed = n->phase != OTA_TRIAL;

        n->phase = OTA_TRIAL;
        return changed;
    }
    n->phase = OTA_REPORT; /* confirmed, and the power went before the notes said so */
    n->success = true;
    n->reason = OTA_REASON_NONE;
    return true;
}

static bool runs_old_image(const struct ota_boot *boot, struct ota_notes *n)
{
    const struct slot_state *s = &boot->slot;

    switch (s->last_decision) {
    case BOOT_REVERTED:
        return fail(n, reverted_because(s));
    case BOOT_REFUSED:
    case BOOT_REPAIRED:
        return fail(n, s->last_why != 0 ? (uint16_t)s->last_why : OTA_REASON_NOT_INSTALLED);
    default:
        break;
    }
    if (n->phase == OTA_TRIAL || n->attempts >= ATTEMPTS_MAX || s->phase != SLOT_IDLE) {
        return fail(n, OTA_REASON_NOT_INSTALLED);
    }
    n->phase = OTA_DOWNLOADING; /* all of it is there: verified and requested once more */
    n->offset = n->size_bytes;
    return true;
}

bool ota_outcome(const struct ota_boot *boot, struct ota_notes *n)
{
    if (n->phase != OTA_REQUESTED && n->phase != OTA_TRIAL) {
        return false;
    }
    if (boot->has_running &&
        memcmp(boot->running_digest, n->image_digest, sizeof n->image_digest) == 0) {
        return runs_new_image(boot, n);
    }
    return runs_old_image(boot, n);
}
