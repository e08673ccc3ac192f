#ifndef TUF_META_H
#define TUF_META_H

#include "../image/sha512.h"
#include "roles.h"

/*
 * The metadata files (TUF 1.0.34, section 4; SPEC 10.1) as views into canonical text.  Whoever
 * calls these has seen canonical_check or canonical_sort succeed.
 */
enum {
    TUF_NAME_MAX = 256, /* bytes of a delegated role's name */
    TUF_PATH_MAX = 512, /* of a target's path               */
    TUF_SPEC_MAJOR = 1,
};

enum tuf_type { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS };

/* {"signatures": ..., "signed": ...} */
struct tuf_file {
    struct canonical signatures, body;
};

struct tuf_head {
    uint64_t version;
    uint64_t expires_unix_s;
    uint64_t signed_unix_s; /* when it was made, by those who sign it; 0: it does not say     */
};

struct tuf_hashes {
    bool has_sha256, has_sha512;
    uint8_t sha256[CRYPTO_DIGEST_BYTES], sha512[CRYPTO_SHA512_BYTES];
};

/* What timestamp and snapshot say of a file. */
struct tuf_listed {
    uint64_t version;
    bool has_length, has_hashes;
    uint64_t length;
    struct tuf_hashes hashes;
};

struct tuf_target {
    uint64_t length;
    struct tuf_hashes hashes;
    struct canonical custom; /* a view; len 0 when there is none */
};

/* A delegation, as views. */
struct tuf_delegation {
    struct canonical name; /* a string */
    struct canonical entry, keys;
    bool terminating;
};

/* Verdicts: TUF_MEMBER. */
enum tuf_verdict tuf_file_open(struct canonical text, struct tuf_file *out);

/* Exactly YYYY-MM-DDTHH:MM:SSZ, 1970 to 9999.  Errors: OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err tuf_time(struct canonical v, uint64_t *out_unix_s);

/* What all four have.  Verdicts: TUF_MEMBER, TUF_TYPE, TUF_SPEC_VERSION. */
enum tuf_verdict tuf_head_read(struct canonical body, enum tuf_type type, struct tuf_head *out);

/* {"version"[,"length","hashes"]}.  Verdicts: TUF_MEMBER. */
enum tuf_verdict tuf_listed_read(struct canonical v, struct tuf_listed *out);

/* timestamp: exactly one file, the snapshot.  Verdicts: TUF_MEMBER. */
enum tuf_verdict tuf_timestamp_read(struct canonical body, struct tuf_listed *out_snapshot);

/* snapshot: every entry well formed.  Verdicts: TUF_MEMBER, TUF_UNLISTED (no targets.json). */
enum tuf_verdict tuf_snapshot_read(struct canonical body, struct canonical *out_meta);

/*
 * Nothing that was listed may vanish or go back.
 * Verdicts: TUF_VANISHED, TUF_ROLLBACK, TUF_MEMBER.
 */
enum tuf_verdict tuf_snapshot_follows(struct canonical old_meta, struct canonical new_meta);

/* What meta says of NAME.json.  Verdicts: TUF_UNLISTED, TUF_MEMBER. */
enum tuf_verdict tuf_snapshot_find(struct canonical meta, const char *role,
                                   struct tuf_listed *out);

/*
 * targets and delegated roles: everything in them well formed, names of delegated roles
 * unique and not those of the four top roles.
 * Verdicts: TUF_MEMBER, TUF_TWICE, TUF_ROLE_NAME.
 */
enum tuf_verdict tuf_targets_check(struct canonical body);

/* Verdicts: TUF_NO_TARGET, TUF_MEMBER. */
enum tuf_verdict tuf_target_find(struct canonical body, const char *path,
                                 struct tuf_target *out);

/* Delegations in their order of priority.  False at the end. */
struct canonical_walk tuf_delegations(struct canonical body);
bool tuf_delegation_next(struct canonical_walk *w, struct canonical body,
                         struct tuf_delegation *out);
/* May this delegation speak of path? */
bool tuf_delegation_covers(const struct tuf_delegation *d, const char *path);

/* `*` and `?` never cross a `/`. */
bool tuf_path_matches(struct canonical pattern, const char *path);

/* Equal length and equal digests, at least one of them; custom byte for byte. */
bool tuf_target_same(const struct tuf_target *a, const struct tuf_target *b);

/* Verdicts: TUF_LENGTH, TUF_HASH. */
enum tuf_verdict tuf_hashes_check(const struct tuf_hashes *h, const uint8_t *bytes, size_t len);

#endif
