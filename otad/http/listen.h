#ifndef OTAD_HTTP_LISTEN_H
#define OTAD_HTTP_LISTEN_H

#include <stdint.h>

#include "firmware/image/err.h"

/*
 * A listening socket of our own: bounded unsent data per connection (a stalled download would
 * otherwise hold 2 MiB of kernel memory), TCP_NODELAY.  Accepted sockets inherit both.
 * address as in the configuration; a socket handed over by systemd (LISTEN_FDS) goes before it.
 * Errors: OTA_E_FORMAT (not an address), OTA_E_IO (in use, no rights); *out_why is constant
 * text or strerror's.
 */
OTA_MUST_CHECK ota_err http_listen(const char *address, int *out_fd, const char **out_why);

/* Its port, 0 for a Unix socket. */
int http_listen_port(int fd);

/* Remove a Unix socket's path; nothing for others. */
void http_listen_cleanup(const char *address);

/* wanted, or as many connections as the process may have files for; raises its soft limit. */
int64_t http_connection_limit(int64_t wanted);

#endif
