#ifndef OTAD_DB_RELEASE_H
#define OTAD_DB_RELEASE_H

#include "db.h"
#include "otad/fleet/model.h"

/* Releases and their artifacts.  platform may be an alias everywhere. */
struct release_file {
    const char *name;
    uint8_t sha256[32];
};

struct release_new {
    const char *platform, *version;
    const char *sums, *minisig, *notes;
    const char *sums_signed_by; /* 16 hex digits */
    uint32_t security_counter;
    size_t file_count;
    const struct release_file *files; /* what the sums name */
};

/*
 * Make the release as a draft, or return the one that has the very same sums and minisig.
 * Errors: OTA_E_NOT_FOUND (platform); OTA_E_FORMAT (version);
 * OTA_E_CONFLICT release-differs, version-too-low, counter-too-low (than the newest on stable).
 */
OTA_MUST_CHECK ota_err db_release_create(struct db_scope *s, const struct release_new *r,
                                         struct release *out);

/* With artifacts, texts, running_on and history.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_release_get(struct db_scope *s, const char *platform,
                                      const char *version, struct release *out);

/* Newest first, keyset by id; platform NULL = all; with artifacts, without texts.
 * Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_release_list(struct db_scope *s, const char *platform,
                                       const struct db_page *page, struct release **out,
                                       size_t *out_count);

/*
 * The file a->name of the release is stored and good.  Repeatable.  With the last one the
 * release becomes complete.
 * Errors: OTA_E_NOT_FOUND (release, or the sums do not name it); OTA_E_SIGNATURE (another
 * digest than the sums say); OTA_E_CONFLICT withdrawn.
 */
OTA_MUST_CHECK ota_err db_release_artifact_put(struct db_scope *s, const char *platform,
                                               const char *version, const struct artifact *a,
                                               struct release *out);

/*
 * Put a complete release on a channel; on the same channel already: no error.
 * Errors: OTA_E_NOT_FOUND; OTA_E_CONFLICT incomplete, withdrawn, already-released,
 * version-too-low, counter-too-low.
 */
OTA_MUST_CHECK ota_err db_release_release(struct db_scope *s, const char *platform,
                                          const char *version, enum channel channel,
                                          struct release *out);

/*
 * Bring a released one from beta to stable; on the same channel already: no error.
 * Errors: as db_release_release; OTA_E_CONFLICT not-released, and already-released for the way
 * back.
 */
OTA_MUST_CHECK ota_err db_release_promote(struct db_scope *s, const char *platform,
                                          const char *version, enum channel channel,
                                          struct release *out);

struct release_patch {
    const char *notes; /* NULL = as they are */
    bool set_minimum;
    const char *minimum_version; /* NULL = any version may update to it */
};

/*
 * Errors: OTA_E_NOT_FOUND; OTA_E_FORMAT (the minimum is no version, or not below the
 * release's); OTA_E_CONFLICT withdrawn.
 */
OTA_MUST_CHECK ota_err db_release_change(struct db_scope *s, const char *platform,
                                         const char *version, const struct release_patch *patch,
                                         struct release *out);

/* Offered to nobody any more; open updates to it are cancelled.  Again: no error.
 * Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_release_withdraw(struct db_scope *s, const char *platform,
                                           const char *version, const char *reason,
                                           struct release *out);

#endif
