/* Host services of QEMU: semihosting for the time, UART1 for entropy. */
#include "emulator.h"

#include "board.h"
#include "mps2.h"

enum { SYS_TIME = 0x11, BAUD_DIVIDER = 16, ENTROPY_WAIT_MS = 2000 };

uint32_t emulator_unix_s(void *port)
{
    register uint32_t r0 __asm__("r0") = SYS_TIME;
    register uint32_t r1 __asm__("r1") = 0;

    (void)port;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void start(void)
{
    static bool started;

    if (!started) {
        started = true;
        MPS2_UART_BAUDDIV(MPS2_UART1) = BAUD_DIVIDER;
        MPS2_UART_CTRL(MPS2_UART1) = MPS2_UART_RX_EN;
        (void)MPS2_UART_DATA(MPS2_UART1); /* makes QEMU look at the pipe now, not in a second */
    }
}

bool emulator_entropy(void *port, uint8_t *out, size_t len)
{
    uint32_t begin = board_ms();

    (void)port;
    start();
    for (size_t i = 0; i < len;) {
        if ((MPS2_UART_STATE(MPS2_UART1) & MPS2_UART_RXFULL) != 0) {
            out[i++] = (uint8_t)MPS2_UART_DATA(MPS2_UART1);
        } else if (board_ms() - begin > ENTROPY_WAIT_MS) {
            return false;
        }
    }
    return true;
}
