/*
 * One ring under one lock.  Events are immutable and counted; a subscriber holds the one it is
 * sending and the id of the last it has seen, nothing else, so a slow one costs no memory.  Ids
 * start from the clock, so that those of an earlier process lie behind the ring.
 */
#include "otad/http/events.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SUBSCRIBERS_MAX = 500 };

/* Comments, which clients ignore; the first opens the stream and tells when to come back. */
static const char greeting[] = ": here\nretry: 3000\n\n";
static const char heartbeat[] = ": still here\n\n";

struct event {
    uint64_t id;
    unsigned holders; /* ring and subscribers */
    struct event_scope scope;
    bool for_all; /* a resync: no filter */
    size_t len;
    char text[]; /* as it goes over the wire */
};

struct events {
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct event *ring[EVENTS_RING]; /* id % EVENTS_RING */
    uint64_t first_id, next_id;      /* ids there were: first_id <= id < next_id */
    unsigned subscribers;
    bool stopping;
};

struct subscription {
    struct events *events;
    struct events_subscriber who;
    uint64_t next_id; /* to look at */
    bool greeted;
    struct event *held; /* being sent */
    size_t sent;
};

ota_err events_new(struct events **out)
{
    struct events *ev = calloc(1, sizeof *ev);
    pthread_condattr_t monotonic;
    struct timespec now;

    if (ev == NULL)
        return OTA_E_NO_MEMORY;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    ev->first_id = ev->next_id = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    (void)pthread_mutex_init(&ev->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&ev->news, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    *out = ev;
    return OTA_OK;
}

static void let_go(struct event *e)
{
    if (e != NULL && --e->holders == 0)
        free(e);
}

void events_free(struct events *ev)
{
    if (ev == NULL)
        return;
    for (size_t i = 0; i < EVENTS_RING; i++)
        let_go(ev->ring[i]);
    (void)pthread_cond_destroy(&ev->news);
    (void)pthread_mutex_destroy(&ev->lock);
    free(ev);
}

static struct event *event_new(uint64_t id, const char *type, const char *json, size_t len)
{
    char head[96];
    int n = snprintf(head, sizeof head, "id: %" PRIu64 "\nevent: %.32s\ndata: ", id, type);
    struct event *e = malloc(sizeof *e + (size_t)n + len + 2);

    if (e == NULL)
        return NULL;
    *e = (struct event){.id = id, .holders = 1, .len = (size_t)n + len + 2};
    memcpy(e->text, head, (size_t)n);
    memcpy(e->text + n, json, len);
    e->text[e->len - 2] = e->text[e->len - 1] = '\n';
    return e;
}

void events_publish(struct events *ev, const char *type, const struct event_scope *scope,
                    const char *json, size_t len)
{
    bool fits = len <= EVENT_BYTES_MAX && memchr(json, '\n', len) == NULL;
    struct event *e;

    (void)pthread_mutex_lock(&ev->lock);
    e = fits ? event_new(ev->next_id, type, json, len)
             : event_new(ev->next_id, "resync", "{}", 2);
    if (e == NULL) {
        ev->first_id = ev->next_id; /* whoever reads on from before gets a resync */
        ev->next_id++;
    } else {
        e->scope = *scope;
        e->for_all = !fits;
        let_go(ev->ring[e->id % EVENTS_RING]);
        ev->ring[e->id % EVENTS_RING] = e;
        ev->next_id++;
    }
    if (ev->next_id - ev->first_id > EVENTS_RING)
        ev->first_id = ev->next_id - EVENTS_RING;
    (void)pthread_cond_broadcast(&ev->news);
    (void)pthread_mutex_unlock(&ev->lock);
}

/* ---- reading; all with the lock held, except where said ---- */

static bool may_see(const struct subscription *s, const struct event *e)
{
    return e->for_all || s->who.may_see == NULL || s->who.may_see(s->who.arg, &e->scope);
}

/* The next event for s, held, or NULL if there is none yet. */
static struct event *next_event(struct subscription *s)
{
    struct events *ev = s->events;

    if (s->next_id < ev->first_id) { /* fell behind */
        s->next_id = ev->next_id;
        return event_new(ev->next_id - 1, "resync", "{}", 2);
    }
    while (s->next_id < ev->next_id) {
        struct event *e = ev->ring[s->next_id % EVENTS_RING];

        s->next_id++;
        if (e == NULL || e->id != s->next_id - 1 || !may_see(s, e))
            continue;
        e->holders++;
        return e;
    }
    return NULL;
}

void events_wake(struct events *ev)
{
    (void)pthread_mutex_lock(&ev->lock);
    (void)pthread_cond_broadcast(&ev->news);
    (void)pthread_mutex_unlock(&ev->lock);
}

/* False when EVENTS_HEARTBEAT_S passed without news. */
static bool wait_for_news(struct events *ev, const struct timespec *until)
{
    return pthread_cond_timedwait(&ev->news, &ev->lock, until) != ETIMEDOUT;
}

static ssize_t send_held(struct subscription *s, char *buf, size_t len)
{
    size_t n = s->held->len - s->sent;

    if (n > len)
        n = len;
    memcpy(buf, s->held->text + s->sent, n);
    s->sent += n;
    if (s->sent == s->held->len) {
        let_go(s->held);
        s->held = NULL;
    }
    return (ssize_t)n;
}

static ssize_t send_text(const char *text, size_t text_bytes, char *buf, size_t len)
{
    if (text_bytes > len)
        return -1;
    memcpy(buf, text, text_bytes);
    return (ssize_t)text_bytes;
}

/* What to send now: an event, the greeting, a heartbeat; -1 = the end. */
static ssize_t next_bytes(struct subscription *s, char *buf, size_t len)
{
    struct events *ev = s->events;
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += EVENTS_HEARTBEAT_S;
    if (!s->greeted) {
        s->greeted = true;
        return send_text(greeting, sizeof greeting - 1, buf, len);
    }
    while (!ev->stopping) {
        if (s->held == NULL) {
            s->held = next_event(s);
            s->sent = 0;
        }
        if (s->held != NULL)
            return send_held(s, buf, len);
        if ((s->who.doubtful != NULL && s->who.doubtful(s->who.arg)) ||
            !wait_for_news(ev, &until))
            return send_text(heartbeat, sizeof heartbeat - 1, buf, len);
    }
    return -1;
}

/* Of struct http_stream; runs on the connection's thread. */
static ssize_t subscription_read(void *arg, char *buf, size_t len)
{
    struct subscription *s = arg;
    ssize_t n;

    (void)pthread_mutex_lock(&s->events->lock);
    n = next_bytes(s, buf, len);
    (void)pthread_mutex_unlock(&s->events->lock);
    /* The question may need the database, so it is asked without the lock. */
    if (n > 0 && s->who.alive != NULL && !s->who.alive(s->who.arg))
        return -1;
    return n;
}

static void subscription_free(void *arg)
{
    struct subscription *s = arg;

    (void)pthread_mutex_lock(&s->events->lock);
    let_go(s->held);
    s->events->subscribers--;
    (void)pthread_mutex_unlock(&s->events->lock);
    if (s->who.free != NULL)
        s->who.free(s->who.arg);
    free(s);
}

/* Where to go on: behind Last-Event-ID, or with the next event. */
static uint64_t start_of(const struct events *ev, const struct http_request *rq)
{
    const char *last = http_header(rq, "last-event-id");
    uint64_t id;
    char *end;

    if (last == NULL || *last < '0' || *last > '9')
        return ev->next_id;
    errno = 0;
    id = strtoull(last, &end, 10);
    if (*end != '\0' || errno != 0 || id >= ev->next_id)
        return 0; /* not ours: resync */
    return id + 1;
}

ota_err events_subscribe(struct events *ev, struct http_request *rq, struct http_response *rs,
                         const struct events_subscriber *sub)
{
    struct subscription *s = calloc(1, sizeof *s);
    struct http_stream stream = {subscription_read, subscription_free, s};
    bool room;

    (void)pthread_mutex_lock(&ev->lock);
    room = s != NULL && !ev->stopping && ev->subscribers < SUBSCRIBERS_MAX;
    if (room) {
        ev->subscribers++;
        *s = (struct subscription){.events = ev, .who = *sub, .next_id = start_of(ev, rq)};
    }
    (void)pthread_mutex_unlock(&ev->lock);
    if (!room) {
        ota_err e = s == NULL ? OTA_E_NO_MEMORY : OTA_E_BUSY;

        free(s);
        if (sub->free != NULL)
            sub->free(sub->arg);
        return e;
    }
    http_send_stream(rs, "text/event-stream", &stream);
    http_header_add(rs, "Cache-Control", "no-store");
    http_header_add(rs, "X-Accel-Buffering", "no");
    return OTA_OK;
}

void events_stop(struct events *ev)
{
    (void)pthread_mutex_lock(&ev->lock);
    ev->stopping = true;
    (void)pthread_cond_broadcast(&ev->news);
    (void)pthread_mutex_unlock(&ev->lock);
}
