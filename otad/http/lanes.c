/*
 * One accepting thread, and lanes that are used again.  A lane is free, or has the connection
 * that the accepting thread gave it until its loop says that it is over.  A loop that lost a
 * connection without a word (out of memory) is found when lanes run short.
 */
#include "otad/http/lanes.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "otad/log.h"

enum {
    ADDRESS_BYTES = 16,
    BUCKETS = 4096, /* of addresses; a power of two                              */
    PAUSE_MS = 50,  /* when the process has no file or thread left for a client  */
    SETTLE_S = 5    /* a loop that is empty this long after it was given a client lost it */
};

/* Connections of one address. */
struct peer {
    struct peer *next;
    uint8_t address[ADDRESS_BYTES];
    int64_t count;
};

struct lane {
    struct lanes *lanes;
    void *loop;
    struct lane *next;      /* of all lanes */
    struct lane *next_free; /* while free   */
    struct peer *peer;      /* while busy; NULL for a Unix socket */
    int64_t since_s;        /* while busy: when it was given its connection */
    bool busy, arrived;
};

struct lanes {
    struct lane_ops ops;
    pthread_mutex_t lock; /* of all below and of the lanes */
    pthread_t thread;
    int listen_fd, wake_fd;
    int64_t limit, limit_per_address;
    int64_t count, busy;
    struct lane *all, *free;
    struct peer *bucket[BUCKETS];
};

static int64_t now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* ---- addresses ---- */

/* The address as 16 bytes, IPv4 mapped; false for a Unix socket. */
static bool address_of(const struct sockaddr_storage *from, uint8_t out[ADDRESS_BYTES])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (from->ss_family == AF_INET6) {
        memcpy(&v6, from, sizeof v6);
        memcpy(out, v6.sin6_addr.s6_addr, ADDRESS_BYTES);
        return true;
    }
    if (from->ss_family != AF_INET)
        return false;
    memcpy(&v4, from, sizeof v4);
    memset(out, 0, ADDRESS_BYTES);
    out[10] = out[11] = 0xff;
    memcpy(out + 12, &v4.sin_addr, 4);
    return true;
}

/* FNV-1a.  Clients choose their address hardly, and a long chain costs time only. */
static struct peer **bucket_of(struct lanes *l, const uint8_t address[ADDRESS_BYTES])
{
    uint32_t h = UINT32_C(2166136261);

    for (int i = 0; i < ADDRESS_BYTES; i++)
        h = (h ^ address[i]) * UINT32_C(16777619);
    return &l->bucket[(h ^ h >> 16) & (BUCKETS - 1)];
}

/* Count one more connection of an address; NULL if it has too many, or memory is short. */
static struct peer *peer_enter(struct lanes *l, const uint8_t address[ADDRESS_BYTES])
{
    struct peer **bucket = bucket_of(l, address), *p = *bucket;

    while (p != NULL && memcmp(p->address, address, ADDRESS_BYTES) != 0)
        p = p->next;
    if (p == NULL) {
        p = calloc(1, sizeof *p);
        if (p == NULL)
            return NULL;
        memcpy(p->address, address, ADDRESS_BYTES);
        p->next = *bucket;
        *bucket = p;
    }
    if (l->limit_per_address > 0 && p->count >= l->limit_per_address)
        return NULL;
    p->count++;
    return p;
}

static void peer_leave(struct lanes *l, struct peer *p)
{
    struct peer **at = bucket_of(l, p->address);

    if (--p->count > 0)
        return;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    free(p);
}

/* ---- lanes ---- */

static void release_locked(struct lane *lane)
{
    struct lanes *l = lane->lanes;

    if (!lane->busy)
        return;
    lane->busy = false;
    if (lane->peer != NULL)
        peer_leave(l, lane->peer);
    lane->peer = NULL;
    lane->next_free = l->free;
    l->free = lane;
    l->busy--;
}

void lane_release(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lanes->lock);
    release_locked(lane);
    (void)pthread_mutex_unlock(&lane->lanes->lock);
}

void lane_arrived(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lanes->lock);
    lane->arrived = true;
    (void)pthread_mutex_unlock(&lane->lanes->lock);
}

void *lane_arg(const struct lane *lane)
{
    return lane->lanes->ops.arg;
}

/* Free the lanes whose loop lost its connection before it arrived. */
static void find_lost(struct lanes *l)
{
    int64_t before_s = now_s() - SETTLE_S;

    for (struct lane *lane = l->all; lane != NULL; lane = lane->next) {
        if (lane->busy && !lane->arrived && lane->since_s < before_s &&
            l->ops.is_empty(lane->loop))
            release_locked(lane);
    }
}

