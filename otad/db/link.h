#ifndef OTAD_DB_LINK_H
#define OTAD_DB_LINK_H

#include "db.h"

/* Download links (SPEC 8.14) as people see them; what a download needs of them is in
 * otad/fleet/link.h. */
struct link {
    int64_t id;
    const char *platform, *version, *artifact;
    const char *created_by;
    int64_t created_at_unix_s, expires_at_unix_s;
    int64_t revoked_at_unix_s; /* 0 = not revoked */
    int64_t byte_budget, bytes_used, uses;
    const char *state; /* "active", "expired", "revoked", "used-up": now */
};

struct link_new {
    const char *platform; /* or alias */
    const char *version, *artifact;
    int64_t account_id, api_key_id; /* who makes it: one of them, the other 0 */
    int64_t expires_in_s;
    int64_t byte_budget; /* 0 = four times the file's size */
};

/* What the token needs beside the row. */
struct link_made {
    struct link link;
    int64_t release_id;
    uint8_t sha256[32];
};

/* Errors: OTA_E_NOT_FOUND (platform, release or file); OTA_E_CONFLICT incomplete (a draft, or
 * the file is not there yet), withdrawn; OTA_E_DENIED. */
OTA_MUST_CHECK ota_err db_link_create(struct db_scope *s, const struct link_new *n,
                                      struct link_made *out);

/* Newest first, keyset by id; platform (or alias) and state NULL = all.
 * Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_link_list(struct db_scope *s, const char *platform, const char *state,
                                    const struct db_page *page, struct link **out,
                                    size_t *out_count);

/* Revoked twice keeps the first time.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_link_revoke(struct db_scope *s, int64_t id);

#endif
