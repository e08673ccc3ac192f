/*
 * Reset path, vector table and fault handling, the same for bootloader and apps.  Interrupts
 * are called through a table in RAM (board_irq), so that no driver is known here.  A fault or a
 * watchdog's warning takes a fresh stack, leaves its cause in the handover block and resets.
 */
#include "startup.h"
#include "board.h"
#include "mps2.h"

extern uint32_t __stack_top[], __data_load[], __data_start[], __data_end[], __bss_start[],
    __bss_end[];

int main(void);
void reset_handler(void);
void fault_handler(void);
void nmi_handler(void);
__attribute__((used)) void fault_reset(void);
__attribute__((used)) void nmi_reset(void);

static void (*irq_handler[MPS2_INTERRUPTS])(void);
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

static void tick_handler(void)
{
    ticks++;
}

static void interrupt_handler(void)
{
    uint32_t irq = (CORE_SCB_ICSR & 0x1ffu) - 16u;

    if (irq < MPS2_INTERRUPTS && irq_handler[irq] != 0)
        irq_handler[irq]();
}

typedef void (*vector)(void);

#define FOUR(h)  h, h, h, h
#define EIGHT(h) FOUR(h), FOUR(h)

/* clang-format off */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    vector core[15]; /* reset, NMI, twelve faults and calls that we never make, SysTick */
    vector irq[MPS2_INTERRUPTS];
} vectors = {
    __stack_top,
    {reset_handler, nmi_handler, EIGHT(fault_handler), FOUR(fault_handler), tick_handler},
    {EIGHT(interrupt_handler), EIGHT(interrupt_handler),
     EIGHT(interrupt_handler), EIGHT(interrupt_handler)},
};
/* clang-format on */

void reset_handler(void)
{
    CORE_SCB_VTOR = (uint32_t)&vectors;
    CORE_SCB_CPACR |= 0xFu << 20; /* FPU on */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *from = __data_load, *to = __data_start; to < __data_end;)
        *to++ = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end;)
        *to++ = 0;
    (void)main();
    board_reset(BOOT_CAUSE_FAULT); /* a main that returns is broken */
}

void board_irq(uint32_t irq, void (*handler)(void))
{
    irq_handler[irq] = handler;
    CORE_NVIC_ICPR = 1u << irq;
    CORE_NVIC_ISER = 1u << irq;
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
