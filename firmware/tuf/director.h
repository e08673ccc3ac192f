#ifndef TUF_DIRECTOR_H
#define TUF_DIRECTOR_H

#include "meta.h"

enum { TUF_NONCE_BYTES = 16, TUF_DIRECTOR_BYTES_MAX = 1024 };

/* What a device asked, and what it knows (SPEC 10.5, 10.6). */
struct tuf_question {
    const char *device; /* its id, as text                                                    */
    uint8_t nonce[TUF_NONCE_BYTES];
    uint64_t version_min; /* the highest `version` taken so far                               */
};

struct tuf_answer {
    uint64_t version; /* seconds since 1970: the server's time                            */
    struct canonical path; /* the inside of a string; len 0: nothing is assigned              */
    struct tuf_target target; /* if something is; custom is a view                            */
};

/*
 * Is this canonical text the director's answer to the question?  role's members are keys of
 * ring (a client's has_director says that there is one).  Views in *out are into text.
 * Verdicts: TUF_NOT_CANONICAL, TUF_MEMBER, TUF_TYPE, TUF_SPEC_VERSION, TUF_TWICE,
 * TUF_THRESHOLD, TUF_LIMIT (longer than 1,024 bytes), TUF_DEVICE, TUF_NONCE, TUF_VERSION (not
 * the seconds of its time), TUF_ROLLBACK, TUF_EXPIRED (before its own time).
 */
enum tuf_verdict tuf_director_check(struct canonical text, const struct tuf_keys *ring,
                                    const struct tuf_role *role,
                                    const struct tuf_key_rules *rules,
                                    const struct tuf_question *question,
                                    struct tuf_answer *out);

/* An assignment that outlives the text it came in: what the platform's role has to agree with.
 */
struct tuf_assigned {
    char path[TUF_PATH_MAX / 2];
    uint64_t length;
    struct tuf_hashes hashes;
    uint8_t custom[CRYPTO_DIGEST_BYTES]; /* SHA-256 of its canonical text */
};

/* Verdicts: TUF_NO_TARGET (nothing is assigned), TUF_LIMIT (path too long). */
enum tuf_verdict tuf_assigned_keep(const struct tuf_answer *answer, struct tuf_assigned *out);

/* Does the platform's role say the same?  Verdicts: TUF_OTHER_TARGET. */
enum tuf_verdict tuf_assigned_is(const struct tuf_assigned *a, const struct tuf_target *target);

#endif
