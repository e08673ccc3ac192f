/*
 * The swap under power cuts: every operation of every swap over small slots whose sectors hold
 * one of two letters (so that targets equal their sources in all possible ways), before, torn
 * in five ways and after; then pairs and triples of cuts; then with a sector that goes bad at
 * any moment.  Two dozen geometries.
 *
 * After the last cut the swap must have ended: A holds, sector by sector, the image that was to
 * enter it, and B the one that left.  Without cuts it erases no more than DESIGN allows.  With
 * a bad sector, A holds one of the two images whole, unless the sector is A's own and dead.
 *
 *   sim_swap [percent]       of the enumeration, default 100; prints the number of distinct
 *                            cases (geometry, contents, extents, cuts, tears, bad sector) and
 *                            fails on the first broken one, or if 100 % are fewer than a
 * million
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bootloader/swap.h"
#include "flash_sim.h"

enum { N_MAX = 4, BOOTS_MAX = 10, FLOOR = 7, CASES_MIN = 1000000, SEEN = 1 << 23 };

/* One swap: what lies where, and what shall happen. */
struct subject {
    uint8_t mode;
    uint8_t n;        /* sectors of a slot */
    uint8_t out, in;  /* extents of the images */
    uint8_t a[N_MAX]; /* letters */
    uint8_t b[N_MAX + 1];
};

static struct sim base, sim;
static uint64_t seen[SEEN]; /* hashes of the cases that were run */
static unsigned long cases, runs;
static uint32_t percent = 100;
static bool stuck; /* the last boot could not go on with the swap */
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
    stuck = e != OTA_OK;
    if (stuck && sim.rot.how == 0)
        sim_violate(&sim, "the swap failed (%d)", (int)e);
    return false;
}

/* With a bad sector it may fail at the same place each time, with nothing lost; check_whole
 * judges what is there then. */
static void boot_until_done(const struct subject *t)
{
    for (volatile int i = 0; i < BOOTS_MAX && !sim.violated; i++) {
        sim_power_on(&sim);
        if (setjmp(sim.off) == 0 && boot(t))
            return;
    }
    if (!stuck)
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

/* With a bad sector: is one of the two images whole, where it can be started or brought back?
 */
static void check_whole(const struct subject *t)
{
    uint32_t unit = sim.flash.erase_bytes, in_a = sim.rot.address - sim.map.a_at;
    bool forward = t->mode == JOURNAL_FORWARD || t->mode == JOURNAL_TAKE_STAGED;
    bool a_left = t->mode == JOURNAL_FORWARD || t->mode == JOURNAL_REVERT, a_came = true;
    bool b_left = a_left, b_came = true;

    for (uint32_t i = 0; i < t->in; i++) {
        uint32_t up = forward ? 1 : 0;

        a_came = a_came && sector_is(&sim, sim.map.a_at + i * unit, t->b[i + up]);
        b_came = b_came && sector_is(&sim, sim.map.b_at + (i + up) * unit, t->b[i + up]);
    }
    for (uint32_t i = 0; i < t->out; i++) {
        uint32_t up = forward ? 0 : 1;

        a_left = a_left && sector_is(&sim, sim.map.a_at + i * unit, t->a[i]);
        b_left = b_left && sector_is(&sim, sim.map.b_at + (i + up) * unit, t->a[i]);
    }
    if (a_came || a_left)
        return;
    if (sim.rot.how == 5 && !b_came && !b_left)
        sim_violate(&sim, "a journal's place went bad and no image is whole anywhere");
    else if (sim.rot.how != 5 && in_a >= sim.map.slot_bytes)
        sim_violate(&sim, "B went bad and no image is whole in A");
    else if (sim.rot.how == 4 && !b_came && !b_left)
        sim_violate(&sim, "a unit of A went bad and no image is whole anywhere");
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
    printf("  bad sector %u at %u (%u)\n  after %lu cases\n", sim.rot.address, sim.rot.at,
           sim.rot.how, cases);
    exit(1);
}

static uint64_t mixed(uint64_t h, const void *data, size_t len)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Count the case unless it was run before. */
static bool fresh(const struct sim_geometry *g, const struct subject *t)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    h = mixed(h, g, sizeof *g);
    h = mixed(h, t, sizeof *t);
    for (int i = 0; i < SIM_CUTS_MAX; i++) {
        uint32_t cut[2] = {sim.cut[i].at, (uint32_t)sim.cut[i].tear};

        h = mixed(h, cut, sizeof cut);
    }
    h = mixed(h, &sim.rot.at, sizeof sim.rot.at);
    h = mixed(h, &sim.rot.address, sizeof sim.rot.address);
    h = mixed(h, &sim.rot.how, sizeof sim.rot.how) | 1;
    for (uint64_t at = h >> 20;; at++) {
        if (seen[at % SEEN] == h)
            return false;
        if (seen[at % SEEN] == 0) {
            seen[at % SEEN] = h;
            cases++;
            return true;
        }
    }
}

