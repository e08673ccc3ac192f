#ifndef OTAD_DIGEST_H
#define OTAD_DIGEST_H

#include <stdint.h>

/* Digests of an artifact, raw bytes.  DDI wants all three; sha256 is the artifact's name. */
struct sha256 {
    uint8_t b[32];
};

struct digests {
    struct sha256 sha256;
    uint8_t sha1[20];
    uint8_t md5[16];
};

#endif
