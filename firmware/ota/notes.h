#ifndef OTA_NOTES_H
#define OTA_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "../slot/slot.h"
#include "http1.h"

/*
 * What the agent remembers through a reset (SPEC 4.4): a log of checksummed records in two
 * erase units, each record the whole state.  The one with the highest sequence number counts; a
 * torn one is ignored.  Losing the notes loses no update: the server offers the action again.
 */
enum ota_phase {
    OTA_IDLE = 0,
    OTA_DOWNLOADING = 1, /* offset bytes are in the staging slot                              */
    OTA_REQUESTED = 2, /* verified; the bootloader shall try it (written before it is asked) */
    OTA_TRIAL = 3,     /* seen running, not confirmed yet                                   */
    OTA_REPORT = 4,    /* over; the server does not know yet                                */
    OTA_CLOSED = 5     /* over, and answered                                                */
};

/* Why an update failed.  1 to 99 are enum image_verdict; stable numbers. */
enum ota_reason {
    OTA_REASON_NONE = 0,
    OTA_REASON_BAD_HASH = 100,        /* the file is not what the server announced          */
    OTA_REASON_VERSION_TOO_LOW = 101, /* older than what runs                               */
    OTA_REASON_NOT_CONFIRMED = 102,   /* trial boots ran out                                */
    OTA_REASON_CRASHED = 103,         /* the last trial boot ended in a fault               */
    OTA_REASON_NOT_INSTALLED = 104,   /* requested, and no trace of why it does not run     */
    OTA_REASON_NO_MANIFEST = 105,     /* this device holds no valid key manifest            */
    OTA_REASON_FLASH = 106,           /* staging slot cannot be written                     */
    OTA_REASON_CANCELLED = 107,
    OTA_REASON_TRAILING_BYTES = 108, /* the artifact is longer than the image in it        */
    OTA_REASON_DOWNLOAD = 109,       /* cut off or begun anew too often                    */
    /* of the repository (SPEC 10.6); OTA_REASON_TUF + enum tuf_verdict are refused metadata */
    OTA_REASON_TUF_UNSIGNED = 150,     /* the server gives no signed answers                 */
    OTA_REASON_TUF_NOT_ASSIGNED = 151, /* offered, but not what the signed answer assigns    */
    OTA_REASON_TUF_CLASS = 152,        /* listed for another hardware class                  */
    OTA_REASON_TUF_PLATFORM = 153,     /* listed for another platform                        */
    OTA_REASON_TUF_COUNTER = 154,      /* listed with a counter below the floor              */
    OTA_REASON_TUF_LOST = 155,         /* what was trusted can't be read any more            */
    OTA_REASON_TUF = 200
};

struct ota_notes {
    /* kept in flash */
    enum ota_phase phase;
    uint32_t action;
    uint32_t size_bytes;
    uint32_t offset;          /* multiple of erase_bytes                                     */
    uint8_t attempts;         /* requests made for this action                               */
    uint8_t refusals;         /* complete downloads that were refused                        */
    bool success;             /* from OTA_REPORT on                                          */
    uint16_t reason;          /* enum ota_reason or enum image_verdict                       */
    uint8_t file_sha256[32];  /* as announced                                                */
    uint8_t image_digest[32]; /* of the verified image, from OTA_REQUESTED on                */
    char etag[HTTP1_ETAG_MAX];
    /* where the log stands */
    uint32_t sequence;
    uint32_t next_at; /* flash address of the next record                            */
};

/* Read the newest record; a blank log gives OTA_IDLE.  Errors: OTA_E_IO. */
OTA_MUST_CHECK ota_err ota_notes_load(const struct slot_map *m, struct ota_notes *out);

/* Append the state; durable when it returns.  Errors: OTA_E_IO. */
OTA_MUST_CHECK ota_err ota_notes_save(const struct slot_map *m, struct ota_notes *n);

/* Short stable name for feedback and logs, never NULL. */
const char *ota_reason_name(uint16_t reason);

#endif
