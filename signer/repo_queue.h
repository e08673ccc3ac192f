#ifndef SIGNER_REPO_QUEUE_H
#define SIGNER_REPO_QUEUE_H

#include "repo_session.h"

/* The files that wait for signatures at otad (SPEC 8.18, 10.8), as far as they come next. */
enum { REPO_QUEUE_MAX = 32 };

struct repo_waiting {
    enum repo_role role;
    char id[65]; /* SHA-256 of the signed part: it is compared */
    char by[64]; /* who sent it, as the server says */
    json_t *doc;
};

struct repo_queue {
    struct repo_waiting item[REPO_QUEUE_MAX];
    size_t count;
};

/*
 * Fetch what waits and follows what stands in r: each file is what its id says, and of the role
 * that the server says.  Errors, said: OTA_E_SIGNATURE (it is not), OTA_E_FORMAT, OTA_E_BUSY
 * (gone meanwhile), http_get's.  Free in any case.
 */
OTA_MUST_CHECK ota_err repo_queue_read(const struct repo_session *s, const struct repo *r,
                                       struct repo_queue *out);

/*
 * Take what waits for a role into r, in memory (repo_merge): the one that is pending in r
 * already, or the only one, or the one whose id begins with id (NULL: nothing was chosen).
 * *out_changed: r has something pending, or signatures, that it did not have.  What is pending
 * in r without a signature gives way.  Errors, said: OTA_E_CONFLICT (several, each shown; or
 * another one is signed in r), repo_merge's.
 */
OTA_MUST_CHECK ota_err repo_queue_take(struct repo *r, const struct repo_queue *q,
                                       enum repo_role role, const char *id, bool *out_changed);
void repo_queue_free(struct repo_queue *q);

#endif
