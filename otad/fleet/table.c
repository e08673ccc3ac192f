/* A hash table of pointers.  Invariant: from an item's home slot to its slot none is free. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 64 };

uint32_t table_hash(uint64_t seed, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t h = seed ^ (len * UINT64_C(0x9e3779b97f4a7c15));
    while (len > 0) {
        uint64_t word = 0;
        const size_t n = len < sizeof word ? len : sizeof word;
        memcpy(&word, p, n);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
        p += n;
        len -= n;
    }
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(h >> 32);
}

/* Where the item is, or capacity. */
static size_t slot_of(const struct table *t, uint32_t hash, const void *item)
{
    if (t->capacity == 0)
        return 0;
    const size_t mask = t->capacity - 1;
    for (size_t i = hash & mask; t->slot[i].item != NULL; i = (i + 1) & mask) {
        if (t->slot[i].item == item)
            return i;
    }
    return t->capacity;
}

void *table_find(const struct table *t, uint32_t hash, table_match *match, const void *key)
{
    if (t->capacity == 0)
        return NULL;
    const size_t mask = t->capacity - 1;
    for (size_t i = hash & mask; t->slot[i].item != NULL; i = (i + 1) & mask) {
        if (t->slot[i].hash == hash && match(t->slot[i].item, key))
            return t->slot[i].item;
    }
    return NULL;
}

static void place(struct table_slot *slot, size_t mask, struct table_slot what)
{
    size_t i = what.hash & mask;
    while (slot[i].item != NULL)
        i = (i + 1) & mask;
    slot[i] = what;
}

static ota_err grow(struct table *t)
{
    const size_t capacity = t->capacity == 0 ? CAPACITY_MIN : 2 * t->capacity;
    struct table_slot *slot = calloc(capacity, sizeof *slot);
    if (slot == NULL)
        return OTA_E_NO_MEMORY;
    for (size_t i = 0; i < t->capacity; i++) {
        if (t->slot[i].item != NULL)
            place(slot, capacity - 1, t->slot[i]);
    }
    free(t->slot);
    t->slot = slot;
    t->capacity = capacity;
    return OTA_OK;
}

ota_err table_add(struct table *t, uint32_t hash, void *item)
{
    if (8 * (t->count + 1) > 5 * t->capacity) {
        const ota_err err = grow(t);
        if (err != OTA_OK)
            return err;
    }
    place(t->slot, t->capacity - 1, (struct table_slot){hash, item});
    t->count++;
    return OTA_OK;
}

void table_replace(struct table *t, uint32_t hash, const void *item, void *by)
{
    const size_t i = slot_of(t, hash, item);
    if (i < t->capacity)
        t->slot[i].item = by;
}

void table_remove(struct table *t, uint32_t hash, const void *item)
{
    size_t hole = slot_of(t, hash, item);
    if (hole >= t->capacity)
        return;
    const size_t mask = t->capacity - 1;
    /* Move up whatever could no longer be reached over the hole. */
    for (size_t i = (hole + 1) & mask; t->slot[i].item != NULL; i = (i + 1) & mask) {
        const size_t home = t->slot[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            t->slot[hole] = t->slot[i];
            hole = i;
        }
    }
    t->slot[hole] = (struct table_slot){0};
    t->count--;
}

void table_done(struct table *t)
{
    free(t->slot);
    *t = (struct table){0};
}
