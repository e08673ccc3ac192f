#ifndef OTAD_ARENA_H
#define OTAD_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/image/err.h"

/*
 * Memory of one request (or of the start-up): allocated piece by piece, bounded as a whole,
 * freed at once when the reply has been sent.  No piece is ever freed alone.
 *
 * The allocating functions return NULL for exactly one reason: the bound (or the heap) is
 * exhausted.  Callers answer OTA_E_LIMIT; `full` stays set, so that the edge can tell as well.
 */
struct arena_block;

struct arena {
    struct arena_block *block; /* newest first                        */
    size_t used_bytes;         /* of the newest block                 */
    size_t left_bytes;         /* what may still be taken from the heap */
    bool full;                 /* an allocation was refused           */
};

enum { ARENA_REQUEST_BYTES = 4 * 1024 * 1024 }; /* bound of one request */

/* Nothing is taken from the heap before the first allocation. */
void arena_init(struct arena *a, size_t bytes_max);

/* Everything allocated from a is gone; a may be used again after arena_init. */
void arena_done(struct arena *a);

/* Zeroed, aligned for every type.  bytes 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t bytes);

/* count * size bytes, overflow checked. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* Copies with a zero behind them. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_memdup(struct arena *a, const void *bytes, size_t len);

__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *a, const char *format,
                                                         ...);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
