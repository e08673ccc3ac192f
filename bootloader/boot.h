#ifndef BOOT_H
#define BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "../firmware/slot/boot_record.h"
#include "../firmware/slot/slot.h"

/*
 * The boot decision, as a pure function (boot_next) and as the loop that carries it out over a
 * device's flash (boot_run).  The bootloader and the host device call the same boot_run; only
 * what follows it, the jump, differs.
 */

/* What the next thing to do is. */
enum boot_action {
    BOOT_LOOK_A = 1,        /* verify the image in A                                          */
    BOOT_LOOK_PREVIOUS = 2, /* in B                                                           */
    BOOT_LOOK_STAGED = 3,   /* in B, one up                                                   */
    BOOT_FORMAT = 4,        /* there is no journal: make one around A                         */
    BOOT_RESUME = 5,        /* finish the swap that was begun                                 */
    BOOT_INSTALL = 6,       /* swap the staged image in, on trial                             */
    BOOT_REFUSE = 7,        /* drop the request                                               */
    BOOT_REVERT = 8,        /* bring the previous image back                                  */
    BOOT_REPAIR = 9,        /* A is no candidate: copy the previous image                     */
    BOOT_REPAIR_STAGED = 10, /* neither is the previous: copy the staged one, on trial */
    BOOT_TRY = 11,   /* count a trial boot, start A under the watchdog                 */
    BOOT_START = 12, /* start A                                                        */
    BOOT_WAIT = 13   /* nothing boots, now                                             */
};

/* What is known so far.  Verdicts are enum image_verdict, 0 = not looked at yet. */
struct boot_facts {
    bool has_journal;
    bool journal_dead; /* it cannot be written: change nothing */
    enum slot_phase phase;
    uint8_t tries_left;
    bool staged_is_older; /* than the image in A; valid once both are good */
    uint32_t a, previous, staged;
};

enum boot_action boot_next(const struct boot_facts *f);

/* What the surroundings want to know, or do, while flash is worked on.  Members may be NULL. */
struct boot_hooks {
    void *arg;
    /* Operation step of steps of a swap is about to be executed. */
    void (*swap_step)(void *arg, uint32_t step, uint32_t steps);
    /* A decision was taken; why is an enum image_verdict or 0. */
    void (*decided)(void *arg, enum boot_action action, uint32_t why);
};

/*
 * Decide and act until an image may start.  cause: why the machine was reset; previous: what
 * lies where the last boot left its record, for the boot count, or NULL.
 *
 * Returns IMAGE_GOOD when the image in A may be started, and seals *out; the caller checks it
 * twice and arms the watchdog if out->on_trial.  Anything else: nothing boots.  Never fails
 * otherwise: flash errors are refusals.  Bounded: at most BOOT_ACTIONS_MAX actions.
 */
enum { BOOT_ACTIONS_MAX = 24 };
enum image_verdict boot_run(const struct slot_map *m,
                            const struct manifest_root roots[MANIFEST_ROOTS],
                            enum boot_cause cause, const struct boot_record *previous,
                            const struct boot_hooks *hooks, struct boot_record *out);

#endif
