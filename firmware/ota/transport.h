#ifndef OTA_TRANSPORT_H
#define OTA_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"

/* Where the server is and what its certificate must prove. */
struct ota_endpoint {
    const char *host; /* address or DNS name to connect to                                  */
    uint16_t port;
    const char *name;  /* host name the certificate must carry (SNI, Host header)            */
    const uint8_t *ca; /* the only trusted authority: one certificate, DER                   */
    size_t ca_bytes;
};

/*
 * One authenticated byte stream to the server at a time.  Calls wait, but never past their
 * deadline (on the agent's clock); while they wait they let the board go on with its other
 * work. After any error the stream is unusable until close and connect.
 */
struct ota_transport {
    void *port;

    /* Errors: OTA_E_IO (unreachable), OTA_E_BUSY (deadline passed), OTA_E_SIGNATURE
     * (certificate refused: authority, name or date), OTA_E_FORMAT (protocol), OTA_E_NO_MEMORY.
     */
    ota_err (*connect)(void *port, const struct ota_endpoint *to, uint64_t deadline_ms);

    /* All of data, or an error: OTA_E_IO, OTA_E_BUSY. */
    ota_err (*send)(void *port, const void *data, size_t len, uint64_t deadline_ms);

    /* Between 1 and cap bytes; *out_len = 0 when the server has closed in order.
     * Errors: OTA_E_IO, OTA_E_BUSY, OTA_E_FORMAT. */
    ota_err (*recv)(void *port, void *buf, size_t cap, size_t *out_len, uint64_t deadline_ms);

    /* Harmless when not connected. */
    void (*close)(void *port);
};

#endif
