/*
 * Download links and their log, against PostgreSQL: what is made and revoked is in the memory
 * of every otad, sums of several otads come together, and the log is written behind.
 */
#include <string.h>
#include <time.h>

#include "make.h"
#include "otad/db/download.h"
#include "otad/db/feed.h"
#include "otad/db/link.h"
#include "otad/fleet/link.h"

static struct kit k;

struct replica {
    struct fleet *fleet;
    struct feed *feed;
};

static void replica_start(struct replica *r)
{
    const struct fleet_config config = {.lateness = {600, 3600}};
    OK(fleet_new(&config, &r->fleet));
    OK(feed_start(k.db, r->fleet, &r->feed));
}

static void replica_stop(struct replica *r)
{
    feed_stop(r->feed);
    fleet_free(r->fleet);
}

static const struct link_new for_key = {
    .platform = "m4", .version = "1.0.0", .artifact = "firmware.bin", .expires_in_s = 3600};

static struct link_made make(int64_t budget)
{
    struct link_made made;
    struct link_new new = for_key;
    new.byte_budget = budget;
    OK(db_link_create(&k.scope, &new, &made));
    return made;
}

static void test_made_listed_revoked(void)
{
    const struct db_page page = {.limit = 10};
    struct link *list = NULL;
    size_t count = 0;
    const struct link_made made = make(0);
    const struct link *l = &made.link;
    assert(l->byte_budget == 4000 && l->bytes_used == 0 && l->uses == 0 &&
           strcmp(l->state, "active") == 0 && strcmp(l->created_by, "tester") == 0 &&
           l->expires_at_unix_s == l->created_at_unix_s + 3600 && made.release_id > 0);
    const struct link_made other = make(77);
    OK(db_link_list(&k.scope, NULL, NULL, &page, &list, &count));
    assert(count == 2 && list[0].id == other.link.id && list[1].id == l->id);
    OK(db_link_list(&k.scope, "m4", "active", &page, &list, &count));
    assert(count == 2);
    OK(db_link_list(&k.scope, "esp", NULL, &page, &list, &count));
    assert(count == 0);
    IS(db_link_list(&k.scope, "none", NULL, &page, &list, &count), OTA_E_NOT_FOUND);
    const int64_t audits = kit_sql(&k, "SELECT count(*) FROM audit_entry");
    OK(db_link_revoke(&k.scope, other.link.id));
    OK(db_link_revoke(&k.scope, other.link.id));
    assert(kit_sql(&k, "SELECT count(*) FROM audit_entry") == audits + 1);
    IS(db_link_revoke(&k.scope, 999), OTA_E_NOT_FOUND);
    OK(db_link_list(&k.scope, NULL, "revoked", &page, &list, &count));
    assert(count == 1 && list[0].id == other.link.id && list[0].revoked_at_unix_s > 0);
}

static void test_what_may_not_be_linked(void)
{
    struct link_made made;
    struct link_new new = for_key;
    struct release out;
    const struct release_new draft = make_release_new("m4", "3.0.0", 9);
    OK(db_release_create(&k.scope, &draft, &out));
    new.version = "3.0.0";
    IS(db_link_create(&k.scope, &new, &made), OTA_E_CONFLICT);
    assert(k.scope.why == DB_WHY_INCOMPLETE);
    new.version = "2.0.0";
    OK(db_release_withdraw(&k.scope, "m4", "2.0.0", "to show it", &out));
    IS(db_link_create(&k.scope, &new, &made), OTA_E_CONFLICT);
    assert(k.scope.why == DB_WHY_WITHDRAWN);
    new = for_key;
    new.artifact = "other.bin";
    IS(db_link_create(&k.scope, &new, &made), OTA_E_NOT_FOUND);
    new = for_key;
    new.platform = "none";
    IS(db_link_create(&k.scope, &new, &made), OTA_E_NOT_FOUND);
}

static void flush(struct replica *r)
{
    OK(feed_flush(r->feed));
}

static int64_t used(int64_t id)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql,
                   "SELECT bytes_used * 1000 + uses FROM download_link WHERE link_id = %lld",
                   (long long)id);
    return kit_sql(&k, sql);
}

/* feed_flush is what each does once a second by itself; here the order is ours. */
static void test_sums_of_replicas(void)
{
    struct replica a, b;
    struct arena arena;
    const char *who = NULL;
    const struct link_made before = make(100);
    replica_start(&a);
    replica_start(&b);
    const struct link_made made = make(100);
    const int64_t id = made.link.id;
    arena_init(&arena, 10000);
    assert(fleet_link_look(a.fleet, 1, before.link.id, &arena, &who) == FLEET_LINK_LIVE);
    feed_catch_up(a.feed, 1);
    feed_catch_up(b.feed, 1);
    assert(fleet_link_look(a.fleet, 1, id, &arena, &who) == FLEET_LINK_LIVE);
    assert(strcmp(who, "tester") == 0);
    assert(fleet_link_reserve(a.fleet, 1, id, 60) == FLEET_LINK_LIVE);
    flush(&a); /* reserved bytes are told before they are sent */
    assert(used(id) == 60001);
    flush(&b);
    assert(fleet_link_reserve(b.fleet, 1, id, 41) == FLEET_LINK_USED_UP);
    assert(fleet_link_reserve(b.fleet, 1, id, 40) == FLEET_LINK_LIVE);
    fleet_link_end(a.fleet, 1, id, 60, 10);
    flush(&b);
    flush(&a);
    assert(used(id) == 50002);
    flush(&b);
    assert(fleet_link_reserve(b.fleet, 1, id, 51) == FLEET_LINK_USED_UP);
    assert(fleet_link_reserve(b.fleet, 1, id, 50) == FLEET_LINK_LIVE);
    fleet_link_end(b.fleet, 1, id, 40, 40);
    fleet_link_end(b.fleet, 1, id, 50, 50);
    OK(db_link_revoke(&k.scope, id));
    feed_catch_up(a.feed, 1);
    assert(fleet_link_look(a.fleet, 1, id, &arena, &who) == FLEET_LINK_REVOKED);
    arena_done(&arena);
    replica_stop(&a);
    replica_stop(&b); /* writes what it owes */
    assert(used(id) == 100003);
}

