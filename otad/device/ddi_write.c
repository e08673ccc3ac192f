/* DDI's JSON.  The order of members is hawkBit's; some clients print it. */
#include "ddi_write.h"

#include <stdio.h>

enum { SLEEP_MAX_S = 23 * 3600 + 59 * 60 + 59 };

void ddi_sleep_write(int64_t seconds, char out[DDI_SLEEP_BYTES])
{
    const int64_t s = seconds < 1 ? 1 : seconds > SLEEP_MAX_S ? SLEEP_MAX_S : seconds;
    (void)snprintf(out, DDI_SLEEP_BYTES, "%02d:%02d:%02d", (int)(s / 3600) % 24,
                   (int)(s / 60) % 60, (int)s % 60);
}

static void write_link(struct json_out *o, const char *rel, const char *href)
{
    json_open_object(o, rel);
    json_put_string(o, "href", href);
    json_close_object(o);
}

static void write_id(struct json_out *o, const char *key, int32_t id)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%ld", (long)id);
    json_put_string(o, key, text);
}

static const char *base_url(const struct ddi_base *b)
{
    return arena_printf(b->arena, "%s/%s/controller/v1/%s", b->public_url, b->tenant,
                        b->device_id);
}

void ddi_write_root(struct json_out *o, const struct ddi_base *base,
                    const struct fleet_poll *poll, int64_t poll_s)
{
    char sleep[DDI_SLEEP_BYTES];
    const char *url = base_url(base);
    ddi_sleep_write(poll_s, sleep);
    json_open_object(o, NULL);
    json_open_object(o, "config");
    json_open_object(o, "polling");
    json_put_string(o, "sleep", sleep);
    json_close_object(o);
    json_close_object(o);
    json_open_object(o, "_links");
    if (poll->action == FLEET_DEPLOYMENT)
        write_link(o, "deploymentBase",
                   arena_printf(base->arena, "%s/deploymentBase/%ld?c=%lu", url,
                                (long)poll->update_id, (unsigned long)poll->change));
    if (poll->action == FLEET_CANCEL)
        write_link(
            o, "cancelAction",
            arena_printf(base->arena, "%s/cancelAction/%ld", url, (long)poll->update_id));
    if (poll->installed_update_id != 0)
        write_link(o, "installedBase",
                   arena_printf(base->arena, "%s/installedBase/%ld", url,
                                (long)poll->installed_update_id));
    if (poll->config_wanted)
        write_link(o, "configData", arena_printf(base->arena, "%s/configData", url));
    if (base->offer_keys)
        write_link(o, "keyManifest", arena_printf(base->arena, "%s/keyManifest", url));
    if (poll->has_director)
        write_link(o, "director", arena_printf(base->arena, "%s/director", url));
    json_close_object(o);
    json_close_object(o);
}

static void write_artifact(struct json_out *o, const struct ddi_base *base, const char *folder,
                           const struct artifact *a)
{
    const char *file = arena_printf(base->arena, "%s/%s", folder, a->name);
    const char *md5 = arena_printf(base->arena, "%s/%s.MD5SUM", folder, a->name);
    json_open_object(o, NULL);
    json_put_string(o, "filename", a->name);
    json_open_object(o, "hashes");
    json_put_hex(o, "sha1", a->sha1, sizeof a->sha1);
    json_put_hex(o, "md5", a->md5, sizeof a->md5);
    json_put_hex(o, "sha256", a->sha256, sizeof a->sha256);
    json_close_object(o);
    json_put_int(o, "size", a->size_bytes);
    json_open_object(o, "_links");
    write_link(o, "download", file);
    write_link(o, "md5sum", md5);
    write_link(o, "download-http", file);
    write_link(o, "md5sum-http", md5);
    json_close_object(o);
    json_close_object(o);
}

/* Images first: clients that take one file take the first.  Bills of materials are for people.
 */
static void write_items(struct json_out *o, const struct ddi_base *base,
                        const struct release *r)
{
    const char *folder = arena_printf(base->arena, "%s/softwaremodules/%lld/artifacts",
                                      base_url(base), (long long)r->id);
    for (int images = 1; images >= 0; images--)
        for (size_t i = 0; i < r->artifact_count; i++)
            if (artifact_is_for_devices(&r->artifacts[i]) &&
                (r->artifacts[i].kind == ARTIFACT_MCUBOOT) == (images == 1))
                write_artifact(o, base, folder, &r->artifacts[i]);
}

void ddi_write_artifacts(struct json_out *o, const struct ddi_base *base,
                         const struct release *r)
{
    json_open_array(o, NULL);
    write_items(o, base, r);
    json_close_array(o);
}

static void write_history(struct json_out *o, const struct update *u, size_t max)
{
    json_open_object(o, "actionHistory");
    json_put_string(o, "status",
                    u->state == UPDATE_SUCCEEDED   ? "FINISHED"
                    : u->state == UPDATE_FAILED    ? "ERROR"
                    : u->state == UPDATE_CANCELLED ? "CANCELED"
                                                   : "RUNNING");
    json_open_array(o, "messages");
    size_t written = 0;
    for (size_t i = u->event_count; i-- > 0 && written < max;)
        for (size_t j = u->events[i].detail_count; j-- > 0 && written < max; written++)
            json_put_string(o, NULL, u->events[i].details[j]);
    json_close_array(o);
    json_close_object(o);
}

void ddi_write_deployment(struct json_out *o, const struct ddi_base *base,
                          const struct update *u, const struct release *r, size_t history_max)
{
    json_open_object(o, NULL);
    write_id(o, "id", u->id);
    json_open_object(o, "deployment");
    json_put_string(o, "download", "forced");
    json_put_string(o, "update", "forced");
    json_open_array(o, "chunks");
    json_open_object(o, NULL);
    json_put_string(o, "part", "bApp");
    json_put_string(o, "version", r->version);
    json_put_string(o, "name", r->platform);
    json_open_array(o, "artifacts");
    write_items(o, base, r);
    json_close_array(o);
    json_close_object(o);
    json_close_array(o);
    json_close_object(o);
    if (history_max > 0)
        write_history(o, u, history_max);
    json_close_object(o);
}

void ddi_write_cancel(struct json_out *o, int32_t update_id)
{
    json_open_object(o, NULL);
    write_id(o, "id", update_id);
    json_open_object(o, "cancelAction");
    write_id(o, "stopId", update_id);
    json_close_object(o);
    json_close_object(o);
}