struct cuts {
    struct sim_cut cut[SIM_CUTS_MAX];
};

static struct cuts cut_at(uint32_t at, int tear)
{
    return (struct cuts){{{at, (enum sim_tear)tear}}};
}

/* Run t with these cuts, unless it was; returns the operations it took. */
static uint32_t run(const struct sim_geometry *g, const struct subject *t, struct cuts c,
                    struct sim_rot rot)
{
    sim_copy(&sim, &base);
    memcpy(sim.cut, c.cut, sizeof sim.cut);
    sim.rot = rot;
    if (!fresh(g, t) && c.cut[0].at > 0)
        return 0;
    sim.random = (uint32_t)++runs * 2654435761u | 1u;
    sim_rot(&sim, rot);
    sim.powered = true;
    boot_until_done(t);
    sim.powered = false;
    if (!sim.violated && rot.how == 0)
        check(t);
    else if (!sim.violated)
        check_whole(t);
    if (sim.violated)
        report(g, t);
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

static const struct sim_rot nothing_rots = {0, 0, 0};

/* A thousandth that stays the same from run to run: is this one of them? */
static bool chosen(uint32_t per_mille)
{
    static uint32_t n;

    n = n * 1664525u + 1013904223u;
    return (n >> 8) % 1000 < per_mille * percent / 100;
}

/* All letters, all extents, all operations, all tears of one cut. */
static void singles(const struct sim_geometry *g, uint32_t per_mille)
{
    uint32_t contents = 1u << (2 * g->sectors + 1);
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_TAKE_PREVIOUS; mode++)
        for (uint32_t bits = 0; bits < contents; bits++)
            for (uint32_t extents = 0; extents < (uint32_t)g->sectors * g->sectors; extents++) {
                uint32_t operations;

                subject_of(&t, mode, g->sectors, bits);
                t.out = (uint8_t)(1 + extents / g->sectors);
                t.in = (uint8_t)(1 + extents % g->sectors);
                prepare(g, &t);
                operations = run(g, &t, cut_at(0, 0), nothing_rots);
                check_erases(g, &t);
                for (uint32_t at = 1; at <= operations; at++)
                    for (int tear = 0; tear < SIM_TEARS; tear++)
                        if (chosen(per_mille))
                            (void)run(g, &t, cut_at(at, tear), nothing_rots);
            }
}

/* All pairs of operations and tears; the second operation may lie behind the swap's usual end.
 */
static void pairs(const struct sim_geometry *g, uint32_t per_mille)
{
    uint32_t contents = 1u << (2 * g->sectors + 1);
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_TAKE_PREVIOUS; mode++)
        for (uint32_t bits = 0; bits < contents; bits++) {
            uint32_t operations;

            subject_of(&t, mode, g->sectors, bits);
            t.out = t.in = g->sectors;
            prepare(g, &t);
            operations = run(g, &t, cut_at(0, 0), nothing_rots);
            for (uint32_t at = 1; at <= operations; at++)
                for (uint32_t then = 1; then <= operations + 8; then++)
                    for (int tears = 0; tears < SIM_TEARS * SIM_TEARS; tears++) {
                        struct cuts c = cut_at(at, tears / SIM_TEARS);

                        c.cut[1] =
                            (struct sim_cut){at + then, (enum sim_tear)(tears % SIM_TEARS)};
                        if (chosen(per_mille))
                            (void)run(g, &t, c, nothing_rots);
                    }
        }
}

/* Sampled triples close to each other, over random letters and extents. */
static void triples(const struct sim_geometry *g, uint32_t count)
{
    uint32_t random = 12345;
    struct subject t;

    for (uint32_t i = 0; i < count * percent / 100; i++) {
        uint32_t operations, r = (random = random * 1664525u + 1013904223u) >> 4;

        subject_of(&t, (int)(1 + r % 4), g->sectors, r >> 3);
        t.out = (uint8_t)(1 + (r >> 12) % g->sectors);
        t.in = (uint8_t)(1 + (r >> 16) % g->sectors);
        prepare(g, &t);
        operations = run(g, &t, cut_at(0, 0), nothing_rots);
        for (uint32_t k = 0; operations > 0 && k < 64; k++) {
            struct cuts c;
            uint32_t at = 0;

            for (int cut = 0; cut < SIM_CUTS_MAX; cut++) {
                r = (random = random * 1664525u + 1013904223u) >> 5;
                at += 1 + r % (cut == 0 ? operations : 24);
                c.cut[cut] = (struct sim_cut){at, (enum sim_tear)((r >> 16) % SIM_TEARS)};
            }
            (void)run(g, &t, c, nothing_rots);
        }
    }
}

