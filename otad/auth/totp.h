#ifndef OTAD_AUTH_TOTP_H
#define OTAD_AUTH_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "token.h"

/*
 * The second factor (SPEC 8.13): time-based one-time passwords (RFC 6238) with HMAC-SHA-1, 6
 * digits and steps of 30 s, which is what every authenticator app knows, and recovery codes for
 * whoever lost the app.  Secrets are stored sealed with a key that comes from the pepper, so
 * that a stolen database makes no codes.
 */
enum {
    TOTP_SECRET_BYTES = 20,
    TOTP_SECRET_TEXT_BYTES = 33, /* base32 with the ending zero                            */
    TOTP_SEALED_BYTES = 60,      /* nonce 24, secret, tag 16                               */
    TOTP_STEP_S = 30,
    TOTP_WINDOW = 1, /* steps that a clock may be off, either way              */
    TOTP_URI_BYTES = 768,
    RECOVERY_CODES = 10,
    RECOVERY_CODE_BYTES = 10, /* "xxxx-xxxx" with the ending zero: 40 random bits         */
    FACTOR_CODE_MAX = 32      /* characters that a code may have as typed                 */
};

struct totp_secret {
    uint8_t b[TOTP_SECRET_BYTES];
};

struct totp_key {
    uint8_t b[32];
};

/* The key that seals secrets. */
void totp_key_make(const struct token_pepper *pepper, struct totp_key *out);

void totp_secret_new(struct totp_secret *out);

/* Base32 without padding (RFC 4648). */
void totp_secret_write(const struct totp_secret *s, char out[TOTP_SECRET_TEXT_BYTES]);

/*
 * "otpauth://totp/ISSUER:NAME?secret=...&issuer=ISSUER", both escaped.
 * Errors: OTA_E_LIMIT (they are too long together).
 */
OTA_MUST_CHECK ota_err totp_uri(const struct totp_secret *s, const char *issuer,
                                const char *name, char out[TOTP_URI_BYTES]);

/* RFC 4226's 31 bits for this step; a code is its last digits.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err totp_value(const uint8_t *secret, size_t len, uint64_t step,
                                  uint32_t *out);

/*
 * Is code that of a step within the window around now, and later than last_step?  In constant
 * time.  Errors: OTA_E_AUTH (no), OTA_E_INTERNAL.
 */
OTA_MUST_CHECK ota_err totp_check(const struct totp_secret *s, const char *code, int64_t now_s,
                                  int64_t last_step, int64_t *out_step);

/* For one account only: what is sealed for one opens for no other. */
void totp_seal(const struct totp_key *key, int64_t tenant, int64_t account,
               const struct totp_secret *s, uint8_t out[TOTP_SEALED_BYTES]);
/* Errors: OTA_E_SIGNATURE (altered, another account's, or sealed with another pepper). */
OTA_MUST_CHECK ota_err totp_open(const struct totp_key *key, int64_t tenant, int64_t account,
                                 const uint8_t sealed[TOTP_SEALED_BYTES],
                                 struct totp_secret *out);

/* ---- codes as people type them --------------------------------------------------------------
 */

enum factor_code { FACTOR_CODE_NONE, FACTOR_CODE_TOTP, FACTOR_CODE_RECOVERY };

/*
 * What text is, and its one spelling: 6 digits, or a recovery code's 8 characters.  Blanks and
 * hyphens do not count, nor does case; O is 0, I and L are 1.
 */
enum factor_code factor_code_read(const char *text, char out[RECOVERY_CODE_BYTES]);

/* A new recovery code. */
void recovery_code_new(char out[RECOVERY_CODE_BYTES]);

/* Its keyed hash for this account; code as shown or as factor_code_read spells it. */
struct token_hash recovery_code_hash(const struct token_pepper *pepper, int64_t tenant,
                                     int64_t account, const char *code);

#endif
