#ifndef OTAD_AUTH_PUBLIC_KEY_H
#define OTAD_AUTH_PUBLIC_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/image/manifest.h"

/* Base64 with padding, no white space.  Errors: OTA_E_FORMAT, OTA_E_LIMIT (more than room). */
OTA_MUST_CHECK ota_err base64_decode(const char *text, size_t len, uint8_t *out, size_t room,
                                     size_t *out_bytes);

/*
 * A PEM SubjectPublicKeyInfo ("-----BEGIN PUBLIC KEY-----") of an Ed25519 or P-256 key.
 * Errors: OTA_E_FORMAT.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err public_key_parse(const char *pem, struct manifest_root *out);

#endif
