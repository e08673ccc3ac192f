#ifndef EMULATOR_H
#define EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the emulator gives a board that has neither clock nor generator of its own. */

/* Unix time of the host, by semihosting.  As tls_ports.unix_s. */
uint32_t emulator_unix_s(void *port);

/* The host's random bytes, which QEMU feeds into UART1.  As tls_ports.entropy; false if none
 * come for two seconds. */
bool emulator_entropy(void *port, uint8_t *out, size_t len);

#endif
