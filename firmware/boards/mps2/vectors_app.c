/* Apps' vector table.  Interrupts are called through a table in RAM, so that no driver is known
 * here. */
#include "board.h"
#include "mps2.h"
#include "startup.h"

extern uint32_t __stack_top[];

static void (*irq_handler[MPS2_INTERRUPTS])(void);

static void interrupt_handler(void)
{
    uint32_t irq = (CORE_SCB_ICSR & 0x1ffu) - 16u;

    if (irq < MPS2_INTERRUPTS && irq_handler[irq] != 0)
        irq_handler[irq]();
}

#define FOUR(h)  h, h, h, h
#define EIGHT(h) FOUR(h), FOUR(h)

/* clang-format off */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    startup_vector core[15]; /* reset, NMI, twelve faults and calls that we never make, SysTick */
    startup_vector irq[MPS2_INTERRUPTS];
} vectors = {
    __stack_top,
    {reset_handler, nmi_handler, EIGHT(fault_handler), FOUR(fault_handler), tick_handler},
    {EIGHT(interrupt_handler), EIGHT(interrupt_handler),
     EIGHT(interrupt_handler), EIGHT(interrupt_handler)},
};
/* clang-format on */

void board_irq(uint32_t irq, void (*handler)(void))
{
    irq_handler[irq] = handler;
    CORE_NVIC_ICPR = 1u << irq;
    CORE_NVIC_ISER = 1u << irq;
}
