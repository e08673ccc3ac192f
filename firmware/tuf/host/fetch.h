#ifndef TUF_FETCH_H
#define TUF_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "../../image/err.h"

/* HTTP, HTTPS and files by libcurl, bounded in length, time and slowness. */
struct fetch;

/*
 * patience_s: who sends less than 100 bytes a second for so long does not send.
 * Errors: OTA_E_NOT_FOUND (no libcurl), OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err fetch_open(unsigned patience_s, struct fetch **out);
void fetch_close(struct fetch *f); /* NULL is fine */

/* Takes what comes; anything but OTA_OK ends the transfer. */
struct fetch_sink {
    void *arg;
    ota_err (*put)(void *arg, const uint8_t *bytes, size_t len);
};

/*
 * Errors: OTA_E_NOT_FOUND (403, 404 or no such file), OTA_E_LIMIT (more than max bytes; sink
 * has had max of them at most), OTA_E_IO (everything else), and what the sink said.
 */
OTA_MUST_CHECK ota_err fetch_get(struct fetch *f, const char *url, size_t max,
                                 const struct fetch_sink *sink);

#endif
