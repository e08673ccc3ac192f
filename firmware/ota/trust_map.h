#ifndef OTA_TRUST_MAP_H
#define OTA_TRUST_MAP_H

#include "../slot/map_check.h"
#include "trust_store.h"

/*
 * Compile-time check of P_TRUST_AT beside SLOT_MAP_CHECK (docs/PORTING.md), for boards whose
 * devices can be given a root of their platform's repository.
 */
#define TRUST_MAP_BYTES(P) (TRUST_COPIES * (int)TRUST_COPY_BYTES(P##_ERASE_BYTES))
#define TRUST_MAP_APART(P, at, bytes)                                                          \
    SLOT_MAP_APART(P##_TRUST_AT, TRUST_MAP_BYTES(P), at, bytes)

#define TRUST_MAP_CHECK(P)                                                                     \
    _Static_assert(P##_TRUST_AT % P##_ERASE_BYTES == 0,                                        \
                   "the region of the trusted root starts with an erase unit");                \
    _Static_assert(P##_TRUST_AT + TRUST_MAP_BYTES(P) <= P##_FLASH_BYTES,                       \
                   "the region of the trusted root ends within the flash");                    \
    _Static_assert(TRUST_MAP_APART(P, P##_JOURNAL_AT, 2 * P##_ERASE_BYTES) &&                  \
                       TRUST_MAP_APART(P, P##_MANIFEST_AT, 2 * P##_ERASE_BYTES) &&             \
                       TRUST_MAP_APART(P, P##_AGENT_AT, 2 * P##_ERASE_BYTES) &&                \
                       TRUST_MAP_APART(P, P##_SETTINGS_AT, P##_ERASE_BYTES) &&                 \
                       TRUST_MAP_APART(P, P##_SLOT_A_AT, P##_SLOT_BYTES) &&                    \
                       TRUST_MAP_APART(P, P##_SLOT_B_AT, P##_SLOT_BYTES + P##_ERASE_BYTES),    \
                   "the region of the trusted root overlaps nothing")

#endif
