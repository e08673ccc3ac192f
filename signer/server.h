#ifndef SIGNER_SERVER_H
#define SIGNER_SERVER_H

#include "http.h"

/* What every verb that talks to otad needs: an API key, and words for refusals. */
enum { SERVER_KEY_ROOM = 512 };

/* The API key from a file, or from OTAD_API_KEY if path is NULL, into SERVER_KEY_ROOM bytes of
 * locked memory.  Errors, said: file_read_secret's, OTA_E_AUTH (none, or no key). */
OTA_MUST_CHECK ota_err server_key_read(const char *path, char *out);

/* A reply that is no success, said in words.  OTA_E_DENIED or OTA_E_IO. */
OTA_MUST_CHECK ota_err server_refused(const char *what, const struct http_reply *reply);

#endif
