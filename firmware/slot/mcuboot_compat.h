#ifndef OTA_MCUBOOT_COMPAT_H
#define OTA_MCUBOOT_COMPAT_H

#include "slot.h"

/*
 * For apps written for MCUboot: its calls, as entries of the boot journal.  The app stages the
 * new image itself (slot_stage) or lets the update agent do it, and calls
 * mcuboot_compat_init(&board_map) once at start.
 *
 * Two things differ.  There is no permanent swap: every new image must confirm itself within
 * its trial boots, so boot_set_pending(1) is refused rather than reverted later.  And what is
 * asked for is judged again by the bootloader, which refuses what is not authentic, too old or
 * for other hardware.
 */
enum mcuboot_result {
    BOOT_OK = 0,
    BOOT_EFLASH = 1,     /* the journal could not be written                                  */
    BOOT_EBADIMAGE = 3,  /* there is no image where one should be                             */
    BOOT_EBADSTATUS = 5, /* not now: on trial                                                 */
    BOOT_EBADARGS = 7    /* permanent, or not initialised                                     */
};

/* What the next reset will do.  MCUboot's numbers. */
enum mcuboot_swap_type {
    BOOT_SWAP_TYPE_NONE = 1,
    BOOT_SWAP_TYPE_TEST = 2,   /* try the staged image                                        */
    BOOT_SWAP_TYPE_PERM = 3,   /* never                                                       */
    BOOT_SWAP_TYPE_REVERT = 4, /* this image is on trial: go back, once its boots are used up */
    BOOT_SWAP_TYPE_FAIL = 5    /* the journal cannot be read                                  */
};

/* The map must outlive every other call. */
void mcuboot_compat_init(const struct slot_map *m);

/* Ask for the staged image at the next reset.  BOOT_OK: durable. */
OTA_MUST_CHECK int boot_set_pending(int permanent);

/* Keep the running image, raise the floor to its security counter.  BOOT_OK: durable; also
 * when it was confirmed before. */
OTA_MUST_CHECK int boot_set_confirmed(void);

int boot_swap_type(void);

#endif
