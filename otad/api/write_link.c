/* Download links and the download log as the JSON of SPEC 8.14. */
#include "write_link.h"

void write_download_link(struct json_out *o, const char *key, const struct link *l)
{
    json_open_object(o, key);
    json_put_int(o, "id", l->id);
    json_put_string(o, "platform", l->platform);
    json_put_string(o, "version", l->version);
    json_put_string(o, "artifact", l->artifact);
    json_put_string(o, "created_by", l->created_by);
    json_put_time(o, "created_at", l->created_at_unix_s);
    json_put_time(o, "expires_at", l->expires_at_unix_s);
    json_put_time(o, "revoked_at", l->revoked_at_unix_s);
    json_put_int(o, "byte_budget", l->byte_budget);
    json_put_int(o, "bytes_used", l->bytes_used);
    json_put_int(o, "uses", l->uses);
    json_put_string(o, "state", l->state);
    json_close_object(o);
}

void write_download(struct json_out *o, const char *key, const struct download_row *r)
{
    const struct fleet_download *d = &r->download;
    json_open_object(o, key);
    json_put_int(o, "id", r->id);
    json_put_time(o, "at", d->at_unix_s);
    json_put_string(o, "via", download_via_name(d->via));
    json_put_string(o, "who", d->who);
    if (d->link_id == 0)
        json_put_null(o, "link_id");
    else
        json_put_int(o, "link_id", d->link_id);
    json_put_string(o, "platform", d->platform);
    json_put_string(o, "version", d->version);
    json_put_string(o, "artifact", d->artifact);
    json_put_string(o, "address", d->address);
    json_put_int(o, "bytes", d->bytes);
    json_put_int(o, "status", d->status);
    json_put_int(o, "duration_ms", d->duration_ms);
    json_close_object(o);
}
