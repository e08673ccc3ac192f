#ifndef OTAD_DEVICE_ESP_H
#define OTAD_DEVICE_ESP_H

#include "otad/http/route.h"

/* ESP clients (SPEC 7.1): httpUpdate and esp_https_ota; manifests for ESP Web Tools and
 * ESPHome, and the files that those name. */
http_handler esp_update_get, esp_manifest_get, esp_file_get;

/* GitHub's "latest release", as esp_ghota and others ask for it (SPEC 7.2). */
http_handler github_latest_get, github_asset_get;

#endif
