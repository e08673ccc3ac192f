/* link: ota boot slot image PkgConfig::SODIUM */
/* A device with a trusted root, against a server that behaves and servers that do not: nothing
 * is asked for that is not vouched for, and the device says why. */
#include "ota_world_repo.h"

static const struct w_image good = {.minor = 1, .counter = 2, .payload_bytes = 12000};

static void ends_well(struct world *w)
{
    if (!w_run(w, 900) || !w->closed_success || w_runs(w) != 1) {
        fputs(w->log, stderr);
    }
    assert(w->closed > 0 && w->closed_success && w_runs(w) == 1);
    assert(w_phase(w) == SLOT_IDLE);
}

static void test_updates_what_is_vouched_for(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    w_boot(w);
    w_steps(w, 12);
    if (r.role_served != 1) {
        fputs(w->log, stderr);
    }
    assert(r.asked >= 1 && r.role_served == 1 && w->gets == 0); /* new: it looks through */
    w_offer(w, 8, good);
    while (w->gets == 0 && w->closed == 0) {
        w_step(w);
    }
    assert(r.role_served == 2); /* before the first byte was asked for */
    ends_well(w);
    assert(w_said(w, "vouched for") && !ota_stale(&w->agent));
    assert(r.asked + 2 >= w->polls && w->served == w->file_bytes);
    assert(strstr(w->last_beat, "stale") == NULL);
    free(w);
}

/* A flash without a root, and a server with a repository: as ever. */
static void test_without_a_root_nothing_is_asked(void)
{
    struct repo r;
    struct world *w = r_new(&r);

    memset(w->mem + W_TRUST_AT, 0xff, (size_t)2 * W_ERASE);
    w_boot(w);
    w_offer(w, 8, good);
    ends_well(w);
    assert(r.asked == 0 && r.role_served == 0 && r.timestamps_served == 0);
    free(w);
}

/* --- refusals --------------------------------------------------------------------------- */

static char long_text[4098]; /* longer than any file may be */

#define SPOIL(name, ...)                                                                       \
    static void name(struct world *w, struct repo *r)                                          \
    {                                                                                          \
        (void)w;                                                                               \
        (void)r;                                                                               \
        __VA_ARGS__;                                                                           \
    }

SPOIL(unsigned_server, w->director = false)
SPOIL(director_stranger, r->director_signer = 'X')
SPOIL(director_replay, r->nonce = "00112233445566778899aabbccddeeff")
SPOIL(director_other_device, r->device = "e")
SPOIL(director_older, r->lie_s = -1000)
SPOIL(director_silent, r->assigns = false)
SPOIL(role_other_hash, memset(r->sha256, 'a', 64))
SPOIL(role_wrong_class, r->custom_class = "00000000-0000-0000-0000-000000000001")
SPOIL(role_wrong_platform, r->platform = "q")
SPOIL(role_counter_low, r->counter = 0)
SPOIL(role_one_signature, memcpy(r->role_signers, "P", 2))
SPOIL(role_one_twice, memcpy(r->role_signers, "PP", 3))
SPOIL(role_stranger, memcpy(r->role_signers, "PX", 3))
SPOIL(role_expired, r->role_days = 0)
SPOIL(targets_expired, r->targets_days = 0)
SPOIL(snapshot_expired, r->snapshot_days = 0)
SPOIL(timestamp_expired, r->timestamp_days = 0)
SPOIL(targets_online, r->targets_signer = 's')
SPOIL(snapshot_stranger, r->snapshot_signer = 'X')
SPOIL(timestamp_stranger, r->timestamp_signer = 'X')
SPOIL(older_timestamp, r->timestamp = 4)
SPOIL(older_snapshot, r->timestamp = 6, r->snapshot = 4)
SPOIL(older_targets, r->timestamp = r->snapshot = 6, r->targets = 4)
SPOIL(older_role, r->timestamp = r->snapshot = 6, r->role = 4)
SPOIL(mixed_bytes, r->mixed_days = 1)
SPOIL(mixed_targets, r->listed_targets = 6)
SPOIL(mixed_role, r->timestamp = r->snapshot = 6, r->listed_role = 6)
SPOIL(other_bytes, r->swap = "5.targets.json",
      r->swap_text = "{\"signatures\":[],\"signed\":{}}")
