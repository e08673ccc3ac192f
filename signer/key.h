#ifndef SIGNER_KEY_H
#define SIGNER_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/crypto.h"
#include "../firmware/image/manifest.h"
#include "../firmware/image/minisig.h"
#include "../keys/keybox.h"
#include "ask.h"

/*
 * Signing keys.  Secrets lie in memory that is locked, guarded and wiped when freed; no other
 * module sees them.  Failures are said.
 *
 * A key is named by a file (PEM: plain PKCS#8, PKCS#8 with a passphrase, or our own encrypted
 * form, SPEC 11) or by a pkcs11: URI.  Passphrases and PINs are asked for when needed
 * (ask.h).
 */
struct key; /* a private key, or one that a token keeps */

/* The public half, as manifests and verification use it. */
struct key_public {
    enum crypto_alg alg;
    size_t bytes;
    uint8_t key[CRYPTO_KEY_BYTES_MAX];
    uint8_t hash[CRYPTO_DIGEST_BYTES]; /* KEYHASH (SPEC 2.4) */
};

/* Before everything else.  Errors: OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err key_init(void);

/* Errors: OTA_E_NO_MEMORY, OTA_E_INTERNAL. */
OTA_MUST_CHECK ota_err key_new(enum crypto_alg alg, struct key **out);
/* Errors: OTA_E_IO, OTA_E_NOT_FOUND, OTA_E_FORMAT, OTA_E_LIMIT, OTA_E_AUTH (passphrase, PIN),
 * OTA_E_DENIED (a published key, unless --allow-sample-key). */
OTA_MUST_CHECK ota_err key_read(const char *name, struct key **out);
bool key_is_uri(const char *name);
/* Does this private file ask for a passphrase?  Errors: OTA_E_IO, OTA_E_NOT_FOUND, OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err key_file_is_encrypted(const char *path, bool *out);
/* Make a key in a token; the URI names the token and the new object. */
OTA_MUST_CHECK ota_err key_token_new(const char *uri, enum crypto_alg alg, struct key **out);
void key_free(struct key *k);

const struct key_public *key_public(const struct key *k);

/*
 * Write PATH (PKCS#8, 0600) and PATH.pub, where a trailing ".pem" of PATH gives way to ".pub"
 * in the second name.  Nothing is overwritten without force.
 */
OTA_MUST_CHECK ota_err key_write(const struct key *k, const char *path, bool force);
/* The same in our encrypted form, with a passphrase from this source. */
OTA_MUST_CHECK ota_err key_write_encrypted(const struct key *k, const char *path,
                                           const struct keybox_cost *cost,
                                           enum secret_kind passphrase, bool force);
/* Only the private file, in either form (plain: cost is NULL). */
OTA_MUST_CHECK ota_err key_write_private(const struct key *k, const char *path,
                                         const struct keybox_cost *cost,
                                         enum secret_kind passphrase, bool force);
OTA_MUST_CHECK ota_err key_public_write(const struct key_public *public, const char *path,
                                        bool force);
/* The name of the public file of path: FILE.pem -> FILE.pub, else FILE.pub. */
void key_sibling(const char *path, const char *ending, char *out, size_t room);

/* Sign a SHA-256 digest as crypto_verify checks it. */
OTA_MUST_CHECK ota_err key_sign(const struct key *k, const uint8_t digest[CRYPTO_DIGEST_BYTES],
                                uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX], size_t *out_len);

/* minisign over message with this trusted comment (Ed25519 only, checked with a message). */
OTA_MUST_CHECK ota_err key_minisign(const struct key *k, const void *message, size_t len,
                                    const char *comment, struct minisig *out);
/* Sign the message as it is (signify's form).  Ed25519 only. */
OTA_MUST_CHECK ota_err key_sign_message(const struct key *k, const void *message, size_t len,
                                        uint8_t out[MINISIG_SIGNATURE_BYTES]);

/* A public key from a file (public PEM, or the public half of a private one) or a token. */
OTA_MUST_CHECK ota_err key_public_read(const char *name, struct key_public *out);

/* Is the private half of this key, called name, published?  For every key that is about to be
 * trusted.  Errors: OTA_E_DENIED unless --allow-sample-key. */
OTA_MUST_CHECK ota_err key_sample_check(const struct key_public *public, const char *name);

/* "ed25519", "p256". */
const char *key_alg_name(enum crypto_alg alg);

/* Locked memory for other secrets (API keys), wiped by key_secret_free. */
void *key_secret_alloc(size_t len);
void key_secret_free(void *p);
void key_wipe(void *p, size_t len);
/* What calls that have returned left on the stack: libraries decode keys there. */
void key_wipe_stack(void);
/* A random number below limit, for back-off. */
uint32_t key_random(uint32_t limit);
void key_random_bytes(void *out, size_t len);

#endif
