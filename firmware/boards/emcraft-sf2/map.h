#ifndef EMCRAFT_MAP_H
#define EMCRAFT_MAP_H

/* The map of the serial NOR flash S25SL12801 of the Emcraft board, in bytes from its start. */
enum {
    EMCRAFT_FLASH_BYTES = 0x1000000,
    EMCRAFT_ERASE_BYTES = 0x10000,
    EMCRAFT_PROGRAM_BYTES = 4,
    EMCRAFT_ERASED = 0xff,
    EMCRAFT_WATCHDOG = 0, /* the emulator has no model of it */
    EMCRAFT_JOURNAL_AT = 0x000000,
    EMCRAFT_MANIFEST_AT = 0x020000,
    EMCRAFT_AGENT_AT = 0x040000,
    EMCRAFT_SETTINGS_AT = 0x060000,
    EMCRAFT_TRUST_AT = 0x070000, /* to 0x090000 */
    EMCRAFT_SLOT_A_AT = 0x100000,
    EMCRAFT_SLOT_BYTES = 0x20000,
    EMCRAFT_SLOT_B_AT = 0x200000,
};

#endif
