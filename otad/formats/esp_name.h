#ifndef OTAD_FORMATS_ESP_NAME_H
#define OTAD_FORMATS_ESP_NAME_H

#include <stdbool.h>

/*
 * What the names of files for ESP chips say, by the habits of ESP-IDF, Arduino and ESPHome
 * (SPEC 7.1).  Case never counts.
 */

/* "ESP32-C3" in any spelling within the text ("blinky_esp32c3.bin"), as manifests name it, or
 * NULL. */
const char *esp_chip_family(const char *text);

bool esp_is_filesystem(const char *name);  /* spiffs, littlefs, fatfs, filesystem */
bool esp_is_whole_flash(const char *name); /* factory, merged                     */

/* A program alone: .bin, .bin.gz or .bin.signed that is no file system, boot loader, partition
 * table or whole flash. */
bool esp_is_program(const char *name);

/* An update without boot loader, as ESPHome names it. */
bool esp_is_ota(const char *name);

/* Does it promise an image or a partition table: *.bin or *.bin.signed that names a chip and no
 * file system or other data? */
bool esp_is_promised(const char *name);

#endif
