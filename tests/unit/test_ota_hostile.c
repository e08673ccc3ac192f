/* link: ota boot slot image PkgConfig::SODIUM */
/*
 * A server that owns all of its keys and means to harm: how often can it make a device erase
 * flash, and does it keep the device's own time from going on?  Each test lets it try for so
 * many hours of the device's time, at a poll a second, and counts the erasures of the unit that
 * has most: at a rate of ERASES_A_DAY the cheapest flash (10,000) lasts for three weeks and an
 * ordinary one (100,000) for most of a year.  Without limits it was hours.
 */
#include "ota_world_repo.h"

enum { HOUR_MS = 3600 * 1000, EXCHANGE_MS = 50, ERASES_AT_ONCE = 850, ERASES_A_DAY = 420 };

static const struct w_image good = {.minor = 1, .counter = 2, .payload_bytes = 30000};

static unsigned most_erased(const struct world *w)
{
    unsigned most = 0;

    for (size_t i = 0; i < sizeof w->erases / sizeof w->erases[0]; i++) {
        most = w->erases[i] > most ? w->erases[i] : most;
    }
    return most;
}

static struct world *begun(struct world *w)
{
    w->timing.poll_ms = w->timing.busy_poll_ms = 1000;
    w->timing.heartbeat_ms = 0;
    w_boot(w);
    memset(w->erases, 0, sizeof w->erases);
    return w;
}

/* Until so many hours have passed, with what the server does before each step. */
static void tries(struct world *w, unsigned hours, void (*before)(struct world *w))
{
    uint64_t until = w->now_ms + (uint64_t)hours * HOUR_MS;

    while (w->now_ms < until) {
        before(w);
        w_step(w);
        w->now_ms += EXCHANGE_MS;
    }
}

static void bears(const char *what, struct world *w, unsigned hours, unsigned at_once)
{
    unsigned most = most_erased(w);

    printf("%-56s %4u erasures of one unit in %3u h\n", what, most, hours);
    assert(most <= at_once + ERASES_A_DAY * hours / 24);
    memset(w->erases, 0, sizeof w->erases);
}

/* The truth afterwards finds a device that can be updated. */
static void mends(struct world *w, unsigned action)
{
    w->no_ranges = w->slow = w->endless = w->unreachable = false;
    w->cut_after = UINT32_MAX;
    w->status_times = 0;
    w->now_ms += 3ull * HOUR_MS;
    w_offer(w, action, good);
    assert(w_run(w, 20000) && w->closed_success && w_runs(w) == 1);
    free(w);
}

/* --- updates ---------------------------------------------------------------------------- */

static void offer_another(struct world *w)
{
    if (!w->offered) {
        w_offer(w, w->action + 1, good);
        w->file[100] ^= 1; /* of a good signature no more */
        w_hash_file(w);
    }
}

static void test_offers_without_end(void)
{
    struct world *w = begun(w_new());

    tries(w, 4, offer_another);
    assert(w_said(w, "too many updates"));
    bears("offers of images that are not authentic", w, 4, 60);
    mends(w, 1000000);
}

/* What it was offered breaks off in the middle, is taken back, and offered again. */
static void offer_and_take_back(struct world *w)
{
    w->offered = !w->agent.has_job || w->agent.at == 0;
    if (w->offered && w->cut_after == UINT32_MAX) {
        w->cut_after = W_ERASE + OTA_BLOCK_BYTES + 3000;
    }
}

static void test_offers_taken_back(void)
{
    struct world *w = begun(w_new());

    w_offer(w, 8, good);
    tries(w, 2, offer_and_take_back);
    bears("an offer that is taken back again and again", w, 2, ERASES_AT_ONCE);
    mends(w, 1000000);
}

/* --- downloads -------------------------------------------------------------------------- */

static void cut_within_a_unit(struct world *w)
{
    offer_another(w);
    if (w->cut_after == UINT32_MAX) {
        w->cut_after = W_ERASE + OTA_BLOCK_BYTES + 3000;
    }
}

static void answer_from_the_start(struct world *w)
{
    offer_another(w);
    w->no_ranges = true;
    if (w->cut_after == UINT32_MAX) {
        w->cut_after = 25000;
    }
}

static void answer_no_such_range(struct world *w)
{
    offer_another(w);
    w->status_for = "/file/fw.bin";
    w->status = 416;
    w->status_times = w->agent.at > 0 ? 1 : 0;
}

static void test_downloads_without_end(void)
{
    static const struct {
        const char *what;
        void (*how)(struct world *w);
    } ways[] = {{"downloads cut within a unit", cut_within_a_unit},
                {"downloads that begin anew", answer_from_the_start},
                {"ranges that are said not to be there", answer_no_such_range}};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct world *w = begun(w_new());

        w_offer(w, 8, good);
        tries(w, 2, ways[i].how);
        bears(ways[i].what, w, 2, ERASES_AT_ONCE);
        mends(w, 1000000);
    }
}

/* --- keys ------------------------------------------------------------------------------- */

static void offer_held_keys(struct world *w)
{
    w->keys_sequence = w->keys_told + 1;
}

static void test_the_same_keys_without_end(void)
{
    struct world *w = begun(w_new());

    memcpy(w->keys, test_manifest, sizeof test_manifest);
    w->keys_bytes = sizeof test_manifest;
    tries(w, 1, offer_held_keys);
    assert(w->keys_gets > 500);
    bears("key manifests that it holds", w, 1, 0);
    w->keys_sequence = 0;
    mends(w, 8);
}

