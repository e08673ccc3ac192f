#ifndef OTAD_AUTH_TOKEN_SIGNER_H
#define OTAD_AUTH_TOKEN_SIGNER_H

#include "token_wire.h"

/*
 * Keys in tokens and HSMs that sign for otad while it serves.  Each key is held by processes of
 * its own (token_child.h); one thread opens them, looks after them and opens them anew when
 * they fail, so a token that is away, locked, slow or hanging costs an error and never a poll.
 * Functions may be called from any thread.
 */
struct token_signers;
struct token_signer;

enum {
    TOKEN_SESSIONS_MAX = 16,
    TOKEN_WAITING_MAX = 64, /* who comes then is told to come back */
};

/* Starts the thread.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err token_signers_new(struct token_signers **out);
/* Ends it and every process; no signer may be used any more.  NULL is allowed. */
void token_signers_free(struct token_signers *all);

struct token_signer_setup {
    struct token_setup key;
    unsigned sessions; /* processes, 1 to TOKEN_SESSIONS_MAX */
    int timeout_ms;    /* a signature that takes longer never comes */
    int look_ms;       /* not used for so long, it is asked whether it is still there */
};

/*
 * The signer of this setup: one that is there already, or a new one, which is opened by and by.
 * Errors: OTA_E_FORMAT (the URI; why says what), OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err token_signer_get(struct token_signers *all,
                                        const struct token_signer_setup *setup,
                                        struct token_signer **out, struct why *why);
/* Held once more; given back once.  Given back by all, it ends. */
void token_signer_hold(struct token_signer *s);
void token_signer_release(struct token_signer *s); /* NULL is allowed */

/* Try what failed at once, also with PINs that were refused: somebody has looked. */
void token_signers_retry(struct token_signers *all);

/* How often a key began to answer: whoever waits for one looks at this. */
uint64_t token_signers_news(struct token_signers *all);

/* The public half.  false: the token has never told it. */
bool token_signer_public(struct token_signer *s, uint8_t out[TOKEN_PUBLIC_BYTES]);

/*
 * Sign, and see that the signature is good.  Waits for a free process and then for its answer,
 * each timeout_ms at most.  Errors: OTA_E_BUSY (the token is not there, or too many wait),
 * OTA_E_LIMIT (longer than TOKEN_MESSAGE_BYTES_MAX).
 */
OTA_MUST_CHECK ota_err token_signer_sign(struct token_signer *s, const void *message,
                                         size_t len, uint8_t out[TOKEN_SIGNATURE_BYTES]);

struct token_signer_stats {
    bool is_ready;
    unsigned sessions, waiting;
    uint64_t signatures, failures, refused; /* refused: nobody was there to ask */
    uint64_t sign_us;                       /* of all signatures */
};
void token_signer_stats(struct token_signer *s, struct token_signer_stats *out);

#endif
