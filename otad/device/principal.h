#ifndef OTAD_DEVICE_PRINCIPAL_H
#define OTAD_DEVICE_PRINCIPAL_H

#include "otad/auth/permission.h"
#include "otad/db/db.h"
#include "otad/fleet/people.h"

/*
 * Who somebody is just now, and what they may do: from memory, without SQL.  Memory follows the
 * database at once for what this process changed and within a second for the rest.
 */
struct otad;

/*
 * An account or an API key by its number; of *out all but credential is set.
 * Errors: OTA_E_NOT_FOUND (gone, disabled, revoked or expired), OTA_E_BUSY (memory is not
 * loaded yet), OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err device_principal(const struct otad *otad, int64_t tenant_id,
                                        enum principal_kind kind, int64_t id, struct arena *a,
                                        struct principal *out);

/* The principal of a key that memory has just let in.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err device_principal_of_key(const struct otad *otad,
                                               const struct fleet_key *key, struct arena *a,
                                               struct principal *out);

/* Everything that a role has, into out, whose name stays empty.  Errors: OTA_E_NOT_FOUND (there
 * is no such role), OTA_E_BUSY, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err device_role_rights(const struct otad *otad, int64_t tenant_id,
                                          const char *role, struct arena *a,
                                          struct principal *out);

/* scope->rights: those of who, for row-level security.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err device_scope_rights(struct db_scope *scope, const struct principal *who);

#endif
