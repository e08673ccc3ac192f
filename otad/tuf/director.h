#ifndef OTAD_TUF_DIRECTOR_H
#define OTAD_TUF_DIRECTOR_H

#include "firmware/tuf/canonical.h"
#include "otad/auth/online_key.h"

/* The poll's answer for one device, signed (SPEC 10.5). */
enum { DIRECTOR_BYTES_MAX = 1024, DIRECTOR_NONCE_TEXT = 32, DIRECTOR_LIFE_S = 60 };

struct director_answer {
    const char *device, *nonce; /* nonce: 32 lower-case hexadecimal digits */
    int64_t now_unix_s;
    const char *path, *entry; /* of the one target assigned; NULL = none */
};

/* Is it one? */
bool director_nonce_valid(const char *text);

/*
 * Write and sign with the key that root names.  out_bytes has room for DIRECTOR_BYTES_MAX.
 * Errors: OTA_E_NOT_FOUND (the key is not ours), OTA_E_LIMIT, OTA_E_FORMAT (an id that is not
 * printable ASCII).
 */
OTA_MUST_CHECK ota_err director_write(struct online_keys *keys, const uint8_t key[32],
                                      const struct director_answer *a, uint8_t *out_bytes,
                                      size_t *out_len);

#endif
