/* link: otad_api_pure */
/* Download links: the token, the account of bytes, many threads at one budget; the log's queue;
 * both as JSON. */
#include "golden.h"

#include <pthread.h>

#include "otad/api/write_link.h"
#include "otad/auth/link.h"
#include "otad/fleet/apply.h"
#include "otad/fleet/link.h"

/* ---- the token --------------------------------------------------------------------------- */

static const struct link_claim sample = {.maker = LINK_MAKER_PERSON,
                                         .methods = LINK_METHOD_GET | LINK_METHOD_HEAD,
                                         .tenant_id = 1,
                                         .link_id = 31,
                                         .maker_id = 7,
                                         .release_id = INT64_MAX,
                                         .made_at_unix_s = 1763629200,
                                         .expires_at_unix_s = 1763632800,
                                         .byte_budget = 264196,
                                         .sha256 = {1, 2, 3, 255}};

static void check_token(void)
{
    const struct token_pepper pepper = {{1, 2, 3}}, other = {{1, 2, 4}};
    const struct link_key key = link_key_derive(&pepper), wrong = link_key_derive(&other);
    char text[LINK_TEXT_BYTES], changed[LINK_TEXT_BYTES + 2];
    struct link_claim back;
    assert(memcmp(&key, &wrong, sizeof key) != 0);
    assert(memcmp(key.b, pepper.b, sizeof key.b) != 0);
    assert(link_token_write(&key, &sample, text) == OTA_OK);
    assert(strlen(text) == LINK_TEXT_BYTES - 1);
    assert(link_token_read(&key, text, &back) == OTA_OK);
    assert(back.maker == sample.maker && back.methods == sample.methods &&
           back.tenant_id == 1 && back.link_id == 31 && back.maker_id == 7 &&
           back.release_id == INT64_MAX && back.made_at_unix_s == sample.made_at_unix_s &&
           back.expires_at_unix_s == sample.expires_at_unix_s &&
           back.byte_budget == sample.byte_budget &&
           memcmp(back.sha256, sample.sha256, sizeof back.sha256) == 0);
    assert(link_token_read(&wrong, text, &back) == OTA_E_AUTH);
    /* Every character counts, and no other text stands for the same bytes. */
    for (size_t i = 0; i < LINK_TEXT_BYTES - 1; i++) {
        for (const char *c = "Aa0-_Bz9+/= "; *c != '\0'; c++) {
            memcpy(changed, text, LINK_TEXT_BYTES);
            changed[i] = *c;
            assert(link_token_read(&key, changed, &back) ==
                   (*c == text[i] ? OTA_OK : OTA_E_AUTH));
        }
    }
    (void)snprintf(changed, sizeof changed, "%sA", text);
    assert(link_token_read(&key, changed, &back) == OTA_E_AUTH);
    changed[LINK_TEXT_BYTES - 2] = '\0';
    assert(link_token_read(&key, changed, &back) == OTA_E_AUTH);
    assert(link_token_read(&key, "", &back) == OTA_E_AUTH);
    struct link_claim negative = sample;
    negative.byte_budget = -1;
    assert(link_token_write(&key, &negative, text) == OTA_E_INTERNAL);
}

/* ---- the account ------------------------------------------------------------------------- */

/* What must hold after every sequence of steps: bytes granted here never exceed the budget, and
 * the database's sum comes right whatever fails. */
struct world {
    struct link_account account;
    int64_t granted, database, last_grant;
};

enum step { RESERVE_ONE, RESERVE_TWO, GIVE_BACK, BEGIN, DONE, FAILED, OTHERS_USE, STEPS };

static bool step(struct world *w, enum step s)
{
    struct link_account *a = &w->account;
    switch (s) {
    case RESERVE_ONE:
    case RESERVE_TWO:
        if (!link_reserve(a, s == RESERVE_ONE ? 1 : 2))
            return false;
        w->last_grant = s == RESERVE_ONE ? 1 : 2;
        w->granted += w->last_grant;
        return true;
    case GIVE_BACK:
        link_give_back(a, w->last_grant);
        w->granted -= w->last_grant;
        w->last_grant = 0;
        return true;
    case BEGIN:
        if (a->writing != 0)
            return false;
        (void)link_write_begin(a);
        return true;
    case DONE:
        w->database += a->writing;
        link_write_done(a, w->database);
        return true;
    case FAILED:
        link_write_failed(a);
        return true;
    case OTHERS_USE:
        w->database++;
        return true;
    case STEPS:
        break;
    }
    return false;
}

