#ifndef SIGNER_REPO_VERDICT_H
#define SIGNER_REPO_VERDICT_H

#include "../firmware/tuf/verdict.h"

/* Why metadata are refused, for people: "too few valid signatures".  Never NULL. */
const char *repo_verdict_words(enum tuf_verdict v);

#endif
