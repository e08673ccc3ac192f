/* The bootloader's vector table: the tick is the only interrupt it takes. */
#include <stdint.h>

#include "startup.h"

extern uint32_t __stack_top[];

#define FOUR(h) h, h, h, h

/* clang-format off */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    startup_vector core[15]; /* reset, NMI, twelve faults and calls that we never make, SysTick */
} vectors = {
    __stack_top,
    {reset_handler, nmi_handler, FOUR(fault_handler), FOUR(fault_handler), FOUR(fault_handler),
     tick_handler},
};
/* clang-format on */
