/*
 * The two threads that join memory model and database.  The reader's connection and positions
 * are shared with feed_catch_up under read_lock; the writer's connection with feed_flush under
 * write_lock.  A lost connection is made again when it is next needed, at most once a second.
 */
#include "feed.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "feed_link.h"
#include "feed_load.h"
#include "feed_plain.h"
#include "feed_write.h"
#include "otad/log.h"
#include "queries.h"
#include "tx.h"

enum { TICK_MS = 1000, PRUNE_TICKS = 60, OVERDUE_TICKS = 5, HINTS_APART_MS = 5 };

struct feed {
    struct db *db;
    struct fleet *fleet;
    pthread_t read_thread, write_thread;
    int stop_fd; /* readable once the feed is to stop */

    pthread_mutex_t read_lock;
    struct pg *reader;
    int64_t reader_tried_ms;
    struct feed_position *position;
    size_t position_count;
    bool behind; /* of a tenant at least */

    pthread_mutex_t write_lock;
    struct pg *writer;
    int64_t writer_tried_ms;
    int64_t links_read_ms; /* when what others used of links was last read; 0 = never */
};

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits up to timeout_ms for it. */
static bool is_stopping(const struct feed *feed, int timeout_ms)
{
    struct pollfd fd = {.fd = feed->stop_fd, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) > 0;
}

/* *pg connected, if it was not; tried at most once a second. */
static ota_err connect_if_needed(struct feed *feed, struct pg **pg, int64_t *tried_ms)
{
    if (*pg != NULL)
        return OTA_OK;
    const int64_t now = now_ms();
    if (*tried_ms != 0 && now - *tried_ms < TICK_MS)
        return OTA_E_BUSY;
    *tried_ms = now;
    const struct pg_config config = db_jobs_config(feed->db);
    return pg_connect(&config, pg);
}

static void drop_if_lost(struct pg **pg, ota_err err)
{
    if (err == OTA_OK || *pg == NULL || pg_trouble(*pg) != PG_LOST)
        return;
    pg_close(*pg);
    *pg = NULL;
}

/* ---- reading ------------------------------------------------------------------------- */

/* Everything anew.  Under read_lock. */
static ota_err reload(struct feed *feed)
{
    struct feed_position *list = NULL;
    size_t count = 0;
    const ota_err err = feed_load(feed->reader, feed->fleet, &list, &count);
    if (err != OTA_OK)
        return err;
    free(feed->position);
    feed->position = list;
    feed->position_count = count;
    return OTA_OK;
}

/* Under read_lock. */
static ota_err follow(struct feed *feed, struct feed_position *position)
{
    const ota_err err = feed_follow(feed->reader, feed->fleet, position);
    if (err != OTA_E_CONFLICT)
        return err;
    log_warn("changes-pruned", LOG_INT("tenant", position->tenant_id));
    return reload(feed);
}

static struct feed_position *position_of(const struct feed *feed, int64_t tenant_id)
{
    for (size_t i = 0; i < feed->position_count; i++) {
        if (feed->position[i].tenant_id == tenant_id)
            return &feed->position[i];
    }
    return NULL;
}

void feed_catch_up(struct feed *feed, int64_t tenant_id)
{
    ota_err err = OTA_E_BUSY;
    (void)pthread_mutex_lock(&feed->read_lock);
    /* What was just committed says that the database is there: a line that was lost with its
     * predecessor is made anew at once. */
    for (int i = 0; i < 2 && err != OTA_OK; i++) {
        feed->reader_tried_ms = 0;
        err = connect_if_needed(feed, &feed->reader, &feed->reader_tried_ms);
        struct feed_position *position = position_of(feed, tenant_id);
        if (err == OTA_OK && position != NULL)
            err = follow(feed, position);
        drop_if_lost(&feed->reader, err);
    }
    /* Until the thread has caught up, memory could contradict what was just committed. */
    if (err != OTA_OK) {
        feed->behind = true;
        fleet_set_behind(feed->fleet, tenant_id, true);
    }
    (void)pthread_mutex_unlock(&feed->read_lock);
}

