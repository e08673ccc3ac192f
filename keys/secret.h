#ifndef KEYS_SECRET_H
#define KEYS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "why.h"

/*
 * Passphrases and PINs in locked, wiped memory, and whom the keys ask for them.  Never from
 * argv or the environment, where others can read them.
 */
enum { SECRET_BYTES_MAX = 1024 };

struct secret {
    char *text; /* locked memory; a zero byte stands behind the last one; NULL = none */
    size_t len;
};

/* Room for SECRET_BYTES_MAX + 2 bytes.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err secret_new(struct secret *out, struct why *why);
void secret_free(struct secret *s);

/* Keep only the first line, without its end.  from: where it is, for why.  Errors: OTA_E_FORMAT
 * (empty), OTA_E_LIMIT (longer than SECRET_BYTES_MAX, or with zero bytes). */
OTA_MUST_CHECK ota_err secret_first_line(struct secret *s, const char *from, struct why *why);

/*
 * A whole file of less than room bytes into locked memory of the caller's.  out_exposed: may
 * others read it?  Errors: OTA_E_NOT_FOUND, OTA_E_IO, OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err secret_file_read(const char *path, void *out, size_t room,
                                        size_t *out_len, bool *out_exposed, struct why *why);
/* The first line of a file.  Errors: those above.  Free with secret_free. */
OTA_MUST_CHECK ota_err secret_line_read(const char *path, struct secret *out, bool *out_exposed,
                                        struct why *why);

/* What a token wants. */
struct pin_question {
    const char *label;  /* the token's */
    const char *source; /* the file that its URI names; "" = none */
    bool last_try;      /* one more wrong PIN locks it */
    bool on_reader;     /* it is typed on the token itself: answer without a secret */
};

/* Whom to ask.  A function that refuses tells why, unless it told its user by itself. */
struct asker {
    bool has_pin;         /* there is one for what a token hides without it */
    const char *pin_hint; /* how the caller's users give one */
    ota_err (*passphrase)(void *ctx, const char *name, struct secret *out, struct why *why);
    ota_err (*pin)(void *ctx, const struct pin_question *q, struct secret *out,
                   struct why *why);
    void *ctx;
};

#endif
