#ifndef OTAD_FORMATS_ESP_H
#define OTAD_FORMATS_ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/image.h"

/*
 * Espressif's images (SPEC 5.4.1): ESP8266 (one image, eboot and sketch in one file, version 2
 * with its own flash segment), the ESP32 family (extended header, appended SHA-256, app and
 * bootloader descriptors), partition tables, and whole flash contents (boot loader, partition
 * table and app in one file).  Pure: reads the source, writes facts.
 */
enum esp_verdict {
    ESP_GOOD = 0,
    ESP_NOT_ESP,       /* neither image nor partition table                                 */
    ESP_UNREADABLE,    /* the source failed: not the file's fault                           */
    ESP_TRUNCATED,     /* a header, segment, checksum or digest lies behind the end         */
    ESP_BAD_HEADER,    /* number of segments, flash mode, entry point                       */
    ESP_UNKNOWN_CHIP,  /* a chip id that nobody has given out                               */
    ESP_BAD_SEGMENT,   /* where no chip has memory, or a length that cannot be              */
    ESP_TOO_LARGE,     /* larger than the flash that its header states                      */
    ESP_BAD_CHECKSUM,  /* the XOR behind the segments, or a CRC, does not fit               */
    ESP_BAD_HASH,      /* the appended SHA-256 does not fit                                 */
    ESP_BAD_PARTITION, /* a partition table that is torn, overlaps, or has another MD5      */
    ESP_NO_APP,        /* whole flash contents without an app                               */
    ESP_CHIPS_DIFFER,  /* boot loader and app are for different chips                       */
    ESP_VERDICTS
};

enum esp_what { ESP_APP = 1, ESP_BOOTLOADER, ESP_PARTITIONS, ESP_MERGED };

enum { ESP_SEGMENTS_MAX = 16, ESP_TEXT_BYTES = 33, ESP_REVISION_NONE = 0xffff };

struct esp_info {
    enum esp_what what;
    const char *chip;       /* "ESP32-C3" as in manifests; NULL for partition tables      */
    const char *flash_mode; /* "dio"; NULL for partition tables                           */
    uint32_t flash_bytes;   /* that the header states, 0 = none                           */
    uint32_t entry;         /* address; of the app in whole flash contents                */
    uint32_t image_bytes;   /* of what was understood; what follows in the file is not     */
    uint8_t segments;
    bool hashed;    /* by an appended SHA-256                                            */
    bool is_signed; /* secure boot's or Arduino's signature follows (not verified here)  */
    bool mapped;    /* code or data in flash: an app, not a boot loader                  */
    bool described; /* has an app or bootloader descriptor; only then:                   */
    bool described_as_bootloader;
    uint16_t minimum_revision, maximum_revision; /* major * 100 + minor; _NONE = any      */
    uint32_t app_offset;                         /* of the app in whole flash contents    */
    uint8_t partitions;                          /* in the table                          */
    char version[ESP_TEXT_BYTES], project[ESP_TEXT_BYTES], idf[ESP_TEXT_BYTES];
};

/* Does it claim to be such a file: would a chip's loader take its first bytes for a header?
 * False also when it cannot be read. */
bool esp_claims(const struct image_source *src);

/* Judge the whole file.  *out counts only with ESP_GOOD. */
enum esp_verdict esp_check(const struct image_source *src, struct esp_info *out);

const char *esp_verdict_code(enum esp_verdict v); /* "esp-bad-checksum"           */
const char *esp_verdict_text(enum esp_verdict v); /* one sentence, or two         */
const char *esp_what_name(enum esp_what w);       /* "app", "bootloader", ...     */

#endif
