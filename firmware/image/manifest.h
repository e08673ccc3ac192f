#ifndef OTA_MANIFEST_H
#define OTA_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "crypto.h"
#include "err.h"

/*
 * The key manifest (SPEC 3): which keys may sign images for a hardware class.  It is signed by
 * the boot root, 2 of 3 keys that sign nothing else.  The one truth about image keys: signer
 * makes it, otad and bootloader import it, nobody edits it.
 */
enum {
    MANIFEST_KEYS_MAX = 8,
    MANIFEST_ROOTS = 3,
    MANIFEST_THRESHOLD = 2,
    MANIFEST_BYTES_MAX = 1024,
};

/* What a key in the manifest may do. */
enum manifest_purpose {
    MANIFEST_IMAGE = 1,  /* signs images: bootloader, agent, otad check it                    */
    MANIFEST_RELEASE = 2 /* signs SHA256SUMS of releases (minisign): otad and people check it */
};

struct manifest_key {
    enum crypto_alg alg;
    enum manifest_purpose purpose;
    uint8_t key_bytes;
    uint8_t key[CRYPTO_KEY_BYTES_MAX];
    uint8_t hash[CRYPTO_DIGEST_BYTES]; /* SHA-256 of its SubjectPublicKeyInfo, as KEYHASH */
};

struct manifest {
    uint32_t sequence; /* only rises */
    uint8_t hardware_class[16];
    uint8_t key_count;
    struct manifest_key key[MANIFEST_KEYS_MAX];
};

/* A boot root key.  Compiled into the bootloader; configured per platform in otad. */
struct manifest_root {
    enum crypto_alg alg;
    uint8_t key_bytes;
    uint8_t key[CRYPTO_KEY_BYTES_MAX];
};

/*
 * Parse and verify in one step, so that an unverified manifest never exists as a struct: at
 * least MANIFEST_THRESHOLD different roots must have signed, and every signature in the file
 * must be good.  The same root given twice, and trailing bytes, are errors. Errors:
 * OTA_E_FORMAT, OTA_E_LIMIT, OTA_E_SIGNATURE.  *out is written only on success; out may be
 * NULL: verify only.
 */
OTA_MUST_CHECK ota_err manifest_open(const uint8_t *bytes, size_t len,
                                     const struct manifest_root roots[MANIFEST_ROOTS],
                                     struct manifest *out);

/* Bytes of the manifest that starts at bytes (header says), for reading it out of flash.
 * Errors: OTA_E_FORMAT if no manifest starts there, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err manifest_length(const uint8_t *bytes, size_t len, size_t *out);

/* The key with this KEYHASH and purpose, or NULL. */
const struct manifest_key *manifest_find(const struct manifest *m,
                                         enum manifest_purpose purpose,
                                         const uint8_t hash[CRYPTO_DIGEST_BYTES]);

/* The KEYHASH of a public key: SHA-256 of its DER SubjectPublicKeyInfo. Errors: OTA_E_FORMAT.
 */
OTA_MUST_CHECK ota_err manifest_key_hash(enum crypto_alg alg, const uint8_t *key,
                                         size_t key_bytes, uint8_t out[CRYPTO_DIGEST_BYTES]);

/* The KEYHASH in images with a SHA-512 digest.  Errors: OTA_E_FORMAT unless Ed25519. */
OTA_MUST_CHECK ota_err manifest_key_hash_sha512(const struct manifest_key *key,
                                                uint8_t out[64]);

#endif
