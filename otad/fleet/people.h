#ifndef OTAD_FLEET_PEOPLE_H
#define OTAD_FLEET_PEOPLE_H

#include "fleet.h"

/*
 * People, roles of one's own and API keys in the memory model: who they are and what they were
 * granted, so that a right can be asked without SQL.  What a permission or a built-in role
 * means is auth/permission.h's.  Kept right by db/feed.h like everything else.
 */

/* Permissions on one platform, or on all. */
struct fleet_grant {
    int64_t platform_id;
    const char *platform;    /* canonical name; NULL = all                 */
    const char *permissions; /* separated by one space                     */
};

struct fleet_person {
    int64_t id;
    const char *name;
    const char *roles; /* names separated by one space, those that are built in as well */
    size_t grant_count;
    const struct fleet_grant *grants; /* of the roles that are not built in */
};

/* Errors: OTA_E_NOT_FOUND (none, or disabled), OTA_E_BUSY (not loaded), OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err fleet_person(struct fleet *f, int64_t tenant_id, int64_t account_id,
                                    struct arena *a, struct fleet_person *out);

/* A role of one's own.  Errors: as fleet_person. */
OTA_MUST_CHECK ota_err fleet_role(struct fleet *f, int64_t tenant_id, const char *name,
                                  struct arena *a, size_t *out_count,
                                  const struct fleet_grant **out);

/* The platforms that a key names, as grants of its scopes.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err fleet_key_grants(struct fleet *f, const struct fleet_key *key,
                                        struct arena *a, size_t *out_count,
                                        const struct fleet_grant **out);

/* Rises whenever anything above may answer differently: keep an answer while it stands. */
uint64_t fleet_rights_version(struct fleet *f);

/* ---- filling, as in apply.h -------------------------------------------------------------- */

struct fleet_account_row {
    int64_t id;
    bool disabled;
    const char *name;
    const char *roles; /* separated by one space; NULL = none */
};

struct fleet_role_row {
    int64_t id;
    const char *name;
    size_t grant_count;
    const struct fleet_grant *grants; /* platform_id 0 = all; platform is not looked at */
};

OTA_MUST_CHECK ota_err fleet_put_account(struct fleet *f, int64_t tenant_id,
                                         const struct fleet_account_row *row);
OTA_MUST_CHECK ota_err fleet_put_role(struct fleet *f, int64_t tenant_id,
                                      const struct fleet_role_row *row);
/* Nothing there is no error. */
void fleet_remove_account(struct fleet *f, int64_t tenant_id, int64_t id);
void fleet_remove_role(struct fleet *f, int64_t tenant_id, int64_t id);

/* For the rest of fleet/: forget what was not put in this generation; everything. */
void people_sweep(struct fleet *f);
void people_free(struct fleet *f);

#endif
