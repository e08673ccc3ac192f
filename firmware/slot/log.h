#ifndef OTA_LOG_H
#define OTA_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash.h"

/*
 * A small append-only log in two erase units (SPEC 4.2), which survives a power cut at every
 * instant: it keeps the newest entry of each of a few types.  The boot journal is one; whoever
 * has two erase units may keep another.
 *
 * An entry is 1 to LOG_ENTRY_BYTES_MAX bytes of one type, written as up to LOG_PARTS_MAX
 * records of 32 bytes in adjacent places.  An entry counts when all of its records are intact.
 * When a unit is full, the newest entry of each type moves to the other one, which counts only
 * with a closing commit record.
 *
 * A record that a power cut tore may read differently the next time.  So whoever acts on the
 * newest entry after a reset, in a way that cannot be repeated, appends it again before.
 */
enum {
    LOG_RECORD_BYTES = 32,
    LOG_PART_BYTES = 20, /* payload of a record                                               */
    LOG_PARTS_MAX = 4,
    LOG_ENTRY_BYTES_MAX = LOG_PARTS_MAX * LOG_PART_BYTES,
    LOG_TYPES = 6,            /* types are 1 to LOG_TYPES                                     */
    LOG_ERASE_BYTES_MIN = 512 /* smallest erase unit that a log of few types fits into        */
};

/* Where the log stands; private, on the caller's stack, one at a time for a log. */
struct log {
    const struct flash *flash;
    uint32_t at;                /* first of the two erase units                               */
    uint32_t base;              /* sequence of the unit's first place; the others follow      */
    uint16_t next;              /* place of the next record; it and all above read blank      */
    uint8_t page;               /* 0 or 1: the unit in force                                  */
    bool commit_is_last;        /* nothing intact stands behind the commit record             */
    bool must_change;           /* a change of units was interrupted: finish one first        */
    uint16_t newest[LOG_TYPES]; /* place of the entry's first record + 1; 0 = none            */
};

/*
 * Find the newest entries.
 * Errors: OTA_E_NOT_FOUND if neither unit holds a log; OTA_E_LIMIT for units that cannot.
 * Places that cannot be read are skipped: only a log with no readable commit is lost.
 */
OTA_MUST_CHECK ota_err log_open(struct log *l, const struct flash *f, uint32_t at);

/* Make an empty log, whatever was there.  Errors: OTA_E_IO, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err log_format(struct log *l, const struct flash *f, uint32_t at);

/*
 * Append an entry; it is durable and has been read back when this returns.
 * Errors: OTA_E_IO, and the log is as before; OTA_E_LIMIT for a type or length out of range.
 */
OTA_MUST_CHECK ota_err log_append(struct log *l, uint8_t type, const void *data, size_t len);

/*
 * The newest entry of a type.  out_order grows from entry to entry of all types: it tells which
 * of two types was written later.
 * Errors: OTA_E_NOT_FOUND; OTA_E_LIMIT if it is not exactly len bytes; OTA_E_IO.
 */
OTA_MUST_CHECK ota_err log_newest(const struct log *l, uint8_t type, void *out, size_t len,
                                  uint32_t *out_order);

#endif
