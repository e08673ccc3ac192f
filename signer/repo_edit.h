#ifndef SIGNER_REPO_EDIT_H
#define SIGNER_REPO_EDIT_H

#include "release.h"
#include "repo.h"

/* Making the next version of a role's file (SPEC 10.2, 10.3).  Failures are said. */
enum { REPO_RELEASES_MAX = 4, REPO_DAYS_MAX = 3650 };

/* When something made now expires: days from now, or a date.  Errors: OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err repo_expiry(const char *text, int64_t now_unix_s,
                                   char out[REPO_DATE_TEXT_BYTES]);

/* Write into doc when it is made (SPEC 10.1): devices take it as the least that the time can
 * be. */
void repo_date(json_t *doc, int64_t now_unix_s);

/* First documents, version 1, without keys, targets or delegation keys.  NULL: no memory. */
json_t *repo_root_first(const char *platform, const char *expires);
json_t *repo_targets_first(const char *platform, const char *class_text, const char *expires);
json_t *repo_platform_first(const char *expires);

/*
 * A copy of what is newest in role, to be proposed: the version after the one that stands, this
 * expiry (NULL: as before), no signatures.  NULL: no memory.
 */
json_t *repo_next(const struct repo *r, enum repo_role role, const char *expires);

/*
 * Give a role of doc (root: root, targets, snapshot, timestamp, x-otad-director; targets: the
 * platform's) one more key, an object.  Errors: OTA_E_CONFLICT (it has it), OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err repo_key_add(json_t *doc, const char *role, json_t *key);
/* A public key file; well-known sample keys are refused unless allowed. */
OTA_MUST_CHECK ota_err repo_key_add_file(json_t *doc, const char *role, const char *path);
/* Take one away by its keyid, or the beginning of it (8 digits at least), or its public file.
 * Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err repo_key_remove(json_t *doc, const char *role, const char *name);
/* All keys of a role away. */
void repo_keys_clear(json_t *doc, const char *role);
OTA_MUST_CHECK ota_err repo_threshold_set(json_t *doc, const char *role, uint64_t threshold);
/*
 * Forget keys that no role has, and see that the thresholds can be met and that no online key
 * (snapshot, timestamp, director) may sign what is signed offline.
 * Errors: OTA_E_CONFLICT, OTA_E_LIMIT (more different keys than a device knows at once).
 */
OTA_MUST_CHECK ota_err repo_keys_check(json_t *doc);

/* Is one key of the role named so, as for repo_key_remove?  Its keyid. */
bool repo_keyid_has(const json_t *doc, const char *role, const char *name,
                    char out[REPO_KEYID_TEXT_BYTES]);

/* The hardware class that targets is for, or NULL. */
const char *repo_class(const struct repo *r);

/*
 * Add the images among files as the newest head of channel to doc, a platform's role, and keep
 * the newest four releases, heads first.  Errors: OTA_E_CONFLICT (class, or that path with
 * other contents), OTA_E_FORMAT (no image).
 */
OTA_MUST_CHECK ota_err repo_release_add(const struct repo *r, json_t *doc,
                                        const struct release_file *files, size_t count,
                                        const char *version, const char *channel);

#endif
