#ifndef OTAD_FLEET_METADATA_H
#define OTAD_FLEET_METADATA_H

#include "fleet.h"

/*
 * Repositories of signed metadata (SPEC 10) in memory: what clients fetch, what the director
 * answers, and which releases a repository keeps back.  The bytes are the database's; nothing
 * here understands them.
 */
enum repo_role {
    REPO_ROOT,
    REPO_TARGETS,
    REPO_PLATFORM, /* the role named like the platform */
    REPO_SNAPSHOT,
    REPO_TIMESTAMP,
    REPO_ROLES
};

struct fleet_metadata_file {
    int64_t version; /* 0 = there is none */
    const uint8_t *bytes;
    size_t len;
    int64_t expires_unix_s, at_unix_s; /* at: published */
};

struct fleet_metadata_target {
    const char *path, *entry;
    int64_t release_id;
    uint8_t sha256[32];
    bool beta_alone; /* its release is listed for no other channel */
};

struct fleet_metadata_row {
    int64_t platform_id;
    bool public_targets;
    uint8_t director_key[32];
    struct fleet_metadata_file file[REPO_ROLES]; /* the newest of each */
    size_t target_count;
    const struct fleet_metadata_target *target;
};

/* Put, replacing what the platform had; all is copied.
 * Errors: OTA_E_NO_MEMORY, OTA_E_NOT_FOUND (tenant or platform). */
OTA_MUST_CHECK ota_err fleet_put_metadata(struct fleet *f, int64_t tenant_id,
                                          const struct fleet_metadata_row *row);

/* Where somebody asks. */
struct fleet_metadata_at {
    const char *tenant;   /* its name */
    const char *platform; /* name or alias */
};

/* The newest file of role.  Errors: OTA_E_NOT_FOUND, OTA_E_BUSY (not loaded), OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err fleet_metadata_file(struct fleet *f, const struct fleet_metadata_at *at,
                                           enum repo_role role, struct arena *a,
                                           struct fleet_metadata_file *out);

/* Tenant and canonical name of a platform with a repository.
 * Errors: OTA_E_NOT_FOUND, OTA_E_BUSY, OTA_E_LIMIT. */
struct fleet_metadata_where {
    int64_t tenant_id;
    const char *platform;
    bool public_targets;
};
OTA_MUST_CHECK ota_err fleet_metadata_find(struct fleet *f, const struct fleet_metadata_at *at,
                                           struct arena *a, struct fleet_metadata_where *out);

/*
 * A file of a release of this platform that is not withdrawn, and whether the newest role lists
 * it.  Errors: as fleet_metadata_find.
 */
OTA_MUST_CHECK ota_err fleet_metadata_artifact(struct fleet *f,
                                               const struct fleet_metadata_at *at,
                                               const char *version, const char *name,
                                               struct arena *a, struct artifact *out,
                                               bool *out_listed);

/*
 * The same for a device, which may fetch what the newest role of its own platform lists.
 * Errors: as fleet_poll; OTA_E_NOT_FOUND (another platform, or not listed).
 */
OTA_MUST_CHECK ota_err fleet_metadata_artifact_of(struct fleet *f,
                                                  const struct fleet_caller *who,
                                                  const char *platform, const char *version,
                                                  const char *name, struct arena *a,
                                                  struct artifact *out);

/* What the director has to say to a caller (SPEC 10.5). */
struct fleet_director {
    uint8_t key[32];
    const char *path, *entry; /* of the image assigned; NULL = none is */
};

/* Errors: as fleet_poll; OTA_E_NOT_FOUND also when the device's platform has no repository. */
OTA_MUST_CHECK ota_err fleet_director(struct fleet *f, const struct fleet_caller *who,
                                      struct arena *a, struct fleet_director *out);

/* How long snapshots and timestamps count, and the time it is. */
struct fleet_metadata_lives {
    int64_t now_unix_s, snapshot_s, timestamp_s;
};

/* Clocks of otads that share a database may differ by this. */
enum { METADATA_SKEW_S = 300 };

/* Is half of its life over?  Or does it count for longer than anything made now would, since it
 * was made by a clock that was ahead, or when lives were longer? */
bool fleet_metadata_is_due(int64_t expires_unix_s, int64_t life_s, int64_t now_unix_s);

struct fleet_metadata_due {
    int64_t tenant_id;
    const char *platform;
};

/* Repositories whose snapshot or timestamp is due: at most max, names in the arena.  Returns
 * the count. */
size_t fleet_metadata_due(struct fleet *f, const struct fleet_metadata_lives *lives,
                          struct arena *a, struct fleet_metadata_due *out, size_t max);

#endif