/* Where the tenants are now, in the arena. */
static ota_err clocks_read(struct feed *feed, struct arena *arena, struct feed_position **out,
                           size_t *out_count)
{
    struct pg_rows rows;
    ota_err err = pg_query(feed->reader, Q_FEED_TENANTS, NULL, &rows);
    if (err != OTA_OK)
        return err;
    struct feed_position *clock = arena_array(arena, (size_t)rows.count, sizeof *clock);
    if (clock == NULL)
        return OTA_E_LIMIT;
    for (int i = 0; i < rows.count && err == OTA_OK; i++) {
        struct pg_row row = pg_row(&rows, i, arena);
        clock[i].tenant_id = row_int(&row);
        row_skip(&row, 1); /* name */
        clock[i].change_seq = row_int(&row);
        err = row.err;
    }
    *out = clock;
    *out_count = (size_t)rows.count;
    return err;
}

/* Under read_lock. */
static ota_err follow_to(struct feed *feed, const struct feed_position *clock)
{
    struct feed_position *position = position_of(feed, clock->tenant_id);
    if (position == NULL)
        return reload(feed); /* a new tenant */
    if (position->change_seq >= clock->change_seq)
        return OTA_OK;
    const ota_err err = follow(feed, position);
    position = position_of(feed, clock->tenant_id); /* follow may have read everything anew */
    if (err == OTA_OK && position != NULL && position->change_seq < clock->change_seq)
        return reload(feed); /* all of its changes were pruned */
    return err;
}

/* Which tenants have moved on?  Under read_lock. */
static ota_err follow_all(struct feed *feed)
{
    enum { BYTES_MAX = 1024 * 1024 };
    struct arena arena;
    struct feed_position *clock = NULL;
    size_t count = 0;
    arena_init(&arena, BYTES_MAX);
    ota_err err = clocks_read(feed, &arena, &clock, &count);
    for (size_t i = 0; i < count && err == OTA_OK; i++)
        err = follow_to(feed, &clock[i]);
    for (size_t i = 0; i < count && err == OTA_OK && feed->behind; i++)
        fleet_set_behind(feed->fleet, clock[i].tenant_id, false);
    if (err == OTA_OK)
        feed->behind = false;
    arena_done(&arena);
    return err;
}

static void read_tick(struct feed *feed)
{
    (void)pthread_mutex_lock(&feed->read_lock);
    ota_err err = connect_if_needed(feed, &feed->reader, &feed->reader_tried_ms);
    if (err == OTA_OK)
        err = follow_all(feed);
    drop_if_lost(&feed->reader, err);
    (void)pthread_mutex_unlock(&feed->read_lock);
}

static void *read_main(void *arg)
{
    struct feed *feed = arg;
    struct pg *listener = NULL;
    const struct pg_config config = {.conninfo = db_jobs_config(feed->db).conninfo,
                                     .name = "otad-listen"};
    while (!is_stopping(feed, HINTS_APART_MS)) { /* what comes within it is one hint */
        if (listener == NULL && pg_connect(&config, &listener) == OTA_OK &&
            pg_simple(listener, "LISTEN otad") != OTA_OK) {
            pg_close(listener);
            listener = NULL;
        }
        if (listener == NULL) {
            (void)is_stopping(feed, TICK_MS);
        } else if (pg_wait(listener, feed->stop_fd, TICK_MS) != OTA_OK) {
            pg_close(listener);
            listener = NULL;
        }
        read_tick(feed);
    }
    pg_close(listener);
    return NULL;
}

/* ---- writing ------------------------------------------------------------------------- */

/* Links and their log.  Under write_lock. */
static ota_err write_downloads(struct feed *feed)
{
    enum { SLACK_S = 5, EVER_S = 8 * 86400 /* no link counts for longer */ };
    const int64_t now = now_ms();
    const int64_t since_s =
        feed->links_read_ms == 0 ? EVER_S : (now - feed->links_read_ms) / 1000 + SLACK_S;
    ota_err err = feed_links_write(feed->writer, feed->fleet, since_s);
    if (err == OTA_OK)
        feed->links_read_ms = now;
    const ota_err logged = feed_downloads_write(feed->writer, feed->fleet);
    return err == OTA_OK ? logged : err;
}

ota_err feed_flush(struct feed *feed)
{
    (void)pthread_mutex_lock(&feed->write_lock);
    ota_err err = connect_if_needed(feed, &feed->writer, &feed->writer_tried_ms);
    if (err == OTA_OK)
        err = feed_write_all(feed->writer, feed->fleet);
    if (err == OTA_OK)
        err = write_downloads(feed);
    drop_if_lost(&feed->writer, err);
    (void)pthread_mutex_unlock(&feed->write_lock);
    const ota_err told = feed_plain_write(feed->db, feed->fleet);
    if (err == OTA_OK)
        err = told;
    return err == OTA_E_IO ? OTA_E_BUSY : err;
}

