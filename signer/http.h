#ifndef SIGNER_HTTP_H
#define SIGNER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/err.h"

/*
 * Requests to otad over TLS 1.2 or later; the only module that sees libcurl.  The server must
 * show a certificate of the one given CA; redirects are not followed.
 */
struct http;

struct http_config {
    const char *server; /* https://HOST[:PORT][/PREFIX] */
    const char *ca;     /* PEM file */
    const char *key;    /* API key; in memory that the caller wipes after http_close */
    unsigned retries;   /* after the first try */
    unsigned wait_ms;   /* before the first retry; doubles up to 30 s, with jitter */
    unsigned timeout_s; /* for one try, its answer included; 0: as long as bytes keep coming */
    bool progress;      /* draw a bar on stderr while files are sent */
};

/* What is sent (NULL: nothing, as with GET): data, or the first len bytes of a file. */
struct http_body {
    const char *type;
    const void *data; /* NULL = the file */
    const char *path;
    uint64_t len;
};

struct http_reply {
    long status;
    char *text; /* malloc'd, zero terminated, at most 1 MiB */
    size_t len;
};

/* Errors, said: OTA_E_FORMAT (the URL), OTA_E_IO (the CA), OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err http_open(const struct http_config *config, struct http **out);
void http_close(struct http *h);

/*
 * Send one request and take the reply, whatever its status below 500.  Lost connections, 429
 * and 5xx are tried again; then the last reply is returned, or OTA_E_IO after words about it.
 * Errors, said: OTA_E_IO, OTA_E_AUTH (the server is not who it should be).
 */
OTA_MUST_CHECK ota_err http_send(struct http *h, const char *method, const char *path,
                                 const struct http_body *body, struct http_reply *out);
/* GET of something that is no longer than bytes_max; more is OTA_E_LIMIT, said. */
OTA_MUST_CHECK ota_err http_get(struct http *h, const char *path, size_t bytes_max,
                                struct http_reply *out);
void http_reply_free(struct http_reply *r);

/* text with everything but unreserved characters as %XX; false: no room. */
bool http_escape(const char *text, char *out, size_t room);

#endif
