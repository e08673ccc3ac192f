#ifndef SIGNER_REPO_ONLINE_H
#define SIGNER_REPO_ONLINE_H

#include "repo.h"

/*
 * Put the server's online keys into a root in place of those it names for snapshot, timestamp
 * and director: from otad's answer (its "online", in a file or parsed), or one public key for
 * all three. Errors, said: file_read's, OTA_E_FORMAT, repo_key_add's.
 */
OTA_MUST_CHECK ota_err repo_online_file(json_t *root, const char *path);
OTA_MUST_CHECK ota_err repo_online_answer(json_t *root, const json_t *answer, const char *from);
OTA_MUST_CHECK ota_err repo_online_keys(json_t *root, const char *const *paths, size_t count);

#endif
