#ifndef OTAD_FLEET_VERSION_H
#define OTAD_FLEET_VERSION_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * A version (SPEC 1.2) as bytes whose memcmp order is the order of versions, so that C and SQL
 * (a bytea column) can never disagree.  Major, minor, revision, then SemVer's precedence of
 * pre-releases; build is carried in the text and never compared (SPEC 2.3).
 */
enum {
    VERSION_TEXT_MAX = 64,       /* characters of a version                       */
    VERSION_PRERELEASE_MAX = 32, /* characters behind the hyphen                  */
    VERSION_KEY_MAX = 64         /* 12 numbers + 3 per pre-release identifier + 1 */
};

struct version {
    uint8_t len; /* 0 = unknown */
    uint8_t key[VERSION_KEY_MAX];
};

/*
 * `MAJOR.MINOR.REVISION[-PRERELEASE][+BUILD]`, each number 0 to 999999999 without leading
 * zeros. Errors: OTA_E_FORMAT.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err version_parse(const char *text, struct version *out);

/* As version_parse, but unknown (len 0) for NULL and for text that is no version. */
struct version version_of(const char *text);

/* -1, 0, 1.  An unknown version is lower than every other. */
int version_compare(const struct version *a, const struct version *b);

#endif
