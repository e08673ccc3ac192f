#ifndef KEYS_PEM_H
#define KEYS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/crypto.h"

/*
 * Keys as PEM files and everything P-256, through libcrypto.  Private: PKCS#8 (the traditional
 * EC form is read too); public: SubjectPublicKeyInfo.
 */
struct pem_key; /* a private or public key of libcrypto's */

enum { PEM_BYTES_MAX = 1024 };

/* From now on libcrypto wipes all memory that it frees, as it keeps copies of keys in it.
 * Before everything else that uses it.  Errors: OTA_E_INTERNAL (it was used already). */
OTA_MUST_CHECK ota_err pem_init(void);

/* Errors: OTA_E_FORMAT (no such key, or encrypted), OTA_E_LIMIT (neither Ed25519 nor P-256). */
OTA_MUST_CHECK ota_err pem_private_read(const void *text, size_t len, struct pem_key **out);
OTA_MUST_CHECK ota_err pem_public_read(const void *text, size_t len, struct pem_key **out);
bool pem_is_encrypted(const char *text);
/* An encrypted private key: PKCS#8 PBES2, or the traditional form.  Errors: as
 * pem_private_read, and OTA_E_AUTH (wrong passphrase, or damaged). */
OTA_MUST_CHECK ota_err pem_private_unlock(const void *text, size_t len, const char *passphrase,
                                          size_t passphrase_bytes, struct pem_key **out);

/* Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err pem_p256_new(struct pem_key **out);
/* From a seed of 32 bytes.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err pem_ed25519_new(const uint8_t seed[32], struct pem_key **out);
/* A public key from its raw bytes.  Errors: OTA_E_FORMAT (no point of the curve). */
OTA_MUST_CHECK ota_err pem_public_new(enum crypto_alg alg, const uint8_t *key, size_t len,
                                      struct pem_key **out);
void pem_free(struct pem_key *k);

enum crypto_alg pem_alg(const struct pem_key *k);
/* Raw public key: 32 bytes, or X || Y.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err pem_public(const struct pem_key *k, uint8_t out[CRYPTO_KEY_BYTES_MAX],
                                  size_t *out_len);
/* Ed25519 only.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err pem_ed25519_seed(const struct pem_key *k, uint8_t out[32]);

/* PEM text at out, which the caller wipes.  Errors: OTA_E_INTERNAL, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err pem_private_write(const struct pem_key *k, char *out, size_t room,
                                         size_t *out_len);
OTA_MUST_CHECK ota_err pem_public_write(const struct pem_key *k, char *out, size_t room,
                                        size_t *out_len);

/* ECDSA over a digest, DER.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err pem_p256_sign(const struct pem_key *k,
                                     const uint8_t digest[CRYPTO_DIGEST_BYTES],
                                     uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len);
/* An ECDSA signature r || s, as tokens make it, in DER.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err pem_p256_der(const uint8_t rs[64],
                                    uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len);

#endif
