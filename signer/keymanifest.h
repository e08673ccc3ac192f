#ifndef SIGNER_KEYMANIFEST_H
#define SIGNER_KEYMANIFEST_H

#include "../firmware/image/manifest_parts.h"
#include "key.h"

/* Making key manifests (SPEC 3).  A file with too few signatures is an incomplete manifest: it
 * travels between the managers and nobody else takes it. */
struct keymanifest {
    uint8_t bytes[MANIFEST_BYTES_MAX];
    size_t len;
};

/* Body with no signature yet; only alg, purpose, key and key_bytes of its keys are used.
 * Errors, said: OTA_E_FORMAT (a key twice, a P-256 release key, no key). */
OTA_MUST_CHECK ota_err keymanifest_new(const struct manifest *m, struct keymanifest *out);

/* Errors, said: file_read's, OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err keymanifest_read(const char *path, struct keymanifest *out,
                                        struct manifest_parts *parts, struct manifest *m);

/* m with key's signature as this root (0 to 2) in addition.
 * Errors, said: OTA_E_CONFLICT (that root signed already), key_sign's. */
OTA_MUST_CHECK ota_err keymanifest_cosign(const struct keymanifest *m, const struct key *key,
                                          uint8_t root, struct keymanifest *out);

/* The signatures of both.  Errors, said: OTA_E_CONFLICT (different bodies), OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err keymanifest_merge(const struct keymanifest *a,
                                         const struct keymanifest *b, struct keymanifest *out);

#endif
