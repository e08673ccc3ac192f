#ifndef OTAD_DB_RELEASE_LOCK_H
#define OTAD_DB_RELEASE_LOCK_H

#include "otad/fleet/version.h"
#include "release.h"
#include "tx.h"

/* What release.c and release_life.c share: a release whose row is ours until commit. */
struct release_locked {
    int64_t id, platform_id;
    enum release_state state;
    enum channel channel;
    struct version version;
    uint32_t security_counter;
    const char *notes;
    const char *minimum_version; /* NULL = any */
};

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err release_lock(struct db_tx *tx, const char *platform, const char *version,
                                    struct release_locked *out);

/* With artifacts, texts, running_on and history. */
OTA_MUST_CHECK ota_err release_get_id(struct db_tx *tx, int64_t id, struct release *out);

/* A line of its history; detail NULL = nothing to say. */
OTA_MUST_CHECK ota_err release_step_put(struct db_tx *tx, int64_t release_id, const char *step,
                                        const char *detail);

/* Errors: OTA_E_CONFLICT version-too-low, counter-too-low (than the newest that is released).
 */
struct release_floor {
    int64_t platform_id, except_release_id;
    const struct version *version;
    uint32_t security_counter;
    bool beta_too;
};
OTA_MUST_CHECK ota_err release_floor(struct db_tx *tx, const struct release_floor *f);

#endif
