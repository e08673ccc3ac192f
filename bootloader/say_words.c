/* The bootloader in words. */
#include "say.h"

#include <stddef.h>

#include "board.h"

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
        [BOOT_WAIT] = "nothing boots, again in a minute",
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

void say_start(const struct boot_record *r)
{
    board_puts("otad boot: boot ");
    say_version(r->version);
    if (r->on_trial != 0) {
        board_puts(" on trial, left ");
        board_put_dec(r->tries_left);
    }
    board_putc('\n');
}

const struct boot_hooks boot_says = {.swap_step = say_step, .decided = say_decision};
