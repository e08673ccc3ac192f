#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#include "../../slot/boot_record.h"
#include "../../slot/slot.h"
#include "map.h"

/*
 * Emcraft's SmartFusion2 module as QEMU has it: Cortex-M3, boot ROM at 0, 64 KiB of RAM, and
 * all of our flash behind a serial bus, from which nothing can be executed: the bootloader
 * copies the image to RAM (BOARD_APP_AT) and starts it there.  The emulator has neither network
 * driver of ours nor watchdog; a hung trial ends with the next reset.
 */
enum {
    BOARD_SLOT_A_AT = EMCRAFT_SLOT_A_AT,
    BOARD_IMAGE_HEADER_BYTES = 0x200,
    BOARD_RAM_AT = 0x20000000,
    BOARD_APP_AT = 0x20002200,    /* behind the bootloader's RAM; aligned for a vector table  */
    BOARD_APP_BYTES_MAX = 0x9e00, /* app.ld                                                   */
};

extern const struct slot_map board_map;

/* As the calls of the same names in ../mps2/mps2_board.h. */
void board_start(void);
void board_putc(char c);
void board_puts(const char *s);
void board_put_dec(uint32_t v);
void board_put_hex(uint32_t v);
uint32_t board_ms(void);
void board_wait(void);
void board_leds(uint32_t mask); /* there are none */
void board_watchdog_arm(void);
void board_watchdog_feed(void);
void board_watchdog_stop(void);
_Noreturn void board_reset(enum boot_cause cause);
enum boot_cause board_reset_cause(void);
struct boot_record *board_boot_record(void);
_Noreturn void board_jump(uint32_t flash_at);

#endif
