/*
 * Rows into structs.  Views only ever get columns appended, so a reader stays right for a
 * database that is one migration ahead.
 */
#include "read.h"

#include <string.h>

#include "tx.h"

const char *row_text_or_empty(struct pg_row *row)
{
    const char *text = row_text(row);
    return text == NULL ? "" : text;
}

void version_read(struct pg_row *row, struct version *out)
{
    size_t len = 0;
    const uint8_t *key = row_blob(row, &len);
    *out = (struct version){0};
    if (key == NULL)
        return;
    if (len > sizeof out->key) {
        row->err = OTA_E_INTERNAL;
        return;
    }
    out->len = (uint8_t)len;
    memcpy(out->key, key, len);
}

/* From the platform's name on, both views go on alike. */
static void update_rest_read(struct pg_row *row, struct update *u)
{
    u->platform = row_text(row);
    u->version = row_text(row);
    u->from_version = row_text(row);
    u->state = update_state_parse(row_text_or_empty(row));
    u->progress_percent = (int32_t)row_int(row);
    u->reason = row_text(row);
    u->created_by = row_text(row);
    u->created_at_unix_s = row_int(row);
    u->updated_at_unix_s = row_int(row);
}

/* source and started_at */
static void source_read(struct pg_row *row, struct update *u)
{
    u->plain = strcmp(row_text_or_empty(row), "plain") == 0;
    u->started_at_unix_s = row_int(row);
}

void update_read(struct pg_row *row, void *out_update)
{
    struct update *u = out_update;
    *u = (struct update){0};
    row_skip(row, 1); /* tenant_id */
    u->id = (int32_t)row_int(row);
    u->device_no = row_int(row);
    u->release_id = row_int(row);
    u->device = row_text(row);
    update_rest_read(row, u);
    u->closed_at_unix_s = row_int(row);
    row_skip(row, 1); /* platform_id */
    source_read(row, u);
}

static void open_update_read(struct pg_row *row, struct device *d)
{
    d->has_update = !row_is_null(row);
    if (!d->has_update) {
        row_skip(row, 11);
        return;
    }
    struct update *u = &d->update;
    u->id = (int32_t)row_int(row);
    u->device_no = d->no;
    u->device = d->id;
    u->release_id = row_int(row);
    update_rest_read(row, u);
    d->target_version = u->version;
}

static void heartbeat_read(struct pg_row *row, struct device *d)
{
    struct heartbeat *h = &d->heartbeat;
    h->at_unix_s = row_int(row);
    d->has_heartbeat = h->at_unix_s != 0;
    h->version = row_text(row);
    h->slot = row_text(row);
    h->reset_cause = row_text(row);
    h->address = row_text(row);
    h->app = row_text(row);
    h->uptime_s = row_int(row);
    h->free_bytes = row_int(row);
}

static void last_update_read(struct pg_row *row, struct device *d)
{
    d->has_last_update = !row_is_null(row);
    struct update_end *e = &d->last_update;
    e->state = update_state_parse(row_text_or_empty(row));
    e->version = row_text(row);
    e->reason = row_text(row);
    e->closed_at_unix_s = row_int(row);
}

void device_read_all(struct pg_row *row, void *out_row)
{
    struct fleet_device_row *r = out_row;
    *r = (struct fleet_device_row){0};
    struct device *d = &r->device;
    row_skip(row, 1); /* tenant_id */
    d->no = row_int(row);
    d->id = row_text(row);
    d->name = row_text(row);
    d->platform = row_text(row);
    d->channel = channel_parse(row_text_or_empty(row));
    d->version = row_text(row);
    d->address = row_text(row);
    d->last_seen_at_unix_s = row_int(row);
    d->registered_at_unix_s = row_int(row);
    open_update_read(row, d);
    r->has_token = !row_is_null(row);
    row_bytes(row, r->token_hash, sizeof r->token_hash);
    r->platform_id = row_int(row);
    r->config_wanted = row_bool(row);
    r->security_counter = (uint32_t)row_int(row);
    row_skip(row, 1); /* last_seen_at */
    r->skip_release_id = row_int(row);
    heartbeat_read(row, d);
    r->installed_update_id = (int32_t)row_int(row);
    last_update_read(row, d);
    source_read(row, &d->update);
    d->plain = row_bool(row);
    d->heartbeat.stale_since_unix_s = row_int(row);
}

void device_read(struct pg_row *row, void *out_device)
{
    struct fleet_device_row all;
    device_read_all(row, &all);
    memcpy(out_device, &all.device, sizeof all.device);
}

void release_read(struct pg_row *row, struct fleet_release_row *out)
{
    *out = (struct fleet_release_row){0};
    struct release *r = &out->release;
    row_skip(row, 1); /* tenant_id */
    r->id = row_int(row);
    out->platform_id = row_int(row);
    r->platform = row_text(row);
    r->version = row_text(row);
    r->channel = channel_parse(row_text_or_empty(row));
    r->state = release_state_parse(row_text_or_empty(row));
    r->security_counter = (uint32_t)row_int(row);
    r->notes = row_text(row);
    r->created_by = row_text(row);
    r->created_at_unix_s = row_int(row);
    r->released_at_unix_s = row_int(row);
    r->withdrawn_reason = row_text(row);
    r->sums_signed_by = row_text(row);
    version_read(row, &out->version);
    r->expected_count = (size_t)row_int(row);
    r->minimum_version = row_text(row);
}

void artifact_read(struct pg_row *row, void *out_artifact)
{
    struct artifact *a = out_artifact;
    *a = (struct artifact){0};
    a->name = row_text(row);
    a->size_bytes = row_int(row);
    row_bytes(row, a->sha256, sizeof a->sha256);
    row_bytes(row, a->sha1, sizeof a->sha1);
    row_bytes(row, a->md5, sizeof a->md5);
    a->kind = artifact_kind_parse(row_text_or_empty(row));
    a->version = row_text(row);
    a->security_counter = (uint32_t)row_int(row);
    row_bytes(row, a->hardware_class, sizeof a->hardware_class);
    row_bytes(row, a->key_hash, sizeof a->key_hash);
    a->chip = row_text(row);
    a->details = row_text(row);
}

void user_read(struct pg_row *row, struct user *out)
{
    *out = (struct user){0};
    row_skip(row, 1); /* tenant_id */
    out->id = row_int(row);
    out->name = row_text(row);
    const char *roles = row_text(row);
    if (tx_split(row->arena, roles, &out->roles) != OTA_OK)
        row->err = OTA_E_LIMIT;
    out->password_hash = row_text(row);
    out->disabled = row_bool(row);
    out->totp = row_bool(row);
    out->created_at_unix_s = row_int(row);
    out->created_by = row_text(row);
    out->last_sign_in_at_unix_s = row_int(row);
}
