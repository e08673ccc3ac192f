/* A faulty release for tests: an undefined instruction right after the start. */
#include "board.h"

int main(void)
{
    board_start();
    board_puts("\ncrashes: now\n");
    __builtin_trap();
}
