#ifndef OTAD_FLEET_MODEL_H
#define OTAD_FLEET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What otad knows about devices, releases and updates, as plain structs: rows of the database
 * (db/), entries of the memory model (fleet.h) and members of the API (SPEC 8) have these
 * names.
 *
 * Strings end in zero and belong to the arena they were filled from.  A string is never NULL
 * unless its comment says so.  Times are seconds since 1970 UTC, 0 = never.  Numbers called
 * *_no are ours and never leave the server.
 */
enum { TENANT_DEFAULT = 1, FLEET_HASH_BYTES = 32, FLEET_DETAILS_MAX = 50 };

enum channel { CHANNEL_NONE = 0, CHANNEL_STABLE = 1, CHANNEL_BETA = 2 };

enum device_state { DEVICE_NEVER = 0, DEVICE_ONLINE = 1, DEVICE_LATE = 2, DEVICE_OFFLINE = 3 };

enum release_state {
    RELEASE_DRAFT = 1,    /* artifacts are missing                         */
    RELEASE_COMPLETE = 2, /* may be assigned by hand, is not on a channel  */
    RELEASE_RELEASED = 3, /* on its channel                                */
    RELEASE_WITHDRAWN = 4 /* offered to nobody any more                    */
};

enum update_state { /* open: PENDING to CANCELLING; the rest is closed and never changes */
                    UPDATE_PENDING = 1,
                    UPDATE_RETRIEVED = 2,
                    UPDATE_DOWNLOADING = 3,
                    UPDATE_DOWNLOADED = 4,
                    UPDATE_INSTALLING = 5,
                    UPDATE_CANCELLING = 6,
                    UPDATE_SUCCEEDED = 7,
                    UPDATE_FAILED = 8,
                    UPDATE_CANCELLED = 9
};

/* The words of the API and of the database.  _parse: 0 (none) for every other text. */
const char *channel_name(enum channel c); /* NULL for CHANNEL_NONE */
enum channel channel_parse(const char *text);
const char *device_state_name(enum device_state s);
const char *release_state_name(enum release_state s);
enum release_state release_state_parse(const char *text);
const char *update_state_name(enum update_state s);
enum update_state update_state_parse(const char *text);
/* False if text names none (never, online, late, offline). */
bool device_state_parse(const char *text, enum device_state *out);

/* Without a poll for so many seconds a device is late, or offline. */
struct device_lateness {
    uint32_t late_s, offline_s;
};
enum device_state device_state_at(int64_t last_seen_unix_s, int64_t now_unix_s,
                                  struct device_lateness lateness);

/* What a device tells of itself (SPEC 6.2).  Strings up to 64 characters, NULL = not told;
 * numbers -1 = not told. */
struct heartbeat {
    int64_t at_unix_s;
    const char *version, *slot, *reset_cause, *address, *app;
    int64_t uptime_s, free_bytes;
    /* What it trusts of its platform's repository has expired by its own reckoning, and it has
     * said so since then without a break (SPEC 10.7); 0 = it does not say so. */
    int64_t stale_since_unix_s;
};

/* Which of the files that are published for a platform expires first; role NULL = none are. */
struct metadata_end {
    const char *role;
    int64_t expires_unix_s;
};

struct update_event {
    int64_t at_unix_s;
    const char *execution;    /* as the device sent it, or retrieved, created, cancel    */
    const char *result;       /* success, failure, none                                  */
    int32_t progress_percent; /* -1 = not told                                           */
    size_t detail_count;
    const char *const *details;
};

struct update {
    int32_t id; /* DDI action id: positive, of two digits at least, not one digit and zeros  */
    int64_t device_no, release_id;
    const char *device, *platform, *version;
    const char *from_version; /* NULL = unknown */
    enum update_state state;
    int32_t progress_percent; /* 0 to 100 */
    const char *reason;       /* NULL unless failed or cancelled with a reason */
    const char *created_by;
    bool plain; /* a session of the plain door, not one that DDI polls for */
    int64_t created_at_unix_s, updated_at_unix_s, closed_at_unix_s;
    int64_t started_at_unix_s; /* 0 = the device has not begun */
    size_t event_count;        /* 0 where events are not asked for; oldest first */
    const struct update_event *events;
};

/* How a device's newest update ended. */
struct update_end {
    enum update_state state;
    const char *version, *reason; /* reason NULL = none was told */
    int64_t closed_at_unix_s;
};

struct device_attribute {
    const char *key, *value;
};

struct device {
    int64_t no;
    const char *id;       /* controller id */
    const char *name;     /* may be empty  */
    const char *platform; /* NULL = not known yet */
    enum channel channel;
    const char *version;        /* that runs; NULL = unknown                       */
    const char *target_version; /* of the open update, NULL without one            */
    const char *address;        /* of the last poll; may be empty                  */
    int64_t last_seen_at_unix_s, registered_at_unix_s;
    bool plain; /* known by sessions of the plain door alone, has no token */
    bool has_update, has_last_update, has_heartbeat;
    struct update update;          /* the open one, without events */
    struct update_end last_update; /* never beside an open one     */
    struct heartbeat heartbeat;
    struct metadata_end published; /* from memory; not in rows */
    size_t attribute_count;        /* 0 in lists */
    const struct device_attribute *attributes;
};

enum artifact_kind {
    ARTIFACT_FILE = 1,
    ARTIFACT_MCUBOOT = 2,
    ARTIFACT_ESP = 3, /* this and the following: SPEC 5.4 */
    ARTIFACT_UF2 = 4,
    ARTIFACT_CORTEX_M = 5,
    ARTIFACT_CYCLONEDX = 6,
    ARTIFACT_SPDX = 7
};
const char *artifact_kind_name(enum artifact_kind k);
enum artifact_kind artifact_kind_parse(const char *text); /* ARTIFACT_FILE for others */

struct artifact {
    const char *name;
    int64_t size_bytes;
    uint8_t sha256[32], sha1[20], md5[16];
    enum artifact_kind kind;
    const char *chip;    /* of ESP images: "ESP32-C3"; NULL otherwise               */
    const char *details; /* JSON object of what was read from it; NULL = nothing was */
    /* Only for ARTIFACT_MCUBOOT: */
    const char *version; /* NULL otherwise */
    uint32_t security_counter;
    uint8_t hardware_class[16], key_hash[32];
};

/* One line of a release's history. */
struct release_step {
    int64_t at_unix_s;
    const char *by, *step, *detail; /* detail may be empty */
};

struct release {
    int64_t id;
    const char *platform, *version;
    enum channel channel;
    enum release_state state;
    uint32_t security_counter;
    const char *notes, *created_by;
    int64_t created_at_unix_s, released_at_unix_s;
    const char *withdrawn_reason;          /* NULL unless withdrawn */
    const char *sums_signed_by;            /* minisign key number, 16 hex digits */
    const char *sums, *minisig;            /* texts as uploaded; NULL in lists  */
    int64_t running_on;                    /* devices whose version it is       */
    const char *minimum_version;           /* lowest that may update to it; NULL = any */
    size_t artifact_count, expected_count; /* uploaded; named by the sums */
    const struct artifact *artifacts;      /* by name */
    size_t step_count;
    const struct release_step *steps; /* NULL where history is not asked for; oldest first */
};

/* Is it a file that a device could take: all but bills of materials. */
bool artifact_is_for_devices(const struct artifact *a);

/* The bill of materials among a release's files, NULL = none is stored. */
const struct artifact *release_sbom(const struct release *r);

#endif
