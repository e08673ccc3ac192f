#ifndef MPS2_MAP_H
#define MPS2_MAP_H

/*
 * The map of the flash of all MPS2 boards, in bytes from its start.  Erase unit 4 KiB, program
 * unit 4 bytes.  Host tools make flash files by it.
 */
enum {
    BOARD_FLASH_BYTES = 0x200000, /* of the 16 MiB; the rest is not used                      */
    BOARD_FLASH_FILE_BYTES = 0x1000000,
    BOARD_ERASE_BYTES = 0x1000,
    BOARD_PROGRAM_BYTES = 4,
    BOARD_ERASED = 0xff,
    BOARD_WATCHDOG = 1,
    BOARD_JOURNAL_AT = 0x0000,
    BOARD_MANIFEST_AT = 0x2000,
    BOARD_AGENT_AT = 0x4000,
    BOARD_SETTINGS_AT = 0x6000,
    BOARD_TRUST_AT = 0x7000, /* to 0xb000 */
    BOARD_SLOT_A_AT = 0x10000,
    BOARD_SLOT_BYTES = 0x80000,
    BOARD_SLOT_B_AT = BOARD_SLOT_A_AT + BOARD_SLOT_BYTES,
    BOARD_IMAGE_HEADER_BYTES = 0x200, /* aligns the app's vector table: sign with it          */
};

#endif
