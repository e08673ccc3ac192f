#ifndef OTA_IMAGE_H
#define OTA_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "err.h"
#include "manifest.h"
#include "sha512.h"

/* MCUboot image v2 as we accept it (SPEC 2): stricter than the format, never looser. */
enum {
    IMAGE_HEADER_BYTES = 32,
    IMAGE_DIGEST_BYTES_MAX = CRYPTO_SHA512_BYTES,
    IMAGE_CLASS_BYTES = 16, /* hardware class: the UUID_CID TLV                         */
    IMAGE_BYTES_MAX = 64 * 1024 * 1024, /* sums of sizes stay far from 2^32 */
};

struct image_version {
    uint8_t major, minor;
    uint16_t revision;
    uint32_t build; /* carried and shown, never compared (SPEC 2.3) */
};

/* Where an image lies: a slot, a file, a memory map.  Offsets are bytes from its header. */
struct image_source {
    uint32_t size_bytes; /* room there is; reads beyond it are never made */
    void *port;          /* belongs to the implementation                 */
    ota_err (*read)(const struct image_source *src, uint32_t at, void *buf, size_t len);
    uint32_t base; /* the implementation's too: where in port it begins     */
};

/* What parsing alone tells; nothing here is authentic until image_verify says so. */
struct image_info {
    uint32_t header_bytes; /* offset of the payload                                        */
    uint32_t payload_bytes;
    uint32_t protected_bytes; /* protected TLV area with its header, 0 = none                 */
    uint32_t total_bytes;     /* header + payload + both TLV areas                            */
    uint32_t load_address;
    uint32_t flags;
    struct image_version version;
    uint32_t security_counter;
    bool has_security_counter;
    bool has_hardware_class;
    uint8_t hardware_class[IMAGE_CLASS_BYTES];
    uint8_t digest_bytes; /* of both: 32 (SHA-256) or 64 (SHA-512); zeros behind */
    uint8_t digest[IMAGE_DIGEST_BYTES_MAX];   /* as stated                        */
    uint8_t key_hash[IMAGE_DIGEST_BYTES_MAX]; /* KEYHASH: of the signer's public key */
    enum crypto_alg alg;
    uint8_t signature_bytes;
    uint8_t signature[CRYPTO_SIGNATURE_BYTES_MAX];
};

/*
 * Why an image is no candidate.  Stable numbers: they stand in the boot record, in feedback and
 * in problem documents.  IMAGE_GOOD is far from every other value in Hamming distance and from
 * all zeros and all ones, so that no single fault turns a refusal into it.
 */
enum image_verdict {
    IMAGE_BLANK = 1,       /* no magic: nothing there                                      */
    IMAGE_MALFORMED = 2,   /* header or TLVs break the format                              */
    IMAGE_TOO_LARGE = 3,   /* larger than the slot                                         */
    IMAGE_UNSUPPORTED = 4, /* RAM-load, non-bootable, RSA, SHA-384, a whole public key ...   */
    IMAGE_BAD_DIGEST = 5,  /* contents differ from the stated digest                       */
    IMAGE_UNKNOWN_KEY = 6, /* its key is not in the key manifest                           */
    IMAGE_BAD_SIGNATURE = 7,
    IMAGE_WRONG_CLASS = 8,    /* made for other hardware                                      */
    IMAGE_BELOW_FLOOR = 9,    /* security counter lower than the floor                        */
    IMAGE_NO_POLICY_TLV = 10, /* security counter or hardware class is missing                */
    IMAGE_UNREADABLE = 11,    /* flash or file failed                                         */
    IMAGE_ENCRYPTED = 12,
    IMAGE_COMPRESSED = 13,
    IMAGE_PURE = 14, /* its signature covers the contents, not their digest            */
    IMAGE_GOOD = 0x5ac3963c
};

/* What this place requires.  manifest decides keys and hardware class. */
struct image_policy {
    const struct manifest *manifest;
    uint32_t security_floor; /* lowest acceptable security counter */
};

/*
 * Read header and TLVs; the payload is not read.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT, OTA_E_IO, with *out_why saying more.  *out is written only
 * on success, *out_why always (IMAGE_GOOD on success means "well formed", no more).
 */
OTA_MUST_CHECK ota_err image_parse(const struct image_source *src, struct image_info *out,
                                   enum image_verdict *out_why);

/*
 * Does the digest over header, payload and protected TLVs, as the signature covers them, equal
 * the stated one?  progress(arg) is called between blocks and may be NULL (watchdog, yielding).
 * IMAGE_GOOD, IMAGE_BAD_DIGEST or IMAGE_UNREADABLE.  When good, info->digest is the measured
 * one from then on: what a signature is held against is not what the image says of itself.
 */
enum image_verdict image_contents(const struct image_source *src, struct image_info *info,
                                  void (*progress)(void *arg), void *arg);

/*
 * Did this key sign the stated digest?  Whether the contents have it is image_contents'.
 * IMAGE_GOOD, IMAGE_UNKNOWN_KEY (KEYHASH names another one) or IMAGE_BAD_SIGNATURE.
 */
enum image_verdict image_signed(const struct image_info *info, const struct manifest_key *key);

/* The key of the manifest that the image names by KEYHASH, or NULL. */
const struct manifest_key *image_key(const struct image_info *info, const struct manifest *m);

/*
 * The whole judgement: parse, policy TLVs, class, floor, digest, key, signature.  The contents
 * are hashed once.  *out is written whenever parsing succeeded.
 */
enum image_verdict image_verify(const struct image_source *src,
                                const struct image_policy *policy, void (*progress)(void *arg),
                                void *arg, struct image_info *out);

/* -1, 0, 1 by major, minor, revision. */
int image_version_compare(struct image_version a, struct image_version b);

/* A source over len bytes at data, which must outlive it. */
struct image_source image_source_memory(const void *data, uint32_t len);

/* One English sentence for people; in image_text.c, which devices need not link. */
const char *image_verdict_text(enum image_verdict v);
/* Short stable name ("bad-signature"), for logs, feedback and problem documents. */
const char *image_verdict_name(enum image_verdict v);

#endif
