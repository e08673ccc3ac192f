#ifndef OTA_MAP_CHECK_H
#define OTA_MAP_CHECK_H

#include "log.h"

/*
 * Compile-time check of a board's table (docs/PORTING.md).  The board's header has the
 * constants P_FLASH_BYTES, P_ERASE_BYTES, P_PROGRAM_BYTES, P_ERASED, P_JOURNAL_AT,
 * P_MANIFEST_AT, P_AGENT_AT, P_SETTINGS_AT, P_SLOT_A_AT, P_SLOT_B_AT and P_SLOT_BYTES, and
 * P_WATCHDOG: 1, or 0 if a trial that hangs is not reset; its flash driver says
 * SLOT_MAP_CHECK(P); once.  Regions may lie in any order, with gaps.
 */
enum { SLOT_SECTORS_MAX = 0x7fff }; /* operations of a swap are counted in 16 bits */

#define SLOT_MAP_APART(a, a_bytes, b, b_bytes)                                                 \
    ((a) + (a_bytes) <= (b) || (b) + (b_bytes) <= (a))

#define SLOT_MAP_CHECK(P)                                                                      \
    _Static_assert(P##_ERASE_BYTES >= (int)LOG_ERASE_BYTES_MIN,                                \
                   "erase units hold the journal");                                            \
    _Static_assert(P##_PROGRAM_BYTES >= 1 && P##_PROGRAM_BYTES <= (int)LOG_RECORD_BYTES &&     \
                       (P##_PROGRAM_BYTES & (P##_PROGRAM_BYTES - 1)) == 0,                     \
                   "a program unit is 1 to 32 bytes, a power of two");                         \
    _Static_assert(P##_ERASE_BYTES % 256 == 0, "erase units are multiples of 256 bytes");      \
    _Static_assert(P##_WATCHDOG == 0 || P##_WATCHDOG == 1,                                     \
                   "a board says whether it has a watchdog");                                  \
    _Static_assert(P##_ERASED == 0xff || P##_ERASED == 0x00, "erased bytes are ff or 00");     \
    _Static_assert(                                                                            \
        P##_JOURNAL_AT % P##_ERASE_BYTES == 0 && P##_MANIFEST_AT % P##_ERASE_BYTES == 0 &&     \
            P##_AGENT_AT % P##_ERASE_BYTES == 0 && P##_SETTINGS_AT % P##_ERASE_BYTES == 0 &&   \
            P##_SLOT_A_AT % P##_ERASE_BYTES == 0 && P##_SLOT_B_AT % P##_ERASE_BYTES == 0,      \
        "every region starts with an erase unit");                                             \
    _Static_assert(P##_SLOT_BYTES % P##_ERASE_BYTES == 0 && P##_SLOT_BYTES > 0 &&              \
                       P##_SLOT_BYTES / P##_ERASE_BYTES <= SLOT_SECTORS_MAX,                   \
                   "a slot is 1 to 32767 whole erase units");                                  \
    _Static_assert(P##_JOURNAL_AT + 2 * P##_ERASE_BYTES <= P##_FLASH_BYTES &&                  \
                       P##_MANIFEST_AT + 2 * P##_ERASE_BYTES <= P##_FLASH_BYTES &&             \
                       P##_AGENT_AT + 2 * P##_ERASE_BYTES <= P##_FLASH_BYTES &&                \
                       P##_SETTINGS_AT + P##_ERASE_BYTES <= P##_FLASH_BYTES &&                 \
                       P##_SLOT_A_AT + P##_SLOT_BYTES <= P##_FLASH_BYTES &&                    \
                       P##_SLOT_B_AT + P##_SLOT_BYTES + P##_ERASE_BYTES <= P##_FLASH_BYTES,    \
                   "every region ends within the flash, B one erase unit after A's size");     \
    _Static_assert(SLOT_MAP_APART(P##_JOURNAL_AT, 2 * P##_ERASE_BYTES, P##_MANIFEST_AT,        \
                                  2 * P##_ERASE_BYTES) &&                                      \
                       SLOT_MAP_APART(P##_JOURNAL_AT, 2 * P##_ERASE_BYTES, P##_AGENT_AT,       \
                                      2 * P##_ERASE_BYTES) &&                                  \
                       SLOT_MAP_APART(P##_JOURNAL_AT, 2 * P##_ERASE_BYTES, P##_SETTINGS_AT,    \
                                      P##_ERASE_BYTES) &&                                      \
                       SLOT_MAP_APART(P##_MANIFEST_AT, 2 * P##_ERASE_BYTES, P##_AGENT_AT,      \
                                      2 * P##_ERASE_BYTES) &&                                  \
                       SLOT_MAP_APART(P##_MANIFEST_AT, 2 * P##_ERASE_BYTES, P##_SETTINGS_AT,   \
                                      P##_ERASE_BYTES) &&                                      \
                       SLOT_MAP_APART(P##_AGENT_AT, 2 * P##_ERASE_BYTES, P##_SETTINGS_AT,      \
                                      P##_ERASE_BYTES),                                        \
                   "journal, key manifests, agent and settings do not overlap");               \
    _Static_assert(                                                                            \
        SLOT_MAP_APART(P##_JOURNAL_AT, 2 * P##_ERASE_BYTES, P##_SLOT_A_AT, P##_SLOT_BYTES) &&  \
            SLOT_MAP_APART(P##_MANIFEST_AT, 2 * P##_ERASE_BYTES, P##_SLOT_A_AT,                \
                           P##_SLOT_BYTES) &&                                                  \
            SLOT_MAP_APART(P##_AGENT_AT, 2 * P##_ERASE_BYTES, P##_SLOT_A_AT,                   \
                           P##_SLOT_BYTES) &&                                                  \
            SLOT_MAP_APART(P##_SETTINGS_AT, P##_ERASE_BYTES, P##_SLOT_A_AT, P##_SLOT_BYTES),   \
        "slot A overlaps nothing");                                                            \
    _Static_assert(SLOT_MAP_APART(P##_JOURNAL_AT, 2 * P##_ERASE_BYTES, P##_SLOT_B_AT,          \
                                  P##_SLOT_BYTES + P##_ERASE_BYTES) &&                         \
                       SLOT_MAP_APART(P##_MANIFEST_AT, 2 * P##_ERASE_BYTES, P##_SLOT_B_AT,     \
                                      P##_SLOT_BYTES + P##_ERASE_BYTES) &&                     \
                       SLOT_MAP_APART(P##_AGENT_AT, 2 * P##_ERASE_BYTES, P##_SLOT_B_AT,        \
                                      P##_SLOT_BYTES + P##_ERASE_BYTES) &&                     \
                       SLOT_MAP_APART(P##_SETTINGS_AT, P##_ERASE_BYTES, P##_SLOT_B_AT,         \
                                      P##_SLOT_BYTES + P##_ERASE_BYTES) &&                     \
                       SLOT_MAP_APART(P##_SLOT_A_AT, P##_SLOT_BYTES, P##_SLOT_B_AT,            \
                                      P##_SLOT_BYTES + P##_ERASE_BYTES),                       \
                   "slot B, with its extra erase unit, overlaps nothing")

#endif
