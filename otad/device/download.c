/* What became of a download is known when its answer is over; here it is told to the log. */
#include "download.h"

#include "caller.h"
#include "otad/auth/permission.h"
#include "otad/fleet/link.h"
#include "otad/http/exchange.h"
#include "otad/otad.h"

struct noted {
    struct download download;
    int64_t at_unix_s, started_ms;
};

static bool is_download(const struct http_request *rq, const struct http_response *rs)
{
    return rs->is_file && rq->method == HTTP_GET && (rs->status == 200 || rs->status == 206);
}

int64_t download_bytes(const struct http_request *rq, const struct http_response *rs)
{
    if (!is_download(rq, rs))
        return 0;
    return (int64_t)(rs->proxied_bytes > 0 ? rs->proxied_bytes : rs->length);
}

static void ended(struct http_request *rq, const struct http_response *rs, uint64_t sent)
{
    const struct noted *n = rq->state;
    const struct download *d = &n->download;
    struct fleet *f = rq->otad->fleet;
    int64_t bytes = download_bytes(rq, rs);
    if (rs->proxied_bytes == 0 && bytes > (int64_t)sent)
        bytes = (int64_t)sent;
    if (d->reserved >= 0)
        fleet_link_end(f, d->tenant_id, d->link_id, d->reserved, bytes);
    if (d->via != DOWNLOAD_LINK && !is_download(rq, rs))
        return;
    const struct fleet_download entry = {.tenant_id = d->tenant_id,
                                         .at_unix_s = n->at_unix_s,
                                         .duration_ms = http_now_ms() - n->started_ms,
                                         .via = d->via,
                                         .link_id = d->link_id,
                                         .bytes = bytes,
                                         .status = rs->status,
                                         .who = d->who,
                                         .platform = d->platform,
                                         .version = d->version,
                                         .artifact = d->artifact,
                                         .address = rq->client};
    fleet_download_put(f, &entry);
}

ota_err download_note(struct http_request *rq, struct http_response *rs,
                      const struct download *d, struct download **out)
{
    struct noted *n = ARENA_NEW(rq->arena, struct noted);
    if (n == NULL || d->who == NULL)
        return OTA_E_LIMIT;
    *n = (struct noted){.download = *d, .at_unix_s = device_now(), .started_ms = http_now_ms()};
    rq->state = n;
    rs->ended = ended;
    if (out != NULL)
        *out = &n->download;
    return OTA_OK;
}

ota_err download_send(struct http_request *rq, struct http_response *rs, enum download_via via,
                      const struct release *r, const struct artifact *a)
{
    const struct principal *who = rq->principal;
    const struct download d = {.via = via,
                               .who = who->kind == PRINCIPAL_API_KEY
                                          ? arena_printf(rq->arena, "key:%s", who->name)
                                          : who->name,
                               .platform = r->platform,
                               .version = r->version,
                               .artifact = a->name,
                               .tenant_id = who->tenant,
                               .reserved = -1};
    const ota_err err = download_note(rq, rs, &d, NULL);
    return err == OTA_OK ? device_send_artifact(rq, rs, a) : err;
}
