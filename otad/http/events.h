#ifndef OTAD_HTTP_EVENTS_H
#define OTAD_HTTP_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "otad/http/request.h"
#include "otad/http/response.h"

/*
 * Server-sent events (SPEC 8.9): a ring of the newest events, from which every subscriber reads
 * at its own pace.  Who falls behind the ring gets `event: resync` and goes on from there.
 */
struct events;

enum { EVENTS_RING = 1024, EVENT_BYTES_MAX = 16 * 1024, EVENTS_HEARTBEAT_S = 15 };

/* Whom an event is for; the subscriber's filter decides over it. */
struct event_scope {
    int64_t tenant;
    int right;         /* the permission it needs there, as the filter numbers them */
    char platform[64]; /* "" = none */
};

/* Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err events_new(struct events **out);
/* No subscriber may be left. */
void events_free(struct events *ev);

/* type "device", "update", ...; json one line without line breaks, copied.  Never blocks on
 * subscribers.  Too large: subscribers get a resync instead. */
void events_publish(struct events *ev, const char *type, const struct event_scope *scope,
                    const char *json, size_t len);

/* Subscribers look whether they are still welcome (events_subscriber.doubtful). */
void events_wake(struct events *ev);

/* Who listens. */
struct events_subscriber {
    /* May the subscriber see this?  NULL = everything. */
    bool (*may_see)(void *arg, const struct event_scope *scope);
    /* Asked before anything is handed out: is the session still good?  NULL = yes. */
    bool (*alive)(void *arg);
    /* Is that to be asked now, even if there is nothing to hand out?  Must not wait.  NULL =
     * no. */
    bool (*doubtful)(void *arg);
    void (*free)(void *arg); /* may be NULL */
    void *arg;
};

/* Answer rq with the stream, going on behind its Last-Event-ID.  Takes sub->arg over.
 * Errors: OTA_E_BUSY (too many subscribers, or stopping), OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err events_subscribe(struct events *ev, struct http_request *rq,
                                        struct http_response *rs,
                                        const struct events_subscriber *sub);

/* Wake all subscribers and end their streams; no new ones from now on. */
void events_stop(struct events *ev);

#endif
