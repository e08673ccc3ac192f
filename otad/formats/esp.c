/* Files of Espressif's chips: images alone, partition tables, whole flash contents. */
#include "esp.h"

#include <string.h>

#include "esp_inside.h"
#include "firmware/image/le.h"
#include "otad/store/digest.h"

enum {
    TABLE_AT = 0x8000,
    PARTITION_MAGIC = 0x50aa,
    MD5_MAGIC = 0xebeb,
    BLANK_MAGIC = 0xffff,
    TYPE_APP = 0,
    PARTITIONS_MAX = ESP_TABLE_BYTES / ESP_PARTITION_BYTES,
    SECTOR_BYTES = 4096,
    SIGNATURE_SECTOR_MARK = 0xe7,
    SIGNATURE_V1_BYTES = 68,
    ARDUINO_SIGNATURE_MAX = 1024
};

struct verdict_row {
    const char *code, *text;
};

static const struct verdict_row rows[ESP_VERDICTS] = {
    [ESP_GOOD] = {"good", "The file is good."},
    [ESP_NOT_ESP] =
        {"esp-not-an-image",
         "The file's name says that it is for an ESP chip, but it is neither such an "
         "image nor a partition table. Was another file meant?"},
    [ESP_UNREADABLE] = {"store-failed", "The file could not be read back."},
    [ESP_TRUNCATED] = {"esp-truncated",
                       "The ESP image ends too early: a part that its header promises is "
                       "missing. Build or copy it again."},
    [ESP_BAD_HEADER] = {"esp-bad-header",
                        "The ESP image's header is wrong: number of segments, flash mode or "
                        "entry point."},
    [ESP_UNKNOWN_CHIP] = {"esp-unknown-chip",
                          "The ESP image is for a chip that this otad does not know."},
    [ESP_BAD_SEGMENT] = {"esp-bad-segment",
                         "The ESP image has a segment where no chip has memory, or of an "
                         "impossible length. Is the linker script right?"},
    [ESP_TOO_LARGE] = {"esp-too-large",
                       "The ESP image is larger than the flash that its header states. Set the "
                       "flash size of the build to the board's."},
    [ESP_BAD_CHECKSUM] = {"esp-bad-checksum",
                          "The ESP image's checksum does not fit its contents: it was changed "
                          "after it was built."},
    [ESP_BAD_HASH] = {"esp-bad-hash",
                      "The SHA-256 appended to the ESP image does not fit its contents: it was "
                      "changed after it was built."},
    [ESP_BAD_PARTITION] = {"esp-bad-partition-table",
                           "The ESP partition table is damaged, or its partitions overlap."},
    [ESP_NO_APP] = {"esp-no-app",
                    "The file holds boot loader and partition table, but no app. Merge the app "
                    "into it, or upload the boot loader alone."},
    [ESP_CHIPS_DIFFER] = {"esp-chips-differ",
                          "Boot loader and app in this file are for different chips."},
};

const char *esp_verdict_code(enum esp_verdict v)
{
    return rows[v].code;
}

const char *esp_verdict_text(enum esp_verdict v)
{
    return rows[v].text;
}

const char *esp_what_name(enum esp_what w)
{
    static const char *const word[] = {NULL, "app", "bootloader", "partition-table", "merged"};
    return word[w];
}

/* ---- partition tables ----------------------------------------------------------------- */

bool esp_table_claims(const struct image_source *src, uint32_t at)
{
    uint8_t e[2 * ESP_PARTITION_BYTES];
    if (esp_get(src, at, e, sizeof e) != ESP_GOOD || le16_load(e) != PARTITION_MAGIC)
        return false;
    const uint16_t next = le16_load(e + ESP_PARTITION_BYTES);
    return next == PARTITION_MAGIC || next == MD5_MAGIC || next == BLANK_MAGIC;
}

