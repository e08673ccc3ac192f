#ifndef OTAD_DB_API_KEY_H
#define OTAD_DB_API_KEY_H

#include "db.h"

/* Keys of machines (CI, plain devices).  Looked up per request by fleet_api_key, not here. */
struct api_key {
    int64_t id;
    const char *name;
    struct db_names scopes;    /* permission names                        */
    struct db_names platforms; /* canonical names; or one "*" for all     */
    const char *created_by;
    int64_t created_at_unix_s, last_used_at_unix_s;
    int64_t expires_at_unix_s; /* 0 = never */
    int64_t revoked_at_unix_s; /* 0 = valid */
};

/* The id that the next key will have: its text contains it, and its hash covers the text or the
 * secret, as auth/ likes. */
OTA_MUST_CHECK ota_err db_api_key_next_id(struct db_scope *s, int64_t *out);

/* key->id from db_api_key_next_id.
 * Errors: OTA_E_CONFLICT already-exists (id), OTA_E_NOT_FOUND (a platform). */
OTA_MUST_CHECK ota_err db_api_key_put(struct db_scope *s, const struct api_key *key,
                                      const uint8_t hash[32], struct api_key *out);

/* Newest first, keyset by id. */
OTA_MUST_CHECK ota_err db_api_key_list(struct db_scope *s, const struct db_page *page,
                                       struct api_key **out, size_t *out_count);

/* Revoked twice keeps the first time.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_api_key_revoke(struct db_scope *s, int64_t id);

#endif
