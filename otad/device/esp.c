/*
 * ESP clients of the plain door's kind: one GET, the credential as the client can carry it, the
 * answer a build or 304.  Which release it is, fleet_newest alone decides.  No SQL.
 */
#include "esp.h"

#include <string.h>
#include <strings.h>

#include "caller.h"
#include "download.h"
#include "esp_read.h"
#include "otad/auth/permission.h"
#include "otad/config.h"
#include "otad/json.h"
#include "otad/otad.h"
#include "session.h"

/* ESP8266 and ESP32 say the same under two prefixes. */
static const char *esp_header(const struct http_request *rq, const char *name)
{
    const char *value = http_header(rq, arena_printf(rq->arena, "x-ESP8266-%s", name));
    return value != NULL ? value : http_header(rq, arena_printf(rq->arena, "x-ESP32-%s", name));
}

static const char *current_version(const struct http_request *rq)
{
    const char *version = http_query(rq, "version");
    if (version == NULL)
        version = esp_header(rq, "version");
    return version != NULL ? version : http_header(rq, "X-Firmware-Version");
}

static ota_err newest(struct http_request *rq, struct http_response *rs, struct release *out,
                      bool *newer)
{
    const ota_err err = device_newest(rq, current_version(rq), out, newer);
    if (err == OTA_E_FORMAT)
        return http_problem(rq, rs, err, "bad-query",
                            "The parameter 'channel' must be stable or beta.");
    if (err == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, err, NULL, "Nothing is released for this platform.");
    return err;
}

static const struct artifact *named(const struct release *r, const char *name)
{
    for (size_t i = 0; i < r->artifact_count; i++)
        if (strcmp(r->artifacts[i].name, name) == 0)
            return &r->artifacts[i];
    return NULL;
}

/* A sketch that knows its own MD5 may have no version, or one that was never changed. */
static bool runs_it(const struct http_request *rq, const char *md5, bool newer)
{
    const char *sketch = esp_header(rq, "sketch-md5");
    return !newer || (sketch != NULL && strcasecmp(sketch, md5) == 0);
}

ota_err esp_update_get(struct http_request *rq, struct http_response *rs)
{
    const enum esp_mode mode = esp_mode_parse(esp_header(rq, "mode"));
    const char *file = http_query(rq, "file");
    struct release r = {0};
    bool newer = false;
    const ota_err err = newest(rq, rs, &r, &newer);
    if (err != OTA_OK)
        return err;
    const struct artifact *a = file != NULL ? named(&r, file) : esp_choose(&r, mode);
    if (a == NULL)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL,
                            "The release has no file for this request.");
    const char *md5 = device_hex(rq->arena, a->md5, sizeof a->md5);
    if (md5 == NULL)
        return OTA_E_LIMIT;
    http_header_add(rs, "x-MD5", md5);
    http_header_add(rs, "x-version", r.version);
    if (mode == ESP_VERSION) {
        rq->quiet = true;
        http_bytes(rs, 200, "text/plain", r.version, strlen(r.version));
        return OTA_OK;
    }
    ota_err sent = OTA_OK;
    if (runs_it(rq, mode == ESP_SKETCH ? md5 : "", newer)) {
        rq->quiet = true;
        http_empty(rs, 304);
    } else {
        sent = download_send(rq, rs, DOWNLOAD_ESP, &r, a);
    }
    if (mode == ESP_SKETCH && file == NULL && sent == OTA_OK)
        session_note(rq, rs, &r, current_version(rq));
    return sent;
}

/* ---- manifests ------------------------------------------------------------------------ */

/* Any page may read it: whoever has the address has the key in it. */
static void allow_pages(struct http_response *rs)
{
    http_header_add(rs, "Access-Control-Allow-Origin", "*");
    http_header_add(rs, "Cross-Origin-Resource-Policy", "cross-origin");
    http_header_add(rs, "Referrer-Policy", "no-referrer");
}

/* Relative to the manifest; of the same channel as it. */
static const char *file_path(const struct http_request *rq, const struct artifact *a)
{
    const char *channel = http_query(rq, "channel");
    return channel == NULL ? arena_printf(rq->arena, "files/%s", a->name)
                           : arena_printf(rq->arena, "files/%s?channel=%s", a->name, channel);
}

static void write_build(struct json_out *o, const struct http_request *rq,
                        const struct esp_build *b)
{
    json_open_object(o, NULL);
    json_put_string(o, "chipFamily", b->chip);
    json_open_array(o, "parts");
    json_open_object(o, NULL);
    json_put_string(o, "path", file_path(rq, b->flashed));
    json_put_int(o, "offset", b->offset);
    json_put_hex(o, "md5", b->flashed->md5, sizeof b->flashed->md5);
    json_close_object(o);
    json_close_array(o);
    if (b->ota != NULL) {
        json_open_object(o, "ota");
        json_put_string(o, "path", file_path(rq, b->ota));
        json_put_hex(o, "md5", b->ota->md5, sizeof b->ota->md5);
        json_put_string(o, "summary", "");
        json_close_object(o);
    }
    json_close_object(o);
}

ota_err esp_manifest_get(struct http_request *rq, struct http_response *rs)
{
    const char *chip = http_query(rq, "chip");
    struct esp_build build[ESP_BUILDS_MAX];
    struct json_out o;
    struct release r = {0};
    bool newer = false;
    const ota_err err = newest(rq, rs, &r, &newer);
    if (err != OTA_OK)
        return err;
    const size_t count =
        esp_builds(&r, esp_chip_family(chip != NULL ? chip : r.platform), build);
    if (count == 0)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, "no-chip",
                            "No file's name tells its chip; say ?chip=ESP32-S3.");
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_string(&o, "name", r.platform);
    json_put_string(&o, "version", r.version);
    json_put_bool(&o, "new_install_prompt_erase", true);
    json_open_array(&o, "builds");
    for (size_t i = 0; i < count; i++)
        write_build(&o, rq, &build[i]);
    json_close_array(&o);
    json_close_object(&o);
    allow_pages(rs);
    return http_json(rq, rs, 200, &o);
}

ota_err esp_file_get(struct http_request *rq, struct http_response *rs)
{
    struct release r = {0};
    bool newer = false;
    const ota_err err = newest(rq, rs, &r, &newer);
    if (err != OTA_OK)
        return err;
    const struct artifact *a = named(&r, device_captured(rq, "{file}"));
    if (a == NULL)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL,
                            "The newest release has no file of this name.");
    allow_pages(rs);
    return download_send(rq, rs, DOWNLOAD_ESP, &r, a);
}