static bool md5_fits(const uint8_t *table, size_t len, const uint8_t stated[16])
{
    struct digester *d = NULL;
    struct digests is;
    if (digester_new(&d) != OTA_OK)
        return false;
    const bool done = digester_add(d, table, len) == OTA_OK && digester_end(d, &is) == OTA_OK;
    digester_free(d);
    return done && memcmp(is.md5, stated, sizeof is.md5) == 0;
}

struct extent {
    uint32_t from, to;
};

static bool overlaps(const struct extent *list, size_t count, struct extent e)
{
    for (size_t i = 0; i < count; i++)
        if (e.from < list[i].to && list[i].from < e.to)
            return true;
    return false;
}

static bool partition_read(const uint8_t *e, struct extent *extent, struct esp_table *out)
{
    const uint32_t offset = le32_load(e + 4), bytes = le32_load(e + 8);
    const struct extent x = {offset, offset + bytes};
    if (bytes == 0 || x.to < x.from || overlaps(extent, out->count, x))
        return false;
    extent[out->count++] = x;
    if (e[2] == TYPE_APP && out->app_count < ESP_APPS_MAX)
        out->app_offset[out->app_count++] = offset;
    return true;
}

enum esp_verdict esp_table_check(const struct image_source *src, uint32_t at,
                                 struct esp_table *out)
{
    uint8_t t[ESP_TABLE_BYTES];
    struct extent extent[PARTITIONS_MAX];
    *out = (struct esp_table){0};
    if (at > src->size_bytes)
        return ESP_TRUNCATED;
    const uint32_t left = src->size_bytes - at;
    const size_t len = left < sizeof t ? left : sizeof t;
    const enum esp_verdict v = esp_get(src, at, t, len);
    if (v != ESP_GOOD)
        return v;
    for (size_t i = 0; i + ESP_PARTITION_BYTES <= len; i += ESP_PARTITION_BYTES) {
        out->bytes = (uint32_t)(i + ESP_PARTITION_BYTES);
        switch (le16_load(t + i)) {
        case PARTITION_MAGIC:
            if (!partition_read(t + i, extent, out))
                return ESP_BAD_PARTITION;
            break;
        case MD5_MAGIC:
            return out->count > 0 && md5_fits(t, i, t + i + 16) ? ESP_GOOD : ESP_BAD_PARTITION;
        case BLANK_MAGIC:
            return out->count > 0 ? ESP_GOOD : ESP_BAD_PARTITION;
        default:
            return ESP_BAD_PARTITION;
        }
    }
    return out->count > 0 ? ESP_GOOD : ESP_BAD_PARTITION;
}

static enum esp_verdict table_alone(const struct image_source *src, struct esp_info *out)
{
    struct esp_table t;
    const enum esp_verdict v = esp_table_check(src, 0, &t);
    *out = (struct esp_info){
        .what = ESP_PARTITIONS, .partitions = t.count, .image_bytes = t.bytes};
    return v;
}

/* ---- whole flash contents -------------------------------------------------------------- */

static bool is_blank(const struct image_source *src, uint32_t bytes)
{
    uint8_t chunk[SECTOR_BYTES];
    for (uint32_t at = 0; at < bytes; at += SECTOR_BYTES) {
        if (esp_get(src, at, chunk, sizeof chunk) != ESP_GOOD)
            return false;
        for (size_t i = 0; i < sizeof chunk; i++)
            if (chunk[i] != 0xff)
                return false;
    }
    return true;
}

/* Where the boot loader stands: at once, or behind one or two blank sectors, by chip. */
static bool boot_at(const struct image_source *src, uint32_t *out)
{
    static const uint32_t places[] = {0, 0x1000, 0x2000};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (esp_image_claims(src, places[i])) {
            *out = places[i];
            return is_blank(src, places[i]);
        }
    }
    return false;
}

