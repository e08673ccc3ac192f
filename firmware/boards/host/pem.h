#ifndef HOST_PEM_H
#define HOST_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "../../image/manifest.h"

/* Reading PEM files, for the tools that make devices. */

/* The first block "-----BEGIN label-----" of a text, decoded.
 * Errors: OTA_E_NOT_FOUND (no such block), OTA_E_FORMAT, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err pem_decode(const char *text, const char *label, uint8_t *out, size_t cap,
                                  size_t *out_len);

/* A public key (SubjectPublicKeyInfo, Ed25519 or P-256).  Errors: as above. */
OTA_MUST_CHECK ota_err pem_root(const char *text, struct manifest_root *out);

/* A whole file as text in a static buffer, valid until the next call; NULL if it cannot be read
 * or is larger than 64 KiB. */
const char *pem_file(const char *path);

#endif
