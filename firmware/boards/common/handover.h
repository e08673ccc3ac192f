#ifndef COMMON_HANDOVER_H
#define COMMON_HANDOVER_H

#include "../../slot/boot_record.h"

/*
 * RAM that no start-up clears, at the start of the linker script's region HANDOVER, for boards
 * without a register that tells why they were reset.  handover.c also implements
 * board_reset_cause and board_boot_record.
 */

/* Before a reset: why.  The next boot reports it once. */
void handover_mark(enum boot_cause cause);

#endif
