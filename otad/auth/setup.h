#ifndef OTAD_AUTH_SETUP_H
#define OTAD_AUTH_SETUP_H

#include "token.h"

/*
 * The first admin (SPEC 8.4): while no user exists, whoever can read state_dir/setup-link may
 * make one.  The token is in that file and nowhere else; the database keeps its hash.
 */
enum { SETUP_PATH_BYTES = 4096 };

/*
 * Make a fresh token and write PUBLIC_URL/setup#TOKEN into state_dir/setup-link (0600), in
 * place of an older one.  out_path is where it stands. Errors: OTA_E_LIMIT (paths too long),
 * OTA_E_IO.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err setup_link_make(const struct token_pepper *pepper, const char *state_dir,
                                       const char *public_url, char out_path[SETUP_PATH_BYTES],
                                       struct token_hash *out);

/* The first user exists: the file goes.  Repeatable. */
void setup_link_remove(const char *state_dir);

#endif
