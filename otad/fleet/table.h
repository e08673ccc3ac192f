#ifndef OTAD_FLEET_TABLE_H
#define OTAD_FLEET_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * A hash table of pointers: open addressing, linear probing, never more than 5/8 full, removal
 * without tombstones.  The caller hashes and compares; items are not owned.
 */
struct table_slot {
    uint32_t hash;
    void *item; /* NULL = free */
};

struct table {
    struct table_slot *slot;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

typedef bool table_match(const void *item, const void *key);

/* NULL if there is none. */
void *table_find(const struct table *t, uint32_t hash, table_match *match, const void *key);

/* item must not be in it.  Errors: OTA_E_NO_MEMORY, nothing changed. */
OTA_MUST_CHECK ota_err table_add(struct table *t, uint32_t hash, void *item);

/* by takes the place of item, which must be in it and have the same hash. */
void table_replace(struct table *t, uint32_t hash, const void *item, void *by);

/* Not there: nothing happens. */
void table_remove(struct table *t, uint32_t hash, const void *item);

void table_done(struct table *t);

/* For table hashes only, not for anything an attacker may gain from. */
uint32_t table_hash(uint64_t seed, const void *bytes, size_t len);

#endif
