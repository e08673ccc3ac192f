#ifndef BOARD_H
#define BOARD_H

/* The reference board, QEMU's mps2-an386: Cortex-M4F at 25 MHz. */
#define BOARD_FLASH_BASE 0x21000000u
#define BOARD_LAN9118    0x40200000u

#include "../mps2/mps2_board.h"

#endif
