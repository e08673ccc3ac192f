/*
 * GitHub's "latest release" for clients that know no other server (SPEC 7.2).  An asset's id is
 * the release's and the file's place in it, so that an answer is never mixed from two releases.
 */
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "download.h"
#include "esp.h"
#include "otad/auth/permission.h"
#include "otad/config.h"
#include "otad/fleet/fleet.h"
#include "otad/json.h"
#include "otad/otad.h"

static ota_err latest(struct http_request *rq, struct http_response *rs, struct release *out)
{
    int64_t tenant = 0;
    bool newer = false;
    ota_err err = fleet_tenant(rq->otad->fleet, device_captured(rq, "{tenant}"), &tenant);
    if (err == OTA_OK && tenant != rq->principal->tenant)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = device_newest(rq, NULL, out, &newer);
    if (err == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, err, NULL, "There is no such repository, or no release.");
    return err;
}

static void write_asset(struct json_out *o, struct arena *arena, const char *folder,
                        const struct release *r, size_t place)
{
    const struct artifact *a = &r->artifacts[place];
    const char *url =
        arena_printf(arena, "%s/assets/%lld-%zu", folder, (long long)r->id, place);
    json_open_object(o, NULL);
    json_put_string(o, "url", url);
    json_put_string(o, "browser_download_url", url);
    json_put_string(o, "name", a->name);
    json_put_string(o, "content_type", "application/octet-stream");
    json_put_string(o, "state", "uploaded");
    json_put_int(o, "size", a->size_bytes);
    json_put_string(
        o, "digest",
        arena_printf(arena, "sha256:%s", device_hex(arena, a->sha256, sizeof a->sha256)));
    json_close_object(o);
}

ota_err github_latest_get(struct http_request *rq, struct http_response *rs)
{
    struct json_out o;
    struct release r = {0};
    const ota_err err = latest(rq, rs, &r);
    if (err != OTA_OK)
        return err;
    const char *folder =
        arena_printf(rq->arena, "%s/repos/%s/%s/releases", rq->otad->config->public_url,
                     device_captured(rq, "{tenant}"), r.platform);
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_int(&o, "id", r.id);
    json_put_string(&o, "tag_name", r.version);
    json_put_string(&o, "name", arena_printf(rq->arena, "%s %s", r.platform, r.version));
    json_put_bool(&o, "draft", false);
    json_put_bool(&o, "prerelease", false);
    json_put_time(&o, "created_at", r.created_at_unix_s);
    json_put_time(&o, "published_at", r.released_at_unix_s);
    json_open_array(&o, "assets");
    for (size_t i = 0; i < r.artifact_count; i++)
        write_asset(&o, rq->arena, folder, &r, i);
    json_close_array(&o);
    json_close_object(&o);
    rq->quiet = true;
    http_header_add(rs, "x-ratelimit-remaining", "60");
    return http_json(rq, rs, 200, &o);
}

/* ID-PLACE of the release that is the latest now; NULL for anything else. */
static const struct artifact *asset(const struct release *r, const char *text)
{
    char *end = NULL;
    const long long id = strtoll(text, &end, 10);
    if (end == text || *end != '-' || text[0] < '1' || text[0] > '9' || id != r->id ||
        end[1] < '0' || end[1] > '9')
        return NULL;
    const unsigned long place = strtoul(end + 1, &end, 10);
    return *end == '\0' && place < r->artifact_count ? &r->artifacts[place] : NULL;
}

ota_err github_asset_get(struct http_request *rq, struct http_response *rs)
{
    struct release r = {0};
    const ota_err err = latest(rq, rs, &r);
    if (err != OTA_OK)
        return err;
    const struct artifact *a = asset(&r, device_captured(rq, "{asset}"));
    if (a == NULL)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL,
                            "The latest release has no such asset (any more).");
    return download_send(rq, rs, DOWNLOAD_GITHUB, &r, a);
}
