/* What changes, told to whoever may know it (SPEC 8.9). */
#include "otad/http/events.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "handler.h"
#include "otad/db/session.h"

enum { EVENT_ARENA_BYTES = 64 * 1024 };

/* Of a scope: for everybody of the tenant. */
static const char everybody[] = "*";

struct listener {
    struct otad *otad;
    struct principal who;
};

static bool may_see(void *arg, const struct event_scope *scope)
{
    const struct listener *l = arg;
    const char *platform = scope->platform[0] != '\0' ? scope->platform : NULL;
    return scope->tenant == l->who.tenant &&
           (strcmp(scope->platform, everybody) == 0 ||
            permission_has(&l->who, PERM_DEVICE_READ, platform));
}

/* Signed out, revoked or expired: the stream ends.  A database that is away ends nothing. */
static bool alive(void *arg)
{
    const struct listener *l = arg;
    struct arena arena;
    ota_err err = OTA_OK;
    arena_init(&arena, EVENT_ARENA_BYTES);
    if (l->who.kind == PRINCIPAL_USER) {
        struct session session;
        struct db_scope scope = {
            .db = l->otad->db, .tenant_id = l->who.tenant, .arena = &arena};
        err = db_session_get(&scope, l->who.credential, &session);
    } else {
        struct fleet_key key;
        err = fleet_api_key(l->otad->fleet, l->who.id, l->who.credential, api_now(), &arena,
                            &key);
    }
    arena_done(&arena);
    return err != OTA_E_NOT_FOUND && err != OTA_E_AUTH;
}

ota_err api_event_get(struct http_request *rq, struct http_response *rs)
{
    struct listener *l = malloc(sizeof *l);
    if (l == NULL)
        return OTA_E_NO_MEMORY;
    *l = (struct listener){.otad = rq->otad, .who = *rq->principal};
    const struct events_subscriber subscriber = {
        .may_see = may_see, .alive = alive, .free = free, .arg = l};
    return events_subscribe(rq->otad->events, rq, rs, &subscriber);
}

static void send(struct otad *otad, const char *type, int64_t tenant, const char *platform,
                 struct json_out *o)
{
    struct event_scope scope = {.tenant = tenant};
    const char *json = NULL;
    size_t len = 0;
    const size_t name = platform != NULL ? strnlen(platform, sizeof scope.platform - 1) : 0;
    if (name > 0)
        memcpy(scope.platform, platform, name);
    if (json_out_end(o, &json, &len) == OTA_OK)
        events_publish(otad->events, type, &scope, json, len);
}

static void publish_device(struct otad *otad, const struct fleet_event *e, struct json_out *o)
{
    const struct write_clock clock = api_clock_of(otad->config);
    write_device(o, NULL, e->device, &clock, WRITE_BRIEF);
    send(otad, "device", e->tenant_id, e->device->platform, o);
}

static void publish_gone(struct otad *otad, const struct fleet_event *e, struct json_out *o)
{
    json_open_object(o, NULL);
    json_put_string(o, "id", e->device->id);
    json_close_object(o);
    send(otad, "device-gone", e->tenant_id, e->device->platform, o);
}

void api_publish(void *arg, const struct fleet_event *e)
{
    struct otad *otad = arg;
    struct arena arena;
    struct json_out o;
    arena_init(&arena, EVENT_ARENA_BYTES);
    json_out_begin(&o, &arena);
    switch (e->kind) {
    case FLEET_EVENT_DEVICE:
        publish_device(otad, e, &o);
        break;
    case FLEET_EVENT_DEVICE_GONE:
        publish_gone(otad, e, &o);
        break;
    case FLEET_EVENT_UPDATE:
        write_update(&o, NULL, e->update, WRITE_BRIEF);
        send(otad, "update", e->tenant_id, e->update->platform, &o);
        break;
    case FLEET_EVENT_RELEASE:
        write_release_event(&o, e->release);
        send(otad, "release", e->tenant_id, e->release->platform, &o);
        break;
    case FLEET_EVENT_RESYNC:
        json_open_object(&o, NULL);
        json_close_object(&o);
        send(otad, "resync", e->tenant_id, everybody, &o);
        break;
    }
    arena_done(&arena);
}
