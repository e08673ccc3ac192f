/*
 * The swap (SPEC 4.7).  Forward, for sector i of the images: operation 2i: B[i] <- A[i],
 * operation 2i+1: A[i] <- B[i+1].  Revert is its mirror, from the last sector down: B[i+1] <-
 * A[i], then A[i] <- B[i].  The two plain modes copy into A and destroy no source.
 *
 * The rule that makes it safe, found by search over all contents of small slots with torn and
 * unstable sectors; every weaker one corrupts:
 *  - before operation k erases, "begin k" is durable, and means that all below k are done;
 *  - an operation whose target equals its source is skipped and writes nothing at all;
 *  - resuming first writes the accepted entry again, since a torn one may read differently the
 *    next time, and then redoes operation k from its erase without comparing.  Comparing is
 *    allowed only for operations after k: k's own target may be half erased and merely look
 * right.
 */
#include "swap.h"

#include <string.h>

enum {
    BLOCK_BYTES = 256 /* stack, twice; divides the smallest erase unit */
};
#define NO_STEP UINT32_MAX

_Static_assert((int)LOG_ERASE_BYTES_MIN % BLOCK_BYTES == 0, "blocks fill an erase unit");

/* One operation: addresses of two erase units. */
struct move {
    uint32_t from, to;
};

enum result { MOVED, SOURCE_BAD, TARGET_BAD };

static uint32_t steps_of(const struct journal_swap *s)
{
    uint32_t n = s->out_sectors > s->in_sectors ? s->out_sectors : s->in_sectors;

    return s->mode == JOURNAL_FORWARD || s->mode == JOURNAL_REVERT ? 2 * n : s->in_sectors;
}

/* Sector of A that operation step is about. */
static uint32_t sector_of(const struct journal_swap *s, uint32_t step)
{
    if (s->mode == JOURNAL_FORWARD)
        return step / 2;
    if (s->mode == JOURNAL_REVERT)
        return (steps_of(s) - 1 - step) / 2;
    return s->first + step;
}

/* Does operation step of a two-way swap save a sector of A, rather than fill it? */
static bool saves(const struct journal_swap *s, uint32_t step)
{
    return (s->mode == JOURNAL_FORWARD || s->mode == JOURNAL_REVERT) && step % 2 == 0;
}

/* The move that operation step makes; false if there is nothing to move at that place. */
static bool move_of(const struct slot_map *m, const struct journal_swap *s, uint32_t step,
                    struct move *out)
{
    uint32_t unit = m->flash->erase_bytes, i = sector_of(s, step);
    uint32_t a = m->a_at + i * unit, b = m->b_at + i * unit;
    bool from_staged = s->mode == JOURNAL_FORWARD || s->mode == JOURNAL_TAKE_STAGED;

    if (saves(s, step)) {
        *out = (struct move){.from = a, .to = s->mode == JOURNAL_FORWARD ? b : b + unit};
        return i < s->out_sectors;
    }
    *out = (struct move){.from = from_staged ? b + unit : b, .to = a};
    return s->mode == JOURNAL_FORWARD || s->mode == JOURNAL_REVERT ? i < s->in_sectors : true;
}

/* Is the target what the source is?  SOURCE_BAD if the source cannot be read, TARGET_BAD if
 * not. */
static enum result compare(const struct flash *f, const struct move *mv)
{
    uint8_t x[BLOCK_BYTES], y[BLOCK_BYTES];
    enum result r = MOVED;

    for (uint32_t at = 0; at < f->erase_bytes; at += BLOCK_BYTES) {
        if (f->read(f, mv->from + at, x, sizeof x) != OTA_OK)
            return SOURCE_BAD;
        if (r == MOVED &&
            (f->read(f, mv->to + at, y, sizeof y) != OTA_OK || memcmp(x, y, sizeof x) != 0))
            r = TARGET_BAD;
    }
    return r;
}

/* Erase the target and copy the source into it, then look whether it arrived. */
static enum result copy(const struct flash *f, const struct move *mv)
{
    uint8_t block[BLOCK_BYTES];

    if (f->erase(f, mv->to) != OTA_OK)
        return TARGET_BAD;
    for (uint32_t at = 0; at < f->erase_bytes; at += BLOCK_BYTES) {
        if (f->read(f, mv->from + at, block, sizeof block) != OTA_OK)
            return SOURCE_BAD;
        if (f->program(f, mv->to + at, block, sizeof block) != OTA_OK)
            return TARGET_BAD;
    }
    return compare(f, mv);
}

/* The image that was in A comes back from where it was saved, sectors [first, first + count).
 */
