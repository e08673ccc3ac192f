/* link: ota boot slot image PkgConfig::SODIUM */
/* The agent against a server that behaves, and one that does not. */
#include "ota_world.h"

static const struct w_image good = {.minor = 1, .counter = 2, .payload_bytes = 30000};

static void test_updates_and_reports(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_steps(w, 3);
    assert(w->polls >= 1 && w->configs == 1 && w_runs(w) == 0);
    assert(strstr(w->last_config, "\"version\":\"1.0.0\"") != NULL);
    assert(strstr(w->last_config, "\"platform\":\"p\"") != NULL);
    w_offer(w, 8, good);
    assert(w_run(w, 200));
    assert(w->closed_success && w_runs(w) == 1 && w_phase(w) == SLOT_IDLE);
    assert(w->downloadeds == 1 && w->installings == 1 && w->progresses >= 1);
    assert(w->served == w->file_bytes && w->connects == 2);
    assert(strstr(w->last_config, "\"version\":\"1.1.0\"") != NULL);
    assert(strstr(w->last_config, "\"boot\":\"swapped\"") != NULL);
    w_steps(w, 20);
    assert(w->closed == 1 && w->beats > 2);
    assert(strstr(w->last_beat, "\"address\":\"10.0.2.15\"") != NULL);
    free(w);
}

static void test_reports_once_more_what_is_over(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    assert(w_run(w, 200) && w->closed_success);
    w->offered = true; /* the server forgot */
    w->closed = 0;
    assert(w_run(w, 50) && w->closed_success);
    assert(w->served == w->file_bytes);
    free(w);
}

static void test_same_number_with_another_file_is_new(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    assert(w_run(w, 200) && w->closed_success);
    w_offer(w, 8, (struct w_image){.minor = 2, .counter = 2, .payload_bytes = 31000});
    assert(w_run(w, 200) && w->closed_success && w_runs(w) == 2);
    free(w);
}

static void refused(struct w_image what, const char *reason)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, what);
    assert(w_run(w, 200));
    assert(!w->closed_success && strcmp(w->reason, reason) == 0);
    assert(w_runs(w) == 0 && w_phase(w) == SLOT_IDLE && w->installings == 0);
    w->offered = true; /* offered again: reported again, not fetched again */
    w->closed = 0;
    assert(w_run(w, 50) && !w->closed_success && strcmp(w->reason, reason) == 0);
    assert(w->served == w->file_bytes);
    free(w);
}

static void test_refuses_and_says_why(void)
{
    refused(
        (struct w_image){
            .minor = 1, .counter = 2, .payload_bytes = 9000, .seed = test_stranger_seed},
        "unknown-key");
    refused((struct w_image){.minor = 1, .counter = 0, .payload_bytes = 9000}, "below-floor");
}

static void test_refuses_lower_version(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    assert(w_run(w, 200) && w->closed_success);
    w_offer(w, 9, (struct w_image){.minor = 0, .counter = 5, .payload_bytes = 9000});
    assert(w_run(w, 200) && !w->closed_success);
    assert(strcmp(w->reason, "version-too-low") == 0 && w_runs(w) == 1);
    free(w);
}

static void test_wrong_hash_is_fetched_twice(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    w->file[5000] ^= 1; /* the announced hash stays */
    assert(w_run(w, 400) && !w->closed_success && strcmp(w->reason, "bad-hash") == 0);
    assert(w->served == 2 * w->file_bytes);
    free(w);
}

static void test_file_longer_than_its_image(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    memset(w->file + w->file_bytes, 0, 100);
    w->file_bytes += 100;
    w_hash_file(w);
    assert(w_run(w, 200) && !w->closed_success && strcmp(w->reason, "trailing-bytes") == 0);
    free(w);
}

static void test_too_large_is_not_fetched(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, (struct w_image){.minor = 1, .counter = 2, .payload_bytes = W_SLOT});
    assert(w_run(w, 200) && !w->closed_success && strcmp(w->reason, "too-large") == 0);
    assert(w->served == 0);
    free(w);
}

static void test_server_without_ranges(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->no_ranges = true;
    w_offer(w, 8, good);
    assert(w_run(w, 200) && w->closed_success && w->gets == 1);
    free(w);
}

static void test_installs_only_when_it_may(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    memcpy(w->update, "skip", 5);
    assert(!w_run(w, 100) && w->downloadeds == 1 && w->installings == 0);
    memcpy(w->update, "forced", 7);
    assert(w_run(w, 100) && w->closed_success && w->served == w->file_bytes);
    free(w);
}

/* --- cancelling ------------------------------------------------------------------------- */

