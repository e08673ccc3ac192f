/*
 * The boot loop: look at what the decision asks for, do what it says, until an image may start.
 *
 * The verdict on A that lets it start is the one of this boot, over the bytes as they lie there
 * now; any action that moves sectors forgets every verdict.  The state is written again in each
 * boot before an app runs, so that apps never build on a record that might be torn.
 */
#include <string.h>

#include "boot.h"
#include "swap.h"

/* What is kept of an image that was looked at. */
struct candidate {
    uint32_t total_bytes;
    uint32_t security_counter;
    uint32_t manifest_sequence; /* of the key manifest it was judged by */
    struct image_version version;
    uint8_t digest[CRYPTO_DIGEST_BYTES];
};

struct run {
    const struct slot_map *map;
    const struct manifest_root *roots;
    const struct boot_hooks *hooks;
    enum boot_cause cause;
    struct journal journal;
    struct boot_facts facts;
    struct candidate a, other; /* other: the last one looked at beside A */
    uint8_t decision;          /* enum boot_decision of this boot */
    uint32_t why;
};

static uint32_t floor_of(const struct run *r)
{
    return r->facts.has_journal ? r->journal.state.security_floor : 0;
}

/* Not inlined: where the manifest was verified, this must not lie on the stack yet. */
__attribute__((noinline)) static uint32_t judge(const struct run *r,
                                                const struct slot_manifest_ref *ref,
                                                const struct image_source *src,
                                                struct candidate *out)
{
    struct image_info info = {.total_bytes = 0};
    struct manifest manifest;
    struct image_policy policy = {.manifest = &manifest, .security_floor = floor_of(r)};
    uint32_t v;

    if (slot_manifest_load(r->map, ref, &manifest) != OTA_OK)
        return IMAGE_UNKNOWN_KEY;
    v = (uint32_t)image_verify(src, &policy, NULL, NULL, &info);
    *out = (struct candidate){.total_bytes = info.total_bytes,
                              .security_counter = info.security_counter,
                              .manifest_sequence = manifest.sequence,
                              .version = info.version};
    memcpy(out->digest, info.digest, sizeof out->digest); /* of SHA-512 the first half */
    return v;
}

/*
 * The verdict on a candidate: by the pending key manifest first, where that may take effect,
 * else by the one in force.
 */
static uint32_t look_once(const struct run *r, const struct image_source *src, bool pending,
                          struct candidate *out)
{
    struct slot_manifest_ref ref;

    if (pending &&
        slot_manifest_find(r->map, r->roots, SLOT_MANIFEST_PENDING, &ref) == OTA_OK) {
        uint32_t v = judge(r, &ref, src, out);

        if (v == IMAGE_GOOD)
            return v;
    }
    if (slot_manifest_find(r->map, r->roots, SLOT_MANIFEST_IN_FORCE, &ref) != OTA_OK)
        return IMAGE_UNKNOWN_KEY;
    return judge(r, &ref, src, out);
}

/* A read that failed for once must not cost an image: what is refused is looked at again. */
static uint32_t look(const struct run *r, const struct image_source *src, bool pending,
                     struct candidate *out)
{
    uint32_t v = look_once(r, src, pending, out);

    return v == IMAGE_GOOD ? v : look_once(r, src, pending, out);
}

static uint16_t sectors(const struct run *r, const struct candidate *c)
{
    uint32_t unit = r->map->flash->erase_bytes;

    return (uint16_t)((c->total_bytes + unit - 1) / unit);
}

static void forget(struct run *r)
{
    r->facts.a = r->facts.previous = r->facts.staged = 0;
}

/*
 * The verdict on another image than A.  Flash that fails for a while makes a good A look bad;
 * that it is bad is forgotten here, so that nothing is done for want of A before it was looked
 * at again, after what would take its place.
 */
static uint32_t look_beside(struct run *r, struct image_source src, bool pending)
{
    if (r->facts.a != IMAGE_GOOD)
        r->facts.a = 0;
    return look(r, &src, pending, &r->other);
}

