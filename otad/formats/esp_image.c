/*
 * One image in Espressif's format: header, segments, checksum, digest.  ESP8266 and ESP32 share
 * the magic byte; what tells them apart is that an ESP8266's first segment begins where an
 * ESP32's extended header stands, with an address that no such header can spell.
 */
#include <string.h>

#include "esp_inside.h"
#include "firmware/image/crypto.h"
#include "firmware/image/le.h"

enum {
    MAGIC = 0xe9,
    MAGIC_V2 = 0xea, /* ESP8266: code in flash, then an ordinary image */
    V2_MARK = 4,
    HEADER_BYTES = 8,
    EXTENDED_BYTES = 24, /* with the header */
    SEGMENT_HEADER_BYTES = 8,
    SEGMENT_BYTES_MAX = 0x1000000,
    CHECKSUM_SEED = 0xef,
    DIGEST_BYTES = 32,
    APP_DESCRIPTOR_AT = 32, /* the first bytes of the first segment */
    APP_DESCRIPTOR_BYTES = 256,
    BOOT_DESCRIPTOR_MARK = 0x50,
    EBOOT_BYTES = 4096, /* Arduino on ESP8266: the sketch follows its boot loader */
    EBOOT_CRC_AT = EBOOT_BYTES + 16,
    CHUNK_BYTES = 4096
};

#define APP_DESCRIPTOR_MAGIC 0xabcd5432U

struct range {
    uint32_t from, to;
};

/* Chips by the id in the extended header, and where their flash is mapped. */
static const struct chip {
    uint16_t id;
    const char *name;
    struct range flash[2];
} chips[] = {
    {0, "ESP32", {{0x3f400000, 0x3f800000}, {0x400d0000, 0x40400000}}},
    {2, "ESP32-S2", {{0x3f000000, 0x3ff80000}, {0x40080000, 0x40800000}}},
    {5, "ESP32-C3", {{0x3c000000, 0x3c800000}, {0x42000000, 0x42800000}}},
    {9, "ESP32-S3", {{0x3c000000, 0x3e000000}, {0x42000000, 0x44000000}}},
    {12, "ESP32-C2", {{0x3c000000, 0x3c400000}, {0x42000000, 0x42400000}}},
    {13, "ESP32-C6", {{0x42000000, 0x44000000}, {0, 0}}},
    {16, "ESP32-H2", {{0x42000000, 0x44000000}, {0, 0}}},
    {18, "ESP32-P4", {{0x40000000, 0x4c000000}, {0, 0}}},
    {20, "ESP32-C61", {{0x42000000, 0x44000000}, {0, 0}}},
    {23, "ESP32-C5", {{0x42000000, 0x44000000}, {0, 0}}},
    {25, "ESP32-H21", {{0x42000000, 0x44000000}, {0, 0}}},
    {28, "ESP32-H4", {{0x42000000, 0x44000000}, {0, 0}}},
};
static const struct chip esp8266 = {0xffff, "ESP8266", {{0x40200000, 0x40300000}, {0, 0}}};

static const char *const flash_modes[] = {"qio",  "qout",      "dio",
                                          "dout", "fast-read", "slow-read"};
enum { FLASH_MODES = sizeof flash_modes / sizeof flash_modes[0] };

/* MiB / 2 by the high half of the header's fourth byte; 0 = nobody has given it a meaning. */
static const uint16_t flash_512k_esp32[16] = {2, 4, 8, 16, 32, 64, 128, 256};
static const uint16_t flash_512k_esp8266[16] = {1, 0, 2, 4, 8, 4, 8, 0, 16, 32};

static bool within(uint32_t address, struct range r)
{
    return address >= r.from && address < r.to;
}

static bool is_esp8266_address(uint32_t a)
{
    return within(a, (struct range){0x3ffe8000, 0x40000000}) ||
           within(a, (struct range){0x40100000, 0x40110000}) ||
           within(a, (struct range){0x40200000, 0x40300000});
}

/* Memory of any chip; 0 is padding between segments. */
static bool is_address(uint32_t a)
{
    return a == 0 || within(a, (struct range){0x30000000, 0x60200000});
}

static bool is_entry(uint32_t a)
{
    return within(a, (struct range){0x40000000, 0x50000000});
}

enum esp_verdict esp_get(const struct image_source *src, uint32_t at, void *buf, size_t len)
{
    if (at > src->size_bytes || len > src->size_bytes - at)
        return ESP_TRUNCATED;
    return src->read(src, at, buf, len) == OTA_OK ? ESP_GOOD : ESP_UNREADABLE;
}