/* Rows that nobody needs any more. */
static void prune(struct feed *feed)
{
    (void)pthread_mutex_lock(&feed->write_lock);
    ota_err err = feed->writer == NULL ? OTA_E_BUSY : OTA_OK;
    if (err == OTA_OK)
        err = pg_query(feed->writer, Q_FEED_PRUNE, NULL, NULL);
    if (err == OTA_OK)
        err = pg_query(feed->writer, Q_SESSION_PRUNE, NULL, NULL);
    if (err == OTA_OK && db_download_log_days(feed->db) > 0)
        err = feed_downloads_prune(feed->writer, db_download_log_days(feed->db));
    drop_if_lost(&feed->writer, err);
    (void)pthread_mutex_unlock(&feed->write_lock);
}

/* Sessions of the plain door that nobody will close. */
static void silence(struct feed *feed)
{
    (void)pthread_mutex_lock(&feed->write_lock);
    const ota_err err =
        feed->writer == NULL ? OTA_OK : feed_plain_silence(feed->db, feed->writer);
    drop_if_lost(&feed->writer, err);
    (void)pthread_mutex_unlock(&feed->write_lock);
}

static void *write_main(void *arg)
{
    struct feed *feed = arg;
    ota_err before = OTA_OK;
    for (unsigned tick = 1; !is_stopping(feed, TICK_MS); tick++) {
        const ota_err err = feed_flush(feed);
        if (err != OTA_OK && before == OTA_OK)
            log_warn("write-behind-waits", LOG_ERR(err));
        before = err;
        if (tick % OVERDUE_TICKS == 0) {
            fleet_tell_overdue(feed->fleet, (int64_t)time(NULL));
            silence(feed);
        }
        if (tick % PRUNE_TICKS == 1) {
            prune(feed);
            fleet_links_expire(feed->fleet, (int64_t)time(NULL));
        }
    }
    return NULL;
}

/* ---- starting and stopping ----------------------------------------------------------- */

static void feed_free(struct feed *feed)
{
    pg_close(feed->reader);
    pg_close(feed->writer);
    if (feed->stop_fd >= 0)
        (void)close(feed->stop_fd);
    (void)pthread_mutex_destroy(&feed->read_lock);
    (void)pthread_mutex_destroy(&feed->write_lock);
    free(feed->position);
    free(feed);
}

static ota_err threads_start(struct feed *feed)
{
    if (pthread_create(&feed->read_thread, NULL, read_main, feed) != 0)
        return OTA_E_NO_MEMORY;
    if (pthread_create(&feed->write_thread, NULL, write_main, feed) == 0)
        return OTA_OK;
    (void)eventfd_write(feed->stop_fd, 1);
    (void)pthread_join(feed->read_thread, NULL);
    return OTA_E_NO_MEMORY;
}

ota_err feed_start(struct db *db, struct fleet *fleet, struct feed **out)
{
    struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        return OTA_E_NO_MEMORY;
    *feed = (struct feed){.db = db, .fleet = fleet};
    (void)pthread_mutex_init(&feed->read_lock, NULL);
    (void)pthread_mutex_init(&feed->write_lock, NULL);
    /* Never read, so that it stays readable for both threads. */
    feed->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ota_err err = feed->stop_fd < 0 ? OTA_E_IO : OTA_OK;
    if (err == OTA_OK)
        err = connect_if_needed(feed, &feed->reader, &feed->reader_tried_ms);
    if (err == OTA_OK)
        err = reload(feed);
    if (err == OTA_OK)
        err = threads_start(feed);
    if (err != OTA_OK) {
        feed_free(feed);
        return err == OTA_E_NO_MEMORY ? err : OTA_E_IO;
    }
    *out = feed;
    return OTA_OK;
}

void feed_stop(struct feed *feed)
{
    if (feed == NULL)
        return;
    (void)eventfd_write(feed->stop_fd, 1);
    (void)pthread_join(feed->read_thread, NULL);
    (void)pthread_join(feed->write_thread, NULL);
    feed->writer_tried_ms = 0; /* once more, whenever the last try was */
    const ota_err err = feed_flush(feed);
    if (err != OTA_OK)
        log_warn("last-seen-not-written", LOG_ERR(err));
    feed_free(feed);
}
