#ifndef OTAD_AUTH_ONLINE_KEY_H
#define OTAD_AUTH_ONLINE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * otad's own keys (SPEC 10.3): Ed25519, one for each of the roles snapshot, timestamp and
 * director, in files `tuf-{role}.pem` (PKCS#8, 0600) of the state folder, made on first use.
 * Beside each may lie its successor, `tuf-{role}.next.pem`, so that both are there while a root
 * names the one or the other.  Secrets stay in guarded memory and are wiped.  All functions may
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

/*
 * Read the keys of state_dir, and make those that are missing.  state_dir is borrowed for as
 * long as the keys live.  Errors: OTA_E_IO, OTA_E_FORMAT (a file is no Ed25519 key, or others
 * may read it), OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err online_keys_open(const char *state_dir, struct online_keys **out);
void online_keys_close(struct online_keys *keys); /* NULL is allowed */

/* Read the files again; on an error the keys stay as they are.  Errors: as online_keys_open. */
OTA_MUST_CHECK ota_err online_keys_reload(struct online_keys *keys);

struct online_public {
    uint8_t key[ONLINE_PUBLIC_BYTES];
    char id[ONLINE_ID_TEXT_BYTES]; /* the TUF keyid */
};

/* The public halves of a role: those there are, returned by the count. */
size_t online_keys_list(struct online_keys *keys, enum online_role role,
                        struct online_public out[ONLINE_KEYS_MAX]);

/*
 * Sign msg with the key of this role that has this public half; out_id may be NULL.
 * Errors: OTA_E_NOT_FOUND (it is not among ours).
 */
OTA_MUST_CHECK ota_err online_sign(struct online_keys *keys, enum online_role role,
                                   const uint8_t key[ONLINE_PUBLIC_BYTES], const void *msg,
                                   size_t len, uint8_t out_sig[ONLINE_SIGNATURE_BYTES],
                                   char out_id[ONLINE_ID_TEXT_BYTES]);

#endif
