/*
 * Snapshots and timestamps are made anew when half of their life is over.  Memory says which
 * are due; the transaction looks again under the platform's lock, so that of several otads one
 * renews and the others find it done.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "api.h"
#include "handler.h"
#include "otad/auth/online_key.h"
#include "otad/db/feed.h"
#include "otad/db/tuf.h"
#include "otad/fleet/metadata.h"
#include "otad/log.h"
#include "otad/tuf/review.h"

enum { TICK_S = 1, RETRY_S = 30, AT_ONCE_MAX = 64, BYTES_MAX = 1024 * 1024 };

struct renewal {
    struct otad *otad;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop_now;
    bool stopping; /* under lock */
};

struct job {
    struct otad *otad;
    struct arena *arena;
    enum review_verdict verdict;
};

static ota_err decide(void *arg, const struct repo_state *state, const struct repo_store *store,
                      struct repo_change *out)
{
    struct job *job = arg;
    struct review r = {.state = state,
                       .store = store,
                       .online = {.keys = job->otad->online_keys,
                                  .arena = job->arena,
                                  .now_unix_s = api_now(),
                                  .snapshot_s = job->otad->config->tuf_snapshot_s,
                                  .timestamp_s = job->otad->config->tuf_timestamp_s}};
    job->verdict = review_renew(&r, out);
    return review_err(job->verdict);
}

static ota_err renew(struct otad *o, const struct fleet_metadata_due *due)
{
    struct arena arena;
    struct repo_change change;
    arena_init(&arena, BYTES_MAX);
    struct db_scope scope = {.db = o->db, .tenant_id = due->tenant_id, .arena = &arena};
    struct job job = {.otad = o, .arena = &arena};
    const ota_err err = db_tuf_change(&scope, due->platform, decide, &job, &change);
    if (err == OTA_OK)
        feed_catch_up(o->feed, due->tenant_id);
    else
        log_error("metadata-not-renewed", LOG_STR("platform", due->platform),
                  LOG_STR("why", review_code(job.verdict)), LOG_ERR(err));
    arena_done(&arena);
    return err;
}

/* Everything that is due.  False: something could not be done. */
static bool renew_all(struct otad *o)
{
    const struct fleet_metadata_lives lives = {.now_unix_s = api_now(),
                                               .snapshot_s = o->config->tuf_snapshot_s,
                                               .timestamp_s = o->config->tuf_timestamp_s};
    struct fleet_metadata_due due[AT_ONCE_MAX];
    struct arena arena;
    bool good = true;
    arena_init(&arena, BYTES_MAX);
    const size_t count = fleet_metadata_due(o->fleet, &lives, &arena, due, AT_ONCE_MAX);
    for (size_t i = 0; i < count; i++)
        good = renew(o, &due[i]) == OTA_OK && good;
    arena_done(&arena);
    return good;
}

/* Wait; true when the end has come. */
static bool is_over(struct renewal *r, int seconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    (void)pthread_mutex_lock(&r->lock);
    int waited = 0;
    while (!r->stopping && waited == 0)
        waited = pthread_cond_timedwait(&r->stop_now, &r->lock, &until);
    const bool over = r->stopping;
    (void)pthread_mutex_unlock(&r->lock);
    return over;
}

/* What failed is tried again after a while, or when a token begins to answer. */
static void *renewal_main(void *arg)
{
    struct renewal *r = arg;
    uint64_t news = 0;
    int left_s = 0;
    while (!is_over(r, TICK_S)) {
        left_s -= TICK_S;
        if (left_s > 0 && online_keys_news(r->otad->online_keys) == news)
            continue;
        news = online_keys_news(r->otad->online_keys);
        left_s = renew_all(r->otad) ? 0 : RETRY_S;
    }
    return NULL;
}

ota_err renewal_start(struct otad *otad)
{
    struct renewal *r = calloc(1, sizeof *r);
    if (r == NULL)
        return OTA_E_NO_MEMORY;
    r->otad = otad;
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->stop_now, NULL);
    if (pthread_create(&r->thread, NULL, renewal_main, r) != 0) {
        free(r);
        return OTA_E_NO_MEMORY;
    }
    otad->renewal = r;
    return OTA_OK;
}

void renewal_stop(struct otad *otad)
{
    struct renewal *r = otad->renewal;
    if (r == NULL)
        return;
    (void)pthread_mutex_lock(&r->lock);
    r->stopping = true;
    (void)pthread_cond_signal(&r->stop_now);
    (void)pthread_mutex_unlock(&r->lock);
    (void)pthread_join(r->thread, NULL);
    (void)pthread_cond_destroy(&r->stop_now);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
    otad->renewal = NULL;
}
