/*
 * Addresses and sockets.  A Unix socket left behind by a crash is recognised by nobody
 * answering on it, and replaced.
 */
#include "otad/http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "otad/log.h"

enum {
    BACKLOG = 1024,
    NOTSENT_BYTES = 128 * 1024,
    DEAD_PEER_MS = 120000, /* what is sent and never acknowledged: streams have no deadline */
    FIRST_INHERITED_FD = 3,
    FILES_PER_CONNECTION = 2, /* its socket, and what wakes its lane */
    SPARE_FILES = 200         /* beside connections: artifacts, database, store */
};

static int inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

    if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != (long)getpid() ||
        strtol(fds, NULL, 10) < 1)
        return -1;
    (void)fcntl(FIRST_INHERITED_FD, F_SETFD, FD_CLOEXEC);
    return FIRST_INHERITED_FD;
}

static void tune(int fd)
{
    int one = 1, notsent = NOTSENT_BYTES, dead_ms = DEAD_PEER_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent, sizeof notsent);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof dead_ms);
}

static bool somebody_answers(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;

    if (fd >= 0)
        (void)close(fd);
    return yes;
}

static ota_err listen_unix(const char *path, int *out_fd, const char **out_why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof at.sun_path) {
        *out_why = "the path is too long for a Unix socket";
        return OTA_E_FORMAT;
    }
    memcpy(at.sun_path, path, strlen(path));
    if (somebody_answers(&at)) {
        *out_why = strerror(EADDRINUSE);
        return OTA_E_IO;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)unlink(path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
        *out_why = strerror(errno);
        if (fd >= 0)
            (void)close(fd);
        return OTA_E_IO;
    }
    *out_fd = fd;
    return OTA_OK;
}

static int open_one(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
    int one = 1, zero = 0, saved;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (ai->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    tune(fd);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

/* "host:port", "[v6]:port", "*:port" */
static ota_err split(const char *address, char host[256], char port[8], const char **out_why)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);

    *out_why = "not of the form host:port";
    if (colon == NULL || len == 0 || len >= 256 || strlen(colon + 1) >= 8 || colon[1] == '\0')
        return OTA_E_FORMAT;
    if (*address == '[') {
        if (len < 3 || address[len - 1] != ']')
            return OTA_E_FORMAT;
        address++;
        len -= 2;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    (void)snprintf(port, 8, "%s", colon + 1);
    return OTA_OK;
}

static ota_err listen_tcp(const char *address, int *out_fd, const char **out_why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *all, *ai;
    char host[256], port[8];
    int fd = -1, bad;
    ota_err e = split(address, host, port, out_why);

    if (e != OTA_OK)
        return e;
    if (strcmp(host, "*") == 0)
        hints.ai_family = AF_INET6; /* takes IPv4 too */
    bad = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &all);
    if (bad != 0) {
        *out_why = gai_strerror(bad);
        return OTA_E_FORMAT;
    }
    for (ai = all; ai != NULL && fd < 0; ai = ai->ai_next)
        fd = open_one(ai);
    *out_why = strerror(errno);
    freeaddrinfo(all);
    if (fd < 0)
        return OTA_E_IO;
    *out_fd = fd;
    return OTA_OK;
}

ota_err http_listen(const char *address, int *out_fd, const char **out_why)
{
    int fd = inherited();

    if (fd >= 0) {
        tune(fd);
        *out_fd = fd;
        return OTA_OK;
    }
    return *address == '/' ? listen_unix(address, out_fd, out_why)
                           : listen_tcp(address, out_fd, out_why);
}

int http_listen_port(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return 0;
    if (at.ss_family == AF_INET) {
        memcpy(&v4, &at, sizeof v4);
        return ntohs(v4.sin_port);
    }
    if (at.ss_family == AF_INET6) {
        memcpy(&v6, &at, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    return 0;
}

void http_listen_cleanup(const char *address)
{
    if (*address == '/' && inherited() < 0)
        (void)unlink(address);
}

int64_t http_connection_limit(int64_t wanted)
{
    struct rlimit files;
    rlim_t need = (rlim_t)FILES_PER_CONNECTION * (rlim_t)wanted + SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return wanted;
    if (files.rlim_cur < need) {
        files.rlim_cur = files.rlim_max < need ? files.rlim_max : need;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= need)
        return wanted;
    log_warn("connection-limit-reduced", LOG_INT("wanted", wanted),
             LOG_INT("open_files", files.rlim_cur));
    return files.rlim_cur > (rlim_t)2 * SPARE_FILES
               ? (int64_t)(files.rlim_cur - SPARE_FILES) / FILES_PER_CONNECTION
               : SPARE_FILES / FILES_PER_CONNECTION;
}