static bool header_claims(const uint8_t h[EXTENDED_BYTES])
{
    if (h[1] == 0 || h[1] > ESP_SEGMENTS_MAX || h[2] >= FLASH_MODES ||
        !is_entry(le32_load(h + 4)))
        return false;
    if (h[0] == MAGIC_V2)
        return h[1] == V2_MARK && le32_load(h + 8) == 0;
    if (h[0] != MAGIC)
        return false;
    static const uint8_t reserved[4] = {0};
    return is_esp8266_address(le32_load(h + 8)) ||
           (h[23] <= 1 && memcmp(h + 19, reserved, sizeof reserved) == 0);
}

bool esp_image_claims(const struct image_source *src, uint32_t at)
{
    uint8_t h[EXTENDED_BYTES];
    return esp_get(src, at, h, sizeof h) == ESP_GOOD && header_claims(h);
}

/* ---- bytes ---------------------------------------------------------------------------- */

typedef void add_fn(void *sum, const uint8_t *data, size_t len);

static enum esp_verdict each_byte(const struct image_source *src, struct range r, add_fn *add,
                                  void *sum)
{
    uint8_t chunk[CHUNK_BYTES];
    for (uint32_t at = r.from; at < r.to;) {
        const uint32_t left = r.to - at;
        const uint32_t n = left < sizeof chunk ? left : (uint32_t)sizeof chunk;
        const enum esp_verdict v = esp_get(src, at, chunk, n);
        if (v != ESP_GOOD)
            return v;
        add(sum, chunk, n);
        at += n;
    }
    return ESP_GOOD;
}

static void add_xor(void *sum, const uint8_t *data, size_t len)
{
    uint8_t *x = sum;
    for (size_t i = 0; i < len; i++)
        *x ^= data[i];
}

static void add_sha256(void *sum, const uint8_t *data, size_t len)
{
    crypto_sha256_update(sum, data, len);
}

/* CRC-32 with its bits the usual way round, as ESP8266's SDK has it. */
static void add_crc_reflected(void *sum, const uint8_t *data, size_t len)
{
    uint32_t crc = *(uint32_t *)sum;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int b = 0; b < 8; b++)
            crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0xedb88320U : 0);
    }
    *(uint32_t *)sum = crc;
}

/* CRC-32 from the highest bit on, as eboot has it. */
static void add_crc(void *sum, const uint8_t *data, size_t len)
{
    uint32_t crc = *(uint32_t *)sum;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)data[i] << 24;
        for (int b = 0; b < 8; b++)
            crc = crc << 1 ^ ((crc >> 31) != 0 ? 0x04c11db7U : 0);
    }
    *(uint32_t *)sum = crc;
}

/* ---- one image ------------------------------------------------------------------------ */

struct walk {
    const struct image_source *src;
    const struct chip *chip;
    uint32_t begin, at; /* of the image; what comes next */
    uint8_t checksum;
};

static const struct chip *chip_by_id(uint16_t id)
{
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        if (chips[i].id == id)
            return &chips[i];
    return NULL;
}

static bool is_mapped(const struct chip *chip, uint32_t address)
{
    return within(address, chip->flash[0]) || within(address, chip->flash[1]);
}

/* ESP8266's later SDK writes the extended header too, with zeros; its code begins in a place
 * where an ESP32 has none that could begin. */
static const struct chip *chip_of(const uint8_t h[EXTENDED_BYTES], bool extended)
{
    const uint16_t id = le16_load(h + 12);
    return !extended ||
                   (id == 0 && within(le32_load(h + 4), (struct range){0x40100000, 0x40110000}))
               ? &esp8266
               : chip_by_id(id);
}

static enum esp_verdict header_read(struct walk *w, struct esp_info *out)
{
    uint8_t h[EXTENDED_BYTES];
    enum esp_verdict v = esp_get(w->src, w->at, h, sizeof h);
    if (v != ESP_GOOD)
        return v;
    if (h[0] != MAGIC)
        return ESP_NOT_ESP;
    if (h[1] == 0 || h[1] > ESP_SEGMENTS_MAX || h[2] >= FLASH_MODES ||
        !is_entry(le32_load(h + 4)))
        return ESP_BAD_HEADER;
    const bool extended = !is_esp8266_address(le32_load(h + 8));
    w->chip = chip_of(h, extended);
    if (w->chip == NULL)
        return ESP_UNKNOWN_CHIP;
    if (extended && h[23] > 1)
        return ESP_BAD_HEADER;
    const bool old = w->chip == &esp8266;
    *out = (struct esp_info){
        .chip = w->chip->name,
        .flash_mode = flash_modes[h[2]],
        .flash_bytes = (old ? flash_512k_esp8266 : flash_512k_esp32)[h[3] >> 4] * 524288U,
        .entry = le32_load(h + 4),
        .segments = h[1],
        .hashed = extended && h[23] == 1,
        .minimum_revision = old ? 0 : le16_load(h + 15),
        .maximum_revision = old ? ESP_REVISION_NONE : le16_load(h + 17),
    };
    if (out->maximum_revision == 0) /* written by tools older than the field */
        out->maximum_revision = ESP_REVISION_NONE;
    w->at += extended ? EXTENDED_BYTES : HEADER_BYTES;
    return ESP_GOOD;
}

