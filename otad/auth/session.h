#ifndef OTAD_AUTH_SESSION_H
#define OTAD_AUTH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "token.h"

/*
 * Sessions of people (SPEC 8.2).  The cookie carries a random token, the database its hash; the
 * CSRF token is derived from the session's, so there is nothing to store and nothing to compare
 * with but the cookie itself.
 */
#define SESSION_COOKIE_NAME "__Host-otad"

/* Could text be a session token (hex, of the right length)? */
bool session_token_valid(const char *text);

/* The CSRF token that belongs to a session token. */
void session_csrf(const struct token_pepper *pepper, const char *token,
                  char out[TOKEN_TEXT_BYTES]);

/*
 * Does a request that changes something come from our own pages?  csrf is the X-CSRF-Token
 * header, origin and fetch_site the headers of these names (NULL = absent); public_origin is
 * "https://host:port" of public_url.  Browsers that send Origin or Sec-Fetch-Site must name us.
 */
struct session_origin {
    const char *csrf;
    const char *origin;
    const char *fetch_site;
    const char *public_origin;
};
bool session_same_origin(const struct token_pepper *pepper, const char *token,
                         const struct session_origin *from);

#endif