/* --- trials ----------------------------------------------------------------------------- */

static uint64_t booted_ms;
static unsigned boots;

/* An authentic image is installed; while it is on trial nobody answers, and the app gives the
 * boot up. */
static void silent_on_trial(struct world *w)
{
    if (w->agent.trial && !w->unreachable) {
        booted_ms = w->now_ms;
    }
    w->unreachable = w->agent.trial;
    if (w->agent.trial && w->now_ms - booted_ms > 180000) {
        w->cause = BOOT_CAUSE_SOFT;
        boots++;
        w_boot(w);
        booted_ms = w->now_ms;
    } else if (!w->agent.trial && !w->offered) {
        w_offer(w, w->action + 1, good);
    }
}

static void test_trials_without_end(void)
{
    struct repo r;
    struct world *w = begun(r_new(&r));
    struct trust_state s;

    w->timing.poll_ms = 20000;
    r.timestamp_days = r.snapshot_days = 60;
    r.clock_stands = true;
    w_offer(w, 8, good);
    tries(w, 12, silent_on_trial);
    assert(trust_load(&w->trust, &s) == OTA_OK);
    printf("%u resets; own time went on for %u of 12 h\n", boots,
           (unsigned)((s.time_s - R_NOW) / 3600));
    assert(boots < 110 && s.time_s - R_NOW > 28800u);
    bears("an image that may not confirm", w, 12, 110);
    r.clock_stands = false;
    w_offer(w, 999, good);
    w->unreachable = false;
    w->now_ms += 3ull * HOUR_MS;
    assert(w_run(w, 20000) && w->closed_success && w_runs(w) == 1);
    free(w);
}

/* --- metadata --------------------------------------------------------------------------- */

/* A new timestamp at each look, and ever new reasons to look. */
static void publish_without_end(struct world *w)
{
    struct repo *r = w->more_arg;

    r->timestamp = r->timestamps_served + 1;
    r->director_signer = 'X';
    w->director = w->polls % 4 < 2;
}

static void test_metadata_without_end(void)
{
    struct repo r;
    struct world *w = begun(r_new(&r));

    r.timestamp_days = r.snapshot_days = 60;
    w->timing.poll_ms = 5000;
    tries(w, 1, publish_without_end);
    printf("%u timestamps taken\n", r.timestamps_served);
    assert(r.timestamps_served > 100);
    bears("a new timestamp at each look", w, 1, 4);
    w->director = true;
    r.director_signer = 'd';
    mends(w, 8);
}

/* The director's key says an hour more with each answer. */
static void leap_on(struct world *w)
{
    struct repo *r = w->more_arg;

    r->lie_s = (int64_t)w->polls * 3600;
}

static void test_leaps_without_end(void)
{
    struct repo r;
    struct world *w = begun(r_new(&r));

    tries(w, 1, leap_on);
    assert(ota_stale(&w->agent));
    bears("an hour more with each answer", w, 1, 4);
    free(w);
}

/* --- time ------------------------------------------------------------------------------- */

/* Reset every ten minutes, by whatever: half of its time at least is not forgotten. */
static void test_resets_do_not_stop_time(void)
{
    struct repo r;
    struct world *w = r_new(&r);
    uint64_t begin;

    r.timestamp_days = r.snapshot_days = 60;
    r.targets_days = r.role_days = 2;
    r.clock_stands = true;
    w->timing.poll_ms = w->timing.heartbeat_ms = 60000;
    w_boot(w);
    w_steps(w, 12);
    begin = w->now_ms;
    while (!ota_stale(&w->agent)) {
        uint64_t until = w->now_ms + 600000;

        assert(w->now_ms - begin < (uint64_t)4 * R_DAY * 1000 + 4ull * HOUR_MS);
        while (w->now_ms < until) {
            w_step(w);
        }
        w->cause = BOOT_CAUSE_POWER;
        w_boot(w);
        w_steps(w, 1);
    }
    assert(w->now_ms - begin > (uint64_t)2 * R_DAY * 1000);
    free(w);
}

/* A device that comes from the factory, and whose first look is never answered. */
static void test_a_new_device_is_not_left_alone(void)
{
    for (int how = 0; how < 2; how++) {
        struct repo r;
        struct world *w = r_new(&r);

        w->director = how == 1;
        r.absent = "timestamp.json";
        w->timing.poll_ms = w->timing.heartbeat_ms = HOUR_MS;
        w_boot(w);
        while (w->now_ms < (uint64_t)TRUST_NEW_S * 1000 - 2ull * HOUR_MS) {
            w_step(w);
        }
        assert(!ota_stale(&w->agent));
        w->cause = BOOT_CAUSE_POWER;
        w_boot(w);
        w_steps(w, 1);
        assert(!ota_stale(&w->agent));
        while (w->now_ms < (uint64_t)TRUST_NEW_S * 1000 + 2ull * HOUR_MS) {
            w_step(w);
        }
        assert(ota_stale(&w->agent));
        w->director = true;
        r.absent = NULL;
        r.timestamp_days = r.snapshot_days = 20;
        w_offer(w, 8, good);
        assert(w_run(w, 20000) && w->closed_success && !ota_stale(&w->agent));
        free(w);
    }
}

int main(void)
{
    w_all_used();
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_offers_without_end();
    test_offers_taken_back();
    test_downloads_without_end();
    test_the_same_keys_without_end();
    test_trials_without_end();
    test_metadata_without_end();
    test_leaps_without_end();
    test_resets_do_not_stop_time();
    test_a_new_device_is_not_left_alone();
    return 0;
}
