/* link: ota boot slot image PkgConfig::SODIUM */
/* Trust over a device's life: power cuts, years in a drawer, new keys, a clock that lies. */
#include "ota_world_repo.h"

static const struct w_image good = {.minor = 1, .counter = 2, .payload_bytes = 9000};

static void ends_well(struct world *w)
{
    if (!w_run(w, 900) || !w->closed_success || w_runs(w) != 1) {
        fputs(w->log, stderr);
    }
    assert(w->closed > 0 && w->closed_success && w_runs(w) == 1);
}

static struct trust_state kept(const struct world *w)
{
    struct trust_state s;

    assert(trust_load(&w->trust, &s) == OTA_OK);
    return s;
}

static void steps_until_polls(struct world *w, unsigned more)
{
    unsigned until = w->polls + more;

    for (int i = 0; i < 100000 && w->polls < until; i++) {
        w_step(w);
    }
    assert(w->polls >= until);
}

/* --- power ------------------------------------------------------------------------------ */

/* The power goes at the n-th write of flash while three roots and a role are taken; false if
 * nothing was left to cut. */
static bool cut_at(int n)
{
    struct repo r;
    struct world *volatile w = r_new(&r);
    struct trust_state s;
    bool cut = true;

    w_boot(w);
    w_steps(w, 12);
    s = kept(w);
    assert(s.root == 1 && s.role == 1);
    r.roots = 4;
    r.timestamp = r.snapshot = r.targets = r.role = 2;
    w_offer(w, 8, good);
    if (setjmp(w->power) == 0) {
        w->writes_left = n;
        while (w->gets == 0) {
            w_step(w);
        }
        cut = false;
    }
    w->writes_left = W_NEVER;
    s = kept(w); /* the old one or the new one, never none */
    assert(s.root >= 1 && s.root <= 4 && (s.role == 1 || s.role == 2));
    assert(s.role == 1 || s.root == 4);
    w->cause = BOOT_CAUSE_POWER;
    w_boot(w);
    assert(w->agent.trust.mode == TRUST_ON);
    ends_well(w);
    s = kept(w);
    assert(s.root == 4 && s.role == 2 && s.timestamp == 2);
    free(w);
    return cut;
}

static void test_power_cut_at_every_write(void)
{
    int n = 0;

    while (cut_at(n)) {
        n++;
    }
    assert(n > 60); /* three copies of a root */
}

/* Versions were pushed ahead with a stolen key; a root names another, and the power goes at the
 * n-th write since.  False if nothing was left to cut. */
static bool cut_in_recovery(int n)
{
    struct repo r;
    struct world *volatile w = r_new(&r);
    bool cut = true;

    r.timestamp = r.snapshot = r.targets = r.role = 100;
    w_boot(w);
    w_steps(w, 12);
    assert(kept(w).timestamp == 100 && kept(w).role == 100);
    r.timestamp = r.snapshot = r.targets = r.role = 5;
    r.roots = r.timestamp_since = 2;
    r.timestamp_key = r.timestamp_signer = 'u';
    w_offer(w, 8, good);
    if (setjmp(w->power) == 0) {
        w->writes_left = n;
        while (w->gets == 0) {
            w_step(w);
        }
        cut = false;
    }
    w->writes_left = W_NEVER;
    w->cause = BOOT_CAUSE_POWER;
    w_boot(w);
    ends_well(w);
    assert(kept(w).root == 2 && kept(w).timestamp == 5 && kept(w).role == 5);
    free(w);
    return cut;
}

static void test_recovery_outlives_a_cut(void)
{
    int n = 0;

    while (cut_in_recovery(n)) {
        n++;
    }
    assert(n > 20);
}

/* --- years ------------------------------------------------------------------------------ */

static void test_years_in_a_drawer(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    r.roots = 100;
    w_boot(w);
    w_offer(w, 8, good);
    ends_well(w);
    assert(kept(w).root == 100);
    assert(r.roots_served == 99); /* none twice */
    free(w);
}

