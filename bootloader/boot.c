/*
 * What to do next, from what is known: a pure function without flash, tested exhaustively
 * (tests/unit/test_boot.c).
 *
 * It asks for a verdict only when it matters, since each costs a hash over an image.  A slot
 * that is no candidate, for whatever reason, never keeps another one from booting.
 */
#include "boot.h"

/* A does not boot, and no swap is under way. */
static enum boot_action rescue(const struct boot_facts *f)
{
    if (f->previous == 0)
        return BOOT_LOOK_PREVIOUS;
    if (f->previous == IMAGE_GOOD)
        return BOOT_REPAIR;
    if (f->staged == 0)
        return BOOT_LOOK_STAGED;
    return f->staged == IMAGE_GOOD ? BOOT_REPAIR_STAGED : BOOT_WAIT;
}

static enum boot_action idle(const struct boot_facts *f)
{
    if (f->a == 0)
        return BOOT_LOOK_A;
    return f->a == IMAGE_GOOD ? BOOT_START : rescue(f);
}

static enum boot_action requested(const struct boot_facts *f)
{
    if (f->staged == 0)
        return BOOT_LOOK_STAGED;
    if (f->staged != IMAGE_GOOD)
        return BOOT_REFUSE;
    if (f->a == 0)
        return BOOT_LOOK_A;
    return f->a == IMAGE_GOOD && f->staged_is_older ? BOOT_REFUSE : BOOT_INSTALL;
}

/* With nothing to go back to, an authentic image may go on trying: it may yet confirm itself.
 */
static enum boot_action trial(const struct boot_facts *f)
{
    if (f->a == 0)
        return BOOT_LOOK_A;
    if (f->a == IMAGE_GOOD && f->tries_left > 0)
        return BOOT_TRY;
    if (f->previous == 0)
        return BOOT_LOOK_PREVIOUS;
    if (f->previous == IMAGE_GOOD)
        return BOOT_REVERT;
    return f->a == IMAGE_GOOD ? BOOT_TRY : rescue(f);
}

/* Not inlined: the loop around it would be copied for each of its answers. */
__attribute__((noinline)) enum boot_action boot_next(const struct boot_facts *f)
{
    if (f->journal_dead) {
        if (f->a == 0)
            return BOOT_LOOK_A;
        return f->a == IMAGE_GOOD ? BOOT_START : BOOT_WAIT;
    }
    if (!f->has_journal)
        return f->a == 0 ? BOOT_LOOK_A : BOOT_FORMAT;
    switch (f->phase) {
    case SLOT_REQUESTED:
        return requested(f);
    case SLOT_TRIAL:
        return trial(f);
    case SLOT_SWAPPING:
        return BOOT_RESUME;
    case SLOT_IDLE:
        break;
    }
    return idle(f);
}
