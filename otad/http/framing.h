#ifndef OTAD_HTTP_FRAMING_H
#define OTAD_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "otad/http/request.h"

/*
 * Is a request's framing beyond doubt?  libmicrohttpd 0.9.75 lets through what two parties may
 * read differently (two lengths, length and chunks, NUL in names and values); this refuses it
 * before anything is done, on all routes.  Pure.
 */
struct http_raw {
    const char *method, *uri, *version;
    bool torn; /* a NUL or a bare LF stood in the request line or in a header */
    const struct http_header *header;
    size_t header_count;
};

enum { HTTP_HEADER_LINES_MAX = 64, HTTP_URI_BYTES_MAX = 4096 };

/*
 * 0, or the status to refuse with, with *out_why as one English sentence.
 * *out_length: announced bytes of body, 0 = none, -1 = chunked; *out_method HTTP_METHODS if
 * unknown (which is no framing fault).
 */
int http_framing_check(const struct http_raw *raw, int64_t *out_length,
                       enum http_method *out_method, const char **out_why);

#endif
