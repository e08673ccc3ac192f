/* Cross-site request forgery: what a browser must present beside its cookie, nothing stored. */
#include "session.h"

#include <sodium.h>
#include <string.h>

bool session_token_valid(const char *text)
{
    return strnlen(text, TOKEN_TEXT_BYTES) == TOKEN_TEXT_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == TOKEN_TEXT_BYTES - 1;
}

void session_csrf(const struct token_pepper *pepper, const char *token,
                  char out[TOKEN_TEXT_BYTES])
{
    static const char purpose[] = "otad csrf";
    crypto_generichash_state state;
    uint8_t h[TOKEN_SECRET_BYTES];
    (void)crypto_generichash_init(&state, pepper->b, sizeof pepper->b, sizeof h);
    (void)crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose);
    (void)crypto_generichash_update(&state, (const uint8_t *)token, strlen(token));
    (void)crypto_generichash_final(&state, h, sizeof h);
    (void)sodium_bin2hex(out, TOKEN_TEXT_BYTES, h, sizeof h);
}

bool session_same_origin(const struct token_pepper *pepper, const char *token,
                         const struct session_origin *from)
{
    char expected[TOKEN_TEXT_BYTES];
    session_csrf(pepper, token, expected);
    if (from->csrf == NULL || !token_text_equal(expected, from->csrf))
        return false;
    if (from->origin != NULL && strcmp(from->origin, from->public_origin) != 0)
        return false;
    return from->fetch_site == NULL || strcmp(from->fetch_site, "same-origin") == 0;
}
