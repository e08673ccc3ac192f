#ifndef TUF_TARGET_H
#define TUF_TARGET_H

#include "../client.h"
#include "fetch.h"

/* Where targets come from and go to. */
struct target_places {
    const char *base_url, *folder;
};

/*
 * Fetch what c found, unless it lies in the folder already; it appears there under its
 * percent-encoded path, whole and verified, or not at all.
 * Verdicts: TUF_ABSENT, TUF_LENGTH, TUF_HASH, TUF_FETCH, TUF_STORE, TUF_LIMIT (a long path).
 */
enum tuf_verdict target_download(const struct tuf_client *c, struct fetch *f,
                                 const struct target_places *places);

#endif