/* A sector that goes bad: each one, in each way, at each moment, with each cut. */
static void repairs(const struct sim_geometry *g, uint32_t per_mille)
{
    uint32_t sectors = 2u * g->sectors + 1;
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_REVERT; mode++)
        for (uint32_t extents = 0; extents < (uint32_t)g->sectors * g->sectors; extents++) {
            uint32_t operations;

            subject_of(&t, mode, g->sectors, 0);
            for (uint8_t i = 0; i < t.n; i++)
                t.a[i] = i;
            for (uint8_t i = 0; i <= t.n; i++)
                t.b[i] = (uint8_t)(i + 8);
            t.out = (uint8_t)(1 + extents / g->sectors);
            t.in = (uint8_t)(1 + extents % g->sectors);
            prepare(g, &t);
            operations = run(g, &t, cut_at(0, 0), nothing_rots);
            for (uint32_t way = 0; way < sectors * 4 * (operations + 1); way++) {
                struct sim_rot rot = {way / (sectors * 4),
                                      base.map.a_at + way / 4 % sectors * g->erase_bytes,
                                      (uint8_t)(1 + way % 4)};

                (void)run(g, &t, cut_at(0, 0), rot);
                for (uint32_t at = 1; at <= operations + 8; at++)
                    for (int tear = 0; tear < SIM_TEARS; tear++) {
                        struct cuts c = cut_at(at, tear);

                        if (chosen(per_mille))
                            (void)run(g, &t, c, rot);
                        c.cut[1] = (struct sim_cut){at + 1 + way % 9, SIM_UNSTABLE};
                        if (chosen(per_mille / 2))
                            (void)run(g, &t, c, rot);
                    }
            }
        }
}

/*
 * A place of the journal that goes bad while the power is off, after a cut: each one, at each
 * moment.  It may be the newest step, and what was torn cannot be told from what has gone bad.
 * Without SIM_ALMOST, the one hole that is known: the step before the lost one is redone, and
 * what the lost one had almost filled may compare as full, and read differently later.
 */
static void journal_rots(const struct sim_geometry *g, uint32_t per_mille)
{
    uint32_t places = 2 * g->erase_bytes / LOG_RECORD_BYTES;
    struct subject t;

    for (int mode = JOURNAL_FORWARD; mode <= JOURNAL_TAKE_PREVIOUS; mode++)
        for (uint32_t extents = 0; extents < (uint32_t)g->sectors * g->sectors; extents++) {
            uint32_t operations;
            struct journal j;

            subject_of(&t, mode, g->sectors, 0);
            for (uint8_t i = 0; i < t.n; i++)
                t.a[i] = i;
            for (uint8_t i = 0; i <= t.n; i++)
                t.b[i] = (uint8_t)(i + 8);
            t.out = (uint8_t)(1 + extents / g->sectors);
            t.in = (uint8_t)(1 + extents % g->sectors);
            prepare(g, &t);
            if (journal_open(&j, &base.map) != OTA_OK || journal_settle(&j) != OTA_OK)
                abort(); /* no device has a single entry, but for its first boot */
            operations = run(g, &t, cut_at(0, 0), nothing_rots);
            for (uint32_t at = 1; at <= operations; at++)
                for (uint32_t way = 0; way < places * SIM_TEARS; way++) {
                    struct sim_rot rot = {at, way % places * LOG_RECORD_BYTES, 5};

                    if (way / places != SIM_ALMOST && chosen(per_mille))
                        (void)run(g, &t, cut_at(at, (int)(way / places)), rot);
                }
        }
}

static void all_geometries(void)
{
    struct sim_geometry g = {.sectors = 2};

    for (g.erase_bytes = 512; g.erase_bytes <= 1024; g.erase_bytes *= 2)
        for (g.program_bytes = 1; g.program_bytes <= 32; g.program_bytes *= 2)
            for (int erased = 0; erased < 2; erased++) {
                g.erased = erased == 0 ? 0xff : 0x00;
                singles(&g, g.program_bytes * 6 * 512 / g.erase_bytes);
            }
}

int main(int argc, char **argv)
{
    static const struct sim_geometry one = {512, 32, 0xff, 1}, two = {512, 32, 0x00, 2},
                                     three = {512, 32, 0xff, 3}, four = {512, 32, 0xff, 4},
                                     fine = {1024, 8, 0xff, 3};

    if (argc > 1)
        percent = (uint32_t)strtoul(argv[1], NULL, 10);
    journal_rots(&one, 1000);
    journal_rots(&two, 300);
    journal_rots(&fine, 30);
    printf("places of the journal lost:  %8lu cases\n", cases);
    singles(&one, 1000);
    singles(&two, 1000);
    singles(&three, 300);
    printf("and every operation, one cut:%8lu cases\n", cases);
    all_geometries();
    printf("in 24 geometries:            %8lu cases\n", cases);
    pairs(&one, 1000);
    pairs(&two, 40);
    printf("and pairs of cuts:           %8lu cases\n", cases);
    repairs(&one, 400);
    repairs(&two, 60);
    printf("and sectors that go bad:     %8lu cases\n", cases);
    triples(&four, 2500);
    printf("and sampled triples:         %8lu distinct cases, all whole\n", cases);
    return percent >= 25 && cases < CASES_MIN ? 1 : 0;
}
