/* Non-blocking TCP; waiting is poll(2) with the caller's deadline. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../ota/text.h"

static uint64_t now_ms(void *port)
{
    struct timespec t;

    (void)port;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct ota_clock host_clock(void)
{
    return (struct ota_clock){.now_ms = now_ms};
}

uint32_t host_unix_s(void *port)
{
    struct timespec t;

    (void)port;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint32_t)t.tv_sec;
}

bool host_entropy(void *port, uint8_t *out, size_t len)
{
    (void)port;
    return getrandom(out, len, 0) == (ssize_t)len;
}

static void link_wait(void *port, bool for_write, uint64_t deadline_ms)
{
    const struct host_socket *s = port;
    struct pollfd p = {.fd = s->fd, .events = for_write ? POLLOUT : POLLIN};
    uint64_t now = now_ms(NULL);
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;

    (void)poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
}

static bool would_wait(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static ota_err connect_one(struct host_socket *s, const struct addrinfo *a,
                           uint64_t deadline_ms)
{
    int on = 1;
    int failure = 0;
    socklen_t len = sizeof failure;

    s->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (s->fd < 0) {
        return OTA_E_IO;
    }
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0) {
        return OTA_OK;
    }
    if (errno != EINPROGRESS) {
        return OTA_E_IO;
    }
    link_wait(s, true, deadline_ms);
    if (now_ms(NULL) >= deadline_ms) {
        return OTA_E_BUSY;
    }
    return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && failure == 0
               ? OTA_OK
               : OTA_E_IO;
}

static void link_close(void *port)
{
    struct host_socket *s = port;

    if (s->fd >= 0) {
        close(s->fd);
    }
    s->fd = -1;
}

static ota_err link_open(void *port, const char *host, uint16_t tcp_port, uint64_t deadline_ms)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct host_socket *s = port;
    struct addrinfo *list = NULL;
    ota_err e = OTA_E_IO;
    char service[8];
    struct text t = text_over(service, sizeof service);

    text_u32(&t, tcp_port);
    if (getaddrinfo(host, service, &hints, &list) != 0) {
        return OTA_E_IO;
    }
    for (const struct addrinfo *a = list; a != NULL && e == OTA_E_IO; a = a->ai_next) {
        e = connect_one(s, a, deadline_ms);
        if (e) {
            link_close(s);
        }
    }
    freeaddrinfo(list);
    return e;
}

static ota_err link_write(void *port, const void *data, size_t len, size_t *out_len)
{
    const struct host_socket *s = port;
    ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);

    if (n < 0) {
        return would_wait() ? OTA_E_BUSY : OTA_E_IO;
    }
    *out_len = (size_t)n;
    return OTA_OK;
}

static ota_err link_read(void *port, void *buf, size_t cap, size_t *out_len)
{
    const struct host_socket *s = port;
    ssize_t n = recv(s->fd, buf, cap, 0);

    if (n < 0) {
        return would_wait() ? OTA_E_BUSY : OTA_E_IO;
    }
    *out_len = (size_t)n;
    return OTA_OK;
}

struct tls_link host_link(struct host_socket *s)
{
    s->fd = -1;
    return (struct tls_link){.port = s,
                             .open = link_open,
                             .write = link_write,
                             .read = link_read,
                             .wait = link_wait,
                             .close = link_close};
}