SPOIL(escapes, r->paths = "other/*")
SPOIL(other_role, r->role_name = "q")
SPOIL(listed_above, r->targets_list = true, r->targets = 6)
SPOIL(absent_timestamp, r->absent = "timestamp.json")
SPOIL(absent_role, r->absent = "5.p.json")
SPOIL(too_long, memset(long_text, 'x', sizeof long_text - 1), r->swap = "timestamp.json",
      r->swap_text = long_text)
SPOIL(too_long_root, memset(long_text, 'x', sizeof long_text - 1), r->swap = "2.root.json",
      r->swap_text = long_text)
SPOIL(no_json, r->swap = "timestamp.json", r->swap_text = "no JSON")
SPOIL(root_skips, r->roots = 2, r->root_ahead = 1)
SPOIL(root_one_signature, r->roots = 2, memcpy(r->root_signers, "A", 2))
SPOIL(root_stranger, r->roots = 2, memcpy(r->root_signers, "XY", 3))
SPOIL(root_of_another, r->roots = 2, r->root_platform = "q")
SPOIL(root_of_nobody, r->roots = 2, r->root_platform = "")
SPOIL(root_expired, r->roots = 2, r->root_days = 0)

struct refusal {
    void (*spoil)(struct world *w, struct repo *r);
    const char *reason;
};

static const struct refusal refusals[] = {
    {unsigned_server, "tuf-unsigned-server"},
    {director_stranger, "tuf-threshold"},
    {director_replay, "tuf-nonce"},
    {director_other_device, "tuf-device"},
    {director_older, "tuf-rollback"},
    {director_silent, "tuf-not-assigned"},
    {role_other_hash, "tuf-other-target"},
    {role_wrong_class, "tuf-wrong-class"},
    {role_wrong_platform, "tuf-wrong-platform"},
    {role_counter_low, "tuf-counter-too-low"},
    {role_one_signature, "tuf-threshold"},
    {role_one_twice, "tuf-twice"},
    {role_stranger, "tuf-threshold"},
    {role_expired, "tuf-expired"},
    {targets_expired, "tuf-expired"},
    {snapshot_expired, "tuf-expired"},
    {timestamp_expired, "tuf-expired"},
    {targets_online, "tuf-threshold"},
    {snapshot_stranger, "tuf-threshold"},
    {timestamp_stranger, "tuf-threshold"},
    {older_timestamp, "tuf-rollback"},
    {older_snapshot, "tuf-rollback"},
    {older_targets, "tuf-rollback"},
    {older_role, "tuf-rollback"},
    {mixed_targets, "tuf-version"},
    {mixed_role, "tuf-version"},
    {mixed_bytes, "tuf-hash"},
    {too_long, "tuf-length"},
    {too_long_root, "tuf-length"},
    {no_json, "tuf-not-canonical"},
    {root_skips, "tuf-version"},
    {other_bytes, "tuf-length"},
    {escapes, "tuf-no-target"},
    {other_role, "tuf-unlisted"},
    {listed_above, "tuf-no-target"},
    {absent_timestamp, "tuf-absent"},
    {absent_role, "tuf-absent"},
    {root_one_signature, "tuf-old-threshold"},
    {root_stranger, "tuf-old-threshold"},
    {root_of_another, "tuf-platform"},
    {root_of_nobody, "tuf-platform"},
    {root_expired, "tuf-expired"},
};

/* A device that knows versions 5 of everything is offered an image; then something is wrong. */
static void refused(const struct refusal *what)
{
    struct repo r;
    struct world *w = r_new(&r);

    r.timestamp = r.snapshot = r.targets = r.role = 5;
    w_boot(w);
    w_steps(w, 12);
    assert(r.role_served == 1 && w->agent.trust.state.role == 5);
    w_offer(w, 8, good);
    r.timestamp = r.snapshot = 6; /* as the role's file is another with an image in it */
    what->spoil(w, &r);
    if (!w_run(w, 300) || w->closed_success || strcmp(w->reason, what->reason) != 0) {
        fprintf(stderr, "expected %s, not %s\n%s", what->reason, w->reason, w->log);
    }
    assert(w->closed == 1 && !w->closed_success && strcmp(w->reason, what->reason) == 0);
    assert(w->gets == 0 && w->installings == 0 && w_runs(w) == 0);
    free(w);
}

int main(void)
{
    w_all_used();
    test_updates_what_is_vouched_for();
    test_without_a_root_nothing_is_asked();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        refused(&refusals[i]);
    }
    return 0;
}
