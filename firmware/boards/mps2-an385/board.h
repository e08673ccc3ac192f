#ifndef BOARD_H
#define BOARD_H

/* QEMU's mps2-an385: Cortex-M3 at 25 MHz. */
#define BOARD_FLASH_BASE 0x21000000u
#define BOARD_LAN9118    0x40200000u

#include "../mps2/mps2_board.h"

#endif