/* --- keys ------------------------------------------------------------------------------- */

static void test_new_director(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    steps_until_polls(w, 3);
    r.lie_s = (int64_t)300 * R_DAY; /* the old key is stolen, and lies */
    steps_until_polls(w, 2);
    assert(ota_stale(&w->agent)); /* which the device cannot tell from the truth */
    r.roots = 2;
    r.root_days = 800;
    r.director_key = r.director_signer = 'e';
    r.director_since = 2;
    r.lie_s = 0;
    steps_until_polls(w, 4);
    assert(kept(w).root == 2 && !ota_stale(&w->agent));
    w_offer(w, 8, good);
    ends_well(w);
    r.director_signer = 'd'; /* the old key again */
    steps_until_polls(w, 3);
    assert(w_said(w, "signed answer refused: tuf-threshold"));
    free(w);
}

/* The server signs with a new key long before the root that names it is published. */
static void test_new_director_before_its_root(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    steps_until_polls(w, 3);
    r.director_signer = 'e';
    steps_until_polls(w, 100);
    assert(w->agent.director_refusals == 3 && r.roots_served == 0);
    r.roots = 2;
    r.director_key = 'e';
    r.director_since = 2;
    steps_until_polls(w, 400); /* an hour and some */
    assert(r.roots_served == 1 && w->agent.director_refusals == 0);
    w_offer(w, 8, good);
    ends_well(w);
    free(w);
}

/* A file is gone while it walks, as something newer was published: it walks again. */
static void test_published_under_the_walk(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    steps_until_polls(w, 3);
    r.absent = "1.p.json";
    w_offer(w, 8, good);
    while (!w_said(w, "repository failed")) {
        w_step(w);
    }
    r.absent = NULL;
    ends_well(w);
    free(w);
}

/* Assigned, fetched and found good; then the server signs for it no more, or for nothing. */
static void test_withdrawn_before_it_is_installed(void)
{
    for (int how = 0; how < 2; how++) {
        struct repo r;
        struct world *w = r_new(&r);

        w_boot(w);
        steps_until_polls(w, 3);
        r.role = r.targets = r.snapshot = r.timestamp = 2;
        w_offer(w, 8, good);
        while (!w_said(w, "downloaded and verified")) {
            w_step(w);
        }
        w->director = how != 0;
        r.assigns = how != 1;
        assert(w_run(w, 300) && !w->closed_success && w_runs(w) == 0);
        assert(strcmp(w->reason, how == 0 ? "tuf-unsigned-server" : "tuf-not-assigned") == 0);
        assert(w->installings == 0);
        free(w);
    }
}

/* One who has left signs: with a third that stayed it suffices, alone it does not. */
static void test_removed_manager(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    steps_until_polls(w, 2);
    memcpy(r.role_keys, "PR", 3); /* Q is no longer one of them */
    r.targets = r.role = r.snapshot = r.timestamp = 2;
    w_offer(w, 8, good);
    assert(w_run(w, 300) && !w->closed_success && strcmp(w->reason, "tuf-threshold") == 0);
    memcpy(r.role_signers, "PQR", 4); /* the third is harmless */
    r.snapshot = r.timestamp = 3;
    w_offer(w, 9, good);
    ends_well(w);
    free(w);
}

/* --- time ------------------------------------------------------------------------------- */

