/*
 * Deep copies of the model's structs: into a request's arena, and into single allocations that
 * the memory model owns.  The latter are written twice over the same code: once to count the
 * bytes, once to fill them.
 */
#include <stdlib.h>
#include <string.h>

#include "inside.h"

/* ---- into an arena --------------------------------------------------------------------------
 */

/* NULL stays NULL; *ok becomes false when the arena is full. */
static const char *text(struct arena *a, const char *in, bool *ok)
{
    if (in == NULL)
        return NULL;
    const char *copy = arena_strdup(a, in);
    *ok = *ok && copy != NULL;
    return copy;
}

ota_err copy_update(struct arena *a, const struct update *in, struct update *out)
{
    bool ok = true;
    struct update u = *in;
    u.device = text(a, in->device, &ok);
    u.platform = text(a, in->platform, &ok);
    u.version = text(a, in->version, &ok);
    u.from_version = text(a, in->from_version, &ok);
    u.reason = text(a, in->reason, &ok);
    u.created_by = text(a, in->created_by, &ok);
    *out = u;
    return ok ? OTA_OK : OTA_E_LIMIT;
}

ota_err copy_update_end(struct arena *a, const struct update_end *in, struct update_end *out)
{
    bool ok = true;
    struct update_end e = *in;
    e.version = text(a, in->version, &ok);
    e.reason = text(a, in->reason, &ok);
    *out = e;
    return ok ? OTA_OK : OTA_E_LIMIT;
}

ota_err copy_key(struct arena *a, const struct fleet_api_key_entry *in, struct fleet_key *out)
{
    *out = (struct fleet_key){.id = in->id,
                              .tenant_id = in->tenant_id,
                              .name = arena_strdup(a, in->name),
                              .scopes = arena_strdup(a, in->scopes),
                              .platforms = arena_strdup(a, in->platforms)};
    return out->name == NULL || out->scopes == NULL || out->platforms == NULL ? OTA_E_LIMIT
                                                                              : OTA_OK;
}

ota_err copy_heartbeat(struct arena *a, const struct heartbeat *in, struct heartbeat *out)
{
    bool ok = true;
    struct heartbeat h = *in;
    h.version = text(a, in->version, &ok);
    h.slot = text(a, in->slot, &ok);
    h.reset_cause = text(a, in->reset_cause, &ok);
    h.address = text(a, in->address, &ok);
    h.app = text(a, in->app, &ok);
    *out = h;
    return ok ? OTA_OK : OTA_E_LIMIT;
}

ota_err copy_release(struct arena *a, const struct release *in, struct release *out)
{
    bool ok = true;
    struct release r = *in;
    r.platform = text(a, in->platform, &ok);
    r.version = text(a, in->version, &ok);
    r.notes = text(a, in->notes, &ok);
    r.created_by = text(a, in->created_by, &ok);
    r.withdrawn_reason = text(a, in->withdrawn_reason, &ok);
    r.sums_signed_by = text(a, in->sums_signed_by, &ok);
    r.minimum_version = text(a, in->minimum_version, &ok);
    struct artifact *list = arena_array(a, in->artifact_count, sizeof *list);
    if (list == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < in->artifact_count; i++) {
        list[i] = in->artifacts[i];
        list[i].name = text(a, in->artifacts[i].name, &ok);
        list[i].version = text(a, in->artifacts[i].version, &ok);
        list[i].chip = text(a, in->artifacts[i].chip, &ok);
        list[i].details = text(a, in->artifacts[i].details, &ok);
    }
    r.artifacts = list;
    r.steps = NULL;
    r.step_count = 0;
    *out = r;
    return ok ? OTA_OK : OTA_E_LIMIT;
}

/* ---- into one allocation --------------------------------------------------------------------
 */

/* The part of an allocation behind its struct; at NULL only counts. */
struct packer {
    char *at;
    size_t bytes;
};

static const char *pack(struct packer *p, const char *in)
{
    if (in == NULL)
        return NULL;
    const size_t len = strlen(in) + 1;
    char *copy = p->at == NULL ? NULL : p->at + p->bytes;
    p->bytes += len;
    if (copy == NULL)
        return in;
    memcpy(copy, in, len);
    return copy;
}

