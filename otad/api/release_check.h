#ifndef OTAD_API_RELEASE_CHECK_H
#define OTAD_API_RELEASE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/image.h"
#include "firmware/image/manifest.h"
#include "firmware/image/minisig.h"
#include "firmware/image/sums.h"
#include "otad/digest.h"
#include "otad/fleet/version.h"

/*
 * May this be a release of that platform (SPEC 5.3)?  Pure: bytes and facts in, a verdict out.
 * otad refuses here what a device would refuse later.  That version and counter are not below
 * what is released already is asked in the transaction that makes the release (db/release.h).
 */
enum release_verdict {
    RELEASE_GOOD = 0,
    RELEASE_BAD_VERSION,    /* the version asked for is none                          */
    RELEASE_BAD_SUMS,       /* SHA256SUMS is not as 5.1 wants it                      */
    RELEASE_BAD_MINISIG,    /* the .minisig or its trusted comment breaks the format  */
    RELEASE_UNKNOWN_KEY,    /* no release key of the manifest has its number          */
    RELEASE_BAD_SIGNATURE,  /* not a signature over these sums                        */
    RELEASE_OTHER_PLATFORM, /* signed for another platform                            */
    RELEASE_OTHER_VERSION,  /* signed for, or an image of, another version            */
    RELEASE_OTHER_COUNTER,  /* an image's counter is not the signed one               */
    RELEASE_NOT_IN_SUMS,    /* the sums do not name this artifact                     */
    RELEASE_DIGEST_DIFFERS, /* they name it with another digest                       */
    RELEASE_NOT_AN_IMAGE,   /* *.bin or *.img is no image, where devices boot images  */
    RELEASE_IMAGE_REFUSED   /* image_verdict says why                                 */
};

struct release_judgement {
    enum release_verdict verdict;
    enum image_verdict image; /* IMAGE_GOOD unless RELEASE_IMAGE_REFUSED */
};

struct release_claim {
    const struct manifest *manifest; /* of the platform, in force */
    const char *platform;            /* canonical name            */
    const char *version;
    const char *sums;
    size_t sums_bytes;
    const char *minisig;
    size_t minisig_bytes;
};

/* An authentic list. */
struct release_sums {
    uint32_t security_counter;
    char signed_by[MINISIG_NUMBER_TEXT_BYTES];
    size_t count;
    struct sums_entry entry[SUMS_ENTRIES_MAX];
};

/* Judge SHA256SUMS and its signature.  *out counts only when the verdict is RELEASE_GOOD. */
struct release_judgement release_check_sums(const struct release_claim *claim,
                                            struct release_sums *out);

/* An artifact as it was received. */
struct release_upload {
    const char *name;
    struct sha256 sha256;
    const struct image_source *source; /* its bytes */
};

/*
 * Judge one artifact of a release whose sums are authentic.  out_image is filled when it is an
 * image (*out_is_image), and only then.
 */
struct release_judgement release_check_file(const struct release_claim *claim,
                                            const struct release_sums *sums,
                                            const struct release_upload *file,
                                            bool *out_is_image, struct image_info *out_image);

/* Stable code for problem documents ("bad-signature"). */
const char *release_judgement_code(struct release_judgement j);
/* One English sentence that says what to do. */
const char *release_judgement_text(struct release_judgement j);
/* What the caller can do: OTA_E_FORMAT or OTA_E_SIGNATURE; OTA_OK when good. */
ota_err release_judgement_err(struct release_judgement j);

#endif
