/*
 * Reset path and fault handling, the same for bootloader and apps; their vector tables are in
 * vectors_boot.c and vectors_app.c.  A fault or a watchdog's warning takes a fresh stack,
 * leaves its cause in the handover block and resets.
 */
#include "startup.h"
#include "board.h"
#include "mps2.h"

extern uint32_t __vectors[], __stack_top[], __data_load[], __data_start[], __data_end[],
    __bss_start[], __bss_end[];

int main(void);
__attribute__((used)) void fault_reset(void);
__attribute__((used)) void nmi_reset(void);

static volatile uint32_t ticks;

void fault_reset(void)
{
    board_reset(BOOT_CAUSE_FAULT);
}

void nmi_reset(void)
{
    board_reset(BOOT_CAUSE_WATCHDOG);
}

/* The old stack pointer may be what caused the fault. */
__attribute__((naked)) void fault_handler(void)
{
    __asm__ volatile("ldr r0, =__stack_top\n"
                     "msr msp, r0\n"
                     "b fault_reset\n"
                     ".ltorg\n");
}

__attribute__((naked)) void nmi_handler(void)
{
    __asm__ volatile("ldr r0, =__stack_top\n"
                     "msr msp, r0\n"
                     "b nmi_reset\n"
                     ".ltorg\n");
}

void tick_handler(void)
{
    ticks++;
}

void reset_handler(void)
{
    CORE_SCB_VTOR = (uint32_t)__vectors;
    CORE_SCB_CPACR |= 0xFu << 20; /* FPU on */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *from = __data_load, *to = __data_start; to < __data_end;)
        *to++ = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end;)
        *to++ = 0;
    (void)main();
    board_reset(BOOT_CAUSE_FAULT); /* a main that returns is broken */
}

void startup_tick_start(void)
{
    CORE_SYST_RVR = MPS2_CLOCK_HZ / STARTUP_TICKS_PER_S - 1u;
    CORE_SYST_CVR = 0;
    CORE_SYST_CSR = 7; /* core clock, interrupt, enabled */
}

void startup_quiet(void)
{
    CORE_SYST_CSR = 0;
    CORE_NVIC_ICER = UINT32_MAX;
    CORE_NVIC_ICPR = UINT32_MAX;
    CORE_SCB_ICSR = 1u << 25; /* forget a pending tick */
    CORE_SCB_CPACR = 0;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

uint32_t board_ms(void)
{
    return ticks * (1000u / STARTUP_TICKS_PER_S);
}

void board_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}
