#ifndef SIGNER_IMGTOOL_CHECK_H
#define SIGNER_IMGTOOL_CHECK_H

#include "imgkey.h"
#include "layout.h"

/* What an image of any kind is worth, by its own digest and by a key. */
enum check_verdict {
    CHECK_GOOD,
    CHECK_NO_MAGIC,
    CHECK_BAD_TLVS,
    CHECK_NO_DIGEST,
    CHECK_BAD_DIGEST,
    CHECK_OTHER_KEY,    /* KEYHASH or PUBKEY name another key: a bootloader refuses it */
    CHECK_BAD_SIGNATURE /* none by this key */
};

/* layout and digest are written as far as they are known. */
struct check_found {
    struct layout layout;
    uint8_t digest[IMGKEY_HASH_BYTES_MAX];
    size_t digest_bytes;
    bool is_signed; /* it has a signature, whoever's */
};

/* key NULL: the digest alone is judged. */
enum check_verdict check_image(const uint8_t *image, size_t len, const struct imgkey *key,
                               struct check_found *out);

#endif
