#ifndef OTAD_FORMATS_SBOM_H
#define OTAD_FORMATS_SBOM_H

#include <stdint.h>

#include "firmware/image/image.h"
#include "otad/arena.h"

/*
 * Bills of materials (SPEC 5.4.4): CycloneDX 1.2 to 1.7 and SPDX 2.2, 2.3 and 3.0, as JSON.
 * Checked are size, depth, and the members without which no tool reads them.
 */
enum sbom_format { SBOM_CYCLONEDX = 1, SBOM_SPDX };

enum sbom_verdict {
    SBOM_GOOD = 0,
    SBOM_UNREADABLE,   /* the source failed: not the file's fault                  */
    SBOM_TOO_LARGE,    /* larger than SBOM_BYTES_MAX, or nested too deeply         */
    SBOM_NOT_JSON,     /* no JSON object                                           */
    SBOM_BAD_MEMBER,   /* a required member is missing, twice, or of another kind  */
    SBOM_OTHER_FORMAT, /* a good document, but not what its name says              */
    SBOM_BAD_VERSION,  /* of the specification                                     */
    SBOM_NO_MEMORY,    /* not the file's fault                                     */
    SBOM_VERDICTS
};

enum { SBOM_BYTES_MAX = 4 * 1024 * 1024 };

struct sbom_info {
    enum sbom_format format;
    const char *spec;    /* "1.5", "2.3", "3.0.1"                                       */
    const char *subject; /* what it is about; NULL = not told                           */
    const char *version; /* of that; NULL = not told                                    */
    const char *serial;  /* CycloneDX serialNumber, SPDX documentNamespace; NULL = none */
    int64_t components;  /* or packages, or elements of the graph                       */
};

/*
 * Judge the file.  Strings of *out and *out_where (which member, "" = the document) land in the
 * arena; *out counts only with SBOM_GOOD.
 */
enum sbom_verdict sbom_check(struct arena *a, const struct image_source *src,
                             enum sbom_format format, struct sbom_info *out,
                             const char **out_where);

const char *sbom_verdict_code(enum sbom_verdict v); /* "sbom-bad-member" */
const char *sbom_verdict_text(enum sbom_verdict v);

#endif
