#ifndef OTAD_HTTP_PEER_H
#define OTAD_HTTP_PEER_H

#include <netinet/in.h>
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

#endif
