#ifndef OTAD_AUTH_AUTH_H
#define OTAD_AUTH_AUTH_H

#include "link.h"
#include "rate_limit.h"
#include "session.h"
#include "token.h"
#include "totp.h"

/* What the process keeps to know who is there. */
struct auth {
    struct token_pepper pepper;
    struct totp_key totp_key;
    struct link_key link_key;    /* of download links, from the pepper */
    struct rate_limit names;     /* failed sign-ins per name    */
    struct rate_limit addresses; /* failed sign-ins per address */
    struct rate_limit codes;     /* wrong codes per account     */
    struct rate_limit lookups;   /* of strangers, in the database, per address */
};

/*
 * Load the pepper of state_dir and get ready.
 * Errors: OTA_E_IO, OTA_E_FORMAT (pepper), OTA_E_NO_MEMORY, OTA_E_INTERNAL.
 */
OTA_MUST_CHECK ota_err auth_new(const char *state_dir, struct auth **out);

void auth_free(struct auth *a);

#endif