/* The app of the first partition that holds one; *out is of it then. */
static enum esp_verdict app_find(const struct image_source *src, const struct esp_table *t,
                                 struct esp_info *out)
{
    for (unsigned i = 0; i < t->app_count; i++) {
        if (!esp_image_claims(src, t->app_offset[i]))
            continue;
        const enum esp_verdict v = esp_image_check(src, t->app_offset[i], out);
        out->app_offset = t->app_offset[i];
        return v;
    }
    return ESP_NO_APP;
}

static enum esp_verdict merged(const struct image_source *src, const struct esp_info *boot,
                               struct esp_info *out)
{
    struct esp_table t;
    enum esp_verdict v = esp_table_check(src, TABLE_AT, &t);
    if (v == ESP_GOOD)
        v = app_find(src, &t, out);
    if (v != ESP_GOOD)
        return v;
    if (strcmp(boot->chip, out->chip) != 0)
        return ESP_CHIPS_DIFFER;
    out->what = ESP_MERGED;
    out->partitions = t.count;
    out->flash_bytes = boot->flash_bytes; /* the boot loader's is what the chip goes by */
    out->flash_mode = boot->flash_mode;
    out->image_bytes += out->app_offset;
    return ESP_GOOD;
}

/* ---- all of it ------------------------------------------------------------------------- */

/* Secure boot's two kinds, and Arduino's on ESP8266: recognised, not verified. */
static bool signature_follows(const struct image_source *src, uint32_t end)
{
    uint8_t word[4];
    const uint32_t left = src->size_bytes - end;
    const uint32_t sector = (end + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    if (left < sizeof word)
        return false;
    if (left == SIGNATURE_V1_BYTES)
        return esp_get(src, end, word, sizeof word) == ESP_GOOD && le32_load(word) == 0;
    if (src->size_bytes - SECTOR_BYTES == sector && src->size_bytes > SECTOR_BYTES)
        return esp_get(src, sector, word, sizeof word) == ESP_GOOD &&
               word[0] == SIGNATURE_SECTOR_MARK;
    return left <= ARDUINO_SIGNATURE_MAX &&
           esp_get(src, src->size_bytes - 4, word, sizeof word) == ESP_GOOD &&
           le32_load(word) == left - sizeof word;
}

bool esp_claims(const struct image_source *src)
{
    uint32_t at = 0;
    return boot_at(src, &at) || esp_table_claims(src, 0);
}

/* An image that begins the file, or stands where whole flash contents have the boot loader. */
static enum esp_verdict image_check(const struct image_source *src, uint32_t at,
                                    struct esp_info *out)
{
    struct esp_info first;
    enum esp_verdict v = esp_image_check(src, at, &first);
    if (v != ESP_GOOD)
        return v;
    const uint32_t end = at + first.image_bytes;
    *out = first;
    out->image_bytes = end;
    if (end <= TABLE_AT && esp_table_claims(src, TABLE_AT)) {
        v = merged(src, &first, out);
    } else {
        out->is_signed = signature_follows(src, end);
        const bool alone = out->is_signed || end == src->size_bytes;
        const bool loader =
            first.described_as_bootloader ||
            (!first.mapped && !first.described && alone && strcmp(first.chip, "ESP8266") != 0);
        out->what = loader ? ESP_BOOTLOADER : ESP_APP;
    }
    if (v == ESP_GOOD && out->flash_bytes != 0 && out->image_bytes > out->flash_bytes)
        v = ESP_TOO_LARGE;
    return v;
}

enum esp_verdict esp_check(const struct image_source *src, struct esp_info *out)
{
    uint32_t at = 0;
    if (esp_table_claims(src, 0))
        return table_alone(src, out);
    if (boot_at(src, &at))
        return image_check(src, at, out);
    /* It may begin like an image and be wrong: say what. */
    const enum esp_verdict v = image_check(src, 0, out);
    return v == ESP_GOOD || v == ESP_TRUNCATED ? ESP_NOT_ESP : v;
}
