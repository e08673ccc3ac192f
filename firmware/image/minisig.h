#ifndef OTA_MINISIG_H
#define OTA_MINISIG_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* The text of a minisign signature file (SPEC 5.2).  Parsing and writing only; the signature is
 * checked by boards/host/minisign.h. */
enum {
    MINISIG_KEY_NUMBER_BYTES = 8,
    MINISIG_SIGNATURE_BYTES = 64,
    MINISIG_COMMENT_BYTES_MAX = 512,
    MINISIG_BYTES_MAX = 2048, /* of the whole file                                           */
    MINISIG_PUBKEY_BYTES_MAX = 1024,
    MINISIG_NUMBER_TEXT_BYTES = 17, /* 16 hex digits and a zero                              */
    MINISIG_NAME_BYTES_MAX = 63,    /* platform and version in the trusted comment           */
};

struct minisig {
    uint8_t key_number[MINISIG_KEY_NUMBER_BYTES];
    uint8_t signature[MINISIG_SIGNATURE_BYTES];        /* over BLAKE2b-512 of the message     */
    uint8_t global_signature[MINISIG_SIGNATURE_BYTES]; /* over signature, then comment        */
    size_t comment_bytes;
    char comment[MINISIG_COMMENT_BYTES_MAX + 1]; /* trusted comment, without its prefix       */
};

/* What the trusted comment of a release says (SPEC 5.2). */
struct minisig_release {
    char platform[MINISIG_NAME_BYTES_MAX + 1];
    char version[MINISIG_NAME_BYTES_MAX + 1]; /* as text: not every platform runs images      */
    uint32_t counter;
};

/*
 * Parse a .minisig file, prehashed form ("ED") only; trailing bytes are an error, comments are
 * printable.  Errors: OTA_E_FORMAT, OTA_E_LIMIT.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err minisig_parse(const char *text, size_t len, struct minisig *out);

/*
 * Write sig as a file at out, with this untrusted comment.  *out_bytes is its length.
 * Errors: OTA_E_LIMIT (no room), OTA_E_FORMAT (a comment of several lines).
 */
OTA_MUST_CHECK ota_err minisig_write(const struct minisig *sig, const char *untrusted,
                                     char *out, size_t room, size_t *out_bytes);

/* Parse a minisign public key file (two lines).  Errors: OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err minisig_pubkey_parse(const char *text, size_t len,
                                            uint8_t out_number[MINISIG_KEY_NUMBER_BYTES],
                                            uint8_t out_key[32]);

/* Write a public key file.  *out_bytes is its length.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err minisig_pubkey_write(const uint8_t number[MINISIG_KEY_NUMBER_BYTES],
                                            const uint8_t key[32], char *out, size_t room,
                                            size_t *out_bytes);

/*
 * `otad platform=NAME version=VERSION counter=N`, exactly: these members, this order, one
 * space.  Errors: OTA_E_FORMAT.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err minisig_release_parse(const char *comment, size_t len,
                                             struct minisig_release *out);

/* The reverse; *out_bytes is the length without the zero behind it.
 * Errors: OTA_E_FORMAT (a name that does not parse again), OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err minisig_release_write(const struct minisig_release *release, char *out,
                                             size_t room, size_t *out_bytes);

/* Base64 of len bytes at out, (len + 2) / 3 * 4 characters, which is the result; no zero
 * behind. */
size_t minisig_base64(const uint8_t *data, size_t len, char *out);

/* The key number as minisign prints it: 16 upper-case hex digits, highest byte first. */
void minisig_number_text(const uint8_t number[MINISIG_KEY_NUMBER_BYTES],
                         char out[MINISIG_NUMBER_TEXT_BYTES]);

#endif
