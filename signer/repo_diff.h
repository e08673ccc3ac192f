#ifndef SIGNER_REPO_DIFF_H
#define SIGNER_REPO_DIFF_H

#include "repo.h"

/*
 * What doc changes against old (NULL: against nothing), a line each, for the person who signs:
 * images, keys, thresholds, expiry, and any member that we do not know, so that nothing is
 * signed unseen.  An array of texts; NULL: no memory.
 */
json_t *repo_diff(const json_t *old, const json_t *doc);

#endif
