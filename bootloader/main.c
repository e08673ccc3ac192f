/*
 * The bootloader: start, decide, jump.  What it decides is boot_run's; here are the board, the
 * words on the console, and the two looks at the verdict before the jump.
 */
#include "../firmware/boards/roots.h"
#include "board.h"
#include "boot.h"

enum { BLINK_MS = 250 };

static void say_version(struct image_version v)
{
    board_put_dec(v.major);
    board_putc('.');
    board_put_dec(v.minor);
    board_putc('.');
    board_put_dec(v.revision);
}

static void say_step(void *arg, uint32_t step, uint32_t steps)
{
    (void)arg;
    board_leds(1u << step % 2);
    board_puts("otad boot: swap ");
    board_put_dec(step + 1);
    board_putc('/');
    board_put_dec(steps);
    board_putc('\n');
}

static void say_decision(void *arg, enum boot_action action, uint32_t why)
{
    static const char *const text[] = {
        [BOOT_FORMAT] = "new journal",
        [BOOT_RESUME] = "swap goes on",
        [BOOT_INSTALL] = "install",
        [BOOT_REFUSE] = "refused",
        [BOOT_REVERT] = "revert",
        [BOOT_REPAIR] = "repair from previous image",
        [BOOT_REPAIR_STAGED] = "repair from staged image",
        [BOOT_WAIT] = "nothing boots, waiting for recovery",
    };

    (void)arg;
    if ((uint32_t)action >= sizeof text / sizeof text[0] || text[action] == NULL)
        return;
    board_puts("otad boot: ");
    board_puts(text[action]);
    if (why != 0) {
        board_puts(": ");
        board_puts(image_verdict_name((enum image_verdict)why));
    }
    board_putc('\n');
}

static void say_start(const struct boot_record *r)
{
    board_puts("otad boot: boot ");
    say_version(r->version);
    if (r->on_trial != 0) {
        board_puts(" on trial, left ");
        board_put_dec(r->tries_left);
    }
    board_putc('\n');
}

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
    static const struct boot_hooks hooks = {.swap_step = say_step, .decided = say_decision};
    struct boot_record *record = board_boot_record();
    struct boot_record now;
    volatile uint32_t verdict;

    board_watchdog_stop();
    board_start();
    verdict =
        (uint32_t)boot_run(&board_map, boot_roots, board_reset_cause(), record, &hooks, &now);
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
