#ifndef OTA_TRUST_STORE_H
#define OTA_TRUST_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "../slot/flash.h"

/*
 * What a device remembers of its platform's repository (SPEC 4.11, 10.6): the bytes of the root
 * it trusts and what may never go back.  Two copies used in turn, each some erase units: a
 * head, the root, then checksummed records of the state one behind the other.  The newest good
 * record of a good copy counts; whatever a power cut leaves, that is the old one or the new
 * one.
 */
enum {
    TRUST_ROOT_BYTES_MAX = 4096,
    TRUST_COPY_BYTES_MIN = 5120, /* head, largest root, ten records */
    TRUST_COPIES = 2
};

/* Bytes of one copy on flash with this erase unit; the region is TRUST_COPIES of them. */
#define TRUST_COPY_BYTES(erase_bytes)                                                          \
    ((TRUST_COPY_BYTES_MIN + (erase_bytes)-1) / (erase_bytes) * (erase_bytes))

struct trust_region {
    const struct flash *flash;
    uint32_t at;
};

struct trust_state {
    /* kept in flash; 0 = none was trusted yet */
    uint32_t root, timestamp, snapshot, targets, role; /* versions                            */
    uint64_t time_s;   /* newest signed time and own uptime since, seconds since 1970       */
    uint64_t director; /* highest version of its answers                                    */
    uint64_t root_expires_s, targets_expires_s, role_expires_s;
    uint64_t updates_s; /* when all updates that were begun are paid for (trust_may_begin)   */
    uint32_t root_bytes;
    /* where the store stands */
    uint32_t sequence;
    uint8_t copy;
    uint32_t next_at; /* flash address of the next record */
    bool settled;     /* saved since it was read */
};

/*
 * Errors: OTA_E_NOT_FOUND if the region is blank (no root was ever provisioned), OTA_E_FORMAT
 * if it is not and nothing good is in it, OTA_E_IO.
 */
OTA_MUST_CHECK ota_err trust_load(const struct trust_region *r, struct trust_state *out);

/* The root in force, s->root_bytes long, into buf of TRUST_ROOT_BYTES_MAX.  Errors: OTA_E_IO.
 */
OTA_MUST_CHECK ota_err trust_root_read(const struct trust_region *r,
                                       const struct trust_state *s, uint8_t *buf);

/* Append the state; durable when it returns.  Errors: OTA_E_IO (the old one stands). */
OTA_MUST_CHECK ota_err trust_save(const struct trust_region *r, struct trust_state *s);

/* The same with a new root, in one step; also the first one of a blank region.
 * Errors: OTA_E_IO, OTA_E_LIMIT (empty, or longer than TRUST_ROOT_BYTES_MAX), OTA_E_CONFLICT
 * (the state that was read was not saved yet: nothing may rest on a record that a cut tore). */
OTA_MUST_CHECK ota_err trust_root_save(const struct trust_region *r, struct trust_state *s,
                                       const uint8_t *root, uint32_t len);

#endif
