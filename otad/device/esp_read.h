#ifndef OTAD_DEVICE_ESP_READ_H
#define OTAD_DEVICE_ESP_READ_H

#include "otad/fleet/model.h"
#include "otad/formats/esp_name.h"

/* What ESP clients ask and how their releases are laid out (SPEC 7.1).  Pure. */

enum esp_mode {
    ESP_SKETCH,     /* the program */
    ESP_FILESYSTEM, /* SPIFFS, LittleFS or FATFS */
    ESP_VERSION     /* only which version there is */
};

/* By x-ESP8266-mode or x-ESP32-mode; NULL and unknown words are the program. */
enum esp_mode esp_mode_parse(const char *text);

/* What a device of this mode loads over the air: the first program or file system by name;
 * what is called *.ota.bin goes before other programs, and an image before what only has the
 * name of one.  NULL = there is none. */
const struct artifact *esp_choose(const struct release *r, enum esp_mode mode);

/* One build of a manifest: what is flashed over USB, and what over the air. */
struct esp_build {
    const char *chip;
    const struct artifact *flashed, *ota;
    uint32_t offset; /* of flashed */
};

enum { ESP_BUILDS_MAX = 16 };

/*
 * One build for each chip that images or file names tell; files that tell none belong to
 * default_chip (NULL: they belong to none).  Returns how many, at most ESP_BUILDS_MAX.
 */
size_t esp_builds(const struct release *r, const char *default_chip,
                  struct esp_build out[ESP_BUILDS_MAX]);

#endif