static struct lane *lane_new(struct lanes *l)
{
    struct lane *lane = calloc(1, sizeof *lane);

    if (lane == NULL)
        return NULL;
    lane->lanes = l;
    lane->loop = l->ops.start(l->ops.arg, lane);
    if (lane->loop == NULL) {
        free(lane);
        return NULL;
    }
    lane->next = l->all;
    l->all = lane;
    l->count++;
    return lane;
}

/* A lane for a connection of peer, busy from now on; NULL if there is none. */
static struct lane *lane_take(struct lanes *l, struct peer *peer)
{
    struct lane *lane;

    if (l->free == NULL && l->count >= l->limit)
        find_lost(l);
    lane = l->free;
    if (lane != NULL)
        l->free = lane->next_free;
    else if (l->count < l->limit)
        lane = lane_new(l);
    if (lane == NULL)
        return NULL;
    lane->busy = true;
    lane->arrived = false;
    lane->peer = peer;
    lane->since_s = now_s();
    l->busy++;
    return lane;
}

/* Who may come, and where to; NULL = nowhere. */
static struct lane *admit(struct lanes *l, const struct sockaddr_storage *from)
{
    uint8_t address[ADDRESS_BYTES];
    struct peer *peer = NULL;
    struct lane *lane = NULL;
    bool known = address_of(from, address);

    (void)pthread_mutex_lock(&l->lock);
    if (known)
        peer = peer_enter(l, address);
    if (peer != NULL || !known)
        lane = lane_take(l, peer);
    if (lane == NULL && peer != NULL)
        peer_leave(l, peer);
    (void)pthread_mutex_unlock(&l->lock);
    return lane;
}

/* ---- accepting ---- */

static void pause_briefly(void)
{
    const struct timespec moment = {.tv_nsec = PAUSE_MS * 1000000L};

    (void)nanosleep(&moment, NULL);
}

static void accept_one(struct lanes *l)
{
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    socklen_t from_bytes = sizeof from;
    int fd = accept(l->listen_fd, (struct sockaddr *)&from, &from_bytes);
    struct lane *lane;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warn("accept-failed", LOG_STR("why", strerror(errno)));
            pause_briefly();
        }
        return;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* the loop makes it non-blocking */
    lane = admit(l, &from);
    if (lane == NULL)
        (void)close(fd);
    else if (!l->ops.add(lane->loop, fd, (struct sockaddr *)&from, from_bytes))
        lane_release(lane);
}

static void *accept_all(void *arg)
{
    struct lanes *l = arg;
    struct pollfd fds[] = {{.fd = l->listen_fd, .events = POLLIN},
                           {.fd = l->wake_fd, .events = POLLIN}};

    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            pause_briefly();
        else if (fds[1].revents != 0)
            return NULL;
        else if (fds[0].revents != 0)
            accept_one(l);
    }
}

ota_err lanes_start(int listen_fd, int64_t limit, int64_t limit_per_address,
                    const struct lane_ops *ops, struct lanes **out)
{
    struct lanes *l = calloc(1, sizeof *l);
    ota_err e = OTA_E_IO;

    if (l == NULL)
        return OTA_E_NO_MEMORY;
    l->ops = *ops;
    l->listen_fd = listen_fd;
    l->limit = limit;
    l->limit_per_address = limit_per_address;
    (void)pthread_mutex_init(&l->lock, NULL);
    l->wake_fd = eventfd(0, EFD_CLOEXEC);
    /* A client that leaves between poll and accept must not hold up the next one. */
    (void)fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK);
    if (l->wake_fd >= 0 && pthread_create(&l->thread, NULL, accept_all, l) == 0) {
        *out = l;
        return OTA_OK;
    }
    if (l->wake_fd >= 0) {
        (void)close(l->wake_fd);
        e = OTA_E_NO_MEMORY;
    }
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
    return e;
}

int64_t lanes_busy(struct lanes *l)
{
    int64_t n;

    (void)pthread_mutex_lock(&l->lock);
    n = l->busy;
    (void)pthread_mutex_unlock(&l->lock);
    return n;
}

void lanes_quiesce(struct lanes *l)
{
    const uint64_t one = 1;

    if (write(l->wake_fd, &one, sizeof one) != (ssize_t)sizeof one)
        log_error("stop-failed", LOG_STR("why", strerror(errno)));
    (void)pthread_join(l->thread, NULL);
    (void)close(l->listen_fd);
}

void lanes_stop(struct lanes *l)
{
    while (l->all != NULL) {
        struct lane *lane = l->all;

        l->all = lane->next;
        l->ops.stop(lane->loop);
        if (lane->peer != NULL)
            peer_leave(l, lane->peer);
        free(lane);
    }
    (void)close(l->wake_fd);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}
