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
    bool saving = saves(s, step);
    bool from_staged = s->mode == JOURNAL_FORWARD || s->mode == JOURNAL_TAKE_STAGED;

    if (from_staged != saving)
        b += unit;
    *out = saving ? (struct move){.from = a, .to = b} : (struct move){.from = b, .to = a};
    return i < (saving ? s->out_sectors : s->first + s->in_sectors);
}

/* Do both units read, and alike? */
static bool alike(const struct flash *f, const struct move *mv)
{
    uint8_t x[BLOCK_BYTES], y[BLOCK_BYTES];

    for (uint32_t at = 0; at < f->erase_bytes; at += BLOCK_BYTES)
        if (f->read(f, mv->from + at, x, sizeof x) != OTA_OK ||
            f->read(f, mv->to + at, y, sizeof y) != OTA_OK || memcmp(x, y, sizeof x) != 0)
            return false;
    return true;
}

/* Erase the target and copy the source into it, which must be readable before, then look
 * whether it arrived. */
static enum result copy(const struct flash *f, const struct move *mv)
{
    const struct move itself = {mv->from, mv->from};
    uint8_t block[BLOCK_BYTES];

    if (!alike(f, &itself))
        return SOURCE_BAD;
    if (f->erase(f, mv->to) != OTA_OK)
        return TARGET_BAD;
    for (uint32_t at = 0; at < f->erase_bytes; at += BLOCK_BYTES) {
        if (f->read(f, mv->from + at, block, sizeof block) != OTA_OK)
            return SOURCE_BAD;
        if (f->program(f, mv->to + at, block, sizeof block) != OTA_OK)
            return TARGET_BAD;
    }
    return alike(f, mv) ? MOVED : TARGET_BAD;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * What becomes of a two-way swap whose operation step met a bad sector.  A source of A's image
 * that is lost: go on without preserving it.  A source of the image that enters, or a target:
 * go back.  Either is a plain copy of what is left to do, from where the two images meet or up
 * to there.
 */
static void repair(struct journal_swap *s, uint32_t step, enum result bad)
{
    bool forward = s->mode == JOURNAL_FORWARD, saving = step % 2 == 0;
    bool on = saving && bad == SOURCE_BAD, staged = forward == on;
    uint32_t sectors = on ? s->in_sectors : s->out_sectors;
    uint32_t split = smaller(sector_of(s, step) + (staged == (saving && !on)), sectors);

    s->mode = staged ? JOURNAL_TAKE_STAGED : JOURNAL_TAKE_PREVIOUS;
    s->first = (uint16_t)(staged ? split : 0);
    s->in_sectors = (uint16_t)(staged ? sectors - split : split);
    s->out_sectors = s->begun = 0;
    if (on)
        return; /* the new image is still on trial, with nothing to go back to */
    s->phase = forward ? SLOT_IDLE : SLOT_TRIAL;
    s->tries_left = 0;
    s->decision = forward ? BOOT_REFUSED : BOOT_REPAIRED;
    s->why = IMAGE_UNREADABLE;
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
            if (alike(m->flash, &mv))
                continue;
            e = journal_put_step(j, step);
            if (e != OTA_OK)
                return e;
        }
        if (hooks->swap_step != NULL)
            hooks->swap_step(hooks->arg, step, steps);
        out->result = copy(m->flash, &mv);
        if (out->result != MOVED) {
            e = journal_prove_step(j, step); /* the flash works: what fails now is lost */
            if (e != OTA_OK)
                return e;
            out->result = copy(m->flash, &mv);
        }
        /* A journal that lost its newest step tells the one before: then this source is what
         * the lost one was filling, and reads as it likes.  Mostly copy sees that itself. */
        if (redo && out->result == TARGET_BAD)
            out->result = SOURCE_BAD;
    }
    return OTA_OK;
}

/* Run the swap in j to its end, or through a repair to the end of that. */
static ota_err finish(const struct slot_map *m, struct journal *j, uint32_t step, bool redo,
                      const struct boot_hooks *hooks)
{
    struct journal_state *s = &j->state;
    struct stop stop;

    for (;;) {
        ota_err e = run(m, j, step, redo, hooks, &stop);

        if (e != OTA_OK)
            return e;
        if (stop.result == MOVED)
            break;
        if (j->swap.mode > JOURNAL_REVERT)
            return OTA_E_IO; /* a plain copy has no other source: the next boot tries again */
        repair(&j->swap, stop.step, stop.result);
        e = journal_put_swap(j, &j->swap);
        if (e != OTA_OK)
            return e;
        step = 0;
        redo = false;
    }
    s->phase = j->swap.phase;
    s->tries_left = j->swap.tries_left;
    s->last_decision = j->swap.decision;
    s->last_cause = j->swap.cause;
    s->last_why = j->swap.why;
    return journal_put_state(j, s);
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
