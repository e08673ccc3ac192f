/* Cross-site request forgery: what a browser must show beside its cookie. */
#include "session.h"

#include <string.h>

bool session_token_valid(const char *text)
{
    return strnlen(text, TOKEN_TEXT_BYTES) == TOKEN_TEXT_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == TOKEN_TEXT_BYTES - 1;
}

bool session_same_origin(const struct session_origin *from)
{
    if (from->origin != NULL && strcmp(from->origin, from->public_origin) != 0)
        return false;
    return from->fetch_site == NULL || strcmp(from->fetch_site, "same-origin") == 0;
}

bool session_may_change(const char *csrf, const struct session_origin *from)
{
    return from->csrf != NULL && token_text_equal(csrf, from->csrf) &&
           session_same_origin(from);
}
