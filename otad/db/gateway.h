#ifndef OTAD_DB_GATEWAY_H
#define OTAD_DB_GATEWAY_H

#include "db.h"

/* Gateway tokens: whoever holds one may act as any device and registers new ones. */
struct gateway {
    int64_t id;
    const char *name;
    const char *platform; /* of devices that do not tell one; NULL = none */
    const char *created_by;
    int64_t created_at_unix_s, revoked_at_unix_s;
};

/* platform: canonical name, alias or NULL.
 * Errors: OTA_E_NOT_FOUND (platform), OTA_E_CONFLICT already-exists (the hash). */
OTA_MUST_CHECK ota_err db_gateway_put(struct db_scope *s, const char *name,
                                      const char *platform, const uint8_t hash[32],
                                      struct gateway *out);

/* Newest first, keyset by id. */
OTA_MUST_CHECK ota_err db_gateway_list(struct db_scope *s, const struct db_page *page,
                                       struct gateway **out, size_t *out_count);

/* Revoked twice keeps the first time.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_gateway_revoke(struct db_scope *s, int64_t id);

#endif
