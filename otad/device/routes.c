/* What devices may ask, one row each.  Every success of DDI is exactly 200. */
#include "ddi.h"
#include "device.h"
#include "esp.h"
#include "otad/auth/admit.h"
#include "otad/auth/permission.h"
#include "session.h"
#include "tuf.h"

#define DDI  "/{tenant}/controller/v1/{device}"
#define BODY 262144U
#define ESP  "/api/esp/{platform}"
#define KEY  "/api/esp-key/{key}/{platform}"
#define TUF  "/tuf/{tenant}/{platform}"
#define REPO "/repos/{tenant}/{platform}/releases"

/* clang-format off */
#define ROW(verb, path, bytes, fn) {.method = (verb), .pattern = (path), .handler = (fn), \
                                    .flags = HTTP_ROUTE_DEVICE, .auth = ADMIT_DEVICE, \
                                    .permission = PERM_NONE, .body_bytes_max = (bytes)}

#define DOOR_OF(who, path, more, time, fn) {.method = HTTP_GET, .pattern = (path), .handler = (fn), \
                                            .flags = HTTP_ROUTE_DEVICE | (more), .auth = (who), \
                                            .permission = PERM_RELEASE_READ, .deadline = (time)}

#define DOOR(path, more, time, fn) DOOR_OF(ADMIT_DOOR, path, more, time, fn)
#define PAGE(path, more, time, fn) DOOR_OF(ADMIT_DOOR_OR_USER, path, more, time, fn)

const struct http_route device_routes[] = {
    {.method = HTTP_GET, .pattern = DDI, .flags = HTTP_ROUTE_DEVICE | HTTP_ROUTE_POLL,
     .auth = ADMIT_DEVICE, .permission = PERM_NONE, .handler = ddi_poll},
    ROW(HTTP_PUT, DDI "/configData", BODY, ddi_config_put),
    ROW(HTTP_POST, DDI "/heartbeat", 4096, ddi_heartbeat_post),
    ROW(HTTP_GET, DDI "/keyManifest", 0, ddi_key_manifest_get),
    ROW(HTTP_GET, DDI "/director", 0, ddi_director_get),
    ROW(HTTP_GET, DDI "/deploymentBase/{action}", 0, ddi_deployment_get),
    ROW(HTTP_POST, DDI "/deploymentBase/{action}/feedback", BODY, ddi_deployment_feedback),
    ROW(HTTP_GET, DDI "/cancelAction/{action}", 0, ddi_cancel_get),
    ROW(HTTP_POST, DDI "/cancelAction/{action}/feedback", BODY, ddi_cancel_feedback),
    ROW(HTTP_GET, DDI "/installedBase/{action}", 0, ddi_installed_get),
    ROW(HTTP_GET, DDI "/softwaremodules/{module}/artifacts", 0, ddi_artifact_list),
    {.method = HTTP_GET, .pattern = DDI "/softwaremodules/{module}/artifacts/{file}",
     .flags = HTTP_ROUTE_DEVICE, .auth = ADMIT_DEVICE, .permission = PERM_NONE,
     .deadline = HTTP_TRANSFER, .handler = ddi_artifact_get},
    {.method = HTTP_GET, .pattern = "/api/firmware/{platform}",
     .flags = HTTP_ROUTE_DEVICE | HTTP_ROUTE_POLL,
     .auth = ADMIT_KEY, .permission = PERM_RELEASE_READ, .deadline = HTTP_TRANSFER,
     .handler = plain_get},
    {.method = HTTP_POST, .pattern = "/api/firmware/{platform}/sessions", .flags = HTTP_ROUTE_DEVICE,
     .auth = ADMIT_KEY, .permission = PERM_RELEASE_READ, .body_bytes_max = 4096,
     .handler = plain_session_post},
    DOOR(ESP, HTTP_ROUTE_POLL, HTTP_TRANSFER, esp_update_get),
    PAGE(ESP "/manifest.json", HTTP_ROUTE_POLL, HTTP_ORDINARY, esp_manifest_get),
    PAGE(ESP "/files/{file}", 0, HTTP_TRANSFER, esp_file_get),
    DOOR(KEY, HTTP_ROUTE_POLL | HTTP_ROUTE_SECRET, HTTP_TRANSFER, esp_update_get),
    DOOR(KEY "/manifest.json", HTTP_ROUTE_POLL | HTTP_ROUTE_SECRET, HTTP_ORDINARY, esp_manifest_get),
    DOOR(KEY "/files/{file}", HTTP_ROUTE_SECRET, HTTP_TRANSFER, esp_file_get),
    /* Metadata hold nothing that is secret, and clients of TUF bring no credentials for them. */
    {.method = HTTP_GET, .pattern = TUF "/metadata/{file}", .auth = ADMIT_ANYONE,
     .permission = PERM_NONE, .handler = tuf_metadata_get},
    {.method = HTTP_GET, .pattern = TUF "/targets/{version}/{file}", .auth = ADMIT_TARGETS,
     .permission = PERM_RELEASE_READ, .deadline = HTTP_TRANSFER, .handler = tuf_target_get},
    DOOR(REPO "/latest", HTTP_ROUTE_POLL, HTTP_ORDINARY, github_latest_get),
    DOOR(REPO "/assets/{asset}", 0, HTTP_TRANSFER, github_asset_get),
};
/* clang-format on */

const size_t device_route_count = sizeof device_routes / sizeof device_routes[0];