static enum esp_verdict segment_read(struct walk *w, struct esp_info *out)
{
    uint8_t h[SEGMENT_HEADER_BYTES];
    enum esp_verdict v = esp_get(w->src, w->at, h, sizeof h);
    if (v != ESP_GOOD)
        return v;
    const uint32_t address = le32_load(h), bytes = le32_load(h + 4);
    if (!is_address(address) || bytes >= SEGMENT_BYTES_MAX)
        return ESP_BAD_SEGMENT;
    w->at += SEGMENT_HEADER_BYTES;
    if (bytes > w->src->size_bytes - w->at)
        return ESP_TRUNCATED;
    out->mapped = out->mapped || is_mapped(w->chip, address);
    v = each_byte(w->src, (struct range){w->at, w->at + bytes}, add_xor, &w->checksum);
    w->at += bytes;
    return v;
}

static void text_take(char out[ESP_TEXT_BYTES], const uint8_t *text)
{
    size_t len = 0;
    while (len < ESP_TEXT_BYTES - 1 && text[len] != '\0')
        len++;
    memcpy(out, text, len);
    out[len] = '\0';
}

/* What its build wrote at the beginning of the first segment, if it did. */
static enum esp_verdict descriptor_read(const struct walk *w, struct esp_info *out)
{
    uint8_t d[APP_DESCRIPTOR_BYTES];
    const uint32_t at = w->begin + APP_DESCRIPTOR_AT;
    if (w->chip == &esp8266 || at > w->at || w->at - at < 80)
        return ESP_GOOD;
    const size_t len = w->at - at < sizeof d ? w->at - at : sizeof d;
    const enum esp_verdict v = esp_get(w->src, at, d, len);
    if (v != ESP_GOOD)
        return v;
    if (len == sizeof d && le32_load(d) == APP_DESCRIPTOR_MAGIC) {
        out->described = true;
        text_take(out->version, d + 16);
        text_take(out->project, d + 48);
        text_take(out->idf, d + 112);
    } else if (d[0] == BOOT_DESCRIPTOR_MARK && d[1] == 0 && d[2] == 0 && d[8] == 'v') {
        out->described = out->described_as_bootloader = true;
        text_take(out->idf, d + 8);
    }
    return ESP_GOOD;
}

/* The last byte of the sixteen that follow the segments, or end with them. */
static enum esp_verdict checksum_read(struct walk *w, bool *out_fits)
{
    uint8_t stated;
    const uint32_t at = w->begin + ((w->at - w->begin) | 15U);
    const enum esp_verdict v = esp_get(w->src, at, &stated, 1);
    if (v != ESP_GOOD)
        return v;
    w->at = at + 1;
    *out_fits = stated == w->checksum;
    return ESP_GOOD;
}

/* Does the digest of all from the image's begin to at stand there? */
static enum esp_verdict hash_at(const struct walk *w, uint32_t at)
{
    struct crypto_sha256 h;
    uint8_t stated[DIGEST_BYTES], is[DIGEST_BYTES];
    enum esp_verdict v = esp_get(w->src, at, stated, sizeof stated);
    if (v != ESP_GOOD)
        return v;
    crypto_sha256_init(&h);
    v = each_byte(w->src, (struct range){w->begin, at}, add_sha256, &h);
    crypto_sha256_final(&h, is);
    if (v != ESP_GOOD)
        return v;
    return memcmp(stated, is, sizeof is) == 0 ? ESP_GOOD : ESP_BAD_HASH;
}

/*
 * The digest stands behind the checksum; or at the file's end, where the header counts only the
 * segments that are loaded into RAM and those in flash follow (Zephyr without a second loader).
 */
static enum esp_verdict hash_read(struct walk *w, struct esp_info *out)
{
    const uint32_t end = w->src->size_bytes - DIGEST_BYTES; /* wraps: then it is not there */
    enum esp_verdict v = hash_at(w, w->at);
    w->at += DIGEST_BYTES;
    if (v == ESP_BAD_HASH && w->begin == 0 && end > w->at && hash_at(w, end) == ESP_GOOD) {
        w->at = w->src->size_bytes;
        out->mapped = true;
        v = ESP_GOOD;
    }
    return v;
}

static enum esp_verdict image_read(const struct image_source *src, uint32_t begin,
                                   struct esp_info *out, bool *out_sum_fits)
{
    struct walk w = {.src = src, .begin = begin, .at = begin, .checksum = CHECKSUM_SEED};
    enum esp_verdict v = header_read(&w, out);
    for (unsigned i = 0; v == ESP_GOOD && i < out->segments; i++)
        v = segment_read(&w, out);
    if (v == ESP_GOOD)
        v = descriptor_read(&w, out);
    if (v == ESP_GOOD)
        v = checksum_read(&w, out_sum_fits);
    if (v == ESP_GOOD && *out_sum_fits && out->hashed)
        v = hash_read(&w, out);
    out->image_bytes = w.at - begin;
    return v;
}