/* Facts follow the journal. */
static void recall(struct run *r)
{
    r->facts.phase =
        r->journal.swapping ? SLOT_SWAPPING : (enum slot_phase)r->journal.state.phase;
    r->facts.tries_left = r->journal.state.tries_left;
}

/* When nothing can be written down, nothing is changed from here on either. */
static void put_state(struct run *r, const struct journal_state *s)
{
    if (journal_put_state(&r->journal, s) != OTA_OK)
        r->facts.journal_dead = true;
    else
        recall(r);
}

/* A swap has ended, or failed: the journal says how, and all verdicts are old. */
static void swapped(struct run *r, ota_err e)
{
    forget(r);
    if (e != OTA_OK) {
        r->facts.journal_dead = true;
        return;
    }
    r->decision = r->journal.state.last_decision;
    r->why = r->journal.state.last_why;
    recall(r);
}

static void format(struct run *r)
{
    struct journal_state s = {0};

    if (r->facts.a == IMAGE_GOOD)
        s.security_floor = r->a.security_counter;
    s.manifest_sequence = s.trial_sequence = r->a.manifest_sequence;
    if (journal_format(&r->journal, r->map, &s) != OTA_OK) {
        r->facts.journal_dead = true;
        return;
    }
    r->facts.has_journal = true;
    recall(r);
}

static void refuse(struct run *r, uint32_t why)
{
    struct journal_state s = r->journal.state;

    s.phase = SLOT_IDLE;
    s.last_decision = r->decision = BOOT_REFUSED;
    s.last_cause = (uint8_t)r->cause;
    s.last_why = r->why = why;
    put_state(r, &s);
}

/* Swap with the image in B, which is in r->other: the staged one, or the previous one. */
static void bring(struct run *r, bool staged, enum boot_decision decision, uint32_t why)
{
    bool keep = r->facts.a == IMAGE_GOOD;
    struct journal_swap *what = &r->journal.swap;

    memset(what, 0, sizeof *what);
    if (staged) {
        /* written with the swap */
        r->journal.state.trial_sequence = r->other.manifest_sequence;
        what->phase = SLOT_TRIAL;
        what->tries_left = JOURNAL_TRIES;
        what->mode = (uint8_t)(keep ? JOURNAL_FORWARD : JOURNAL_TAKE_STAGED);
    } else {
        what->mode = (uint8_t)(keep ? JOURNAL_REVERT : JOURNAL_TAKE_PREVIOUS);
    }
    what->decision = (uint8_t)decision;
    what->cause = (uint8_t)r->cause;
    what->why = (uint8_t)why;
    what->in_sectors = sectors(r, &r->other);
    memcpy(what->digest_in, r->other.digest, sizeof what->digest_in);
    if (keep) {
        what->out_sectors = sectors(r, &r->a);
        memcpy(what->digest_out, r->a.digest, sizeof what->digest_out);
    }
    swapped(r, swap_start(r->map, &r->journal, what, r->hooks));
}

/* A boot begins: write the accepted state again.  A swap is settled when it is resumed. */
static void settle(struct run *r)
{
    struct journal_state s = r->journal.state;

    if (r->journal.swapping)
        return;
    s.boot_count = (s.boot_count + 1) & 0xffffffu;
    put_state(r, &s);
}

/* A trial boot is counted before it happens. */
static void count(struct run *r)
{
    struct journal_state s = r->journal.state;

    if (s.phase != SLOT_TRIAL || s.tries_left == 0)
        return;
    s.tries_left--;
    put_state(r, &s);
}

/* Why an action is taken: an enum image_verdict or 0. */
static uint32_t why_of(const struct run *r, enum boot_action action)
{
    if (action == BOOT_REFUSE)
        return r->facts.staged == IMAGE_GOOD ? IMAGE_BELOW_FLOOR : r->facts.staged;
    return action >= BOOT_REVERT && r->facts.a != IMAGE_GOOD ? r->facts.a : 0;
}

