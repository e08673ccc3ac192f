/*
 * Whoever resets leaves the cause in RAM that survives.  No mark at all means power-on; a
 * consumed mark means that somebody else (the reset pin, a debugger) did it.
 */
#include "handover.h"

#include "board.h"

enum { HANDOVER_MAGIC = 0x4f544148 };

static struct {
    uint32_t magic;
    uint32_t cause;
    struct boot_record record;
} handover __attribute__((section(".handover"), used));

void handover_mark(enum boot_cause cause)
{
    handover.magic = HANDOVER_MAGIC;
    handover.cause = (uint32_t)cause;
}

enum boot_cause board_reset_cause(void)
{
    enum boot_cause cause = BOOT_CAUSE_POWER;

    if (handover.magic == HANDOVER_MAGIC && handover.cause >= BOOT_CAUSE_POWER &&
        handover.cause <= BOOT_CAUSE_OTHER)
        cause = (enum boot_cause)handover.cause;
    handover.magic = HANDOVER_MAGIC;
    handover.cause = BOOT_CAUSE_OTHER;
    return cause;
}

struct boot_record *board_boot_record(void)
{
    return &handover.record;
}
