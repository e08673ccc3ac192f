#ifndef SIGNER_REPO_DOC_H
#define SIGNER_REPO_DOC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/err.h"
#include "file.h"
#include "key.h"

/*
 * One file of repository metadata (SPEC 10.1) as a tree that can be changed, its canonical
 * bytes, its keys and signatures.  Failures are said.
 */
enum { REPO_FILE_BYTES_MAX = 4096, REPO_KEYID_TEXT_BYTES = 65, REPO_DATE_TEXT_BYTES = 21 };

/*
 * {"signatures":[{"keyid","sig"}...],"signed":{"_type","version",...}} and nothing else;
 * printable ASCII, no member twice, integers below 2^53.  Errors: file_read's, OTA_E_FORMAT.
 */
OTA_MUST_CHECK ota_err repo_doc_read(const char *path, json_t **out);
/* The same of bytes that came from somewhere, which errors name. */
OTA_MUST_CHECK ota_err repo_doc_parse(const char *from, const void *text, size_t len,
                                      json_t **out);

/* Takes signed_part over; no signatures yet.  NULL: no memory. */
json_t *repo_doc_new(json_t *signed_part);

json_t *repo_doc_signed(const json_t *doc);
uint64_t repo_doc_version(const json_t *doc);
const char *repo_doc_expires(const json_t *doc);
bool repo_doc_is(const json_t *doc, const char *type);

/* Canonical JSON of any value, malloc'd in *out.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err repo_canonical(const json_t *value, struct file_bytes *out);

/* A key as TUF writes it and its keyid.  Free the object with json_decref.
 * Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err repo_key_object(const struct key_public *key, json_t **out);
OTA_MUST_CHECK ota_err repo_key_id(const json_t *object, char out[REPO_KEYID_TEXT_BYTES]);
/* Errors: OTA_E_FORMAT (neither Ed25519 nor P-256 as SPEC 10.1 has them). */
OTA_MUST_CHECK ota_err repo_key_parse(const json_t *object, struct key_public *out);

/* Does the signature of this keyid by key (an object) hold over doc's signed part? */
bool repo_signed_by(const json_t *doc, const char *keyid, const json_t *key);

/* The signature of keyid in hex, or NULL. */
const char *repo_signature(const json_t *doc, const char *keyid);
/* Put a signature in, in order of keyid; one of the same keyid is replaced.
 * Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err repo_signature_put(json_t *doc, const char *keyid, const char *sig_hex);
/* Sign.  Errors: key_sign's. */
OTA_MUST_CHECK ota_err repo_sign(json_t *doc, const char *keyid, const struct key *key);

/* SHA-256 of the canonical signed part in hexadecimal.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err repo_doc_id(const json_t *doc, char out[REPO_KEYID_TEXT_BYTES]);

/* Are the signed parts the same bytes? */
bool repo_doc_same(const json_t *a, const json_t *b);

/* YYYY-MM-DDTHH:MM:SSZ.  Errors: OTA_E_FORMAT, not said. */
OTA_MUST_CHECK ota_err repo_date_parse(const char *text, int64_t *out_unix_s);
void repo_date_text(int64_t unix_s, char out[REPO_DATE_TEXT_BYTES]);

/* Lower-case hexadecimal digits; false: other ones, or not exactly len bytes. */
bool repo_hex_read(const char *text, void *out, size_t len);
void repo_hex_write(const void *data, size_t len, char *out);

#endif