/* Carry an action out that is taken for this reason; false when it was the last one. */
static bool act(struct run *r, enum boot_action action, uint32_t why)
{
    bool trial = r->facts.phase == SLOT_TRIAL;
    struct image_source src;

    switch (action) {
    case BOOT_LOOK_A:
        src = slot_running(r->map);
        r->facts.a = look(r, &src, trial, &r->a);
        break;
    case BOOT_LOOK_PREVIOUS:
        r->facts.previous = look_beside(r, slot_previous(r->map), false);
        break;
    case BOOT_LOOK_STAGED:
        r->facts.staged = look_beside(r, slot_staged(r->map), true);
        break;
    case BOOT_FORMAT:
        format(r);
        break;
    case BOOT_RESUME:
        swapped(r, swap_resume(r->map, &r->journal, r->hooks));
        break;
    case BOOT_INSTALL:
        bring(r, true, BOOT_SWAPPED, why);
        break;
    case BOOT_REFUSE:
        refuse(r, why);
        break;
    case BOOT_REVERT:
        bring(r, false, BOOT_REVERTED, why);
        break;
    case BOOT_REPAIR:
        bring(r, false, BOOT_REPAIRED, why);
        break;
    case BOOT_REPAIR_STAGED:
        bring(r, true, BOOT_REPAIRED, why);
        break;
    case BOOT_TRY:
    case BOOT_START:
    case BOOT_WAIT:
        return false;
    }
    return true;
}

static void record_fill(const struct run *r, const struct boot_record *previous,
                        struct boot_record *out)
{
    bool again =
        previous != NULL && boot_record_valid(previous) && r->cause != BOOT_CAUSE_POWER;
    uint32_t boots = again ? previous->boot_count + 1 : 1;
    bool known = r->facts.has_journal && !r->facts.journal_dead;

    memset(out, 0, sizeof *out);
    out->decision = r->decision;
    out->cause = (uint8_t)r->cause;
    out->on_trial = known && r->journal.state.phase == SLOT_TRIAL;
    out->tries_left = out->on_trial ? r->journal.state.tries_left : 0;
    out->why = r->why;
    out->boot_count = boots;
    out->version = r->a.version;
    memcpy(out->digest, r->a.digest, sizeof out->digest);
    boot_record_seal(out);
}

/* The decision needs to know whether the request would go back in versions. */
static void weigh(struct run *r)
{
    r->facts.staged_is_older = r->facts.a == IMAGE_GOOD && r->facts.staged == IMAGE_GOOD &&
                               image_version_compare(r->other.version, r->a.version) < 0;
}

enum image_verdict boot_run(const struct slot_map *m,
                            const struct manifest_root roots[MANIFEST_ROOTS],
                            enum boot_cause cause, const struct boot_record *previous,
                            const struct boot_hooks *hooks, struct boot_record *out)
{
    struct run r = {
        .map = m, .roots = roots, .hooks = hooks, .cause = cause, .decision = BOOT_RUN};
    enum boot_action action = BOOT_WAIT;
    ota_err e = journal_open(&r.journal, m);

    r.facts.has_journal = e == OTA_OK;
    r.facts.journal_dead = e == OTA_E_IO || e == OTA_E_LIMIT;
    if (e == OTA_OK) {
        settle(&r);
        recall(&r);
    }
    for (int i = 0; i < BOOT_ACTIONS_MAX; i++) {
        uint32_t why;

        weigh(&r);
        action = boot_next(&r.facts);
        why = why_of(&r, action);
        if (hooks->decided != NULL)
            hooks->decided(hooks->arg, action, why);
        if (!act(&r, action, why))
            break;
    }
    if ((action == BOOT_TRY || action == BOOT_START) && !r.facts.journal_dead)
        count(&r);
    record_fill(&r, previous, out);
    if (action != BOOT_TRY && action != BOOT_START)
        return r.facts.a == IMAGE_GOOD ? IMAGE_UNREADABLE : (enum image_verdict)r.facts.a;
    return (enum image_verdict)r.facts.a;
}
