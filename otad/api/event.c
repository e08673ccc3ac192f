/* What changes, told to whoever may know it (SPEC 8.9). */
#include "otad/http/events.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "handler.h"
#include "otad/db/session.h"
#include "otad/device/principal.h"

enum { EVENT_ARENA_BYTES = 64 * 1024, ASK_AGAIN_S = 10 };

/* Of a scope: for everybody of every tenant. */
static const char everybody[] = "*";

struct listener {
    struct otad *otad;
    int64_t tenant, id;
    enum principal_kind kind;
    uint8_t credential[32];
    uint64_t rights_version; /* of memory, when who was looked up */
    struct principal who;
    uint64_t asked_version; /* and when the session was last asked for */
    int64_t asked_at_unix_s;
};

/* What the listener may do now, not when the stream began. */
static void look_up(struct listener *l)
{
    const uint64_t version = fleet_rights_version(l->otad->fleet);
    struct arena arena;
    if (version == l->rights_version)
        return;
    arena_init(&arena, EVENT_ARENA_BYTES);
    if (device_principal(l->otad, l->tenant, l->kind, l->id, &arena, &l->who) != OTA_OK)
        l->who = (struct principal){.kind = PRINCIPAL_NONE};
    else
        l->rights_version = version;
    arena_done(&arena);
}

static bool may_see(void *arg, const struct event_scope *scope)
{
    struct listener *l = arg;
    const char *platform = scope->platform[0] != '\0' ? scope->platform : NULL;
    if (strcmp(scope->platform, everybody) == 0)
        return true; /* tells nothing but to fetch again */
    if (scope->tenant != l->tenant)
        return false;
    look_up(l);
    return permission_has(&l->who, (enum permission)scope->right, platform);
}

/*
 * Signed out, revoked or expired: the stream ends.  A database that is away ends nothing. Every
 * end of a sign-in is told to memory, so the database is asked when that has news, and now and
 * then for those that expire.
 */
static bool alive(void *arg)
{
    struct listener *l = arg;
    const uint64_t version = fleet_rights_version(l->otad->fleet);
    const int64_t now = api_now();
    if (version == l->asked_version && now - l->asked_at_unix_s < ASK_AGAIN_S)
        return true;
    struct arena arena;
    ota_err err = OTA_OK;
    arena_init(&arena, EVENT_ARENA_BYTES);
    if (l->kind == PRINCIPAL_USER) {
        struct session session;
        struct db_scope scope = {.db = l->otad->db, .tenant_id = l->tenant, .arena = &arena};
        err = db_session_get(&scope, l->credential, &session);
    } else {
        struct fleet_key key;
        err = fleet_api_key(l->otad->fleet, l->id, l->credential, api_now(), &arena, &key);
    }
    arena_done(&arena);
    l->asked_version = version;
    l->asked_at_unix_s = err == OTA_OK ? now : 0;
    return err != OTA_E_NOT_FOUND && err != OTA_E_AUTH;
}

static bool doubtful(void *arg)
{
    const struct listener *l = arg;
    return fleet_rights_version(l->otad->fleet) != l->asked_version;
}

ota_err api_event_get(struct http_request *rq, struct http_response *rs)
{
    if (!api_may_any(rq, PERM_DEVICE_READ) && !api_may_any(rq, PERM_RELEASE_READ))
        return api_forbidden(rq, rs, PERM_DEVICE_READ, NULL);
    const struct principal *who = rq->principal;
    struct listener *l = malloc(sizeof *l);
    if (l == NULL)
        return OTA_E_NO_MEMORY;
    *l = (struct listener){
        .otad = rq->otad, .tenant = who->tenant, .id = who->id, .kind = who->kind};
    memcpy(l->credential, who->credential, sizeof l->credential);
    const struct events_subscriber subscriber = {
        .may_see = may_see, .alive = alive, .doubtful = doubtful, .free = free, .arg = l};
    return events_subscribe(rq->otad->events, rq, rs, &subscriber);
}

/* To whoever has this right on the platform. */
struct address {
    int64_t tenant;
    const char *platform;
    enum permission right;
};

static void send(struct otad *otad, const char *type, const struct address *to,
                 struct json_out *o)
{
    struct event_scope scope = {.tenant = to->tenant, .right = (int)to->right};
    const char *json = NULL;
    size_t len = 0;
    const size_t name =
        to->platform != NULL ? strnlen(to->platform, sizeof scope.platform - 1) : 0;
    if (name > 0)
        memcpy(scope.platform, to->platform, name);
    if (json_out_end(o, &json, &len) == OTA_OK)
        events_publish(otad->events, type, &scope, json, len);
}

static void publish_device(struct otad *otad, const struct fleet_event *e, struct json_out *o)
{
    const struct write_clock clock = api_clock_of(otad->config);
    write_device(o, NULL, e->device, &clock, WRITE_BRIEF);
    send(otad, "device", &(struct address){e->tenant_id, e->device->platform, PERM_DEVICE_READ},
         o);
}

static void publish_gone(struct otad *otad, const struct fleet_event *e, struct json_out *o)
{
    json_open_object(o, NULL);
    json_put_string(o, "id", e->device->id);
    json_close_object(o);
    send(otad, "device-gone",
         &(struct address){e->tenant_id, e->device->platform, PERM_DEVICE_READ}, o);
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
        send(otad, "update",
             &(struct address){e->tenant_id, e->update->platform, PERM_DEVICE_READ}, &o);
        break;
    case FLEET_EVENT_RELEASE:
        write_release_event(&o, e->release);
        send(otad, "release",
             &(struct address){e->tenant_id, e->release->platform, PERM_RELEASE_READ}, &o);
        break;
    case FLEET_EVENT_RESYNC:
        json_open_object(&o, NULL);
        json_close_object(&o);
        send(otad, "resync", &(struct address){e->tenant_id, everybody, PERM_NONE}, &o);
        break;
    }
    arena_done(&arena);
}
