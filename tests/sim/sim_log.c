/*
 * The two-unit log alone: a random writer of whole entries and notes of all sizes, power cuts
 * at random operations, several in a row.  After each boot the reader must find what was last
 * reported as written, or the one entry that was under way; what it finds it settles, and from
 * then on nothing older may come back.
 *
 *   sim_log [seconds]        prints the number of distinct cases; fails on the first broken one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../firmware/slot/log.h"
#include "flash_sim.h"

/* A life in which a half erased unit showed a torn seal that had not shown before. */
enum { SHOWN_SEAL = 295688 };

enum { TYPE = 3, BOOTS = 12, WRITES = 40, TRIED_MAX = 2 * BOOTS };

/* What a log says: a number as whole entry, and one as note. */
struct said {
    uint32_t whole, note; /* note 0: none */
};

static struct sim sim;
static struct said kept;             /* what was last reported as written */
static struct said tried[TRIED_MAX]; /* what was under way since, and may count or not */
static uint32_t number, tries;

static size_t size_of(uint32_t n)
{
    return 4 + n * 37 % (LOG_ENTRY_BYTES_MAX - 3);
}

static size_t note_size_of(uint32_t n)
{
    return 4 + n * 7 % (LOG_NOTE_BYTES_MAX - 3);
}

static void fill(uint8_t *buf, uint32_t n)
{
    memset(buf, (int)(n * 11), LOG_ENTRY_BYTES_MAX);
    memcpy(buf, &n, sizeof n);
}

static bool same(struct said a, struct said b)
{
    return a.whole == b.whole && a.note == b.note;
}

static uint32_t number_in(const uint8_t *buf, size_t len, size_t (*size)(uint32_t n))
{
    uint8_t want[LOG_ENTRY_BYTES_MAX];
    uint32_t n;

    memcpy(&n, buf, sizeof n);
    fill(want, n);
    if (len != size(n) || memcmp(buf, want, len) != 0)
        sim_violate(&sim, "an entry is damaged");
    return n;
}

static struct said read_log(struct log *l)
{
    struct said s = {0, 0};
    struct log_found found;

    if (log_open(l, &sim.flash, sim.map.journal_at, &found) != OTA_OK || found.type != TYPE) {
        sim_violate(&sim, "the log is lost");
        return s;
    }
    s.whole = number_in(found.whole, found.bytes, size_of);
    if (found.note_bytes > 0)
        s.note = number_in(found.note, found.note_bytes, note_size_of);
    return s;
}

static void try(struct said s)
{
    tried[tries++ % TRIED_MAX] = s;
}

static void keep(struct said s)
{
    kept = s;
    tries = 0;
}

static bool expected(struct said s)
{
    bool found = same(s, kept);

    for (uint32_t i = 0; i < tries; i++)
        found = found || same(s, tried[i]);
    return found;
}

static void put(struct log *l, uint32_t n)
{
    uint8_t buf[LOG_ENTRY_BYTES_MAX];

    fill(buf, n);
    try((struct said){n, 0});
    if (log_put(l, TYPE, buf, size_of(n)) != OTA_OK)
        sim_violate(&sim, "put fails");
    keep((struct said){n, 0});
}

static void note(struct log *l, uint32_t n)
{
    uint8_t buf[LOG_ENTRY_BYTES_MAX];

    fill(buf, n);
    try((struct said){kept.whole, n});
    if (log_note(l, buf, note_size_of(n)) == OTA_OK)
        keep((struct said){kept.whole, n});
    else
        put(l, n);
}

static void boot(void)
{
    struct log l;
    struct said s = read_log(&l);

    if (!expected(s))
        sim_violate(&sim, "found %u/%u, kept was %u/%u", s.whole, s.note, kept.whole,
                    kept.note);
    if (sim.violated)
        return;
    /* settle: the old number if there is no note, else one that stands for both */
    put(&l, s.note == 0 ? s.whole : ++number);
    for (uint32_t i = sim_random(&sim) % WRITES; i > 0; i--) {
        if (sim_random(&sim) % 3 == 0)
            put(&l, ++number);
        else
            note(&l, ++number);
    }
}

/* What mostly reads as complete, and then does not, is the most treacherous. */
static const enum sim_tear tears[8] = {SIM_BEFORE, SIM_TORN,   SIM_UNSTABLE, SIM_ALMOST,
                                       SIM_ALMOST, SIM_ALMOST, SIM_HARDLY,   SIM_POISON};

static bool life(const struct sim_geometry *g, uint32_t seed)
{
    uint8_t first[LOG_ENTRY_BYTES_MAX];
    struct log l;

    sim_init(&sim, g, seed);
    number = 1;
    fill(first, number);
    if (log_format(&l, &sim.flash, sim.map.journal_at, TYPE, first, size_of(number)) != OTA_OK)
        abort();
    keep((struct said){number, 0});
    sim.powered = true;
    for (volatile int i = 0; i < BOOTS && !sim.violated; i++) {
        /* often cut again while the last cut is being dealt with */
        uint32_t far = sim_random(&sim) % 4 == 0 ? 60 : 12;

        sim.cut[0] = (struct sim_cut){sim.operations + 1 + sim_random(&sim) % far,
                                      tears[sim_random(&sim) % 8]};
        sim_power_on(&sim);
        if (setjmp(sim.off) == 0)
            boot();
    }
    if (sim.violated)
        printf("BROKEN: %s\n  erase %u program %u erased %02x, seed %u\n", sim.why,
               g->erase_bytes, g->program_bytes, g->erased, seed);
    return !sim.violated;
}

int main(int argc, char **argv)
{
    static const struct sim_geometry geometries[] = {
        {512, 32, 0xff, 1}, {512, 32, 0x00, 1}, {512, 16, 0x00, 1}, {512, 8, 0xff, 1},
        {1024, 4, 0xff, 1}, {512, 2, 0x00, 1},  {1024, 1, 0xff, 1}};
    time_t end = time(NULL) + (argc > 1 ? strtol(argv[1], NULL, 10) : 10);
    const uint32_t kinds = sizeof geometries / sizeof geometries[0];
    uint32_t seed = 1;

    if (!life(&geometries[SHOWN_SEAL % kinds], SHOWN_SEAL))
        return 1;
    do {
        for (int i = 0; i < 500; i++, seed++)
            if (!life(&geometries[seed % kinds], seed))
                return 1;
    } while (time(NULL) < end);
    printf("log: %u lives with %d power cuts each, nothing lost\n", seed - 1, BOOTS);
    return 0;
}
