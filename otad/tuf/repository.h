#ifndef OTAD_TUF_REPOSITORY_H
#define OTAD_TUF_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "otad/fleet/metadata.h"
#include "otad/fleet/model.h"
#include "otad/fleet/version.h"

/*
 * A platform's repository of signed metadata (SPEC 10) as plain structs: what is published,
 * what waits in the review queue, and what one step changes of it.  db/ reads and writes them,
 * review.h and online.h decide.
 */
enum {
    REPO_FILE_BYTES_MAX = 4096, /* what a device takes (SPEC 10.4) */
    REPO_SNAPSHOT_BYTES_MAX = 2048,
    REPO_TIMESTAMP_BYTES_MAX = 1024,
    REPO_PENDING_MAX = 8, /* files that wait, of one role */
    REPO_TARGETS_MAX = 16,
    REPO_RELEASES_MAX = 4,
    REPO_CHANNELS = CHANNEL_BETA + 1,
    REPO_NAME_BYTES = 96 /* "N.{role}.json" */
};

/* "platform" and the like: the database's word. */
const char *repo_role_word(enum repo_role role);
enum repo_role repo_role_parse(const char *word); /* REPO_ROLES for others */

/* Of the role of this platform: "m4" for REPO_PLATFORM. */
const char *repo_role_name(enum repo_role role, const char *platform);

/* "3.targets.json", "timestamp.json". */
void repo_file_name(enum repo_role role, const char *platform, int64_t version,
                    char out[REPO_NAME_BYTES]);

/*
 * The role and version of a file's name; without a number version is 0, which only
 * `timestamp.json` may lack where files are served.  Errors: OTA_E_NOT_FOUND.
 */
OTA_MUST_CHECK ota_err repo_file_parse(const char *name, const char *platform,
                                       enum repo_role *out_role, int64_t *out_version);

struct repo_file {
    enum repo_role role;
    int64_t version;
    const uint8_t *bytes; /* the canonical file; NULL = there is none */
    size_t len;
    int64_t expires_unix_s;
    int64_t at_unix_s; /* published or first sent */
    const char *by;
    uint8_t id[32]; /* SHA-256 of the signed part; of those that wait */
};

/* The highest that was ever listed on a channel. */
struct repo_floor {
    struct version version; /* len 0 = nothing was */
    uint32_t counter;
};

struct repo_state {
    const char *tenant;   /* name of the organisation */
    const char *platform; /* canonical name */
    bool has_class;
    uint8_t hardware_class[16];
    bool public_targets;
    bool has_director_key;
    uint8_t director_key[32];
    struct repo_floor floor[REPO_CHANNELS];
    struct repo_file file[REPO_ROLES]; /* the newest published */
    size_t pending_count;
    const struct repo_file *pending; /* oldest first */
};

/* A line of the platform's role, checked against the stored file. */
struct repo_target {
    const char *path;  /* "1.2.0/app.bin" */
    const char *entry; /* canonical JSON */
    int64_t release_id;
    uint8_t sha256[32];
};

/* What otad has stored under a version and a name. */
struct repo_artifact {
    int64_t release_id;
    enum release_state state;
    struct version version;
    uint32_t security_counter;
    int64_t size_bytes;
    uint8_t sha256[32];
    bool is_image;
    uint8_t hardware_class[16]; /* of an image */
};

/* Errors: OTA_E_NOT_FOUND, OTA_E_BUSY. */
struct repo_store {
    void *arg;
    ota_err (*find)(void *arg, const char *version, const char *name,
                    struct repo_artifact *out);
};

/* One step, written in one transaction. */
struct repo_change {
    struct repo_file publish[REPO_ROLES];
    size_t publish_count;
    struct repo_file
        keep; /* goes into the queue, or takes its old place there; bytes NULL = none */
    const struct repo_file *drop; /* leaves the queue; NULL = none */
    bool set_targets;
    size_t target_count;
    struct repo_target target[REPO_TARGETS_MAX];
    struct repo_floor floor[REPO_CHANNELS];
    bool has_director_key;
    uint8_t director_key[32];
};

#endif
