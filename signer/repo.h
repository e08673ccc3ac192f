#ifndef SIGNER_REPO_H
#define SIGNER_REPO_H

#include "repo_doc.h"

/*
 * A repository of one platform (SPEC 10) in a folder: what is signed by enough lies in it as
 * N.root.json, N.targets.json and N.PLATFORM.json and is never changed again; the next version
 * of each, while it collects signatures, lies under the same name in pending/.
 */
enum repo_role { REPO_ROOT, REPO_TARGETS, REPO_PLATFORM, REPO_ROLES };

enum { REPO_NAME_BYTES_MAX = 63, REPO_KEYS_MAX = 8, REPO_THRESHOLD_MAX = 4 };

struct repo {
    const char *dir;
    int64_t now_unix_s;
    char platform[REPO_NAME_BYTES_MAX + 1];
    json_t *stands[REPO_ROLES];  /* the newest that is complete, or NULL */
    json_t *pending[REPO_ROLES]; /* the one after it, or NULL            */
};

/* Errors, said: OTA_E_NOT_FOUND (no repository there), OTA_E_IO, OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err repo_open(const char *dir, int64_t now_unix_s, struct repo *out);
/* The same of a folder that may lack roles, or not be there: what there is, with the platform's
 * name from its targets or, without any, from the caller (NULL: ""). */
OTA_MUST_CHECK ota_err repo_open_begun(const char *dir, int64_t now_unix_s,
                                       const char *platform, struct repo *out);
void repo_close(struct repo *r);

/* root, targets, or the platform's name. */
const char *repo_role_name(const struct repo *r, enum repo_role role);
/* The pending one if there is one, else the one that stands. */
json_t *repo_newest(const struct repo *r, enum repo_role role);

/* Who may sign something, and how many of them must. */
struct repo_signers {
    json_t *keys;   /* keyid -> key object */
    json_t *keyids; /* of this role        */
    uint64_t threshold;
};

/* What doc (a root, or a targets file with delegations) says about a role of this name; false:
 * nothing. */
bool repo_signers(const json_t *doc, const char *role, struct repo_signers *out);
bool repo_signers_have(const struct repo_signers *s, const char *keyid);
/* How many of them signed doc. */
uint64_t repo_signatures(const json_t *doc, const struct repo_signers *s);

/* Those asked about what is pending in a role: one list, or two for a root that follows another
 * (the new one's own first).  Returns how many lists. */
size_t repo_asked(const struct repo *r, enum repo_role role, struct repo_signers out[2]);
/* Has what is pending in role all the signatures that it needs? */
bool repo_complete(const struct repo *r, enum repo_role role);

/* The file's name, "3.targets.json". */
void repo_file_name(const struct repo *r, enum repo_role role, uint64_t version, char *out,
                    size_t room);

/* A version that stood, as far as the folder has it: *out is NULL if not.
 * Errors, said: OTA_E_FORMAT, OTA_E_IO. */
OTA_MUST_CHECK ota_err repo_older(const struct repo *r, enum repo_role role, uint64_t version,
                                  json_t **out);

/*
 * Make doc (taken over) what is pending in role, on disk too.  Errors, said: OTA_E_CONFLICT
 * (something pending there has signatures already), OTA_E_LIMIT (it would be larger than a
 * device reads), file_write's.
 */
OTA_MUST_CHECK ota_err repo_propose(struct repo *r, enum repo_role role, json_t *doc);
/* Write what is pending in role once more, with its new signatures. */
OTA_MUST_CHECK ota_err repo_save(const struct repo *r, enum repo_role role);
/* Let doc stand as the newest of its role.  Errors: file_write_new's. */
OTA_MUST_CHECK ota_err repo_stand(struct repo *r, enum repo_role role, json_t *doc);
/* Remove a version from pending/, if it is there.  Errors: OTA_E_IO, said. */
OTA_MUST_CHECK ota_err repo_unpend(const struct repo *r, enum repo_role role, uint64_t version);
/* Let everything pending that is complete stand, root first; a role under one that is still
 * pending waits.  Errors: file_write_new's. */
OTA_MUST_CHECK ota_err repo_settle(struct repo *r);

/* The text of a file as it is served. Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err repo_doc_text(const json_t *doc, struct file_bytes *out);

#endif
