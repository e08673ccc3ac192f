#ifndef OTAD_TUF_REVIEW_TARGETS_H
#define OTAD_TUF_REVIEW_TARGETS_H

#include "review.h"

/* What a platform's role lists, against what is stored and what was listed before.  Fills
 * target and floor of *out, which holds the floors so far. */
enum review_verdict review_targets(struct review *r, struct canonical body,
                                   struct repo_change *out);

#endif
