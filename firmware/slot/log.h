#ifndef OTA_LOG_H
#define OTA_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash.h"

/*
 * A small append-only log in two erase units (SPEC 4.2), which survives a power cut at every
 * instant.  The boot journal is one; whoever has two erase units may keep another.
 *
 * An entry is either *whole*: it says all there is to know and replaces everything before it;
 * or a *note* that adds to the newest whole one.  Entries are up to LOG_ENTRY_BYTES_MAX bytes,
 * written as records of 32 bytes in adjacent places, twice if it takes several, so that no
 * single place that goes bad later loses it; one counts when all of its records are intact.  A
 * full unit is left by writing a whole entry at the start of the other one; with its last
 * record that one is in force.
 *
 * A record that a power cut tore may read differently the next time, and come back to life when
 * newer ones stand behind it.  So whoever acts after a reset on what he read, in a way that
 * cannot be repeated, first puts a whole entry that says what he accepted.
 */
enum {
    LOG_RECORD_BYTES = 32,
    LOG_PART_BYTES = 20, /* payload of a record                                               */
    LOG_PARTS_MAX = 5,
    LOG_ENTRY_BYTES_MAX = LOG_PARTS_MAX * LOG_PART_BYTES,
    LOG_NOTE_BYTES_MAX = LOG_PART_BYTES,
    LOG_ERASE_BYTES_MIN = 512
};

/* What a log says: its newest whole entry, and the newest note behind it. */
struct log_found {
    uint8_t type;
    uint8_t bytes;      /* of whole                                                           */
    uint8_t note_bytes; /* 0: no note                                                         */
    uint8_t whole[LOG_ENTRY_BYTES_MAX];
    uint8_t note[LOG_NOTE_BYTES_MAX];
};

/* Where the log stands; private, on the caller's stack, one at a time for a log. */
struct log {
    const struct flash *flash;
    uint32_t at;      /* first of the two erase units                                         */
    uint32_t base;    /* sequence of the unit's first place; the others follow                */
    uint32_t lost;    /* 0: all of the unit could be read; else tells which places could not  */
    uint16_t next;    /* place of the next record; it and all above read blank                */
    uint8_t page;     /* 0 or 1: the unit in force                                            */
    bool must_change; /* a change of units was interrupted: the next entry does one           */
    bool proven;      /* a seal is there: some whole entry of this unit is complete           */
    bool sealed;      /* and it is ours: entry and seal were written since log_open           */
};

/*
 * Find the newest entries.  Every place is read once, so that what is found was there at one
 * moment, even if a torn record reads differently later.  Places that cannot be read are
 * skipped, if they are the same ones the next time.  Errors: OTA_E_NOT_FOUND if neither unit
 * holds a whole entry; OTA_E_IO if so and there are places that cannot be read, or if other
 * ones cannot each time; OTA_E_LIMIT for units too small.
 */
OTA_MUST_CHECK ota_err log_open(struct log *l, const struct flash *f, uint32_t at,
                                struct log_found *out);

/* Make a log of this whole entry, whatever was there.  Errors: OTA_E_IO, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err log_format(struct log *l, const struct flash *f, uint32_t at,
                                  uint8_t type, const void *data, size_t len);

/*
 * Put a whole entry of a type of the caller's (1 to 14).  It is durable and has been read back
 * when this returns.  Errors: OTA_E_IO, and the log is as before; OTA_E_LIMIT for type or
 * length.
 */
OTA_MUST_CHECK ota_err log_put(struct log *l, uint8_t type, const void *data, size_t len);

/* Add a note, up to LOG_NOTE_BYTES_MAX.  Errors: as log_put; OTA_E_LIMIT also when the unit is
 * full or nothing was put since log_open: put a whole one. */
OTA_MUST_CHECK ota_err log_note(struct log *l, const void *data, size_t len);

#endif
