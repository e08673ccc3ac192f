#ifndef OTAD_AUTH_TOKEN_H
#define OTAD_AUTH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * Secrets that otad hands out: random, shown once, kept only as a BLAKE2b-256 hash keyed with
 * the pepper, a file in state_dir that never enters the database.
 */
enum {
    TOKEN_SECRET_BYTES = 32,
    TOKEN_TEXT_BYTES = 2 * TOKEN_SECRET_BYTES + 1, /* lower-case hex with the ending zero */
    TOKEN_HASH_BYTES = 32,
    TOKEN_PEPPER_BYTES = 32,
    TOKEN_PRESENTED_MAX = 256, /* longer ones are refused unread           */
    TOKEN_API_KEY_BYTES =
        TOKEN_TEXT_BYTES + 5 + 20 /* otad_<id>_<secret> with the ending zero */
};

struct token_pepper {
    uint8_t b[TOKEN_PEPPER_BYTES];
};

struct token_hash {
    uint8_t b[TOKEN_HASH_BYTES];
};

/* Once per process, before anything else of auth/.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err token_init(void);

/*
 * The pepper of this installation: read from state_dir/pepper, made there (0600) if missing.
 * Errors: OTA_E_IO, OTA_E_FORMAT if the file has another length.
 */
OTA_MUST_CHECK ota_err token_pepper_load(const char *state_dir, struct token_pepper *out);

/* A new random secret as hex. */
void token_new(char out[TOKEN_TEXT_BYTES]);

/* The hash of text, as it is stored. */
struct token_hash token_hash(const struct token_pepper *pepper, const char *text, size_t len);

/* Constant time in the contents. */
bool token_hash_equal(const struct token_hash *a, const struct token_hash *b);
bool token_text_equal(const char *a, const char *b);

/* "otad_<id>_<secret>". */
void token_api_key_write(int64_t id, const char *secret, char out[TOKEN_API_KEY_BYTES]);

/*
 * Take an API key apart.  *out_secret points into text.
 * Errors: OTA_E_FORMAT if text does not look like one.
 */
OTA_MUST_CHECK ota_err token_api_key_parse(const char *text, int64_t *out_id,
                                           const char **out_secret);

/* Never optimised away. */
void token_wipe(void *p, size_t len);

#endif
