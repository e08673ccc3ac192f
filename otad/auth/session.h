#ifndef OTAD_AUTH_SESSION_H
#define OTAD_AUTH_SESSION_H

#include <stdbool.h>

#include "token.h"

/* Sessions of people (SPEC 8.2): the cookie carries a random token, the database its hash. */
#define SESSION_COOKIE "__Host-otad"

/* Could text be a session token (hex, of the right length)? */
bool session_token_valid(const char *text);

/* What a request shows of where it comes from; NULL = the header is absent. */
struct session_origin {
    const char *csrf;          /* X-CSRF-Token                                   */
    const char *origin;        /* Origin                                         */
    const char *fetch_site;    /* Sec-Fetch-Site                                 */
    const char *public_origin; /* "https://host:port" of public_url: who we are  */
};

/* Browsers that send Origin or Sec-Fetch-Site must name us. */
bool session_same_origin(const struct session_origin *from);

/* The same, and the session's CSRF token must have been sent. */
bool session_may_change(const char *csrf, const struct session_origin *from);

#endif
