/*
 * A process of this very program, told by a socket; what does not end with it is killed, since
 * whoever hangs in a module listens to nothing else.
 */
#include "token_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ; /* modules are configured by it */

enum { LEAVE_MS = 2000 };

int64_t token_child_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* With its end of the socket and standard error; all else is closed on exec, or by it. */
static int spawn(int fd, pid_t *out)
{
    char *const argv[] = {(char[]){"otad"}, (char[]){TOKEN_WORKER_ARGUMENT}, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int rc = posix_spawn_file_actions_init(&files);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return rc;
    }
    (void)sigemptyset(&none);
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE); /* ignored by otad */
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &usual);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&files, fd, TOKEN_WORKER_FD);
    if (rc == 0)
        rc = posix_spawn(out, "/proc/self/exe", &files, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Never TOKEN_WORKER_FD itself: a copy onto the same number would still close on exec. */
static bool sockets(int out[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) != 0)
        return false;
    const int moved = fcntl(out[1], F_DUPFD_CLOEXEC, TOKEN_WORKER_FD + 1);
    (void)close(out[1]);
    out[1] = moved;
    if (moved < 0)
        (void)close(out[0]);
    return moved >= 0;
}

ota_err token_child_start(const struct token_setup *setup, struct token_child *out,
                          struct why *why)
{
    int pair[2];
    if (!sockets(pair))
        return why_fail(why, OTA_E_NO_MEMORY, "no process for the token: %s", strerror(errno));
    const int rc = spawn(pair[1], &out->pid);
    (void)close(pair[1]);
    if (rc != 0) {
        (void)close(pair[0]);
        *out = (struct token_child){0};
        return why_fail(why, OTA_E_NO_MEMORY, "no process for the token: %s", strerror(rc));
    }
    out->fd = pair[0];
    if (send(out->fd, setup, sizeof *setup, MSG_NOSIGNAL) == (ssize_t)sizeof *setup)
        return OTA_OK;
    token_child_end(out);
    return why_fail(why, OTA_E_IO, "the process for the token does not start");
}

ota_err token_child_hear(const struct token_child *c, int timeout_ms, int stop_fd,
                         struct token_answer *out)
{
    struct pollfd poll_fd[] = {{.fd = c->fd, .events = POLLIN},
                               {.fd = stop_fd, .events = POLLIN}};
    const int64_t until = token_child_now_ms() + timeout_ms;
    int n;
    *out = (struct token_answer){0};
    do {
        const int64_t left = until - token_child_now_ms();
        n = poll(poll_fd, 2, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    if ((poll_fd[1].revents & POLLIN) != 0)
        return why_fail(&out->why, OTA_E_IO, "otad stops");
    if (n == 0)
        return why_fail(&out->why, OTA_E_IO, "the token does not answer within %d ms",
                        timeout_ms);
    if (recv(c->fd, out, sizeof *out, MSG_DONTWAIT) != (ssize_t)sizeof *out) {
        *out = (struct token_answer){0};
        return why_fail(&out->why, OTA_E_IO, "the token's module fell");
    }
    return out->err;
}

ota_err token_child_ask(const struct token_child *c, enum token_op op, const void *message,
                        size_t len, int timeout_ms, struct token_answer *out)
{
    struct token_request rq = {.op = op, .len = (uint32_t)len};
    *out = (struct token_answer){0};
    if (len > sizeof rq.message)
        return why_fail(&out->why, OTA_E_LIMIT, "a token is asked to sign too much");
    if (len > 0)
        memcpy(rq.message, message, len);
    const size_t size = offsetof(struct token_request, message) + len;
    if (send(c->fd, &rq, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
        return why_fail(&out->why, OTA_E_IO, "the token's module fell");
    return token_child_hear(c, timeout_ms, -1, out);
}

void token_child_end(struct token_child *c)
{
    if (c->pid == 0 || c->ended_ms != 0)
        return;
    (void)close(c->fd);
    c->fd = -1;
    c->ended_ms = token_child_now_ms();
}

bool token_child_gone(struct token_child *c)
{
    if (c->pid != 0 && waitpid(c->pid, NULL, WNOHANG) == 0) {
        if (c->ended_ms != 0 && token_child_now_ms() - c->ended_ms > LEAVE_MS)
            (void)kill(c->pid, SIGKILL);
        return false;
    }
    *c = (struct token_child){0};
    return true;
}
