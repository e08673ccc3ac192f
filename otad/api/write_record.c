/* The audit log and statistics as JSON (SPEC 8.15, 8.16). */
#include "write_record.h"

void write_audit_entry(struct json_out *o, const char *key, const struct audit_entry *e)
{
    json_open_object(o, key);
    json_put_int(o, "seq", e->seq);
    json_put_time(o, "at", e->at_unix_s);
    json_put_string(o, "actor", e->actor);
    json_put_string(o, "address", e->address);
    json_put_string(o, "action", e->action);
    json_put_string(o, "object", e->object);
    json_put_string(o, "platform", e->platform);
    json_put_raw(o, "before", e->before);
    json_put_raw(o, "after", e->after);
    json_put_hex(o, "prev_hash", e->prev_hash, sizeof e->prev_hash);
    json_put_hex(o, "hash", e->hash, sizeof e->hash);
    json_close_object(o);
}

void write_audit_head(struct json_out *o, const char *key, const struct audit_entry *e)
{
    json_open_object(o, key);
    json_put_int(o, "seq", e->seq);
    json_put_hex(o, "hash", e->hash, sizeof e->hash);
    json_put_time(o, "at", e->at_unix_s);
    json_close_object(o);
}

/* Three digits behind the point, rounded; values are counts and seconds, so never huge. */
static void put_thousandths(struct json_out *o, const char *key, double value)
{
    const int64_t n = (int64_t)(value * 1000 + 0.5);
    json_put_raw(o, key,
                 arena_printf(o->arena, "%lld.%03d", (long long)(n / 1000), (int)(n % 1000)));
}

static void put_counts(struct json_out *o, const struct update_counts *n)
{
    const int64_t judged = n->succeeded + n->failed;
    json_put_int(o, "total", judged + n->cancelled + n->in_progress);
    json_put_int(o, "succeeded", n->succeeded);
    json_put_int(o, "failed", n->failed);
    json_put_int(o, "cancelled", n->cancelled);
    json_put_int(o, "in_progress", n->in_progress);
    if (judged == 0)
        json_put_null(o, "success_rate");
    else
        put_thousandths(o, "success_rate", (double)n->succeeded / (double)judged);
    if (!n->has_duration) {
        json_put_null(o, "duration_s");
        return;
    }
    json_open_object(o, "duration_s");
    put_thousandths(o, "mean", n->mean_s);
    put_thousandths(o, "p95", n->p95_s);
    json_close_object(o);
}

void write_statistics(struct json_out *o, const char *key, const struct statistics *s)
{
    json_open_object(o, key);
    put_counts(o, &s->all);
    json_put_int(o, "stale", s->stale);
    json_open_array(o, "releases");
    for (size_t i = 0; i < s->release_count; i++) {
        json_open_object(o, NULL);
        json_put_string(o, "platform", s->releases[i].platform);
        json_put_string(o, "version", s->releases[i].version);
        put_counts(o, &s->releases[i].n);
        json_close_object(o);
    }
    json_close_array(o);
    json_open_array(o, "days");
    for (size_t i = 0; i < s->day_count; i++) {
        json_open_object(o, NULL);
        json_put_string(o, "day", s->days[i].day);
        json_put_int(o, "succeeded", s->days[i].succeeded);
        json_put_int(o, "failed", s->days[i].failed);
        json_close_object(o);
    }
    json_close_array(o);
    json_close_object(o);
}
