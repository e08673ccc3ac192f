/* Names tell what a file is for: ESPHome's and ESP-IDF's habits of naming are followed. */
#include "esp_name.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool holds(const char *name, const char *word)
{
    const size_t n = strlen(word);
    for (; *name != '\0'; name++)
        if (strncasecmp(name, word, n) == 0)
            return true;
    return false;
}

static bool has_any(const char *name, const char *const *word, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (holds(name, word[i]))
            return true;
    return false;
}

#define HAS_ANY(name, ...)                                                                     \
    has_any((name), (const char *const[]){__VA_ARGS__},                                        \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static bool ends_in(const char *name, const char *ending)
{
    const size_t len = strlen(name), n = strlen(ending);
    return len > n && strcasecmp(name + len - n, ending) == 0;
}

bool esp_is_filesystem(const char *name)
{
    return HAS_ANY(name, "spiffs", "littlefs", "fatfs", "filesystem");
}

bool esp_is_whole_flash(const char *name)
{
    return HAS_ANY(name, "factory", "merged");
}

bool esp_is_ota(const char *name)
{
    return ends_in(name, ".ota.bin");
}

bool esp_is_program(const char *name)
{
    return (ends_in(name, ".bin") || ends_in(name, ".bin.gz") ||
            ends_in(name, ".bin.signed")) &&
           !esp_is_filesystem(name) && !esp_is_whole_flash(name) &&
           !HAS_ANY(name, "bootloader", "partition");
}

bool esp_is_promised(const char *name)
{
    return (ends_in(name, ".bin") || ends_in(name, ".bin.signed")) &&
           esp_chip_family(name) != NULL && !esp_is_filesystem(name) &&
           !HAS_ANY(name, "otadata", "ota_data", "boot_app0", "nvs", "phy_init", "data");
}

/* Longer names first: "esp32" is in all of them.  Separators may be there or not. */
static const struct {
    const char *letters, *family;
} chips[] = {
    {"esp32c61", "ESP32-C61"}, {"esp32h21", "ESP32-H21"}, {"esp32c2", "ESP32-C2"},
    {"esp32c3", "ESP32-C3"},   {"esp32c5", "ESP32-C5"},   {"esp32c6", "ESP32-C6"},
    {"esp32h2", "ESP32-H2"},   {"esp32h4", "ESP32-H4"},   {"esp32p4", "ESP32-P4"},
    {"esp32s2", "ESP32-S2"},   {"esp32s3", "ESP32-S3"},   {"esp8266", "ESP8266"},
    {"esp32", "ESP32"},
};

static bool starts_with_letters(const char *text, const char *letters)
{
    for (; *letters != '\0'; text++) {
        if (*text == '-' || *text == '_')
            continue;
        if (strncasecmp(text, letters, 1) != 0)
            return false;
        letters++;
    }
    return true;
}

const char *esp_chip_family(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '-' || *text == '_')
            continue;
        for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
            if (starts_with_letters(text, chips[i].letters))
                return chips[i].family;
    }
    return NULL;
}
