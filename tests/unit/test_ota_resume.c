/* link: ota boot slot image PkgConfig::SODIUM */
/* Whatever cuts a download or an update, at whatever instant: it goes on, and ends well. */
#include "ota_world.h"

static const struct w_image good = {.minor = 1, .counter = 2, .payload_bytes = 17000};

static void ends_well(struct world *w)
{
    if (!w_run(w, 600) || !w->closed_success || w_runs(w) != 1) {
        fputs(w->log, stderr);
    }
    assert(w->closed > 0 && w->closed_success && w_runs(w) == 1);
    assert(w_phase(w) == SLOT_IDLE);
}

static uint32_t bytes_of_an_update(void)
{
    struct world *w = w_new();
    uint32_t left;

    w_boot(w);
    w_offer(w, 8, good);
    w->cut_after = left = 1000000;
    ends_well(w);
    left -= w->cut_after;
    free(w);
    return left;
}

/* The connection breaks once, after every so many bytes from the server. */
static void test_connection_cut_anywhere(void)
{
    uint32_t all = bytes_of_an_update();

    for (uint32_t cut = 0; cut < all; cut += 2003) {
        struct world *w = w_new();

        w_boot(w);
        w_offer(w, 8, good);
        w->cut_after = cut;
        ends_well(w);
        assert(w->served <= w->file_bytes + W_PIECE);
        free(w);
    }
}

/* It breaks at the chunk boundaries that matter: each block and each piece, one byte around. */
static void test_connection_cut_at_boundaries(void)
{
    for (uint32_t at = OTA_BLOCK_BYTES; at < good.payload_bytes; at += OTA_BLOCK_BYTES) {
        for (int around = -1; around <= 1; around++) {
            struct world *w = w_new();

            w_boot(w);
            w_offer(w, 8, good);
            while (w->gets <= at / W_PIECE) {
                w_step(w); /* the piece that holds this byte is on its way */
            }
            w->cut_after = (uint32_t)((int)(at % W_PIECE) + around + 1);
            ends_well(w);
            free(w);
        }
    }
}

/* It breaks again and again: progress is kept, so that the update still ends. */
static void test_connection_cut_all_the_time(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    for (int i = 0; i < 2000 && w->closed == 0; i++) {
        if (w->cut_after == UINT32_MAX) {
            w->cut_after = 12000;
        }
        w_step(w);
    }
    assert(w->closed > 0 && w->closed_success && w_runs(w) == 1);
    free(w);
}

static void test_small_reads(void)
{
    for (uint32_t chunk = 1; chunk < 40; chunk += 19) {
        struct world *w = w_new();

        w_boot(w);
        w_offer(w, 8, good);
        w->chunk = chunk;
        ends_well(w);
        free(w);
    }
}

/* The device is reset with every request on its way; the answer is lost or not. */
static void test_reset_at_every_request(void)
{
    for (unsigned at = 1;; at++) {
        struct world *w = w_new();

        w_boot(w);
        w_offer(w, 8, good);
        while (w->requests < at && w->closed == 0) {
            w_step(w);
        }
        if (w->closed > 0) {
            assert(at > 10);
            free(w);
            return;
        }
        w->cause = BOOT_CAUSE_POWER;
        w_boot(w);
        ends_well(w);
        assert(w->closed == 1);
        free(w);
    }
}

/* A resumed download asks only for what is missing. */
static void test_resume_after_reset(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    while (w->gets < 2 || w->agent.piece_open) {
        w_step(w);
    }
    w->cause = BOOT_CAUSE_POWER;
    w_boot(w);
    ends_well(w);
    assert(w->served == w->file_bytes && w_said(w, "resuming") && w->if_ranges == 1);
    free(w);
}

/* The file changes under the same link while a download is half done. */
static void test_file_changes(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    while (w->gets < 2) {
        w_step(w);
    }
    w->cause = BOOT_CAUSE_POWER;
    w_offer(w, 8, (struct w_image){.minor = 1, .counter = 3, .payload_bytes = 30000});
    w_boot(w);
    ends_well(w);
    free(w);
}

/* --- power ------------------------------------------------------------------------------ */

/* An update during which the power goes after n flash operations of the running app or of the
 * bootloader, once.  False: n is beyond the last of them. */
static bool power_cut(int n, bool lost_answers)
{
    struct world *w = w_new();
    volatile bool was_cut = false;

    w_boot(w);
    w_offer(w, 8, good);
    w->writes_left = n;
    if (setjmp(w->power) != 0) {
        was_cut = true;
        w->cause = BOOT_CAUSE_POWER;
        w->writes_left = W_NEVER;
        if (lost_answers) {
            w->status = 500;
            w->status_times = 3;
        }
        w_boot(w);
    }
    if (!w_run(w, 700)) {
        fprintf(stderr, "power cut %d:\n%s", n, w->log);
    }
    assert(w->closed == 1 && w->closed_success && w_runs(w) == 1);
    assert(w_phase(w) == SLOT_IDLE);
    free(w);
    return was_cut;
}

static void test_power_cut_at_every_flash_operation(void)
{
    int n = 0;

    while (power_cut(n, n % 2 == 1)) {
        n++;
    }
    assert(n > 60);
}

/* --- releases that fail on the device ---------------------------------------------------- */

/* Each boot of the new image ends with this cause; the power goes after n flash operations. */
static bool bad_release(enum boot_cause cause, const char *reason, int n)
{
    struct world *w = w_new();
    volatile bool was_cut = false;

    w_boot(w);
    w_offer(w, 8, good);
    w->writes_left = n;
    if (setjmp(w->power) != 0) {
        was_cut = true;
        w->cause = BOOT_CAUSE_POWER;
        w->writes_left = W_NEVER;
        w_boot(w);
    }
    for (int i = 0; i < 700 && w->closed == 0; i++) {
        if (w->record.version.minor == 1) {
            w->cause = cause;
            w_boot(w);
        } else {
            w_step(w);
        }
    }
    if (w->closed != 1 || strcmp(w->reason, reason) != 0) {
        fprintf(stderr, "cut %d: %s\n%s", n, w->reason, w->log);
    }
    assert(w->closed == 1 && !w->closed_success && w_runs(w) == 0);
    assert(strcmp(w->reason, reason) == 0 && w_phase(w) == SLOT_IDLE);
    free(w);
    return was_cut;
}

static void test_bad_releases(void)
{
    (void)bad_release(BOOT_CAUSE_WATCHDOG, "reverted-not-confirmed", W_NEVER);
    (void)bad_release(BOOT_CAUSE_FAULT, "reverted-crashed", W_NEVER);
}

/* Also when the power goes meanwhile; only the cause of the last reset may then be another. */
static void test_bad_release_with_power_cuts(void)
{
    int n = 0;

    while (bad_release(BOOT_CAUSE_WATCHDOG, "reverted-not-confirmed", n)) {
        n += 9;
    }
    assert(n > 80);
}

int main(void)
{
    test_connection_cut_anywhere();
    test_connection_cut_at_boundaries();
    test_connection_cut_all_the_time();
    test_small_reads();
    test_reset_at_every_request();
    test_resume_after_reset();
    test_file_changes();
    test_power_cut_at_every_flash_operation();
    test_bad_releases();
    test_bad_release_with_power_cuts();
    return 0;
}
