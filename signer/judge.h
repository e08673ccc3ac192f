#ifndef SIGNER_JUDGE_H
#define SIGNER_JUDGE_H

#include <stdbool.h>

#include "../firmware/image/image.h"
#include "key.h"
#include "report.h"

/* Judging images and key manifests on a host, and telling about them. */

/* Is the image signed by this key?  Neither counter nor class are asked for. */
enum image_verdict judge_with_key(const struct image_source *src, const struct key_public *key,
                                  struct image_info *out);

/* The three public boot roots.  Errors, said: as key_public_read; OTA_E_CONFLICT (two equal).
 */
OTA_MUST_CHECK ota_err judge_roots_read(const char *const path[MANIFEST_ROOTS],
                                        struct manifest_root out[MANIFEST_ROOTS]);

/* A key manifest from a file, verified.  Errors, said: file_read's, manifest_open's. */
OTA_MUST_CHECK ota_err judge_manifest_read(const char *path,
                                           const struct manifest_root roots[MANIFEST_ROOTS],
                                           struct manifest *out);

/* The members of an image, of a public key and of a manifest. */
void judge_report_image(struct report *r, const struct image_info *info);
/* minisign: its number in minisign files, too. */
void judge_report_key(struct report *r, const struct key_public *key, bool minisign);
void judge_report_manifest(struct report *r, const struct manifest *m);

#endif
