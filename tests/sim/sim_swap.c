/*
 * The swap under power cuts: every operation of every swap over small slots whose sectors hold
 * one of two letters (so that targets equal their sources in all possible ways), before, torn
 * in four ways and after; then pairs of cuts; then sectors that cannot be read or written.
 *
 * After the last cut the swap must have ended: A holds, sector by sector, the image that was to
 * enter it, and B the one that left.  Without cuts it erases no more than SPEC 4.7 allows.
 *
 *   sim_swap [seconds]       prints the number of distinct cases; fails on the first broken one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../bootloader/swap.h"
#include "flash_sim.h"

enum { N_MAX = 4, BOOTS_MAX = 10, FLOOR = 7 };

/* One swap: what lies where, and what shall happen. */
struct subject {
    uint8_t mode;
    uint8_t n;        /* sectors of a slot */
    uint8_t out, in;  /* extents of the images */
    uint8_t a[N_MAX]; /* letters */
    uint8_t b[N_MAX + 1];
};

static struct sim base, sim;
static unsigned long cases;
static const struct boot_hooks no_hooks = {NULL, NULL, NULL};

/* Letters are alike in the first block, so that only a look at all of a sector tells them
 * apart. */
static uint8_t letter_byte(uint8_t letter, uint32_t at)
{
    if (at < 256)
        return (uint8_t)(at * 5u + 1u);
    return (uint8_t)(letter * 0x5bu + at * 7u + (at >> 8));
}

static void sector_fill(struct sim *s, uint32_t at, uint8_t letter)
{
    uint8_t block[4096];

    for (uint32_t i = 0; i < s->flash.erase_bytes; i++)
        block[i] = letter_byte(letter, i);
    sim_put(s, at, block, s->flash.erase_bytes);
}

static bool sector_is(struct sim *s, uint32_t at, uint8_t letter)
{
    uint8_t block[4096];

    if (s->flash.read(&s->flash, at, block, s->flash.erase_bytes) != OTA_OK)
        return false;
    for (uint32_t i = 0; i < s->flash.erase_bytes; i++)
        if (block[i] != letter_byte(letter, i))
            return false;
    return true;
}

static struct journal_swap swap_of(const struct subject *t)
{
    bool forward = t->mode == JOURNAL_FORWARD || t->mode == JOURNAL_TAKE_STAGED;
    bool both = t->mode == JOURNAL_FORWARD || t->mode == JOURNAL_REVERT;

    return (struct journal_swap){.mode = t->mode,
                                 .phase = forward ? SLOT_TRIAL : SLOT_IDLE,
                                 .tries_left = forward ? JOURNAL_TRIES : 0,
                                 .decision = forward ? BOOT_SWAPPED : BOOT_REVERTED,
                                 .cause = BOOT_CAUSE_SOFT,
                                 .out_sectors = both ? t->out : 0,
                                 .in_sectors = t->in};
}

static void prepare(const struct sim_geometry *g, const struct subject *t)
{
    struct journal_state state = {.phase = SLOT_REQUESTED, .security_floor = FLOOR};
    struct journal j;

    sim_init(&base, g, 1);
    for (uint32_t i = 0; i < t->n; i++)
        sector_fill(&base, base.map.a_at + i * g->erase_bytes, t->a[i]);
    for (uint32_t i = 0; i <= t->n; i++)
        sector_fill(&base, base.map.b_at + i * g->erase_bytes, t->b[i]);
    if (journal_format(&j, &base.map, &state) != OTA_OK)
        abort();
    base.erases = base.erases_journal = 0;
}

/* A boot as far as the swap is concerned.  True when nothing is left to do. */
static bool boot(const struct subject *t)
{
    struct journal_swap what = swap_of(t);
    struct journal j;
    ota_err e = journal_open(&j, &sim.map);

    if (e != OTA_OK)
        sim_violate(&sim, "the journal is lost (%d)", (int)e);
    else if (j.swapping)
        e = swap_resume(&sim.map, &j, &no_hooks);
    else if ((e = journal_settle(&j)) == OTA_OK && j.state.phase != SLOT_REQUESTED)
        return true;
    else if (e == OTA_OK)
        e = swap_start(&sim.map, &j, &what, &no_hooks);
    if (e != OTA_OK)
        sim_violate(&sim, "the swap failed (%d)", (int)e);
    return false;
}

static void boot_until_done(const struct subject *t)
{
    for (volatile int i = 0; i < BOOTS_MAX && !sim.violated; i++) {
        sim_power_on(&sim);
        if (setjmp(sim.off) == 0 && boot(t))
            return;
    }
    sim_violate(&sim, "the swap does not end");
}

