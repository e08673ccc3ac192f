#ifndef TUF_SPKI_H
#define TUF_SPKI_H

#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"

/*
 * The DER in a PEM `PUBLIC KEY`, at most max bytes; nothing before it, line ends alone behind.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err tuf_spki_pem(const uint8_t *text, size_t len, uint8_t *out, size_t max,
                                    size_t *out_len);

/*
 * A P-256 public key as TUF has it, PEM of a SubjectPublicKeyInfo (RFC 5480) with an
 * uncompressed point, or that point alone in hexadecimal ("04" X Y), to X || Y.
 * Errors: OTA_E_FORMAT.
 */
OTA_MUST_CHECK ota_err tuf_spki_p256(const uint8_t *text, size_t len, uint8_t out[64]);

#endif
