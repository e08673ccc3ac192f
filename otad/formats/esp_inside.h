#ifndef OTAD_FORMATS_ESP_INSIDE_H
#define OTAD_FORMATS_ESP_INSIDE_H

#include "esp.h"

/* One image of the many that a file may hold, for the files of formats/ only. */

/* len bytes at this offset.  ESP_TRUNCATED behind the end, ESP_UNREADABLE. */
enum esp_verdict esp_get(const struct image_source *src, uint32_t at, void *buf, size_t len);

/* Would a loader take what stands at this offset for an image's header? */
bool esp_image_claims(const struct image_source *src, uint32_t at);

/* Judge the image at this offset; out->image_bytes is its length from there. */
enum esp_verdict esp_image_check(const struct image_source *src, uint32_t at,
                                 struct esp_info *out);

/* A partition table at this offset, of at most bytes. */
enum { ESP_TABLE_BYTES = 0xc00, ESP_PARTITION_BYTES = 32, ESP_APPS_MAX = 18 };
struct esp_table {
    uint32_t bytes; /* up to and with its MD5 or end mark */
    uint8_t count, app_count;
    uint32_t app_offset[ESP_APPS_MAX];
};
bool esp_table_claims(const struct image_source *src, uint32_t at);
enum esp_verdict esp_table_check(const struct image_source *src, uint32_t at,
                                 struct esp_table *out);

#endif
