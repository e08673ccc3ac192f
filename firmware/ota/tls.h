#ifndef OTA_TLS_H
#define OTA_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "transport.h"

/*
 * TLS 1.2 for the agent (SPEC 6.5): ECDHE-ECDSA-AES128-GCM-SHA256 on P-256, records of at most
 * 4 KiB, one pinned authority, host name and dates checked, sessions resumed by ticket.  The
 * same file serves device and host, over whatever carries bytes.  One client per program: its
 * heap and contexts are static.
 */

/* Carries bytes; reads and writes never wait. */
struct tls_link {
    void *port;

    /* Waits for the connection.  Errors: OTA_E_IO, OTA_E_BUSY (deadline passed). */
    ota_err (*open)(void *port, const char *host, uint16_t tcp_port, uint64_t deadline_ms);

    /* Between 1 and len bytes.  Errors: OTA_E_BUSY (none now), OTA_E_IO. */
    ota_err (*write)(void *port, const void *data, size_t len, size_t *out_len);

    /* Between 1 and cap bytes, 0 at the end.  Errors: OTA_E_BUSY (none now), OTA_E_IO. */
    ota_err (*read)(void *port, void *buf, size_t cap, size_t *out_len);

    /* Sleep until something may go on, but not past the deadline. */
    void (*wait)(void *port, bool for_write, uint64_t deadline_ms);

    /* Harmless when not open. */
    void (*close)(void *port);
};

struct tls_ports {
    const struct tls_link *link;
    const struct ota_clock *clock;
    void *port;
    uint32_t (*unix_s)(void *port); /* for certificate dates                                 */
    /* Fill out from a true source of randomness; false if there is none. */
    bool (*entropy)(void *port, uint8_t *out, size_t len);
    /* Why a server was refused, in a few words. */
    void (*refused)(void *port, const char *why);
};

/* Seed the generator, fill in the transport.  ports must outlive it; calling again is harmless.
 * Errors: OTA_E_IO (no entropy), OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err tls_init(const struct tls_ports *ports, struct ota_transport *out);

/* From the seeded generator, for other uses than keys (jitter, port numbers). */
uint32_t tls_random(void);

/* Most bytes of heap that were in use at once. */
size_t tls_heap_peak(void);

#endif
