#ifndef TUF_SPKI_H
#define TUF_SPKI_H

#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"

/*
 * A P-256 public key as TUF has it, PEM of a SubjectPublicKeyInfo (RFC 5480) with an
 * uncompressed point, or that point alone in hexadecimal ("04" X Y), to X || Y.
 * Errors: OTA_E_FORMAT.
 */
OTA_MUST_CHECK ota_err tuf_spki_p256(const uint8_t *text, size_t len, uint8_t out[64]);

#endif
