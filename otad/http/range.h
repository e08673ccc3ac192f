#ifndef OTAD_HTTP_RANGE_H
#define OTAD_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* The Range header (RFC 9110, 14.1.2 and 14.2): pure. */
enum { HTTP_RANGES_MAX = 16 };

struct http_range {
    uint64_t offset, length; /* length >= 1, within the file */
};

enum http_range_verdict {
    HTTP_RANGE_NONE, /* another unit, or not understood: send everything              */
    HTTP_RANGE_SOME, /* *out_count of them, in the order asked for                    */
    HTTP_RANGE_BAD   /* 416: none lies within the file, too many, or they overlap     */
};

enum http_range_verdict http_range_parse(const char *value, uint64_t size_bytes,
                                         struct http_range out[HTTP_RANGES_MAX],
                                         size_t *out_count);

#endif