/* Is what t wanted there, and the journal's state as announced? */
static void check(const struct subject *t)
{
    uint32_t unit = sim.flash.erase_bytes;
    bool forward = t->mode == JOURNAL_FORWARD || t->mode == JOURNAL_TAKE_STAGED;
    bool both = t->mode == JOURNAL_FORWARD || t->mode == JOURNAL_REVERT;
    struct journal j;

    for (uint32_t i = 0; i < t->in; i++)
        if (!sector_is(&sim, sim.map.a_at + i * unit, t->b[forward ? i + 1 : i]))
            sim_violate(&sim, "A[%u] is not the image that was to enter", i);
    for (uint32_t i = 0; both && i < t->out; i++)
        if (!sector_is(&sim, sim.map.b_at + (forward ? i : i + 1) * unit, t->a[i]))
            sim_violate(&sim, "B does not hold sector %u of the image that left", i);
    if (journal_open(&j, &sim.map) != OTA_OK || j.swapping ||
        j.state.phase != (forward ? SLOT_TRIAL : SLOT_IDLE) || j.state.security_floor != FLOOR)
        sim_violate(&sim, "the state is not the announced one");
}

static void report(const struct sim_geometry *g, const struct subject *t)
{
    printf("BROKEN: %s\n  erase %u program %u erased %02x, mode %u, n %u, out %u, in %u\n  A ",
           sim.why, g->erase_bytes, g->program_bytes, g->erased, t->mode, t->n, t->out, t->in);
    for (int i = 0; i < t->n; i++)
        putchar('a' + t->a[i]);
    printf("  B ");
    for (int i = 0; i <= t->n; i++)
        putchar('a' + t->b[i]);
    for (int i = 0; i < SIM_CUTS_MAX; i++)
        printf("  cut %u/%d", sim.cut[i].at, (int)sim.cut[i].tear);
    printf("\n  after %lu cases\n", cases);
    exit(1);
}

/* Run t with these cuts; returns the operations it took. */
static uint32_t run(const struct sim_geometry *g, const struct subject *t, struct sim_cut first,
                    struct sim_cut second)
{
    sim_copy(&sim, &base);
    sim.random =
        (first.at * 40503u + second.at * 9176u + first.tear * 31u + second.tear) * 2654435761u |
        1u;
    sim.cut[0] = first;
    sim.cut[1] = second;
    sim.powered = true;
    boot_until_done(t);
    sim.powered = false;
    if (!sim.violated)
        check(t);
    if (sim.violated)
        report(g, t);
    cases++;
    return sim.operations;
}

/* What a swap without cuts may erase (DESIGN, budgets). */
static void check_erases(const struct sim_geometry *g, const struct subject *t)
{
    uint32_t allowed = 1, per_page = g->erase_bytes / 64,
             slots = sim.erases - sim.erases_journal;

    for (uint32_t i = 0; i < t->n; i++) {
        if (i < t->in && t->a[i] != t->b[i + 1])
            allowed++;
        if (i < t->out && i > 0 && (i > t->in || t->a[i] != t->b[i]))
            allowed++;
    }
    if (t->mode == JOURNAL_FORWARD &&
        (slots > allowed || sim.erases_journal > slots / per_page + 2)) {
        sim_violate(&sim, "%u erases in the slots, %u allowed; %u in the journal", slots,
                    allowed, sim.erases_journal);
        report(g, t);
    }
}

static void subject_of(struct subject *t, int mode, uint8_t n, uint32_t bits)
{
    *t = (struct subject){.mode = (uint8_t)mode, .n = n};
    for (int i = 0; i < n; i++, bits >>= 1)
        t->a[i] = bits & 1;
    for (int i = 0; i <= n; i++, bits >>= 1)
        t->b[i] = bits & 1;
}

/* All letters, all extents, all operations, all tears; step > 1 thins out the operations. */
static void singles(const struct sim_geometry *g, uint32_t step, uint32_t contents_step)
{
    uint32_t contents = 1u << (2 * g->sectors + 1), phase = 0;
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_TAKE_PREVIOUS; mode++)
        for (uint32_t bits = 0; bits < contents; bits += contents_step)
            for (uint32_t extents = 0; extents < (uint32_t)g->sectors * g->sectors; extents++) {
                const struct sim_cut none = {0, SIM_BEFORE};
                uint32_t operations;

                subject_of(&t, mode, g->sectors, bits);
                t.out = (uint8_t)(1 + extents / g->sectors);
                t.in = (uint8_t)(1 + extents % g->sectors);
                prepare(g, &t);
                operations = run(g, &t, none, none);
                check_erases(g, &t);
                for (uint32_t at = 1 + phase++ % step; at <= operations; at += step)
                    for (int tear = 0; tear < SIM_TEARS; tear++)
                        (void)run(g, &t, (struct sim_cut){at, (enum sim_tear)tear}, none);
            }
}

