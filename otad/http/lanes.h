#ifndef OTAD_HTTP_LANES_H
#define OTAD_HTTP_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "firmware/image/err.h"

/*
 * Accepts connections and gives each a lane: a thread that serves one connection after another.
 * Lanes are made when the crowd needs them and live until the end, because GnuTLS 3.7 keeps the
 * random generator of each thread for ever: a new thread per connection would cost 224 bytes
 * per connection, never given back.
 *
 * What a lane is made of is the caller's: an HTTP library's loop with a thread of its own.
 */
struct lanes;
struct lane;

struct lane_ops {
    void *arg;
    /* A loop for this lane, NULL if none can be had.  Called on the accepting thread. */
    void *(*start)(void *arg, struct lane *lane);
    /* Hand a connection over; fd is the loop's from now on, also in case of false. */
    bool (*add)(void *loop, int fd, const struct sockaddr *address, socklen_t address_bytes);
    bool (*is_empty)(void *loop); /* no connection left */
    void (*stop)(void *loop);
};

/*
 * Accept on listen_fd, which becomes the lanes'.  limit: connections at once;
 * limit_per_address: of one IP address, 0 = no limit.  Above a limit a connection is accepted
 * and closed. Errors: OTA_E_NO_MEMORY, OTA_E_IO; listen_fd is then still the caller's.
 */
OTA_MUST_CHECK ota_err lanes_start(int listen_fd, int64_t limit, int64_t limit_per_address,
                                   const struct lane_ops *ops, struct lanes **out);

/* The lane's connection is over; from the lane's thread.  Harmless if it is free already. */
void lane_release(struct lane *lane);
/* The lane's connection arrived at its loop. */
void lane_arrived(struct lane *lane);
/* The arg of the lanes' ops. */
void *lane_arg(const struct lane *lane);

/* Lanes with a connection. */
int64_t lanes_busy(struct lanes *l);

/* Close the listening socket: new connections are refused from now on.  Once. */
void lanes_quiesce(struct lanes *l);
/* End all loops and free everything; after lanes_quiesce. */
void lanes_stop(struct lanes *l);

#endif
