#ifndef OTAD_AUTH_SETUP_H
#define OTAD_AUTH_SETUP_H

#include <stdatomic.h>

#include "token.h"

/*
 * The first admin (SPEC 8.4): while no user exists, whoever can read state_dir/setup-link may
 * make one.  Only the hash of the link's token stays in memory.
 */
enum { SETUP_PATH_BYTES = 4096 };

struct setup {
    atomic_bool open;
    struct token_hash hash;
    char path[SETUP_PATH_BYTES]; /* of the link's file */
};

/*
 * Make a fresh token and write PUBLIC_URL/setup#TOKEN into state_dir/setup-link (0600), in
 * place of an older one.  Errors: OTA_E_LIMIT (paths too long), OTA_E_IO.
 */
OTA_MUST_CHECK ota_err setup_open(struct setup *s, const struct token_pepper *pepper,
                                  const char *state_dir, const char *public_url);

/* Is this the link's token? */
bool setup_matches(const struct setup *s, const struct token_pepper *pepper, const char *token);

/* The first user exists: the link is void and its file gone.  Repeatable. */
void setup_close(struct setup *s);

#endif
