/*
 * The bootloader: start, decide, jump.  What it decides is boot_run's; here are the board and
 * what a single fault (a skipped instruction, a flipped bit) has to get past: two opinions by
 * different code, and an address to jump to that is wrong unless both are IMAGE_GOOD.
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

/*
 * The second opinion, not by boot_run: its record is whole, and what lies in A states the
 * digest that was measured and judged.  IMAGE_GOOD or another verdict.  Not inlined, to leave
 * the stack to the verification.
 */
__attribute__((noinline)) static uint32_t second_opinion(const struct boot_record *r,
                                                         uint32_t *out_header_bytes)
{
    struct image_source a = slot_running(&board_map);
    enum image_verdict why = IMAGE_UNREADABLE;
    struct image_info info;

    if (!boot_record_valid(r) || image_parse(&a, &info, &why) != OTA_OK)
        return IMAGE_UNREADABLE;
    *out_header_bytes = info.header_bytes;
    return crypto_equal(info.digest, r->digest, sizeof r->digest) ? (uint32_t)why
                                                                  : IMAGE_BAD_DIGEST;
}

int main(void)
{
    struct boot_record *record = board_boot_record();
    volatile uint32_t verdict, again;
    uint32_t header_bytes = 0;
    struct boot_record now;

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
    again = second_opinion(record, &header_bytes);
    if (again != IMAGE_GOOD || verdict != again)
        wait_for_recovery();
    board_jump(BOARD_SLOT_A_AT + header_bytes + (verdict ^ IMAGE_GOOD) + (again ^ IMAGE_GOOD));
}
