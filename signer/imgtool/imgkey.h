#ifndef SIGNER_IMGTOOL_IMGKEY_H
#define SIGNER_IMGTOOL_IMGKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../firmware/image/err.h"
#include "../file.h"

/*
 * Keys as imgtool knows them: six kinds, private or public, through libcrypto.  Encrypted files
 * and pkcs11: URIs are signer's own keys (key.h).  Failures are said.
 */
enum imgkey_kind {
    IMGKEY_RSA2048,
    IMGKEY_RSA3072,
    IMGKEY_P256,
    IMGKEY_P384,
    IMGKEY_ED25519,
    IMGKEY_X25519,
    IMGKEY_KINDS
};

struct imgkey_traits {
    const char *type;    /* as `keygen -t` has it */
    const char *symbol;  /* in C and Rust names */
    uint16_t tlv;        /* of its signatures; 0: it signs nothing */
    uint16_t hash_bits;  /* of the image by default; Ed25519 may also use 512 */
    uint16_t padded_sig; /* --pad-sig makes it this long; 0 = as it is */
};

enum {
    IMGKEY_DER_BYTES_MAX = 1024,
    IMGKEY_SIG_BYTES_MAX = 512,
    IMGKEY_HASH_BYTES_MAX = 64,
    IMGKEY_FILE_BYTES_MAX = 16384,
};

struct imgkey;

/* A private or a public key.  Errors: those of file_read and key_read, OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err imgkey_read(const char *name, struct imgkey **out);
/* Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err imgkey_new(enum imgkey_kind kind, struct imgkey **out);
void imgkey_free(struct imgkey *k);

bool imgkey_is_private(const struct imgkey *k);
enum imgkey_kind imgkey_kind(const struct imgkey *k);
const struct imgkey_traits *imgkey_traits(enum imgkey_kind kind);

/* SHA-256, -384 or -512 of len bytes.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err imgkey_digest(unsigned bits, const void *data, size_t len,
                                     uint8_t out[IMGKEY_HASH_BYTES_MAX]);

/* What bootloaders hold: PKCS#1 for RSA, SubjectPublicKeyInfo else.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err imgkey_public_der(const struct imgkey *k,
                                         uint8_t out[IMGKEY_DER_BYTES_MAX], size_t *out_len);
/* SubjectPublicKeyInfo in PEM.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err imgkey_public_pem(const struct imgkey *k, struct file_bytes *out);

/*
 * Sign an image's digest, or with Ed25519 any message (pure).  What was signed is verified.
 * Errors, said: OTA_E_FORMAT (a public key, or one that signs nothing), OTA_E_INTERNAL.
 */
OTA_MUST_CHECK ota_err imgkey_sign(const struct imgkey *k, const void *message, size_t len,
                                   uint8_t out[IMGKEY_SIG_BYTES_MAX], size_t *out_len);
/* Errors: OTA_E_SIGNATURE, not said. */
OTA_MUST_CHECK ota_err imgkey_verify(const struct imgkey *k, const void *message, size_t len,
                                     const uint8_t *sig, size_t sig_len);

/*
 * The private key as DER, for bootloaders that decrypt; wipe and free it.  pkcs8 or the
 * traditional form; minimal leaves out what can be computed.
 * Errors, said: OTA_E_FORMAT (this kind has no such form, or the key is public).
 */
OTA_MUST_CHECK ota_err imgkey_private_der(const struct imgkey *k, bool pkcs8, bool minimal,
                                          struct file_bytes *out);

/*
 * PKCS#8 PEM, mode 0600; passphrase NULL = in the clear, else PBES2 (PBKDF2-HMAC-SHA256,
 * AES-256-CBC, as imgtool's, with more rounds).  An existing file is replaced only when told.
 * Errors, said: file_write_new's, OTA_E_INTERNAL.
 */
OTA_MUST_CHECK ota_err imgkey_write(const struct imgkey *k, const char *path,
                                    const char *passphrase, bool replace);

#endif
