#ifndef OTA_HOST_MINISIGN_H
#define OTA_HOST_MINISIGN_H

#include <stddef.h>
#include <stdint.h>

#include "../../image/err.h"
#include "../../image/manifest.h"
#include "../../image/minisig.h"

/* Checking minisign signatures (SPEC 5.2).  Only hosts need it: signer and otad. */

/* The key number of a release key: the first 8 bytes of SHA-256 of the raw public key. */
void minisign_key_number(const uint8_t key[32], uint8_t out[MINISIG_KEY_NUMBER_BYTES]);

/*
 * Is sig a signature by key over message, its trusted comment included, and does it carry the
 * key's number (given, because foreign minisign keys have random ones)?
 * Errors: OTA_E_SIGNATURE.
 */
OTA_MUST_CHECK ota_err minisign_verify(const uint8_t key[32],
                                       const uint8_t number[MINISIG_KEY_NUMBER_BYTES],
                                       const void *message, size_t len,
                                       const struct minisig *sig);

/* What a signature over SHA256SUMS vouches for, and whose it is. */
struct minisign_release {
    struct minisig_release what;
    uint8_t key_number[MINISIG_KEY_NUMBER_BYTES];
};

/*
 * The whole judgement over a release's SHA256SUMS: parse the .minisig, find the Ed25519 release
 * key with its number in the platform's key manifest, verify, read the trusted comment.  The
 * caller compares platform, version and counter with what it expects, and then parses the sums.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT (the .minisig or its comment), OTA_E_NOT_FOUND (no release
 * key with that number in the manifest), OTA_E_SIGNATURE.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err minisign_release_open(const struct manifest *manifest, const void *sums,
                                             size_t sums_bytes, const char *minisig,
                                             size_t minisig_bytes,
                                             struct minisign_release *out);

#endif
