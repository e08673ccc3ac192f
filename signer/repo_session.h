#ifndef SIGNER_REPO_SESSION_H
#define SIGNER_REPO_SESSION_H

#include "cmd_repo.h"
#include "server.h"

enum { REPO_URL_BYTES = 512 };

/* A talk with otad about one platform's repository (SPEC 8.18). */
struct repo_session {
    struct http *http;
    char *key;                 /* locked */
    char base[REPO_URL_BYTES]; /* /api/v1/platforms/P/tuf */
    json_t *there;             /* the answer to GET base: what stands and what waits */
};

/* Ask what is there.  Errors, said: http_open's, http_send's, server_key_read's,
 * repo_exchange's.  Close it in any case. */
OTA_MUST_CHECK ota_err repo_session_open(const struct repo_request *q, const char *platform,
                                         struct repo_session *out);
void repo_session_close(struct repo_session *s);

/* Send, and read the answer as JSON.  what: for errors, said: server_refused's for any status
 * but 200, OTA_E_FORMAT (no JSON). */
OTA_MUST_CHECK ota_err repo_exchange(const struct repo_session *s, const char *method,
                                     const char *path, const struct http_body *body,
                                     const char *what, json_t **out);

#endif
