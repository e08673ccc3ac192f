#ifndef HOST_SOCKETS_H
#define HOST_SOCKETS_H

#include "../../ota/clock.h"
#include "../../ota/tls.h"

/* TCP for host programs, as TLS wants it, and the clocks that go with it. */
struct host_socket {
    int fd; /* -1: not open */
};

struct tls_link host_link(struct host_socket *s);

/* CLOCK_MONOTONIC. */
struct ota_clock host_clock(void);
/* CLOCK_REALTIME, as tls_ports.unix_s. */
uint32_t host_unix_s(void *port);
/* The kernel's generator, as tls_ports.entropy. */
bool host_entropy(void *port, uint8_t *out, size_t len);

#endif
