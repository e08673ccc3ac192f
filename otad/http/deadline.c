/*
 * The list is under the lock; mode and deadline are atomics, because connections move them with
 * every request and should not wait for the scan.  A socket is shut down under the lock, and a
 * connection leaves the list before its descriptor is closed: never somebody else's.
 */
#include "otad/http/deadline.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "otad/http/exchange.h"

enum { SCAN_MS = 500, WINDOW_S = 30, WINDOW_MS = WINDOW_S * 1000 };

/* Bytes that went through the socket in both directions; false for Unix sockets. */
static bool moved(int fd, uint64_t *out)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return false;
    *out = info.tcpi_bytes_acked + info.tcpi_bytes_received;
    return true;
}

static bool too_slow(struct http_watch *w, int64_t bytes_per_s, int64_t now)
{
    uint64_t before = atomic_load(&w->moved_bytes), bytes = 0;

    if (!moved(w->fd, &bytes))
        return false;
    atomic_store(&w->moved_bytes, bytes);
    atomic_store(&w->deadline_ms, now + WINDOW_MS);
    return bytes - before < (uint64_t)bytes_per_s * WINDOW_S;
}

static bool by_rate(int mode)
{
    return mode == HTTP_WATCH_TRANSFER || mode == HTTP_WATCH_DRAINING;
}

static bool overdue(struct http_watch *w, const struct http_deadlines *d, int64_t now)
{
    int mode = atomic_load(&w->mode);
    bool idle = mode == HTTP_WATCH_IDLE || mode == HTTP_WATCH_DRAINING;

    if (d->cut_all || (d->cut_idle && idle))
        return true;
    if (mode == HTTP_WATCH_NONE || now < atomic_load(&w->deadline_ms))
        return false;
    return !by_rate(mode) || too_slow(w, d->bytes_per_s, now);
}

static void scan(struct http_deadlines *d)
{
    int64_t now = http_now_ms();

    for (struct http_watch *w = d->first; w != NULL; w = w->next) {
        if (!overdue(w, d, now))
            continue;
        atomic_store(&w->mode, HTTP_WATCH_NONE);
        atomic_fetch_add(&d->cut, 1);
        (void)shutdown(w->fd, SHUT_RDWR);
    }
}

static void *run(void *arg)
{
    struct http_deadlines *d = arg;
    struct timespec at;

    (void)pthread_mutex_lock(&d->lock);
    while (!d->stop) {
        scan(d);
        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_nsec += SCAN_MS * 1000000L;
        if (at.tv_nsec >= 1000000000L) {
            at.tv_nsec -= 1000000000L;
            at.tv_sec++;
        }
        (void)pthread_cond_timedwait(&d->wake, &d->lock, &at);
    }
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

ota_err http_deadlines_start(struct http_deadlines *d, int64_t bytes_per_s)
{
    pthread_condattr_t monotonic;

    *d = (struct http_deadlines){.bytes_per_s = bytes_per_s};
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&d->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&d->thread, NULL, run, d) == 0)
        return OTA_OK;
    (void)pthread_cond_destroy(&d->wake);
    (void)pthread_mutex_destroy(&d->lock);
    return OTA_E_NO_MEMORY;
}

void http_deadlines_stop(struct http_deadlines *d)
{
    (void)pthread_mutex_lock(&d->lock);
    d->stop = true;
    (void)pthread_cond_signal(&d->wake);
    (void)pthread_mutex_unlock(&d->lock);
    (void)pthread_join(d->thread, NULL);
    (void)pthread_cond_destroy(&d->wake);
    (void)pthread_mutex_destroy(&d->lock);
}

void http_watch_add(struct http_deadlines *d, struct http_watch *w, int fd, int64_t deadline_ms)
{
    *w = (struct http_watch){.fd = fd};
    atomic_store(&w->deadline_ms, deadline_ms);
    atomic_store(&w->mode, HTTP_WATCH_UNTIL);
    (void)pthread_mutex_lock(&d->lock);
    w->next = d->first;
    if (d->first != NULL)
        d->first->previous = w;
    d->first = w;
    (void)pthread_mutex_unlock(&d->lock);
}

void http_watch_remove(struct http_deadlines *d, struct http_watch *w)
{
    (void)pthread_mutex_lock(&d->lock);
    if (w->next != NULL)
        w->next->previous = w->previous;
    if (w->previous != NULL)
        w->previous->next = w->next;
    else
        d->first = w->next;
    (void)pthread_mutex_unlock(&d->lock);
}

void http_watch_set(struct http_watch *w, enum http_watch_mode mode, int64_t deadline_ms)
{
    uint64_t bytes = 0;

    atomic_store(&w->mode, HTTP_WATCH_NONE);
    if (by_rate((int)mode)) {
        (void)moved(w->fd, &bytes);
        atomic_store(&w->moved_bytes, bytes);
        deadline_ms = http_now_ms() + WINDOW_MS;
    }
    atomic_store(&w->deadline_ms, deadline_ms);
    atomic_store(&w->mode, (int)mode);
}

void http_deadlines_cut(struct http_deadlines *d, bool everything)
{
    (void)pthread_mutex_lock(&d->lock);
    d->cut_idle = true;
    d->cut_all = d->cut_all || everything;
    (void)pthread_cond_signal(&d->wake);
    (void)pthread_mutex_unlock(&d->lock);
}
