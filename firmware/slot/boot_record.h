#ifndef OTA_BOOT_RECORD_H
#define OTA_BOOT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "../image/image.h"

/*
 * What the bootloader tells the app it starts (SPEC 4.6), in RAM that no start-up code clears.
 * The app must treat it as absent unless boot_record_valid says otherwise.
 */
enum boot_decision {
    BOOT_RUN = 1,      /* booted A, nothing else to do                                     */
    BOOT_SWAPPED = 2,  /* installed the staged image; it is on trial                       */
    BOOT_REVERTED = 3, /* the trial ran out or crashed: the previous image is back         */
    BOOT_REPAIRED = 4, /* A was no candidate and B was restored                            */
    BOOT_REFUSED = 5,  /* a request was refused: see why; A runs as before                 */
    BOOT_RECOVERY = 6  /* nothing boots; seen only by a debugger                           */
};

enum boot_cause {
    BOOT_CAUSE_POWER = 1, /* memory was not ours before                                       */
    BOOT_CAUSE_SOFT = 2,  /* the app asked for the reset                                      */
    BOOT_CAUSE_WATCHDOG = 3,
    BOOT_CAUSE_FAULT = 4, /* a fault handler reset                                            */
    BOOT_CAUSE_OTHER = 5
};

struct boot_record {
    uint32_t magic;
    uint8_t decision;   /* enum boot_decision */
    uint8_t cause;      /* enum boot_cause: why the machine was reset */
    uint8_t tries_left; /* boots left for an image on trial */
    uint8_t on_trial;   /* 0 or 1 */
    uint32_t why; /* enum image_verdict that led to REVERTED, REPAIRED or REFUSED, else 0 */
    uint32_t boot_count; /* since power-on */
    struct image_version version;
    uint8_t digest[CRYPTO_DIGEST_BYTES]; /* measured, of the image that was started */
    uint32_t crc;                        /* CRC-32 of everything above */
};

bool boot_record_valid(const struct boot_record *r);
void boot_record_seal(struct boot_record *r);

#endif
