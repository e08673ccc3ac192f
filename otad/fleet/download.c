/* A ring of pointers, each to one entry with its texts behind it. */
#include "download.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum { TEXTS = 5 };

struct downloads {
    pthread_mutex_t lock;
    struct fleet_download **ring; /* made with the first download */
    size_t first, count;
    uint64_t lost;
};

static const char *const names[DOWNLOAD_VIAS] = {
    [DOWNLOAD_LINK] = "link",   [DOWNLOAD_SESSION] = "session", [DOWNLOAD_KEY] = "key",
    [DOWNLOAD_PLAIN] = "plain", [DOWNLOAD_ESP] = "esp",         [DOWNLOAD_GITHUB] = "github"};

const char *download_via_name(enum download_via v)
{
    return v > 0 && v < DOWNLOAD_VIAS ? names[v] : NULL;
}

enum download_via download_via_parse(const char *text)
{
    for (enum download_via v = DOWNLOAD_LINK; v < DOWNLOAD_VIAS; v++) {
        if (strcmp(names[v], text) == 0)
            return v;
    }
    return 0;
}

ota_err downloads_new(struct downloads **out)
{
    struct downloads *q = calloc(1, sizeof *q);
    if (q == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_mutex_init(&q->lock, NULL);
    *out = q;
    return OTA_OK;
}

void downloads_free(struct downloads *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < q->count; i++)
        free(q->ring[(q->first + i) % FLEET_DOWNLOADS_MAX]);
    free(q->ring);
    (void)pthread_mutex_destroy(&q->lock);
    free(q);
}

/* The texts of d, to be read and replaced. */
static void texts_of(struct fleet_download *d, const char **text[TEXTS])
{
    text[0] = &d->who;
    text[1] = &d->platform;
    text[2] = &d->version;
    text[3] = &d->artifact;
    text[4] = &d->address;
}

static struct fleet_download *clone(const struct fleet_download *d)
{
    struct fleet_download copy = *d;
    const char **text[TEXTS];
    size_t len[TEXTS], total = sizeof copy;
    texts_of(&copy, text);
    for (int i = 0; i < TEXTS; i++)
        total += len[i] = strlen(*text[i]) + 1;
    struct fleet_download *out = malloc(total);
    if (out == NULL)
        return NULL;
    char *to = (char *)(out + 1);
    for (int i = 0; i < TEXTS; i++) {
        memcpy(to, *text[i], len[i]);
        *text[i] = to;
        to += len[i];
    }
    *out = copy;
    return out;
}

/* Under the lock; false if there is no room. */
static bool push(struct downloads *q, struct fleet_download *d)
{
    if (q->ring == NULL)
        q->ring = calloc(FLEET_DOWNLOADS_MAX, sizeof(void *));
    if (q->ring == NULL || q->count == FLEET_DOWNLOADS_MAX)
        return false;
    q->ring[(q->first + q->count++) % FLEET_DOWNLOADS_MAX] = d;
    return true;
}

void fleet_download_put(struct fleet *f, const struct fleet_download *d)
{
    struct downloads *q = f->downloads;
    struct fleet_download *copy = clone(d);
    (void)pthread_mutex_lock(&q->lock);
    const bool kept = copy != NULL && push(q, copy);
    if (!kept)
        q->lost++;
    (void)pthread_mutex_unlock(&q->lock);
    if (!kept)
        free(copy);
}

static ota_err copy_out(struct arena *a, const struct fleet_download *d,
                        struct fleet_download *out)
{
    const char **text[TEXTS];
    *out = *d;
    texts_of(out, text);
    for (int i = 0; i < TEXTS; i++)
        *text[i] = arena_strdup(a, *text[i]);
    return a->full ? OTA_E_LIMIT : OTA_OK;
}

ota_err fleet_take_downloads(struct fleet *f, size_t max, struct arena *a,
                             struct fleet_download *out, size_t *out_count)
{
    struct downloads *q = f->downloads;
    ota_err err = OTA_OK;
    (void)pthread_mutex_lock(&q->lock);
    const size_t count = q->count < max ? q->count : max;
    for (size_t i = 0; i < count && err == OTA_OK; i++)
        err = copy_out(a, q->ring[(q->first + i) % FLEET_DOWNLOADS_MAX], &out[i]);
    for (size_t i = 0; i < count && err == OTA_OK; i++) {
        free(q->ring[q->first]);
        q->ring[q->first] = NULL;
        q->first = (q->first + 1) % FLEET_DOWNLOADS_MAX;
        q->count--;
    }
    (void)pthread_mutex_unlock(&q->lock);
    if (err == OTA_OK)
        *out_count = count;
    return err;
}

void fleet_downloads_lose(struct fleet *f, uint64_t count)
{
    (void)pthread_mutex_lock(&f->downloads->lock);
    f->downloads->lost += count;
    (void)pthread_mutex_unlock(&f->downloads->lock);
}

void fleet_download_stats(struct fleet *f, struct fleet_download_stats *out)
{
    (void)pthread_mutex_lock(&f->downloads->lock);
    *out = (struct fleet_download_stats){.lost = f->downloads->lost,
                                         .waiting = f->downloads->count};
    (void)pthread_mutex_unlock(&f->downloads->lock);
}
