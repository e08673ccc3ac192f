/* Which file an ESP client means, by what names say. */
#include "esp_read.h"

#include <string.h>

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

static bool is_better(const struct artifact *a, const struct artifact *than)
{
    if (than == NULL || esp_is_ota(a->name) != esp_is_ota(than->name))
        return than == NULL || esp_is_ota(a->name);
    return a->kind == ARTIFACT_ESP && than->kind != ARTIFACT_ESP;
}

const struct artifact *esp_choose(const struct release *r, enum esp_mode mode)
{
    const struct artifact *best = NULL;
    for (size_t i = 0; i < r->artifact_count; i++) {
        const struct artifact *a = &r->artifacts[i];
        if (mode == ESP_FILESYSTEM && esp_is_filesystem(a->name))
            return a;
        if (mode != ESP_FILESYSTEM && esp_is_program(a->name) && is_better(a, best))
            best = a;
    }
    return best;
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
        const char *chip = a->chip != NULL ? a->chip : esp_chip_family(a->name);
        chip = chip != NULL ? chip : default_chip;
        if ((!whole && !esp_is_program(a->name)) || chip == NULL)
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
