#ifndef HOST_BOARD_H
#define HOST_BOARD_H

/*
 * The host's "board": a flash file with small slots, so that hundreds of devices fit a disk.
 * Offsets in bytes; the flash driver is flash_file.h.
 */
enum {
    HOST_ERASE_BYTES = 0x1000,
    HOST_PROGRAM_BYTES = 8,
    HOST_ERASED = 0xff,
    HOST_WATCHDOG = 0, /* a program that hangs is ended by whoever runs it */
    HOST_JOURNAL_AT = 0x0000,
    HOST_MANIFEST_AT = 0x2000,
    HOST_AGENT_AT = 0x4000,
    HOST_SETTINGS_AT = 0x6000,
    HOST_TRUST_AT = 0x7000,
    HOST_SLOT_A_AT = 0xb000,
    HOST_SLOT_BYTES = 0x20000,
    HOST_SLOT_B_AT = HOST_SLOT_A_AT + HOST_SLOT_BYTES,
    HOST_FLASH_BYTES = HOST_SLOT_B_AT + HOST_SLOT_BYTES + HOST_ERASE_BYTES,
};

#endif
