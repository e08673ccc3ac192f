#ifndef OTAD_AUTH_LINK_H
#define OTAD_AUTH_LINK_H

#include "token.h"

/*
 * Tokens of download links (SPEC 8.14).  Unlike other secrets they are not random: a token is
 * what it grants, with a keyed BLAKE2b-256 over it, so that it is verified without looking
 * anything up.  The key is derived from the pepper.
 *
 * Bytes, in base64url without padding: u8 format 1, u8 kind of maker (1 person, 2 API key),
 * u8 methods (bit 0 GET, bit 1 HEAD), u8 0; u64 each, little endian: tenant, link, maker,
 * release, made at, expires at, byte budget; SHA-256 of the file (32); the hash (32).
 */
enum {
    LINK_PAYLOAD_BYTES = 4 + 7 * 8 + 32,
    LINK_TOKEN_BYTES = LINK_PAYLOAD_BYTES + TOKEN_HASH_BYTES,
    LINK_TEXT_BYTES = (LINK_TOKEN_BYTES * 4 + 2) / 3 + 1 /* with the ending zero */
};

enum link_maker { LINK_MAKER_PERSON = 1, LINK_MAKER_KEY = 2 };
enum { LINK_METHOD_GET = 1, LINK_METHOD_HEAD = 2 };

/* What a token grants: this file of this release, by these methods, until then.  All numbers
 * are 0 or more. */
struct link_claim {
    enum link_maker maker;
    unsigned methods;
    int64_t tenant_id, link_id, maker_id, release_id;
    int64_t made_at_unix_s, expires_at_unix_s, byte_budget;
    uint8_t sha256[32];
};

struct link_key {
    uint8_t b[32];
};

struct link_key link_key_derive(const struct token_pepper *pepper);

/* Errors: OTA_E_INTERNAL (a number below 0). */
OTA_MUST_CHECK ota_err link_token_write(const struct link_key *key, const struct link_claim *c,
                                        char out[LINK_TEXT_BYTES]);

/*
 * Only the one text that link_token_write gives counts; the comparison takes the same time
 * wherever it differs.  Whether it has expired is for the caller to say.
 * Errors: OTA_E_AUTH (not a token of ours, or altered); nothing tells which.
 */
OTA_MUST_CHECK ota_err link_token_read(const struct link_key *key, const char *text,
                                       struct link_claim *out);

#endif
