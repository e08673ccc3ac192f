/* A list of events, each one allocation with its texts behind it. */
#include "plain.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum { TEXTS = 6 };

struct item {
    struct item *next;
    struct fleet_plain event;
};

struct plains {
    pthread_mutex_t lock;
    struct item *first, **last;
    size_t count;
};

ota_err plains_new(struct plains **out)
{
    struct plains *q = calloc(1, sizeof *q);
    if (q == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_mutex_init(&q->lock, NULL);
    q->last = &q->first;
    *out = q;
    return OTA_OK;
}

static void items_free(struct item *i)
{
    while (i != NULL) {
        struct item *next = i->next;
        free(i);
        i = next;
    }
}

void plains_free(struct plains *q)
{
    if (q == NULL)
        return;
    items_free(q->first);
    (void)pthread_mutex_destroy(&q->lock);
    free(q);
}

/* ---- copies ---------------------------------------------------------------------------- */

static void texts_of(struct fleet_plain *p, const char **text[TEXTS])
{
    text[0] = &p->device;
    text[1] = &p->platform;
    text[2] = &p->version;
    text[3] = &p->from_version;
    text[4] = &p->actor;
    text[5] = &p->address;
}

static struct item *item_make(const struct fleet_plain *p)
{
    struct fleet_plain copy = *p;
    const char **text[TEXTS];
    size_t len[TEXTS], total = sizeof(struct item);
    texts_of(&copy, text);
    for (int i = 0; i < TEXTS; i++)
        total += len[i] = *text[i] == NULL ? 0 : strlen(*text[i]) + 1;
    struct item *out = malloc(total);
    if (out == NULL)
        return NULL;
    char *to = (char *)(out + 1);
    for (int i = 0; i < TEXTS; i++) {
        if (len[i] == 0)
            continue;
        memcpy(to, *text[i], len[i]);
        *text[i] = to;
        to += len[i];
    }
    *out = (struct item){.event = copy};
    return out;
}

static ota_err copy_out(struct arena *a, const struct fleet_plain *p, struct fleet_plain *out)
{
    const char **text[TEXTS];
    *out = *p;
    texts_of(out, text);
    for (int i = 0; i < TEXTS; i++)
        if (*text[i] != NULL)
            *text[i] = arena_strdup(a, *text[i]);
    return a->full ? OTA_E_LIMIT : OTA_OK;
}

/* ---- the queue ------------------------------------------------------------------------- */

void fleet_return_plain(struct fleet *f, const struct fleet_plain *p)
{
    struct plains *q = f->plains;
    struct item *item = item_make(p);
    if (item == NULL)
        return;
    (void)pthread_mutex_lock(&q->lock);
    const bool kept = q->count < FLEET_PLAIN_MAX;
    if (kept) {
        *q->last = item;
        q->last = &item->next;
        q->count++;
    }
    (void)pthread_mutex_unlock(&q->lock);
    if (!kept)
        free(item);
}

ota_err fleet_take_plain(struct fleet *f, size_t max, struct arena *a, struct fleet_plain *out,
                         size_t *out_count)
{
    struct plains *q = f->plains;
    ota_err err = OTA_OK;
    size_t count = 0;
    (void)pthread_mutex_lock(&q->lock);
    struct item *end = q->first;
    for (; err == OTA_OK && end != NULL && count < max; end = end->next)
        err = copy_out(a, &end->event, &out[count++]);
    struct item *taken = NULL;
    if (err == OTA_OK && count > 0) {
        struct item **cut = &q->first;
        while (*cut != end)
            cut = &(*cut)->next;
        *cut = NULL;
        taken = q->first;
        q->first = end;
        q->count -= count;
        if (end == NULL)
            q->last = &q->first;
    }
    (void)pthread_mutex_unlock(&q->lock);
    items_free(taken);
    *out_count = err == OTA_OK ? count : 0;
    return err;
}

/* ---- what memory knows ----------------------------------------------------------------- */

/* Is there something to write?  Under the shared lock; marks a known device as seen. */
static bool is_news(struct fleet *f, const struct fleet_plain *p, int64_t now_unix_s)
{
    const struct fleet_tenant *t = tenant_by_id(f, p->tenant_id);
    const struct fleet_platform *platform = t == NULL ? NULL : platform_by_name(t, p->platform);
    if (!f->loaded || platform == NULL)
        return false;
    struct fleet_device *d = device_by_id(f, p->tenant_id, p->device);
    if (d == NULL)
        return p->kind == PLAIN_BEGINS;
    if (!d->plain || d->platform_id != platform->id)
        return false;
    const struct fleet_caller who = {
        .device_id = p->device, .address = p->address, .now_unix_s = now_unix_s};
    seen_mark(f, d, &who, NULL);
    const bool open = d->update != NULL && strcmp(d->update->version, p->version) == 0;
    return p->kind == PLAIN_RUNS ? open : !open;
}

void fleet_plain_tell(struct fleet *f, const struct fleet_plain *p, int64_t now_unix_s)
{
    (void)pthread_rwlock_rdlock(&f->lock);
    const bool news = is_news(f, p, now_unix_s);
    (void)pthread_rwlock_unlock(&f->lock);
    if (news)
        fleet_return_plain(f, p);
}
