#ifndef OTA_SUMS_H
#define OTA_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto.h"
#include "err.h"

/*
 * SHA256SUMS of a release (SPEC 5.1), as `sha256sum --tag` writes it and `sha256sum -c`,
 * `minisign -V` and `signify-openbsd -C` read it.  Nothing in it is authentic before its
 * minisign signature is checked (boards/host/minisign.h).
 */
enum {
    SUMS_NAME_BYTES_MAX = 63, /* [A-Za-z0-9][A-Za-z0-9._-]{0,62} (SPEC 1.2)                   */
    SUMS_ENTRIES_MAX = 256,   /* artifacts of one release                                     */
    /* "SHA256 (" name ") = " hex newline, for each of them */
    SUMS_BYTES_MAX = SUMS_ENTRIES_MAX * (8 + SUMS_NAME_BYTES_MAX + 4 + 64 + 1),
};

struct sums_entry {
    char name[SUMS_NAME_BYTES_MAX + 1];
    uint8_t sha256[CRYPTO_DIGEST_BYTES];
};

/*
 * Take the line at the start of text (len bytes are left), for lists larger than memory.
 * *out_used is the length of the line with its newline.
 * Errors: OTA_E_FORMAT.  Outputs are written only on success.
 */
OTA_MUST_CHECK ota_err sums_line(const char *text, size_t len, struct sums_entry *out,
                                 size_t *out_used);

/*
 * Parse a whole list: at least one line, sorted by name (bytes), each name once, lower-case
 * hex, nothing else.  entries has room for max; *out_count is how many were filled. Errors:
 * OTA_E_FORMAT, OTA_E_LIMIT (more than max).  *out_count is written only on success.
 */
OTA_MUST_CHECK ota_err sums_parse(const char *text, size_t len, struct sums_entry *entries,
                                  size_t max, size_t *out_count);

/* The entry with this name, or NULL. */
const struct sums_entry *sums_find(const struct sums_entry *entries, size_t count,
                                   const char *name);

/* Is this an artifact's name that a release may carry (SHA256SUMS and its kin are reserved)? */
bool sums_name_valid(const char *name, size_t len);

/*
 * Write one line (no terminating zero) at out.  *out_bytes is its length.
 * Errors: OTA_E_FORMAT (the name), OTA_E_LIMIT (no room).
 */
OTA_MUST_CHECK ota_err sums_line_write(const struct sums_entry *entry, char *out, size_t room,
                                       size_t *out_bytes);

#endif
