#ifndef OTAD_TUF_REVIEW_H
#define OTAD_TUF_REVIEW_H

#include "online.h"

/*
 * The review queue (SPEC 10.8): what may wait, what is complete, what is published with what.
 * Pure but for signatures with otad's own keys: a repository as it stands and one file in, the
 * change of one transaction out.  The checks are the device's (firmware/tuf).
 */
enum review_verdict {
    REVIEW_GOOD = 0,
    REVIEW_NOT_CANONICAL,
    REVIEW_TOO_LONG,
    REVIEW_BAD_METADATA,  /* review.meta says what */
    REVIEW_RESERVED_NAME, /* the platform is called like a role of TUF */
    REVIEW_OTHER_VERSION, /* the file's name says another than the file */
    REVIEW_EXPIRED,
    REVIEW_AHEAD,         /* made in the future */
    REVIEW_LOWER_VERSION, /* of metadata */
    REVIEW_VERSION_GAP,
    REVIEW_NO_DELEGATION,  /* nothing published or waiting says who signs this */
    REVIEW_BAD_SIGNATURE,  /* not one signature of those who may */
    REVIEW_ONLINE_KEYS,    /* root does not name our keys */
    REVIEW_KEY_AWAY,       /* a token with one of our keys does not answer */
    REVIEW_OWN_KEY,        /* a key of ours may sign what only managers may */
    REVIEW_TOO_MANY_KEYS,  /* of a root, for a device */
    REVIEW_CONSISTENT,     /* root without consistent snapshots */
    REVIEW_BAD_DELEGATION, /* targets.json is not as SPEC 10.2 wants it */
    REVIEW_BAD_PATH,       /* a target outside the delegation, or without a version */
    REVIEW_BAD_CUSTOM,
    REVIEW_NOT_STORED,
    REVIEW_WITHDRAWN,
    REVIEW_WRONG_LENGTH,
    REVIEW_WRONG_HASH,
    REVIEW_WRONG_PLATFORM,
    REVIEW_WRONG_VERSION,
    REVIEW_WRONG_COUNTER,
    REVIEW_WRONG_CLASS,
    REVIEW_TOO_MANY, /* releases or targets */
    REVIEW_VERSION_TOO_LOW,
    REVIEW_COUNTER_TOO_LOW,
    REVIEW_BUSY, /* the store could not be asked */
    REVIEW_NO_MEMORY,
    REVIEW_VERDICTS
};

struct review {
    const struct repo_state *state;
    const struct repo_store *store;
    struct online online; /* its arena is everybody's */
    const char *by;
    enum tuf_verdict meta; /* out, of REVIEW_BAD_METADATA */
};

/* Stable code for problem documents, one English sentence, and what the caller can do. */
const char *review_code(enum review_verdict v);
const char *review_text(enum review_verdict v);
ota_err review_err(enum review_verdict v);

/*
 * Take a file in.  version: what its name says, 0 = nothing.  *out is what to write: the file
 * joins the queue, or it and what waited for it are published with a new snapshot and
 * timestamp.  What stands already changes nothing.
 */
enum review_verdict review_put(struct review *r, enum repo_role role, int64_t version,
                               const uint8_t *text, size_t len, struct repo_change *out);

/* New snapshot and timestamp where half of their life is over, or their key is no longer
 * root's. publish_count 0 = nothing is due. */
enum review_verdict review_renew(struct review *r, struct repo_change *out);

/* What waits, and for what. */
enum { REVIEW_SIGNERS_MAX = 2 * HOLDER_KEYS_MAX };
struct review_item {
    unsigned threshold, signed_count, key_count;
    uint8_t key[REVIEW_SIGNERS_MAX][32]; /* keyids */
    bool has_signed[REVIEW_SIGNERS_MAX];
    bool complete;
    const char *waits_for; /* "signatures", "delegation", "role", "targets"; NULL = nothing */
};
void review_look(const struct review *r, const struct repo_file *f, struct review_item *out);

#endif
