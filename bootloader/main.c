/*
 * The bootloader: start, decide, jump.  What it decides is boot_run's; here are the board and
 * the two looks at the verdict before the jump.
 */
#include "../firmware/boards/roots.h"
#include "board.h"
#include "boot.h"
#include "say.h"

enum { BLINK_MS = 250 };

_Noreturn static void wait_for_recovery(void)
{
    board_watchdog_stop();
    for (uint32_t on = 0;; on ^= 3u) {
        uint32_t since = board_ms();

        board_leds(on);
        while (board_ms() - since < BLINK_MS)
            board_wait();
    }
}

/* Where the code of the image starts: behind its header. */
static uint32_t entry_at(void)
{
    return BOARD_SLOT_A_AT + BOARD_IMAGE_HEADER_BYTES;
}

int main(void)
{
    struct boot_record *record = board_boot_record();
    struct boot_record now;
    volatile uint32_t verdict;

    board_watchdog_stop();
    board_start();
    verdict = (uint32_t)boot_run(&board_map, boot_roots, board_reset_cause(), record,
                                 &boot_says, &now);
    *record = now;
    if (verdict != IMAGE_GOOD)
        wait_for_recovery();
    say_start(&now);
    if (now.on_trial != 0)
        board_watchdog_arm();
    if (verdict != IMAGE_GOOD) /* a second look: one skipped instruction is not enough */
        wait_for_recovery();
    board_jump(entry_at());
}
