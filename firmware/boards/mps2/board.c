/* Console, LEDs, watchdog, resets and the jump of the MPS2 boards. */
#include "board.h"
#include "../common/handover.h"
#include "mps2.h"
#include "startup.h"

void board_start(void)
{
    MPS2_UART_BAUDDIV((uint32_t)MPS2_UART0) = MPS2_CLOCK_HZ / 115200u;
    MPS2_UART_CTRL((uint32_t)MPS2_UART0) = MPS2_UART_TX_EN;
    startup_tick_start();
}

void board_putc(char c)
{
    while (MPS2_UART_STATE((uint32_t)MPS2_UART0) & MPS2_UART_TXFULL) {
    }
    MPS2_UART_DATA((uint32_t)MPS2_UART0) = (uint8_t)c;
}

void board_leds(uint32_t mask)
{
    MPS2_LED = mask & 3u;
    MPS2_SCC_LED = mask >> 2 & 0xffu;
}

/* The first expiry raises the NMI, which resets with the cause; the second resets anyhow. */
void board_watchdog_arm(void)
{
    MPS2_WDOG_LOCK = MPS2_WDOG_KEY;
    MPS2_WDOG_LOAD = BOARD_WATCHDOG_MS * (MPS2_CLOCK_HZ / 1000u);
    MPS2_WDOG_INTCLR = 1;
    MPS2_WDOG_CONTROL = MPS2_WDOG_INTEN | MPS2_WDOG_RESEN;
    MPS2_WDOG_LOCK = 0;
}

void board_watchdog_feed(void)
{
    MPS2_WDOG_LOCK = MPS2_WDOG_KEY;
    MPS2_WDOG_INTCLR = 1; /* reloads the counter */
    MPS2_WDOG_LOCK = 0;
}

void board_watchdog_stop(void)
{
    MPS2_WDOG_LOCK = MPS2_WDOG_KEY;
    MPS2_WDOG_CONTROL = 0;
    MPS2_WDOG_INTCLR = 1;
    MPS2_WDOG_LOCK = 0;
}

_Noreturn void board_reset(enum boot_cause cause)
{
    handover_mark(cause);
    __asm__ volatile("dsb" ::: "memory");
    CORE_SCB_AIRCR = CORE_AIRCR_RESET;
    for (;;) {
        /* the reset comes a few instructions later */
    }
}

/*
 * Leave with nothing of ours in RAM and registers.  The handover block is not in this RAM.  The
 * vector table stays ours until the app sets its own: a fault in between is told and resets.
 */
__attribute__((naked, noreturn)) static void enter(uint32_t stack __attribute__((unused)),
                                                   uint32_t entry __attribute__((unused)))
{
    __asm__ volatile("ldr r2, =__ram_start\n"
                     "ldr r3, =__stack_top\n"
                     "movs r4, #0\n"
                     "1: stmia r2!, {r4}\n"
                     "cmp r2, r3\n"
                     "blo 1b\n"
                     "mov r5, r4\n"
                     "mov r6, r4\n"
                     "mov r7, r4\n"
                     "mov r8, r4\n"
                     "mov r9, r4\n"
                     "mov r10, r4\n"
                     "mov r11, r4\n"
                     "mov r12, r4\n"
                     "msr msp, r0\n"
                     "bx r1\n"
                     ".ltorg\n");
}

/* The console as a reset leaves it, once what was said is out. */
static void console_off(void)
{
    while (MPS2_UART_STATE((uint32_t)MPS2_UART0) & MPS2_UART_TXFULL) {
    }
    MPS2_UART_CTRL((uint32_t)MPS2_UART0) = 0;
    MPS2_UART_BAUDDIV((uint32_t)MPS2_UART0) = 0;
}

_Noreturn void board_jump(uint32_t flash_at)
{
    const uint32_t *vectors = (const uint32_t *)(uintptr_t)(BOARD_FLASH_BASE + flash_at);
    uint32_t stack = vectors[0], entry = vectors[1];

    startup_quiet();
    console_off();
    board_leds(0);
    if (stack % 8 != 0 || stack - 0x20000000u > 0x400000u || entry % 2 != 1 ||
        entry - BOARD_FLASH_BASE - flash_at >= BOARD_SLOT_BYTES)
        board_reset(BOOT_CAUSE_FAULT);
    enter(stack, entry);
}