static void test_cancelled_while_downloading(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->timing.busy_poll_ms = 1;
    w_offer(w, 8, good);
    while (w->gets < 2) {
        w_step(w);
    }
    w->cancelling = true;
    w->cancel_id = 77;
    w->now_ms += 1000;
    w_steps(w, 30);
    assert(w->cancel_closed && !w->cancel_rejected && w->installings == 0);
    assert(w_runs(w) == 0 && ota_activity(&w->agent) == OTA_RESTING);
    w_offer(w, 9, good); /* the next action is taken as usual */
    assert(w_run(w, 200) && w->closed_success && w_runs(w) == 1);
    free(w);
}

static void test_cancelled_while_the_server_fails(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->timing.busy_poll_ms = 1;
    w_offer(w, 8, good);
    while (w->gets < 2) {
        w_step(w);
    }
    w->cancelling = true;
    w->cancel_id = 77;
    w->status = 500;
    w->status_times = 5;
    w->status_for = "cancelAction";
    w->now_ms += 1000;
    w_steps(w, 60);
    assert(w->cancel_closed && w->status_times == 0 && w->installings == 0);
    free(w);
}

static void test_cancelled_just_before_installing(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    while (w->downloadeds == 0 && !w_said(w, "downloaded and verified")) {
        w_step(w);
    }
    w->cancelling = true;
    w->cancel_id = 78;
    w_steps(w, 30);
    assert(w->cancel_closed && w->installings == 0 && w_runs(w) == 0);
    free(w);
}

static void test_cancelled_too_late(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    assert(w_run(w, 200) && w->closed_success);
    w->cancelling = true;
    w->cancel_id = 79;
    w_steps(w, 30);
    assert(w->cancel_rejected && !w->cancel_closed && w_runs(w) == 1);
    free(w);
}

static void test_closed_by_the_server(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    while (w->gets < 2) {
        w_step(w);
    }
    w->gone = true;
    w->offered = false;
    w->agent.told_at_ms = 0; /* a report is due */
    w_steps(w, 60);
    assert(w->closed == 0 && w_runs(w) == 0 && ota_activity(&w->agent) == OTA_RESTING);
    free(w);
}

/* --- trouble ---------------------------------------------------------------------------- */

/* Steps until the server saw n more requests; returns the milliseconds before the last one. */
static uint64_t until_requests(struct world *w, unsigned n)
{
    unsigned until = w->requests + n;

    while (w->requests < until) {
        w_step(w);
    }
    return w->gap_ms;
}

static void test_backs_off(void)
{
    struct world *w = w_new();
    uint64_t before = 0;

    w_boot(w);
    w->timing.heartbeat_ms = 0;
    w->status = 500;
    w->status_times = 1000;
    (void)until_requests(w, 1);
    for (int i = 0; i < 7; i++) {
        uint64_t waited = until_requests(w, 1);

        assert(waited > before && waited <= (uint64_t)1000 << (i + 1));
        before = waited;
    }
    (void)until_requests(w, 5);
    assert(until_requests(w, 1) <= w->timing.backoff_max_ms);
    w->status_times = 0;
    w_offer(w, 8, good);
    assert(w_run(w, 200) && w->closed_success);
    free(w);
}

/* Milliseconds from a start to the first request. */
static uint64_t first_request(uint32_t poll_ms, uint32_t random)
{
    struct world *w = w_new();

    w->timing.poll_ms = poll_ms;
    w->random = random;
    w->request_ms = w->now_ms;
    w_boot(w);
    const uint64_t waited = until_requests(w, 1);
    free(w);
    return waited;
}

static void test_first_polls_are_spread(void)
{
    assert(first_request(0, 0) == 0 && first_request(0, 12345) == 12345);
    assert(first_request(0, 30000) == 30000 && first_request(0, 30001) == 0);
    assert(first_request(5000, 5000) == 5000 && first_request(5000, 5001) == 0);
    assert(first_request(60000, 30000) == 30000);
    for (uint32_t i = 0; i < 32; i++) {
        assert(first_request(0, UINT32_C(1) << i) <= 30000);
    }
}

static void until_due(struct world *w, bool (*due)(const struct world *))
{
    for (int i = 0; i < 200 && !due(w); i++) {
        w_step(w);
    }
    assert(due(w));
}

static bool is_on_trial(const struct world *w)
{
    return w->agent.trial;
}

static bool has_report(const struct world *w)
{
    return w->agent.notes.phase == OTA_REPORT;
}

/* The first request after a start from here. */
static void comes_at_once(struct world *w)
{
    const uint64_t start_ms = w->now_ms;

    w_boot(w);
    (void)until_requests(w, 1);
    assert(w->request_ms == start_ms);
}

/* On trial the server must be reached soon, and a report shall not wait. */
static void test_news_are_not_spread(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    until_due(w, is_on_trial);
    comes_at_once(w);
    assert(w_run(w, 200) && w->closed_success);
    w_offer(w, 9, (struct w_image){.minor = 0, .counter = 2, .payload_bytes = 9000});
    until_due(w, has_report);
    comes_at_once(w); /* the power went before the report */
    assert(w_run(w, 10) && !w->closed_success);
    free(w);
}