static void explore(const struct world *from, int depth)
{
    assert(link_used(&from->account) - from->account.known ==
           from->account.writing + from->account.waiting);
    assert(from->granted <= from->account.budget);
    struct world end = *from;
    (void)step(&end, FAILED);
    (void)step(&end, BEGIN);
    (void)step(&end, DONE);
    assert(link_used(&end.account) == end.database && end.database >= end.granted);
    for (enum step s = 0; depth > 0 && s < STEPS; s++) {
        struct world next = *from;
        if (step(&next, s))
            explore(&next, depth - 1);
    }
}

static void check_account(void)
{
    const struct world empty = {.account = {.budget = 3}};
    explore(&empty, 7);
    struct link_account a = {.budget = INT64_MAX, .known = 5};
    assert(!link_reserve(&a, INT64_MAX) && !link_reserve(&a, -1));
    assert(link_reserve(&a, INT64_MAX - 5) && link_used(&a) == INT64_MAX);
    assert(!link_reserve(&a, 1) && link_reserve(&a, 0));
    a = (struct link_account){.budget = 4, .known = 9}; /* others were faster */
    assert(!link_reserve(&a, 0) && !link_reserve(&a, 1));
}

/* ---- links in memory --------------------------------------------------------------------- */

enum { THREADS = 8, BUDGET = 20000, PIECE = 7 };

static void *take(void *arg)
{
    struct fleet *f = arg;
    int64_t sent = 0;
    for (int i = 0; fleet_link_reserve(f, 1, 5, PIECE) == FLEET_LINK_LIVE; i++) {
        const int64_t part = i % PIECE;
        fleet_link_end(f, 1, 5, PIECE, part);
        sent += part;
    }
    return (void *)(intptr_t)sent;
}

/* The database in the write-behind: takes sums, now and then fails. */
static int64_t write_behind(struct fleet *f, int64_t database, bool fails)
{
    struct fleet_link_use use[4];
    const size_t count = fleet_take_link_uses(f, use, 4);
    for (size_t i = 0; i < count && !fails; i++) {
        assert(use[i].tenant_id == 1 && use[i].link_id == 5);
        database += use[i].bytes;
        fleet_link_written(f, 1, 5, database);
    }
    fleet_links_failed(f);
    return database;
}

static struct fleet *fleet_with_link(const struct fleet_link_row *row)
{
    const struct fleet_config config = {.lateness = {600, 3600}};
    struct fleet *f = NULL;
    assert(fleet_new(&config, &f) == OTA_OK);
    assert(fleet_put_link(f, 1, row) == OTA_OK);
    return f;
}

static void check_threads(void)
{
    const struct fleet_link_row row = {
        .id = 5, .expires_at_unix_s = 100, .byte_budget = BUDGET, .created_by = "anna"};
    struct fleet *f = fleet_with_link(&row);
    pthread_t thread[THREADS];
    int64_t sent = 0, database = 0;
    for (int i = 0; i < THREADS; i++)
        assert(pthread_create(&thread[i], NULL, take, f) == 0);
    for (int i = 0; i < 200; i++)
        database = write_behind(f, database, i % 3 == 0);
    for (int i = 0; i < THREADS; i++) {
        void *part = NULL;
        assert(pthread_join(thread[i], &part) == 0);
        sent += (int64_t)(intptr_t)part;
    }
    database = write_behind(f, database, false);
    assert(database == sent && sent <= BUDGET && sent > BUDGET - THREADS * PIECE);
    fleet_free(f);
}

