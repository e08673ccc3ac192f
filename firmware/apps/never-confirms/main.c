/* A faulty release for tests: runs, blinks, and never proves itself; the watchdog ends each
 * try. */
#include "board.h"

enum { BLINK_MS = 1000 };

int main(void)
{
    board_start();
    board_puts("\nnever-confirms: running, and nothing else\n");
    for (uint32_t on = 0;; on ^= 2u) {
        uint32_t since = board_ms();

        board_leds(on);
        while (board_ms() - since < BLINK_MS) {
            board_wait();
        }
    }
}