/* A server with all its keys says "nothing new" for ever, on a clock that stands still. */
static void test_a_clock_that_stands(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    r.timestamp_days = r.snapshot_days = 400;
    r.clock_stands = true;
    w->timing.poll_ms = 3600 * 1000;
    w->timing.heartbeat_ms = 3600 * 1000;
    w_boot(w);
    while (w->now_ms < (uint64_t)29 * R_DAY * 1000) {
        w_step(w);
    }
    assert(!ota_stale(&w->agent) && strstr(w->last_beat, "stale") == NULL);
    w->cause = BOOT_CAUSE_POWER; /* its reckoning outlives a reset, but for an hour */
    w_boot(w);
    assert(!ota_stale(&w->agent));
    while (w->now_ms < ((uint64_t)30 * R_DAY + 7200) * 1000) {
        w_step(w);
    }
    assert(ota_stale(&w->agent) && w_said(w, "stale: what vouches for updates has expired"));
    assert(strstr(w->last_beat, "\"stale\":true") != NULL);
    w->cause = BOOT_CAUSE_POWER;
    w_boot(w);
    w_steps(w, 1);
    assert(ota_stale(&w->agent));
    r.targets_days = r.role_days = 90; /* the managers sign again */
    r.targets = r.role = r.snapshot = r.timestamp = 2;
    steps_until_polls(w, 10);
    assert(!ota_stale(&w->agent));
    steps_until_polls(w, 1);
    w_steps(w, 4);
    assert(strstr(w->last_beat, "stale") == NULL);
    free(w);
}

/* Switched off every night, a server that signs nothing, or is silent, or is another's: the
 * device's days count all the same. */
static void test_days_without_a_signed_answer(void)
{
    for (int how = 0; how < 3; how++) {
        struct repo r;
        struct world *w = r_new(&r);

        w->timing.poll_ms = 3600 * 1000;
        w->timing.heartbeat_ms = 3600 * 1000;
        w_boot(w);
        steps_until_polls(w, 3);
        w->director = how != 0;
        w->unreachable = how == 1;
        r.director_signer = how == 2 ? 'X' : 'd';
        for (uint64_t day = 1; day <= 33; day++) {
            while (w->now_ms < day * R_DAY * 1000) {
                w_step(w);
            }
            assert(day > 29 || !ota_stale(&w->agent));
            w->cause = BOOT_CAUSE_POWER;
            w_boot(w);
        }
        w_steps(w, 1);
        assert(ota_stale(&w->agent));
        free(w);
    }
}

/* A clock set back is refused while it lasts, and no harm is done. */
static void test_a_clock_set_back(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    steps_until_polls(w, 3);
    r.lie_s = -3600;
    steps_until_polls(w, 2);
    assert(w_said(w, "signed answer refused: tuf-rollback"));
    r.lie_s = 0;
    w_offer(w, 8, good);
    ends_well(w);
    free(w);
}

static struct world *dated(struct repo *r)
{
    struct world *w = r_new(r);

    r->dated = true;
    r->timestamp_days = r->snapshot_days = 400;
    r_provision(w);
    return w;
}

/* To a device from the factory the server says that it is 1970, when what the managers signed
 * two months ago was good; their root is from then, at least. */
static void test_a_new_device_and_a_clock_of_its_own(void)
{
    struct repo r;
    struct world *w = dated(&r);

    r.targets_days = r.role_days = -60;
    r.lie_s = -(int64_t)R_NOW;
    w_boot(w);
    w_offer(w, 8, good);
    assert(w_run(w, 300) && !w->closed_success && strcmp(w->reason, "tuf-expired") == 0);
    r.targets_days = r.role_days = 30; /* fresh ones are from today, whatever the server says */
    r.role_made_days = 2;
    r.targets = r.role = r.snapshot = r.timestamp = 2;
    w_offer(w, 9, good);
    ends_well(w);
    assert(kept(w).time_s >= R_NOW + 2 * R_DAY);
    free(w);
}

/* After the takeover the root names another key, which the thief has as well: it is not earlier
 * than that root. */
