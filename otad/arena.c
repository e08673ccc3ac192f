/*
 * Blocks from the heap, newest first, each twice the last one up to a ceiling; a piece that
 * does not fit the newest block gets a new one.  The bound counts what the heap gave.
 */
#include "otad/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MIN = 4096, BLOCK_BYTES_MAX = 256 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t bytes; /* of data */
    _Alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a, size_t bytes_max)
{
    *a = (struct arena){.left_bytes = bytes_max};
}

void arena_done(struct arena *a)
{
    while (a->block != NULL) {
        struct arena_block *older = a->block->older;

        free(a->block);
        a->block = older;
    }
    *a = (struct arena){0};
}

static struct arena_block *grow(struct arena *a, size_t need)
{
    size_t bytes = a->block == NULL ? BLOCK_BYTES_MIN : 2 * a->block->bytes;
    struct arena_block *b;

    if (bytes > BLOCK_BYTES_MAX)
        bytes = BLOCK_BYTES_MAX;
    if (bytes < need)
        bytes = need;
    if (bytes > a->left_bytes)
        bytes = a->left_bytes;
    if (bytes < need)
        return NULL;
    b = malloc(sizeof *b + bytes);
    if (b == NULL)
        return NULL;
    b->bytes = bytes;
    b->older = a->block;
    a->left_bytes -= bytes;
    a->block = b;
    a->used_bytes = 0;
    return b;
}

static void *take(struct arena *a, size_t bytes)
{
    const size_t align = _Alignof(max_align_t);
    struct arena_block *b = a->block;
    void *p;

    if (bytes > SIZE_MAX / 2) {
        a->full = true;
        return NULL;
    }
    bytes = (bytes + align - 1) / align * align;
    if (b == NULL || bytes > b->bytes - a->used_bytes)
        b = grow(a, bytes);
    if (b == NULL) {
        a->full = true;
        return NULL;
    }
    p = b->data + a->used_bytes;
    a->used_bytes += bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    void *p = take(a, bytes == 0 ? 1 : bytes);

    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        a->full = true;
        return NULL;
    }
    return arena_alloc(a, bytes);
}

char *arena_memdup(struct arena *a, const void *bytes, size_t len)
{
    char *p = len == SIZE_MAX ? NULL : take(a, len + 1);

    if (p == NULL)
        return NULL;
    if (len > 0)
        memcpy(p, bytes, len);
    p[len] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_memdup(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    char *p = NULL;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len >= 0)
        p = take(a, (size_t)len + 1);
    if (p != NULL)
        (void)vsnprintf(p, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return p;
}
