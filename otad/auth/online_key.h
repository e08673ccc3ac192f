#ifndef OTAD_AUTH_ONLINE_KEY_H
#define OTAD_AUTH_ONLINE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/why.h"
#include "token_signer.h"

/*
 * otad's own keys (SPEC 10.3): Ed25519, one for each of the roles snapshot, timestamp and
 * director, and perhaps its successor, so that both are there while a root names the one or the
 * other.  A key is a file (0600, any form of keys/private.h) or lies in a token
 * (token_signer.h).  Unless the configuration says otherwise they are the files
 * `tuf-{role}.pem`, made on first use, and, if it is there, `tuf-{role}.next.pem` of the state
 * folder.  Secrets stay in guarded memory and are wiped, or in their token.  All functions may
 * be called from any thread.
 */
struct online_keys;

enum online_role { ONLINE_SNAPSHOT, ONLINE_TIMESTAMP, ONLINE_DIRECTOR, ONLINE_ROLES };

enum {
    ONLINE_KEYS_MAX = 2, /* of a role: the one and its successor */
    ONLINE_PUBLIC_BYTES = 32,
    ONLINE_SIGNATURE_BYTES = 64,
    ONLINE_ID_TEXT_BYTES = 65
};

const char *online_role_name(enum online_role role);

/* Where they are.  Nothing of it is kept. */
struct online_config {
    const char *state_dir;
    const char *key[ONLINE_ROLES][ONLINE_KEYS_MAX]; /* "" (see above), a file, a pkcs11: URI */
    const char *pin_file;        /* of tokens whose URI names none; "" = none, or systemd's */
    const char *passphrase_file; /* of encrypted files; "" = none, or systemd's */
    unsigned director_sessions;  /* of a director key in a token */
    int token_timeout_ms;
};

/* Can all of it be meant?  Nothing is read.  Errors: OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err online_keys_check(const struct online_config *config, struct why *why);

/*
 * Read the files, make those of the state folder that are missing, begin to open tokens: those
 * need not be there.  Errors: OTA_E_IO, OTA_E_FORMAT (no Ed25519 key, others may read it, no
 * URI), OTA_E_AUTH (passphrase), OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err online_keys_open(const struct online_config *config,
                                        struct online_keys **out, struct why *why);
void online_keys_close(struct online_keys *keys); /* NULL is allowed */

/*
 * All of it anew.  Tokens that answer go on without a pause, those that do not are tried at
 * once.  On an error the keys stay as they are.  Errors: as online_keys_open.
 */
OTA_MUST_CHECK ota_err online_keys_reload(struct online_keys *keys,
                                          const struct online_config *config, struct why *why);

struct online_public {
    uint8_t key[ONLINE_PUBLIC_BYTES];
    char id[ONLINE_ID_TEXT_BYTES]; /* the TUF keyid */
};

/* The public halves of a role: those that are known, returned by the count. */
size_t online_keys_list(struct online_keys *keys, enum online_role role,
                        struct online_public out[ONLINE_KEYS_MAX]);

/* Is a token of this role away whose public half nobody knows yet? */
bool online_keys_are_unknown(struct online_keys *keys, enum online_role role);

/*
 * Sign msg with the key of this role that has this public half; out_id may be NULL.
 * Errors: OTA_E_NOT_FOUND (it is not among ours), OTA_E_BUSY (its token does not answer).
 */
OTA_MUST_CHECK ota_err online_sign(struct online_keys *keys, enum online_role role,
                                   const uint8_t key[ONLINE_PUBLIC_BYTES], const void *msg,
                                   size_t len, uint8_t out_sig[ONLINE_SIGNATURE_BYTES],
                                   char out_id[ONLINE_ID_TEXT_BYTES]);

/* Changes when a token begins to answer. */
uint64_t online_keys_news(struct online_keys *keys);

/* Who keeps the key of this place: 0 the one, 1 its successor.  Of a token, stats are filled.
 */
enum online_keeper { ONLINE_NONE, ONLINE_FILE, ONLINE_TOKEN };
enum online_keeper online_key_keeper(struct online_keys *keys, enum online_role role, int place,
                                     struct token_signer_stats *out_stats);

#endif