static void test_a_new_key_that_lies_from_the_first(void)
{
    struct repo r;
    struct world *w = dated(&r);

    w_boot(w);
    steps_until_polls(w, 3);
    r.roots = 2;
    r.root_made_days = 100;
    r.director_key = r.director_signer = 'e';
    r.director_since = 2;
    r.lie_s = 86400; /* the role was good for 29 days more */
    steps_until_polls(w, 4);
    assert(kept(w).root == 2 && ota_stale(&w->agent));
    assert(kept(w).time_s >= R_NOW + 100 * R_DAY);
    w_offer(w, 8, good);
    assert(w_run(w, 300) && !w->closed_success && strcmp(w->reason, "tuf-expired") == 0);
    r.lie_s = (int64_t)101 * R_DAY;
    r.targets_days = r.role_days = 130;
    r.role_made_days = 100;
    r.targets = r.role = r.snapshot = r.timestamp = 2;
    w_offer(w, 9, good);
    ends_well(w);
    assert(!ota_stale(&w->agent));
    free(w);
}

/* --- flash ------------------------------------------------------------------------------ */

static void test_lost_trust_installs_nothing(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    w_steps(w, 12);
    for (int copy = 0; copy < 2; copy++) {
        w->mem[W_TRUST_AT + copy * W_ERASE + 100] ^= 1; /* in the root */
    }
    w->cause = BOOT_CAUSE_POWER;
    w_boot(w);
    w_offer(w, 8, good);
    assert(w_run(w, 300) && !w->closed_success && strcmp(w->reason, "tuf-state-lost") == 0);
    assert(w->gets == 0 && ota_stale(&w->agent));
    free(w);
}

/* Polls do not wear the flash: time is a record whenever it has doubled, then each hour, and
 * nothing else is. */
static void test_flash_is_spared(void)
{
    struct repo r;
    struct world *w = r_new(&r);
    uint32_t before;

    w_boot(w);
    steps_until_polls(w, 5);
    before = kept(w).sequence;
    steps_until_polls(w, 700); /* nearly two hours */
    assert(kept(w).sequence > before && kept(w).sequence <= before + 6);
    before = kept(w).sequence;
    steps_until_polls(w, 700);
    assert(kept(w).sequence > before && kept(w).sequence <= before + 2);
    free(w);
}

/* --- the wire --------------------------------------------------------------------------- */

/* A byte a second, and cuts at every place: it goes on, or waits; it never gives up. */
static void test_slow_and_broken(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    w_offer(w, 8, good);
    w->slow = true;
    w_steps(w, 40); /* w_step holds each against OTA_STEP_MS_MAX */
    assert(w->closed == 0 && w->gets == 0);
    w->slow = false;
    ends_well(w);
    free(w);
    for (uint32_t cut = 0; cut < 9000; cut += 301) {
        w = r_new(&r);
        w_boot(w);
        w_offer(w, 8, good);
        w->cut_after = cut;
        ends_well(w);
        free(w);
    }
}

static void test_reset_at_every_request(void)
{
    for (unsigned at = 1;; at++) {
        struct repo r;
        struct world *w = r_new(&r);
        bool over;

        w_boot(w);
        w_offer(w, 8, good);
        while (w->requests < at && w->closed == 0) {
            w_step(w);
        }
        over = w->closed > 0;
        w->cause = BOOT_CAUSE_POWER;
        w_boot(w);
        ends_well(w);
        free(w);
        if (over) {
            assert(at > 15);
            return;
        }
    }
}

int main(void)
{
    w_all_used();
    test_power_cut_at_every_write();
    test_recovery_outlives_a_cut();
    test_years_in_a_drawer();
    test_new_director();
    test_new_director_before_its_root();
    test_published_under_the_walk();
    test_withdrawn_before_it_is_installed();
    test_removed_manager();
    test_a_clock_that_stands();
    test_days_without_a_signed_answer();
    test_a_clock_set_back();
    test_a_new_device_and_a_clock_of_its_own();
    test_a_new_key_that_lies_from_the_first();
    test_lost_trust_installs_nothing();
    test_flash_is_spared();
    test_slow_and_broken();
    test_reset_at_every_request();
    return 0;
}
