#ifndef MPS2_H
#define MPS2_H

#include <stdint.h>

/* Registers of Arm's MPS2 FPGA images and of their cores, as far as used. */
#define MPS2_CLOCK_HZ 25000000u

#define MPS2_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* CMSDK UARTs; UART1 carries entropy from the host in the emulator. */
enum { MPS2_UART0 = 0x40004000, MPS2_UART1 = 0x40005000 };
#define MPS2_UART_DATA(base)    MPS2_REG((base) + 0x00u)
#define MPS2_UART_STATE(base)   MPS2_REG((base) + 0x04u)
#define MPS2_UART_CTRL(base)    MPS2_REG((base) + 0x08u)
#define MPS2_UART_BAUDDIV(base) MPS2_REG((base) + 0x10u)
#define MPS2_UART_TXFULL        (1u << 0)
#define MPS2_UART_RXFULL        (1u << 1)
#define MPS2_UART_TX_EN         (1u << 0)
#define MPS2_UART_RX_EN         (1u << 1)

/* CMSDK watchdog: the first expiry raises the NMI, the second resets. */
#define MPS2_WDOG_LOAD    MPS2_REG(0x40008000u)
#define MPS2_WDOG_CONTROL MPS2_REG(0x40008008u)
#define MPS2_WDOG_INTCLR  MPS2_REG(0x4000800Cu)
#define MPS2_WDOG_LOCK    MPS2_REG(0x40008C00u)
#define MPS2_WDOG_KEY     0x1ACCE551u
#define MPS2_WDOG_INTEN   (1u << 0)
#define MPS2_WDOG_RESEN   (1u << 1)

#define MPS2_LED     MPS2_REG(0x40028000u) /* two user LEDs: bits 0 and 1 */
#define MPS2_SCC_LED MPS2_REG(0x4002F004u) /* eight LEDs: bits 0 to 7     */
#define MPS2_COUNTER MPS2_REG(0x40028018u) /* free running, 25 MHz        */

#define MPS2_LAN9118_IRQ 13u
#define MPS2_INTERRUPTS  32u

/* Cortex-M system control space. */
#define CORE_SYST_CSR    MPS2_REG(0xE000E010u)
#define CORE_SYST_RVR    MPS2_REG(0xE000E014u)
#define CORE_SYST_CVR    MPS2_REG(0xE000E018u)
#define CORE_NVIC_ISER   MPS2_REG(0xE000E100u)
#define CORE_NVIC_ICER   MPS2_REG(0xE000E180u)
#define CORE_NVIC_ICPR   MPS2_REG(0xE000E280u)
#define CORE_SCB_ICSR    MPS2_REG(0xE000ED04u)
#define CORE_SCB_VTOR    MPS2_REG(0xE000ED08u)
#define CORE_SCB_AIRCR   MPS2_REG(0xE000ED0Cu)
#define CORE_SCB_CPACR   MPS2_REG(0xE000ED88u)
#define CORE_AIRCR_RESET 0x05FA0004u

#endif
