#ifndef KEYS_TOKEN_H
#define KEYS_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/crypto.h"
#include "secret.h"

/*
 * Keys in tokens and HSMs, by PKCS#11 spoken directly: the URI's module is loaded, nothing
 * stands between.  Ed25519 and P-256.  Private keys never leave the token.
 */
struct token_key;

/*
 * Errors: OTA_E_FORMAT (URI), OTA_E_NOT_FOUND (module, token, key), OTA_E_CONFLICT (several
 * match), OTA_E_AUTH (PIN), OTA_E_DENIED (locked), OTA_E_LIMIT (neither Ed25519 nor P-256),
 * OTA_E_IO (the token failed), OTA_E_NO_MEMORY, and the asker's.
 */
OTA_MUST_CHECK ota_err token_key_open(const char *uri, const struct asker *asker,
                                      struct token_key **out, struct why *why);
/* Make the key that the URI names; its object or id must be given and new. */
OTA_MUST_CHECK ota_err token_key_new(const char *uri, enum crypto_alg alg,
                                     const struct asker *asker, struct token_key **out,
                                     struct why *why);

struct token_public {
    enum crypto_alg alg;
    uint8_t key[CRYPTO_KEY_BYTES_MAX]; /* raw bytes (crypto_alg) */
    size_t key_bytes;
};
/* The public half alone; a PIN is used only if the token shows no such key without it. */
OTA_MUST_CHECK ota_err token_public_read(const char *uri, const struct asker *asker,
                                         struct token_public *out, struct why *why);
void token_key_free(struct token_key *k);

const struct token_public *token_key_public(const struct token_key *k);

/* Is the token still there, with this key in it?  Signs nothing.  Errors: as token_key_open. */
OTA_MUST_CHECK ota_err token_key_check(const struct token_key *k, struct why *why);

/* Ed25519: sign the message.  P-256: sign the digest of 32 bytes, r || s.  Both: 64 bytes. */
OTA_MUST_CHECK ota_err token_key_sign(const struct token_key *k, const void *message,
                                      size_t len, uint8_t out[64], struct why *why);

#endif
