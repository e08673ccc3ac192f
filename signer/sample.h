#ifndef SIGNER_SAMPLE_H
#define SIGNER_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "../firmware/image/crypto.h"

/* Keys whose private halves are published: what they sign, anybody can sign. */

/* Where the key with this hash (SHA-256 of SubjectPublicKeyInfo) is published, or NULL. */
const char *sample_key_source(const uint8_t hash[CRYPTO_DIGEST_BYTES]);

/* --allow-sample-key was given. */
void sample_keys_allow(void);
bool sample_keys_allowed(void);

#endif