/* Random subjects with two or three random cuts close to each other, until the time is over. */
static void clusters(const struct sim_geometry *g, uint32_t count, uint32_t *random)
{
    const struct sim_cut none = {0, SIM_BEFORE};
    struct subject t;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t operations, r;

        *random = *random * 1664525u + 1013904223u;
        r = *random >> 4;
        subject_of(&t, (int)(1 + r % 2), g->sectors, r >> 3);
        t.out = (uint8_t)(1 + (r >> 12) % g->sectors);
        t.in = (uint8_t)(1 + (r >> 16) % g->sectors);
        prepare(g, &t);
        operations = run(g, &t, none, none);
        for (uint32_t k = 0; k < 64; k++) {
            struct sim_cut first, second;

            *random = *random * 1664525u + 1013904223u;
            r = *random >> 5;
            first = (struct sim_cut){1 + r % operations, (enum sim_tear)(r >> 20 & 3)};
            *random = *random * 1664525u + 1013904223u;
            r = *random >> 5;
            second = (struct sim_cut){first.at + 1 + r % operations,
                                      (enum sim_tear)((r >> 20) % SIM_TEARS)};
            base.cut[2] = (struct sim_cut){second.at + 1 + (r >> 8) % 40, SIM_UNSTABLE};
            (void)run(g, &t, first, second);
        }
    }
}

/* All pairs of operations, tears by turns. */
static void pairs(const struct sim_geometry *g, uint32_t contents_step)
{
    uint32_t contents = 1u << (2 * g->sectors + 1), turn = 0;
    const struct sim_cut none = {0, SIM_BEFORE};
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_REVERT; mode++)
        for (uint32_t bits = 0; bits < contents; bits += contents_step) {
            uint32_t operations;

            subject_of(&t, mode, g->sectors, bits);
            t.out = t.in = g->sectors;
            prepare(g, &t);
            operations = run(g, &t, none, none);
            for (uint32_t at = 1; at <= operations; at++)
                for (int tear = 1; tear < SIM_TEARS; tear++)
                    for (uint32_t then = 1; then <= operations; then++)
                        (void)run(
                            g, &t, (struct sim_cut){at, (enum sim_tear)tear},
                            (struct sim_cut){at + then, (enum sim_tear)(turn++ % SIM_TEARS)});
        }
}

/*
 * A sector that cannot be read or written, at every place, with and without a cut: the swap
 * must end, and one of the two images be whole in A, unless the sector is A's own.
 */
static void bad_sectors(const struct sim_geometry *g)
{
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_REVERT; mode++)
        for (uint32_t sector = 0; sector < 2u * g->sectors + 1; sector++)
            for (uint8_t how = 1; how <= 3; how++)
                for (uint32_t cut = 0; cut < 60; cut++) {
                    bool forward = mode == JOURNAL_FORWARD, old = true, fresh = true;
                    uint32_t unit = g->erase_bytes;

                    subject_of(&t, mode, g->sectors, 0);
                    for (uint8_t i = 0; i < t.n; i++) {
                        t.a[i] = i;
                        t.b[i + (forward ? 1 : 0)] = (uint8_t)(i + 8);
                    }
                    t.out = t.in = g->sectors;
                    prepare(g, &t);
                    base.broken[base.map.a_at / unit + sector] = how;
                    sim_copy(&sim, &base);
                    sim.random = cut * 77u + 5u;
                    sim.cut[0] = (struct sim_cut){cut, (enum sim_tear)(cut % SIM_TEARS)};
                    sim.powered = true;
                    boot_until_done(&t);
                    sim.powered = false;
                    for (uint32_t i = 0; i < t.n; i++) {
                        fresh &= sector_is(&sim, sim.map.a_at + i * unit,
                                           t.b[i + (forward ? 1 : 0)]);
                        old &= sector_is(&sim, sim.map.a_at + i * unit, t.a[i]);
                    }
                    if (!sim.violated && !old && !fresh && sector >= g->sectors)
                        sim_violate(&sim, "bad sector %u (%u): no image is whole", sector, how);
                    if (sim.violated)
                        report(g, &t);
                    cases++;
                }
}

int main(int argc, char **argv)
{
    static const struct sim_geometry coarse[] = {
        {512, 32, 0xff, 1}, {512, 32, 0x00, 2}, {512, 32, 0xff, 3}};
    static const struct sim_geometry fine[] = {{512, 8, 0xff, 2},
                                               {512, 8, 0x00, 3},
                                               {1024, 16, 0xff, 2},
                                               {512, 4, 0xff, 2},
                                               {512, 1, 0x00, 2}};
    time_t end = time(NULL) + (argc > 1 ? strtol(argv[1], NULL, 10) : 20);
    uint32_t random = 12345;

    for (size_t i = 0; i < sizeof coarse / sizeof coarse[0]; i++)
        singles(&coarse[i], 1, i == 2 ? 3 : 1);
    printf("every operation, one cut:      %8lu cases\n", cases);
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        singles(&fine[i], 4096 / (fine[i].program_bytes * 8) + 1, i == 1 ? 11 : 5);
    printf("and finer program units:       %8lu cases\n", cases);
    bad_sectors(&coarse[2]);
    printf("and sectors that fail:         %8lu cases\n", cases);
    pairs(&coarse[0], 1);
    pairs(&coarse[1], 5);
    printf("and pairs of cuts:             %8lu cases\n", cases);
    while (time(NULL) < end)
        clusters(&(const struct sim_geometry){512, 32, 0xff, 4}, 20, &random);
    printf("and random cuts in threes:     %8lu cases, all whole\n", cases);
    return 0;
}
