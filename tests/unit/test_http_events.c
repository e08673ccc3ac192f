/* link: otad_http */
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otad/http/events.h"

static struct arena arena;
static _Atomic int freed;

static void count_free(void *arg)
{
    (void)arg;
    freed++;
}

static bool only_a(void *arg, const struct event_scope *scope)
{
    (void)arg;
    return strcmp(scope->platform, "a") == 0;
}

static struct http_stream subscribe(struct events *ev, const char *last, bool filtered)
{
    struct http_header header = {"Last-Event-ID", last};
    struct http_request rq = {
        .arena = &arena, .header = &header, .header_count = last == NULL ? 0 : 1};
    struct http_response rs = {0};
    struct events_subscriber sub = {.may_see = filtered ? only_a : NULL, .free = count_free};

    assert(events_subscribe(ev, &rq, &rs, &sub) == OTA_OK);
    assert(rs.status == 200 && rs.kind == HTTP_STREAM);
    return rs.stream;
}

static void publish(struct events *ev, const char *platform, const char *json)
{
    struct event_scope scope = {.tenant = 1};

    snprintf(scope.platform, sizeof scope.platform, "%s", platform);
    events_publish(ev, "device", &scope, json, strlen(json));
}

/* Reads until text is there; bytes come in pieces of at most `step`. */
static void expect(struct http_stream *st, const char *text, size_t step)
{
    static char got[64 * 1024];
    size_t len = 0;

    while (true) {
        ssize_t n;

        got[len] = '\0';
        if (strstr(got, text) != NULL)
            return;
        assert(len + step < sizeof got);
        n = st->read(st->arg, got + len, step);
        assert(n > 0 && (size_t)n <= step);
        len += (size_t)n;
    }
}

static void test_filter_and_pieces(void)
{
    struct events *ev;
    struct http_stream all, some;
    char buf[256];

    assert(events_new(&ev) == OTA_OK);
    all = subscribe(ev, NULL, false);
    some = subscribe(ev, NULL, true);
    expect(&all, "retry: 3000\n\n", 64);
    expect(&some, "retry: 3000\n\n", 64);
    publish(ev, "b", "{\"secret\":1}");
    publish(ev, "a", "{\"open\":2}");
    expect(&all, "{\"secret\":1}\n\n", 7);
    expect(&all, "{\"open\":2}\n\n", 256);
    ssize_t n = some.read(some.arg, buf, sizeof buf - 1);
    assert(n > 0);
    buf[n] = '\0';
    assert(strstr(buf, "secret") == NULL &&
           strstr(buf, "event: device\ndata: {\"open\":2}\n\n"));
    all.free(all.arg);
    some.free(some.arg);
    assert(freed == 2);
    events_free(ev);
}

static uint64_t id_of(struct http_stream *st)
{
    char buf[512];
    uint64_t id = 0;
    ssize_t n = st->read(st->arg, buf, sizeof buf - 1);

    assert(n > 0);
    buf[n] = '\0';
    assert(strncmp(buf, "id: ", 4) == 0);
    id = strtoull(buf + 4, NULL, 10);
    assert(id > 0);
    return id;
}

/* Who reads too slowly gets a resync and then the newest, never a gap without a word. */
static void test_ring_wraps(void)
{
    struct events *ev;
    struct http_stream slow, back;
    char last[32];
    uint64_t first;

    assert(events_new(&ev) == OTA_OK);
    slow = subscribe(ev, NULL, false);
    expect(&slow, "retry", 64);
    publish(ev, "a", "{\"n\":0}");
    first = id_of(&slow);
    for (int i = 0; i < EVENTS_RING; i++)
        publish(ev, "a", "{\"n\":1}");
    snprintf(last, sizeof last, "%" PRIu64, first);
    back = subscribe(ev, last, false); /* exactly as far back as the ring holds */
    expect(&back, "retry", 64);
    assert(id_of(&back) == first + 1);
    back.free(back.arg);
    publish(ev, "a", "{\"n\":2}");
    publish(ev, "a", "{\"n\":3}");
    expect(&slow, "event: resync", 64);
    expect(&slow, "\n\n", 64);
    publish(ev, "a", "{\"n\":4}");
    expect(&slow, "{\"n\":4}", 512);
    back = subscribe(ev, last, false);
    expect(&back, "event: resync", 64);
    back.free(back.arg);
    slow.free(slow.arg);
    events_free(ev);
}

static void *read_to_end(void *arg)
{
    struct http_stream *st = arg;
    char buf[256];

    while (st->read(st->arg, buf, sizeof buf) > 0)
        ;
    st->free(st->arg);
    return NULL;
}

static void *publish_many(void *arg)
{
    for (int i = 0; i < 5000; i++)
        publish(arg, i % 2 ? "a" : "b", "{\"n\":1}");
    return NULL;
}

static void test_stop_wakes_everybody(void)
{
    struct http_stream st[8];
    pthread_t reader[8], writer[2];
    struct http_request rq = {.arena = &arena};
    struct http_response rs = {0};
    struct events_subscriber sub = {.free = count_free};
    struct events *ev;

    freed = 0;
    assert(events_new(&ev) == OTA_OK);
    for (int i = 0; i < 8; i++) {
        st[i] = subscribe(ev, NULL, i % 2 == 0);
        assert(pthread_create(&reader[i], NULL, read_to_end, &st[i]) == 0);
    }
    for (int i = 0; i < 2; i++)
        assert(pthread_create(&writer[i], NULL, publish_many, ev) == 0);
    for (int i = 0; i < 2; i++)
        assert(pthread_join(writer[i], NULL) == 0);
    events_stop(ev);
    for (int i = 0; i < 8; i++)
        assert(pthread_join(reader[i], NULL) == 0);
    assert(events_subscribe(ev, &rq, &rs, &sub) == OTA_E_BUSY);
    assert(freed == 9); /* the one of the refused subscriber too */
    events_free(ev);
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_filter_and_pieces();
    test_ring_wraps();
    test_stop_wakes_everybody();
    arena_done(&arena);
    return 0;
}
