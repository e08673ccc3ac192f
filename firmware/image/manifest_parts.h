#ifndef OTA_MANIFEST_PARTS_H
#define OTA_MANIFEST_PARTS_H

#include "manifest.h"

/*
 * The pieces of a key manifest before anybody vouches for them.  For manifest.c itself, for
 * slot_manifest.c, whose stack is short, and for signer, whose managers look at a manifest
 * before they sign it.  Who else acts on keys uses manifest_open.
 */
enum {
    MANIFEST_FORMAT = 1,
    MANIFEST_BODY_FIXED_BYTES = 36,
    MANIFEST_SIGNATURES_FIXED_BYTES = 8
};

struct manifest_signature {
    uint8_t root;
    uint8_t alg;
    uint16_t bytes;
    const uint8_t *at; /* in the caller's buffer */
};

struct manifest_parts {
    const uint8_t *body; /* in the caller's buffer */
    size_t body_bytes;
    uint8_t signature_count; /* 0 to MANIFEST_ROOTS: below the threshold it is incomplete */
    struct manifest_signature signature[MANIFEST_ROOTS];
    size_t total_bytes; /* body and signatures; what follows is not looked at */
};

/* Errors: OTA_E_FORMAT, OTA_E_LIMIT.  *out is written only on success. */
OTA_MUST_CHECK ota_err manifest_split(const uint8_t *bytes, size_t len,
                                      struct manifest_parts *out);

/* What the signatures are over. */
void manifest_digest(const struct manifest_parts *parts, uint8_t out[CRYPTO_DIGEST_BYTES]);

/* Is every signature good, and are there enough, by roots of which no two are the same?
 * Errors: OTA_E_SIGNATURE. */
OTA_MUST_CHECK ota_err manifest_signed(const struct manifest_parts *parts,
                                       const uint8_t digest[CRYPTO_DIGEST_BYTES],
                                       const struct manifest_root roots[MANIFEST_ROOTS]);

/* Read a body of exactly len bytes.  out may be NULL: check only.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT.  *out is undefined after an error. */
OTA_MUST_CHECK ota_err manifest_body_read(const uint8_t *body, size_t len,
                                          struct manifest *out);

#endif
