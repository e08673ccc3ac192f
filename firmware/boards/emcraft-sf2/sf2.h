#ifndef SF2_H
#define SF2_H

#include <stdint.h>

/* Registers of Microsemi's SmartFusion2 and of its Cortex-M3, as far as used. */
#define SF2_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SF2_CLOCK_HZ 142000000u

#define SF2_UART_THR       SF2_REG(0x40000000u)
#define SF2_UART_LSR       SF2_REG(0x40000014u)
#define SF2_UART_LSR_EMPTY (1u << 5)

#define SF2_SPI_CONTROL       SF2_REG(0x40001000u)
#define SF2_SPI_DFSIZE        SF2_REG(0x40001004u)
#define SF2_SPI_STATUS        SF2_REG(0x40001008u)
#define SF2_SPI_RX            SF2_REG(0x40001010u)
#define SF2_SPI_TX            SF2_REG(0x40001014u)
#define SF2_SPI_SS            SF2_REG(0x4000101Cu)
#define SF2_SPI_ENABLE        (1u << 0)
#define SF2_SPI_MASTER        (1u << 1)
#define SF2_SPI_FRAMES_SHIFT  8
#define SF2_SPI_KEEP_SELECTED (1u << 26)
#define SF2_SPI_BIG_FIFO      (1u << 29)
#define SF2_SPI_RX_EMPTY      (1u << 6)

#define CORE_SYST_CSR    SF2_REG(0xE000E010u)
#define CORE_SYST_RVR    SF2_REG(0xE000E014u)
#define CORE_SYST_CVR    SF2_REG(0xE000E018u)
#define CORE_SCB_ICSR    SF2_REG(0xE000ED04u)
#define CORE_SCB_VTOR    SF2_REG(0xE000ED08u)
#define CORE_SCB_AIRCR   SF2_REG(0xE000ED0Cu)
#define CORE_AIRCR_RESET 0x05FA0004u

#endif
