/* The other end of a connection: who it is, and a refused one's last moments. */
#include "otad/http/peer.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "otad/http/exchange.h"

enum { LINGER_MS = 2000 /* for a refused client to stop sending and read why */ };

void http_peer_address(const struct sockaddr *sa, char out[HTTP_PEER_BYTES])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    (void)snprintf(out, HTTP_PEER_BYTES, "unix");
    if (sa != NULL && sa->sa_family == AF_INET) {
        memcpy(&v4, sa, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, out, HTTP_PEER_BYTES);
    } else if (sa != NULL && sa->sa_family == AF_INET6) {
        memcpy(&v6, sa, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            (void)inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], out, HTTP_PEER_BYTES);
        else
            (void)inet_ntop(AF_INET6, &v6.sin6_addr, out, HTTP_PEER_BYTES);
    }
}

void http_peer_linger(int fd)
{
    int64_t until_ms = http_now_ms() + LINGER_MS;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char waste[16 * 1024];

    (void)shutdown(fd, SHUT_WR);
    while (http_now_ms() < until_ms && poll(&p, 1, LINGER_MS) > 0) {
        if (recv(fd, waste, sizeof waste, MSG_DONTWAIT) <= 0)
            return;
    }
}

void http_peer_cork(int fd, bool on)
{
    int value = on;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

/* What the other end has, and what the kernel still holds for it. */
bool http_peer_written(int fd, uint64_t *out)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    int queued = 0;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        ioctl(fd, SIOCOUTQ, &queued) != 0)
        return false;
    *out = info.tcpi_bytes_acked;
    *out += queued > 0 ? (unsigned)queued : 0U;
    return true;
}
