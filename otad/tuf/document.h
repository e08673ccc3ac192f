#ifndef OTAD_TUF_DOCUMENT_H
#define OTAD_TUF_DOCUMENT_H

#include "firmware/tuf/meta.h"
#include "otad/arena.h"
#include "repository.h"

/* Signed files opened, and who may sign them.  For the files of tuf/ only. */
enum { HOLDER_KEYS_MAX = 8 /* that a device counts for a role (SPEC 10.4) */ };

struct document {
    struct tuf_file part;
    struct tuf_head head;
};

/* Who holds a role: its keys and its threshold. */
struct holder {
    struct tuf_key key[HOLDER_KEYS_MAX];
    struct tuf_keys ring;
    struct tuf_role role;
};

/* A file that we have checked once.  Verdicts: as tuf_head_read. */
enum tuf_verdict document_open(enum repo_role role, const uint8_t *bytes, size_t len,
                               struct document *out);

/*
 * Whatever JSON somebody sent, canonical, in the arena.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT (longer than REPO_FILE_BYTES_MAX, too deep, or the arena).
 */
OTA_MUST_CHECK ota_err document_canonical(struct arena *a, const uint8_t *text, size_t len,
                                          const uint8_t **out, size_t *out_len);

/* name: "root", ... or "x-otad-director".  Verdicts: as tuf_role_read. */
enum tuf_verdict holder_of_root(struct canonical root, const char *name, struct holder *out);

/* Has a device room for the different keys of all roles of this root, each of which is good? */
bool document_root_fits(struct canonical root);

/* Who targets.json delegates the platform to.  Verdicts: as tuf_role_read; TUF_ROLE_NAME. */
enum tuf_verdict holder_of_targets(struct canonical targets, const char *platform,
                                   struct holder *out);

/* Have enough of them signed? */
bool holder_signed(const struct holder *h, const struct document *d);
/* Has key n of theirs? */
bool holder_key_signed(const struct holder *h, unsigned n, const struct document *d);
/* Is this signature, {"keyid","sig"}, one of theirs over body? */
bool holder_takes(const struct holder *h, struct canonical entry, struct canonical body);

/* SHA-256 of the signed part: what a file in the queue is known by. */
void document_id(const struct document *d, uint8_t out[32]);
void document_sha256(const void *bytes, size_t len, uint8_t out[32]);

#endif
