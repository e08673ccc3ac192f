#ifndef OTAD_HTTP_PEER_H
#define OTAD_HTTP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The other end of a connection. */
enum { HTTP_PEER_BYTES = INET6_ADDRSTRLEN };

/* Its address as text, without a port; "unix" for what has none.  sa may be NULL. */
void http_peer_address(const struct sockaddr *sa, char out[HTTP_PEER_BYTES]);

/*
 * Closing a socket with unread bytes resets it, and the client that is still sending never sees
 * why it was refused.  So what it sends is thrown away for a moment, until it has read the
 * answer and closes.  The deadlines may end this earlier.
 */
void http_peer_linger(int fd);

/*
 * While a file is being sent, only full packets: records of TLS do not end where packets do.
 * Turning it off sends the rest at once.
 */
void http_peer_cork(int fd, bool on);

/*
 * Bytes that were ever written to this TCP connection, TLS and headers included.  What went
 * into it between two calls is the difference.  False for a Unix socket, which cannot tell.
 */
bool http_peer_written(int fd, uint64_t *out);

#endif
