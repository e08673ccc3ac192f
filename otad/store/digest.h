#ifndef OTAD_STORE_DIGEST_H
#define OTAD_STORE_DIGEST_H

#include <stddef.h>

#include "firmware/image/err.h"
#include "otad/digest.h"

/* SHA-256, SHA-1 and MD5 of one stream of bytes, in one pass. */
struct digester;

/* Errors: OTA_E_NO_MEMORY, OTA_E_INTERNAL (libcrypto has no such digest). */
OTA_MUST_CHECK ota_err digester_new(struct digester **out);
void digester_free(struct digester *d);

/* Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err digester_add(struct digester *d, const void *data, size_t len);
OTA_MUST_CHECK ota_err digester_end(struct digester *d, struct digests *out);

#endif