static void check_life(void)
{
    struct fleet_link_row row = {.id = 5,
                                 .expires_at_unix_s = 100,
                                 .byte_budget = 10,
                                 .bytes_used = 4,
                                 .created_by = "anna"};
    struct fleet *f = fleet_with_link(&row);
    struct fleet_link_use use[2];
    struct arena a;
    const char *who = NULL;
    arena_init(&a, 10000);
    assert(fleet_link_look(f, 1, 5, &a, &who) == FLEET_LINK_LIVE && strcmp(who, "anna") == 0);
    assert(fleet_link_look(f, 2, 5, &a, &who) == FLEET_LINK_UNKNOWN && who == NULL);
    assert(fleet_link_look(f, 1, 6, &a, &who) == FLEET_LINK_UNKNOWN);
    assert(fleet_link_reserve(f, 2, 5, 1) == FLEET_LINK_UNKNOWN);
    assert(fleet_link_reserve(f, 1, 5, 7) == FLEET_LINK_USED_UP);
    assert(fleet_link_reserve(f, 1, 5, 6) == FLEET_LINK_LIVE);
    assert(fleet_link_look(f, 1, 5, &a, &who) == FLEET_LINK_USED_UP);
    row.revoked = true;
    row.bytes_used = 0; /* read before: what is known here stays */
    assert(fleet_put_link(f, 1, &row) == OTA_OK);
    assert(fleet_link_look(f, 1, 5, &a, &who) == FLEET_LINK_REVOKED);
    row.revoked = false;
    assert(fleet_put_link(f, 1, &row) == OTA_OK);
    assert(fleet_link_look(f, 1, 5, &a, &who) == FLEET_LINK_USED_UP);
    fleet_links_expire(f, 100); /* in flight: it stays */
    assert(fleet_links_count(f) == 1);
    fleet_link_end(f, 1, 5, 6, 2);
    fleet_links_expire(f, 100); /* the database lacks some: it stays */
    assert(fleet_links_count(f) == 1);
    assert(fleet_take_link_uses(f, use, 2) == 1 && use[0].bytes == 2 && use[0].uses == 1);
    assert(fleet_take_link_uses(f, use, 2) == 0);
    fleet_link_known(f, 1, 5, 0); /* not while it is being written */
    assert(fleet_link_reserve(f, 1, 5, 5) == FLEET_LINK_USED_UP);
    fleet_link_written(f, 1, 5, 9); /* others used 3 */
    assert(fleet_link_reserve(f, 1, 5, 2) == FLEET_LINK_USED_UP);
    fleet_link_known(f, 1, 5, 8);
    assert(fleet_link_reserve(f, 1, 5, 2) == FLEET_LINK_LIVE);
    fleet_link_end(f, 1, 5, 2, 2);
    assert(fleet_take_link_uses(f, use, 2) == 1);
    fleet_links_failed(f);
    assert(fleet_take_link_uses(f, use, 2) == 1 && use[0].bytes == 2 && use[0].uses == 1);
    fleet_link_written(f, 1, 5, 10);
    fleet_links_expire(f, 99);
    assert(fleet_links_count(f) == 1);
    fleet_links_expire(f, 100);
    assert(fleet_links_count(f) == 0);
    arena_done(&a);
    fleet_free(f);
}

/* ---- the log's queue --------------------------------------------------------------------- */

