#ifndef OTAD_TUF_ONLINE_H
#define OTAD_TUF_ONLINE_H

#include "document.h"
#include "otad/auth/online_key.h"

/* What otad signs itself for a repository: snapshot and timestamp (SPEC 10.3). */
struct online {
    struct online_keys *keys;
    struct arena *arena;
    int64_t now_unix_s;
    int64_t snapshot_s, timestamp_s; /* how long they count */
};

/* "snapshot", "timestamp" or "x-otad-director": the member of root that names our key. */
const char *online_member(enum online_role role);

/* May one of our keys, of whatever role, sign for these holders? */
bool online_is_among(struct online_keys *keys, const struct holder *h);

/* The key of ours that root names for role, the successor before the old one.
 * Errors: OTA_E_NOT_FOUND (none of ours, or more than one signature is wanted), OTA_E_BUSY (a
 * token that may hold it has not answered yet). */
OTA_MUST_CHECK ota_err online_key_of(struct online_keys *keys, struct canonical root,
                                     enum online_role role, uint8_t out[ONLINE_PUBLIC_BYTES]);

/*
 * Make the snapshot of targets and platform, or the timestamp of snapshot, of this version.
 * Errors: OTA_E_NOT_FOUND (root names none of our keys), OTA_E_BUSY (the token does not
 * answer), OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err online_snapshot(const struct online *o, struct canonical root,
                                       const char *platform, const struct repo_file *targets,
                                       const struct repo_file *role, int64_t version,
                                       struct repo_file *out);
OTA_MUST_CHECK ota_err online_timestamp(const struct online *o, struct canonical root,
                                        const struct repo_file *snapshot, int64_t version,
                                        struct repo_file *out);

/*
 * The version of the next snapshot or timestamp: the time, so that a database from a backup
 * does not go on below what clients have seen; but always higher than what stands, and never
 * more than a device can keep.
 */
int64_t online_next_version(int64_t standing, int64_t now_unix_s);

/* Is a renewal due (fleet_metadata_is_due)? */
bool online_is_due(const struct repo_file *f, int64_t life_s, int64_t now_unix_s);

/* "2026-11-20T12:00:00Z" */
enum { ONLINE_TIME_BYTES = 24 };
void online_time(int64_t unix_s, char out[ONLINE_TIME_BYTES]);

/* {"signatures":[{"keyid","sig"}],"signed":signed}.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err online_wrap(struct canonical body, const char *keyid,
                                   const uint8_t sig[ONLINE_SIGNATURE_BYTES], uint8_t *buf,
                                   size_t size, struct canonical *out);

#endif