static void put(struct replica *r, enum download_via via, const char *platform, int64_t bytes)
{
    const struct fleet_download d = {.tenant_id = 1,
                                     .at_unix_s = 1763629920 + bytes,
                                     .duration_ms = 5,
                                     .via = via,
                                     .link_id = via == DOWNLOAD_LINK ? 7 : 0,
                                     .bytes = bytes,
                                     .status = 206,
                                     .who = "it's \"{me}\",\\ NULL",
                                     .platform = platform,
                                     .version = "1.0.0",
                                     .artifact = "firmware.bin",
                                     .address = ""};
    fleet_download_put(r->fleet, &d);
}

static size_t count_of(const struct download_filter *f, struct download_row **out)
{
    const struct db_page page = {.limit = 10};
    size_t count = 0;
    OK(db_download_list(&k.scope, f, &page, out, &count));
    return count;
}

static void test_log(void)
{
    struct replica r;
    struct download_row *d = NULL;
    struct fleet_download_stats stats;
    replica_start(&r);
    put(&r, DOWNLOAD_LINK, "m4", 1);
    put(&r, DOWNLOAD_ESP, "esp", 2);
    put(&r, DOWNLOAD_KEY, "gone", 3); /* no such platform: nobody could see it */
    put(&r, DOWNLOAD_KEY, "m4", 4);
    flush(&r);
    assert(count_of(&(struct download_filter){0}, &d) == 3);
    assert(d[0].download.bytes == 4 && d[2].download.bytes == 1 && d[2].download.link_id == 7 &&
           d[0].download.link_id == 0 && d[1].download.via == DOWNLOAD_ESP &&
           d[0].download.status == 206 && d[0].download.duration_ms == 5 &&
           strcmp(d[0].download.who, "it's \"{me}\",\\ NULL") == 0);
    assert(count_of(&(struct download_filter){.platform = "m4"}, &d) == 2);
    assert(count_of(&(struct download_filter){.via = DOWNLOAD_ESP}, &d) == 1);
    assert(count_of(&(struct download_filter){.who = "me"}, &d) == 0);
    assert(count_of(&(struct download_filter){.version = "1.0.0"}, &d) == 3);
    assert(count_of(&(struct download_filter){.from_unix_s = 1763629922}, &d) == 2);
    assert(count_of(&(struct download_filter){.to_unix_s = 1763629922}, &d) == 1);
    fleet_download_stats(r.fleet, &stats);
    assert(stats.waiting == 0 && stats.lost == 0);
    struct fleet_download bad = {.tenant_id = 1,
                                 .via = DOWNLOAD_KEY,
                                 .status = 7,
                                 .who = "",
                                 .platform = "m4",
                                 .version = "",
                                 .artifact = "",
                                 .address = ""};
    fleet_download_put(r.fleet, &bad); /* what the database refuses does not stop the rest */
    const ota_err err = feed_flush(r.feed); /* unless the feed's own thread was faster */
    assert(err == OTA_E_FORMAT || err == OTA_OK);
    flush(&r);
    fleet_download_stats(r.fleet, &stats);
    assert(stats.waiting == 0 && stats.lost == 1);
    replica_stop(&r);
}

/* The feed of a kit whose database keeps a day of it; its thread prunes when it starts. */
static void test_prune(void)
{
    (void)kit_sql(&k, "UPDATE download SET at = now() - interval '25 hours' WHERE bytes = 1");
    (void)kit_sql(&k, "UPDATE download SET at = now() WHERE bytes <> 1");
    (void)kit_sql(&k, "UPDATE download_link SET created_at = now() - interval '9 days', "
                      "expires_at = now() - interval '8 days' WHERE revoked_at IS NULL");
    struct db *db = NULL;
    const struct db_config config = {.conninfo = k.app,
                                     .jobs_conninfo = k.jobs,
                                     .connections_max = 1,
                                     .wait_ms = 5000,
                                     .statement_ms = 15000,
                                     .download_log_days = 1};
    struct fleet *fleet = NULL;
    struct feed *feed = NULL;
    const struct fleet_config lateness = {.lateness = {600, 3600}};
    OK(db_open(&config, &db));
    OK(fleet_new(&lateness, &fleet));
    OK(feed_start(db, fleet, &feed));
    struct timespec moment = {.tv_nsec = 20000000};
    while (kit_sql(&k, "SELECT count(*) FROM download_link WHERE revoked_at IS NULL") > 0)
        (void)nanosleep(&moment, NULL);
    assert(kit_sql(&k, "SELECT count(*) FROM download") == 2);
    assert(kit_sql(&k, "SELECT count(*) FROM download_link") == 2);
    feed_stop(feed);
    fleet_free(fleet);
    db_close(db);
}

int main(void)
{
    kit_open(&k, "links");
    make_platform(&k, "m4", false);
    make_platform(&k, "esp", false);
    make_released(&k, "m4", "1.0.0", 1, CHANNEL_STABLE);
    make_complete(&k, "m4", "2.0.0", 2);
    test_made_listed_revoked();
    test_what_may_not_be_linked();
    test_sums_of_replicas();
    test_log();
    test_prune();
    kit_close(&k);
    return 0;
}
