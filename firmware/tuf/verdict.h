#ifndef TUF_VERDICT_H
#define TUF_VERDICT_H

#include "../image/err.h"

/* What a check of metadata found.  Everything but TUF_GOOD refuses. */
enum tuf_verdict {
    TUF_GOOD = 0,
    TUF_NOT_CANONICAL, /* no JSON, or none that SPEC 10.1 allows                            */
    TUF_MEMBER,        /* a member is missing or has the wrong form                         */
    TUF_TYPE,          /* _type is another role's                                           */
    TUF_SPEC_VERSION,  /* another major version of TUF                                      */
    TUF_KEY,           /* a key that cannot be one                                          */
    TUF_KEYID,         /* a keyid is not the digest of its key                              */
    TUF_TWICE,         /* one keyid twice, or one role twice                                */
    TUF_THRESHOLD,     /* too few valid signatures                                          */
    TUF_OLD_THRESHOLD, /* root: too few valid signatures by the root before it              */
    TUF_VERSION,       /* not the version it must have                                      */
    TUF_ROLLBACK,      /* older than what is trusted already                                */
    TUF_VANISHED,      /* snapshot: a file that was listed is no longer                     */
    TUF_EXPIRED,
    TUF_LENGTH,    /* longer than allowed or than listed, or shorter                          */
    TUF_HASH,      /* not the digest that is listed                                           */
    TUF_UNLISTED,  /* snapshot does not list this file                                       */
    TUF_ABSENT,    /* a file that must be served is not                                       */
    TUF_LIMIT,     /* more keys, roots or roles than we take                                  */
    TUF_ROLE_NAME, /* a delegated role with a name that is not its to have                  */
    TUF_NO_TARGET, /* nobody who may lists this target                                      */
    TUF_OTHER_TARGET, /* director: another image than the platform's role lists             */
    TUF_PLATFORM, /* root: another platform's, or no more any platform's                    */
    TUF_DEVICE,   /* director: for another device                                            */
    TUF_NONCE,    /* director: not the answer to this question                               */
    TUF_STORE,    /* the store failed                                                        */
    TUF_FETCH,    /* the transport failed                                                    */
    TUF_VERDICTS
};

/* Short lower-case name ("old-threshold"), never NULL. */
const char *tuf_verdict_name(enum tuf_verdict v);
/* What the caller can do about it. */
ota_err tuf_verdict_err(enum tuf_verdict v);

#endif
