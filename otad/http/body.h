#ifndef OTAD_HTTP_BODY_H
#define OTAD_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "otad/http/response.h"

/* The bytes of file answers, apart from the library that sends them. */

/* One part as a memory map: as fast as it gets over TLS.  The file is immutable and measured.
 */
struct http_map {
    void *address; /* what to unmap */
    size_t bytes;
    char *start; /* of the part, within */
};

/* Errors: OTA_E_IO, OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err http_map_new(int fd, const struct http_part *part,
                                    struct http_map **out);
void http_map_free(void *map);

/* Several parts: heads and tail from the arena, which outlives this, bytes from the file. */
struct http_parts {
    int fd;
    const struct http_part *part;
    size_t count;
    const char *tail;
};

/* Takes the descriptor of rs over.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err http_parts_new(const struct http_response *rs, struct http_parts **out);
void http_parts_free(void *parts);

/* Bytes at position, at most max, -1 when the file cannot be read. */
ssize_t http_parts_read(const struct http_parts *p, uint64_t position, char *buf, size_t max);

#endif
