#ifndef OTA_HTTP1_H
#define OTA_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"
#include "transport.h"

/*
 * A strict HTTP/1.1 client over one kept connection.  An answer must say its Content-Length;
 * chunked coding, folded headers, a length said twice and heads beyond the buffer are refused.
 * After an error the caller closes the connection.
 */
enum {
    HTTP1_BUFFER_BYTES = 2048, /* longest head of an answer, and of a request                 */
    HTTP1_ETAG_MAX = 68,       /* with the NUL; a longer one is not kept                      */
};

struct http1 {
    const struct ota_transport *transport;
    uint32_t body_left; /* of the answer, not read yet                                       */
    bool keep;          /* the server keeps the connection                                   */
    size_t have, taken; /* bytes in buffer, of them used                                     */
    uint8_t buffer[HTTP1_BUFFER_BYTES];
};

struct http1_request {
    const char *method;
    const char *path;
    const char *host;          /* Host header                                                */
    const char *authorization; /* whole value, or NULL                                       */
    const char *range;         /* value of Range, or NULL                                    */
    const char *if_range;      /* or NULL                                                    */
    const char *body;          /* JSON, or NULL                                              */
    size_t body_bytes;
};

struct http1_answer {
    uint16_t status;
    uint32_t content_bytes;
    uint32_t retry_after_s; /* 0: not said                                               */
    bool has_range;         /* Content-Range was there and well formed                   */
    uint32_t range_first, range_last, range_total;
    char etag[HTTP1_ETAG_MAX]; /* strong one, with its quotes; empty: none                  */
};

/* Forget everything of an earlier connection. */
void http1_reset(struct http1 *h, const struct ota_transport *t);

/*
 * Send a request and read the head of the answer.
 * Errors: those of the transport; OTA_E_FORMAT, OTA_E_LIMIT (request or head too large);
 * OTA_E_NOT_FOUND if the server closed before the first byte of an answer (a kept connection
 * that it had given up: the request may be repeated on a new one).
 */
OTA_MUST_CHECK ota_err http1_ask(struct http1 *h, const struct http1_request *rq,
                                 uint64_t deadline_ms, struct http1_answer *out);

/* Some of the body, at most cap bytes; 0 when it is complete.
 * Errors: those of the transport; OTA_E_FORMAT when the server closes too early. */
OTA_MUST_CHECK ota_err http1_body(struct http1 *h, void *buf, size_t cap, size_t *out_len,
                                  uint64_t deadline_ms);

/* Exactly len bytes of the body. */
OTA_MUST_CHECK ota_err http1_body_exact(struct http1 *h, void *buf, size_t len,
                                        uint64_t deadline_ms);

/*
 * Parse the head of an answer: everything up to and with the empty line.
 * Errors: OTA_E_FORMAT.  *out and *out_keep are written only on success.
 */
OTA_MUST_CHECK ota_err http1_head_parse(const char *head, size_t len, struct http1_answer *out,
                                        bool *out_keep);

#endif
