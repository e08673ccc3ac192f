/*
 * The bootloader in numbers, a line each: "s" and the operation of a swap that begins; "d", the
 * decision (enum boot_action) and why (enum image_verdict); "b", the tries left and the version
 * of the image that starts.
 */
#include "say.h"

#include "board.h"

static void say(char what, uint32_t a, uint32_t b)
{
    board_putc(what);
    board_putc(' ');
    board_put_dec(a);
    board_putc(' ');
    board_put_dec(b);
    board_putc('\n');
}

static void say_step(void *arg, uint32_t step, uint32_t steps)
{
    (void)arg;
    board_leds(1u << step % 2);
    say('s', step + 1, steps);
}

static void say_decision(void *arg, enum boot_action action, uint32_t why)
{
    (void)arg;
    say('d', (uint32_t)action, why);
}

void say_start(const struct boot_record *r)
{
    say('b', r->tries_left,
        (uint32_t)r->version.major << 24 | (uint32_t)r->version.minor << 16 |
            r->version.revision);
}

const struct boot_hooks boot_says = {.swap_step = say_step, .decided = say_decision};
