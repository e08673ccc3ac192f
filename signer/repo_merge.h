#ifndef SIGNER_REPO_MERGE_H
#define SIGNER_REPO_MERGE_H

#include "repo.h"

/* Which role a file is of, by what is in it. */
enum repo_role repo_role_of_doc(const json_t *doc);

/* The key of this keyid, if it is asked to sign what is pending in role; else NULL. */
const json_t *repo_key_asked(const struct repo *r, enum repo_role role, const char *keyid);

/*
 * Take doc, which came from path or server, as what is pending in role, or its signatures if
 * that is pending already.  In memory: repo_save writes it.  Errors, said: OTA_E_ROLLBACK (not
 * the next version), OTA_E_CONFLICT (something else is pending), OTA_E_SIGNATURE (one that is
 * wrong, or of a key that may not), repo_rules'.
 */
OTA_MUST_CHECK ota_err repo_merge(struct repo *r, enum repo_role role, const char *path,
                                  const json_t *doc);

#endif
