#ifndef TUF_CLIENT_H
#define TUF_CLIENT_H

#include "meta.h"

/*
 * The client workflow (TUF 1.0.34, section 5; SPEC 10.6) as a state machine without I/O of its
 * own.  It says which file it wants and how long that may be; the caller fetches it into
 * memory.file and says how many bytes came.  Files that passed are handed to the store as they
 * were served.  After a verdict other than TUF_GOOD the cycle is over; start again.
 *
 *     v = tuf_client_start(&c, &setup, path);
 *     while (v == TUF_GOOD && tuf_client_wants(&c, name, sizeof name, &max))
 *         v = fetched ? tuf_client_got(&c, len) : tuf_client_absent(&c);
 */

/* What is too much.  SPEC 10.4. */
struct tuf_limits {
    size_t root_bytes, timestamp_bytes, snapshot_bytes, targets_bytes;
    unsigned roots;       /* new roots in one cycle                                          */
    unsigned delegations; /* roles looked at for one path, targets aside                     */
    struct tuf_key_rules keys;
    bool any_form; /* JSON of any form is taken and put into canonical order; without it,
                      files must be canonical as served, and memory.text isn't needed       */
};

extern const struct tuf_limits tuf_device_limits; /* SPEC 10.4                              */
extern const struct tuf_limits tuf_host_limits;   /* those of the reference clients         */

/* Trusted files by the name under which a client keeps them: "root.json", no version. */
struct tuf_store {
    void *arg;
    /* Errors: OTA_E_NOT_FOUND, OTA_E_LIMIT (longer than max), OTA_E_IO. */
    ota_err (*load)(void *arg, const char *name, uint8_t *buf, size_t max, size_t *out_len);
    ota_err (*save)(void *arg, const char *name, const uint8_t *bytes, size_t len);
    ota_err (*forget)(void *arg, const char *name); /* OTA_OK if it wasn't there            */
};

/* A role on the way to a path.  The caller gives keys.key and keys.max. */
struct tuf_visit {
    char name[TUF_NAME_MAX];
    struct tuf_keys keys;
    struct tuf_role role;
    bool terminating;
};

/* The caller's memory.  Nothing else is used but the stack. */
struct tuf_memory {
    uint8_t *file; /* what is fetched, loaded and saved; as long as the longest limit        */
    size_t file_bytes;
    uint8_t *text, *copy; /* any_form: the same length each                                  */
    struct canonical_slot *slot;
    size_t slots;
    uint8_t *meta; /* the snapshot's list of files */
    size_t meta_bytes;
    struct tuf_keys keys; /* key and max: the root's keys */
    struct tuf_visit *visit;
    unsigned visits; /* at least 1, and its key.max that of keys */
};

/*
 * Versions below which nothing is taken, for a caller that keeps no files but the root (0:
 * none). A root that changes the keys of timestamp or snapshot makes them 0 (fast-forward
 * recovery).
 */
struct tuf_versions {
    uint64_t root, timestamp, snapshot, targets, role;
    const char *role_name; /* the platform, whose version `role` is; NULL: nobody's */
};

struct tuf_setup {
    const struct tuf_limits *limits;
    const struct tuf_store *store;
    struct tuf_memory memory;
    struct tuf_versions floor;
    uint64_t now_unix_s; /* for the whole cycle */
};

enum tuf_step {
    TUF_WANTS_ROOT,
    TUF_WANTS_TIMESTAMP,
    TUF_WANTS_SNAPSHOT,
    TUF_WANTS_ROLE,
    TUF_READY,
    TUF_REFUSED
};

enum {
    TUF_ROLE_ROOT,
    TUF_ROLE_TIMESTAMP,
    TUF_ROLE_SNAPSHOT,
    TUF_ROLE_TARGETS,
    TUF_ROLE_DIRECTOR,
    TUF_ROLES
};

/* Read what you like; written by client.c only. */
struct tuf_client {
    struct tuf_setup s;
    enum tuf_step step;
    unsigned roots_taken;
    bool consistent_snapshot;
    bool names_platform;             /* the root does                                        */
    struct tuf_role role[TUF_ROLES]; /* members are keys of s.memory.keys                    */
    bool has_director;
    struct tuf_head root, timestamp, targets, delegated; /* version 0: none yet              */
    struct tuf_listed snapshot; /* as the timestamp has it                                   */
    uint64_t snapshot_version;  /* of meta; 0: none                                          */
    struct canonical text;      /* of the file that was taken last                           */
    struct canonical meta;      /* in s.memory.meta                                          */
    const char *path;
    unsigned at, count; /* visit[at - 1] is being looked at; 0 is targets                    */
    struct tuf_target target; /* found: custom is a view into text                           */
    bool found;
};

/*
 * Begin a cycle: the store has a root, which is trusted.  path is the target to look for, whose
 * role is then looked for in the same cycle; NULL: only refresh.  path and setup's pointers
 * must outlive the cycle.
 */
enum tuf_verdict tuf_client_start(struct tuf_client *c, const struct tuf_setup *setup,
                                  const char *path);

/*
 * The file to fetch, relative to the metadata's URL and percent-encoded, and how many bytes of
 * it to take; false when there is none.  A name longer than size is TUF_LIMIT at the next call.
 */
bool tuf_client_wants(struct tuf_client *c, char *name, size_t size, size_t *out_bytes_max);

/* It is in memory.file.  len above bytes_max says that there was more. */
enum tuf_verdict tuf_client_got(struct tuf_client *c, size_t len);
/* The server says that there is no such file. */
enum tuf_verdict tuf_client_absent(struct tuf_client *c);

/* Look for another target in a client that is TUF_READY. */
enum tuf_verdict tuf_client_find(struct tuf_client *c, const char *path);

/* What a device has to remember. role_name as in the floor. */
void tuf_client_versions(const struct tuf_client *c, struct tuf_versions *out);

/*
 * The first of a trusted root without a store: for `init`, and for a device that checks what it
 * is provisioned with.  Takes len bytes of memory.file.
 */
enum tuf_verdict tuf_client_root(struct tuf_client *c, const struct tuf_setup *setup,
                                 size_t len);

/* Percent-encoded ROLE.json or, with a version, V.ROLE.json.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err tuf_file_name(const char *role, uint64_t version, char *out,
                                     size_t size);

#endif
