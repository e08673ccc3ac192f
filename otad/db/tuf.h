#ifndef OTAD_DB_TUF_H
#define OTAD_DB_TUF_H

#include "db.h"
#include "otad/tuf/repository.h"

/* Repositories of signed metadata (SPEC 10).  platform may be an alias everywhere. */

/* As it stands.  Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_tuf_get(struct db_scope *s, const char *platform,
                                  struct repo_state *out);

/* What the newest platform role lists: path and entry.  Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_tuf_target_list(struct db_scope *s, const char *platform,
                                          const struct repo_target **out, size_t *out_count);

/* A published file.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_tuf_file_get(struct db_scope *s, const char *platform,
                                       enum repo_role role, int64_t version,
                                       const uint8_t **out, size_t *out_len);

/*
 * Change it in one transaction, alone with the platform: decide sees what stands and says what
 * to write.  It may be called several times, and nothing is written when it returns an error,
 * which is handed through.  *out_change is what was written; action names it in the audit log.
 */
typedef ota_err db_tuf_decide(void *arg, const struct repo_state *state,
                              const struct repo_store *store, struct repo_change *out);
OTA_MUST_CHECK ota_err db_tuf_change(struct db_scope *s, const char *platform,
                                     db_tuf_decide *decide, void *arg,
                                     struct repo_change *out_change);

/* Take a file out of the queue.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_tuf_pending_remove(struct db_scope *s, const char *platform,
                                             const uint8_t id[32]);

/* May anybody fetch the files?  Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_tuf_public_set(struct db_scope *s, const char *platform,
                                         bool public_targets);

#endif
