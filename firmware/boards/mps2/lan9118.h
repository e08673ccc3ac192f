#ifndef LAN9118_H
#define LAN9118_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SMSC's LAN9118 Ethernet controller on a 32-bit bus; receiving is by interrupt. */
enum { LAN9118_FRAME_MAX = 1514 }; /* without the frame check sequence */

/* False if there is no such controller. */
bool lan9118_start(void);

void lan9118_mac(uint8_t out[6]);

/* The next received frame, without its check sequence; 0 if none waits.  cap is at least
 * LAN9118_FRAME_MAX; frames that are longer or damaged are dropped. */
size_t lan9118_receive(uint32_t *frame, size_t cap);

/* Send one frame; it must be readable up to the next word boundary.  False if the controller
 * does not take it. */
bool lan9118_send(const uint32_t *frame, size_t len);

/* True once after frames arrived; call with interrupts masked, before sleeping. */
bool lan9118_take_event(void);

#endif
