#ifndef SIGNER_REPO_RULES_H
#define SIGNER_REPO_RULES_H

#include "../firmware/image/image.h"
#include "repo.h"

/* What a platform's role says of one image. */
struct repo_image {
    const char *channel, *platform, *class_text;
    struct image_version version;
    uint32_t counter;
    uint64_t length;
};

/* false: path or entry are not as SPEC 10.2 has them. */
bool repo_image_read(const char *path, const json_t *entry, struct repo_image *out);

/*
 * May what is pending in role be signed and stand after what stands now?  Everything that otad
 * and devices would refuse is refused here first: not the next version, expired, a path outside
 * the delegation, another platform or class, a lower release or security counter in a channel,
 * a path with other contents, roles that cannot sign, well-known sample keys. Errors, said:
 * OTA_E_ROLLBACK, OTA_E_CONFLICT, OTA_E_FORMAT, OTA_E_LIMIT, OTA_E_DENIED.
 */
OTA_MUST_CHECK ota_err repo_rules(const struct repo *r, enum repo_role role);

/* The same of doc, whatever its expiry: may it stand after what stands now? */
OTA_MUST_CHECK ota_err repo_follows(const struct repo *r, enum repo_role role,
                                    const json_t *doc);

/* The rules of a role's contents alone, without something before it; doc may be any version. */
OTA_MUST_CHECK ota_err repo_contents(const struct repo *r, enum repo_role role,
                                     const json_t *doc);

/* Errors, said: OTA_E_ROLLBACK. */
OTA_MUST_CHECK ota_err repo_fresh(const struct repo *r, enum repo_role role, const json_t *doc);

#endif