static void check_queue(void)
{
    const struct fleet_link_row row = {.id = 1, .byte_budget = 1, .created_by = ""};
    struct fleet *f = fleet_with_link(&row);
    struct fleet_download out[10];
    struct fleet_download_stats stats;
    struct arena a;
    size_t count = 0;
    for (int i = 0; i < FLEET_DOWNLOADS_MAX + 3; i++) {
        char who[16];
        (void)snprintf(who, sizeof who, "user %d", i);
        const struct fleet_download d = {.via = DOWNLOAD_PLAIN,
                                         .bytes = i,
                                         .who = who,
                                         .platform = "p",
                                         .version = "",
                                         .artifact = "a",
                                         .address = "::1"};
        fleet_download_put(f, &d);
    }
    fleet_download_stats(f, &stats);
    assert(stats.waiting == FLEET_DOWNLOADS_MAX && stats.lost == 3);
    arena_init(&a, 8); /* too small: nothing is taken */
    assert(fleet_take_downloads(f, 10, &a, out, &count) == OTA_E_LIMIT);
    arena_done(&a);
    int64_t next = 0;
    for (;;) {
        arena_init(&a, 10000);
        assert(fleet_take_downloads(f, 10, &a, out, &count) == OTA_OK);
        for (size_t i = 0; i < count; i++, next++) {
            char who[16];
            (void)snprintf(who, sizeof who, "user %d", (int)next);
            assert(out[i].bytes == next && strcmp(out[i].who, who) == 0 &&
                   strcmp(out[i].artifact, "a") == 0 && strcmp(out[i].address, "::1") == 0);
        }
        arena_done(&a);
        if (count == 0)
            break;
    }
    assert(next == FLEET_DOWNLOADS_MAX);
    fleet_downloads_lose(f, 2);
    fleet_download_stats(f, &stats);
    assert(stats.waiting == 0 && stats.lost == 5);
    for (enum download_via v = DOWNLOAD_LINK; v < DOWNLOAD_VIAS; v++)
        assert(download_via_parse(download_via_name(v)) == v);
    assert(download_via_name(0) == NULL && download_via_parse("ddi") == 0);
    fleet_free(f);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void check_json(void)
{
    const struct link l = {.id = 31,
                           .platform = "mps2-an386",
                           .version = "1.1.0",
                           .artifact = "app.bin",
                           .created_by = "anna",
                           .created_at_unix_s = 1763629200,
                           .expires_at_unix_s = 1763632800,
                           .byte_budget = 264196,
                           .bytes_used = 66049,
                           .uses = 1,
                           .state = "active"};
    const struct download_row d = {.id = 412,
                                   .download = {.at_unix_s = 1763629920,
                                                .via = DOWNLOAD_LINK,
                                                .who = "anna",
                                                .link_id = 31,
                                                .platform = "mps2-an386",
                                                .version = "1.1.0",
                                                .artifact = "app.bin",
                                                .address = "192.0.2.7",
                                                .bytes = 66049,
                                                .status = 200,
                                                .duration_ms = 840}};
    struct json_out o;
    struct arena a;
    arena_init(&a, 100000);
    json_out_begin(&o, &a);
    write_download_link(&o, NULL, &l);
    golden(&o, "link");
    json_out_begin(&o, &a);
    write_download(&o, NULL, &d);
    golden(&o, "download");
    arena_done(&a);
}

static void check_cells(void)
{
    static const char text[] =
        "{\"a\":\"x\\ny\",\"n\":-7,\"t\":true,\"z\":null,\"l\":[1,\"b\"],"
        "\"o\":{\"k\":\"v\"}}";
    static const char *const names[] = {"a", "n", "t", "z", "l", "o", "none"};
    struct json_cell cell[7];
    struct arena a;
    arena_init(&a, 100000);
    assert(json_cells(&a, text, strlen(text), names, 7, cell) == OTA_OK);
    assert(strcmp(cell[0].text, "x\ny") == 0 && cell[0].is_string);
    assert(strcmp(cell[1].text, "-7") == 0 && !cell[1].is_string);
    assert(strcmp(cell[2].text, "true") == 0 && cell[3].text == NULL && cell[6].text == NULL);
    assert(strcmp(cell[4].text, "[1,\"b\"]") == 0 && !cell[4].is_string);
    assert(strcmp(cell[5].text, "{\"k\":\"v\"}") == 0);
    assert(json_cells(&a, "[1]", 3, names, 1, cell) == OTA_E_FORMAT);
    assert(json_cells(&a, "{", 1, names, 1, cell) == OTA_E_FORMAT);
    assert(json_cells(&a, "[[[[[[[[[[[[[[[[[[", 18, names, 1, cell) == OTA_E_LIMIT);
    arena_done(&a);
}

int main(void)
{
    assert(token_init() == OTA_OK);
    check_token();
    check_account();
    check_threads();
    check_life();
    check_queue();
    check_json();
    check_cells();
    return 0;
}
