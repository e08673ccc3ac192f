#ifndef BOARD_H
#define BOARD_H

/* QEMU's mps2-an500: Cortex-M7 at 25 MHz. */
#define BOARD_FLASH_BASE 0x60000000u
#define BOARD_LAN9118    0xA0000000u

#include "../mps2/mps2_board.h"

#endif
