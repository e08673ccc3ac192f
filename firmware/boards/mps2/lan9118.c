/*
 * LAN9118: FIFOs for data and for status, no memory of ours shared with the controller. Waiting
 * for it is bounded: a controller that stops answering costs frames, not the loop.
 */
#include "lan9118.h"

#include "board.h"
#include "mps2.h"

#define REG(offset)  MPS2_REG(BOARD_LAN9118 + (offset))
#define RX_DATA      REG(0x00u)
#define TX_DATA      REG(0x20u)
#define RX_STATUS    REG(0x40u)
#define TX_STATUS    REG(0x48u)
#define IRQ_CFG      REG(0x54u)
#define INT_STS      REG(0x58u)
#define INT_EN       REG(0x5Cu)
#define BYTE_TEST    REG(0x64u)
#define FIFO_INT     REG(0x68u)
#define RX_CFG       REG(0x6Cu)
#define TX_CFG       REG(0x70u)
#define HW_CFG       REG(0x74u)
#define RX_FIFO_INF  REG(0x7Cu)
#define TX_FIFO_INF  REG(0x80u)
#define MAC_CSR_CMD  REG(0xA4u)
#define MAC_CSR_DATA REG(0xA8u)

#define BYTE_TEST_VALUE  0x87654321u
#define HW_CFG_RESET     (1u << 0)
#define HW_CFG_MUST      (1u << 20) /* "must be one" */
#define HW_CFG_TX_FIFO   (5u << 16) /* KiB for sending, the rest for receiving */
#define IRQ_CFG_ON       ((1u << 8) | (1u << 4) | (1u << 0)) /* enabled, active high, push-pull */
#define INT_RX_STATUS    (1u << 3)                           /* a frame's status waits */
#define TX_CFG_ON        (1u << 1)
#define TX_COMMAND_WHOLE ((1u << 13) | (1u << 12)) /* first and last segment */
#define RX_STATUS_ERROR  (1u << 15)
#define MAC_CSR_BUSY     (1u << 31)
#define MAC_CSR_READ     (1u << 30)
#define MAC_CONTROL_ON   ((1u << 3) | (1u << 2)) /* sending, receiving */

enum { MAC_CONTROL = 1, MAC_ADDRESS_HIGH = 2, MAC_ADDRESS_LOW = 3 };
enum { FCS_BYTES = 4, SPINS_MAX = 1000000 };

static volatile bool rx_event;

static void frame_arrived(void)
{
    INT_STS = INT_RX_STATUS;
    rx_event = true;
}

static void mac_wait(void)
{
    for (uint32_t i = 0; i < SPINS_MAX && (MAC_CSR_CMD & MAC_CSR_BUSY) != 0; i++) {
    }
}

static uint32_t mac_read(uint32_t reg)
{
    MAC_CSR_CMD = MAC_CSR_BUSY | MAC_CSR_READ | reg;
    mac_wait();
    return MAC_CSR_DATA;
}

static void mac_write(uint32_t reg, uint32_t value)
{
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = MAC_CSR_BUSY | reg;
    mac_wait();
}

bool lan9118_start(void)
{
    if (BYTE_TEST != BYTE_TEST_VALUE) {
        return false;
    }
    HW_CFG = HW_CFG_RESET;
    for (uint32_t i = 0; (HW_CFG & HW_CFG_RESET) != 0; i++) {
        if (i == SPINS_MAX) {
            return false;
        }
    }
    HW_CFG = HW_CFG_MUST | HW_CFG_TX_FIFO;
    RX_CFG = 0;
    TX_CFG = TX_CFG_ON;
    FIFO_INT = 0; /* interrupt at the first frame */
    INT_STS = UINT32_MAX;
    INT_EN = INT_RX_STATUS;
    IRQ_CFG = IRQ_CFG_ON; /* before the line is enabled: it idles at the other level */
    mac_write(MAC_CONTROL, MAC_CONTROL_ON);
    CORE_NVIC_ICPR = 1u << MPS2_LAN9118_IRQ;
    board_irq(MPS2_LAN9118_IRQ, frame_arrived);
    return true;
}

void lan9118_mac(uint8_t out[6])
{
    uint32_t low = mac_read(MAC_ADDRESS_LOW);
    uint32_t high = mac_read(MAC_ADDRESS_HIGH);

    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(low >> (8 * i));
    }
    out[4] = (uint8_t)high;
    out[5] = (uint8_t)(high >> 8);
}

bool lan9118_take_event(void)
{
    bool seen = rx_event;

    rx_event = false;
    return seen;
}

size_t lan9118_receive(uint32_t *frame, size_t cap)
{
    while (((RX_FIFO_INF >> 16) & 0xFFu) != 0) {
        uint32_t status = RX_STATUS;
        size_t len = (status >> 16) & 0x3FFFu;
        size_t words = (len + 3) / 4;
        bool keep =
            (status & RX_STATUS_ERROR) == 0 && len > FCS_BYTES && len - FCS_BYTES <= cap;

        for (size_t i = 0; i < words; i++) {
            uint32_t w = RX_DATA;

            if (keep && 4 * i < len - FCS_BYTES) {
                frame[i] = w;
            }
        }
        if (keep) {
            return len - FCS_BYTES;
        }
    }
    return 0;
}

bool lan9118_send(const uint32_t *frame, size_t len)
{
    size_t words = (len + 3) / 4;

    for (uint32_t i = 0; (TX_FIFO_INF & 0xFFFFu) < 4 * words + 8; i++) {
        if (i == SPINS_MAX) {
            return false;
        }
    }
    TX_DATA = TX_COMMAND_WHOLE | (uint32_t)len;
    TX_DATA = (uint32_t)len;
    for (size_t i = 0; i < words; i++) {
        TX_DATA = frame[i];
    }
    while (((TX_FIFO_INF >> 16) & 0xFFu) != 0) { /* keep the status FIFO empty */
        (void)TX_STATUS;
    }
    return true;
}
