#ifndef SIGNER_STRENGTH_H
#define SIGNER_STRENGTH_H

#include "../keys/keybox.h"

#define STRENGTH_HELP "what a guess costs: 256 MiB, 1 GiB or 64 MiB of memory"

/* The cost of --strength, or NULL, which has been said. */
const struct keybox_cost *strength_of(const char *word);

#endif
