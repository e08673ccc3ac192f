/*
 * Open the key, tell its public half, then answer requests one by one.
 *
 * Invariant: after an error the process ends, so that no state of a module outlives it; a PIN
 * is tried once, and never when that could lock the token.
 */
#include "token_worker.h"

#include <signal.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/token.h"

enum { STATUS_USAGE = 2 };

static ota_err pin_answer(void *ctx, const struct pin_question *q, struct secret *out,
                          struct why *why)
{
    const struct token_setup *setup = ctx;
    const bool in_uri = q->source[0] != '\0';
    const char *path = in_uri ? q->source : setup->pin_file;
    bool exposed = false;
    if (q->on_reader)
        return why_fail(why, OTA_E_DENIED, "the PIN of the token '%s' is typed on its reader",
                        q->label);
    if (q->last_try) {
        why_hint(why, "log in once with the token's own tools, then reload otad");
        return why_fail(why, OTA_E_DENIED, "one more wrong PIN would lock the token '%s'",
                        q->label);
    }
    if (*path == '\0') {
        why_hint(why, "pin-source=file:/PATH in the URI, token_pin_file, or the systemd "
                      "credential otad.pin");
        return why_fail(why, OTA_E_NOT_FOUND, "there is no PIN for the token '%s'", q->label);
    }
    ota_err err = secret_line_read(path, out, &exposed, why);
    if (err == OTA_OK && exposed && (in_uri || !setup->pin_is_credential)) {
        secret_free(out);
        why_hint(why, "chmod 600 %s", path);
        err = why_fail(why, OTA_E_FORMAT, "%s is a PIN that others may read", path);
    }
    return err;
}

static ota_err open_key(struct token_setup *setup, struct token_key **out,
                        struct token_answer *a)
{
    const struct asker asker = {
        .has_pin = setup->pin_file[0] != '\0',
        .pin_hint = "pin-source=file:/PATH in the URI, token_pin_file, or the systemd "
                    "credential otad.pin",
        .pin = pin_answer,
        .ctx = setup};
    if (sodium_init() < 0) /* for the PIN's memory */
        return why_fail(&a->why, OTA_E_INTERNAL, "libsodium cannot start");
    ota_err err = token_key_open(setup->uri, &asker, out, &a->why);
    if (err != OTA_OK)
        return err;
    const struct token_public *p = token_key_public(*out);
    if (p->alg != CRYPTO_ED25519)
        return why_fail(&a->why, OTA_E_LIMIT, "it is a P-256 key; otad's own keys are Ed25519");
    memcpy(a->public, p->key, sizeof a->public);
    return OTA_OK;
}

static bool answer(const struct token_answer *a)
{
    return send(TOKEN_WORKER_FD, a, sizeof *a, MSG_NOSIGNAL) == (ssize_t)sizeof *a;
}

static ota_err serve(const struct token_key *key, const struct token_request *rq, size_t got,
                     struct token_answer *a)
{
    if (got < offsetof(struct token_request, message) || rq->len > sizeof rq->message ||
        got != offsetof(struct token_request, message) + rq->len)
        return OTA_E_INTERNAL;
    if (rq->op == TOKEN_CHECK)
        return token_key_check(key, &a->why);
    return token_key_sign(key, rq->message, rq->len, a->signature, &a->why);
}

/* Nothing of otad's is left here.  Signals are for otad, which ends us by closing the socket:
 * it may still have to answer. */
static void alone(void)
{
    closefrom(TOKEN_WORKER_FD + 1);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGTERM, &ignore, NULL);
    (void)sigaction(SIGINT, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* even out of a module that hangs */
}

_Noreturn void token_worker_run(void)
{
    static struct token_setup setup;
    static struct token_request rq;
    struct token_answer a = {0};
    struct token_key *key = NULL;
    alone();
    if (recv(TOKEN_WORKER_FD, &setup, sizeof setup, 0) != (ssize_t)sizeof setup) {
        (void)fputs("otad: " TOKEN_WORKER_ARGUMENT " is for otad itself\n", stderr);
        _exit(STATUS_USAGE);
    }
    a.err = open_key(&setup, &key, &a);
    while (answer(&a) && a.err == OTA_OK) {
        const ssize_t got = recv(TOKEN_WORKER_FD, &rq, sizeof rq, 0);
        if (got <= 0)
            break;
        a = (struct token_answer){0};
        a.err = serve(key, &rq, (size_t)got, &a);
    }
    token_key_free(key); /* logs out */
    _exit(0);            /* nothing of the module's own runs any more */
}
