/* Devices, updates and what devices tell of themselves as JSON (SPEC 8.7). */
#include "write.h"

static void write_told_int(struct json_out *o, const char *key, int64_t value)
{
    if (value < 0)
        json_put_null(o, key);
    else
        json_put_int(o, key, value);
}

static void write_heartbeat(struct json_out *o, const char *key, const struct heartbeat *h)
{
    json_open_object(o, key);
    json_put_time(o, "at", h->at_unix_s);
    json_put_string(o, "version", h->version);
    json_put_string(o, "slot", h->slot);
    write_told_int(o, "uptime_s", h->uptime_s);
    json_put_string(o, "reset_cause", h->reset_cause);
    write_told_int(o, "free_bytes", h->free_bytes);
    json_put_string(o, "address", h->address);
    json_put_string(o, "app", h->app);
    json_close_object(o);
}

static void write_event(struct json_out *o, const struct update_event *e)
{
    json_open_object(o, NULL);
    json_put_time(o, "at", e->at_unix_s);
    json_put_string(o, "execution", e->execution);
    json_put_string(o, "result", e->result);
    write_told_int(o, "progress_percent", e->progress_percent);
    json_open_array(o, "details");
    for (size_t i = 0; i < e->detail_count; i++)
        json_put_string(o, NULL, e->details[i]);
    json_close_array(o);
    json_close_object(o);
}

void write_update(struct json_out *o, const char *key, const struct update *u,
                  enum write_detail detail)
{
    json_open_object(o, key);
    json_put_int(o, "id", u->id);
    json_put_string(o, "device", u->device);
    json_put_string(o, "platform", u->platform);
    json_put_string(o, "from_version", u->from_version);
    json_put_string(o, "version", u->version);
    json_put_string(o, "state", update_state_name(u->state));
    json_put_int(o, "progress_percent", u->progress_percent);
    json_put_string(o, "reason", u->reason);
    json_put_time(o, "created_at", u->created_at_unix_s);
    json_put_string(o, "created_by", u->created_by);
    json_put_time(o, "updated_at", u->updated_at_unix_s);
    json_put_time(o, "closed_at", u->closed_at_unix_s);
    json_put_string(o, "source", u->plain ? "plain" : "ddi");
    json_put_time(o, "started_at", u->started_at_unix_s);
    if (u->started_at_unix_s == 0 || u->closed_at_unix_s == 0)
        json_put_null(o, "duration_s");
    else
        json_put_int(o, "duration_s", u->closed_at_unix_s - u->started_at_unix_s);
    if (detail == WRITE_FULL) {
        json_open_array(o, "events");
        for (size_t i = 0; i < u->event_count; i++)
            write_event(o, &u->events[i]);
        json_close_array(o);
    }
    json_close_object(o);
}

static void write_update_end(struct json_out *o, const char *key, const struct update_end *e)
{
    json_open_object(o, key);
    json_put_string(o, "state", update_state_name(e->state));
    json_put_string(o, "version", e->version);
    json_put_string(o, "reason", e->reason);
    json_put_time(o, "closed_at", e->closed_at_unix_s);
    json_close_object(o);
}

/* Since when, and what could be done: what is published has expired, too, or it is good and the
 * device does not come by it. */
static void write_stale(struct json_out *o, const char *key, const struct device *d,
                        int64_t now_unix_s)
{
    const bool expired = d->published.role != NULL && d->published.expires_unix_s <= now_unix_s;
    if (!d->has_heartbeat || d->heartbeat.stale_since_unix_s == 0) {
        json_put_null(o, key);
        return;
    }
    json_open_object(o, key);
    json_put_time(o, "since", d->heartbeat.stale_since_unix_s);
    json_put_string(o, "why",
                    d->published.role == NULL ? "no-repository"
                    : expired                 ? "metadata-expired"
                                              : "not-followed");
    json_put_string(o, "role", expired ? d->published.role : NULL);
    json_put_time(o, "expired_at", expired ? d->published.expires_unix_s : 0);
    json_close_object(o);
}

void write_device(struct json_out *o, const char *key, const struct device *d,
                  const struct write_clock *clock, enum write_detail detail)
{
    const enum device_state state =
        device_state_at(d->last_seen_at_unix_s, clock->now_unix_s, clock->lateness);
    json_open_object(o, key);
    json_put_string(o, "id", d->id);
    json_put_string(o, "platform", d->platform);
    json_put_string(o, "name", d->name);
    json_put_string(o, "channel", channel_name(d->channel));
    json_put_string(o, "state", device_state_name(state));
    json_put_string(o, "version", d->version);
    json_put_string(o, "target_version", d->target_version);
    json_put_time(o, "last_seen_at", d->last_seen_at_unix_s);
    json_put_string(o, "address", d->address);
    json_put_time(o, "registered_at", d->registered_at_unix_s);
    if (d->has_update)
        write_update(o, "update", &d->update, WRITE_BRIEF);
    else
        json_put_null(o, "update");
    if (d->has_last_update)
        write_update_end(o, "last_update", &d->last_update);
    else
        json_put_null(o, "last_update");
    if (d->has_heartbeat)
        write_heartbeat(o, "heartbeat", &d->heartbeat);
    else
        json_put_null(o, "heartbeat");
    write_stale(o, "stale", d, clock->now_unix_s);
    if (detail == WRITE_FULL) {
        json_open_object(o, "attributes");
        for (size_t i = 0; i < d->attribute_count; i++)
            json_put_string(o, d->attributes[i].key, d->attributes[i].value);
        json_close_object(o);
    }
    json_close_object(o);
}
