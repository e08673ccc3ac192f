#ifndef OTAD_HTTP_DEADLINE_H
#define OTAD_HTTP_DEADLINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * Total deadlines, which libmicrohttpd lacks: a thread looks at all connections twice a second
 * and shuts down the sockets of those that are overdue or too slow.  The connection's own
 * thread then wakes up and cleans up in its ordinary way.
 */
enum http_watch_mode {
    HTTP_WATCH_NONE,     /* for ever                                                         */
    HTTP_WATCH_UNTIL,    /* until deadline_ms                                                */
    HTTP_WATCH_IDLE,     /* the same, and cut at once when the server stops                  */
    HTTP_WATCH_TRANSFER, /* while bytes_per_s is kept, judged every 30 seconds               */
    HTTP_WATCH_DRAINING  /* the same, and cut at once when the server stops: the answer is in
                            the kernel's hands, which go on sending it after that            */
};

struct http_watch {
    struct http_watch *next, *previous;
    int fd;
    _Atomic int mode;
    _Atomic int64_t deadline_ms;  /* of HTTP_WATCH_TRANSFER: end of the window */
    _Atomic uint64_t moved_bytes; /* at the start of the window               */
};

struct http_deadlines {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct http_watch *first;
    int64_t bytes_per_s;
    bool stop, cut_idle, cut_all;
    _Atomic uint64_t cut;
};

/* Errors: OTA_E_NO_MEMORY (no thread). */
OTA_MUST_CHECK ota_err http_deadlines_start(struct http_deadlines *d, int64_t bytes_per_s);
void http_deadlines_stop(struct http_deadlines *d);

void http_watch_add(struct http_deadlines *d, struct http_watch *w, int fd,
                    int64_t deadline_ms);
/* Before its descriptor is closed. */
void http_watch_remove(struct http_deadlines *d, struct http_watch *w);
void http_watch_set(struct http_watch *w, enum http_watch_mode mode, int64_t deadline_ms);

/* From now on idle connections are cut; all of them if everything is true. */
void http_deadlines_cut(struct http_deadlines *d, bool everything);

#endif
