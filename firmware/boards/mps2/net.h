#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stdint.h>

#include "../../ota/clock.h"
#include "../../ota/tls.h"

/*
 * TCP/IP on the board (lwIP, DHCP), driven from the app's loop, as the byte link TLS wants.
 * One connection at a time.
 */
enum { NET_ADDRESS_MAX = 16 }; /* dotted, with the NUL */

/*
 * Start the controller and DHCP.  idle(arg) is called at least every 20 ms of every wait, so
 * that LEDs blink and the watchdog is fed.  Call after tls_init: addresses and ports are drawn
 * from its generator.  False: no controller.
 */
bool net_start(void (*idle)(void *arg), void *arg);

/* Handle frames and timers, sleep until something happens, but not past the deadline. */
void net_wait(uint64_t deadline_ms);

/* The address in use, "0.0.0.0" before there is one. */
void net_address(char out[NET_ADDRESS_MAX]);

struct tls_link net_link(void);

/* board_ms without its wrap. */
struct ota_clock net_clock(void);

#endif