/* ---- ESP8266 in one file --------------------------------------------------------------- */

/* eboot's CRC over all but the two words that state length and CRC. */
static enum esp_verdict eboot_crc(const struct image_source *src, uint32_t end, bool *out_fits,
                                  uint32_t *out_bytes)
{
    static const uint8_t blank[8] = {0};
    uint8_t stated[8];
    uint32_t crc = UINT32_MAX;
    enum esp_verdict v = esp_get(src, EBOOT_CRC_AT, stated, sizeof stated);
    *out_fits = false;
    *out_bytes = end;
    if (v != ESP_GOOD)
        return v;
    const uint32_t bytes = le32_load(stated);
    if (bytes < end || bytes > src->size_bytes)
        return ESP_GOOD;
    v = each_byte(src, (struct range){0, EBOOT_CRC_AT}, add_crc, &crc);
    add_crc(&crc, blank, sizeof blank);
    if (v == ESP_GOOD)
        v = each_byte(src, (struct range){EBOOT_CRC_AT + sizeof blank, bytes}, add_crc, &crc);
    *out_fits = v == ESP_GOOD && crc == le32_load(stated + 4);
    if (*out_fits)
        *out_bytes = bytes;
    return v;
}

/* Arduino's eboot, and the sketch behind it.  The CRC is written after the sketch's checksum
 * was made, which is then off by it: the CRC counts. */
static enum esp_verdict sketch_check(const struct image_source *src, struct esp_info *out)
{
    bool sum_fits = false, crc_fits = false;
    uint32_t bytes = 0;
    enum esp_verdict v = image_read(src, EBOOT_BYTES, out, &sum_fits);
    if (v == ESP_GOOD)
        v = eboot_crc(src, EBOOT_BYTES + out->image_bytes, &crc_fits, &bytes);
    if (v != ESP_GOOD)
        return v;
    out->image_bytes = bytes;
    return crc_fits || sum_fits ? ESP_GOOD : ESP_BAD_CHECKSUM;
}

/* Version 2: a header, the code that stays in flash, an ordinary image, a CRC over them. */
static enum esp_verdict v2_check(const struct image_source *src, uint32_t begin,
                                 struct esp_info *out)
{
    uint8_t h[HEADER_BYTES + SEGMENT_HEADER_BYTES], stated[4];
    uint32_t crc = UINT32_MAX;
    bool sum_fits = false;
    enum esp_verdict v = esp_get(src, begin, h, sizeof h);
    if (v != ESP_GOOD)
        return v;
    const uint32_t bytes = le32_load(h + 12);
    if (bytes >= SEGMENT_BYTES_MAX)
        return ESP_BAD_SEGMENT;
    if (bytes > src->size_bytes - begin - sizeof h)
        return ESP_TRUNCATED;
    const uint32_t second = begin + (uint32_t)sizeof h + bytes;
    v = image_read(src, second, out, &sum_fits);
    if (v != ESP_GOOD)
        return v;
    const uint32_t end = second + out->image_bytes;
    if (!sum_fits)
        return ESP_BAD_CHECKSUM;
    v = esp_get(src, end, stated, sizeof stated);
    if (v == ESP_GOOD)
        v = each_byte(src, (struct range){begin, end}, add_crc_reflected, &crc);
    if (v != ESP_GOOD)
        return v;
    crc = ~crc;
    crc = (crc & 0x80000000U) != 0 ? ~crc : crc + 1;
    out->mapped = true;
    out->image_bytes = end + (uint32_t)sizeof stated - begin;
    return crc == le32_load(stated) ? ESP_GOOD : ESP_BAD_CHECKSUM;
}

enum esp_verdict esp_image_check(const struct image_source *src, uint32_t at,
                                 struct esp_info *out)
{
    uint8_t magic;
    bool sum_fits = false;
    enum esp_verdict v = esp_get(src, at, &magic, 1);
    if (v == ESP_GOOD && magic == MAGIC_V2)
        return v2_check(src, at, out);
    if (v == ESP_GOOD)
        v = image_read(src, at, out, &sum_fits);
    if (v == ESP_GOOD && !sum_fits)
        v = ESP_BAD_CHECKSUM;
    if (v != ESP_GOOD)
        return v;
    if (at == 0 && strcmp(out->chip, esp8266.name) == 0 && out->image_bytes <= EBOOT_BYTES &&
        esp_image_claims(src, EBOOT_BYTES))
        return sketch_check(src, out);
    return ESP_GOOD;
}
