#ifndef SIGNER_CMD_REPO_H
#define SIGNER_CMD_REPO_H

#include "repo.h"
#include "report.h"

/* The command line of `signer repo VERB`, the same for all of its verbs. */
enum { REPO_LIST_MAX = 64 };

struct repo_list {
    const char *at[REPO_LIST_MAX];
    size_t count;
};

struct repo_request {
    const char *dir, *platform, *class_name, *vendor, *online, *expires, *root_expires, *time;
    const char *channel, *version, *role, *key, *out, *root, *manifest, *release_key;
    const char *server, *ca, *api_key_file, *id;
    uint64_t root_threshold, targets_threshold, platform_threshold,
        threshold; /* 0 = not given */
    uint64_t retries, retry_wait_ms, timeout_s;
    struct repo_list root_key, targets_key, platform_key, online_key, boot_root, add, remove;
    struct repo_list operand;
    bool yes, dry_run;
    int64_t now_unix_s;
};

/* One verb each.  Everything that goes wrong is said. */
OTA_MUST_CHECK ota_err repo_run_init(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_add_release(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_cosign(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_rotate(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_revoke(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_renew(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_status(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_verify(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_publish(const struct repo_request *q);
OTA_MUST_CHECK ota_err repo_run_pull(const struct repo_request *q);

/* otad's answer to GET .../platforms/PLATFORM/tuf, by --server.  Free it with json_decref. */
OTA_MUST_CHECK ota_err repo_server_answer(const struct repo_request *q, const char *platform,
                                          json_t **out);

/* root, targets or the platform's name as a role; false: said. */
bool repo_role_of(const struct repo *r, const char *name, enum repo_role *out);
/* The members of a report about what stands and waits in a role. */
void repo_report_role(struct report *to, const struct repo *r, enum repo_role role);
/* "keyid": what repositories call this key.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err repo_report_keyid(struct report *to, const struct key_public *key);
/* "changes": what doc changes against old (NULL: nothing), a line each. */
void repo_report_changes(struct report *to, const json_t *old, const json_t *doc);
void repo_report_all(struct report *to, const struct repo *r);

#endif