static void test_honours_retry_after(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->status = 503;
    w->status_times = 1;
    w->retry_after_s = 900;
    (void)until_requests(w, 1);
    assert(until_requests(w, 1) >= 900000);
    free(w);
}

/* The agent meets trouble with its very first exchange, goes on, and updates in the end. */
static void survives(void (*make)(struct world *), void (*mend)(struct world *),
                     const char *says)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    make(w);
    for (int i = 0; i < 4; i++) {
        uint64_t begin = w->now_ms;

        (void)ota_step(&w->agent);
        assert(w->now_ms - begin <= OTA_STEP_MS_MAX);
        w->now_ms += ota_step(&w->agent);
    }
    assert(w_said(w, says) && !ota_online(&w->agent));
    mend(w);
    assert(w_run(w, 300) && w->closed_success);
    free(w);
}

static void make_unreachable(struct world *w)
{
    w->unreachable = true;
}

static void make_wrong_certificate(struct world *w)
{
    w->wrong_certificate = true;
}

static void make_endless(struct world *w)
{
    w->endless = true;
}

static void make_slow(struct world *w)
{
    w->slow = true;
}

static void mend_all(struct world *w)
{
    w->unreachable = w->wrong_certificate = w->endless = w->slow = false;
}

static void test_survives_the_server(void)
{
    survives(make_unreachable, mend_all, "poll failed: busy");
    survives(make_wrong_certificate, mend_all, "poll failed: signature");
    survives(make_endless, mend_all, "poll failed: limit");
    survives(make_slow, mend_all, "poll failed: busy");
}

static void test_survives_nonsense(void)
{
    static const char *const answers[] = {
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://evil.example/\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct world *w = w_new();

        w_boot(w);
        w->raw = answers[i];
        (void)until_requests(w, 1);
        assert(w_said(w, "poll ") && !ota_online(&w->agent) && w->polls == 0);
        w_offer(w, 8, good);
        assert(w_run(w, 300) && w->closed_success);
        free(w);
    }
}

/* Whatever request is answered 500 a few times, the update ends well. */
static void test_errors_at_every_request(void)
{
    static const char *const routes[] = {"GET /t/controller/v1/d HTTP",
                                         "configData",
                                         "GET /t/controller/v1/d/deploymentBase",
                                         "fw.bin",
                                         "feedback",
                                         "heartbeat"};
    static const int statuses[] = {500, 503, 429, 401};

    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        for (size_t k = 0; k < sizeof statuses / sizeof statuses[0]; k++) {
            struct world *w = w_new();

            w_boot(w);
            w_offer(w, 8, good);
            w->status = statuses[k];
            w->status_times = 3;
            w->status_for = routes[i];
            assert(w_run(w, 400) && w->closed_success && w->closed == 1);
            free(w);
        }
    }
}

/* A kept connection that the server closed meanwhile is no failure. */
static void test_stale_connection(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_steps(w, 5);
    for (unsigned i = 1; i <= 5; i++) {
        w->stale = true;
        w_steps(w, 2);
        assert(w->connects == 1 + i && ota_online(&w->agent));
    }
    assert(!w_said(w, "failed"));
    free(w);
}

/* Requests that the bootloader never sees are made twice, not for ever. */
static void test_request_is_lost(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    for (int i = 0; i < 400 && w->closed == 0; i++) {
        w->now_ms += ota_step(&w->agent);
        if (w->reset_wanted) {
            assert(slot_request_withdraw(&w->map) == OTA_OK);
            w_boot(w);
        }
    }
    assert(w->closed == 1 && !w->closed_success && strcmp(w->reason, "not-installed") == 0);
    assert(w->installings == 2 && w->served == w->file_bytes);
    free(w);
}

static void test_server_without_heartbeats(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->status = 404;
    w->status_times = 1000;
    w->status_for = "heartbeat";
    w_steps(w, 50);
    assert(w->status_times == 999 && w->polls > 10 && ota_online(&w->agent));
    free(w);
}

int main(void)
{
    test_updates_and_reports();
    test_reports_once_more_what_is_over();
    test_same_number_with_another_file_is_new();
    test_refuses_and_says_why();
    test_refuses_lower_version();
    test_wrong_hash_is_fetched_twice();
    test_file_longer_than_its_image();
    test_too_large_is_not_fetched();
    test_server_without_ranges();
    test_installs_only_when_it_may();
    test_cancelled_while_downloading();
    test_cancelled_while_the_server_fails();
    test_cancelled_just_before_installing();
    test_cancelled_too_late();
    test_closed_by_the_server();
    test_backs_off();
    test_first_polls_are_spread();
    test_news_are_not_spread();
    test_honours_retry_after();
    test_survives_the_server();
    test_survives_nonsense();
    test_errors_at_every_request();
    test_stale_connection();
    test_request_is_lost();
    test_server_without_heartbeats();
    return 0;
}
