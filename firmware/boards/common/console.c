/* Words and numbers on any board's console. */
#include "board.h"

void board_puts(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            board_putc('\r');
        board_putc(*s);
    }
}

void board_put_dec(uint32_t v)
{
    char text[11];
    char *p = text + sizeof text - 1;

    *p = '\0';
    do {
        *--p = (char)('0' + v % 10u);
        v /= 10u;
    } while (v != 0);
    board_puts(p);
}

void board_put_hex(uint32_t v)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        board_putc("0123456789abcdef"[v >> shift & 15u]);
}
