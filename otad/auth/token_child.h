#ifndef OTAD_AUTH_TOKEN_CHILD_H
#define OTAD_AUTH_TOKEN_CHILD_H

#include <sys/types.h>

#include "token_wire.h"

/* One process that holds one key of a token (token_worker.h), as otad sees it. */
struct token_child {
    pid_t pid; /* 0 = none */
    int fd;
    int64_t ended_ms; /* told to end then, by the monotonic clock; 0 = not yet */
};

/* Start one, which begins to open its key.  Errors: OTA_E_IO, OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err token_child_start(const struct token_setup *setup,
                                         struct token_child *out, struct why *why);

/*
 * Wait for what it has to say, at most this long.  stop_fd: give up at once when that becomes
 * readable; -1 = none.  Errors: its own; OTA_E_IO (it fell, or said nothing in time: it is of
 * no more use).
 */
OTA_MUST_CHECK ota_err token_child_hear(const struct token_child *c, int timeout_ms,
                                        int stop_fd, struct token_answer *out);

/* Send a request of at most TOKEN_MESSAGE_BYTES_MAX bytes and wait.  Errors: OTA_E_LIMIT (too
 * long: nothing was sent), and as above. */
OTA_MUST_CHECK ota_err token_child_ask(const struct token_child *c, enum token_op op,
                                       const void *message, size_t len, int timeout_ms,
                                       struct token_answer *out);

/* Tell it to end: it logs out, and is killed when that takes too long.  It is gone when
 * token_child_gone, which never waits, says so. */
void token_child_end(struct token_child *c);
bool token_child_gone(struct token_child *c);

int64_t token_child_now_ms(void); /* the monotonic clock */

#endif
