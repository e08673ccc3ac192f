#ifndef TUF_RSA_H
#define TUF_RSA_H

#include "../image/crypto_rsa.h"
#include "canonical.h"

/*
 * RSA keys of repositories (`rsa`, `rsassa-pss-sha256`), for clients on hosts that meet other
 * people's repositories; nothing of ours signs with them.  Device builds link rsa_none.c, which
 * knows no such key.
 */

/*
 * A public key as TUF has it, PEM of a SubjectPublicKeyInfo (RFC 8017, RFC 5280), strict DER:
 * modulus odd and of 2,048 to 4,096 bits, exponent odd and from 65,537 to 2^32 - 1.
 * Errors: OTA_E_FORMAT (also of a build without RSA), OTA_E_LIMIT (sizes).  *out may have
 * changed.
 */
OTA_MUST_CHECK ota_err tuf_rsa_read(const uint8_t *text, size_t len, struct crypto_rsa *out);

/* Is sig, a string of hexadecimal, key's over message? */
bool tuf_rsa_signed(const struct crypto_rsa *key, struct canonical message,
                    struct canonical sig);

#endif
