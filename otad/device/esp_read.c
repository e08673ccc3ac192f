/* Names tell what a file is for: ESPHome's and ESP-IDF's habits of naming are followed. */
#include "esp_read.h"

#include <string.h>
#include <strings.h>

enum {
    APP_OFFSET = 0x10000
}; /* of the program in the usual partition tables, not on ESP8266 */

enum esp_mode esp_mode_parse(const char *text)
{
    if (text != NULL && strcmp(text, "version") == 0)
        return ESP_VERSION;
    if (text != NULL && (strcmp(text, "spiffs") == 0 || strcmp(text, "filesystem") == 0))
        return ESP_FILESYSTEM;
    return ESP_SKETCH;
}

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

bool esp_is_filesystem(const char *name)
{
    static const char *const word[] = {"spiffs", "littlefs", "fatfs", "filesystem"};
    return has_any(name, word, sizeof word / sizeof word[0]);
}

bool esp_is_whole_flash(const char *name)
{
    static const char *const word[] = {"factory", "merged"};
    return has_any(name, word, sizeof word / sizeof word[0]);
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t len = strlen(name), n = strlen(ending);
    return len > n && strcasecmp(name + len - n, ending) == 0;
}

/* A program alone: .bin, .bin.gz, .bin.signed. */
static bool is_program(const char *name)
{
    return (ends_in(name, ".bin") || ends_in(name, ".bin.gz") ||
            ends_in(name, ".bin.signed")) &&
           !esp_is_filesystem(name) && !esp_is_whole_flash(name) &&
           !holds(name, "bootloader") && !holds(name, "partition");
}

static bool is_better(const struct artifact *a, const struct artifact *than)
{
    return than == NULL || (ends_in(a->name, ".ota.bin") && !ends_in(than->name, ".ota.bin"));
}

const struct artifact *esp_choose(const struct release *r, enum esp_mode mode)
{
    const struct artifact *best = NULL;
    for (size_t i = 0; i < r->artifact_count; i++) {
        const struct artifact *a = &r->artifacts[i];
        if (mode == ESP_FILESYSTEM && esp_is_filesystem(a->name))
            return a;
        if (mode != ESP_FILESYSTEM && is_program(a->name) && is_better(a, best))
            best = a;
    }
    return best;
}

/* Longer names first: "esp32" is in all of them.  Separators may be there or not. */
static const struct {
    const char *letters, *family;
} chips[] = {
    {"esp32c61", "ESP32-C61"}, {"esp32c2", "ESP32-C2"}, {"esp32c3", "ESP32-C3"},
    {"esp32c5", "ESP32-C5"},   {"esp32c6", "ESP32-C6"}, {"esp32h2", "ESP32-H2"},
    {"esp32p4", "ESP32-P4"},   {"esp32s2", "ESP32-S2"}, {"esp32s3", "ESP32-S3"},
    {"esp8266", "ESP8266"},    {"esp32", "ESP32"},
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

static struct esp_build *build_of(struct esp_build *list, size_t *count, const char *chip)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i].chip, chip) == 0)
            return &list[i];
    if (*count == ESP_BUILDS_MAX)
        return NULL;
    list[*count] = (struct esp_build){.chip = chip};
    return &list[(*count)++];
}

size_t esp_builds(const struct release *r, const char *default_chip,
                  struct esp_build out[ESP_BUILDS_MAX])
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < r->artifact_count; i++) {
        const struct artifact *a = &r->artifacts[i];
        const bool whole = esp_is_whole_flash(a->name);
        const char *chip = esp_chip_family(a->name);
        chip = chip != NULL ? chip : default_chip;
        if ((!whole && !is_program(a->name)) || chip == NULL)
            continue;
        struct esp_build *b = build_of(out, &count, chip);
        if (b == NULL)
            continue;
        if (whole)
            b->flashed = b->flashed == NULL ? a : b->flashed;
        else if (is_better(a, b->ota))
            b->ota = a;
    }
    for (size_t i = 0; i < count; i++) {
        struct esp_build b = out[i];
        if (b.flashed == NULL) {
            b.flashed = b.ota;
            b.offset = strcmp(b.chip, "ESP8266") == 0 ? 0 : APP_OFFSET;
        }
        out[kept++] = b;
    }
    return kept;
}
