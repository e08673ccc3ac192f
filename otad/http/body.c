/*
 * Maps start at a page, parts anywhere.  Reading parts walks the list from the front for every
 * block: at most HTTP_RANGES_MAX steps.
 */
#include "otad/http/body.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

ota_err http_map_new(int fd, const struct http_part *part, struct http_map **out)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t start = part->offset / page * page, before = part->offset - start;
    struct http_map *m = malloc(sizeof *m);

    if (m == NULL)
        return OTA_E_NO_MEMORY;
    m->bytes = (size_t)(part->length + before);
    m->address = mmap(NULL, m->bytes, PROT_READ, MAP_PRIVATE, fd, (off_t)start);
    if (m->address == MAP_FAILED) {
        free(m);
        return OTA_E_IO;
    }
    (void)madvise(m->address, m->bytes, MADV_SEQUENTIAL);
    m->start = (char *)m->address + before;
    *out = m;
    return OTA_OK;
}

void http_map_free(void *map)
{
    struct http_map *m = map;

    (void)munmap(m->address, m->bytes);
    free(m);
}

ota_err http_parts_new(const struct http_response *rs, struct http_parts **out)
{
    struct http_parts *p = malloc(sizeof *p);

    if (p == NULL)
        return OTA_E_NO_MEMORY;
    *p = (struct http_parts){rs->file.fd, rs->part, rs->part_count, rs->tail};
    *out = p;
    return OTA_OK;
}

void http_parts_free(void *parts)
{
    struct http_parts *p = parts;

    (void)close(p->fd);
    free(p);
}

static ssize_t copy_text(char *buf, size_t max, const char *text, size_t len, uint64_t skip)
{
    size_t n = len - (size_t)skip;

    if (n > max)
        n = max;
    memcpy(buf, text + skip, n);
    return (ssize_t)n;
}

ssize_t http_parts_read(const struct http_parts *p, uint64_t position, char *buf, size_t max)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct http_part *part = &p->part[i];

        if (position < part->head_bytes)
            return copy_text(buf, max, part->head, part->head_bytes, position);
        position -= part->head_bytes;
        if (position < part->length) {
            uint64_t left = part->length - position;
            ssize_t n = pread(p->fd, buf, max < left ? max : (size_t)left,
                              (off_t)(part->offset + position));

            return n > 0 ? n : -1;
        }
        position -= part->length;
    }
    return copy_text(buf, max, p->tail, strlen(p->tail), position);
}