static void go_back(struct journal_swap *s, uint8_t mode, uint32_t first, uint32_t count)
{
    s->mode = mode;
    s->first = (uint16_t)first;
    s->out_sectors = 0;
    s->in_sectors = (uint16_t)count;
    s->begun = 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * What becomes of a swap whose operation step met a bad sector.  A source of A's image that is
 * lost: go on without preserving it.  A source of the image that enters, or a target: go back.
 * False for plain copies: they have no other source, and their image is the last there is.
 */
static bool repair(struct journal_swap *s, uint32_t step, enum result bad)
{
    uint32_t i = sector_of(s, step), in = s->in_sectors, out = s->out_sectors;
    bool on = saves(s, step) && bad == SOURCE_BAD;
    uint32_t saved = saves(s, step) ? i : i + 1; /* forward: sectors [0, saved) are safe in B */

    if (s->mode == JOURNAL_FORWARD && on) {
        go_back(s, JOURNAL_TAKE_STAGED, i, in > i ? in - i : 0);
        return true; /* the new image, still on trial, with nothing to go back to */
    }
    if (s->mode == JOURNAL_FORWARD) {
        go_back(s, JOURNAL_TAKE_PREVIOUS, 0, smaller(saved, out));
        s->phase = SLOT_IDLE;
        s->tries_left = 0;
        s->decision = BOOT_REFUSED;
        s->why = IMAGE_UNREADABLE;
        return true;
    }
    if (s->mode == JOURNAL_REVERT && on) {
        go_back(s, JOURNAL_TAKE_PREVIOUS, 0, smaller(i + 1, in));
        return true;
    }
    if (s->mode == JOURNAL_REVERT) {
        if (saves(s, step))
            i++; /* sector i of A is untouched */
        go_back(s, JOURNAL_TAKE_STAGED, i, out > i ? out - i : 0);
        s->phase = SLOT_TRIAL;
        s->tries_left = 0;
        s->decision = BOOT_REPAIRED;
        s->why = IMAGE_UNREADABLE;
        return true;
    }
    return false;
}

/* How far a swap came: to its end (MOVED), or to a bad sector at this step. */
struct stop {
    enum result result;
    uint32_t step;
};

/*
 * Carry out operations from step on.  redo: the first one was begun before, and is repeated
 * without a look at what its target seems to hold.
 */
static ota_err run(const struct slot_map *m, struct journal *j, uint32_t step, bool redo,
                   const struct boot_hooks *hooks, struct stop *out)
{
    uint32_t steps = steps_of(&j->swap);

    *out = (struct stop){.result = MOVED, .step = step};
    for (; out->result == MOVED && step < steps; step++, redo = false) {
        struct move mv;
        ota_err e;

        if (!move_of(m, &j->swap, step, &mv))
            continue;
        out->step = step;
        if (!redo) {
            out->result = compare(m->flash, &mv);
            if (out->result != TARGET_BAD)
                continue;
            e = journal_put_step(j, step);
            if (e != OTA_OK)
                return e;
        }
        if (hooks->swap_step != NULL)
            hooks->swap_step(hooks->arg, step, steps);
        out->result = copy(m->flash, &mv);
    }
    return OTA_OK;
}

/*
 * An operation has failed.  That may be the hour's fault and not the sector's: it is tried again
 * once the journal has taken an entry into its other unit, which proves that the flash erases,
 * programs and reads.  What fails again is lost, and the swap changes into its repair; then
 * *step is where that begins.  tried: the step that was tried again, or NO_STEP.
 */
static ota_err mend(struct journal *j, const struct stop *stop, bool again, uint32_t *step)
{
    struct journal_swap changed = j->swap;

    *step = stop->step;
    if (!again)
        return journal_renew(j);
    *step = 0;
    return repair(&changed, stop->step, stop->result) ? journal_put_swap(j, &changed)
                                                      : OTA_E_IO;
}

/* Run the swap in j to its end, through as many repairs as it takes (one at most). */
static ota_err finish(const struct slot_map *m, struct journal *j, uint32_t step, bool redo,
                      const struct boot_hooks *hooks)
{
    uint32_t resumed = redo ? step : NO_STEP, tried = NO_STEP;
    struct journal_state s;
    struct stop stop;

    for (;;) {
        bool again;
        ota_err e = run(m, j, step, redo, hooks, &stop);

        if (e != OTA_OK)
            return e;
        if (stop.result == MOVED)
            break;
        /* A journal that lost its newest step tells the one before: then this source is what
         * the lost one was filling, and reads as it likes. */
        if (stop.step == resumed)
            stop.result = SOURCE_BAD;
        again = stop.step == tried;
        e = mend(j, &stop, again, &step);
        if (e != OTA_OK)
            return e;
        tried = again ? NO_STEP : step;
        resumed = again ? NO_STEP : resumed;
        redo = j->stepped && j->step == step;
    }
    s = j->state;
    s.phase = j->swap.phase;
    s.tries_left = j->swap.tries_left;
    s.last_decision = j->swap.decision;
    s.last_cause = j->swap.cause;
    s.last_why = j->swap.why;
    return journal_put_state(j, &s);
}

ota_err swap_start(const struct slot_map *m, struct journal *j, const struct journal_swap *what,
                   const struct boot_hooks *hooks)
{
    ota_err e = journal_put_swap(j, what);

    return e == OTA_OK ? finish(m, j, 0, false, hooks) : e;
}

ota_err swap_resume(const struct slot_map *m, struct journal *j, const struct boot_hooks *hooks)
{
    ota_err e = journal_settle(j);

    return e == OTA_OK ? finish(m, j, j->step, j->stepped, hooks) : e;
}
