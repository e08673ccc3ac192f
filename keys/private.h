#ifndef KEYS_PRIVATE_H
#define KEYS_PRIVATE_H

#include "pem.h"
#include "secret.h"

/*
 * Private keys in files: plain PKCS#8, PKCS#8 with a passphrase, or our own encrypted form
 * (SPEC 11).
 */
enum { PRIVATE_ROOM = 16384 };

/* Does this text, NUL-terminated, want a passphrase? */
bool private_is_encrypted(const char *text);

/*
 * Open the text of the file called name; len bytes and a zero byte in a buffer of PRIVATE_ROOM,
 * in locked memory, where the plain text may be left.  Errors: OTA_E_FORMAT, OTA_E_LIMIT
 * (neither Ed25519 nor P-256; too weak a box), OTA_E_AUTH (passphrase), OTA_E_NO_MEMORY, and
 * the asker's.
 */
OTA_MUST_CHECK ota_err private_open(const char *name, char *text, size_t len,
                                    const struct asker *asker, struct pem_key **out,
                                    struct why *why);

/* What is wrong with a private or public file whose text could not be used: e. */
void private_tell(struct why *why, ota_err e, const char *name, const char *text, bool private);

#endif
