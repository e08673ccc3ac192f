#ifndef MPS2_BOARD_H
#define MPS2_BOARD_H

#include <stdint.h>

#include "../../slot/boot_record.h"
#include "../../slot/slot.h"
#include "map.h"

/*
 * What the boards of QEMU's MPS2 family share, with the constants of their own board.h: 4 MiB
 * code RAM at 0 (holds the bootloader, written anew at each reset), 4 MiB data RAM, and 16 MiB
 * of RAM that the emulator keeps in a host file.  The driver treats that file as NOR flash.
 */

/* The map above as the slot code wants it; its flash driver enforces NOR rules. */
extern const struct slot_map board_map;

/* Console (UART0, 115200 8N1) and millisecond clock (SysTick at 100 Hz; wraps after 49 days).
 * board_start is the first call of a main; it leaves the watchdog as it is. */
void board_start(void);
void board_putc(char c);
void board_puts(const char *s); /* "\n" goes out as CR LF */
void board_put_dec(uint32_t v);
void board_put_hex(uint32_t v);
uint32_t board_ms(void);

/* Sleep until the next interrupt (the tick comes every 10 ms). */
void board_wait(void);

/* Ten LEDs: bits 0 and 1 the user LEDs, 2 to 9 the LEDs of the SCC. */
void board_leds(uint32_t mask);

/* Call handler from interrupt irq (0 to 31) and enable it; level sources must be quiet before.
 */
void board_irq(uint32_t irq, void (*handler)(void));

/*
 * Watchdog.  The bootloader arms it for an image on trial: unless fed within this time the
 * board resets, cause BOOT_CAUSE_WATCHDOG.  Feeding does nothing while it is not armed.
 */
enum { BOARD_WATCHDOG_MS = 20000 };
void board_watchdog_arm(void);
void board_watchdog_feed(void);
void board_watchdog_stop(void);

/* Reset the machine; the next boot sees this cause. */
_Noreturn void board_reset(enum boot_cause cause);

/* Why the machine was reset; reading takes the mark away, so that it is reported once. */
enum boot_cause board_reset_cause(void);

/* RAM that no start-up code clears, at one address for bootloader and apps (SPEC 4.6). */
struct boot_record *board_boot_record(void);

/* Leave the bootloader for the image whose vector table starts at this flash offset. */
_Noreturn void board_jump(uint32_t flash_at);

#endif
