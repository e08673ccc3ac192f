#ifndef COMMON_PROVEN_H
#define COMMON_PROVEN_H

#include "../../image/crypto.h"

/*
 * A list of the signatures that were found good since the reset, kept by the device's crypto
 * port and not by who asked it: the bootloader's second opinion (docs/DESIGN.md 4).  The port
 * notes a signature only after looking again, by code of its own, at what the verification
 * computed.
 */

/* This key's signature over what begins with this digest is good. */
void proven_note(const uint8_t *key, const uint8_t digest[CRYPTO_DIGEST_BYTES]);

/* Was that noted?  Never yes without; no, if more than PROVEN_MAX others were noted since. */
enum {
    PROVEN_MAX = 16 /* nine can be good: two key manifests of three signatures, three images */
};
bool proven(const uint8_t *key, const uint8_t digest[CRYPTO_DIGEST_BYTES]);

#endif
