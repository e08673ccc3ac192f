/* Start-up, console, resets, and the jump into an image that was copied to RAM. */
#include "board.h"

#include "../common/handover.h"

#include "sf2.h"

enum { TICKS_PER_S = 100 };

extern uint32_t __vectors[], __stack_top[], __data_load[], __data_start[], __data_end[],
    __bss_start[], __bss_end[];

int main(void);
void reset_handler(void);
void fault_handler(void);
void tick_handler(void);
__attribute__((used)) void fault_reset(void);

typedef void (*vector)(void);

static volatile uint32_t ticks;

void fault_reset(void)
{
    board_reset(BOOT_CAUSE_FAULT);
}

/* The old stack pointer may be what caused the fault. */
__attribute__((naked)) void fault_handler(void)
{
    __asm__ volatile("ldr r0, =__stack_top\n"
                     "msr msp, r0\n"
                     "b fault_reset\n"
                     ".ltorg\n");
}

void tick_handler(void)
{
    ticks++;
}

#define FOUR(h) h, h, h, h

/* clang-format off */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    vector core[15];
} vectors = {
    __stack_top,
    {reset_handler, fault_handler, FOUR(fault_handler), FOUR(fault_handler), FOUR(fault_handler),
     tick_handler},
};
/* clang-format on */

void reset_handler(void)
{
    CORE_SCB_VTOR = (uint32_t)__vectors;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *from = __data_load, *to = __data_start; to < __data_end;)
        *to++ = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end;)
        *to++ = 0;
    (void)main();
    board_reset(BOOT_CAUSE_FAULT); /* a main that returns is broken */
}

void board_start(void)
{
    CORE_SYST_RVR = SF2_CLOCK_HZ / TICKS_PER_S - 1u;
    CORE_SYST_CVR = 0;
    CORE_SYST_CSR = 7; /* core clock, interrupt, enabled */
}

void board_putc(char c)
{
    while ((SF2_UART_LSR & SF2_UART_LSR_EMPTY) == 0) {
    }
    SF2_UART_THR = (uint8_t)c;
}

uint32_t board_ms(void)
{
    return ticks * (1000u / TICKS_PER_S);
}

void board_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

void board_leds(uint32_t mask)
{
    (void)mask;
}

void board_watchdog_arm(void)
{
}

void board_watchdog_feed(void)
{
}

void board_watchdog_stop(void)
{
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

/* Leave with nothing of ours in RAM; the handover block and the app lie elsewhere. */
__attribute__((naked, noreturn)) static void enter(uint32_t stack __attribute__((unused)),
                                                   uint32_t entry __attribute__((unused)))
{
    __asm__ volatile("ldr r2, =__ram_start\n"
                     "ldr r3, =__stack_top\n"
                     "movs r4, #0\n"
                     "1: stmia r2!, {r4}\n"
                     "cmp r2, r3\n"
                     "blo 1b\n"
                     "msr msp, r0\n"
                     "bx r1\n"
                     ".ltorg\n");
}

/*
 * What is copied may read differently from what was verified a moment ago: the copy is hashed
 * again, and only what the boot record says was measured is started.
 */
static bool load(uint32_t flash_at)
{
    struct image_source copy, a = slot_running(&board_map);
    uint8_t *to = (uint8_t *)(uintptr_t)(BOARD_APP_AT - BOARD_IMAGE_HEADER_BYTES);
    enum image_verdict why;
    struct image_info info;

    if (flash_at != BOARD_SLOT_A_AT + BOARD_IMAGE_HEADER_BYTES ||
        image_parse(&a, &info, &why) != OTA_OK ||
        info.total_bytes > BOARD_APP_BYTES_MAX + BOARD_IMAGE_HEADER_BYTES)
        return false;
    if (board_map.flash->read(board_map.flash, BOARD_SLOT_A_AT, to, info.total_bytes) != OTA_OK)
        return false;
    copy = image_source_memory(to, info.total_bytes);
    return image_parse(&copy, &info, &why) == OTA_OK &&
           image_contents(&copy, &info, NULL, NULL) == IMAGE_GOOD &&
           crypto_equal(info.digest, board_boot_record()->digest, CRYPTO_DIGEST_BYTES);
}

_Noreturn void board_jump(uint32_t flash_at)
{
    const uint32_t *vectors_of_app = (const uint32_t *)(uintptr_t)BOARD_APP_AT;

    if (!load(flash_at))
        board_reset(BOOT_CAUSE_FAULT);
    CORE_SYST_CSR = 0;
    CORE_SCB_ICSR = 1u << 25; /* forget a pending tick */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    if (vectors_of_app[0] % 8 != 0 || vectors_of_app[1] % 2 != 1 ||
        vectors_of_app[1] - BOARD_APP_AT >= BOARD_APP_BYTES_MAX)
        board_reset(BOOT_CAUSE_FAULT);
    enter(vectors_of_app[0], vectors_of_app[1]);
}