static struct update pack_update(struct packer *p, const struct update *in)
{
    struct update u = *in;
    u.device = pack(p, in->device);
    u.platform = pack(p, in->platform);
    u.version = pack(p, in->version);
    u.from_version = pack(p, in->from_version);
    u.reason = pack(p, in->reason);
    u.created_by = pack(p, in->created_by);
    u.event_count = 0;
    u.events = NULL;
    return u;
}

struct update *clone_update(const struct update *in)
{
    struct packer p = {0};
    (void)pack_update(&p, in);
    struct update *u = malloc(sizeof *u + p.bytes);
    if (u == NULL)
        return NULL;
    p = (struct packer){.at = (char *)(u + 1)};
    *u = pack_update(&p, in);
    return u;
}

static struct update_end pack_update_end(struct packer *p, const struct update_end *in)
{
    struct update_end e = *in;
    e.version = pack(p, in->version);
    e.reason = pack(p, in->reason);
    return e;
}

struct update_end *clone_update_end(const struct update_end *in)
{
    struct packer p = {0};
    (void)pack_update_end(&p, in);
    struct update_end *e = malloc(sizeof *e + p.bytes);
    if (e == NULL)
        return NULL;
    p = (struct packer){.at = (char *)(e + 1)};
    *e = pack_update_end(&p, in);
    return e;
}

static struct heartbeat pack_heartbeat(struct packer *p, const struct heartbeat *in)
{
    struct heartbeat h = *in;
    h.version = pack(p, in->version);
    h.slot = pack(p, in->slot);
    h.reset_cause = pack(p, in->reset_cause);
    h.address = pack(p, in->address);
    h.app = pack(p, in->app);
    return h;
}

struct heartbeat *clone_heartbeat(const struct heartbeat *in)
{
    struct packer p = {0};
    (void)pack_heartbeat(&p, in);
    struct heartbeat *h = malloc(sizeof *h + p.bytes);
    if (h == NULL)
        return NULL;
    p = (struct packer){.at = (char *)(h + 1)};
    *h = pack_heartbeat(&p, in);
    return h;
}

/* artifacts has room for all of them, or is NULL while counting. */
static struct release pack_release(struct packer *p, const struct release *in,
                                   struct artifact *artifacts)
{
    struct release r = *in;
    r.platform = pack(p, in->platform);
    r.version = pack(p, in->version);
    r.notes = pack(p, in->notes);
    r.created_by = pack(p, in->created_by);
    r.withdrawn_reason = pack(p, in->withdrawn_reason);
    r.sums_signed_by = pack(p, in->sums_signed_by);
    r.minimum_version = pack(p, in->minimum_version);
    r.sums = r.minisig = NULL;
    r.steps = NULL;
    r.step_count = 0;
    for (size_t i = 0; i < in->artifact_count; i++) {
        struct artifact a = in->artifacts[i];
        a.name = pack(p, in->artifacts[i].name);
        a.version = pack(p, in->artifacts[i].version);
        a.chip = pack(p, in->artifacts[i].chip);
        a.details = pack(p, in->artifacts[i].details);
        if (artifacts != NULL)
            artifacts[i] = a;
    }
    r.artifacts = artifacts;
    return r;
}

struct fleet_release *clone_release(const struct fleet_release_row *row)
{
    struct packer p = {0};
    (void)pack_release(&p, &row->release, NULL);
    const size_t list_bytes = row->release.artifact_count * sizeof(struct artifact);
    struct fleet_release *r = malloc(sizeof *r + list_bytes + p.bytes);
    if (r == NULL)
        return NULL;
    struct artifact *list = (struct artifact *)(void *)(r + 1);
    p = (struct packer){.at = (char *)(r + 1) + list_bytes};
    r->release = pack_release(&p, &row->release, list);
    r->platform_id = row->platform_id;
    r->offer = (struct offer_release){
        .id = row->release.id,
        .state = row->release.state,
        .channel = row->release.channel,
        .version = row->version,
        .security_counter = row->release.security_counter,
        .minimum = version_of(row->release.minimum_version),
    };
    return r;
}
